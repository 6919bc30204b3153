//! Opus (RFC 6716), by libopus.

use bytes::Bytes;
use opusic_c::{Application, Bitrate, Channels, ErrorCode, SampleRate};

use crate::{OPUS_FRAME_MAX_BYTES, SoundError};

/// Bits a second of one channel and of two: where music has no artefacts that one hears beside
/// the original (RFC 7587 §3.1.1 names 64 to 128 kbit/s for stereo music).
const MONO_BITS: u32 = 64_000;
const STEREO_BITS: u32 = 96_000;

/// How hard libopus tries, of 10. Above this it takes twice the time for what few can hear.
const COMPLEXITY: u8 = 5;

/// Packs frames of 20 ms at 48 kHz. Frames depend on those before them.
pub(crate) struct Packer(opusic_c::Encoder);

impl Packer {
    pub(crate) fn new(channels: u8) -> Result<Self, SoundError> {
        let (channels, bits) = match channels {
            1 => (Channels::Mono, MONO_BITS),
            2 => (Channels::Stereo, STEREO_BITS),
            channels => return Err(SoundError::Channels { channels }),
        };
        let make = || {
            let mut encoder =
                opusic_c::Encoder::new(channels, SampleRate::Hz48000, Application::Audio)?;
            encoder.set_bitrate(Bitrate::Value(bits))?;
            encoder.set_complexity(COMPLEXITY)?;
            Ok(encoder)
        };
        make().map(Self).map_err(failed)
    }

    /// Packs one frame of interleaved samples.
    pub(crate) fn pack(&mut self, samples: &[f32]) -> Result<Bytes, SoundError> {
        let mut packed = [0; OPUS_FRAME_MAX_BYTES];
        let len = self.0.encode_float_to_slice(samples, &mut packed).map_err(failed)?;
        Ok(Bytes::copy_from_slice(packed.get(..len).unwrap_or_default()))
    }
}

impl std::fmt::Debug for Packer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Packer")
    }
}

fn failed(code: ErrorCode) -> SoundError {
    SoundError::Opus { reason: code.message() }
}
