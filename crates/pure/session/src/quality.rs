//! Which JPEG quality a moving picture gets.

use std::time::Duration;

use porthole_link::QualityMode;
use porthole_tiles::{JpegSettings, Subsampling};

/// Quality, subsampling and a first guess at bytes a pixel, best first. Text never enters here.
const RUNGS: [(JpegSettings, f64); 4] = [
    (JpegSettings { quality: 92, subsampling: Subsampling::S444 }, 0.50),
    (JpegSettings { quality: 79, subsampling: Subsampling::S444 }, 0.28),
    (JpegSettings { quality: 62, subsampling: Subsampling::S422 }, 0.15),
    (JpegSettings { quality: 41, subsampling: Subsampling::S420 }, 0.08),
];

/// The rung used before the network has been measured.
const RUNG_START: usize = 1;

/// A frame should be delivered within this.
pub(crate) const FRAME_TIME: Duration = Duration::from_millis(33);

/// Learns what each rung costs and picks the best that fits.
#[derive(Debug)]
pub(crate) struct Ladder {
    bytes_per_pixel: [f64; RUNGS.len()],
}

impl Ladder {
    pub(crate) fn new() -> Self {
        Self { bytes_per_pixel: RUNGS.map(|(_, guess)| guess) }
    }

    /// The best rung at which `pixels` fit `budget_bytes`, or the last.
    pub(crate) fn pick(&self, mode: QualityMode, pixels: u32, budget_bytes: Option<usize>) -> Rung {
        let first = if mode == QualityMode::Sparing { 2 } else { 0 };
        let last = RUNGS.len() - 1;
        let Some(budget) = budget_bytes else { return Rung(first.max(RUNG_START)) };
        #[expect(clippy::cast_precision_loss, reason = "a prediction needs no more")]
        let fits = |cost: &f64| cost * f64::from(pixels) <= budget as f64;
        let fitting = self.bytes_per_pixel.iter().position(fits).unwrap_or(last);
        Rung(fitting.max(first))
    }

    /// What a part came to.
    #[expect(clippy::cast_precision_loss, reason = "a prediction needs no more")]
    pub(crate) fn learn(&mut self, rung: Rung, pixels: u32, bytes: usize) {
        if let Some(cost) = self.bytes_per_pixel.get_mut(rung.0).filter(|_| pixels > 0) {
            *cost += 0.2 * (bytes as f64 / f64::from(pixels) - *cost);
        }
    }
}

/// A step of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rung(usize);

impl Rung {
    pub(crate) fn settings(self) -> JpegSettings {
        RUNGS.get(self.0).map_or(RUNGS[RUNG_START].0, |(settings, _)| *settings)
    }
}

#[cfg(test)]
mod tests {
    use porthole_link::QualityMode;

    use super::{Ladder, Rung};

    #[test]
    fn picks_what_fits() {
        let mut ladder = Ladder::new();
        let pixels = 1_000_000;
        let pick = |ladder: &Ladder, mode, budget| ladder.pick(mode, pixels, budget);
        assert_eq!(pick(&ladder, QualityMode::Automatic, None), Rung(1));
        assert_eq!(pick(&ladder, QualityMode::Automatic, Some(600_000)), Rung(0));
        assert_eq!(pick(&ladder, QualityMode::Automatic, Some(200_000)), Rung(2));
        assert_eq!(pick(&ladder, QualityMode::Automatic, Some(10)), Rung(3));
        assert_eq!(pick(&ladder, QualityMode::Sparing, Some(600_000)), Rung(2));
        for _ in 0..50 {
            ladder.learn(Rung(0), pixels, 100_000);
        }
        assert_eq!(pick(&ladder, QualityMode::Automatic, Some(200_000)), Rung(0));
    }
}
