//! What a connection is made with.

use std::{fmt, path::PathBuf, time::Duration};

use porthole_remote::{Cells, Credentials};
use secrecy::SecretString;

use crate::hosts::HostKeys;

/// A private key as somebody wrote it down.
#[derive(Clone)]
pub struct KeyText {
    /// OpenSSH, PKCS#8, PKCS#1, SEC1 or `PuTTY` form; at most [`KeyText::TEXT_MAX_BYTES`].
    pub text: SecretString,
    /// What it is encrypted with. Asked for where it is missing and needed.
    pub passphrase: Option<SecretString>,
    /// The user certificate for it, in OpenSSH form (`-cert.pub`), if there is one. A plain public
    /// key is as good as none: it is in the private one.
    pub certificate: Option<String>,
}

impl KeyText {
    /// Longest text of a key or certificate, in bytes.
    pub const TEXT_MAX_BYTES: usize = 64 << 10;
}

impl fmt::Debug for KeyText {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText")
    }
}

/// Who we are to a server.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// User name and password.
    pub credentials: Credentials,
    /// Keys, tried in this order.
    pub keys: Vec<KeyText>,
    /// The socket of an SSH agent whose keys are tried after those.
    pub agent: Option<PathBuf>,
}

/// A server on the way to another one.
#[derive(Debug, Clone)]
pub struct Hop {
    /// A name or an address: for the first hop as we know it, for the others as the hop before does.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are there.
    pub login: Login,
    /// How it proves who it is.
    pub host_keys: HostKeys,
}

/// The terminal that a shell is given.
#[derive(Debug, Clone)]
pub struct TerminalConfig {
    /// `TERM`.
    pub term: String,
    /// The size at first.
    pub size: Cells,
    /// The character that erases, as `stty erase` has it.
    pub erase: u8,
    /// Environment, such as `LANG` and `TZ`. Servers take what they are configured to take.
    pub env: Vec<(String, String)>,
    /// What is run instead of a shell.
    pub command: Option<String>,
    /// Whether the server may use [`Login::agent`] in our name.
    pub forward_agent: bool,
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            term: "linux".into(),
            size: Cells::USUAL,
            erase: 127,
            env: Vec::new(),
            command: None,
            forward_agent: false,
        }
    }
}

/// What a connection is made with.
#[derive(Debug, Clone)]
pub struct SshConfig {
    /// Who we are to the target.
    pub login: Login,
    /// How the target proves who it is.
    pub host_keys: HostKeys,
    /// The servers on the way, nearest first; at most [`SshConfig::HOPS_MAX`].
    pub hops: Vec<Hop>,
    /// How long a server may say nothing before it is asked whether it is there; three questions
    /// without an answer end the connection. Nobody asks without it.
    pub keepalive: Option<Duration>,
    /// The terminal.
    pub terminal: TerminalConfig,
}

impl SshConfig {
    /// Most servers on the way.
    pub const HOPS_MAX: usize = 8;
}

impl Default for SshConfig {
    fn default() -> Self {
        Self {
            login: Login::default(),
            host_keys: HostKeys::Unknown,
            hops: Vec::new(),
            keepalive: None,
            terminal: TerminalConfig::default(),
        }
    }
}
