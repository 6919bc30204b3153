//! Paths of every kind, and a clock that is set by hand.

use std::time::{Duration, Instant};

use porthole_pixels::{Rect, Size};

use super::{Advice, Path};
use crate::testing::some_moment;

const SIZE: Size = Size { width: 1000, height: 1000 };
const PART: Rect = Rect { x: 0, y: 0, width: 1000, height: 132 };
const TRIAL: u64 = 132 * 4000;

/// A path of so many bytes a second, with updates that arrive in pieces of 10 ms or one of them.
struct Line {
    path: Path,
    now: Instant,
    rate: u64,
}

impl Line {
    fn new(is_raw: bool, round_trip_ms: u64, rate: u64) -> Self {
        let path = Path::new(true, is_raw, Duration::from_millis(round_trip_ms));
        Self { path, now: some_moment(), rate }
    }

    fn update(&mut self, bytes: u64) -> Option<Advice> {
        let mut left = bytes;
        self.path.handle_part(self.now, 16);
        while left > 0 {
            let part = left.min(64 << 10);
            self.now += Duration::from_nanos(part * 1_000_000_000 / self.rate);
            self.path.handle_part(self.now, usize::try_from(part).unwrap());
            left -= part;
        }
        self.path.handle_end(self.now, SIZE)
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }
}

#[test]
fn a_fast_path_passes_its_trial() {
    for (rate, passes) in [(59_000_000, false), (61_000_000, true), (1_000_000_000, true)] {
        let mut line = Line::new(false, 1, rate);
        assert_eq!(line.update(1000), Some(Advice::Trial(PART)), "{rate}");
        // What comes before the answer is part of it, and counts.
        assert_eq!(line.update(5000), None, "{rate}");
        let want = (!passes).then_some(Advice::Packed);
        assert_eq!(line.update(TRIAL), want, "{rate}");
        assert_eq!(line.path.is_raw, passes, "{rate}");
    }
}

#[test]
fn a_server_may_think_for_a_while() {
    for (think_ms, want) in [(30, None), (40, Some(Advice::Packed))] {
        let mut line = Line::new(false, 1, 1_000_000_000);
        line.update(1000);
        line.now += Duration::from_millis(think_ms);
        assert_eq!(line.update(TRIAL), want, "{think_ms}");
    }
}

#[test]
fn an_answer_that_waited_in_a_buffer_is_not_taken_for_fast() {
    // On a path of 10 MB/s it had all arrived before we looked.
    let mut line = Line::new(false, 1, 10_000_000_000);
    line.update(1000);
    line.now += Duration::from_millis(TRIAL / 10_000);
    assert_eq!(line.update(TRIAL), Some(Advice::Packed));
}

#[test]
fn a_long_path_is_not_tried() {
    let mut line = Line::new(false, 4, 1_000_000_000);
    assert_eq!(line.update(10_000_000), None);
    assert!(line.path.wants_round_trip());
    // Unless it turns out to be shorter.
    line.path.handle_round_trip(Some(Duration::from_millis(9)));
    line.path.handle_round_trip(None);
    assert_eq!(line.update(1000), None);
    line.path.handle_round_trip(Some(Duration::from_millis(1)));
    assert_eq!(line.update(1000), Some(Advice::Trial(PART)));
    assert!(!line.path.wants_round_trip());
}

#[test]
fn trials_that_fail_become_rare() {
    let mut line = Line::new(false, 0, 10_000_000);
    let mut tried_at = Vec::new();
    let start = line.now;
    for _ in 0..2000 {
        if line.update(1000).is_some() {
            tried_at.push((line.now - start).as_secs());
            assert_eq!(line.update(TRIAL), Some(Advice::Packed));
        }
        line.pass(1);
    }
    let gaps: Vec<u64> = tried_at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.windows(2).all(|pair| pair[0] <= pair[1]), "{gaps:?}");
    assert!((8..12).contains(&tried_at.len()), "{tried_at:?}");
}

#[test]
fn a_local_start_on_a_slow_path_is_given_up() {
    let mut line = Line::new(true, 0, 5_000_000);
    // Too small to tell.
    assert_eq!(line.update(100_000), None);
    assert_eq!(line.update(300_000), None);
    let advice: Vec<_> = (0..5).map(|_| line.update(1_000_000)).collect();
    assert_eq!(advice[0], Some(Advice::Packed));
    assert_eq!(advice[1..], [None; 4]);
}

#[test]
fn one_slow_update_on_a_fast_path_changes_nothing() {
    let mut line = Line::new(true, 0, 1_000_000_000);
    for _ in 0..20 {
        line.rate = 20_000_000;
        assert_eq!(line.update(2_000_000), None);
        line.rate = 1_000_000_000;
        assert_eq!(line.update(2_000_000), None);
    }
}

#[test]
fn raw_pixels_stay_for_some_time() {
    let mut line = Line::new(false, 0, 1_000_000_000);
    line.update(1000);
    assert_eq!(line.update(TRIAL), None);
    assert!(line.path.is_raw);
    line.rate = 10_000_000;
    let since = line.now;
    let mut changes = 0;
    while line.now - since < Duration::from_millis(4900) {
        changes += usize::from(line.update(500_000).is_some());
    }
    assert_eq!(changes, 0);
    line.pass(1);
    assert_eq!(line.update(3_000_000), Some(Advice::Packed));
}

#[test]
fn who_chose_encodings_keeps_them() {
    let mut line = Line::new(false, 0, 1_000_000_000);
    line.path = Path::new(false, false, Duration::ZERO);
    assert_eq!(line.update(10_000_000), None);
    line.path = Path::new(false, true, Duration::ZERO);
    line.rate = 1_000_000;
    assert_eq!(line.update(10_000_000), None);
}

#[test]
fn a_small_desktop_is_not_tried() {
    let mut path = Path::new(true, false, Duration::ZERO);
    let now = some_moment();
    path.handle_part(now, 100);
    assert_eq!(path.handle_end(now, Size::new(100, 100)), None);
    path.handle_part(now, 100);
    let whole = Rect::new(0, 0, 200, 100);
    assert_eq!(path.handle_end(now, Size::new(200, 100)), Some(Advice::Trial(whole)));
}
