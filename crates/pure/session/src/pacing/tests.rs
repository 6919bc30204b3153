//! What may leave when, frame by frame.

use std::time::{Duration, Instant};

use super::{Pacing, SMALL_BYTES, WINDOW_START_BYTES};

const MAX: usize = 4 << 20;

#[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
fn start() -> Instant {
    Instant::now()
}

#[test]
fn a_viewer_that_never_acknowledges_gets_one_window() {
    let now = start();
    let mut pacing = Pacing::new(now);
    let mut sent = 0;
    for frame in 0..1000 {
        if !pacing.is_open(MAX) {
            break;
        }
        pacing.sent(now, frame, 10_000, MAX);
        sent += 10_000;
    }
    assert!(sent <= WINDOW_START_BYTES + 10_000, "{sent}");
    pacing.painted(now, 4_000_000_000, Duration::ZERO);
    assert!(!pacing.is_open(MAX));
}

#[test]
fn one_frame_may_always_be_under_way() {
    let now = start();
    let mut pacing = Pacing::new(now);
    assert!(pacing.is_open(MAX));
    pacing.sent(now, 0, 10 << 20, MAX);
    assert!(!pacing.is_open(MAX));
    pacing.painted(now + Duration::from_secs(9), 0, Duration::ZERO);
    assert!(pacing.is_open(MAX));
}

/// A pipe of 1 MB/s and 40 ms: what is under way settles near the product of both.
#[test]
fn the_window_follows_rate_and_round_trip() {
    let mut now = start();
    let mut pacing = Pacing::new(now);
    let (rate, delay, bytes) = (1_000_000.0, Duration::from_millis(40), 20_000);
    let mut pipe_free_at = now;
    let mut arrivals = std::collections::VecDeque::new();
    for frame in 0..2000_u32 {
        now += Duration::from_millis(16);
        while arrivals.front().is_some_and(|(at, _)| *at <= now) {
            let (at, frame) = arrivals.pop_front().unwrap();
            pacing.painted(at, frame, Duration::ZERO);
        }
        if pacing.is_open(MAX) {
            pacing.sent(now, frame, bytes, MAX);
            pipe_free_at =
                pipe_free_at.max(now) + Duration::from_secs_f64(f64::from(20_000) / rate);
            arrivals.push_back((pipe_free_at + delay, frame));
        }
    }
    let queued = pipe_free_at.saturating_duration_since(now);
    assert!(queued < Duration::from_millis(150), "{queued:?}");
    let rate = pacing.outlook(now).rate.unwrap();
    assert!((800e3..1_300e3).contains(&rate), "{rate}");
}

/// Whoever acknowledges at once what cannot have arrived gets more, up to the limit.
#[test]
fn early_acknowledgements_do_not_pass_the_limit() {
    let mut now = start();
    let mut pacing = Pacing::new(now);
    for frame in 0..5_000 {
        assert!(pacing.room_bytes(now, MAX) <= MAX);
        pacing.sent(now, frame, 60_000, MAX);
        pacing.painted(now, frame, Duration::MAX);
        now += Duration::from_micros(1);
    }
    let mut under_way = 0;
    for frame in 5_000..10_000 {
        if !pacing.is_open(MAX) {
            break;
        }
        pacing.sent(now, frame, 60_000, MAX);
        under_way += 60_000;
    }
    assert!(under_way <= MAX + 60_000, "{under_way}");
}

#[test]
fn small_frames_pass_a_full_window_within_a_reserve() {
    let now = start();
    let mut pacing = Pacing::new(now);
    pacing.sent(now, 0, 200_000, MAX);
    assert!(!pacing.is_open(MAX));
    let mut count = 0;
    while pacing.room_bytes(now, MAX) > 0 {
        assert_eq!(pacing.room_bytes(now, MAX), SMALL_BYTES);
        count += 1;
        pacing.sent(now, count, 1_000, MAX);
    }
    assert!((4..=8).contains(&count), "{count}");
    pacing.painted(now + Duration::from_millis(100), count, Duration::ZERO);
    assert!(pacing.is_idle());
    assert!(pacing.is_open_small(MAX));
}

#[test]
fn after_a_rest_a_frame_leaves_at_once() {
    let mut now = start();
    let mut pacing = Pacing::new(now);
    let gap = Duration::from_millis(16);
    pacing.sent(now, 0, 50_000, MAX);
    now += Duration::from_millis(90);
    pacing.painted(now, 0, Duration::from_millis(10));
    now += Duration::from_secs(3);
    assert!(pacing.next_at(pacing.frame_gap(gap)).is_some_and(|at| at <= now));
}
