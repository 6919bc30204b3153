//! Why a remote could not be reached, or was lost.

use std::{fmt, io, time::Duration};

use porthole_remote::{Blame, CredentialFields, RemoteError};
use porthole_tsgu::TsguError;

use crate::{policy::PolicyError, tls::TlsFault};

/// A step on the way to a remote, each with a time limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Looking the name up.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The WebSocket upgrade.
    WebSocket,
    /// An RD Gateway's log-on and tunnel.
    RdGateway,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Resolve => "looking up the name",
            Self::Connect => "connecting",
            Self::Tls => "the tls handshake",
            Self::WebSocket => "the websocket upgrade",
            Self::RdGateway => "the rd gateway's tunnel",
        })
    }
}

/// A fault that ends a connection to a remote.
///
/// `Display` is for the log and names addresses; [`Self::public_message`] is for the page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The operator's policy does not open the target.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The target makes no sense.
    #[error("{field} {reason}")]
    BadTarget {
        /// The part of the target.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name could not be looked up.
    #[error("looking up {host} failed: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// The name has no address.
    #[error("the target's name has no address")]
    NoAddresses,
    /// No connection.
    #[error("connecting to {peer} failed: {source}")]
    Connect {
        /// The address or path.
        peer: String,
        /// What the system said.
        source: io::Error,
    },
    /// A step took too long.
    #[error("{step} took longer than {limit:?}, with {peer}")]
    Timeout {
        /// Which step.
        step: Step,
        /// The name, address or path.
        peer: String,
        /// How long it may take.
        limit: Duration,
    },
    /// TLS could not be set up.
    #[error("tls with {peer} failed: {fault}")]
    Tls {
        /// The name that was expected of the server, or how it was reached.
        peer: String,
        /// What went wrong.
        fault: TlsFault,
    },
    /// The server answered the WebSocket upgrade with another status.
    #[error("{peer} refused the websocket upgrade with status {status}")]
    WebSocketRefused {
        /// Host and port.
        peer: String,
        /// The HTTP status.
        status: u16,
    },
    /// The WebSocket upgrade failed otherwise.
    #[error("the websocket upgrade with {peer} failed: {reason}")]
    WebSocket {
        /// Host and port.
        peer: String,
        /// What went wrong, one printable line.
        reason: String,
    },
    /// The RD Gateway lets nobody in, is none, or broke its protocol.
    #[error("the rd gateway {peer}: {fault}")]
    RdGateway {
        /// Host and port.
        peer: String,
        /// Whether the gateway's credentials are the desktop's.
        is_shared: bool,
        /// What went wrong.
        fault: TsguError,
    },
    /// The KDC of the connection's configuration could not be asked.
    #[error("the KDC {peer} does not answer: {reason}")]
    Kdc {
        /// Host and port.
        peer: String,
        /// What went wrong, one printable line.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(#[source] io::Error),
    /// The remote read nothing of what we had for it.
    #[error("the remote read nothing for {limit:?}")]
    WriteStalled {
        /// How long it may read nothing.
        limit: Duration,
    },
    /// A queue would grow past what we are willing to hold.
    #[error("{field} would be {value}, the limit is {limit}")]
    OverLimit {
        /// The queue.
        field: &'static str,
        /// What it would hold.
        value: usize,
        /// What it may hold.
        limit: usize,
    },
    /// The remote sent us to a place that we do not go to.
    #[error("the remote's redirection is not followed: {reason}")]
    Redirected {
        /// Why not.
        reason: &'static str,
    },
    /// The remote asks what nobody is there to answer.
    #[error("the remote asks a question and nobody is there to answer it")]
    Unasked,
    /// The driver panicked. Its remote is at fault until shown otherwise.
    #[error("the driver panicked: {message}")]
    RemotePanicked {
        /// The panic's message, one printable line.
        message: String,
    },
    /// The driver gave up.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl DialError {
    /// What a stream's fault means: one of ours, if one of our streams has put it there.
    pub fn broken(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(fault) => fault,
            Err(error) => Self::Broken(error),
        }
    }

    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Policy(_) => "policy",
            Self::BadTarget { .. } => "bad_target",
            Self::Resolve { .. } | Self::NoAddresses => "resolve",
            Self::Connect { .. } => "connect",
            Self::Timeout { step: Step::Resolve, .. } => "resolve_timeout",
            Self::Timeout { step: Step::Connect, .. } => "connect_timeout",
            Self::Timeout { step: Step::Tls, .. } => "tls_timeout",
            Self::Timeout { step: Step::WebSocket, .. } => "websocket_timeout",
            Self::Timeout { step: Step::RdGateway, .. } => "gateway_timeout",
            Self::Tls { fault, .. } => fault.cause(),
            Self::WebSocketRefused { .. } => "websocket_refused",
            Self::WebSocket { .. } => "websocket",
            Self::RdGateway { fault, .. } => fault.cause(),
            Self::Kdc { .. } => "kdc_unreachable",
            Self::Broken(_) => "broken",
            Self::WriteStalled { .. } => "write_stalled",
            Self::OverLimit { .. } => "over_limit",
            Self::Redirected { .. } => "redirected",
            Self::Unasked => "unasked",
            Self::RemotePanicked { .. } => "panicked",
            Self::Remote(error) => error.cause(),
        }
    }

    /// Who has to act.
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Policy(_) | Self::BadTarget { .. } | Self::Resolve { .. } | Self::NoAddresses => {
                Blame::Operator
            }
            Self::Tls { fault, .. } => fault.blame(),
            Self::WebSocketRefused { status: 401 | 403, .. } | Self::Unasked => Blame::Credentials,
            // Nobody at the screen knows the gateway's own credentials.
            Self::RdGateway { is_shared, fault, .. } => match fault.blame() {
                Blame::Credentials if !*is_shared => Blame::Operator,
                blame => blame,
            },
            Self::Remote(error) => error.blame(),
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::WebSocketRefused { .. }
            | Self::WebSocket { .. }
            | Self::Kdc { .. }
            | Self::Broken(_)
            | Self::WriteStalled { .. }
            | Self::OverLimit { .. }
            | Self::Redirected { .. }
            | Self::RemotePanicked { .. } => Blame::Remote,
        }
    }

    /// The credentials that were wanted and not given; none when that was not the matter.
    pub const fn lacks(&self) -> CredentialFields {
        match self {
            Self::Remote(error) => error.lacks(),
            Self::RdGateway { is_shared: true, fault, .. } => fault.lacks(),
            _ => CredentialFields(0),
        }
    }

    /// What the page may say: no name, address or path from inside the operator's network.
    pub fn public_message(&self) -> String {
        match self {
            Self::Policy(_) => "this gateway may not connect to that remote".into(),
            Self::BadTarget { field, reason } => format!("the remote's {field} {reason}"),
            Self::Resolve { .. } | Self::NoAddresses => "the remote's name is not known".into(),
            Self::Connect { source, .. } => match source.kind() {
                io::ErrorKind::ConnectionRefused => "the remote refused the connection".into(),
                _ => "the remote cannot be reached".into(),
            },
            Self::Timeout { step, .. } => format!("the remote did not answer: {step} timed out"),
            Self::Tls { fault, .. } => fault.public_message().into(),
            Self::WebSocketRefused { status, .. } => {
                format!("the remote refused the connection with status {status}")
            }
            Self::WebSocket { .. } => "the remote does not serve this kind of websocket".into(),
            Self::Kdc { .. } => "the KDC does not answer".into(),
            // Its words name no address.
            Self::RdGateway { fault, .. } => format!("the RD Gateway: {fault}"),
            Self::Broken(_) => "the connection to the remote broke".into(),
            Self::WriteStalled { .. } => "the remote stopped responding".into(),
            Self::Redirected { .. } => {
                "the remote sent the connection to a place that cannot be reached from here".into()
            }
            Self::Unasked => "the remote asks a question that nobody here may answer".into(),
            Self::OverLimit { .. } => "the remote sent or was sent too much at once".into(),
            Self::RemotePanicked { .. } => "the remote sent something that broke the driver".into(),
            Self::Remote(error) => error.to_string(),
        }
    }
}
