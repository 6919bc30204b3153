//! From a verified token to what is to be done.

use std::time::Duration;

use porthole_dial::{Protocol, Target, TlsSettings, Transport};
use porthole_rfb::{RfbConfig, Seed};
use porthole_session::Permissions;
use porthole_token::{Address, Claims, Permission, Verified};

use crate::{
    config::{Config, Connection, VncConnection},
    error::GatewayError,
    vnc::{Strictness, VncParameters},
};

/// Everything that a session needs to know about the remote and its first viewer.
///
/// Whether the target may be reached is for the policy to say when it is dialled.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The connection's name, or `vnc://host:port`, for logs. Holds no secret.
    pub label: String,
    /// What to dial; [`Target::tls`] is also for when the driver asks to turn the stream into TLS.
    pub target: Target,
    /// What the driver is told.
    pub rfb: RfbConfig,
    /// Whether the order of `rfb.encodings` is the operator's; else it may follow the distance.
    pub encodings_given: bool,
    /// What the holder of this token may do, in the bits of the link's Welcome record. Only what
    /// this gateway offers is in it.
    pub permissions: u16,
    /// Whether the holder only watches: the token does not grant input, or the connection takes
    /// none.
    pub view_only: bool,
    /// Whether pictures may be lossy, as far as this connection is concerned.
    pub lossy: bool,
    /// Whether the remote may be asked for another size.
    pub resize: bool,
    /// Most bytes of clipboard, in either direction.
    pub clipboard_max_bytes: usize,
    /// How long the session may last: the shorter of what token and configuration say.
    pub session_max: Option<Duration>,
    /// The user in the portal's terms: `sub`, or nothing.
    pub user: String,
    /// `iss`.
    pub issuer: String,
    /// `jti`.
    pub jti: String,
}

impl Plan {
    /// What `verified` asks for, in terms of `config`.
    ///
    /// # Errors
    ///
    /// [`GatewayError::UnknownConnection`], [`GatewayError::NotOffered`] or
    /// [`GatewayError::Parameter`].
    pub fn new(verified: &Verified, config: &Config) -> Result<Self, GatewayError> {
        Self::from_claims(verified.claims(), config)
    }

    fn from_claims(claims: &Claims, config: &Config) -> Result<Self, GatewayError> {
        let grant = &claims.porthole;
        let (label, connection) = match &grant.target {
            porthole_token::Target::Connection { connection } => {
                let found = config.connections.get(connection);
                let found = found.ok_or_else(|| GatewayError::UnknownConnection {
                    name: porthole_wire::text(connection.as_bytes()),
                })?;
                (connection.clone(), found.clone())
            }
            porthole_token::Target::Address(address) => from_address(address)?,
            porthole_token::Target::Desktop(_) => {
                return Err(GatewayError::NotOffered { what: "this gateway makes no desktops" });
            }
            porthole_token::Target::Session { .. } => {
                let what = "this gateway does not offer joining a session by its name";
                return Err(GatewayError::NotOffered { what });
            }
        };
        let parameters = &connection.vnc.parameters;
        let permissions = permissions(grant.allow, parameters);
        let clipboard_max_bytes = clipboard_max_bytes(parameters, config);
        let limits = [
            grant.session_max_s.map(|seconds| Duration::from_secs(seconds.into())),
            config.session.each.age_max,
        ];
        Ok(Self {
            label: porthole_wire::text(label.as_bytes()),
            rfb: rfb_config(&connection.vnc, clipboard_max_bytes, config),
            encodings_given: !parameters.encodings.is_empty(),
            permissions: permissions.0,
            view_only: !permissions.allow(Permissions::INPUT),
            lossy: config.session.each.lossy && !parameters.force_lossless,
            resize: !parameters.disable_display_resize,
            clipboard_max_bytes,
            session_max: limits.into_iter().flatten().min(),
            target: connection.target,
            user: claims
                .sub
                .as_deref()
                .map(|sub| porthole_wire::text(sub.as_bytes()))
                .unwrap_or_default(),
            issuer: claims.iss.clone(),
            jti: claims.jti.clone(),
        })
    }

