//! A text remote drawn: when, how large, and the same whichever way it came about.

use std::sync::Arc;

use bytes::BytesMut;
use porthole_pixels::{Point, Rect};
use porthole_remote::{Buttons, Event, Input, Output, Remote as _, TerminalInput};
use proptest::prelude::*;

use super::*;
use crate::{BuiltInFonts, KeyDialect, RawLine, TextClient, TextConfig};

/// A driver and its surface.
struct Stage {
    client: TextClient<RawLine>,
    surface: Surface,
    now: Instant,
    /// What the last call led to.
    events: Vec<Event>,
    sent: Vec<u8>,
    draws: usize,
    wait: Option<Instant>,
}

fn config(columns: u16, rows: u16) -> TextConfig {
    TextConfig {
        size: Cells { columns, rows },
        look: TerminalLook {
            font_name: String::new(),
            font_size_pt: 12,
            scrollback: 100,
            colors: crate::look::default_colors(),
        },
        keys: KeyDialect::default(),
        fonts: Arc::new(BuiltInFonts),
    }
}

impl Stage {
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn new(config: TextConfig) -> Self {
        let client = TextClient::new(RawLine, config);
        let mut stage = Self {
            client,
            surface: Surface::default(),
            now: Instant::now(),
            events: Vec::new(),
            sent: Vec::new(),
            draws: 0,
            wait: None,
        };
        stage.poll();
        stage
    }

    fn poll(&mut self) {
        self.events.clear();
        self.sent.clear();
        self.draws = 0;
        self.wait = None;
        for _ in 0..1000 {
            match self.client.poll() {
                Output::Send(bytes) => self.sent.extend_from_slice(&bytes),
                Output::Event(event) => self.events.push(event),
                Output::Draw => {
                    self.draws += 1;
                    self.client.handle_draw(self.now, &mut self.surface).unwrap();
                }
                Output::Wait(wait) => {
                    self.wait = wait;
                    return;
                }
                Output::Resize(_) => {}
                other => panic!("{other:?}"),
            }
        }
        panic!("the driver does not come to rest");
    }

    fn feed(&mut self, text: &str) {
        let mut arrived = BytesMut::from(text.as_bytes());
        self.client.handle_bytes(self.now, &mut arrived, &mut self.surface).unwrap();
        self.poll();
    }

    fn put(&mut self, input: Input) {
        self.client.handle_input(self.now, input);
        self.poll();
    }

    fn want(&mut self, wanted: bool) {
        self.want_at(wanted.then_some(100));
    }

    fn want_at(&mut self, scale_percent: Option<u16>) {
        self.put(Input::Terminal(TerminalInput::PicturesWanted(scale_percent)));
    }

    /// Time passes until everything is drawn.
    fn rest(&mut self) {
        while let Some(wait) = self.wait {
            self.now = self.now.max(wait);
            self.client.handle_timeout(self.now).unwrap();
            self.poll();
        }
    }
}

#[test]
fn nothing_is_drawn_until_it_is_wanted() {
    let mut stage = Stage::new(config(80, 24));
    stage.feed("hello");
    assert_eq!((stage.draws, stage.surface.size()), (0, Size::default()));
    stage.want(true);
    assert_eq!(stage.draws, 1);
    let size = Size { width: 800, height: 456 };
    assert_eq!(stage.surface.size(), size);
    let want = [Event::ResizeSupported(true), Event::Resized(size), Event::FrameEnd];
    assert_eq!(stage.events, want);
    stage.want(false);
    assert_eq!(stage.surface.size(), Size::default());
    assert_eq!(stage.events, [Event::ResizeSupported(false), Event::Resized(Size::default())]);
}

#[test]
fn drawings_keep_their_distance() {
    let mut stage = Stage::new(config(80, 24));
    stage.want(true);
    let first = stage.now;
    stage.now += Duration::from_millis(5);
    stage.feed("a");
    assert_eq!((stage.draws, stage.wait), (0, Some(first + DRAW_GAP_MIN)));
    stage.feed("b");
    assert_eq!(stage.wait, Some(first + DRAW_GAP_MIN));
    stage.now = first + DRAW_GAP_MIN;
    stage.client.handle_timeout(stage.now).unwrap();
    stage.poll();
    assert_eq!((stage.draws, stage.wait), (1, None));
    stage.now += Duration::from_secs(1);
    stage.feed("c");
    assert_eq!((stage.draws, stage.wait), (1, None));
    assert!(stage.events.contains(&Event::FrameEnd));
}

