//! Cells, kept pictures and partial frames: whatever happens, the canvas becomes the surface.

use std::time::Duration;

use porthole_link::{Codec, Feature, QualityMode, Resume, ToBrowser, ToGateway};
use porthole_pixels::{Point, Rect, Size};
use porthole_remote::Event;
use porthole_tiles::video::VideoCodec;

use crate::testing::{ALL, BAD_FILE, SIZE, Stage};
use crate::{AttachError, SessionConfig};

/// A small generator with a fixed seed, so that a failure repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u16) -> u16 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [a, b, ..] = self.0.to_be_bytes().map(u16::from);
        (a << 8 | b) % limit.max(1)
    }

    fn rect(&mut self, size: Size) -> Rect {
        let (x, y) = (self.below(size.width - 8), self.below(size.height - 8));
        Rect::new(x, y, 1 + self.below(size.width - x), 1 + self.below(size.height - y))
    }
}

/// Text-like stripes all over, a different picture for each seed.
fn window(stage: &mut Stage, seed: u8) {
    for y in 0..SIZE.height {
        let row: Vec<u8> = (0..SIZE.width)
            .flat_map(|x| {
                let [ink, ..] = ((x / 3) ^ (y / 5) ^ (u16::from(seed) * 77)).to_le_bytes();
                let [place, ..] = (x / 64 + y / 64 * 10).to_le_bytes();
                [ink & 0xf0, place, seed, 255]
            })
            .collect();
        stage.session.surface_mut().store_row(0, y, &row);
    }
    stage.session.handle_event(stage.now, Event::FrameEnd);
    stage.settle();
}

fn count(told: &[ToBrowser], is: impl Fn(&ToBrowser) -> bool) -> usize {
    told.iter().filter(|record| is(record)).count()
}

#[test]
fn a_window_that_comes_back_comes_out_of_cells() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 4096);
    for turn in 0..6 {
        window(&mut stage, turn % 2);
        let before = stage.viewers[0].bytes;
        stage.pass(Duration::from_millis(500));
        stage.assert_exact(0);
        assert!(turn < 2 || stage.viewers[0].bytes == before, "all in one frame");
    }
    stage.viewers[0].told.clear();
    let before = stage.viewers[0].bytes;
    window(&mut stage, 0);
    stage.pass(Duration::from_millis(500));
    stage.assert_exact(0);
    let bytes = stage.viewers[0].bytes - before;
    assert!(bytes < 300, "{bytes} bytes");
    let told = &stage.viewers[0].told;
    assert_eq!(count(told, |record| matches!(record, ToBrowser::Image(..))), 0);
    assert_eq!(count(told, |record| matches!(record, ToBrowser::Recall(..))), 8);
    assert_eq!(count(told, |record| matches!(record, ToBrowser::Store(..))), 0, "both are there");
}

#[test]
fn what_moves_is_not_stored() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 4096);
    for step in 0..40 {
        stage.photo(Rect::new(0, 0, 320, 240), step % 4);
        stage.pass(Duration::from_millis(33));
    }
    let is_cell =
        |record: &ToBrowser| matches!(record, ToBrowser::Recall(..) | ToBrowser::Store(..));
    let told = &stage.viewers[0].told;
    assert!(count(told, is_cell) <= 4, "only what stood there before");
}

#[test]
fn a_kept_canvas_is_owed_the_difference() {
    let mut stage = Stage::connected();
    window(&mut stage, 1);
    stage.attach_keeping(1, 512);
    stage.pass(Duration::from_secs(1));
    let first = stage.viewers[0].bytes;
    stage.viewers[0].reads = false;
    stage.draw(Rect::new(70, 70, 5, 5), 200);
    stage.session.surface_mut().copy(Point { x: 0, y: 0 }, Rect::new(300, 300, 100, 100)).unwrap();
    stage.draw(Rect::new(10, 10, 2, 2), 90);
    stage.pass(Duration::from_secs(1));
    // The frames of that second are lost, and what comes after them is not even sent.
    stage.session.handle_detach(stage.now, stage.viewers[0].id);
    stage.draw(Rect::new(500, 400, 3, 3), 20);
    let before = stage.viewers[0].bytes;
    stage.come_back(0, 2, true);
    stage.pass(Duration::from_secs(1));
    stage.assert_exact(0);
    let bytes = stage.viewers[0].bytes - before;
    assert!(bytes < first / 2, "{bytes} of {first}");
    // A reload keeps nothing.
    stage.session.handle_detach(stage.now, stage.viewers[0].id);
    stage.come_back(0, 3, false);
    stage.pass(Duration::from_secs(1));
    stage.assert_exact(0);
}

