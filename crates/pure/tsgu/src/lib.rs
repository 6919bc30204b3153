//! RD Gateway (`[MS-TSGU]`), the client's side, without sockets.
//!
//! Job: the packets that make a tunnel through an RD Gateway to a desktop behind it, and the HTTP
//! log-on before them. In: bytes of the tunnel, HTTP challenges, credentials. Out: packets to send,
//! the desktop's bytes, `Authorization` headers.
//!
//! A [`Tunnel`] is told which desktop is meant and says when its channel is open; a [`Login`]
//! answers `WWW-Authenticate`. Which transport carries the packets is the caller's; the WebSocket
//! one (`[MS-TSGU]` 3.3.5.1) is what `porthole-dial` speaks. RPC over HTTP and UDP are not here.
//!
//! For NTLM the log-on asks the system for random numbers and the time, as the RDP driver's does.

mod code;
mod error;
mod login;
mod packet;
mod trust;
mod tunnel;

pub use code::GatewayCode;
pub use error::TsguError;
pub use login::{CHALLENGE_MAX_BYTES, Login};
pub use packet::{DATA_MAX_BYTES, PACKET_MAX_BYTES};
pub use trust::Trust;
pub use tunnel::{Tunnel, TunnelConfig};
