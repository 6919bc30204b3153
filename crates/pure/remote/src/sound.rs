//! Sound, in both directions.

use std::fmt;

use bytes::Bytes;

/// What samples mean. They are 16-bit, little-endian, two's complement, and interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoundFormat {
    /// Samples a second of each channel: one of [`SoundFormat::RATES_HZ`].
    pub rate_hz: u32,
    /// 1 or 2: left and right.
    pub channels: u8,
}

impl SoundFormat {
    /// The rates that drivers agree on with their servers.
    pub const RATES_HZ: [u32; 9] =
        [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

    /// Bytes of a sample in every channel.
    pub const fn step_bytes(self) -> usize {
        2 * self.channels as usize
    }
}

/// Some sound. What follows it without a break is the next of its kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound {
    /// What the samples mean; it may change from one piece to the next.
    pub format: SoundFormat,
    /// The samples: whole steps, at most [`Sound::PCM_MAX_BYTES`].
    pub pcm: Bytes,
}

impl Sound {
    /// Longest piece, in bytes.
    pub const PCM_MAX_BYTES: usize = 128 << 10;
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sound({:?}, {} bytes)", self.format, self.pcm.len())
    }
}
