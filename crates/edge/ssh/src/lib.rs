//! SSH: reaches a server, proves who it is and who we are, and opens shells and channels there.
//!
//! Job: run russh over the streams that [`porthole_dial`] dials. In: an [`SshConfig`], the target,
//! the operator's policy, and a [`Caller`] who may be asked. Out: an [`SshSession`], whose stream is a
//! terminal's bytes, and an [`SshConnection`], on which more channels are opened. It does not know
//! what the terminal's bytes mean, and keeps nothing but what was learned of host keys.
//!
//! INVARIANT: nothing is sent that helps anybody to log on before the server's host key is trusted;
//! and no host is reached, nor a jump host asked for one, that the policy has not checked.

mod agent;
mod algorithms;
mod config;
mod connect;
mod connection;
mod error;
mod files;
mod handler;
mod hosts;
mod login;
mod metered;
mod shell;

pub use config::{Hop, KeyText, Login, SshConfig, TerminalConfig};
pub use connect::{connect, open_shell};
pub use connection::{Channel, ConnectedVia, SshConnection};
pub use files::{SftpOpener, SftpServer, SftpStore};
pub use hosts::{BadHostKey, HostKeyPin, HostKeys, KnownHosts};
pub use login::{BadKey, check_certificate, check_key};
pub use porthole_dial::Caller;
pub use shell::SshSession;
