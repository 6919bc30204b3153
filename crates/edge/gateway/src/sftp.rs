//! Files over SFTP in Guacamole's words: on an SSH connection, or beside a desktop.
//!
//! A desktop's files are reached over an SSH connection of their own, which is made when somebody
//! first asks for them. Where it leads is checked by the policy like any other SSH target, and who
//! answers has to prove who it is, in the same ways.

use std::{path::Path, sync::Arc, time::Duration};

use porthole_dial::{Protocol, Target, TargetPolicy, Timeouts, TlsSettings, Transport};
use porthole_remote::Credentials;
use porthole_ssh::{SftpServer, SftpStore, SshConfig};
use secrecy::SecretString;

use crate::{
    drive::Drive,
    parameters::{ParameterError, connect_seconds, flag},
    ssh::ServerParameters,
};

/// Longest path of a root directory, in bytes.
const ROOT_MAX_BYTES: usize = 4096;

/// The port that SSH servers listen on.
const PORT: u16 = 22;

/// What every connection with files over SFTP says of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SftpParameters {
    /// `enable-sftp`.
    pub enable: bool,
    /// `sftp-root-directory`; else `/`. One that is not absolute begins in the user's home.
    pub root: Option<String>,
    /// `sftp-disable-download`.
    pub disable_download: bool,
    /// `sftp-disable-upload`.
    pub disable_upload: bool,
}

/// What a desktop's connection says of the server that has its files.
#[derive(Debug, Clone)]
pub struct SftpBesideParameters {
    /// What is the same on an SSH connection.
    pub files: SftpParameters,
    /// `sftp-hostname`; else the desktop's.
    hostname: Option<String>,
    /// `sftp-port`.
    port: Option<u16>,
    /// `sftp-timeout`: how long connecting may take.
    connect_max: Option<Duration>,
    /// `sftp-username`; else the desktop's.
    username: Option<String>,
    /// `sftp-password`.
    password: Option<SecretString>,
    /// How the server proves who it is, and who we are to it: `sftp-host-key` and the like.
    server: ServerParameters,
}

impl Default for SftpBesideParameters {
    fn default() -> Self {
        Self {
            files: SftpParameters::default(),
            hostname: None,
            port: None,
            connect_max: None,
            username: None,
            password: None,
            server: ServerParameters::with_prefix("sftp-"),
        }
    }
}

/// Files beside a desktop: where they are, and as whom we ask for them.
#[derive(Debug, Clone)]
pub struct SftpBeside {
    target: Target,
    config: SshConfig,
    root: String,
    connect_max: Option<Duration>,
}

impl SftpParameters {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "enable-sftp" => self.enable = flag(value)?,
            "sftp-root-directory" => {
                if value.len() > ROOT_MAX_BYTES || value.chars().any(char::is_control) {
                    return Err(format!("must be a path of at most {ROOT_MAX_BYTES} bytes"));
                }
                self.root = Some(value.to_owned());
            }
            "sftp-disable-download" => self.disable_download = flag(value)?,
            "sftp-disable-upload" => self.disable_upload = flag(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The files as a drive, if they are asked for.
    pub(crate) fn drive(&self) -> Option<Drive> {
        self.enable.then(|| Drive::of_remote(!self.disable_download, !self.disable_upload))
    }

    /// The directory that viewers see as the root.
    pub(crate) fn root(&self) -> &str {
        self.root.as_deref().unwrap_or("/")
    }
}

impl SftpBesideParameters {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "sftp-hostname" => self.hostname = Some(value.to_owned()),
            "sftp-port" => {
                let port = value.parse().ok().filter(|port| *port != 0);
                self.port = Some(port.ok_or("must be 1 to 65535")?);
            }
            "sftp-timeout" => self.connect_max = Some(connect_seconds(value)?),
            "sftp-username" => self.username = Some(value.to_owned()),
            "sftp-password" => self.password = Some(SecretString::from(value)),
            _ => return Ok(self.server.take(name, value)? || self.files.take(name, value)?),
        }
        Ok(true)
    }

    /// Settles how the server is checked, if files are asked for; see [`ServerParameters::settle`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn settle(&mut self, known_hosts: Option<&Path>) -> Result<(), ParameterError> {
        if self.files.enable { self.server.settle(known_hosts) } else { Ok(()) }
    }

    /// The first parameter that only the operator may give, if there is one.
    pub(crate) fn operators_alone(&self) -> Option<String> {
        self.server.operators_alone()
    }

    /// The server of the files beside `desktop`, if they are asked for.
    ///
    /// # Errors
    ///
    /// Something is missing without which it cannot be reached; or a drive is asked for as well.
    pub(crate) fn beside(
        &self,
        desktop: &Target,
        username: Option<&str>,
        has_drive: bool,
    ) -> Result<Option<SftpBeside>, ParameterError> {
        if !self.files.enable {
            return Ok(None);
        }
        if has_drive {
            let reason = "and enable-drive exclude each other: the panel shows one place";
            return Err(ParameterError::new("enable-sftp", reason));
        }
        let host = self.hostname.clone().or_else(|| match &desktop.transport {
            Transport::Tcp { host, .. } => Some(host.clone()),
            Transport::RdGateway(gateway) => Some(gateway.host.clone()),
            _ => None,
        });
        let Some(host) = host else {
            let reason = "is missing: the desktop is not reached by a host name";
            return Err(ParameterError::new("sftp-hostname", reason));
        };
        let Some(username) = self.username.as_deref().or(username) else {
            return Err(ParameterError::new("sftp-username", "is missing"));
        };
        if self.password.is_none() && !self.server.has_key() {
            let reason = "is missing, and sftp-private-key too: nobody is asked for them";
            return Err(ParameterError::new("sftp-password", reason));
        }
        let credentials = Credentials {
            username: Some(username.to_owned()),
            password: self.password.clone(),
            ..Credentials::default()
        };
        let port = self.port.unwrap_or(PORT);
        Ok(Some(SftpBeside {
            target: Target {
                protocol: Protocol::Ssh,
                transport: Transport::Tcp { host, port },
                tls: TlsSettings::default(),
            },
            config: SshConfig {
                login: self.server.login(credentials, None),
                host_keys: self.server.host_keys(),
                keepalive: self.server.keepalive(),
                ..SshConfig::default()
            },
            root: self.files.root().to_owned(),
            connect_max: self.connect_max,
        }))
    }
}

impl SftpBeside {
    /// The files. Nothing is dialled yet.
    pub(crate) fn store(&self, policy: &Arc<TargetPolicy>, timeouts: Timeouts) -> SftpStore {
        let connect = self.connect_max.unwrap_or(timeouts.connect);
        let server = SftpServer {
            target: self.target.clone(),
            config: self.config.clone(),
            policy: Arc::clone(policy),
            timeouts: Timeouts { connect, ..timeouts },
        };
        SftpStore::of(server, self.root.as_str())
    }
}

/// Why `sftp-directory` is not offered.
pub(crate) const DIRECTORY: &str = "files that are dropped go into the folder that the panel shows; \
     write sftp-root-directory";

#[cfg(test)]
#[path = "sftp/sftp_tests.rs"]
mod tests;
