//! Files over SFTP in Guacamole's words: on an SSH connection, or beside a desktop.
//!
//! A desktop's files are reached over an SSH connection of their own, which is made when somebody
//! first asks for them. Where it leads is checked by the policy like any other SSH target, and who
//! answers has to prove who it is.

use std::{sync::Arc, time::Duration};

use porthole_dial::{Protocol, Target, TargetPolicy, Timeouts, TlsSettings, Transport};
use porthole_remote::Credentials;
use porthole_ssh::{
    HostKeyPin, HostKeys, KeyText, Login, SftpServer, SftpStore, SshConfig, check_certificate,
    check_key,
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    drive::Drive,
    parameters::{ParameterError, connect_seconds, flag},
    ssh::{keepalive, pins},
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
#[derive(Debug, Clone, Default)]
pub struct SftpBesideParameters {
    /// What is the same on an SSH connection.
    pub files: SftpParameters,
    /// `sftp-hostname`; else the desktop's.
    hostname: Option<String>,
    /// `sftp-port`.
    port: Option<u16>,
    /// `sftp-timeout`: how long connecting may take.
    connect_max: Option<Duration>,
    /// `sftp-host-key`.
    host_keys: Vec<HostKeyPin>,
    /// `sftp-username`; else the desktop's.
    username: Option<String>,
    /// `sftp-password`.
    password: Option<SecretString>,
    /// `sftp-private-key`.
    private_key: Option<SecretString>,
    /// `sftp-passphrase`.
    passphrase: Option<SecretString>,
    /// `sftp-public-key`: a certificate for the private key.
    certificate: Option<String>,
    /// `sftp-server-alive-interval`.
    keepalive: Option<Duration>,
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
        let secret = || Some(SecretString::from(value));
        match name {
            "sftp-hostname" => self.hostname = Some(value.to_owned()),
            "sftp-port" => {
                let port = value.parse().ok().filter(|port| *port != 0);
                self.port = Some(port.ok_or("must be 1 to 65535")?);
            }
            "sftp-timeout" => self.connect_max = Some(connect_seconds(value)?),
            "sftp-host-key" => self.host_keys = pins(value)?,
            "sftp-username" => self.username = Some(value.to_owned()),
            "sftp-password" => self.password = secret(),
            "sftp-private-key" => self.private_key = secret(),
            "sftp-passphrase" => self.passphrase = secret(),
            "sftp-public-key" => {
                check_certificate(value).map_err(|bad| bad.to_string())?;
                self.certificate = Some(value.to_owned());
            }
            "sftp-server-alive-interval" => self.keepalive = keepalive(value)?,
            _ => return self.files.take(name, value),
        }
        Ok(true)
    }

    /// The server of the files beside `desktop`, if they are asked for.
    ///
    /// # Errors
    ///
    /// Something is missing without which it cannot be reached, or trusted; or a drive is asked for
    /// as well.
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
        if self.host_keys.is_empty() {
            return Err(ParameterError::new(
                "sftp-host-key",
                "is missing: write the server's public host key",
            ));
        }
        let port = self.port.unwrap_or(PORT);
        Ok(Some(SftpBeside {
            target: Target {
                protocol: Protocol::Ssh,
                transport: Transport::Tcp { host, port },
                tls: TlsSettings::default(),
            },
            config: SshConfig {
                login: self.login(username)?,
                host_keys: HostKeys::Pinned(self.host_keys.clone()),
                keepalive: self.keepalive,
                ..SshConfig::default()
            },
            root: self.files.root().to_owned(),
            connect_max: self.connect_max,
        }))
    }

    fn login(&self, username: &str) -> Result<Login, ParameterError> {
        let username = Some(username.to_owned());
        let password = self.password.clone();
        let credentials = Credentials { username, password, ..Credentials::default() };
        let Some(text) = &self.private_key else {
            let reason = "is for an sftp-private-key, which is missing";
            return match (&self.passphrase, &self.certificate, &self.password) {
                (Some(_), ..) => Err(ParameterError::new("sftp-passphrase", reason)),
                (None, Some(_), _) => Err(ParameterError::new("sftp-public-key", reason)),
                (None, None, None) => {
                    let reason = "is missing, and sftp-private-key too: nobody is asked for them";
                    Err(ParameterError::new("sftp-password", reason))
                }
                (None, None, Some(_)) => Ok(Login { credentials, ..Login::default() }),
            };
        };
        let passphrase = self.passphrase.as_ref().map(ExposeSecret::expose_secret);
        check_key(text.expose_secret(), passphrase)
            .map_err(|bad| ParameterError::new("sftp-private-key", bad.to_string()))?;
        let key = KeyText {
            text: text.clone(),
            passphrase: self.passphrase.clone(),
            certificate: self.certificate.clone(),
        };
        Ok(Login { credentials, keys: vec![key], ..Login::default() })
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
