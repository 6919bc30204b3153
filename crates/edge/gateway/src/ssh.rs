//! SSH connections in Guacamole's words, and what they make of the transport.

mod server;
mod trust;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use porthole_dial::{DialError, Dialled};
use porthole_files::Store;
use porthole_remote::Credentials;
use porthole_ssh::{ConnectedVia, Hop, Login, SftpStore, SshConfig, SshSession, TerminalConfig};
use secrecy::SecretString;

pub(crate) use self::server::ServerParameters;
use crate::parameters::{ParameterError, Unsupported, Vocabulary, flag};
use crate::sftp::SftpParameters;
use crate::text::{self, Opened, TextDriver, TextParameters, TextWay, Way};
use crate::time_zone::time_zone;

/// Longest command, in bytes.
const COMMAND_MAX_BYTES: usize = 4096;

/// What the parameters of an SSH connection ask for.
#[derive(Debug, Clone, Default)]
pub struct SshParameters {
    /// What all text connections have.
    pub text: TextParameters,
    /// `enable-sftp` and what belongs to it.
    pub(crate) sftp: SftpParameters,
    /// How the server proves who it is, and who we are to it.
    server: ServerParameters,
    /// `agent-socket`. The operator's alone.
    agent: Option<PathBuf>,
    /// `enable-agent`.
    forward_agent: bool,
    /// `jump-hosts`, nearest first. The operator's alone.
    jump_hosts: Vec<String>,
    /// `command`.
    command: Option<String>,
    /// `locale`.
    locale: Option<String>,
    /// `timezone`; else the first viewer's.
    time_zone: Option<String>,
    /// The servers of `jump_hosts`; see [`SshParameters::settle`].
    hops: Vec<Hop>,
}

impl Vocabulary for SshParameters {
    const PROTOCOL: &'static str = "SSH";
    const UNSUPPORTED: &'static [Unsupported] = text::UNSUPPORTED;
    const DETAILS: &'static [&'static str] = &["wol-"];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "agent-socket" => self.agent = Some(absolute(value)?),
            "enable-agent" => self.forward_agent = flag(value)?,
            "jump-hosts" => self.jump_hosts = names(value)?,
            "command" => self.command = Some(command(value)?),
            "locale" => self.locale = Some(locale(value)?),
            "timezone" => {
                time_zone(value).ok_or("is not the IANA name of a time zone")?;
                self.time_zone = Some(value.to_owned());
            }
            _ => {
                return Ok(self.server.take(name, value)?
                    || self.sftp.take(name, value)?
                    || self.text.take(name, value)?);
            }
        }
        Ok(true)
    }
}

impl SshParameters {
    /// As [`ServerParameters::take_files`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn take_files(
        &mut self,
        files: [Option<SecretString>; 2],
    ) -> Result<(), ParameterError> {
        self.server.take_files(files)
    }

    /// Settles what only the rest of the configuration knows: where known hosts are, and which
    /// servers stand on the way. It takes up to seconds where a key has a passphrase.
    ///
    /// # Errors
    ///
    /// Parameters that make no sense together, or lack something.
    pub(crate) fn settle(
        &mut self,
        known_hosts: Option<&Path>,
        jump_hosts: &BTreeMap<String, Hop>,
    ) -> Result<(), ParameterError> {
        if self.forward_agent && self.agent.is_none() {
            let reason = "needs agent-socket: an agent of the gateway's to lend";
            return Err(ParameterError::new("enable-agent", reason));
        }
        self.server.settle(known_hosts)?;
        let unknown = |name: &String| {
            let name = porthole_wire::text(name.as_bytes());
            ParameterError::new(
                "jump-hosts",
                format!("names {name:?}, which is not among [jump_hosts]"),
            )
        };
        let hops = self.jump_hosts.iter();
        let hops = hops.map(|name| jump_hosts.get(name).cloned().ok_or_else(|| unknown(name)));
        self.hops = hops.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The first parameter that only the operator may give, if there is one.
    pub(crate) fn operators_alone(&self) -> Option<String> {
        let own =
            [("jump-hosts", !self.jump_hosts.is_empty()), ("agent-socket", self.agent.is_some())];
        let own = own.into_iter().find(|(_, is_given)| *is_given).map(|(name, _)| name.to_owned());
        own.or_else(|| self.server.operators_alone())
    }

    /// The server as one on the way to another.
    pub(crate) fn hop(&self, host: String, port: u16, credentials: Credentials) -> Hop {
        Hop { host, port, login: self.login(credentials), host_keys: self.server.host_keys() }
    }

    /// What the driver is started with.
    pub(crate) fn driver(&self, credentials: Credentials) -> TextDriver {
        let root = self.sftp.enable.then(|| self.sftp.root().to_owned());
        let way = TextWay::Ssh(Box::new(self.config()), root);
        TextDriver { config: self.text.config(), credentials, way, time_zone: Arc::default() }
    }

    /// Who we are to the server.
    fn login(&self, credentials: Credentials) -> Login {
        self.server.login(credentials, self.agent.clone())
    }

    /// What the transport is started with, but for the credentials.
    fn config(&self) -> SshConfig {
        let mut env = Vec::new();
        env.extend(self.locale.clone().map(|locale| ("LANG".to_owned(), locale)));
        env.extend(self.time_zone.clone().map(|zone| (TIME_ZONE.to_owned(), zone)));
        SshConfig {
            login: self.login(Credentials::default()),
            host_keys: self.server.host_keys(),
            hops: self.hops.clone(),
            keepalive: self.server.keepalive(),
            terminal: TerminalConfig {
                term: self.text.terminal.terminal_type.clone(),
                erase: self.text.terminal.backspace,
                env,
                command: self.command.clone(),
                forward_agent: self.forward_agent,
                ..TerminalConfig::default()
            },
        }
    }
}

