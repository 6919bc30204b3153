//! Whole sessions with a fake clock: no socket, no sleep.

use std::time::Duration;

use porthole_link::{Category, Phase, QualityMode, Resume, ToBrowser, ToGateway};
use porthole_pixels::{Point, Rect, Size};
use porthole_remote::{Clipboard, Event, Input, SizeWish};

use crate::testing::{ALL, Stage, paste};
use crate::{AttachError, EndCause, Permissions, SessionConfig, ViewerId};

#[test]
fn a_viewer_gets_the_picture_and_then_what_changes() {
    let mut stage = Stage::connected();
    stage.draw(Rect::new(10, 10, 100, 100), 80);
    stage.attach(1, ALL, None).unwrap();
    stage.assert_exact(0);
    assert!(matches!(stage.viewers[0].told[0], ToBrowser::Welcome(_)));
    stage.pass(Duration::from_secs(1));
    let before = stage.viewers[0].bytes;
    stage.draw(Rect::new(10, 10, 100, 100), 80);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.viewers[0].bytes, before, "false damage costs nothing");
    stage.draw(Rect::new(300, 200, 8, 16), 200);
    stage.assert_exact(0);
    assert!(stage.viewers[0].bytes - before < 60, "{}", stage.viewers[0].bytes - before);
}

#[test]
fn copies_travel_as_copies() {
    let mut stage = Stage::connected();
    stage.photo(Rect::new(0, 0, 200, 200), 3);
    stage.attach(1, ALL, None).unwrap();
    stage.pass(Duration::from_secs(2));
    stage.assert_exact(0);
    let before = stage.viewers[0].bytes;
    for step in 1..20_u16 {
        let source = Point { x: step - 1, y: step - 1 };
        stage.session.surface_mut().copy(source, Rect::new(step, step, 200, 200)).unwrap();
        stage.draw(Rect::new(step - 1, step - 1, 201, 1), 7);
        stage.pass(Duration::from_millis(40));
    }
    stage.assert_exact(0);
    let bytes = stage.viewers[0].bytes - before;
    assert!(bytes < 19 * 400, "{bytes}");
}

#[test]
fn a_stalled_viewer_is_owed_the_newest_picture_only() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.attach(2, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    stage.viewers[0].reads = false;
    let stalled_before = stage.viewers[0].bytes;
    for step in 0..200 {
        stage.photo(Rect::new(0, 0, 300, 300), step);
        stage
            .session
            .handle_event(stage.now, Event::Clipboard(Clipboard::of_text("x".repeat(10_000))));
        stage.pass(Duration::from_millis(33));
    }
    stage.pass(Duration::from_secs(1));
    stage.assert_exact(1);
    let stalled = stage.viewers[0].bytes - stalled_before;
    assert!(stalled < 600_000, "{stalled} bytes were queued for a viewer that does not read");
    // It wakes up: its socket drains and its acknowledgements arrive.
    stage.read(0, None);
    stage.pass(Duration::from_secs(1));
    stage.assert_exact(0);
}

#[test]
fn what_moves_is_lossy_and_what_rests_is_exact() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    let video = Rect::new(64, 64, 320, 240);
    for step in 0..30 {
        stage.photo(video, step);
        // A caret blinks beside the video, and must not keep it from becoming exact.
        stage.draw(Rect::new(600, 400, 2, 16), if step % 2 == 0 { 0 } else { 255 });
        stage.pass(Duration::from_millis(33));
    }
    assert!(stage.viewers[0].lossy);
    for step in 0..9 {
        stage.draw(Rect::new(600, 400, 2, 16), if step % 2 == 0 { 0 } else { 255 });
        stage.pass(Duration::from_millis(50));
    }
    stage.assert_exact(0);
}

#[test]
fn exact_mode_is_never_lossy() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.say(1, ToGateway::Quality(QualityMode::Exact));
    for step in 0..10 {
        stage.photo(Rect::new(0, 0, 320, 240), step);
        stage.pass(Duration::from_millis(33));
    }
    assert!(!stage.viewers[0].lossy);
    stage.assert_exact(0);
}

#[test]
fn frames_keep_their_distance_and_a_lone_change_goes_at_once() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    let frames = |stage: &Stage| {
        stage.viewers[0].told.iter().filter(|told| matches!(told, ToBrowser::FrameEnd(_))).count()
    };
    let before = frames(&stage);
    stage.draw(Rect::new(0, 0, 5, 5), 1);
    assert_eq!(frames(&stage), before + 1);
    stage.draw(Rect::new(0, 0, 5, 5), 2);
    assert_eq!(frames(&stage), before + 1);
    stage.pass(Duration::from_millis(16));
    assert_eq!(frames(&stage), before + 2);
    stage.assert_exact(0);
}