#[test]
fn a_kept_canvas_without_changes_still_gets_a_frame() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 64);
    stage.pass(Duration::from_secs(1));
    stage.session.handle_detach(stage.now, stage.viewers[0].id);
    stage.come_back(0, 2, true);
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.viewers[0].painted, 1);
    stage.assert_exact(0);
}

#[test]
fn a_welcome_that_was_lost_does_not_lock_the_viewer_out() {
    let mut stage = Stage::connected();
    window(&mut stage, 1);
    stage.attach_keeping(1, 64);
    stage.pass(Duration::from_secs(1));
    let (secret, painted) = (stage.viewers[0].secret, stage.viewers[0].painted);
    stage.viewers[0].deaf = true;
    for id in 2..5 {
        stage.draw(Rect::new(70, 70, 5, 5), u8::try_from(id).unwrap() * 40);
        stage.come_back(0, id, true);
        // Neither Welcome nor anything after it arrived: the browser is where it was.
        (stage.viewers[0].secret, stage.viewers[0].painted) = (secret, painted);
        window(&mut stage, u8::try_from(id).unwrap());
        stage.pass(Duration::from_secs(1));
    }
    stage.viewers[0].deaf = false;
    stage.come_back(0, 5, true);
    stage.pass(Duration::from_secs(1));
    stage.assert_exact(0);
    let known = stage.viewers[0].secret;
    assert_ne!(known, secret);
    stage.viewers[0].secret = secret;
    let old = Resume { session: [9; 16], secret };
    assert_eq!(stage.attach(6, ALL, Some(old)), Err(AttachError::Ended), "the new one was used");
}

#[test]
fn a_frame_that_has_no_room_sends_text_first() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 64);
    stage.pass(Duration::from_secs(1));
    stage.viewers[0].told.clear();
    stage.photo(Rect::new(0, 128, 640, 320), 5);
    stage.draw(Rect::new(5, 5, 3, 3), 9);
    let images = |record: &ToBrowser| matches!(record, ToBrowser::Image(_, Codec::JpegScan, _));
    assert!(count(&stage.viewers[0].told, images) > 0);
    stage.pass(Duration::from_secs(2));
    stage.assert_exact(0);
}

/// Updates, stalls, lost frames, cuts with and without the canvas, new sizes, few cells.
fn anything(seed: u64, cells: u16) {
    let mut stage = Stage::connected();
    let mut random = Random(seed);
    let mut ids = 3;
    stage.attach_keeping(1, cells);
    stage.attach_keeping(2, cells * 4);
    for _ in 0..80 {
        let size = stage.session.surface_mut().size();
        let rect = random.rect(size);
        let at = usize::from(random.below(2));
        match random.below(17) {
            12 | 13 => stage.cover(rect, u8::try_from(random.below(5)).unwrap()),
            14 => {
                for seed in 0..6 {
                    stage.cover(rect, seed);
                    stage.pass(Duration::from_millis(random.below(60).into()));
                }
            }
            15 => {
                // Copied, drawn on and covered again within one frame.
                let other = random.rect(size);
                stage.cover_untold(rect, 7);
                let source = Point { x: rect.x / 2, y: rect.y / 2 };
                stage.session.surface_mut().copy(source, rect).unwrap();
                stage.cover_untold(other, 8);
                stage.draw(random.rect(size), 3);
            }
            16 if random.below(3) == 0 => stage.cover(rect, BAD_FILE),
            0 | 1 => stage.photo(rect, random.below(3).into()),
            2 | 3 => window(&mut stage, u8::try_from(random.below(4)).unwrap()),
            4 | 5 => stage.draw(rect, u8::try_from(random.below(4)).unwrap()),
            6 => {
                let source = Point {
                    x: random.below(size.width - rect.width + 1),
                    y: random.below(size.height - rect.height + 1),
                };
                stage.session.surface_mut().copy(source, rect).unwrap();
                stage.session.handle_event(stage.now, Event::FrameEnd);
            }
            7 => stage.viewers[at].reads = false,
            8 => stage.read(at, None),
            9 => stage.read(at, Some(random.below(3).into())),
            10 => {
                if random.below(2) == 0 {
                    stage.session.handle_detach(stage.now, stage.viewers[at].id);
                }
                let keeps = random.below(3) > 0;
                stage.come_back(at, ids, keeps);
                ids += 1;
            }
            _ if random.below(6) == 0 => {
                let size = Size::new(200 + random.below(441), 200 + random.below(281));
                stage.session.surface_mut().resize(SIZE).unwrap();
                stage.session.surface_mut().resize(size).unwrap();
                stage.session.surface_mut().resize(SIZE).unwrap();
                stage.session.handle_event(stage.now, Event::FrameEnd);
            }
            _ => (),
        }
        stage.pass(Duration::from_millis(u64::from(random.below(300))));
    }
    for at in 0..2 {
        stage.read(at, None);
    }
    stage.pass(Duration::from_secs(5));
    stage.assert_exact(0);
    stage.assert_exact(1);
}

