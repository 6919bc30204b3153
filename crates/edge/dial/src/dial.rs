//! From a target to a byte stream.

use std::{net::IpAddr, path::Path, sync::Arc};

use porthole_remote::Secure;

use crate::{
    error::{DialError, Step},
    policy::{CheckedAddr, PolicyError, Protocol, TargetPolicy},
    resolve::{ADDRESSES_MAX, Resolve, SystemResolver},
    stream::{BoxStream, connect_tcp, connect_unix},
    target::{Target, Timeouts, Transport, WebSocketTarget},
    tls::{TlsSettings, Verify, secure},
    websocket,
};

/// Longest DNS name, in bytes (RFC 1035 §2.3.4, as text and without the last dot).
const HOST_MAX_BYTES: usize = 253;

/// An open connection to a remote.
pub struct Dialled {
    /// The bytes.
    pub stream: BoxStream,
    /// The target's TLS settings with the server name filled in, for [`crate::Driven`].
    pub tls: TlsSettings,
    /// What was connected to, for the log: an address or a path.
    pub peer: String,
    /// Whether the remote is on this machine, so that bytes to and from it cost next to nothing.
    pub is_local: bool,
}

impl std::fmt::Debug for Dialled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Dialled").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// Reaches `target`, if `policy` lets us. Safe to drop at any time.
///
/// # Errors
///
/// [`DialError`]: refused by the policy, not to be found, not to be reached, or not to be trusted.
pub async fn dial(
    target: &Target,
    policy: &TargetPolicy,
    timeouts: &Timeouts,
) -> Result<Dialled, DialError> {
    dial_with(&SystemResolver, target, policy, timeouts).await
}

/// [`dial`], with names looked up by `resolver`.
///
/// # Errors
///
/// As [`dial`].
pub async fn dial_with(
    resolver: &dyn Resolve,
    target: &Target,
    policy: &TargetPolicy,
    timeouts: &Timeouts,
) -> Result<Dialled, DialError> {
    let way = Way { resolver, protocol: target.protocol, policy, timeouts };
    match &target.transport {
        Transport::Tcp { host, port } => {
            let host = Host::parse(host)?;
            let (stream, addr) = way.connect(&host, *port).await?;
            let tls = named(&target.tls, &host, *port);
            let is_local = addr.get().ip().is_loopback();
            Ok(Dialled { stream, tls, peer: addr.to_string(), is_local })
        }
        Transport::Unix { path } => way.connect_unix(path, &target.tls).await,
        Transport::WebSocket(websocket) => way.connect_websocket(websocket, &target.tls).await,
        Transport::RdGateway(gateway) => way.connect_behind(gateway, &target.tls).await,
    }
}

/// What every step on the way needs.
pub(crate) struct Way<'a> {
    pub(crate) resolver: &'a dyn Resolve,
    pub(crate) protocol: Protocol,
    pub(crate) policy: &'a TargetPolicy,
    pub(crate) timeouts: &'a Timeouts,
}

