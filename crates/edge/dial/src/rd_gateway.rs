//! Desktops behind an RD Gateway (`[MS-TSGU]`), over its WebSocket transport.

mod stream;
mod upgrade;

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use porthole_remote::{Credentials, Secure};
use porthole_tsgu::{Login, Trust, TsguError, TunnelConfig};

pub(crate) use stream::TunnelStream;

use crate::{
    dial::{Dialled, Host, Way, named, placed},
    error::{DialError, Step},
    policy::{CheckedAddr, CheckedName},
    rd_gateway::upgrade::{Refusal, upgrade},
    stream::connect_tcp,
    target::Timeouts,
    tls::{TlsSettings, Verify, secure_and_identify},
};

/// Our name for the gateway's log.
const CLIENT_NAME: &str = "Porthole";

/// Connections for one log-on: some servers end the one that they asked for credentials on.
const CONNECTIONS_MAX: usize = 2;

/// A desktop behind an RD Gateway.
#[derive(Debug, Clone)]
pub struct RdGatewayTarget {
    /// The gateway: a name or an address.
    pub gateway_host: String,
    /// The gateway's port; 443 as a rule.
    pub gateway_port: u16,
    /// What the gateway lets in.
    pub credentials: Credentials,
    /// Whether these credentials are the desktop's too: then somebody at the screen may be asked
    /// for them, and asked again when they are wrong.
    pub credentials_are_shared: bool,
    /// How to check the gateway's certificate.
    pub tls: TlsSettings,
    /// The desktop, by the name or address that the gateway knows it by.
    pub host: String,
    /// The desktop's port.
    pub port: u16,
}

impl Way<'_> {
    /// Reaches the gateway, if the policy permits it, and through it the desktop, if the policy
    /// permits that.
    pub(crate) async fn connect_behind(
        &self,
        target: &RdGatewayTarget,
        tls: &TlsSettings,
    ) -> Result<Dialled, DialError> {
        let desktop = self.policy.check_behind(self.protocol, &target.host, target.port)?;
        let host = Host::parse(&target.gateway_host)?;
        let addrs = self.checked(&host, target.gateway_port).await?;
        let gate = Arc::new(Gate {
            addrs,
            host: target.gateway_host.clone(),
            port: target.gateway_port,
            credentials: target.credentials.clone(),
            is_shared: target.credentials_are_shared,
            tls: named(&target.tls, &host, target.gateway_port),
            timeouts: *self.timeouts,
            desktop,
        });
        let stream = gate.open(None).await?;
        let server_name = tls.server_name.clone().or_else(|| Some(target.host.clone()));
        let tls = TlsSettings { server_name, ..tls.clone() };
        Ok(Dialled {
            stream: Box::new(stream),
            tls: placed(tls, &gate.desktop.to_string()),
            peer: format!("{} behind {}", gate.desktop, gate.name()),
            is_local: false,
        })
    }
}

/// A gateway whose address the policy has permitted, and the desktop that it is asked for. It
/// outlives the dialling, because gateways want a new proof of who we are now and then.
pub(crate) struct Gate {
    addrs: Vec<CheckedAddr>,
    host: String,
    port: u16,
    credentials: Credentials,
    is_shared: bool,
    tls: TlsSettings,
    timeouts: Timeouts,
    desktop: CheckedName,
}

impl fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gate").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A tunnel on its way.
pub(crate) type Opening = Pin<Box<dyn Future<Output = Result<TunnelStream, DialError>> + Send>>;

impl Gate {
    /// Makes a tunnel with a channel; or one that has none and makes the tunnel of this number live
    /// on.
    pub(crate) async fn open(
        self: &Arc<Self>,
        reauth: Option<u64>,
    ) -> Result<TunnelStream, DialError> {
        let mut login = None;
        for _connection in 0..CONNECTIONS_MAX {
            let (stream, addr) = connect_tcp(&self.addrs, self.timeouts.connect).await?;
            let (stream, peer) = secure_and_identify(
                Box::new(stream),
                &self.tls,
                Secure::Certificate,
                self.timeouts.tls,
            )
            .await?;
            let login = login.get_or_insert_with(|| {
                let trust = Trust::of(&peer.certificate, self.tls.verify != Verify::Off);
                Login::new(self.credentials.clone(), trust)
            });
            let tunnel = TunnelConfig {
                client_name: CLIENT_NAME.to_owned(),
                host: self.desktop.host().to_owned(),
                port: self.desktop.port(),
                reauth,
            };
            let opening = async {
                let socket = upgrade(stream, &self.name(), login).await?;
                let mut stream = TunnelStream::new(socket, tunnel, Arc::clone(self));
                stream.opened().await.map_err(Refusal::Io)?;
                Ok(stream)
            };
            let limit = self.timeouts.connect;
            match tokio::time::timeout(limit, opening).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(Refusal::Hangup)) if !login.is_bound() => {}
                Ok(Err(refusal)) => return Err(self.fault(refusal)),
                Err(_elapsed) => {
                    let (step, peer) = (Step::RdGateway, addr.to_string());
                    return Err(DialError::Timeout { step, peer, limit });
                }
            }
        }
        Err(self.fault(Refusal::Hangup))
    }

    /// As [`Self::open`], in a box.
    pub(crate) fn opening(self: &Arc<Self>, reauth: u64) -> Opening {
        let gate = Arc::clone(self);
        Box::pin(async move { gate.open(Some(reauth)).await })
    }

    /// What went wrong, in the words of a fault.
    fn fault(&self, refusal: Refusal) -> DialError {
        match refusal {
            Refusal::Fault(fault) => self.tunnel_fault(fault),
            Refusal::Hangup => self.tunnel_fault(TsguError::Ended { during: "the log-on" }),
            Refusal::Io(error) => DialError::broken(error),
        }
    }

    /// A fault of this gateway's.
    pub(crate) fn tunnel_fault(&self, fault: TsguError) -> DialError {
        DialError::RdGateway { peer: self.name(), is_shared: self.is_shared, fault }
    }

    /// Host and port, as they stand in a URL.
    fn name(&self) -> String {
        let host = self.host.trim_matches(['[', ']']);
        if host.contains(':') {
            format!("[{host}]:{}", self.port)
        } else {
            format!("{host}:{}", self.port)
        }
    }
}
