//! What parameters say of an SSH server, wherever it stands: on an SSH connection's own, and with
//! `sftp-` before each name on one beside a desktop.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use porthole_remote::Credentials;
use porthole_ssh::{HostKeys, KeyText, Login, check_certificate, check_key};
use secrecy::{ExposeSecret, SecretString};

use super::trust::Trust;
use crate::parameters::ParameterError;

/// Seconds between questions whether the server is there; fewer are made this many, as Guacamole
/// has it.
const KEEPALIVE_LEAST_S: u64 = 2;

/// How an SSH server proves who it is, and who we are to it, but for user name and password.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerParameters {
    /// What stands before each name.
    prefix: &'static str,
    trust: Trust,
    /// `private-key`, or the file of it.
    private_key: Option<SecretString>,
    /// `passphrase`.
    passphrase: Option<SecretString>,
    /// `public-key`, or the file of a certificate.
    certificate: Option<String>,
    /// `server-alive-interval`.
    keepalive: Option<Duration>,
    /// What the host key is compared with; see [`ServerParameters::settle`].
    host_keys: Option<HostKeys>,
}

impl ServerParameters {
    /// Those whose names begin with `prefix`.
    pub(crate) fn with_prefix(prefix: &'static str) -> Self {
        Self { prefix, ..Self::default() }
    }

    /// As [`crate::parameters::Vocabulary::take`].
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let Some(name) = name.strip_prefix(self.prefix) else { return Ok(false) };
        let secret = || Some(SecretString::from(value));
        match name {
            "private-key" => self.private_key = secret(),
            "passphrase" => self.passphrase = secret(),
            "public-key" => {
                check_certificate(value).map_err(|bad| bad.to_string())?;
                self.certificate = Some(value.to_owned());
            }
            "server-alive-interval" => self.keepalive = keepalive(value)?,
            _ => return self.trust.take(name, value),
        }
        Ok(true)
    }

    /// Takes the texts of the files that the configuration names: the key's and the certificate's.
    ///
    /// # Errors
    ///
    /// The name of a parameter that says the same, or that the text cannot be; and why.
    pub(crate) fn take_files(
        &mut self,
        [key, certificate]: [Option<SecretString>; 2],
    ) -> Result<(), ParameterError> {
        let certificate = certificate.map(|text| text.expose_secret().to_owned());
        if key.is_some() && self.private_key.is_some() {
            return Err(self.bad("private-key", "and private_key_file exclude each other"));
        }
        if certificate.is_some() && self.certificate.is_some() {
            return Err(self.bad("public-key", "and certificate_file exclude each other"));
        }
        if let Some(text) = &certificate {
            check_certificate(text).map_err(|bad| self.bad("public-key", bad.to_string()))?;
        }
        self.private_key = self.private_key.take().or(key);
        self.certificate = self.certificate.take().or(certificate);
        Ok(())
    }

    /// Settles how the server is checked, where `known_hosts` is the gateway's file of known hosts,
    /// and looks at the key. It takes up to seconds where the key has a passphrase.
    ///
    /// # Errors
    ///
    /// Parameters that make no sense together, or lack something.
    pub(crate) fn settle(&mut self, known_hosts: Option<&Path>) -> Result<(), ParameterError> {
        self.check_key()?;
        self.host_keys = Some(self.trust.host_keys(self.prefix, known_hosts)?);
        Ok(())
    }

    fn check_key(&self) -> Result<(), ParameterError> {
        let Some(key) = &self.private_key else {
            let reason = format!("is for a {}private-key, which is missing", self.prefix);
            return match (&self.passphrase, &self.certificate) {
                (Some(_), _) => Err(self.bad("passphrase", reason)),
                (None, Some(_)) => Err(self.bad("public-key", reason)),
                (None, None) => Ok(()),
            };
        };
        let passphrase = self.passphrase.as_ref().map(ExposeSecret::expose_secret);
        let checked = check_key(key.expose_secret(), passphrase);
        checked.map_err(|bad| self.bad("private-key", bad.to_string()))
    }

    fn bad(&self, name: &str, reason: impl Into<String>) -> ParameterError {
        ParameterError::new(&format!("{}{name}", self.prefix), reason)
    }

    /// The first parameter that only the operator may give, if there is one.
    pub(crate) fn operators_alone(&self) -> Option<String> {
        self.trust.operators_alone().map(|name| format!("{}{name}", self.prefix))
    }

    /// Whether there is a private key.
    pub(crate) const fn has_key(&self) -> bool {
        self.private_key.is_some()
    }

    /// How often the server is asked whether it is there.
    pub(crate) const fn keepalive(&self) -> Option<Duration> {
        self.keepalive
    }

    /// How the server is checked; see [`Self::settle`].
    pub(crate) fn host_keys(&self) -> HostKeys {
        self.host_keys.clone().unwrap_or(HostKeys::Unknown)
    }

    /// Who we are to the server, with the keys of an `agent` where there is one.
    pub(crate) fn login(&self, credentials: Credentials, agent: Option<PathBuf>) -> Login {
        let key = self.private_key.as_ref().map(|text| KeyText {
            text: text.clone(),
            passphrase: self.passphrase.clone(),
            certificate: self.certificate.clone(),
        });
        Login { credentials, keys: key.into_iter().collect(), agent }
    }
}

/// 0 is never; 1 is 2, as in Guacamole.
fn keepalive(value: &str) -> Result<Option<Duration>, String> {
    let seconds: Option<u64> = value.parse().ok().filter(|seconds| *seconds <= 3600);
    match seconds.ok_or("must be 0 to 3600")? {
        0 => Ok(None),
        seconds => Ok(Some(Duration::from_secs(seconds.max(KEEPALIVE_LEAST_S)))),
    }
}
