//! The remote's own video, passed on: order, losses, and who gets it.

mod anything;
mod covers;
mod viewers;

use std::time::Duration;

use bytes::Bytes;
use porthole_link::{Feature, QualityMode, ToBrowser, ToGateway};
use porthole_pixels::{Point, Rect, Surface};
use porthole_remote::{Event, Input, VideoChunk};

use crate::SessionConfig;
use crate::testing::{SIZE, Stage, picture};

const FILM: Rect = Rect { x: 100, y: 50, width: 300, height: 200 };
const OTHER: Rect = Rect { x: 420, y: 300, width: 128, height: 128 };
const ALL_FEATURES: u32 = Feature::VIDEO | Feature::CELLS | Feature::TABLES;

/// A remote with video, and the picture that all who watch should see.
struct Remote {
    stage: Stage,
    truth: Surface,
    /// The last picture of the streams at [`FILM`] and [`OTHER`].
    numbers: [u8; 2],
    welcome: bool,
    repaints: Vec<Rect>,
    /// It begins streams anew when it is asked to; else it draws pixels.
    restarts: bool,
}

impl Remote {
    fn new() -> Self {
        let config = SessionConfig { passes_video: true, ..SessionConfig::default() };
        Self {
            stage: Stage::connected_with(config),
            truth: Surface::new(SIZE).unwrap(),
            numbers: [2, 2],
            welcome: false,
            repaints: Vec::new(),
            restarts: true,
        }
    }

    fn with_viewer() -> Self {
        let mut remote = Self::new();
        remote.stage.attach_with(1, ALL_FEATURES, 64);
        remote.listen();
        assert!(remote.welcome);
        remote
    }

    fn draw(&mut self, rect: Rect, shade: u8) {
        self.truth.fill(rect, [shade, shade, 40, 255]).unwrap();
        self.stage.draw(rect, shade);
    }

    fn copy(&mut self, source: Point, target: Rect) {
        self.truth.copy(source, target).unwrap();
        self.stage.session.surface_mut().copy(source, target).unwrap();
        self.stage.session.handle_event(self.stage.now, Event::FrameEnd);
        self.stage.settle();
    }

    /// Something like a page in `rect`, as if it had been moved down by `down` rows.
    fn page(&mut self, rect: Rect, down: u16) {
        for y in rect.y..rect.y + rect.height {
            let row: Vec<u8> = (rect.x..rect.x + rect.width)
                .flat_map(|x| {
                    let seed = (u32::from(x / 3) * 7919) ^ (u32::from(y + 400 - down) * 104_729);
                    let [ink, ..] = (seed.wrapping_mul(2_654_435_761) >> 24).to_le_bytes();
                    [ink & 0xe0, ink & 0xe0, 40, 255]
                })
                .collect();
            self.truth.store_row(rect.x, y, &row);
            self.stage.session.surface_mut().store_row(rect.x, y, &row);
        }
        self.tell(Event::FrameEnd);
    }

    /// Something like a photograph in `rect`.
    fn photo(&mut self, rect: Rect, seed: u32) {
        self.stage.photo(rect, seed);
        let surface = self.stage.session.surface_mut();
        for y in 0..rect.height {
            self.truth.store_row(rect.x, rect.y + y, surface.row(rect, y));
        }
    }

    /// What it does in an update before its end is told.
    fn cover(&mut self, stream: u32, key: bool) -> Event {
        self.cover_parts(stream, key, &[])
    }

    /// The same with a picture that is painted in `parts` alone, which lie within its place.
    fn cover_parts(&mut self, stream: u32, key: bool, parts: &[Rect]) -> Event {
        let rect = if stream == 0 { FILM } else { OTHER };
        let number = &mut self.numbers[stream as usize];
        *number = if *number > 240 { 2 } else { *number + 1 };
        let key = key || *number == 2;
        let mut data = if key {
            b"\0\0\0\x01\x67\x42\xe0\x1f\0\0\x01\x68\xce\0\0\x01\x65\x88".to_vec()
        } else {
            b"\0\0\0\x01\x41\x9a".to_vec()
        };
        data.push(*number);
        let (number, parts) = (*number, parts.to_vec());
        let data = Bytes::from(data);
        let chunk = VideoChunk { stream, rect, parts, is_start: key, data };
        for place in chunk.places() {
            self.truth.fill(*place, picture(number)).unwrap();
            self.stage.session.surface_mut().draw_veil(*place).unwrap();
        }
        Event::Video(chunk)
    }

    fn tell(&mut self, event: Event) {
        self.stage.session.handle_event(self.stage.now, event);
        self.stage.settle();
    }

