//! `[log]`.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::ConfigError;

/// `[log]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawLog {
    format: String,
    level: String,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { format: "text".into(), level: "info".into() }
    }
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
    /// A level, or directives such as `info,porthole_dial=debug`. They parse.
    pub level: String,
}

impl RawLog {
    pub(crate) fn check(self) -> Result<Log, ConfigError> {
        let format = match self.format.as_str() {
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            _ => return Err(ConfigError::out_of_range("log.format", "\"text\" or \"json\"")),
        };
        if self.level.trim().is_empty() || EnvFilter::try_new(&self.level).is_err() {
            return Err(ConfigError::out_of_range(
                "log.level",
                "error, warn, info, debug, trace or off, or directives such as \
                 \"info,porthole_dial=debug\"",
            ));
        }
        Ok(Log { format, level: self.level })
    }
}
