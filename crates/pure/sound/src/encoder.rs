//! PCM as it comes, to numbered frames.

use bytes::{Bytes, BytesMut};

use crate::opus::Packer;
use crate::{FRAME_SAMPLES, RATE_HZ, Resampler, SoundError, from_pcm, to_pcm};

/// Frames of silence that are sent after sound: what Opus has still to say of it, and no click.
const QUIET_FRAMES_SENT: u32 = 2;

/// Below this, half of the smallest 16-bit step, a sample is silence.
const QUIET_PEAK: f32 = 0.5 / 32_768.0;

/// In which forms frames are wanted. Those that nobody wants cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Packed with Opus.
    pub opus: bool,
    /// As they are.
    pub pcm: bool,
}

impl Wanted {
    /// Whether nobody listens.
    pub const fn is_nothing(self) -> bool {
        !self.opus && !self.pcm
    }
}

/// 20 ms of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// One more for each frame, sent or left out as silence; begins anew after 2^32.
    pub number: u32,
    /// 1 or 2.
    pub channels: u8,
    /// An Opus packet (RFC 6716 §3), empty if not wanted.
    pub opus: Bytes,
    /// 16-bit little-endian samples at 48 kHz, interleaved; empty if not wanted.
    pub pcm: Bytes,
}

/// Makes frames of one remote's sound, once for all who listen.
#[derive(Debug, Default)]
pub struct Encoder {
    source: Option<Source>,
    number: u32,
}

/// Sound of one format.
#[derive(Debug)]
struct Source {
    rate_hz: u32,
    channels: u8,
    resampler: Resampler,
    packer: Option<Packer>,
    /// Less than a frame at 48 kHz.
    pending: Vec<f32>,
    /// Frames of silence in a row.
    quiet: u32,
}

impl Encoder {
    /// Takes interleaved 16-bit little-endian samples of `channels` channels and appends the frames
    /// that are full. Time and memory go with the length of `pcm`, which is the caller's to bound.
    ///
    /// # Errors
    ///
    /// A format that cannot be served; nothing comes of the samples.
    pub fn push(
        &mut self,
        rate_hz: u32,
        channels: u8,
        pcm: &[u8],
        wanted: Wanted,
        out: &mut Vec<Frame>,
    ) -> Result<(), SoundError> {
        if wanted.is_nothing() {
            self.source = None;
            return Ok(());
        }
        let is_same = |source: &Source| source.rate_hz == rate_hz && source.channels == channels;
        let source = match self.source.take().filter(is_same) {
            Some(source) => self.source.insert(source),
            None => self.source.insert(Source::new(rate_hz, channels)?),
        };
        let whole = pcm.len() - pcm.len() % (2 * usize::from(channels));
        let samples = from_pcm(pcm.get(..whole).unwrap_or_default());
        source.resampler.push(samples, &mut source.pending);
        source.take_frames(&mut self.number, wanted, out)
    }

    /// The sound is over for now: what was not enough for a frame is filled up with silence.
    ///
    /// # Errors
    ///
    /// [`SoundError::Opus`].
    pub fn end(&mut self, wanted: Wanted, out: &mut Vec<Frame>) -> Result<(), SoundError> {
        let Some(mut source) = self.source.take() else { return Ok(()) };
        if wanted.is_nothing() {
            return Ok(());
        }
        // A frame more than that, for what the filters still hold.
        let frame = FRAME_SAMPLES * usize::from(source.channels);
        let tail = std::iter::repeat_n(0.0, 2 * frame - source.pending.len().min(frame));
        source.pending.extend(tail);
        source.take_frames(&mut self.number, wanted, out)
    }
}

impl Source {
    fn new(rate_hz: u32, channels: u8) -> Result<Self, SoundError> {
        Ok(Self {
            rate_hz,
            channels,
            resampler: Resampler::new(rate_hz, RATE_HZ, channels)?,
            packer: None,
            pending: Vec::new(),
            quiet: QUIET_FRAMES_SENT,
        })
    }

    fn take_frames(
        &mut self,
        number: &mut u32,
        wanted: Wanted,
        out: &mut Vec<Frame>,
    ) -> Result<(), SoundError> {
        let frame_len = FRAME_SAMPLES * usize::from(self.channels);
        let frames = self.pending.chunks_exact(frame_len);
        let rest = frames.remainder().to_vec();
        for samples in frames {
            let this = *number;
            *number = number.wrapping_add(1);
            let is_quiet = samples.iter().all(|sample| sample.abs() < QUIET_PEAK);
            self.quiet = if is_quiet { self.quiet.saturating_add(1) } else { 0 };
            if self.quiet > QUIET_FRAMES_SENT {
                continue;
            }
            let mut frame = Frame {
                number: this,
                channels: self.channels,
                opus: Bytes::new(),
                pcm: Bytes::new(),
            };
            if wanted.opus {
                let packer = match &mut self.packer {
                    Some(packer) => packer,
                    none => none.insert(Packer::new(self.channels)?),
                };
                frame.opus = packer.pack(samples)?;
            }
            if wanted.pcm {
                let mut pcm = BytesMut::new();
                to_pcm(samples, &mut pcm);
                frame.pcm = pcm.freeze();
            }
            out.push(frame);
        }
        self.pending = rest;
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "a second of samples")]
mod tests {
    use std::f64::consts::TAU;

    use opusic_c::{Channels, Decoder, SampleRate};

    use super::{Encoder, Frame, Wanted};
    use crate::{FRAME_SAMPLES, OPUS_FRAME_MAX_BYTES, SoundError};

    const BOTH: Wanted = Wanted { opus: true, pcm: true };