#[test]
fn half_drawn_screens_wait() {
    let mut stage = Stage::new(config(80, 24));
    stage.want(true);
    stage.now += Duration::from_secs(1);
    stage.feed("\x1b[?2026hhalf");
    assert_eq!((stage.draws, stage.wait), (0, Some(stage.now + SYNCHRONIZED_MAX)));
    stage.feed(" whole\x1b[?2026l");
    assert_eq!((stage.draws, stage.wait), (1, None));
    stage.now += Duration::from_secs(1);
    stage.feed("\x1b[?2026hnever ends");
    stage.rest();
    assert_eq!(stage.draws, 1);
}

#[test]
fn viewers_choose_the_size_in_pixels() {
    let mut stage = Stage::new(config(80, 24));
    stage.put(Input::Resize(Size { width: 1000, height: 1000 }.into()));
    assert_eq!(stage.client.terminal_size(), Cells { columns: 80, rows: 24 });
    stage.want(true);
    stage.now += Duration::from_secs(1);
    stage.put(Input::Resize(Size { width: 1005, height: 380 }.into()));
    assert_eq!(stage.client.terminal_size(), Cells { columns: 100, rows: 20 });
    assert_eq!(stage.surface.size(), Size { width: 1000, height: 380 });
    assert!(stage.events.contains(&Event::Resized(stage.surface.size())));
}

#[test]
fn letters_are_as_large_as_the_viewers_screen_needs() {
    // 12 points of `DejaVu Sans Mono`, whose letters are 0.602 em wide.
    for (scale_percent, cell) in [
        (100, Size { width: 10, height: 19 }),
        (150, Size { width: 14, height: 28 }),
        (200, Size { width: 19, height: 38 }),
        (50, Size { width: 5, height: 10 }),
        // What no screen has.
        (0, Size { width: 10, height: 19 }),
        (u16::MAX, Size { width: 48, height: 94 }),
    ] {
        let mut stage = Stage::new(config(8, 3));
        stage.want_at(Some(scale_percent));
        let size = Size { width: 8 * cell.width, height: 3 * cell.height };
        assert_eq!(stage.surface.size(), size, "{scale_percent} %");
    }
}

#[test]
fn another_scale_draws_the_same_cells_anew() {
    let mut stage = Stage::new(config(8, 3));
    stage.feed("hello");
    stage.want(true);
    stage.now += Duration::from_secs(1);
    stage.want_at(Some(200));
    let size = Size { width: 152, height: 114 };
    assert_eq!(stage.surface.size(), size);
    assert_eq!(stage.events, [Event::Resized(size), Event::FrameEnd]);
    assert!(stage.surface.bytes() == stage.client.drawn_afresh().bytes());
    stage.want_at(Some(200));
    assert_eq!((stage.draws, stage.events.len()), (0, 0));
    // The same room holds as many cells of twice the size as half of it did.
    stage.now += Duration::from_secs(1);
    stage.put(Input::Resize(Size { width: 190, height: 190 }.into()));
    assert_eq!(stage.client.terminal_size(), Cells { columns: 10, rows: 5 });
    stage.want(false);
    assert_eq!(stage.surface.size(), Size::default());
}

#[test]
fn huge_screens_have_smaller_letters() {
    let mut stage = Stage::new(config(Cells::COLUMNS_MAX, Cells::ROWS_MAX));
    stage.want(true);
    assert!(stage.surface.size().width >= 2000, "{:?}", stage.surface.size());
    stage.now += Duration::from_secs(1);
    stage.put(Input::Terminal(TerminalInput::Resize(Cells { columns: 80, rows: 24 })));
    assert_eq!(stage.surface.size(), Size { width: 800, height: 456 });
}

