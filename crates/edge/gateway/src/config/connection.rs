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
use serde::Deserialize;

use super::{ConfigError, Drives, files::Files, raw::RawSecret, tls::certificates};
use crate::driver::DriverSettings;
use crate::parameters::{Strictness, fingerprint};

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
        let protocol = self.protocol(&key)?;
        let transport = self.transport(&key, protocol)?;
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
        let driver = read.ok_or_else(|| {
            let reason = format!("this gateway does not speak {protocol}");
            ConfigError::invalid(format!("{key}.protocol"), reason)
        })?;
        let mut driver = driver.map_err(|error| {
            ConfigError::invalid(format!("{key}.parameters.{}", error.name), error.reason)
        })?;
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
            rdp.behind.apply(&mut target, gateway_tls.clone().unwrap_or_default()).map_err(
                |error| {
                    let at = format!("{key}.parameters.{}", error.name);
                    ConfigError::invalid(at, error.reason)
                },
            )?;
        }
        if gateway_tls.is_some() && !matches!(target.transport, Transport::RdGateway(_)) {
            let reason = "it is for RDP with parameters.gateway-hostname";
            return Err(ConfigError::invalid(format!("{key}.gateway_tls"), reason));
        }
        Ok(Connection { target, credentials, driver })
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

    /// The one way to the remote that is given.
    fn transport(&self, key: &str, protocol: Protocol) -> Result<Transport, ConfigError> {
        let port_alone = || {
            let reason = "a port belongs to a hostname; a socket has none, a url has its own";
            ConfigError::invalid(format!("{key}.port"), reason)
        };
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

    /// Whether the drive that it asks for can be had.
    pub(crate) fn check_drive(
        &self,
        name: &str,
        drives: Option<&Drives>,
    ) -> Result<(), ConfigError> {
        self.driver.drive(drives).map(drop).map_err(|error| {
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
        Ok(TlsSettings { verify, server_name: self.server_name })
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

/// A name as it stands in a key's path.
fn quoted(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().all(is_bare) { name.to_owned() } else { format!("\"{name}\"") }
}
