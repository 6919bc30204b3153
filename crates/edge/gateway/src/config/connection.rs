//! `[connections.NAME]`: remotes that a token can name.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use hyper::Uri;
use porthole_dial::{
    KnownCertificates, Protocol, Target, TlsSettings, Transport, Verify, WebSocketTarget,
};
use porthole_remote::Credentials;
use porthole_ssh::Hop;
use secrecy::SecretString;
use serde::Deserialize;

use super::{ConfigError, Drives, files::Files, raw::RawSecret, tls::certificates};
use crate::driver::DriverSettings;
use crate::parameters::{ParameterError, Strictness, fingerprint};

/// `[connections.NAME]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawConnection {
    protocol: Option<String>,
    hostname: Option<String>,
    port: Option<u16>,
    socket: Option<PathBuf>,
    url: Option<String>,
    username: Option<String>,
    password: Option<RawSecret>,
    password_file: Option<PathBuf>,
    private_key_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    tls: RawTls,
    gateway_tls: Option<RawTls>,
    security: RawSecurity,
    parameters: BTreeMap<String, RawValue>,
}

/// `[connections.NAME.tls]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTls {
    verify: Option<String>,
    ca_file: Option<PathBuf>,
    pins: Vec<String>,
    server_name: Option<String>,
}

/// `[connections.NAME.security]` as it is written.
#[derive(Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawSecurity {
    require_encryption: bool,
    allow_plaintext_password: bool,
}

/// A parameter's value; text in the end, as everywhere in Guacamole.
#[derive(Deserialize)]
#[serde(untagged, expecting = "text, a whole number, true or false")]
enum RawValue {
    Flag(bool),
    Number(i64),
    Text(String),
}

/// A remote that a token can name.
#[derive(Debug, Clone)]
pub struct Connection {
    /// How to reach it.
    pub target: Target,
    /// What it may ask for.
    pub credentials: Credentials,
    /// What it speaks, and how.
    pub driver: DriverSettings,
}

impl RawConnection {
    pub(crate) fn check(self, name: &str, files: &Files) -> Result<Connection, ConfigError> {
        let key = format!("connections.{}", quoted(name));
        let name_max = porthole_token::REFERENCE_MAX_BYTES;
        if name.is_empty() || name.len() > name_max {
            let reason = format!("the name must have 1 to {name_max} bytes");
            return Err(ConfigError::invalid(key, reason));
        }
        self.check_at(&key, files)
    }

    fn check_at(self, key: &str, files: &Files) -> Result<Connection, ConfigError> {
        let protocol = self.protocol(key)?;
        let transport = self.transport(key, protocol)?;
        let key_files = self.key_files(key, protocol, files)?;
        let mut tls = self.tls.check(&format!("{key}.tls"), files)?;
        let password = match (&self.password, &self.password_file) {
            (Some(password), None) => Some(password.0.clone()),
            (None, Some(path)) => Some(files.read_secret(&format!("{key}.password_file"), path)?),
            (None, None) => None,
            (Some(_), Some(_)) => {
                let reason = "password and password_file exclude each other";
                return Err(ConfigError::invalid(format!("{key}.password_file"), reason));
            }
        };
        let parameters = self.parameters.iter().map(|(name, value)| (name.as_str(), value.text()));
        let read = DriverSettings::read(protocol, parameters, Strictness::Configuration);
        let mut driver = read.map_err(|error| parameter(key, error))?;
        match &mut driver {
            DriverSettings::Vnc(vnc) => {
                vnc.require_encryption = self.security.require_encryption;
                vnc.allow_plaintext_password = self.security.allow_plaintext_password;
            }
            _ if self.security != RawSecurity::default() => {
                let reason = "it is for VNC: the others say by themselves what is encrypted";
                return Err(ConfigError::invalid(format!("{key}.security"), reason));
            }
            _ => {}
        }
        if let DriverSettings::Ssh(ssh) = &mut driver {
            ssh.take_files(key_files).map_err(|error| parameter(key, error))?;
        }
        if let Some(verify) = driver.verify() {
            if tls.verify != Verify::default() {
                let reason = "tls.verify says how the certificate is checked; say it once";
                return Err(ConfigError::invalid(format!("{key}.parameters"), reason));
            }
            tls.verify = verify;
        }
        let credentials = Credentials { username: self.username, password, domain: None };
        let mut target = Target { protocol, transport, tls };
        let gateway_tls =
            self.gateway_tls.map(|tls| tls.check(&format!("{key}.gateway_tls"), files));
        let gateway_tls = gateway_tls.transpose()?;
        if let DriverSettings::Rdp(rdp) = &driver {
            let applied = rdp.behind.apply(&mut target, gateway_tls.clone().unwrap_or_default());
            applied.map_err(|error| parameter(key, error))?;
        }
        if let DriverSettings::Kubernetes(kubernetes) = &driver {
            let checked = kubernetes.check_credentials(&credentials);
            let client = checked.and_then(|()| kubernetes.client_certificate());
            target.tls.client = client.map_err(|error| {
                ConfigError::invalid(format!("{key}.parameters.{}", error.name), error.reason)
            })?;
        }
        if gateway_tls.is_some() && !matches!(target.transport, Transport::RdGateway(_)) {
            let reason = "it is for RDP with parameters.gateway-hostname";
            return Err(ConfigError::invalid(format!("{key}.gateway_tls"), reason));
        }
        Ok(Connection { target, credentials, driver })
    }

