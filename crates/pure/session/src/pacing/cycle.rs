//! How fast the path to a viewer delivers, and how hard it is tried.
//!
//! A round is about one round trip. The rate is the best of the latest rounds, so that a stall,
//! after which everything comes at once, is not taken for a slow network; a queue that stands
//! for two rounds is, and the rate becomes what those two delivered. A path that is full is
//! tried with a little more now and then, and doubled for as long as that helps.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Delay beyond the path's own below which nothing waits anywhere.
pub(crate) const DELAY_LOW: Duration = Duration::from_millis(25);

/// The same above which too much waits somewhere.
const DELAY_HIGH: Duration = Duration::from_millis(50);

/// How many rounds the best rate is picked from; more than a cycle has.
const RATE_ROUNDS: usize = 8;

/// The least delay of a round at which the path is full.
const DELAY_FULL: Duration = Duration::from_millis(3);

/// A round's least time: over less, a rate says little.
const ROUND_MIN: Duration = Duration::from_millis(50);

/// Rounds between two attempts to send more, and the time after which one is made in any case.
const CYCLE_ROUNDS: u8 = 6;
const CYCLE_MAX: Duration = Duration::from_millis(800);

/// How long a full path counts as full after there was too little to send to fill it; doubled
/// each time that trying more has not helped.
const FULL_HOLD_MIN: Duration = Duration::from_secs(2);
const FULL_HOLD_MAX: Duration = Duration::from_secs(16);

/// What an acknowledgement says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Bytes a second between two acknowledgements.
    pub(super) rate: f64,
    /// What the frame took beyond the path's round trip and its own bytes.
    pub(super) delay: Duration,
    /// There was too little to send to find out more.
    pub(super) limited: bool,
    /// The frame left after the round began.
    pub(super) crossed: bool,
    /// The path's own round trip.
    pub(super) base: Duration,
}

/// What the end of a round asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The round goes on.
    Same,
    /// A new round begins.
    Next,
    /// A new round begins, and what is taken for a queue may be distance: measure it again.
    Remeasure,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Doubling: nothing is known, or the path became faster.
    Grow { best: f64, stale: u8 },
    /// A queue is let run empty.
    Shrink { rounds: u8 },
    /// One round of more, one of less, the rest even.
    Cruise { round: u8, since: Instant, before: f64 },
}

/// The rate, and the cycle of trying more.
#[derive(Debug)]
pub(super) struct Cycle {
    phase: Phase,
    rates: VecDeque<f64>,
    round: Round,
    /// Best rate of the round before, whatever limited it.
    last_best: f64,
    last_delay: Duration,
    /// Rounds in a row with a queue, and cuts in a row that did not end it.
    high_rounds: u8,
    cuts: u8,
    /// When the path was last seen full, and at which rate.
    full: Option<(Instant, f64)>,
    full_hold: Duration,
}

#[derive(Debug)]
struct Round {
    started_at: Instant,
    samples: u32,
    best: f64,
    best_unlimited: Option<f64>,
    delay: Duration,
}

impl Round {
    const fn new(now: Instant) -> Self {
        Self { started_at: now, samples: 0, best: 0.0, best_unlimited: None, delay: Duration::MAX }
    }

    fn is_over(&self, now: Instant, sample: &Sample) -> bool {
        let age = now.saturating_duration_since(self.started_at);
        let crossed = sample.crossed && age >= ROUND_MIN;
        // In a long queue a round trip is too long to wait for.
        let long = self.samples >= 2 && age >= (2 * sample.base).max(4 * ROUND_MIN);
        crossed || long
    }
}

