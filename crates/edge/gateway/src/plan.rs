//! From a verified token to what is to be done.

use std::{collections::BTreeMap, time::Duration};

use porthole_dial::{DialError, Kdc, Protocol, Target, TlsSettings, Transport, Verify};
use porthole_remote::{Credentials, Redirect};
use porthole_session::Permissions;
use porthole_token::{Address, Claims, Permission, Secrets, Verified};
use secrecy::SecretString;

use crate::{
    config::{Config, Connection},
    drive::Drive,
    driver::{Beginning, DriverConfig, DriverSettings},
    error::GatewayError,
    parameters::{ParameterError, ScreenParameters, Strictness},
    sftp::SftpBeside,
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
    /// How long connecting may take, if not as long as everywhere.
    pub connect_max: Option<Duration>,
    /// Other ways to the same machine, where it was named by a redirection.
    pub others: Vec<Target>,
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
    /// Whether that takes a new connection.
    pub resize_by_dialling: bool,
    /// The size and the scale that the remote begins with, where they are not the viewer's.
    pub beginning: Beginning,
    /// What the remote may ask for, as the configuration or the token has it: for when it is dialled
    /// again, where that may be. What was typed is not in it.
    pub configured: Credentials,
    /// Most bytes of clipboard, in either direction.
    pub clipboard_max_bytes: usize,
    /// Whether the remote is text.
    pub text: bool,
    /// Whether the remote may be heard.
    pub sound: bool,
    /// The connection's files, if it has any.
    pub drive: Option<Drive>,
    /// The server that has the connection's files, if they are beside a desktop.
    pub sftp: Option<SftpBeside>,
    /// Whether the remote is offered a printer, whose documents are downloaded.
    pub printing: bool,
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
    /// What `verified` asks for, in terms of `config`. With a secret in the token that may take up to
    /// seconds: a private key whose passphrase comes along is tried.
    ///
    /// # Errors
    ///
    /// [`GatewayError::UnknownConnection`], [`GatewayError::NotOffered`] or
    /// [`GatewayError::Parameter`].
    pub fn new(verified: &Verified, config: &Config) -> Result<Self, GatewayError> {
        Self::from_claims(verified.claims(), verified.secrets(), config)
    }

    fn from_claims(
        claims: &Claims,
        secrets: &Secrets,
        config: &Config,
    ) -> Result<Self, GatewayError> {
        let grant = &claims.porthole;
        let (label, connection) = match &grant.target {
            porthole_token::Target::Connection { connection } => {
                let found = config.connections.get(connection);
                let found = found.ok_or_else(|| GatewayError::UnknownConnection {
                    name: porthole_wire::text(connection.as_bytes()),
                })?;
                (connection.clone(), found.clone())
            }
            porthole_token::Target::Address(address) => from_address(address, secrets, config)?,
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
        let sftp = settings.sftp(&target, credentials.username.as_deref())?;
        let permissions = permissions(grant.allow, &settings, drive.as_ref());
        let clipboard_max_bytes = clipboard_max_bytes(screen, config);
        let lossy = config.session.each.lossy && !screen.force_lossless;
        let limits = [
            grant.session_max_s.map(|seconds| Duration::from_secs(seconds.into())),
            config.session.each.age_max,
        ];
        let driver = settings.driver(&target, credentials, clipboard_max_bytes, lossy, config);
        let configured =
            if driver.heals() { driver.credentials().clone() } else { Credentials::default() };
        Ok(Self {
            label: porthole_wire::text(label.as_bytes()),
            driver,
            kdc: settings.kdc().cloned(),
            permissions: permissions.0,
            view_only: !permissions.allow(Permissions::INPUT),
            lossy,
            resize: settings.resizes(),
            resize_by_dialling: settings.resizes_by_dialling(),
            beginning: settings.beginning(),
            configured,
            text: settings.text().is_some(),
            sound: settings.sounds(),
            clipboard_max_bytes,
            drive,
            sftp,
            printing: settings.prints(),
            session_max: limits.into_iter().flatten().min(),
            target,
            connect_max: settings.connect_max(),
            others: Vec::new(),
            user: claims
                .sub
                .as_deref()
                .map(|sub| porthole_wire::text(sub.as_bytes()))
                .unwrap_or_default(),
            issuer: claims.iss.clone(),
            jti: claims.jti.clone(),
        })
    }

    /// The ways to the remote, best first: at least one.
    pub(crate) fn targets(&self) -> Vec<Target> {
        [&self.target].into_iter().chain(&self.others).cloned().collect()
    }

    /// Forgets what was typed, unless it is needed each time that a window changes its size.
    pub(crate) fn forget_credentials(&mut self) {
        if !self.resize_by_dialling {
            *self.driver.credentials_mut() = self.configured.clone();
        }
    }

    /// Goes where the remote leads. Its word counts for nothing but the place and what the driver
    /// makes of it: the policy is asked when the place is dialled, and whoever answers there has to
    /// prove who it is as the connection's configuration says.
    ///
    /// # Errors
    ///
    /// [`DialError::Redirected`].
    pub(crate) fn follow(&mut self, redirect: &Redirect) -> Result<(), DialError> {
        if let [first, others @ ..] = &redirect.hosts[..] {
            let way = self.target.transport.clone();
            if !matches!(way, Transport::Tcp { .. } | Transport::RdGateway(_)) {
                let reason = "it leads away from a socket or a websocket";
                return Err(DialError::Redirected { reason });
            }
            let name = redirect.server_name.as_ref();
            let target = |host: &String| Target {
                protocol: self.target.protocol,
                transport: way.clone().to(host),
                tls: TlsSettings {
                    verify: self.target.tls.verify.clone(),
                    server_name: Some(name.unwrap_or(host).clone()),
                    client: self.target.tls.client.clone(),
                },
            };
            (self.target, self.others) = (target(first), others.iter().map(target).collect());
        }
        let followed = self.driver.follow(redirect, &self.target);
        followed.map_err(|reason| DialError::Redirected { reason })
    }

    /// How the remote's certificate is checked.
    pub const fn tls(&self) -> &TlsSettings {
        &self.target.tls
    }
}

/// A target that the token itself describes. Its certificate is checked against the system's
/// authorities, and no password is sent in clear: only the operator may lower that.
///
/// Its secrets come out of an encrypted token, and go the same ways as configured ones.
fn from_address(
    address: &Address,
    secrets: &Secrets,
    config: &Config,
) -> Result<(String, Connection), GatewayError> {
    let protocol = match address.protocol {
        porthole_token::Protocol::Vnc => Protocol::Vnc,
        porthole_token::Protocol::Rdp => Protocol::Rdp,
        porthole_token::Protocol::Ssh => Protocol::Ssh,
        porthole_token::Protocol::Telnet => Protocol::Telnet,
        porthole_token::Protocol::Kubernetes => Protocol::Kubernetes,
    };
    let username = address.parameters.get("username").map(str::to_owned);
    let password = secrets.get("password").map(SecretString::from);
    // Whoever configures a connection writes these two beside its parameters.
    let others = address.parameters.iter().chain(secrets.iter());
    let others = others.filter(|(name, _)| !matches!(*name, "username" | "password"));
    let mut driver = DriverSettings::read(protocol, others, Strictness::Token)?;
    let host = address.hostname.clone();
    let port = address.port.unwrap_or(DriverSettings::port(protocol));
    let label = if host.contains(':') && !host.starts_with('[') {
        format!("{protocol}://[{host}]:{port}")
    } else {
        format!("{protocol}://{host}:{port}")
    };
    let credentials = Credentials { username, password, domain: None };
    let transport = Transport::Tcp { host, port };
    if let Some(name) = driver.operators_alone() {
        return Err(ParameterError { name, reason: "is for the operator to allow".into() }.into());
    }
    driver.settle_ssh(config.server.known_hosts.as_deref(), &BTreeMap::new())?;
    // Only the operator may have nothing checked, or trust whoever answers first.
    if driver.trusts_first() {
        let (name, reason) = ("cert-tofu", "is for the operator to allow");
        return Err(ParameterError { name: name.into(), reason: reason.into() }.into());
    }
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
    if let DriverSettings::Kubernetes(kubernetes) = &driver {
        kubernetes.check_token()?;
        kubernetes.check_credentials(&credentials)?;
        target.tls.client = kubernetes.client_certificate()?;
    }
    Ok((label, Connection { target, credentials, driver }))
}

/// What the token grants, less what the connection withholds and what no connection has.
fn permissions(
    granted: porthole_token::Permissions,
    settings: &DriverSettings,
    drive: Option<&Drive>,
) -> Permissions {
    let screen = settings.screen();
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
        (
            Permission::FilesOut,
            Permissions::FILES_OUT,
            settings.prints() || drive.is_some_and(|drive| drive.download),
        ),
        (Permission::Audio, Permissions::AUDIO, settings.sounds()),
        (Permission::Microphone, Permissions::MICROPHONE, settings.records() && !screen.read_only),
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
