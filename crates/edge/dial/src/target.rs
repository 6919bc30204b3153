//! What to reach, and how.

use std::{fmt, path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::{policy::Protocol, rd_gateway::RdGatewayTarget, tls::TlsSettings};

/// A remote to reach.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it speaks. The policy's rules are per protocol.
    pub protocol: Protocol,
    /// How to get there.
    pub transport: Transport,
    /// For `wss`, and for when the driver asks to turn the stream into TLS.
    pub tls: TlsSettings,
}

/// A way to a remote.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Transport {
    /// TCP.
    Tcp {
        /// A name or an address; an IPv6 address with or without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// A Unix socket on the gateway's own machine.
    Unix {
        /// Where it is: absolute, without `..`.
        path: PathBuf,
    },
    /// Binary WebSocket messages that carry the byte stream.
    WebSocket(WebSocketTarget),
    /// The tunnel of an RD Gateway. For RDP.
    RdGateway(Box<RdGatewayTarget>),
}

impl Transport {
    /// The same way to another host, where the way names one.
    #[must_use]
    pub fn to(mut self, other: &str) -> Self {
        match &mut self {
            Self::Tcp { host, .. } => other.clone_into(host),
            Self::RdGateway(gateway) => other.clone_into(&mut gateway.host),
            Self::Unix { .. } | Self::WebSocket(_) => {}
        }
        self
    }
}

/// A WebSocket that carries a byte stream, as websockify and `KubeVirt` serve them.
#[derive(Clone)]
pub struct WebSocketTarget {
    /// `ws://` or `wss://`, without user information.
    pub url: String,
    /// Subprotocols to offer, best first. When any are offered the server has to choose one.
    pub subprotocols: Vec<String>,
    /// More request headers, such as `Authorization`.
    pub headers: Vec<(String, SecretString)>,
}

impl WebSocketTarget {
    /// `url` with the subprotocol `binary`, as websockify expects it, and no more headers.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), subprotocols: vec!["binary".to_owned()], headers: Vec::new() }
    }
}

impl fmt::Debug for WebSocketTarget {
    /// Without the query, where some servers expect a ticket.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        formatter
            .debug_struct("WebSocketTarget")
            .field("url", &url)
            .field("subprotocols", &self.subprotocols)
            .field("headers", &self.headers)
            .finish()
    }
}

/// How long each step to a remote may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Looking the name up.
    pub resolve: Duration,
    /// Connecting, all addresses together; and again for the WebSocket upgrade, or an RD Gateway's log-on
    /// and tunnel.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
}

impl Default for Timeouts {
    /// 5, 10 and 10 seconds.
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
        }
    }
}