/// A drawing that is half there waits for its end, but not for ever; and a copy that follows
/// what was sent early still lands right.
#[test]
fn half_a_drawing_does_not_corrupt_later_copies() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    let surface = stage.session.surface_mut();
    surface.fill(Rect::new(0, 0, 50, 50), [9, 9, 9, 255]).unwrap();
    surface.copy(Point { x: 0, y: 0 }, Rect::new(200, 200, 50, 50)).unwrap();
    surface.fill(Rect::new(0, 0, 50, 50), [1, 2, 3, 255]).unwrap();
    stage.session.handle_decoded(stage.now);
    stage.settle();
    let early = stage.viewers[0].canvas.row(Rect::new(0, 0, 1, 1), 0).to_vec();
    assert_eq!(early, [0, 0, 0, 255], "it waits for the rest");
    stage.pass(Duration::from_millis(60));
    stage.assert_exact(0);
    let surface = stage.session.surface_mut();
    surface.copy(Point { x: 0, y: 0 }, Rect::new(300, 300, 50, 50)).unwrap();
    stage.session.handle_event(stage.now, Event::FrameEnd);
    stage.pass(Duration::from_millis(60));
    stage.assert_exact(0);
}

#[test]
fn a_new_size_reaches_every_canvas() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    let size = Size::new(333, 222);
    stage.session.surface_mut().resize(size).unwrap();
    stage.session.handle_event(stage.now, Event::Resized(size));
    stage.draw(Rect::new(5, 5, 50, 50), 99);
    stage.pass(Duration::from_millis(50));
    stage.assert_exact(0);
}

#[test]
fn a_hidden_viewer_gets_no_frames_until_it_is_shown() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    stage.say(1, ToGateway::Visible(false));
    let before = stage.viewers[0].bytes;
    stage.draw(Rect::new(0, 0, 50, 50), 5);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.viewers[0].bytes, before);
    stage.say(1, ToGateway::Visible(true));
    stage.assert_exact(0);
}

#[test]
fn permissions_decide_what_passes() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.attach(2, Permissions::default(), None).unwrap();
    let key = ToGateway::Key { down: true, keysym: 97, scancode: 30 };
    stage.say(2, key.clone());
    stage.say(2, paste("no"));
    stage.say(2, ToGateway::Resize(Size::new(99, 99), 100));
    assert!(stage.inputs.is_empty(), "{:?}", stage.inputs);
    stage.say(1, key);
    stage.say(1, ToGateway::Pointer(Point { x: 9999, y: 5 }, 1));
    stage.say(1, paste("yes"));
    assert_eq!(stage.inputs.len(), 3);
    assert!(matches!(stage.inputs[1], Input::Pointer { at: Point { x: 639, y: 5 }, .. }));
    stage.session.handle_event(stage.now, Event::Clipboard(Clipboard::of_text("secret")));
    stage.settle();
    let heard = |at: usize| {
        stage.viewers[at].told.iter().any(|told| matches!(told, ToBrowser::Clipboard(_)))
    };
    assert!(heard(0) && !heard(1));
}

#[test]
fn keys_are_lifted_when_a_viewer_leaves() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.session.handle_detach(stage.now, ViewerId(1));
    stage.settle();
    assert_eq!(stage.inputs, [Input::ReleaseAll]);
}

#[test]
fn a_size_wish_waits_until_the_remote_can() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.say(1, ToGateway::Resize(Size::new(800, 600), 100));
    assert!(stage.inputs.is_empty());
    stage.session.handle_event(stage.now, Event::ResizeSupported(true));
    stage.settle();
    let mut asked = vec![Input::Resize(Size::new(800, 600).into())];
    assert_eq!(stage.inputs, asked);
    // Neither what it was asked for already, nor what it is; but things can be drawn larger.
    stage.session.surface_mut().resize(Size::new(800, 600)).unwrap();
    for scale_percent in [100, 200, 200] {
        stage.say(1, ToGateway::Resize(Size::new(800, 600), scale_percent));
    }
    let larger = SizeWish { size: Size::new(800, 600), scale_percent: 200 };
    asked.push(Input::Resize(larger));
    assert_eq!(stage.inputs, asked);
    for supported in [false, true] {
        stage.session.handle_event(stage.now, Event::ResizeSupported(supported));
    }
    stage.say(1, ToGateway::Resize(Size::new(800, 600), 200));
    asked.push(Input::Resize(larger));
    assert_eq!(stage.inputs, asked);
    // The next one is not as large.
    stage.session.handle_redial();
    stage.session.handle_event(stage.now, Event::Connected);
    stage.session.handle_event(stage.now, Event::ResizeSupported(true));
    stage.settle();
    asked.push(Input::Resize(larger));
    assert_eq!(stage.inputs, asked);
}