    #[expect(clippy::cast_possible_truncation, reason = "within 16 bits")]
    fn tone(rate_hz: u32, channels: u8, hz: f64, samples: u32) -> Vec<u8> {
        let sample = |at: u32| (TAU * hz * f64::from(at) / f64::from(rate_hz)).sin() * 12_000.0;
        let each = |at| vec![(sample(at) as i16).to_le_bytes(); channels.into()];
        (0..samples).flat_map(each).flatten().collect()
    }

    /// How loud a tone of `hz` is in one channel at 48 kHz, 1 for full scale (Goertzel).
    fn loudness(samples: &[f32], hz: f64) -> f64 {
        let step = 2.0 * (TAU * hz / 48_000.0).cos();
        let (mut last, mut before) = (0.0, 0.0);
        for sample in samples {
            (last, before) = (f64::from(*sample) + step * last - before, last);
        }
        let power = last * last + before * before - step * last * before;
        2.0 * power.max(0.0).sqrt() / samples.len() as f64
    }

    fn decode(frames: &[Frame], channels: Channels) -> Vec<f32> {
        let mut decoder = Decoder::new(channels, SampleRate::Hz48000).unwrap();
        let mut out = Vec::new();
        for frame in frames {
            let mut samples = vec![0.0; FRAME_SAMPLES * channels as usize];
            let len = decoder.decode_float_to_slice(&frame.opus, &mut samples, false).unwrap();
            assert_eq!(len, FRAME_SAMPLES);
            out.extend(samples.into_iter().step_by(channels as usize));
        }
        out
    }

    #[test]
    fn a_tone_is_heard_after_opus() {
        for (rate_hz, channels) in [(44_100, 2), (22_050, 1), (48_000, 2), (8_000, 1)] {
            let mut encoder = Encoder::default();
            let mut frames = Vec::new();
            for piece in tone(rate_hz, channels, 1000.0, rate_hz).chunks(8192) {
                encoder.push(rate_hz, channels, piece, BOTH, &mut frames).unwrap();
            }
            assert!((48..=50).contains(&frames.len()), "{rate_hz}: {}", frames.len());
            assert!(frames.iter().zip(0..).all(|(frame, number)| frame.number == number));
            let whole = FRAME_SAMPLES * usize::from(channels) * 2;
            assert!(frames.iter().all(|frame| frame.pcm.len() == whole));
            assert!(frames.iter().all(|frame| frame.opus.len() < OPUS_FRAME_MAX_BYTES / 2));
            let heard =
                decode(&frames, if channels == 2 { Channels::Stereo } else { Channels::Mono });
            let steady = &heard[4_800..38_400];
            let (there, elsewhere) = (loudness(steady, 1000.0), loudness(steady, 1700.0));
            assert!((0.3..0.42).contains(&there), "{rate_hz}: {there}");
            assert!(elsewhere < 0.01, "{rate_hz}: {elsewhere}");
        }
    }

    #[test]
    fn silence_is_counted_and_not_sent() {
        let mut encoder = Encoder::default();
        let mut frames = Vec::new();
        let silence = vec![0; FRAME_SAMPLES * 2 * 10];
        let mut push = |pcm: &[u8], frames: &mut Vec<Frame>| {
            encoder.push(48_000, 1, pcm, BOTH, frames).unwrap();
        };
        push(&silence, &mut frames);
        assert_eq!(frames, []);
        push(&tone(48_000, 1, 440.0, 960), &mut frames);
        push(&silence, &mut frames);
        push(&tone(48_000, 1, 440.0, 960), &mut frames);
        let numbers: Vec<u32> = frames.iter().map(|frame| frame.number).collect();
        assert_eq!(numbers, [10, 11, 12, 21]);
    }

    #[test]
    fn an_end_fills_up_the_last_frame() {
        let mut encoder = Encoder::default();
        let mut frames = Vec::new();
        encoder.push(48_000, 2, &tone(48_000, 2, 440.0, 100), BOTH, &mut frames).unwrap();
        assert_eq!(frames, []);
        encoder.end(BOTH, &mut frames).unwrap();
        assert_eq!(frames.len(), 2);
        encoder.end(BOTH, &mut frames).unwrap();
        assert_eq!(frames.len(), 2);
    }

    #[test]
    fn forms_that_nobody_wants_are_not_made() {
        let pcm = tone(48_000, 1, 440.0, 960);
        for (opus, is_pcm) in [(true, false), (false, true), (false, false)] {
            let mut frames = Vec::new();
            let wanted = Wanted { opus, pcm: is_pcm };
            Encoder::default().push(48_000, 1, &pcm, wanted, &mut frames).unwrap();
            assert_eq!(frames.len(), usize::from(opus || is_pcm));
            assert!(frames.iter().all(|frame| frame.opus.is_empty() != opus));
            assert!(frames.iter().all(|frame| frame.pcm.is_empty() != is_pcm));
        }
    }

    #[test]
    fn formats_change_and_bad_ones_are_refused() {
        let mut encoder = Encoder::default();
        let mut frames = Vec::new();
        encoder.push(44_100, 2, &vec![0x55; 4410 * 4], BOTH, &mut frames).unwrap();
        encoder.push(22_050, 1, &[0x55; 2205 * 2], BOTH, &mut frames).unwrap();
        assert!(frames.iter().any(|frame| frame.channels == 2));
        assert!(frames.iter().any(|frame| frame.channels == 1));
        let mut push = |rate, channels| encoder.push(rate, channels, &[1; 99], BOTH, &mut frames);
        assert_eq!(push(1, 1), Err(SoundError::Rate { rate_hz: 1 }));
        assert_eq!(push(48_000, 3), Err(SoundError::Channels { channels: 3 }));
        assert_eq!(push(48_000, 0), Err(SoundError::Channels { channels: 0 }));
    }
}
