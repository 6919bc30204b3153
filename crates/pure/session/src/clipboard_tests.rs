//! The clipboard, in every format, between a remote and its viewers.

use std::time::Duration;

use bytes::Bytes;
use porthole_link::{
    ClipboardContent, ClipboardJoiner, ClipboardParts, ScreenPlace, ToBrowser, ToGateway,
};
use porthole_pixels::Rect;
use porthole_remote::{Clipboard, Event, Input, Screen};

use crate::testing::{ALL, Stage, paste};
use crate::{Permissions, SessionConfig, ViewerId};

const MAX: usize = 4 << 20;

fn picture(len: usize) -> Clipboard {
    let png: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
    Clipboard { png: Some(png.into()), ..Clipboard::default() }
}

/// What a viewer was given, in whole contents.
fn given(stage: &Stage, at: usize) -> Vec<Clipboard> {
    let mut joiner = ClipboardJoiner::default();
    let parts = stage.viewers[at].told.iter().filter_map(|told| match told {
        ToBrowser::Clipboard(part) => joiner.push(part, MAX).unwrap(),
        _ => None,
    });
    parts.map(|ClipboardContent { text, html, png }| Clipboard { text, html, png }).collect()
}

/// A viewer sends `content` in parts of at most `part_max` bytes.
fn say(stage: &mut Stage, id: u64, content: Clipboard, part_max: usize) {
    let Clipboard { text, html, png } = content;
    let mut parts = ClipboardParts::new(ClipboardContent { text, html, png });
    while let Some(part) = parts.next(part_max) {
        stage.say(id, ToGateway::Clipboard(part));
    }
}

fn everything() -> Clipboard {
    Clipboard { text: Some("a\nb".into()), html: Some("<b>a</b>".into()), ..picture(1000) }
}

fn copy(stage: &mut Stage, content: Clipboard) {
    stage.session.handle_event(stage.now, Event::Clipboard(content));
    stage.settle();
}

#[test]
fn all_formats_travel_both_ways() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    copy(&mut stage, everything());
    stage.pass(Duration::from_secs(1));
    assert_eq!(given(&stage, 0), [everything()]);
    say(&mut stage, 1, everything(), 7);
    assert_eq!(stage.inputs, [Input::Clipboard(everything())]);
    // Nothing that is drawn has changed.
    stage.assert_exact(0);
}

#[test]
fn each_format_has_the_limit_and_each_direction_its_permission() {
    let config = SessionConfig { clipboard_max_bytes: 100, ..SessionConfig::default() };
    let mut stage = Stage::connected_with(config);
    stage.attach(1, ALL, None).unwrap();
    stage.attach(2, Permissions::INPUT.with(Permissions::CLIPBOARD_IN), None).unwrap();
    stage.attach(3, Permissions::INPUT.with(Permissions::CLIPBOARD_OUT), None).unwrap();
    let fits = Clipboard { png: None, ..everything() };
    // The image is too long: the rest goes.
    copy(&mut stage, everything());
    let want = vec![fits.clone()];
    assert_eq!([0, 1, 2].map(|at| given(&stage, at)), [want.clone(), Vec::new(), want]);
    copy(&mut stage, picture(101));
    let notices = |stage: &Stage, at: usize| {
        let is_notice = |told: &&ToBrowser| matches!(told, ToBrowser::Notice(_));
        stage.viewers[at].told.iter().filter(is_notice).count()
    };
    assert_eq!([0, 1, 2].map(|at| notices(&stage, at)), [1, 0, 1]);

    say(&mut stage, 1, everything(), 30);
    assert_eq!((notices(&stage, 0), stage.inputs.len()), (2, 0));
    say(&mut stage, 3, fits.clone(), 2);
    assert_eq!((notices(&stage, 2), stage.inputs.len()), (2, 0));
    say(&mut stage, 2, fits.clone(), 2);
    assert_eq!(stage.inputs, [Input::Clipboard(fits)]);
}

