//! Stops 2 and 3 of the pixel path: the graphics pipeline (`[MS-RDPEGFX]`), over the dynamic
//! channel `Microsoft::Windows::RDS::Graphics`.
//!
//! Job: keep a [`porthole_pixels::Surface`] equal to the server's graphics output.
//! In: whole messages of the channel, and whether viewers show H.264 themselves. Out: messages
//! for the channel, events, and requests to have something drawn anew, all through
//! [`GraphicsPipeline::poll`].
//!
//! A surface of the server's that is mapped into the output, and shares no pixel of it with
//! another, has no pixels of its own: it is drawn where it is shown. Its moves are copies there,
//! its fills are fills. Other surfaces hold their pixels, and those that are mapped nevertheless
//! are copied to the output when a frame ends.
//!
//! It does not decode H.264 (an [`H264Decoder`] does, when one is lent), scale, know of windows
//! (`RemoteApp`), or keep its cache from one connection to the next.

#![allow(
    clippy::cast_possible_truncation,
    reason = "sides of surfaces are checked and samples clamped before they are cut to their width"
)]

mod acknowledge;
mod annex_b;
mod backlog;
mod budget;
mod cache;
mod canvas;
mod capabilities;
mod codecs;
mod error;
mod h264;
mod limits;
mod messages;
mod parameter_set;
mod pipeline;
mod segments;
mod stream;
mod surfaces;
#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "decibels need no precision")]
mod testing;
mod video;

pub use error::GraphicsError;
pub use h264::{H264Decoder, H264Fault, OpenDecoder, YuvPicture};
pub use limits::MESSAGE_MAX_BYTES;
pub use pipeline::{GraphicsConfig, GraphicsOutput, GraphicsPipeline};

/// The dynamic channel's name (`[MS-RDPEGFX]` 2.1).
pub(crate) const CHANNEL_NAME: &[u8] = b"Microsoft::Windows::RDS::Graphics";
