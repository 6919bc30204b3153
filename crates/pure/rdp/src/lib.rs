//! The RDP driver: a sans-IO client.
//!
//! Job: speak RDP (`[MS-RDPBCGR]` and what extends it) and keep a [`porthole_pixels::Surface`] equal
//! to what the server shows.
//! In: bytes, [`porthole_remote::Input`] and the time. Out: bytes, events and a deadline, all
//! through [`porthole_remote::Remote`], which [`RdpClient`] implements.
//!
//! IronRDP's crates have the connection sequence, network level authentication and the codecs; the
//! messages of a session that is up are read here, so that every pixel goes straight into the
//! surface, every rectangle is checked against it, and no second picture is held. At most
//! [`ARRIVED_MAX_BYTES`] must be buffered for it to make progress.
//!
//! It does not open sockets, speak TLS (it asks for [`porthole_remote::Output::Secure`]), encode
//! pictures, or know who is watching. For NTLM, Kerberos and licences IronRDP asks the system for random
//! numbers and, in the first two, for the time: the one place where this tier's rule is bent.

mod bulk;
mod certificate;
mod channels;
mod client;
mod clipboard;
mod config;
mod connect;
mod connected;
mod devices;
mod display_control;
mod dynamic;
mod error;
mod fast_path;
mod frames;
mod framing;
mod graphics;
pub mod graphics_pipeline;
mod input;
mod keyboard_layout;
mod limits;
mod mcs;
mod monitors;
mod nla;
mod outbox;
mod path_probe;
mod pointer;
mod reconnect;
mod redirection;
mod refusal;
mod settings;
mod share;
mod sound;
mod time_zone;
mod touch;

pub use client::RdpClient;
pub use clipboard::ClipboardAlone;
pub use config::{
    AuthPackage, ColorDepth, DeviceConfig, DriveConfig, KdcScheme, LineEnds, Looks, Preconnection,
    RdpConfig, SecurityMode, SummerTime, TimeZone, YearlyMoment,
};
pub use devices::{DeviceChannel, DeviceOutput};
pub use error::RdpError;
pub use graphics_pipeline::{
    GraphicsConfig, GraphicsError, H264Decoder, H264Fault, OpenDecoder, YuvPicture,
};
pub use keyboard_layout::KeyboardLayout;
pub use limits::ARRIVED_MAX_BYTES;
pub use nla::KdcFault;
pub use reconnect::ReconnectCookie;
pub use redirection::Redirected;
pub use refusal::{ErrorInfo, LogonFault};
#[doc(hidden)]
pub use sound::hear;

#[cfg(test)]
mod testing;
