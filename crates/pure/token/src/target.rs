//! The four ways in which a token names what its holder wants to reach.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::Object;
use crate::{Parameters, TokenError};

/// Longest name of a connection, desktop template or session, in bytes.
pub const REFERENCE_MAX_BYTES: usize = 128;
/// Longest host name or address, in bytes.
pub const HOSTNAME_MAX_BYTES: usize = 255;

/// What a token gives access to. Whether the gateway can and may reach it is for the gateway to
/// decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Value")]
pub enum Target {
    /// A connection in the gateway's configuration.
    Connection {
        /// Its name there, 1 to [`REFERENCE_MAX_BYTES`] bytes.
        connection: String,
    },
    /// A host, given in the token itself.
    Address(Address),
    /// A desktop to make on demand.
    Desktop(Desktop),
    /// A session that someone else opened and shares.
    Session {
        /// Its identifier, 1 to [`REFERENCE_MAX_BYTES`] bytes.
        session: String,
    },
}

/// A host and how to speak to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    /// What it speaks.
    pub protocol: Protocol,
    /// A host name, an IPv4 address or an IPv6 address, 1 to [`HOSTNAME_MAX_BYTES`] bytes of ASCII.
    /// It has not been resolved or compared with any policy.
    pub hostname: String,
    /// TCP port; when absent, the protocol's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Everything else.
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    pub parameters: Parameters,
}

/// A desktop to make on demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Desktop {
    /// The template's name, 1 to [`REFERENCE_MAX_BYTES`] bytes.
    pub desktop: String,
    /// Parameters for the connection to it.
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    pub parameters: Parameters,
}

/// A protocol that a remote may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Remote Framebuffer.
    Vnc,
    /// Remote Desktop Protocol.
    Rdp,
    /// Secure Shell.
    Ssh,
    /// Telnet.
    Telnet,
    /// A container, through the Kubernetes API.
    Kubernetes,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 5] = [Self::Vnc, Self::Rdp, Self::Ssh, Self::Telnet, Self::Kubernetes];

    /// The name that tokens use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vnc => "vnc",
            Self::Rdp => "rdp",
            Self::Ssh => "ssh",
            Self::Telnet => "telnet",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl TryFrom<Value> for Target {
    type Error = TokenError;

    fn try_from(value: Value) -> Result<Self, TokenError> {
        let mut fields = Object::from_value("porthole.target", value)?;
        let connection = fields.text("porthole.target.connection", REFERENCE_MAX_BYTES)?;
        let protocol = fields.text("porthole.target.protocol", REFERENCE_MAX_BYTES)?;
        let desktop = fields.text("porthole.target.desktop", REFERENCE_MAX_BYTES)?;
        let session = fields.text("porthole.target.session", REFERENCE_MAX_BYTES)?;
        let target = match (connection, protocol, desktop, session) {
            (Some(connection), None, None, None) => Self::Connection { connection },
            (None, Some(protocol), None, None) => {
                Self::Address(Address::take(&protocol, &mut fields)?)
            }
            (None, None, Some(desktop), None) => {
                Self::Desktop(Desktop { desktop, parameters: parameters(&mut fields)? })
            }
            (None, None, None, Some(session)) => Self::Session { session },
            _ => {
                let want = "an object with exactly one of connection, protocol, desktop or session";
                return Err(TokenError::ClaimShape { claim: "porthole.target", want });
            }
        };
        fields.finish()?;
        Ok(target)
    }
}

impl Address {
    fn take(protocol: &str, fields: &mut Object) -> Result<Self, TokenError> {
        let Some(protocol) = Protocol::ALL.into_iter().find(|known| known.name() == protocol)
        else {
            let protocol = porthole_wire::text(protocol.as_bytes());
            return Err(TokenError::UnknownProtocol { protocol });
        };
        let claim = "porthole.target.hostname";
        let hostname =
            fields.text(claim, HOSTNAME_MAX_BYTES)?.ok_or(TokenError::MissingClaim { claim })?;
        if !hostname.bytes().all(is_host_byte) {
            let want = "a host name or address, without port, user or path";
            return Err(TokenError::ClaimShape { claim, want });
        }
        let port = fields.take("porthole.target.port").map(|value| port(&value)).transpose()?;
        Ok(Self { protocol, hostname, port, parameters: parameters(fields)? })
    }
}

fn parameters(fields: &mut Object) -> Result<Parameters, TokenError> {
    let value = fields.take("porthole.target.parameters");
    value.map_or_else(|| Ok(Parameters::default()), Parameters::from_value)
}

/// Letters, digits, and what IPv6 addresses with a zone and internal host names need besides.
const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']' | b'%')
}

