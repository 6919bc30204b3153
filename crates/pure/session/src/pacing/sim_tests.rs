//! What pacing and ladder make of networks, in simulated time. *Home* is 20 Mbit/s with a round
//! trip of 40 ms, *mobile* 5 Mbit/s with 120 ms.

use std::time::Duration;

use super::sim::{Log, MAX_BYTES};
use super::sim_scene::{Scene, step};

fn home() -> Scene {
    Scene::new(20.0, 40)
}

fn mobile() -> Scene {
    Scene::new(5.0, 120)
}

fn bulk(scene: Scene) -> Scene {
    Scene { bulk: true, ..scene }
}

fn film(scene: Scene) -> Scene {
    Scene { film: true, keys: true, ..scene }
}

/// The share of a path's rate that was used in a span of milliseconds, in percent.
fn used(log: &Log, mbit: f64, (from_ms, to_ms): (u64, u64)) -> f64 {
    100.0 * log.rate(from_ms, to_ms) / (mbit * 125_000.0)
}

#[test]
fn a_steady_path_is_full_and_nothing_waits_on_it() {
    // Mbit/s, round trip in ms, most that 95 % of the frames may wait in ms.
    let table = [(20.0, 40, 30), (5.0, 120, 60), (1.0, 40, 50), (1.0, 120, 60), (20.0, 300, 150)];
    for (mbit, trip_ms, queue_max_ms) in table {
        let log = bulk(Scene::new(mbit, trip_ms)).run();
        // The longest path takes a second more to fill.
        let from_ms = if trip_ms == 300 { 4_000 } else { 2_000 };
        let (queue, used) = (log.queue_ms(from_ms, 12_000, 95), used(&log, mbit, (3_000, 12_000)));
        assert!(queue <= queue_max_ms, "{mbit} Mbit/s, {trip_ms} ms: waited {queue} ms");
        assert!(used > 90.0, "{mbit} Mbit/s, {trip_ms} ms: used {used} %");
    }
}

#[test]
fn a_router_with_a_second_of_buffer_stays_empty() {
    let log = Scene { keys: true, ..bulk(Scene::new(1.0, 40)) }.run();
    let (queue, (_, late)) = (log.queue_ms(2_000, 12_000, 99), log.keys_ms(2_000));
    assert!(queue < 150, "{queue}");
    assert!(late < 200, "{late}");
}

#[test]
fn a_path_that_slows_down_and_recovers_is_followed() {
    let steps = vec![step(0, 10.0, 40), step(4_000, 1.0, 40), step(8_000, 10.0, 40)];
    let log = Scene { steps, ..bulk(home()) }.run();
    assert!(log.queue_ms(6_000, 8_000, 95) < 150, "{}", log.queue_ms(6_000, 8_000, 95));
    let spans = [(10.0, (2_000, 4_000)), (1.0, (6_000, 8_000)), (10.0, (10_000, 12_000))];
    for (mbit, span) in spans {
        let used = used(&log, mbit, span);
        assert!(used > 80.0, "{mbit} Mbit/s in {span:?}: used {used} %");
    }
}

#[test]
fn a_longer_and_a_shorter_route_are_noticed() {
    for (before, after) in [(50, 200), (200, 50)] {
        let steps = vec![step(0, 10.0, before), step(4_000, 10.0, after)];
        let log = Scene { steps, seconds: 16, ..bulk(home()) }.run();
        let used = used(&log, 10.0, (7_000, 16_000));
        assert!(used > 80.0, "{before} to {after} ms: used {used} %");
        let queue = log.queue_ms(10_000, 16_000, 95);
        assert!(queue < 100, "{before} to {after} ms: waited {queue} ms");
    }
}

#[test]
fn stalls_neither_collapse_the_rate_nor_blow_it_up() {
    let log = Scene { loss: 0.01, ..bulk(mobile()) }.run();
    let (share, queue) = (used(&log, 5.0, (2_000, 12_000)), log.queue_ms(2_000, 12_000, 95));
    assert!(share > 75.0, "{share}");
    assert!(queue < 100, "{queue}");
    let log = Scene { loss: 0.001, ..bulk(home()) }.run();
    let (share, queue) = (used(&log, 20.0, (2_000, 12_000)), log.queue_ms(2_000, 12_000, 95));
    assert!(share > 80.0, "{share}");
    assert!(queue < 50, "{queue}");
}

#[test]
fn acknowledgements_that_come_together_are_no_fast_path() {
    let log = Scene { ack_grid_us: 50_000, ..bulk(home()) }.run();
    let (share, queue) = (used(&log, 20.0, (2_000, 12_000)), log.queue_ms(2_000, 12_000, 95));
    assert!(share > 80.0, "{share}");
    assert!(queue < 50, "{queue}");
}

#[test]
fn a_key_under_a_film_is_prompt() {
    let table = [
        ("home", film(home()), (75, 110), 25.0),
        ("mobile", film(mobile()), (200, 320), 10.0),
        ("mobile with loss", Scene { loss: 0.01, ..film(mobile()) }, (200, 320), 10.0),
    ];
    for (name, scene, aim, frames_min) in table {
        let log = scene.run();
        let ((median, late), (frames, age)) = (log.keys_ms(2_000), log.film(2_000, 12_000));
        assert!(median <= aim.0 && late <= aim.1, "{name}: keys {median} and {late} ms");
        assert!(frames >= frames_min, "{name}: {frames} frames a second");
        assert!(age <= 280, "{name}: pictures are {age} ms old");
    }
}

#[test]
fn a_film_finds_the_quality_that_the_path_takes() {
    // The best rung at 30 frames a second is 1.7 MB/s.
    for scene in [Scene::new(1_000.0, 1), Scene::new(100.0, 120), home()] {
        let rate = film(scene).run().rate(6_000, 12_000);
        assert!(rate > 1_650_000.0, "{rate}");
    }
    // It gets there from a slow beginning, too.
    let steps = vec![step(0, 4.0, 40), step(4_000, 40.0, 40)];
    let log = Scene { steps, seconds: 20, ..film(home()) }.run();
    assert!(log.rate(1_000, 4_000) > 400_000.0, "{}", log.rate(1_000, 4_000));
    assert!(log.rate(12_000, 20_000) > 1_650_000.0, "{}", log.rate(12_000, 20_000));
}

#[test]
fn a_slow_browser_is_sent_what_it_can_paint() {
    let log = Scene { decode_us: 90_000, ..film(home()) }.run();
    let (frames, age) = log.film(2_000, 12_000);
    assert!((9.0..=11.5).contains(&frames), "{frames}");
    // Frames do not pile up in it.
    assert!(age < 300, "{age}");
}

#[test]
fn a_viewer_that_lies_about_painting_stays_bounded() {
    for lie in [Duration::ZERO, Duration::from_secs(4_000)] {
        let log = Scene { lie: Some(lie), ..bulk(home()) }.run();
        assert!(log.under_way_max <= MAX_BYTES, "{}", log.under_way_max);
        // It still gets a picture.
        assert!(log.frames.len() > 24, "{}", log.frames.len());
    }
}
