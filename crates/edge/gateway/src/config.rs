//! The configuration: a TOML file, overridden by the environment, checked once at the start.
//!
//! Each section has a raw shape, which only serde sees, and a checked shape, which is what the
//! rest of the gateway receives. `docs/configuration.md` describes every key.

mod connection;
mod drives;
mod environment;
mod error;
mod files;
mod locate;
mod log;
mod policy;
mod raw;
mod server;
mod session;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod tokens;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub use connection::Connection;
pub use drives::Drives;
pub use error::{ConfigError, Problem, Problems};
pub use log::{Log, LogFormat};
use porthole_dial::{TargetPolicy, Timeouts};
pub(crate) use server::origin_of;
pub use server::{Server, ServerTls};
pub use session::SessionLimits;
pub use tokens::{JwksSource, Signing, Tokens};
use toml::Table;

use crate::config::{files::Files, locate::Locator, raw::RawConfig};

/// Largest configuration file that is read, in bytes.
pub const CONFIG_MAX_BYTES: u64 = 4 << 20;

/// A configuration that has been checked.
#[derive(Debug)]
pub struct Config {
    /// The HTTP listener and what it answers.
    pub server: Server,
    /// Where `/metrics` is served, when it is.
    pub metrics_listen: Option<SocketAddr>,
    /// What is logged, and how.
    pub log: Log,
    /// Which tokens are accepted.
    pub tokens: Tokens,
    /// Which remotes may be reached.
    pub policy: TargetPolicy,
    /// How long reaching a remote may take.
    pub timeouts: Timeouts,
    /// How long a remote may take from its first byte until its desktop is known.
    pub handshake_max: Duration,
    /// What a session may use, and how it paces.
    pub session: SessionLimits,
    /// Where sessions may have files, if anywhere.
    pub files: Option<Drives>,
    /// Connections that a token can name.
    pub connections: BTreeMap<String, Connection>,
}

impl Config {
    /// Reads and checks the file at `path` with the overrides in this process's environment.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let read = || {
            let len = std::fs::metadata(path)?.len();
            if len > CONFIG_MAX_BYTES {
                return Err(std::io::Error::other(format!(
                    "it has {len} bytes, the limit is {CONFIG_MAX_BYTES}"
                )));
            }
            std::fs::read_to_string(path)
        };
        let text = read().map_err(|source| {
            let place = path.display().to_string();
            Problems(vec![Problem { place, error: ConfigError::Read { source } }])
        })?;
        // A variable that is not Unicode cannot be one of ours.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_text(path, &text, variables)
    }

    /// Checks `text`, which was read from `path`, with the overrides among `variables`. Files
    /// that the text names are read, relative to the directory of `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place.
    pub fn from_text(
        path: &Path,
        text: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let locator = Locator::new(path, text);
        let raw = parse(text, variables).map_err(|faults| located(&locator, faults))?;
        let base = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        check(raw, &Files::new(base)).map_err(|faults| located(&locator, faults))
    }
}

/// Parses the file, then applies the environment to it.
fn parse(
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<RawConfig, Vec<ConfigError>> {
    let shape = |error: toml::de::Error| {
        // Only the first line: more would quote the file, and secrets with it.
        let message = error.message().lines().next().unwrap_or_default().to_owned();
        vec![ConfigError::Shape { message, offset: error.span().map(|span| span.start) }]
    };
    // The file alone first, because only then do faults have a place in it.
    toml::from_str::<RawConfig>(text).map_err(shape)?;
    let mut table = toml::from_str::<Table>(text).map_err(shape)?;
    environment::apply(&mut table, variables)?;
    table.try_into().map_err(shape)
}

/// Checks every section, so that all their faults are told at once.
fn check(raw: RawConfig, files: &Files) -> Result<Config, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let server = keep(raw.server.check(files), &mut faults);
    let metrics_listen = keep(raw.metrics.check(), &mut faults);
    let log = keep(raw.log.check(), &mut faults);
    let tokens = keep(raw.tokens.check(files), &mut faults);
    let policy = keep(raw.policy.check(), &mut faults);
    let timeouts = keep(raw.timeouts.check(), &mut faults);
    let session = keep(session::check(&raw.session, &raw.pacing, files), &mut faults);
    let drives = keep(raw.files.check(files), &mut faults);
    let known_hosts = server.as_ref().and_then(|server| server.known_hosts.as_deref());
    let mut jump_hosts = BTreeMap::new();
    for (name, host) in raw.jump_hosts {
        if let Some(host) = keep(host.jump_host(&name, files, known_hosts), &mut faults) {
            jump_hosts.insert(name, host);
        }
    }
    let mut connections = BTreeMap::new();
    for (name, connection) in raw.connections {
        if let Some(mut connection) = keep(connection.check(&name, files), &mut faults) {
            if let Some(server) = &server {
                let file = server.known_certificates.as_deref();
                keep(connection.trust_first(&name, file), &mut faults);
                keep(connection.settle_ssh(&name, known_hosts, &jump_hosts), &mut faults);
            }
            if let Some(drives) = &drives {
                keep(connection.check_drive(&name, drives.as_ref()), &mut faults);
            }
            connections.insert(name, connection);
        }
    }
    match (server, metrics_listen, log, tokens, policy, timeouts, session, drives) {
        (
            Some(server),
            Some(metrics_listen),
            Some(log),
            Some(tokens),
            Some(policy),
            Some((timeouts, handshake_max)),
            Some(session),
            Some(files),
        ) if faults.is_empty() => Ok(Config {
            server,
            metrics_listen,
            log,
            tokens,
            policy,
            timeouts,
            handshake_max,
            session,
            files,
            connections,
        }),
        _ => Err(faults),
    }
}

/// The value, or nothing after noting the fault.
fn keep<T>(result: Result<T, ConfigError>, faults: &mut Vec<ConfigError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

fn located(locator: &Locator<'_>, faults: Vec<ConfigError>) -> Problems {
    let place = |error: &ConfigError| match error {
        ConfigError::Shape { offset: Some(offset), .. } => locator.at_offset(*offset),
        ConfigError::Environment { variable, .. } => format!("environment variable {variable}"),
        other => other.key().map_or_else(|| locator.at_file(), |key| locator.at_key(key)),
    };
    Problems(faults.into_iter().map(|error| Problem { place: place(&error), error }).collect())
}

#[cfg(test)]
#[path = "config/config_tests.rs"]
mod tests;