/// Reaches a server, logs on, and starts what `config` names. `wished` is the first viewer's time
/// zone, by its IANA name: it serves where the connection has none, if it exists. With a `root` the
/// server's files below it come along, over the same connection.
///
/// # Errors
///
/// [`DialError`]
pub(crate) async fn open(
    config: &SshConfig,
    credentials: &Credentials,
    wished: &OnceLock<String>,
    root: Option<&str>,
    way: Way<'_>,
) -> Result<Opened, DialError> {
    let mut config = config.clone();
    config.login.credentials = credentials.clone();
    let Way { target, policy, timeouts, caller } = way;
    let connection = porthole_ssh::connect(target, &config, policy, timeouts, caller).await?;
    let env = &mut config.terminal.env;
    // Logging on takes longer than a viewer's first words.
    if let Some(name) = wished.get()
        && !env.iter().any(|(variable, _)| variable == TIME_ZONE)
        && time_zone(name).is_some()
    {
        env.push((TIME_ZONE.to_owned(), name.clone()));
    }
    let SshSession { stream, control, connection } =
        connection.open_shell(&config.terminal).await?;
    let ConnectedVia { peer, is_local } = connection.via().clone();
    let dialled = Dialled { stream, tls: target.tls.clone(), peer, is_local };
    let files = root.map(|root| Arc::new(SftpStore::over(connection, root)) as Arc<dyn Store>);
    Ok(Opened { dialled, control: Some(control), files })
}

/// The variable that names a time zone.
const TIME_ZONE: &str = "TZ";

fn absolute(value: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(value);
    if path.is_absolute() { Ok(path) } else { Err("must be an absolute path".into()) }
}

/// Names of `[jump_hosts]`, separated by commas.
fn names(value: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
    if names.len() > SshConfig::HOPS_MAX || names.iter().any(String::is_empty) {
        return Err(format!(
            "must be 1 to {} names of [jump_hosts], separated by commas",
            SshConfig::HOPS_MAX
        ));
    }
    Ok(names)
}

fn command(value: &str) -> Result<String, String> {
    if value.len() > COMMAND_MAX_BYTES || value.contains('\0') {
        return Err(format!("must be at most {COMMAND_MAX_BYTES} bytes without a zero"));
    }
    Ok(value.to_owned())
}

fn locale(value: &str) -> Result<String, String> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-,".contains(&byte);
    if value.len() > 64 || !value.bytes().all(is_fit) {
        return Err("must be the name of a locale, such as en_US.UTF-8".into());
    }
    Ok(value.to_owned())
}

#[cfg(test)]
#[path = "ssh/ssh_tests.rs"]
mod tests;