impl Cycle {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Grow { best: 0.0, stale: 0 },
            rates: VecDeque::new(),
            round: Round::new(now),
            last_best: 0.0,
            last_delay: Duration::ZERO,
            high_rounds: 0,
            cuts: 0,
            full: None,
            full_hold: FULL_HOLD_MIN,
        }
    }

    /// Best recent delivery rate in bytes a second; unknown before the first sample.
    pub(super) fn rate(&self) -> Option<f64> {
        let best = self.rates.iter().copied().fold(self.round.best, f64::max);
        (best > 0.0).then_some(best)
    }

    /// The rate at which frames are to leave. Unknown as long as the path was never full: then
    /// the window alone decides.
    pub(super) fn pace(&self) -> Option<f64> {
        self.full?;
        let gain = match self.phase {
            Phase::Grow { .. } => 2.0,
            Phase::Shrink { .. } => 0.5,
            Phase::Cruise { round: 0, .. } => 1.25,
            _ if self.last_delay > DELAY_LOW => 0.85,
            Phase::Cruise { round: 1, .. } => 0.9,
            Phase::Cruise { .. } => 0.97,
        };
        self.rate().map(|rate| gain * rate)
    }

    /// What may be under way, in parts of rate times round trip.
    pub(super) const fn window_gain(&self) -> f64 {
        if matches!(self.phase, Phase::Grow { .. }) { 2.0 } else { 1.25 }
    }

    /// Whether the path was ever full, so that its rate is more than a lower bound.
    pub(super) const fn was_full(&self) -> bool {
        self.full.is_some()
    }

    /// The rate a picture may be made for: more than was measured while there was too little to
    /// send to find the path's limit.
    pub(super) fn ceiling(&self, now: Instant) -> Option<f64> {
        let rate = self.rate()?;
        Some(match self.full {
            None => 2.0 * rate,
            Some((at, _)) if now.saturating_duration_since(at) < self.full_hold => rate,
            Some(_) => 1.6 * rate,
        })
    }

    /// The least delay of the round before.
    pub(super) const fn delay(&self) -> Duration {
        self.last_delay
    }

    /// Takes an acknowledgement in.
    pub(super) fn note(&mut self, now: Instant, sample: &Sample) -> Turn {
        let round = &mut self.round;
        round.samples += 1;
        round.best = round.best.max(sample.rate);
        round.delay = round.delay.min(sample.delay);
        if !sample.limited {
            let best = round.best_unlimited.unwrap_or_default();
            round.best_unlimited = Some(best.max(sample.rate));
        }
        if round.is_over(now, sample) { self.end_round(now) } else { Turn::Same }
    }

    /// The path may be another one: grow again from what is known.
    pub(super) fn grow(&mut self) {
        self.phase = Phase::Grow { best: 0.0, stale: 0 };
    }

    fn end_round(&mut self, now: Instant) -> Turn {
        let known = self.rates.iter().copied().fold(0.0, f64::max);
        let round = std::mem::replace(&mut self.round, Round::new(now));
        // What arrives late was held up by the path, not by a lack of something to send.
        let unlimited =
            if round.delay > DELAY_LOW { Some(round.best) } else { round.best_unlimited };
        if let Some(rate) = unlimited.or_else(|| (round.best > known).then_some(round.best)) {
            self.push(rate);
        }
        self.last_delay = round.delay;
        let recent = round.best.max(std::mem::replace(&mut self.last_best, round.best));
        if round.delay > DELAY_HIGH {
            self.high_rounds += 1;
        } else {
            self.high_rounds = 0;
        }
        if round.delay <= DELAY_LOW {
            self.cuts = 0;
        }
        if self.high_rounds >= 2 {
            return self.cut(now, recent);
        }
        self.turn(now, unlimited, round.delay);
        Turn::Next
    }

    fn push(&mut self, rate: f64) {
        if self.rates.len() == RATE_ROUNDS {
            self.rates.pop_front();
        }
        self.rates.push_back(rate);
    }

    /// A queue stands: the path is slower than it was, or longer.
    fn cut(&mut self, now: Instant, rate: f64) -> Turn {
        self.rates.clear();
        self.push(rate);
        self.note_full(now);
        self.high_rounds = 0;
        self.cuts += 1;
        if self.cuts >= 2 {
            self.cuts = 0;
            self.grow();
            return Turn::Remeasure;
        }
        self.phase = Phase::Shrink { rounds: 0 };
        Turn::Next
    }

    fn turn(&mut self, now: Instant, unlimited: Option<f64>, delay: Duration) {
        let rate = self.rate().unwrap_or_default();
        let cruise = |round| Phase::Cruise { round, since: now, before: rate };
        self.phase = match self.phase {
            Phase::Grow { .. } if delay > DELAY_HIGH => {
                self.note_full(now);
                Phase::Shrink { rounds: 0 }
            }
            Phase::Grow { best, .. } if unlimited.is_some_and(|rate| rate > 1.25 * best) => {
                Phase::Grow { best: unlimited.unwrap_or(best), stale: 0 }
            }
            // With too little to send nothing is found out; only a known path is left alone.
            Phase::Grow { best, stale } if unlimited.is_none() && !self.was_full() => {
                Phase::Grow { best, stale }
            }
            Phase::Grow { best, stale } if stale < 2 => Phase::Grow { best, stale: stale + 1 },
            Phase::Grow { .. } => {
                if unlimited.is_some() {
                    self.note_full(now);
                }
                Phase::Shrink { rounds: 0 }
            }
            Phase::Shrink { rounds } if delay > DELAY_LOW && rounds < 3 => {
                Phase::Shrink { rounds: rounds + 1 }
            }
            Phase::Shrink { .. } => cruise(2),
            Phase::Cruise { round, since, before } => {
                let Some(measured) = unlimited else { return };
                // A source as fast as the frames are spaced looks like a full path; but only on
                // a full one does sending more make frames wait.
                if delay > DELAY_FULL {
                    self.note_full(now);
                }
                match round {
                    1 if measured > 1.12 * before && delay <= DELAY_LOW => {
                        Phase::Grow { best: rate, stale: 0 }
                    }
                    2.. => {
                        let age = now.saturating_duration_since(since);
                        let due = round + 1 >= CYCLE_ROUNDS || age >= CYCLE_MAX;
                        if due && delay <= DELAY_LOW {
                            cruise(0)
                        } else {
                            let round = (round + 1).min(CYCLE_ROUNDS);
                            Phase::Cruise { round, since, before }
                        }
                    }
                    _ => Phase::Cruise { round: round + 1, since, before },
                }
            }
        };
    }

    /// The path is full at the present rate.
    fn note_full(&mut self, now: Instant) {
        let rate = self.rate().unwrap_or_default();
        match self.full {
            Some((_, before)) if rate > 1.25 * before || rate < 0.8 * before => {
                self.full_hold = FULL_HOLD_MIN;
            }
            Some((at, _)) if now.saturating_duration_since(at) >= self.full_hold => {
                self.full_hold = (2 * self.full_hold).min(FULL_HOLD_MAX);
            }
            _ => (),
        }
        self.full = Some((now, rate));
    }
}
