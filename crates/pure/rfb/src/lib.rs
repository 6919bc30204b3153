//! The VNC driver: a sans-IO RFB client.
//!
//! Job: speak RFB 3.3, 3.7 and 3.8 (RFC 6143 and the extensions that real servers have) and
//! keep a [`porthole_pixels::Surface`] equal to what the server shows.
//! In: bytes, [`porthole_remote::Input`] and the time. Out: bytes, events and a deadline, all
//! through [`porthole_remote::Remote`], which [`RfbClient`] implements.
//!
//! Pixels arrive in the canvas's own order, because that is the format we ask for, and rows
//! are stored in the surface as their bytes arrive: no rectangle is ever held whole, except
//! JPEG and PNG files. At most [`ARRIVED_MAX_BYTES`] must be buffered for it to make progress.
//!
//! It does not open sockets, speak TLS (it asks for [`porthole_remote::Output::Secure`]),
//! encode pictures, or know who is watching.

mod client;
mod clipboard;
mod config;
mod connected;
mod desktop;
mod encodings;
mod error;
mod flow;
mod handshake;
mod input;
mod limits;
mod outbox;
mod path;
mod random;
mod requests;
mod sealed;
mod update;
mod video;
mod words;

pub use client::RfbClient;
pub use config::{EncodingKind, RfbConfig, SecurityKind};
pub use error::RfbError;
pub use limits::ARRIVED_MAX_BYTES;
pub use random::Seed;

#[cfg(test)]
mod testing;