#[test]
fn anything_that_happens_ends_in_the_same_picture() {
    for seed in 0..12 {
        anything(seed, [4, 40, 1000][usize::try_from(seed % 3).unwrap()]);
    }
}

#[test]
fn a_page_that_is_painted_anew_further_on_travels_as_a_copy() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 64);
    let page = |stage: &mut Stage, from: u16| {
        for y in 0..SIZE.height {
            let row: Vec<u8> = (0..SIZE.width)
                .flat_map(|x| {
                    let seed = (u32::from(x / 3) * 7919) ^ (u32::from(y + from) * 104_729);
                    let [ink, ..] = (seed.wrapping_mul(2_654_435_761) >> 24).to_le_bytes();
                    [ink & 0xe0, ink & 0xe0, 40, 255]
                })
                .collect();
            stage.session.surface_mut().store_row(0, y, &row);
        }
        stage.session.handle_event(stage.now, Event::FrameEnd);
    };
    page(&mut stage, 0);
    stage.pass(Duration::from_secs(1));
    let before = stage.viewers[0].bytes;
    for step in 1..11 {
        page(&mut stage, step * 40);
        stage.pass(Duration::from_millis(33));
    }
    stage.assert_exact(0);
    let bytes = (stage.viewers[0].bytes - before) / 10;
    let told = &stage.viewers[0].told;
    let copies = count(told, |record| matches!(record, ToBrowser::Copy(..)));
    assert!(copies >= 8, "{copies} copies, {bytes} bytes a step");
    assert!(bytes < before / 4, "{bytes} bytes a step, {before} for the whole page");
}

#[test]
fn a_letter_passes_a_film_that_fills_the_window() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 64);
    for step in 0..20 {
        stage.photo(Rect::new(0, 0, 512, 384), step);
        stage.pass(Duration::from_millis(33));
    }
    // The path is long: frames leave until the window is full.
    stage.viewers[0].acks = false;
    for step in 20..120 {
        stage.photo(Rect::new(0, 0, 512, 384), step);
        stage.pass(Duration::from_millis(33));
    }
    let before = stage.viewers[0].bytes;
    stage.photo(Rect::new(0, 0, 512, 384), 500);
    stage.draw(Rect::new(600, 450, 8, 12), 200);
    stage.pass(Duration::from_millis(50));
    let letter = stage.viewers[0].bytes - before;
    assert!((20..200).contains(&letter), "{letter} bytes");
    stage.viewers[0].acks = true;
    let (id, last) = (stage.viewers[0].id, stage.viewers[0].painted);
    stage.session.handle_message(stage.now, id, ToGateway::Ack(last, 100));
    stage.pass(Duration::from_secs(2));
    stage.assert_exact(0);
}

