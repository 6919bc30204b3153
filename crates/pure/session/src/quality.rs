//! Which JPEG quality a photograph or a moving picture gets.

use std::time::{Duration, Instant};

use porthole_link::QualityMode;
use porthole_tiles::{JpegSettings, Subsampling};

use crate::pacing::{DELAY_LOW, Outlook};

/// Quality, subsampling and a first guess at bytes a pixel, best first. Text never enters here.
///
/// The bench's film at 1280x720 and 30 frames a second, in turn: 5.3, 1.7, 1.1, 1.0 and
/// 0.7 MB/s at a PSNR of 41.0, 40.3, 39.6, 38.3 and 35.9 dB; its photographs need up to half as
/// much again. Below that the file is mostly structure: quality 10 saves a fifth of it and
/// 3 dB.
const RUNGS: [(JpegSettings, f64); 5] = [
    (JpegSettings { quality: 92, subsampling: Subsampling::S444 }, 0.235),
    (JpegSettings { quality: 80, subsampling: Subsampling::S420 }, 0.092),
    (JpegSettings { quality: 62, subsampling: Subsampling::S420 }, 0.049),
    (JpegSettings { quality: 41, subsampling: Subsampling::S420 }, 0.036),
    (JpegSettings { quality: 25, subsampling: Subsampling::S420 }, 0.027),
];

/// The best rung for what moves: the eye cannot see more there, and rest makes it exact.
const RUNG_MOVING: usize = 1;

/// The rung used before the network has been measured.
const RUNG_START: usize = 2;

/// The best rung for a viewer that wants few bytes.
const RUNG_SPARING: usize = 2;

/// Bytes a pixel, however simple or noisy the picture.
const COST_MIN: f64 = 1e-3;
const COST_MAX: f64 = 4.0;

/// A frame should be delivered within this.
pub(crate) const FRAME_TIME: Duration = Duration::from_millis(33);

/// Before the last rung is taken, a frame may take this long: 15 a second.
const FRAME_TIME_SLOW: Duration = Duration::from_millis(66);

/// How long nothing must have waited on the path before a better rung is tried.
const RISE_AFTER: Duration = Duration::from_secs(1);

/// Learns what each rung costs and picks the best that fits.
#[derive(Debug)]
pub(crate) struct Ladder {
    bytes_per_pixel: [f64; RUNGS.len()],
    /// The rung in use, which only falls within [`RISE_AFTER`] of a delay or of the last change.
    rung: usize,
    unsteady_at: Option<Instant>,
}

impl Ladder {
    pub(crate) fn new() -> Self {
        Self { bytes_per_pixel: RUNGS.map(|(_, guess)| guess), rung: RUNG_START, unsteady_at: None }
    }

    /// The best rung for `pixels` of which most move or, if not `moving`, are seen for the first
    /// time. `gap` is the time to the next frame. Falls at once; rises a second after the last
    /// delay.
    pub(crate) fn choose(
        &mut self,
        now: Instant,
        mode: QualityMode,
        pixels: u32,
        moving: bool,
        gap: Duration,
        outlook: &Outlook,
    ) -> Rung {
        let best = if mode == QualityMode::Sparing { RUNG_SPARING } else { 0 };
        let best = if moving { best.max(RUNG_MOVING) } else { best };
        let Some(rate) = outlook.rate else { return Rung(best.max(RUNG_START)) };
        let frame = |time: Duration| rate * time.max(gap).as_secs_f64();
        let last = RUNGS.len() - 1;
        // A lower frame rate is seen less than the last rung's blocks.
        let fitting = self
            .fitting(pixels, frame(FRAME_TIME))
            .filter(|rung| *rung < last)
            .or_else(|| self.fitting(pixels, frame(FRAME_TIME_SLOW)).map(|rung| rung.max(last - 1)))
            .unwrap_or(last);
        // A path that was never full has only shown what was asked of it.
        let fitting = if outlook.was_full { fitting } else { fitting.min(RUNG_START) };
        if !moving {
            // What is shown once is no step in a sequence.
            return Rung(fitting.max(best));
        }
        if outlook.delay > DELAY_LOW {
            self.unsteady_at = Some(now);
        }
        let steady =
            self.unsteady_at.is_none_or(|at| now.saturating_duration_since(at) >= RISE_AFTER);
        if fitting > self.rung {
            self.unsteady_at = Some(now);
            self.rung = fitting;
        } else if steady {
            self.rung = fitting;
        }
        Rung(self.rung.max(best))
    }

