//! A remote's sound on its way to browsers.
//!
//! Job: turn PCM of any usual rate into frames of 20 ms at 48 kHz, once for all viewers: packed
//! with Opus, or as they are. Silence is left out.
//! In: 16-bit PCM as it comes. Out: [`Frame`]s, each with its number.
//!
//! It does not know when sound is to be heard, who hears it or how it travels.

mod encoder;
mod error;
mod opus;
mod resampler;
mod samples;

pub use encoder::{Encoder, Frame, Wanted};
pub use error::SoundError;
pub use resampler::Resampler;
pub use samples::{from_pcm, to_pcm};

/// Samples a second of what browsers are sent.
pub const RATE_HZ: u32 = 48_000;

/// Frames a second.
pub const FRAMES_A_SECOND: u32 = 50;

/// Samples of one channel in a frame: 20 ms.
pub const FRAME_SAMPLES: usize = (RATE_HZ / FRAMES_A_SECOND) as usize;

/// The rates that sound may have, in samples a second. Between any two of them the steps of a
/// [`Resampler`] make a table of bounded length.
pub const RATES_HZ: [u32; 9] =
    [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/// Most channels.
pub const CHANNELS_MAX: u8 = 2;

/// Longest packed frame, in bytes (RFC 6716 §3.4: 1275, and a byte of its own before it).
pub const OPUS_FRAME_MAX_BYTES: usize = 1276;