/// A port as a number, or as text, which is how Guacamole's portals keep it.
fn port(value: &Value) -> Result<u16, TokenError> {
    let number = match value {
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => value.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    let want = "a number from 1 to 65535";
    let claim = "porthole.target.port";
    number.filter(|port| *port != 0).ok_or(TokenError::ClaimShape { claim, want })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Address, Desktop, Protocol, Target};
    use crate::{Parameters, TokenError};

    #[test]
    fn reads_and_writes_the_four_kinds() {
        let cursor = || Parameters::new([("cursor".to_owned(), "remote".to_owned())]).unwrap();
        let address = |port, parameters| {
            Target::Address(Address {
                protocol: Protocol::Vnc,
                hostname: "desk-7.example".to_owned(),
                port,
                parameters,
            })
        };
        let cases = [
            (
                json!({"connection": "Büro 7"}),
                Target::Connection { connection: "Büro 7".to_owned() },
            ),
            (
                json!({"protocol": "vnc", "hostname": "desk-7.example", "port": 5901,
                       "parameters": {"cursor": "remote"}}),
                address(Some(5901), cursor()),
            ),
            (
                json!({"protocol": "vnc", "hostname": "desk-7.example"}),
                address(None, Parameters::default()),
            ),
            (
                json!({"desktop": "ubuntu", "parameters": {"cursor": "remote"}}),
                Target::Desktop(Desktop { desktop: "ubuntu".to_owned(), parameters: cursor() }),
            ),
            (json!({"session": "4f1c"}), Target::Session { session: "4f1c".to_owned() }),
        ];
        for (json, target) in cases {
            assert_eq!(Target::try_from(json.clone()).unwrap(), target, "{json}");
            assert_eq!(serde_json::to_value(&target).unwrap(), json);
            assert_eq!(serde_json::from_value::<Target>(json).unwrap(), target);
        }
        for protocol in Protocol::ALL {
            assert_eq!(serde_json::to_value(protocol).unwrap(), protocol.name());
        }
    }

    #[test]
    fn reads_ports_as_text() {
        let read = |port: Value| {
            let json = json!({"protocol": "vnc", "hostname": "::1", "port": port});
            match Target::try_from(json) {
                Ok(Target::Address(address)) => Ok(address.port),
                Ok(_) => panic!("not an address"),
                Err(error) => Err(error.cause()),
            }
        };
        assert_eq!(read(json!("5900")), Ok(Some(5900)));
        assert_eq!(read(json!(65535)), Ok(Some(65535)));
        for wrong in [
            json!(0),
            json!("0"),
            json!(65536),
            json!(-1),
            json!(59.5),
            json!("+59"),
            json!(""),
            json!("vnc"),
            json!(null),
            json!([5900]),
        ] {
            assert_eq!(read(wrong.clone()), Err("claim_shape"), "{wrong}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_target() {
        let long = "x".repeat(256);
        for (json, cause) in [
            (json!("desk"), "claim_shape"),
            (json!({}), "claim_shape"),
            (json!({"hostname": "desk"}), "claim_shape"),
            (json!({"connection": "a", "session": "b"}), "claim_shape"),
            (json!({"connection": "a", "protocol": "vnc", "hostname": "b"}), "claim_shape"),
            (json!({"connection": ["a"]}), "claim_shape"),
            (json!({"connection": ""}), "claim_shape"),
            (json!({"connection": "a\nb"}), "claim_shape"),
            (json!({"connection": long}), "over_limit"),
            (json!({"connection": "a", "parameters": {}}), "unknown_field"),
            (json!({"connection": "a", "hostname": "b"}), "unknown_field"),
            (json!({"session": "a", "port": 1}), "unknown_field"),
            (json!({"protocol": "vnc"}), "missing_claim"),
            (json!({"protocol": "VNC", "hostname": "a"}), "unknown_protocol"),
            (json!({"protocol": "x11", "hostname": "a"}), "unknown_protocol"),
            (json!({"protocol": "vnc", "hostname": "a b"}), "claim_shape"),
            (json!({"protocol": "vnc", "hostname": "user@a"}), "claim_shape"),
            (json!({"protocol": "vnc", "hostname": "a/b"}), "claim_shape"),
            (json!({"protocol": "vnc", "hostname": "a\u{0}"}), "claim_shape"),
            (json!({"protocol": "vnc", "hostname": "bücher"}), "claim_shape"),
            (json!({"protocol": "vnc", "hostname": long}), "over_limit"),
            (json!({"protocol": "vnc", "hostname": "a", "prot": 1}), "unknown_field"),
            (
                json!({"protocol": "vnc", "hostname": "a", "parameters": {"password": "x"}}),
                "secret_in_signed_token",
            ),
            (json!({"desktop": "a", "parameters": {"password": "x"}}), "secret_in_signed_token"),
        ] {
            assert_eq!(Target::try_from(json.clone()).unwrap_err().cause(), cause, "{json}");
        }
        let unknown = Target::try_from(json!({"session": "a", "evil\u{1b}[2J": 1})).unwrap_err();
        let want =
            TokenError::UnknownField { object: "porthole.target", field: "evil [2J".to_owned() };
        assert_eq!(unknown, want);
    }
}
