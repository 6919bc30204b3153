//! What is heard and said: one encoder for all viewers, a short queue for each.
//!
//! Sound is worth nothing late. What waits for a socket is dropped when it is old, the oldest
//! first, and nothing of it is sent again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use porthole_link::{SoundCodec, SoundNews, ToBrowser};
use porthole_remote::{Sound, SoundFormat};
use porthole_sound::{Encoder, Frame, RATE_HZ, Resampler, Wanted, from_pcm, to_pcm};

use crate::viewer::Viewer;
use crate::{Permissions, ViewerId};

/// How long a frame may wait for its socket. The browser holds up to 110 ms on top of it.
const LATE: Duration = Duration::from_millis(40);

/// Most frames that wait, which may come at once: 120 ms.
const WAITING_MAX: usize = 6;

/// How far ahead of its time sound may come: what comes faster is not worth its encoding.
const AHEAD_MAX: Duration = Duration::from_millis(500);

/// For how long whoever speaks has the word after a pause.
const WORD: Duration = Duration::from_secs(1);

/// The session's part.
#[derive(Debug, Default)]
pub(crate) struct SessionSound {
    pub(crate) encoder: Encoder,
    heard: RealTime,
    /// In which format the remote records, if it does.
    pub(crate) recording: Option<SoundFormat>,
    speaker: Option<Speaker>,
}

/// The one viewer whose words reach the remote.
#[derive(Debug)]
struct Speaker {
    viewer: ViewerId,
    rate_hz: u32,
    resampler: Resampler,
    format: SoundFormat,
    at: Instant,
    said: RealTime,
}

impl SessionSound {
    /// Whether the remote records what `viewer` says.
    pub(crate) const fn is_recording(&self, viewer: &Viewer) -> bool {
        self.recording.is_some() && viewer.permissions.allow(Permissions::MICROPHONE)
    }

    /// A viewer is gone.
    pub(crate) fn left(&mut self, viewer: ViewerId) {
        self.speaker.take_if(|speaker| speaker.viewer == viewer);
    }

    /// Whether sound from the remote comes at a pace at which it can be heard.
    pub(crate) fn is_in_time(&mut self, now: Instant, sound: &Sound) -> bool {
        self.heard.take(now, sound)
    }

    /// Nobody speaks any more.
    pub(crate) fn hush(&mut self) {
        self.speaker = None;
    }

    /// Turns what `viewer` says into what the remote records. `None`: it does not, or somebody else
    /// has the word.
    pub(crate) fn say(
        &mut self,
        now: Instant,
        viewer: ViewerId,
        rate_hz: u32,
        pcm: &Bytes,
    ) -> Option<Sound> {
        let format = self.recording?;
        let has_word = |speaker: &Speaker| {
            speaker.viewer != viewer && now.saturating_duration_since(speaker.at) < WORD
        };
        if self.speaker.as_ref().is_some_and(has_word) {
            return None;
        }
        let is_same = |speaker: &Speaker| {
            speaker.viewer == viewer && speaker.rate_hz == rate_hz && speaker.format == format
        };
        let speaker = match self.speaker.take().filter(is_same) {
            Some(speaker) => self.speaker.insert(speaker),
            None => self.speaker.insert(Speaker {
                viewer,
                rate_hz,
                resampler: Resampler::new(rate_hz, format.rate_hz, 1).ok()?,
                format,
                at: now,
                said: RealTime::default(),
            }),
        };
        speaker.at = now;
        let mono = SoundFormat { rate_hz, channels: 1 };
        if !speaker.said.take(now, &Sound { format: mono, pcm: pcm.clone() }) {
            return None;
        }
        let mut samples = Vec::new();
        speaker.resampler.push(from_pcm(pcm), &mut samples);
        if format.channels == 2 {
            samples = samples.into_iter().flat_map(|sample| [sample; 2]).collect();
        }
        let mut pcm = BytesMut::new();
        to_pcm(&samples, &mut pcm);
        Some(Sound { format, pcm: pcm.freeze() }).filter(|sound| !sound.pcm.is_empty())
    }
}

/// How far sound is ahead of the clock.
#[derive(Debug, Default)]
struct RealTime {
    /// When all that came will have been heard.
    until: Option<Instant>,
}

impl RealTime {
    /// Counts `sound`, unless it comes too early.
    fn take(&mut self, now: Instant, sound: &Sound) -> bool {
        let until = self.until.map_or(now, |until| until.max(now));
        if until.saturating_duration_since(now) > AHEAD_MAX {
            return false;
        }
        let steps = u32::try_from(sound.pcm.len() / sound.format.step_bytes().max(1));
        let rate = f64::from(sound.format.rate_hz.max(1));
        let seconds = f64::from(steps.unwrap_or(u32::MAX)) / rate;
        // A piece is bounded, so its time is.
        self.until = until.checked_add(Duration::from_secs_f64(seconds));
        true
    }
}

/// One viewer's part: what it has not heard yet.
#[derive(Debug, Default)]
pub(crate) struct SoundQueue {
    /// How it listens, if it does.
    codec: Option<SoundCodec>,
    /// What it was told of the format: how many channels.
    told: Option<u8>,
    waiting: VecDeque<(Instant, u8, u32, Bytes)>,
}

impl SoundQueue {
    /// The viewer wants to hear, or not.
    pub(crate) fn listen(&mut self, codec: Option<SoundCodec>) {
        *self = Self { codec, ..Self::default() };
    }

    /// What it needs of each frame.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            opus: self.codec == Some(SoundCodec::Opus),
            pcm: self.codec == Some(SoundCodec::Pcm),
        }
    }

    /// A frame is there.
    pub(crate) fn push(&mut self, now: Instant, frame: &Frame) {
        let data = match self.codec {
            Some(SoundCodec::Opus) => &frame.opus,
            Some(SoundCodec::Pcm) => &frame.pcm,
            None => return,
        };
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now, frame.channels, frame.number, data.clone()));
    }

    pub(crate) fn drop_late(&mut self, now: Instant) {
        self.waiting.retain(|(at, ..)| now.saturating_duration_since(*at) <= LATE);
    }

    /// Writes all that waits.
    pub(crate) fn write(&mut self, out: &mut BytesMut) {
        let Some(codec) = self.codec else { return };
        for (_, channels, number, data) in self.waiting.drain(..) {
            if self.told != Some(channels) {
                self.told = Some(channels);
                let format = SoundNews::Format { codec, channels, rate_hz: RATE_HZ };
                ToBrowser::Sound(format).encode(out);
            }
            ToBrowser::Sound(SoundNews::Frame(number, data)).encode(out);
        }
    }
}

#[cfg(test)]
#[path = "sound_tests.rs"]
mod tests;
