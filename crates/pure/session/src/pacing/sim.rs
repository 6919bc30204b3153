//! A network, a browser and a scheduler under a virtual clock, to see what pacing makes of them.
//!
//! All times are microseconds since the start; everything is computed when a frame leaves, and
//! nothing depends on the machine. TCP is modelled as it shows: bytes arrive in order, and a
//! lost packet holds up what follows for a round trip, now and then for a timeout.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use porthole_link::QualityMode;

use super::sim_scene::{Scene, as_f64};
use super::{Pacing, SMALL_BYTES};
use crate::quality::Ladder;

pub(super) const MAX_BYTES: usize = 4 << 20;
const GAP_MIN: Duration = Duration::from_millis(16);
const PACKET_BYTES: usize = 1448;
const REFRESH_US: u64 = 16_667;
const KEY_BYTES: usize = 600;
const FILM_PIXELS: u32 = 1280 * 720;

/// What the frames of the bench's film come to at each rung of the ladder.
const FILM_BYTES: [usize; 5] = [176_000, 56_800, 38_000, 34_000, 23_600];

/// What happened to one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) sent_us: u64,
    pub(super) bytes: usize,
    /// Behind what had been sent before.
    pub(super) queued_us: u64,
    pub(super) arrived_us: u64,
    pub(super) painted_us: u64,
    /// When the film's picture in it was shown by the remote.
    pub(super) film_us: Option<u64>,
}

/// All frames, and how long each key took to the canvas with the time of its press.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) frames: Vec<Frame>,
    keys: Vec<(u64, u64)>,
    /// Most bytes that were under way at a time.
    pub(super) under_way_max: usize,
}

impl Log {
    /// The given percentile of the time that bytes waited behind others, in milliseconds.
    pub(super) fn queue_ms(&self, from_ms: u64, to_ms: u64, percent: usize) -> u64 {
        let within = self.frames.iter().filter(|f| (from_ms..to_ms).contains(&(f.sent_us / 1000)));
        percentile(within.map(|frame| frame.queued_us).collect(), percent) / 1000
    }

    /// Bytes a second that arrived between the two moments.
    pub(super) fn rate(&self, from_ms: u64, to_ms: u64) -> f64 {
        let within =
            self.frames.iter().filter(|f| (from_ms..to_ms).contains(&(f.arrived_us / 1000)));
        let bytes: usize = within.map(|frame| frame.bytes).sum();
        as_f64(bytes as u64) * 1000.0 / as_f64(to_ms - from_ms)
    }

    /// Keys pressed from the moment on: median and 95th percentile, in milliseconds.
    pub(super) fn keys_ms(&self, from_ms: u64) -> (u64, u64) {
        let late = || self.keys.iter().filter(|key| key.0 >= from_ms * 1000);
        let took = || late().map(|key| key.1).collect();
        (percentile(took(), 50) / 1000, percentile(took(), 95) / 1000)
    }

    /// The film from the moment on: frames a second, and its pictures' median age in ms.
    pub(super) fn film(&self, from_ms: u64, to_ms: u64) -> (f64, u64) {
        let within =
            self.frames.iter().filter(|f| (from_ms..to_ms).contains(&(f.painted_us / 1000)));
        let ages: Vec<u64> =
            within.filter_map(|frame| Some(frame.painted_us - frame.film_us?)).collect();
        let count = as_f64(ages.len() as u64);
        (count * 1000.0 / as_f64(to_ms - from_ms), percentile(ages, 50) / 1000)
    }
}

fn percentile(mut values: Vec<u64>, percent: usize) -> u64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) * percent / 100).copied().unwrap_or(0)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Ack {
        frame: u32,
        decode_us: u64,
    },
    Encoded {
        bytes: usize,
        film_us: Option<u64>,
    },
    Film,
    /// A key's echo is on the remote's screen; pressed at that time.
    Key(u64),
    Wake,
}

pub(super) struct Sim {
    scene: Scene,
    start: Instant,
    pacing: Pacing,
    ladder: Ladder,
    queue: BinaryHeap<Reverse<(u64, u32, Happening)>>,
    count: u32,
    encoding: bool,
    film_us: Option<u64>,
    keys: Vec<u64>,
    /// Those in the frame that is being encoded.
    keys_leaving: Vec<u64>,
    wire_free_us: f64,
    held_until_us: u64,
    arrived_us: u64,
    browser_free_us: u64,
    acked_us: u64,
    random: u64,
    under_way: usize,
    log: Log,
}

impl Sim {
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    pub(super) fn new(scene: Scene) -> Self {
        let start = Instant::now();
        let mut sim = Self {
            scene,
            start,
            pacing: Pacing::new(start),
            ladder: Ladder::new(),
            queue: BinaryHeap::new(),
            count: 0,
            encoding: false,
            film_us: None,
            keys: Vec::new(),
            keys_leaving: Vec::new(),
            wire_free_us: 0.0,
            held_until_us: 0,
            arrived_us: 0,
            browser_free_us: 0,
            acked_us: 0,
            random: 7,
            under_way: 0,
            log: Log::default(),
        };
        let end = sim.scene.seconds * 1_000_000;
        let (film, keys) = (sim.scene.film, sim.scene.keys);
        for at in (0..end).step_by(33_333).filter(|_| film) {
            sim.at(at, Happening::Film);
        }
        // An odd time apart, so that keys fall on every part of a frame.
        for pressed in (0..end).step_by(137_311).filter(|_| keys) {
            let up = sim.scene.step(pressed).trip_us / 2 + 3_000;
            sim.at(pressed + up, Happening::Key(pressed));
        }
        sim.at(0, Happening::Wake);
        sim
    }