#[test]
fn the_newest_takes_the_place_of_what_was_not_sent() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    stage.read(0, Some(0));
    for step in 1..=50 {
        copy(&mut stage, picture(100_000 + step));
        stage.pass(Duration::from_millis(100));
    }
    stage.read(0, None);
    stage.pass(Duration::from_secs(1));
    assert_eq!(given(&stage, 0), [picture(100_050)]);
    assert!(stage.viewers[0].bytes < 300_000, "{}", stage.viewers[0].bytes);
}

#[test]
fn a_large_image_does_not_hold_up_the_picture() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    // 200 KB a second: the image alone takes ten seconds.
    stage.viewers[0].bytes_per_ms = Some(200);
    stage.pass(Duration::from_secs(1));
    for step in 0..40 {
        stage.draw(Rect::new(0, 0, 64, 64), step);
        stage.pass(Duration::from_millis(50));
    }
    copy(&mut stage, picture(2_000_000));
    let mut late = 0;
    for step in 0..100_u8 {
        let shade = step.wrapping_mul(37) | 1;
        stage.draw(Rect::new(0, 0, 8, 16), shade);
        stage.pass(Duration::from_millis(200));
        late += usize::from(stage.viewers[0].canvas.bytes()[0] != shade);
    }
    // The canvas has what was drawn when its message was handed over; none waited for the image.
    assert_eq!(late, 0);
    assert_eq!(given(&stage, 0), [picture(2_000_000)]);
    stage.assert_exact(0);
}

#[test]
fn one_who_comes_back_gets_what_was_not_wholly_sent() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    stage.viewers[0].bytes_per_ms = Some(50);
    stage.pass(Duration::from_secs(1));
    copy(&mut stage, picture(500_000));
    stage.pass(Duration::from_millis(200));
    assert_eq!(given(&stage, 0), []);
    stage.session.handle_detach(stage.now, ViewerId(1));
    stage.come_back(0, 2, true);
    stage.pass(Duration::from_secs(60));
    assert_eq!(given(&stage, 0), [picture(500_000)]);
    // What is copied while it is away is kept for it too, the newest alone.
    stage.session.handle_detach(stage.now, ViewerId(2));
    copy(&mut stage, picture(9));
    copy(&mut stage, everything());
    stage.come_back(0, 3, false);
    stage.pass(Duration::from_secs(60));
    assert_eq!(given(&stage, 0), [everything()]);
    // A viewer that was never here sees nothing of it.
    stage.attach(4, ALL, None).unwrap();
    stage.pass(Duration::from_secs(1));
    assert_eq!(given(&stage, 1), []);
}

#[test]
fn text_that_is_none_is_noticed() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    let ToGateway::Clipboard(part) = paste("x") else { panic!("not a clipboard") };
    let part = porthole_link::ClipboardPart { data: Bytes::from_static(&[0xff]), ..part };
    stage.say(1, ToGateway::Clipboard(part));
    assert!(stage.inputs.is_empty());
    assert!(matches!(stage.viewers[0].told.last(), Some(ToBrowser::Notice(_))));
}

#[test]
fn screens_are_state() {
    let mut stage = Stage::connected();
    stage.attach(1, ALL, None).unwrap();
    let screen = |id: u32, x: u16| Screen { id, rect: Rect::new(x, 0, 320, 480), flags: 1 };
    let screens = vec![screen(7, 0), screen(9, 320)];
    stage.session.handle_event(stage.now, Event::Screens(screens));
    stage.settle();
    stage.attach(2, ALL, None).unwrap();
    let place = |id: u32, x: u16| ScreenPlace { id, rect: Rect::new(x, 0, 320, 480) };
    let want = ToBrowser::Screens(vec![place(7, 0), place(9, 320)]);
    for viewer in &stage.viewers {
        let is_screens = |told: &&ToBrowser| matches!(told, ToBrowser::Screens(_));
        assert_eq!(viewer.told.iter().rfind(is_screens), Some(&want));
    }
}