    fn show(&mut self, stream: u32, key: bool) {
        let event = self.cover(stream, key);
        self.tell(event);
        self.tell(Event::FrameEnd);
    }

    fn show_parts(&mut self, stream: u32, key: bool, parts: &[Rect]) {
        let event = self.cover_parts(stream, key, parts);
        self.tell(event);
        self.tell(Event::FrameEnd);
    }

    /// Takes note of what it is asked for.
    fn listen(&mut self) {
        for input in std::mem::take(&mut self.stage.inputs) {
            match input {
                Input::VideoWelcome(welcome) => self.welcome = welcome,
                Input::Repaint(rect) => self.repaints.push(rect),
                other => assert_eq!(other, Input::ReleaseAll),
            }
        }
    }

    /// Does as it is asked.
    fn answer(&mut self) {
        let was_welcome = self.welcome;
        self.listen();
        if was_welcome && !self.welcome {
            self.redraw(SIZE.rect());
        }
        for rect in std::mem::take(&mut self.repaints) {
            self.redraw(rect);
            for (stream, place) in [(0, FILM), (1, OTHER)] {
                if self.welcome && self.restarts && place.intersection(rect).is_some() {
                    self.show(stream, true);
                }
            }
        }
    }

    /// Draws what is to be seen in `rect` once more.
    fn redraw(&mut self, rect: Rect) {
        for y in 0..rect.height {
            let row = self.truth.row(rect, y).to_vec();
            self.stage.session.surface_mut().store_row(rect.x, rect.y + y, &row);
        }
        self.tell(Event::FrameEnd);
    }

    fn pass(&mut self, millis: u64) {
        self.stage.pass(Duration::from_millis(millis));
        self.listen();
    }

    /// Lets everything come to rest.
    fn rest(&mut self) {
        for _ in 0..12 {
            self.answer();
            self.stage.pass(Duration::from_millis(700));
        }
        self.listen();
        assert_eq!(self.repaints, []);
    }

    fn assert_true(&self, at: usize) {
        let (canvas, truth) = (&self.stage.viewers[at].canvas, &self.truth);
        assert_eq!(canvas.size(), truth.size());
        let rows = canvas.bytes().chunks(canvas.stride_bytes());
        for (y, (row, want)) in rows.zip(truth.bytes().chunks(truth.stride_bytes())).enumerate() {
            let wrong = row.chunks(4).zip(want.chunks(4)).position(|(a, b)| a != b);
            assert_eq!(wrong, None, "row {y}");
        }
    }

    fn videos(&self, at: usize) -> usize {
        let is_video = |record: &&ToBrowser| matches!(record, ToBrowser::Video(_));
        self.stage.viewers[at].told.iter().filter(is_video).count()
    }
}

#[test]
fn what_is_drawn_before_is_beneath_and_what_is_drawn_after_on_top() {
    let mut remote = Remote::with_viewer();
    remote.draw(Rect::new(90, 40, 40, 40), 5);
    // One update: beneath, video, on top (in the colour of before, which is no change), video
    // beside, and something across all of it.
    remote.truth.fill(Rect::new(150, 60, 90, 90), [1, 1, 1, 255]).unwrap();
    remote.stage.session.surface_mut().fill(Rect::new(150, 60, 90, 90), [1, 1, 1, 255]).unwrap();
    let first = remote.cover(0, true);
    let title = Rect::new(200, 60, 70, 20);
    remote.truth.fill(title, [1, 1, 1, 255]).unwrap();
    remote.stage.session.surface_mut().fill(title, [1, 1, 1, 255]).unwrap();
    let second = remote.cover(1, true);
    // Nothing goes out while a chunk is missing, though there is time.
    remote.tell(Event::Bell);
    remote.stage.pass(Duration::from_millis(200));
    assert_eq!(remote.videos(0), 0);
    remote.tell(first);
    remote.stage.pass(Duration::from_millis(200));
    assert_eq!(remote.videos(0), 0);
    remote.tell(second);
    remote.tell(Event::FrameEnd);
    remote.pass(100);
    remote.assert_true(0);
    // Pictures follow each other, and what is on top stays only where it is drawn again.
    for _ in 0..5 {
        remote.show(0, false);
        remote.draw(Rect::new(300, 230, 200, 100), 9);
        remote.pass(33);
        remote.assert_true(0);
    }
    assert_eq!(remote.videos(0), 7);
    assert_eq!(remote.repaints, []);
}

