//! Reaches remotes, and runs a driver over what it reached.
//!
//! Job: turn a [`Target`] that a verified token named into a byte stream, and move bytes
//! between that stream and a [`porthole_remote::Remote`]. In: a target, the operator's
//! [`TargetPolicy`], [`Timeouts`]. Out: a [`Dialled`] stream from [`dial()`], and events from
//! [`Driven::next`]. It does not know what the bytes mean, who is watching, or where targets
//! and policies come from.
//!
//! INVARIANT: nothing is dialled but what the policy has checked. Names are resolved once,
//! every answer is checked, and the checked answer is the one connected to, so a name that
//! changes its mind between the check and the connection gains nothing. [`CheckedAddr`],
//! [`CheckedPath`] and [`CheckedName`] can be had from the policy alone, and the connecting code takes nothing else.

mod dial;
mod drive;
mod error;
mod kdc;
mod known_file;
mod policy;
mod prefixed;
mod rd_gateway;
mod resolve;
mod shell;
mod stream;
mod target;
mod tls;
mod websocket;

pub use dial::{Dialled, dial, dial_with};
pub use drive::{Driven, DrivenEvent, DrivenLimits};
pub use error::{DialError, Step};
pub use kdc::{ANSWER_MAX_BYTES, BadKdc, Kdc, KdcClient, KdcTransport};
pub use known_file::{KnownFile, UnusableFile};
pub use policy::{
    BadNamePattern, CheckedAddr, CheckedName, CheckedPath, NamePattern, PolicyError, Protocol,
    Rule, RuleError, Special, TargetPolicy, UnknownProtocol,
};
pub use rd_gateway::RdGatewayTarget;
pub use resolve::{ADDRESSES_MAX, Resolve, Resolving, SystemResolver};
pub use shell::{Caller, CallerNews, ShellControl};
pub use stream::{BoxStream, ByteStream};
pub use target::{Target, Timeouts, Transport, WebSocketTarget};
pub use tls::{
    BadClientCertificate, ClientCertificate, KnownCertificates, TlsFault, TlsSettings, Verify,
    secure,
};
pub use websocket::MESSAGE_MAX_BYTES;
