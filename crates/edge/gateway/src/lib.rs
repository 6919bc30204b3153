//! The gateway: configuration, HTTP, tokens and metrics around the sessions.
//!
//! In: a configuration file, browsers' requests, tokens. Out: the client's pages, and for each
//! link a call of [`sessions::serve_link`]. It decides who may see what ([`plan`]); how a session
//! runs is for `sessions`, how a remote is reached for `porthole-dial`. The binary `porthole` is
//! [`cli::run`].

pub mod cli;
pub mod config;
pub mod drive;
pub mod driver;
pub mod error;
mod fonts;
mod h264;
pub mod http;
pub mod kubernetes;
pub mod logging;
pub mod metrics;
pub mod parameters;
pub mod plan;
pub mod printing;
pub mod rdp;
pub mod serve;
pub mod sessions;
pub mod sftp;
pub mod ssh;
pub mod telnet;
pub mod terminal;
pub mod text;
mod time_zone;
pub mod tokens;
pub mod vnc;

pub use error::GatewayError;
pub use http::LinkSocket;
pub use metrics::Metrics;
pub use plan::Plan;
pub use serve::App;