#[test]
fn a_picture_is_painted_in_its_parts_alone() {
    let mut remote = Remote::with_viewer();
    remote.draw(SIZE.rect(), 5);
    remote.pass(50);
    let told = remote.stage.viewers[0].told.len();
    // What lies beside the parts is neither covered nor drawn again.
    let parts = [Rect::new(110, 60, 40, 30), Rect::new(300, 150, 100, 100)];
    remote.show_parts(0, true, &parts);
    remote.pass(50);
    remote.show_parts(0, false, &parts[1..]);
    remote.draw(Rect::new(200, 100, 20, 20), 9);
    remote.pass(50);
    remote.assert_true(0);
    let (mut said, mut drawn) = (Vec::new(), 0);
    for record in &remote.stage.viewers[0].told[told..] {
        match record {
            ToBrowser::Video(video) => said.push((video.rect, video.parts.clone())),
            ToBrowser::Fill(rect, _) | ToBrowser::Image(rect, ..) => drawn += rect.area(),
            _ => {}
        }
    }
    let from_corner = [Rect::new(10, 10, 40, 30), Rect::new(200, 100, 100, 100)];
    assert_eq!(said, [(FILM, from_corner.to_vec()), (FILM, from_corner[1..].to_vec())]);
    assert!(drawn <= 64 * 64, "{drawn} pixels beside the film were drawn");
    // Who comes lacks the parts, and no more.
    remote.stage.attach_with(2, ALL_FEATURES, 0);
    remote.pass(100);
    let tiles = Rect::new(64, 0, 384, 256);
    assert!(remote.repaints.iter().all(|rect| tiles.contains(*rect)), "{:?}", remote.repaints);
    remote.rest();
    remote.assert_true(1);
    assert_eq!(remote.repaints, []);
}

#[test]
fn a_key_picture_of_a_part_drops_no_piece_that_others_need() {
    let mut remote = Remote::with_viewer();
    remote.show(0, true);
    remote.pass(50);
    remote.stage.viewers[0].reads = false;
    // Frames leave until the path is full, and pieces wait then.
    for _ in 0..200 {
        remote.photo(Rect::new(0, 270, 400, 200), 4);
        remote.pass(20);
    }
    let (left, right) = (Rect { width: 150, ..FILM }, Rect { x: 250, width: 150, ..FILM });
    remote.show_parts(0, true, &[left]);
    remote.show_parts(0, false, &[right]);
    remote.show_parts(0, false, &[left]);
    remote.show_parts(0, true, &[left]);
    remote.stage.read(0, None);
    remote.pass(1_000);
    // The piece before the last key picture is beneath it; the two before that are not.
    assert_eq!(remote.videos(0), 4);
    remote.assert_true(0);
    assert_eq!(remote.repaints, []);
}

#[test]
fn parts_that_reach_past_their_picture_are_not_passed_on() {
    let mut remote = Remote::with_viewer();
    remote.show_parts(0, true, &[FILM, Rect { x: FILM.x - 1, ..FILM }]);
    remote.pass(50);
    assert_eq!((remote.videos(0), remote.repaints.len()), (0, 1));
    remote.rest();
    remote.assert_true(0);
}

const KEY: &[u8] = b"\0\0\x01\x67\x42\xe0\x1f\0\0\x01\x65\x88\x05";

/// One picture of one of many small streams.
fn show_small(remote: &mut Remote, stream: u32, data: &'static [u8]) {
    let rect = Rect::new(u16::try_from(stream * 64).unwrap(), 0, 64, 64);
    remote.stage.session.surface_mut().draw_veil(rect).unwrap();
    let data = Bytes::from_static(data);
    let parts = Vec::new();
    remote.tell(Event::Video(VideoChunk { stream, rect, parts, is_start: false, data }));
    remote.tell(Event::FrameEnd);
    remote.pass(50);
}

#[test]
fn more_streams_than_places_are_pixels() {
    let mut remote = Remote::with_viewer();
    (0..3).for_each(|stream| show_small(&mut remote, stream, KEY));
    remote.pass(2_000);
    // The first gives way, as it was silent longest; it cannot go on in another's place.
    show_small(&mut remote, 3, KEY);
    assert_eq!((remote.videos(0), remote.repaints.len()), (4, 0));
    show_small(&mut remote, 0, b"\0\0\x01\x41\x9a\x06");
    assert_eq!((remote.videos(0), remote.repaints.len()), (4, 1));
    assert!(remote.welcome);
    (4..8).for_each(|stream| show_small(&mut remote, stream, KEY));
    assert!(!remote.welcome);
    remote.redraw(SIZE.rect());
    remote.rest();
    remote.assert_true(0);
}