/// A film of which the path can carry no JPEG: it comes as H.264 after a while, and as pixels,
/// exactly, when it stops.
#[test]
fn a_film_on_a_slow_path_is_h264_until_it_rests() {
    let config = SessionConfig { video: VideoCodec::bundled(), ..SessionConfig::default() };
    let mut stage = Stage::connected_with(config);
    stage.attach_with(1, Feature::VIDEO | Feature::CELLS | Feature::TABLES, 64);
    stage.viewers[0].bytes_per_ms = Some(300);
    let film = Rect::new(64, 32, 512, 384);
    for step in 0..240 {
        stage.photo(film, step);
        stage.pass(Duration::from_millis(33));
    }
    let told = &stage.viewers[0].told;
    let keys = |record: &ToBrowser| matches!(record, ToBrowser::Video(video) if video.key);
    let videos = count(told, |record| matches!(record, ToBrowser::Video(_)));
    assert!(videos > 60, "{videos} pictures of the film");
    assert_eq!(count(told, keys), 1);
    // A picture that did not decode is followed by one that needs none before it.
    stage.say(1, ToGateway::Repaint(film));
    for step in 240..260 {
        stage.photo(film, step);
        stage.pass(Duration::from_millis(33));
    }
    assert_eq!(count(&stage.viewers[0].told, keys), 2);
    stage.pass(Duration::from_secs(20));
    stage.assert_exact(0);
}

fn is_file(record: &ToBrowser) -> bool {
    matches!(record, ToBrowser::Image(_, Codec::JpegScan, data) if data[0] == 15)
}

#[test]
fn a_film_of_files_goes_on_as_it_came() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 64);
    stage.pass(Duration::from_secs(1));
    let (left, right) = (Rect::new(70, 40, 200, 100), Rect::new(270, 40, 131, 100));
    for step in 0..60 {
        stage.cover_untold(left, step);
        stage.cover(right, step + 100);
        stage.pass(Duration::from_millis(33));
        assert!(step < 10 || !stage.session.surface_mut().is_settled(), "nobody looked");
    }
    let told = &stage.viewers[0].told;
    let files = count(told, is_file);
    let images = count(told, |record| matches!(record, ToBrowser::Image(..)));
    assert!(files > 100 && images < files + 20, "{files} of {images}");
    // The tables come when they change: here with every other picture.
    let tables = count(told, |record| matches!(record, ToBrowser::Tables(15, _)));
    assert!((40..=60).contains(&tables), "{tables}");
    stage.pass(Duration::from_secs(1));
    assert!(stage.session.surface_mut().is_settled(), "it is exact when still");
    stage.assert_exact(0);
}

#[test]
fn a_file_that_a_viewer_cannot_show_is_not_sent_again() {
    let mut stage = Stage::connected();
    stage.attach_keeping(1, 64);
    stage.pass(Duration::from_secs(1));
    let rect = Rect::new(70, 40, 200, 100);
    for seed in 0..10 {
        stage.cover(rect, seed);
        stage.pass(Duration::from_millis(33));
    }
    stage.viewers[0].told.clear();
    stage.say(1, ToGateway::Repaint(rect));
    stage.pass(Duration::from_secs(1));
    assert_eq!(count(&stage.viewers[0].told, is_file), 0);
    stage.assert_exact(0);
}

#[test]
fn who_wants_no_loss_or_few_bytes_gets_no_files() {
    for mode in [QualityMode::Exact, QualityMode::Sparing] {
        let mut stage = Stage::connected();
        stage.attach_keeping(1, 64);
        stage.say(1, ToGateway::Quality(mode));
        stage.pass(Duration::from_secs(1));
        for seed in 0..20 {
            // Of two bytes for a pixel: more than the encoder would need.
            let rect = Rect::new(70, 40, 100, 100);
            stage.cover_sized(rect, seed, 20_000);
            stage.session.handle_event(stage.now, Event::FrameEnd);
            stage.pass(Duration::from_millis(33));
        }
        assert_eq!(count(&stage.viewers[0].told, is_file), 0, "{mode:?}");
        stage.pass(Duration::from_secs(1));
        stage.assert_exact(0);
    }
}
