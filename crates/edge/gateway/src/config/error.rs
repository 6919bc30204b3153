//! What can be wrong with the configuration, and where.

use std::{fmt, io, path::PathBuf};

/// One thing that is wrong. `key` is a path in the file, such as `tokens.keys[0].file`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number outside its range, or a word that is not one of those allowed.
    #[error("{key} must be {allowed}")]
    OutOfRange {
        /// The key.
        key: String,
        /// What it may be.
        allowed: String,
    },
    /// A value that cannot be used, for a reason of its own.
    #[error("{key}: {reason}")]
    Invalid {
        /// The key.
        key: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A key that is needed and absent.
    #[error("{key} is missing: {hint}")]
    Missing {
        /// The key.
        key: String,
        /// What to write there.
        hint: String,
    },
    /// A file that a key names could not be read.
    #[error("{key}: cannot read {path:?}: {source}")]
    File {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{message}")]
    Shape {
        /// The parser's words, without the text around the fault, where secrets may be.
        message: String,
        /// Where in the file, in bytes.
        offset: Option<usize>,
    },
    /// An environment variable that overrides nothing, or with a value of the wrong type.
    #[error("{message}")]
    Environment {
        /// The variable's name.
        variable: String,
        /// What is wrong with it.
        message: String,
    },
    /// The configuration file itself could not be read.
    #[error("cannot read the configuration: {source}")]
    Read {
        /// What the system said.
        source: io::Error,
    },
}

impl ConfigError {
    pub(crate) fn out_of_range(key: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self::OutOfRange { key: key.into(), allowed: allowed.into() }
    }

    pub(crate) fn invalid(key: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::Invalid { key: key.into(), reason: reason.to_string() }
    }

    pub(crate) fn missing(key: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Missing { key: key.into(), hint: hint.into() }
    }

    /// The key at fault, if one is.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::OutOfRange { key, .. }
            | Self::Invalid { key, .. }
            | Self::Missing { key, .. }
            | Self::File { key, .. } => Some(key),
            Self::Shape { .. } | Self::Environment { .. } | Self::Read { .. } => None,
        }
    }
}

/// A fault and its place.
#[derive(Debug)]
pub struct Problem {
    /// `FILE:LINE`, `FILE`, or `environment variable NAME`.
    pub place: String,
    /// What is wrong there.
    pub error: ConfigError,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.error)
    }
}

/// Everything that is wrong with a configuration; at least one problem.
#[derive(Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    /// One line each.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            problem.fmt(formatter)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