    /// How the remote's certificate is checked.
    pub const fn tls(&self) -> &TlsSettings {
        &self.target.tls
    }
}

/// A target that the token itself describes. Its certificate is checked against the system's
/// authorities, and no password is sent in clear: only the operator may lower that.
fn from_address(address: &Address) -> Result<(String, Connection), GatewayError> {
    if address.protocol != porthole_token::Protocol::Vnc {
        return Err(GatewayError::ProtocolNotSpoken { protocol: address.protocol.name() });
    }
    let username = address.parameters.get("username").map(str::to_owned);
    let others = address.parameters.iter().filter(|(name, _)| *name != "username");
    let others = others.map(|(name, value)| (name, value.to_owned()));
    let parameters = VncParameters::read(others, Strictness::Token)?;
    let host = address.hostname.clone();
    let port = address.port.unwrap_or(crate::config::VNC_PORT);
    let label = if host.contains(':') && !host.starts_with('[') {
        format!("vnc://[{host}]:{port}")
    } else {
        format!("vnc://{host}:{port}")
    };
    let mut vnc = VncConnection { parameters, ..VncConnection::default() };
    vnc.credentials.username = username;
    let tls = TlsSettings::default();
    let transport = Transport::Tcp { host, port };
    Ok((label, Connection { target: Target { protocol: Protocol::Vnc, transport, tls }, vnc }))
}

/// What the token grants, less what the connection withholds and what no VNC connection has.
fn permissions(granted: porthole_token::Permissions, parameters: &VncParameters) -> Permissions {
    let kinds = [
        (Permission::Input, Permissions::INPUT, !parameters.read_only),
        // Guacamole's read-only leaves nothing that reaches the remote.
        (
            Permission::ClipboardIn,
            Permissions::CLIPBOARD_IN,
            !parameters.disable_paste && !parameters.read_only,
        ),
        (Permission::ClipboardOut, Permissions::CLIPBOARD_OUT, !parameters.disable_copy),
    ];
    kinds
        .into_iter()
        .filter(|(permission, _, offered)| *offered && granted.contains(*permission))
        .fold(Permissions::default(), |all, (_, bits, _)| all.with(bits))
}

fn clipboard_max_bytes(parameters: &VncParameters, config: &Config) -> usize {
    let limit = config.session.each.clipboard_max_bytes;
    parameters.clipboard_max_bytes.map_or(limit, |wish| wish.min(limit))
}

/// What the driver is told.
fn rfb_config(vnc: &VncConnection, clipboard_max_bytes: usize, config: &Config) -> RfbConfig {
    let parameters = &vnc.parameters;
    let defaults = RfbConfig::default();
    let lossy = config.session.each.lossy && !parameters.force_lossless;
    RfbConfig {
        credentials: vnc.credentials.clone(),
        require_encryption: vnc.require_encryption,
        allow_plaintext_password: vnc.allow_plaintext_password,
        server_key_pins: parameters.server_key_pins.clone(),
        seed: seed(),
        // What other viewers of the session may do is theirs, so only the connection counts here.
        view_only: parameters.read_only,
        // A lossless picture starts at the server.
        quality: if lossy { parameters.quality_level.or(defaults.quality) } else { None },
        compression: parameters.compress_level.or(defaults.compression),
        encodings: if parameters.encodings.is_empty() {
            defaults.encodings
        } else {
            parameters.encodings.clone()
        },
        // Whoever chose encodings had a reason.
        measure_path: parameters.encodings.is_empty(),
        // Video is never exact.
        h264: lossy && parameters.h264,
        clipboard_max_bytes,
        handshake_max: config.handshake_max,
        ..defaults
    }
}

/// For one connection: a plan is dialled once. A system without random numbers has no TLS either,
/// and keeps the security types that need none.
fn seed() -> Option<Seed> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(Seed::new(bytes))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
