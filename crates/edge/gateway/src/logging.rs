//! The log, on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. Only the first call in a process counts.
pub fn start(log: &Log) {
    // The configuration has parsed the level before; what is left can only be a race with nobody.
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_checked| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    // It fails when logging has been started already, which is what was asked for.
    drop(started);
}