#[test]
fn comes_back_with_the_secret_and_with_nothing_else() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    let secret = stage.viewers[0].secret;
    let resume = |secret| Some(Resume { session: [9; 16], secret });
    assert_eq!(stage.attach(2, ALL, resume([77; 32])), Err(AttachError::Ended));
    // The socket died unnoticed: the old viewer is closed, the new one has its permissions.
    stage.attach(3, Permissions::default(), resume(secret)).unwrap();
    assert_eq!(stage.closed, [(ViewerId(1), "replaced".to_owned())]);
    stage.say(3, paste("mine"));
    assert_eq!(stage.inputs.last(), Some(&Input::Clipboard(Clipboard::of_text("mine"))));
    // The secret was used up.
    assert_eq!(stage.attach(4, ALL, resume(secret)), Err(AttachError::Ended));
    stage.session.handle_detach(stage.now, ViewerId(3));
    let secret = stage.viewers.last().unwrap().secret;
    stage.pass(Duration::from_secs(30));
    stage.attach(5, ALL, resume(secret)).unwrap();
    let at = stage.viewers.len() - 1;
    stage.assert_exact(at);
}

#[test]
fn ends_when_its_time_has_come() {
    let minute = Duration::from_secs(60);
    let cases = [
        (SessionConfig::default(), false, EndCause::Abandoned),
        (
            SessionConfig { idle_max: Some(minute), ..SessionConfig::default() },
            true,
            EndCause::Idle,
        ),
        (
            SessionConfig { age_max: Some(minute), ..SessionConfig::default() },
            true,
            EndCause::TimeUp,
        ),
    ];
    for (config, attended, cause) in cases {
        let mut stage = Stage::new(config);
        if attended {
            stage.attach(1, ALL, None).unwrap();
        }
        stage.pass(Duration::from_secs(59));
        assert_eq!(stage.ended, None, "{cause:?}");
        stage.pass(Duration::from_secs(2));
        assert_eq!(stage.ended, Some(cause));
        assert_eq!(stage.closed.len(), usize::from(attended));
        let error = stage.attach(2, ALL, None);
        assert_eq!(error, Err(AttachError::Ended));
    }
}

#[test]
fn a_remote_that_goes_closes_every_viewer_with_the_reason() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    let error = porthole_link::ErrorRecord {
        category: Category::Remote,
        retry: false,
        cause: "refused".into(),
        message: "the server refused".into(),
    };
    stage.session.handle_gone(&error);
    stage.settle();
    assert_eq!(stage.closed, [(ViewerId(1), "refused".to_owned())]);
    assert_eq!(stage.ended, Some(EndCause::RemoteGone));
}

#[test]
fn a_remote_that_is_dialled_again_leaves_the_picture() {
    let mut stage = Stage::connected();
    stage.draw(Rect::new(10, 10, 100, 100), 80);
    stage.attach(1, ALL, None).unwrap();
    stage.session.handle_event(stage.now, Event::ResizeSupported(true));
    stage.pass(Duration::from_secs(1));
    stage.viewers[0].told.clear();
    stage.session.handle_redial();
    stage.say(1, ToGateway::ReleaseAll);
    stage.say(1, ToGateway::Resize(Size::new(500, 400), 100));
    stage.pass(Duration::from_secs(1));
    stage.assert_exact(0);
    let told = &stage.viewers[0].told;
    let phases = |told: &[ToBrowser]| -> Vec<Phase> {
        let phase = |record: &ToBrowser| match record {
            ToBrowser::State(phase, _) => Some(*phase),
            _ => None,
        };
        told.iter().filter_map(phase).collect()
    };
    assert_eq!(phases(told), [Phase::Connecting]);
    assert!(told.contains(&ToBrowser::Abilities(0)), "{told:?}");
    assert!(!stage.inputs.contains(&Input::ReleaseAll), "nothing reaches it meanwhile");
    stage.session.handle_event(stage.now, Event::Connected);
    stage.session.handle_event(stage.now, Event::ResizeSupported(true));
    stage.pass(Duration::from_secs(1));
    assert_eq!(phases(&stage.viewers[0].told).last(), Some(&Phase::Connected));
    assert_eq!(stage.inputs.last(), Some(&Input::Resize(Size::new(500, 400).into())));
    stage.draw(Rect::new(50, 50, 10, 10), 20);
    stage.assert_exact(0);
}