    /// Reads the files of an SSH connection's key: the private one, and the certificate.
    fn key_files(
        &self,
        key: &str,
        protocol: Protocol,
        files: &Files,
    ) -> Result<[Option<SecretString>; 2], ConfigError> {
        let read = |name: &str, path: &Option<PathBuf>| {
            let Some(path) = path else { return Ok(None) };
            let at = format!("{key}.{name}");
            if protocol != Protocol::Ssh {
                return Err(ConfigError::invalid(at, "it is for SSH"));
            }
            files.read_secret(&at, path).map(Some)
        };
        Ok([
            read("private_key_file", &self.private_key_file)?,
            read("certificate_file", &self.certificate_file)?,
        ])
    }

    /// The server as one on the way to others. What concerns a terminal has no place there.
    pub(crate) fn jump_host(
        mut self,
        name: &str,
        files: &Files,
        known_hosts: Option<&Path>,
    ) -> Result<Hop, ConfigError> {
        let key = format!("jump_hosts.{}", quoted(name));
        if self.protocol.is_some() {
            return Err(ConfigError::invalid(format!("{key}.protocol"), "it is always SSH"));
        }
        let own = [
            "host-key",
            "host-key-tofu",
            "ignore-host-key",
            "private-key",
            "passphrase",
            "public-key",
            "agent-socket",
        ];
        if let Some(other) = self.parameters.keys().find(|name| !own.contains(&name.as_str())) {
            let at = format!("{key}.parameters.{other}");
            return Err(ConfigError::invalid(
                at,
                format!("jump hosts have only {}", own.join(", ")),
            ));
        }
        self.protocol = Some(Protocol::Ssh.to_string());
        let Connection { target, credentials, driver } = self.check_at(&key, files)?;
        match (target.transport, driver) {
            (Transport::Tcp { host, port }, DriverSettings::Ssh(mut ssh)) => {
                let settled = ssh.settle(known_hosts, &BTreeMap::new());
                settled.map_err(|error| parameter(&key, error))?;
                Ok(ssh.hop(host, port, credentials))
            }
            _ => Err(ConfigError::missing(format!("{key}.hostname"), "write hostname and port")),
        }
    }

    fn protocol(&self, key: &str) -> Result<Protocol, ConfigError> {
        let key = format!("{key}.protocol");
        let Some(name) = &self.protocol else {
            return Err(ConfigError::missing(
                key,
                "write one of vnc, rdp, ssh, telnet, kubernetes",
            ));
        };
        name.parse().map_err(|_unknown| {
            ConfigError::out_of_range(key, "vnc, rdp, ssh, telnet or kubernetes")
        })
    }

    /// Whether a parameter says where the cluster is.
    fn names_cluster(&self) -> bool {
        let value = |name| self.parameters.get(name).map(RawValue::text).unwrap_or_default();
        !value("kubeconfig").is_empty() || value("in-cluster") == "true"
    }

    /// The one way to the remote that is given.
    fn transport(&self, key: &str, protocol: Protocol) -> Result<Transport, ConfigError> {
        let port_alone = || {
            let reason = "a port belongs to a hostname; a socket has none, a url has its own";
            ConfigError::invalid(format!("{key}.port"), reason)
        };
        if protocol == Protocol::Kubernetes && self.names_cluster() {
            if self.hostname.is_some() || self.socket.is_some() || self.url.is_some() {
                let reason = "where the cluster is, kubeconfig or in-cluster says";
                return Err(ConfigError::invalid(format!("{key}.hostname"), reason));
            }
            return Ok(Transport::Tcp { host: "kubernetes.default.svc".to_owned(), port: 443 });
        }
        match (&self.hostname, &self.socket, &self.url) {
            (Some(host), None, None) => {
                let is_host = |byte: u8| {
                    byte.is_ascii_alphanumeric()
                        || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%' | b'[' | b']')
                };
                if host.is_empty() || host.len() > 255 || !host.bytes().all(is_host) {
                    let allowed = "a host name or an address, without port or user";
                    return Err(ConfigError::out_of_range(format!("{key}.hostname"), allowed));
                }
                let port = self.port.unwrap_or(DriverSettings::port(protocol));
                if port == 0 {
                    return Err(ConfigError::out_of_range(format!("{key}.port"), "1 to 65535"));
                }
                Ok(Transport::Tcp { host: host.clone(), port })
            }
            (None, Some(_), None) | (None, None, Some(_)) if self.port.is_some() => {
                Err(port_alone())
            }
            (None, Some(path), None) => {
                if !path.is_absolute() {
                    return Err(ConfigError::out_of_range(
                        format!("{key}.socket"),
                        "an absolute path",
                    ));
                }
                Ok(Transport::Unix { path: path.clone() })
            }
            (None, None, Some(url)) => {
                let uri: Option<Uri> = url.parse().ok();
                let fits = uri.is_some_and(|uri| {
                    matches!(uri.scheme_str(), Some("ws" | "wss"))
                        && uri
                            .authority()
                            .is_some_and(|authority| !authority.as_str().contains('@'))
                });
                if !fits {
                    return Err(ConfigError::out_of_range(
                        format!("{key}.url"),
                        "a ws or wss address without user, such as \"wss://host:6080/websockify\"",
                    ));
                }
                Ok(Transport::WebSocket(WebSocketTarget::new(url)))
            }
            (None, None, None) => Err(ConfigError::missing(
                format!("{key}.hostname"),
                "write hostname and port, or socket, or url",
            )),
            _ => Err(ConfigError::invalid(key, "hostname, socket and url exclude each other")),
        }
    }
}

