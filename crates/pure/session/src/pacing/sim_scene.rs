//! The networks and browsers that pacing is tried on.

use std::time::Duration;

use super::sim::{Log, Sim};

/// From this moment on the path has this rate and this round trip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) from_us: u64,
    pub(super) bytes_per_second: f64,
    pub(super) trip_us: u64,
}

/// A network, a browser and what is on the remote's screen.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) steps: Vec<Step>,
    pub(super) loss: f64,
    /// Acknowledgements come through only at multiples of this, if it is not 0.
    pub(super) ack_grid_us: u64,
    /// What the browser needs for a frame that is not small.
    pub(super) decode_us: u64,
    pub(super) film: bool,
    /// There is always something to send.
    pub(super) bulk: bool,
    pub(super) keys: bool,
    /// What the viewer says instead of the truth about its painting.
    pub(super) lie: Option<Duration>,
    pub(super) seconds: u64,
}

impl Scene {
    /// A path of `mbit` and `trip_ms`, with nothing to send yet.
    pub(super) fn new(mbit: f64, trip_ms: u64) -> Self {
        Self {
            steps: vec![step(0, mbit, trip_ms)],
            loss: 0.0,
            ack_grid_us: 0,
            decode_us: 6_000,
            film: false,
            bulk: false,
            keys: false,
            lie: None,
            seconds: 12,
        }
    }

    pub(super) fn run(self) -> Log {
        Sim::new(self).run()
    }

    pub(super) fn step(&self, us: u64) -> Step {
        let at = self.steps.iter().rposition(|step| step.from_us <= us).unwrap();
        self.steps[at]
    }

    /// When `bytes` that begin at `us` have been put on the wire.
    pub(super) fn serialised(&self, mut us: f64, mut bytes: f64) -> f64 {
        let mut steps = self.steps.iter().peekable();
        while let Some(step) = steps.next() {
            let end = steps.peek().map_or(f64::INFINITY, |next| as_f64(next.from_us));
            let room = (end - us).max(0.0) * step.bytes_per_second / 1e6;
            if bytes <= room {
                return us + bytes * 1e6 / step.bytes_per_second;
            }
            bytes -= room;
            us = us.max(end);
        }
        us
    }
}

pub(super) fn step(from_ms: u64, mbit: f64, trip_ms: u64) -> Step {
    Step { from_us: from_ms * 1000, bytes_per_second: mbit * 125_000.0, trip_us: trip_ms * 1000 }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds and bytes of a short run")]
pub(super) fn as_f64(value: u64) -> f64 {
    value as f64
}