impl Way<'_> {
    /// Resolves, checks, connects: in that order, and once each.
    async fn connect(&self, host: &Host, port: u16) -> Result<(BoxStream, CheckedAddr), DialError> {
        let addrs = self.checked(host, port).await?;
        let (stream, addr) = connect_tcp(&addrs, self.timeouts.connect).await?;
        Ok((Box::new(stream), addr))
    }

    /// The addresses of `host` that the policy permits: at least one.
    pub(crate) async fn checked(
        &self,
        host: &Host,
        port: u16,
    ) -> Result<Vec<CheckedAddr>, DialError> {
        let name = match host {
            Host::Address(ip) => {
                return Ok(vec![self.policy.check(self.protocol, (*ip, port).into())?]);
            }
            Host::Name(name) => name,
        };
        let limit = self.timeouts.resolve;
        let found = tokio::time::timeout(limit, self.resolver.resolve(name, port))
            .await
            .map_err(|_elapsed| DialError::Timeout {
                step: Step::Resolve,
                peer: name.clone(),
                limit,
            })?
            .map_err(|source| DialError::Resolve { host: name.clone(), source })?;

        let mut permitted = Vec::new();
        let mut refused: Option<PolicyError> = None;
        for addr in found.into_iter().take(ADDRESSES_MAX) {
            match self.policy.check(self.protocol, addr) {
                Ok(addr) if permitted.contains(&addr) => {}
                Ok(addr) => permitted.push(addr),
                Err(error) => {
                    tracing::debug!(host = name, %error, "an address of this name is refused");
                    refused.get_or_insert(error);
                }
            }
        }
        match refused {
            _ if !permitted.is_empty() => Ok(permitted),
            Some(error) => Err(error.into()),
            None => Err(DialError::NoAddresses),
        }
    }

    async fn connect_unix(&self, path: &Path, tls: &TlsSettings) -> Result<Dialled, DialError> {
        let (policy, wanted) = (Arc::new(self.policy.clone()), path.to_owned());
        // The check looks at the file system, which may be slow.
        let checked = tokio::task::spawn_blocking(move || policy.check_unix(&wanted))
            .await
            .map_err(|stopping| DialError::Broken(stopping.into()))??;
        let peer = path.display().to_string();
        let stream = connect_unix(&checked, &peer, self.timeouts.connect).await?;
        let tls = placed(tls.clone(), &peer);
        Ok(Dialled { stream: Box::new(stream), tls, peer, is_local: true })
    }

    async fn connect_websocket(
        &self,
        target: &WebSocketTarget,
        tls: &TlsSettings,
    ) -> Result<Dialled, DialError> {
        let upgrade = websocket::Upgrade::of(target)?;
        let host = Host::parse(upgrade.host())?;
        let (mut stream, addr) = self.connect(&host, upgrade.port()).await?;
        let tls = named(tls, &host, upgrade.port());
        if upgrade.is_secure() {
            stream = secure(stream, &tls, Secure::Certificate, self.timeouts.tls).await?;
        }
        let peer = addr.to_string();
        let limit = self.timeouts.connect;
        match tokio::time::timeout(limit, upgrade.run(stream)).await {
            Ok(stream) => {
                // Where the server behind it is, nobody knows.
                Ok(Dialled { stream: Box::new(stream?), tls, peer, is_local: false })
            }
            Err(_elapsed) => Err(DialError::Timeout { step: Step::WebSocket, peer, limit }),
        }
    }
}

/// `settings`, expecting `host` unless they expect something else.
pub(crate) fn named(settings: &TlsSettings, host: &Host, port: u16) -> TlsSettings {
    let server_name = settings.server_name.clone().or_else(|| Some(host.to_string()));
    placed(TlsSettings { server_name, ..settings.clone() }, &format!("{host}:{port}"))
}

/// `settings`, knowing which server it is, where that counts.
pub(crate) fn placed(mut settings: TlsSettings, at: &str) -> TlsSettings {
    if let Verify::FirstUse { place, .. } = &mut settings.verify {
        at.clone_into(place);
    }
    settings
}

/// A target's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    /// Tells addresses from names. Spellings of addresses that only the C library knows, such
    /// as `127.1`, stay names: they are resolved, and the answer is checked like any other.
    pub(crate) fn parse(host: &str) -> Result<Self, DialError> {
        let refuse = |reason| DialError::BadTarget { field: "host", reason };
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Address(address));
        }
        if host.is_empty() {
            return Err(refuse("is empty"));
        }
        if host.len() > HOST_MAX_BYTES {
            return Err(refuse("is longer than 253 bytes"));
        }
        if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            return Err(refuse("is neither an address nor a dns name"));
        }
        Ok(Self::Name(host.to_owned()))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(formatter),
            Self::Name(name) => name.fmt(formatter),
        }
    }
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
