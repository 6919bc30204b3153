//! From a verified token to what is to be done.

use std::time::Duration;

use porthole_dial::{Kdc, Protocol, Target, TlsSettings, Transport, Verify};
use porthole_remote::Credentials;
use porthole_session::Permissions;
use porthole_token::{Address, Claims, Permission, Verified};

use crate::{
    config::{Config, Connection},
    drive::Drive,
    driver::{DriverConfig, DriverSettings},
    error::GatewayError,
    parameters::{ParameterError, ScreenParameters, Strictness},
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
    pub driver: DriverConfig,
    /// Who is asked for Kerberos tickets.
    pub kdc: Option<Kdc>,
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
    /// The connection's files, if it has any.
    pub drive: Option<Drive>,
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
        let Connection { target, credentials, driver: settings } = connection;
        let screen = settings.screen();
        let drive = settings.drive(config.files.as_ref())?;
        let permissions = permissions(grant.allow, screen, drive.as_ref());
        let clipboard_max_bytes = clipboard_max_bytes(screen, config);
        let lossy = config.session.each.lossy && !screen.force_lossless;
        let limits = [
            grant.session_max_s.map(|seconds| Duration::from_secs(seconds.into())),
            config.session.each.age_max,
        ];
        Ok(Self {
            label: porthole_wire::text(label.as_bytes()),
            driver: settings.driver(&target, credentials, clipboard_max_bytes, lossy, config),
            kdc: settings.kdc().cloned(),
            permissions: permissions.0,
            view_only: !permissions.allow(Permissions::INPUT),
            lossy,
            resize: settings.resizes(),
            clipboard_max_bytes,
            drive,
            session_max: limits.into_iter().flatten().min(),
            target,
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
    let name = address.protocol.name();
    let unknown = || GatewayError::ProtocolNotSpoken { protocol: name };
    let protocol: Protocol = name.parse().map_err(|_unknown| unknown())?;
    let username = address.parameters.get("username").map(str::to_owned);
    let others = address.parameters.iter().filter(|(name, _)| *name != "username");
    let others = others.map(|(name, value)| (name, value.to_owned()));
    let driver =
        DriverSettings::read(protocol, others, Strictness::Token).ok_or_else(unknown)??;
    let host = address.hostname.clone();
    let port = address.port.unwrap_or(DriverSettings::port(protocol));
    let label = if host.contains(':') && !host.starts_with('[') {
        format!("{name}://[{host}]:{port}")
    } else {
        format!("{name}://{host}:{port}")
    };
    let credentials = Credentials { username, ..Credentials::default() };
    let transport = Transport::Tcp { host, port };
    // Only the operator may have nothing checked.
    let verify = match driver.verify() {
        Some(Verify::Off) => {
            let (name, reason) = ("ignore-cert", "is for the operator to allow");
            return Err(ParameterError { name: name.into(), reason: reason.into() }.into());
        }
        verify => verify.unwrap_or_default(),
    };
    let mut target =
        Target { protocol, transport, tls: TlsSettings { verify, ..TlsSettings::default() } };
    if let DriverSettings::Rdp(rdp) = &driver {
        rdp.behind.apply(&mut target, TlsSettings::default())?;
    }
    Ok((label, Connection { target, credentials, driver }))
}

/// What the token grants, less what the connection withholds and what no connection has.
fn permissions(
    granted: porthole_token::Permissions,
    screen: &ScreenParameters,
    drive: Option<&Drive>,
) -> Permissions {
    let kinds = [
        (Permission::Input, Permissions::INPUT, !screen.read_only),
        // Guacamole's read-only leaves nothing that reaches the remote.
        (
            Permission::ClipboardIn,
            Permissions::CLIPBOARD_IN,
            !screen.disable_paste && !screen.read_only,
        ),
        (Permission::ClipboardOut, Permissions::CLIPBOARD_OUT, !screen.disable_copy),
        (
            Permission::FilesIn,
            Permissions::FILES_IN,
            drive.is_some_and(|drive| drive.upload) && !screen.read_only,
        ),
        (Permission::FilesOut, Permissions::FILES_OUT, drive.is_some_and(|drive| drive.download)),
    ];
    kinds
        .into_iter()
        .filter(|(permission, _, offered)| *offered && granted.contains(*permission))
        .fold(Permissions::default(), |all, (_, bits, _)| all.with(bits))
}

fn clipboard_max_bytes(screen: &ScreenParameters, config: &Config) -> usize {
    let limit = config.session.each.clipboard_max_bytes;
    screen.clipboard_max_bytes.map_or(limit, |wish| wish.min(limit))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