impl Connection {
    /// Has its certificate kept in `file` when it is first met, if it asks for that.
    pub(crate) fn trust_first(
        &mut self,
        name: &str,
        file: Option<&Path>,
    ) -> Result<(), ConfigError> {
        if !self.driver.trusts_first() {
            return Ok(());
        }
        let refuse = |reason| {
            let key = format!("connections.{}.parameters.cert-tofu", quoted(name));
            Err(ConfigError::invalid(key, reason))
        };
        let Some(file) = file else { return refuse("needs server.known_certificates") };
        if self.target.tls.verify != Verify::default() {
            return refuse("cannot be beside another way to check the certificate");
        }
        let known = KnownCertificates::new(file);
        self.target.tls.verify = Verify::FirstUse { known, place: String::new() };
        Ok(())
    }

    /// Settles which host keys and jump hosts an SSH connection has, or the server beside a desktop.
    pub(crate) fn settle_ssh(
        &mut self,
        name: &str,
        known_hosts: Option<&Path>,
        jump_hosts: &BTreeMap<String, Hop>,
    ) -> Result<(), ConfigError> {
        let key = format!("connections.{}", quoted(name));
        let settled = self.driver.settle_ssh(known_hosts, jump_hosts);
        settled.map_err(|error| parameter(&key, error))
    }

    /// Whether the files that it asks for can be had.
    pub(crate) fn check_drive(
        &self,
        name: &str,
        drives: Option<&Drives>,
    ) -> Result<(), ConfigError> {
        let username = self.credentials.username.as_deref();
        let sftp = self.driver.sftp(&self.target, username).map(drop);
        sftp.and(self.driver.drive(drives).map(drop)).map_err(|error| {
            let key = format!("connections.{}.parameters.{}", quoted(name), error.name);
            ConfigError::invalid(key, error.reason)
        })
    }
}

impl RawTls {
    fn check(self, key: &str, files: &Files) -> Result<TlsSettings, ConfigError> {
        let kind = self.verify.as_deref().unwrap_or("system");
        if self.ca_file.is_some() && kind != "ca" {
            let reason = "it is used with verify = \"ca\" only";
            return Err(ConfigError::invalid(format!("{key}.ca_file"), reason));
        }
        if !self.pins.is_empty() && kind != "pin" {
            let reason = "they are used with verify = \"pin\" only";
            return Err(ConfigError::invalid(format!("{key}.pins"), reason));
        }
        let verify = match kind {
            "system" => Verify::SystemRoots,
            "off" => Verify::Off,
            "ca" => {
                let at = format!("{key}.ca_file");
                let path = self.ca_file.as_ref().ok_or_else(|| {
                    ConfigError::missing(&at, "write the path of the authorities' PEM file")
                })?;
                Verify::Ca(certificates(&at, path, files)?)
            }
            "pin" => {
                let at = format!("{key}.pins");
                if self.pins.is_empty() {
                    let hint = "write the SHA-256 fingerprint of the certificate";
                    return Err(ConfigError::missing(at, hint));
                }
                let pins = self.pins.iter().map(|text| {
                    fingerprint(text).ok_or_else(|| {
                        ConfigError::out_of_range(&at, "SHA-256 fingerprints of 64 hex digits")
                    })
                });
                Verify::Pinned(pins.collect::<Result<_, _>>()?)
            }
            _ => {
                return Err(ConfigError::out_of_range(
                    format!("{key}.verify"),
                    "\"system\", \"ca\", \"pin\" or \"off\"",
                ));
            }
        };
        Ok(TlsSettings { verify, server_name: self.server_name, ..TlsSettings::default() })
    }
}

impl RawValue {
    fn text(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// What is wrong with a parameter of the connection at `key`.
fn parameter(key: &str, error: ParameterError) -> ConfigError {
    ConfigError::invalid(format!("{key}.parameters.{}", error.name), error.reason)
}

/// A name as it stands in a key's path.
fn quoted(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().all(is_bare) { name.to_owned() } else { format!("\"{name}\"") }
}