#[test]
fn selections_are_seen_and_copied() {
    let mut stage = Stage::new(config(20, 3));
    stage.feed("hello");
    stage.want(true);
    let before = stage.surface.bytes().to_vec();
    stage.now += Duration::from_secs(1);
    for (x, buttons) in [(1, 1), (49, 1), (49, 0)] {
        stage.put(Input::Pointer { at: Point { x, y: 1 }, buttons: Buttons(buttons) });
    }
    let copied = stage.events.iter().find_map(|event| match event {
        Event::Clipboard(clipboard) => clipboard.text.clone(),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("hello"));
    stage.rest();
    let row = |surface: &Surface| surface.row(Rect::new(0, 0, 200, 1), 0).to_vec();
    assert_eq!(&row(&stage.surface)[..4], &[0x99, 0x99, 0x99, 255]);
    assert_eq!(&row(&stage.surface)[4 * 60..4 * 61], &[0, 0, 0, 255]);
    stage.put(Input::Key { down: true, keysym: 0x61, scancode: 0 });
    assert_eq!(stage.sent, b"a");
    stage.rest();
    assert!(stage.surface.bytes() == before);
}

#[test]
fn kept_rows_are_shown_and_stay() {
    let mut stage = Stage::new(config(20, 3));
    stage.feed("one\r\ntwo\r\nthree\r\nfour\r\nfive");
    stage.want(true);
    stage.put(Input::Wheel { at: Point { x: 0, y: 0 }, dx: 0, dy: -120 });
    stage.rest();
    let scrolled = stage.surface.bytes().to_vec();
    stage.feed("\r\nsix\r\nseven");
    stage.rest();
    assert!(stage.surface.bytes() == scrolled);
    let mut top = Stage::new(config(20, 3));
    top.feed("one\r\ntwo\r\nthree\x1b[?25l");
    top.want(true);
    assert!(top.surface.bytes() == scrolled);
}

/// Pieces of what programs write.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "\r\n",
        "\n\n\n",
        "\x1b[H",
        "\x1b[2J",
        "\x1b[K",
        "\x1b[7m",
        "\x1b[m",
        "\x1b[1;31m",
        "\x1b[44m",
        "\x1b[4:3m",
        "\x1b[3L",
        "\x1b[2M",
        "\x1bM",
        "\x1b[5S",
        "\x1b[2;4r",
        "\x1b[r",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?25l",
        "\x1b[?25h",
        "\x1b[4 q",
        "\x1b[?5h",
        "\x1b[?5l",
        "e\u{301}",
        "\u{4e2d}\u{6587}",
        "\u{1f600}",
        "\u{2500}\u{253c}",
        "\x1b]4;1;rgb:12/34/56\x07",
        "\x1b[3@",
        "\x1b[2P",
        "\x1b[8m",
        "\x1b[2m",
        "\x1b]11;#102030\x07",
        "\x1b[3J",
        "\x1bc",
    ]);
    prop_oneof![
        3 => "[ -~]{0,30}",
        4 => fixed.prop_map(str::to_owned),
        1 => (1u8..8, 1u8..24).prop_map(|(y, x)| format!("\x1b[{y};{x}H")),
    ]
}

#[derive(Debug, Clone)]
enum Step {
    Feed(String),
    Turn(i16),
    Point(u16, u16, u8),
    Resize(u16, u16),
    Scale(u16),
    Rest,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => piece().prop_map(Step::Feed),
        1 => (-3i16..=3).prop_map(|notches| Step::Turn(notches * 120)),
        1 => (0u16..260, 0u16..170, 0u8..3).prop_map(|(x, y, buttons)| Step::Point(x, y, buttons)),
        1 => (10u16..300, 19u16..200).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => prop::sample::select(vec![100, 125, 150, 200]).prop_map(Step::Scale),
        2 => Just(Step::Rest),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_drawn_bit_by_bit_is_what_is_drawn_at_once(
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut stage = Stage::new(config(24, 8));
        stage.want(true);
        for step in steps.into_iter().chain([Step::Rest]) {
            match step {
                Step::Feed(text) => stage.feed(&text),
                Step::Turn(dy) => stage.put(Input::Wheel { at: Point { x: 0, y: 0 }, dx: 0, dy }),
                Step::Point(x, y, buttons) => {
                    stage.put(Input::Pointer { at: Point { x, y }, buttons: Buttons(buttons) });
                }
                Step::Resize(width, height) => stage.put(Input::Resize(Size { width, height }.into())),
                Step::Scale(percent) => stage.want_at(Some(percent)),
                Step::Rest => {
                    stage.rest();
                    let fresh = stage.client.drawn_afresh();
                    prop_assert!(stage.surface.bytes() == fresh.bytes());
                }
            }
        }
    }
}