    pub(super) fn run(mut self) -> Log {
        let end = self.scene.seconds * 1_000_000;
        while let Some(Reverse((us, _, happening))) = self.queue.pop() {
            if us > end {
                break;
            }
            self.handle(us, happening);
            self.schedule(us);
        }
        self.log
    }

    fn at(&mut self, us: u64, happening: Happening) {
        self.count += 1;
        self.queue.push(Reverse((us, self.count, happening)));
    }

    fn now(&self, us: u64) -> Instant {
        self.start + Duration::from_micros(us)
    }

    fn handle(&mut self, us: u64, happening: Happening) {
        match happening {
            Happening::Ack { frame, decode_us } => {
                let decode = self.scene.lie.unwrap_or(Duration::from_micros(decode_us));
                self.pacing.painted(self.now(us), frame, decode);
                self.under_way -= self.log.frames[frame as usize].bytes;
            }
            Happening::Encoded { bytes, film_us } => self.send(us, bytes, film_us),
            Happening::Film => self.film_us = Some(us),
            Happening::Key(pressed) => self.keys.push(pressed),
            Happening::Wake => (),
        }
    }

    /// Decides what leaves, as a session does.
    fn schedule(&mut self, us: u64) {
        if self.encoding || (self.film_us.is_none() && self.keys.is_empty() && !self.scene.bulk) {
            return;
        }
        let now = self.now(us);
        let gap = self.pacing.frame_gap(GAP_MIN);
        let due = self.pacing.next_at(gap).unwrap_or(now);
        if self.pacing.is_open(MAX_BYTES) && due <= now {
            return self.compose(us, gap);
        }
        let due_small = self.pacing.next_small_at(GAP_MIN).unwrap_or(now);
        if !self.keys.is_empty() && self.pacing.is_open_small(MAX_BYTES) && due_small <= now {
            return self.encode(us, 300, KEY_BYTES, None);
        }
        // As soon as time alone allows more; acknowledgements wake by themselves.
        let wake = [due, due_small].into_iter().filter(|at| *at > now).min();
        if let Some(at) = wake {
            let us = u64::try_from((at - self.start).as_micros()).unwrap() + 1;
            self.at(us, Happening::Wake);
        }
    }

    fn compose(&mut self, us: u64, gap: Duration) {
        let now = self.now(us);
        let room = self.pacing.room_bytes(now, MAX_BYTES);
        let mut bytes = if self.keys.is_empty() { 0 } else { KEY_BYTES };
        let mut film_us = None;
        if self.film_us.is_some() {
            let outlook = self.pacing.outlook(now);
            let mode = QualityMode::Automatic;
            let rung = self.ladder.choose(now, mode, FILM_PIXELS, true, gap, &outlook);
            let weight = FILM_BYTES[usize::from(rung.number())];
            self.ladder.learn(rung, FILM_PIXELS, weight);
            bytes += weight;
            film_us = self.film_us.take();
        }
        if self.scene.bulk {
            bytes += room.saturating_sub(bytes).clamp(SMALL_BYTES, 64 << 10);
        }
        let encode_us = if bytes > SMALL_BYTES { 4_000 } else { 300 };
        self.encode(us, encode_us, bytes, film_us);
    }

    fn encode(&mut self, us: u64, encode_us: u64, bytes: usize, film_us: Option<u64>) {
        self.encoding = true;
        self.keys_leaving = std::mem::take(&mut self.keys);
        self.at(us + encode_us, Happening::Encoded { bytes, film_us });
    }

    /// A frame goes through the network and the browser.
    fn send(&mut self, us: u64, bytes: usize, film_us: Option<u64>) {
        self.encoding = false;
        let frame = u32::try_from(self.log.frames.len()).unwrap();
        self.pacing.sent(self.now(us), frame, bytes, MAX_BYTES);
        self.under_way += bytes;
        self.log.under_way_max = self.log.under_way_max.max(self.under_way);

        let begins = self.wire_free_us.max(as_f64(us));
        let trip_us = self.scene.step(us).trip_us;
        let mut left = bytes;
        self.wire_free_us = begins;
        while left > 0 {
            let packet = left.min(PACKET_BYTES);
            left -= packet;
            self.wire_free_us = self.scene.serialised(self.wire_free_us, as_f64(packet as u64));
            if self.chance() < self.scene.loss {
                let timeout = if self.chance() < 0.05 { 200_000 } else { 0 };
                let again = as_u64(self.wire_free_us) + trip_us * 3 / 2 + timeout;
                self.held_until_us = self.held_until_us.max(again);
            }
        }
        let arrived =
            (as_u64(self.wire_free_us) + trip_us / 2).max(self.held_until_us).max(self.arrived_us);
        self.arrived_us = arrived;
        let decode = if bytes > SMALL_BYTES { self.scene.decode_us } else { 1_000 };
        self.browser_free_us = self.browser_free_us.max(arrived) + decode;
        let painted = self.browser_free_us.next_multiple_of(REFRESH_US);
        let mut acked = (painted + trip_us / 2).max(self.acked_us);
        if self.scene.ack_grid_us > 0 {
            acked = acked.next_multiple_of(self.scene.ack_grid_us);
        }
        self.acked_us = acked;
        self.at(acked, Happening::Ack { frame, decode_us: painted - arrived });
        for pressed in self.keys_leaving.drain(..) {
            self.log.keys.push((pressed, painted - pressed));
        }
        self.log.frames.push(Frame {
            sent_us: us,
            bytes,
            queued_us: as_u64(begins) - us,
            arrived_us: arrived,
            painted_us: painted,
            film_us,
        });
    }

    fn chance(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        f64::from(u32::try_from(self.random >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "microseconds of a short run"
)]
fn as_u64(value: f64) -> u64 {
    value.ceil() as u64
}