    /// What `pixels` will probably come to at `rung`, in bytes.
    pub(crate) fn guess_bytes(&self, rung: Rung, pixels: u32) -> usize {
        let cost = self.bytes_per_pixel.get(rung.0).copied().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float cast saturates, and nothing here is negative"
        )]
        let bytes = (cost * f64::from(pixels)) as usize;
        bytes
    }

    /// What a picture of `pixels` takes at the worst rung that a film is shown at while another
    /// way to send it is at hand.
    pub(crate) fn film_bytes(&self, pixels: u32) -> usize {
        self.guess_bytes(Rung(RUNG_START), pixels)
    }

    /// What a part came to. A picture that is easier or harder at one rung than it was is so at
    /// all of them, tried or not.
    #[expect(clippy::cast_precision_loss, reason = "a prediction needs no more")]
    pub(crate) fn learn(&mut self, rung: Rung, pixels: u32, bytes: usize) {
        let Some(cost) = self.bytes_per_pixel.get(rung.0).filter(|_| pixels > 0) else { return };
        let change = 0.2 * (bytes as f64 / f64::from(pixels) / cost - 1.0);
        for cost in &mut self.bytes_per_pixel {
            *cost = (*cost * (1.0 + change)).clamp(COST_MIN, COST_MAX);
        }
    }

    fn fitting(&self, pixels: u32, budget: f64) -> Option<usize> {
        self.bytes_per_pixel.iter().position(|cost| cost * f64::from(pixels) <= budget)
    }
}

/// A step of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rung(usize);

impl Rung {
    /// Its place on the ladder, from 0 for the best; below 16.
    pub(crate) fn number(self) -> u8 {
        u8::try_from(self.0).unwrap_or_default()
    }

    pub(crate) fn settings(self) -> JpegSettings {
        RUNGS.get(self.0).map_or(RUNGS[RUNG_START].0, |(settings, _)| *settings)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use porthole_link::QualityMode;

    use super::{FRAME_TIME, Ladder, Outlook, Rung};

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn picks_what_fits() {
        let (mut ladder, now) = (Ladder::new(), Instant::now());
        let pixels = 1_000_000;
        let pick = |ladder: &mut Ladder, mode, frame_bytes: Option<f64>| {
            let outlook = Outlook {
                rate: frame_bytes.map(|bytes| bytes / FRAME_TIME.as_secs_f64()),
                was_full: true,
                delay: Duration::ZERO,
            };
            ladder.choose(now, mode, pixels, false, Duration::ZERO, &outlook)
        };
        assert_eq!(pick(&mut ladder, QualityMode::Automatic, None), Rung(2));
        assert_eq!(pick(&mut ladder, QualityMode::Automatic, Some(300e3)), Rung(0));
        assert_eq!(pick(&mut ladder, QualityMode::Automatic, Some(60e3)), Rung(2));
        assert_eq!(pick(&mut ladder, QualityMode::Automatic, Some(10.0)), Rung(4));
        assert_eq!(pick(&mut ladder, QualityMode::Sparing, Some(600e3)), Rung(2));
        for _ in 0..50 {
            ladder.learn(Rung(0), pixels, 50_000);
        }
        assert_eq!(pick(&mut ladder, QualityMode::Automatic, Some(60e3)), Rung(0));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn falls_at_once_and_rises_after_a_quiet_second() {
        let (mut ladder, start) = (Ladder::new(), Instant::now());
        let mut choose = |ms: u64, rate: f64, delay_ms: u64| {
            let outlook = Outlook {
                rate: Some(rate),
                was_full: true,
                delay: Duration::from_millis(delay_ms),
            };
            let now = start + Duration::from_millis(ms);
            let gap = Duration::from_millis(16);
            ladder.choose(now, QualityMode::Automatic, 921_600, true, gap, &outlook)
        };
        // What moves never gets the best rung, however fast the path.
        assert_eq!(choose(0, 1e9, 0), Rung(1));
        assert_eq!(choose(10, 1.2e6, 0), Rung(3));
        assert_eq!(choose(500, 1e9, 0), Rung(3));
        assert_eq!(choose(1100, 1e9, 0), Rung(1));
        // Fewer frames before the last rung.
        assert_eq!(choose(1200, 0.6e6, 0), Rung(3));
        assert_eq!(choose(1300, 0.2e6, 0), Rung(4));
        assert_eq!(choose(2200, 1e9, 30), Rung(4));
        assert_eq!(choose(2400, 1e9, 0), Rung(4));
        assert_eq!(choose(3300, 1e9, 0), Rung(1));
    }
}
