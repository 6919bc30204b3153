//! Pictures of what a text remote writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_pixels::{Point, Size, Surface};
use porthole_remote::{
    Buttons, Cells, Clipboard, Input, Output, Remote as _, TerminalInput, TerminalLook,
};
use porthole_terminal::{BuiltInFonts, KeyDialect, RawLine, TextClient, TextConfig};

/// What is no text, and so begins something else.
const ACT: u8 = 0xFF;

/// Most acts of one case. Each may draw all of a picture.
const ACTS_MAX: usize = 64;

/// Columns and rows that a viewer may ask for, at most. The picture of so many is drawn quickly.
const CELLS_MAX: Cells = Cells { columns: 40, rows: 16 };

/// Device pixel ratios, in percent.
const SCALES: [u16; 8] = [100, 125, 150, 200, 75, 300, 0, 1];

/// Most memory that letters may take: what the typeface says, and what came since it looked.
const GLYPHS_MAX_BYTES: usize = 9 << 20;

/// A remote writes all of `bytes` but the first, which says how large the terminal is. In between,
/// each byte 0xff begins something that a viewer does: see `Act` here. The surface is as large as
/// the cells, holds nothing while nobody wants pictures, and what was drawn bit by bit is
/// what a surface shows that was empty before. Letters take bounded memory.
pub fn terminal_pictures(bytes: &[u8]) {
    let [size, rest @ ..] = bytes else { return };
    let mut stage =
        Stage::new(Cells { columns: u16::from(size % 16) * 2 + 2, rows: u16::from(size / 16) + 1 });
    let mut rest = rest;
    for _ in 0..ACTS_MAX {
        let end = rest.iter().position(|byte| *byte == ACT).unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        stage.write(text);
        let Some((act, after)) = after.get(1..).and_then(Act::take) else { break };
        stage.act(act);
        rest = after;
    }
    stage.check();
}

/// What happens beside the text. As a fuzz input: its number (modulo 8), and then as many bytes as
/// it has numbers.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Time passes, and the picture is compared.
    Rest,
    /// The wheel turns by so many notches, less 128.
    Turn(u8),
    /// The pointer is at this cell with these buttons.
    Point(u8, u8, u8),
    /// There is room for so many pixels, each times 4.
    Room(u8, u8),
    /// Pictures are wanted at another scale.
    Scale(u8),
    /// A key: a keysym from 0xff00 on below 128, else Latin-1.
    Key(u8),
    /// Pictures are wanted, or not.
    Want(u8),
    /// A viewer that draws text has so many columns and rows.
    Cells(u8, u8),
}

impl Act {
    fn take(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (kind, rest) = bytes.split_first()?;
        Some(match (kind % 8, rest) {
            (0, rest) => (Self::Rest, rest),
            (1, [notches, rest @ ..]) => (Self::Turn(*notches), rest),
            (2, [x, y, buttons, rest @ ..]) => (Self::Point(*x, *y, *buttons), rest),
            (3, [width, height, rest @ ..]) => (Self::Room(*width, *height), rest),
            (4, [scale, rest @ ..]) => (Self::Scale(*scale), rest),
            (5, [key, rest @ ..]) => (Self::Key(*key), rest),
            (6, [wanted, rest @ ..]) => (Self::Want(*wanted), rest),
            (7, [columns, rows, rest @ ..]) => (Self::Cells(*columns, *rows), rest),
            _ => return None,
        })
    }
}

/// A driver and its surface.
struct Stage {
    client: TextClient<RawLine>,
    surface: Surface,
    now: Instant,
    wait: Option<Instant>,
    size: Cells,
    /// The scale at which pictures are wanted.
    scale: Option<u16>,
}

impl Stage {
    fn new(size: Cells) -> Self {
        let config = TextConfig {
            size,
            look: TerminalLook {
                font_name: String::new(),
                font_size_pt: 9,
                scrollback: 50,
                colors: porthole_terminal::look::default_colors(),
            },
            keys: KeyDialect::default(),
            fonts: Arc::new(BuiltInFonts),
        };
        let mut stage = Self {
            client: TextClient::new(RawLine, config),
            surface: Surface::default(),
            now: Instant::now(),
            wait: None,
            size,
            scale: None,
        };
        stage.poll();
        stage.want(Some(100));
        stage
    }

    /// Does what the driver asks for, until it waits.
    fn poll(&mut self) {
        loop {
            match self.client.poll() {
                Output::Draw => self.draw(),
                Output::Resize(size) => self.size = size,
                Output::Wait(wait) => return self.wait = wait,
                _ => {}
            }
        }
    }

    fn draw(&mut self) {
        self.client.handle_draw(self.now, &mut self.surface).expect("it fits a surface");
    }

    fn write(&mut self, text: &[u8]) {
        let mut arrived = BytesMut::from(text);
        let taken = self.client.handle_bytes(self.now, &mut arrived, &mut self.surface);
        taken.expect("text is never refused");
        self.now += Duration::from_millis(3);
        self.poll();
    }

    fn put(&mut self, input: Input) {
        self.client.handle_input(self.now, input);
        self.poll();
    }

    fn want(&mut self, scale: Option<u16>) {
        self.scale = scale;
        self.put(Input::Terminal(TerminalInput::PicturesWanted(scale)));
    }

    fn act(&mut self, act: Act) {
        let cell = self.cell();
        let place = |x: u8, y: u8| Point {
            x: u16::from(x).saturating_mul(cell.width) / 4,
            y: u16::from(y).saturating_mul(cell.height) / 4,
        };
        match act {
            Act::Rest => self.check(),
            Act::Turn(notches) => {
                let dy = (i16::from(notches) - 128) * 120;
                self.put(Input::Wheel { at: place(0, 0), dx: 0, dy });
            }
            Act::Point(x, y, buttons) => {
                self.put(Input::Pointer { at: place(x, y), buttons: Buttons(buttons & 7) });
            }
            Act::Room(width, height) => {
                let most = |count: u16, each: u16| count.saturating_mul(each.max(1));
                let size = Size {
                    width: (u16::from(width) * 4).min(most(CELLS_MAX.columns, cell.width)),
                    height: (u16::from(height) * 4).min(most(CELLS_MAX.rows, cell.height)),
                };
                self.put(Input::Resize(size.into()));
            }
            Act::Scale(scale) => {
                let scale = SCALES.get(usize::from(scale) % SCALES.len()).copied();
                self.want(scale);
            }
            Act::Key(key) => {
                let keysym = if key < 128 { 0xFF00 + u32::from(key) } else { key.into() };
                let text = Clipboard::of_text("p\u{e4}st\n\u{4e2d}".to_owned());
                self.put(Input::Clipboard(text));
                self.put(Input::Key { down: true, keysym, scancode: 0 });
            }
            Act::Want(wanted) => self.want((wanted % 4 != 0).then_some(100)),
            Act::Cells(columns, rows) => {
                let size = Cells {
                    columns: u16::from(columns) % CELLS_MAX.columns + 2,
                    rows: u16::from(rows) % CELLS_MAX.rows + 1,
                };
                self.put(Input::Terminal(TerminalInput::Resize(size)));
            }
        }
    }

    /// A cell's pixels, as the picture shows them.
    fn cell(&self) -> Size {
        let Size { width, height } = self.surface.size();
        Size { width: width / self.size.columns.max(1), height: height / self.size.rows.max(1) }
    }

    /// Time passes until everything is drawn; then the picture is what it has to be.
    fn check(&mut self) {
        for _ in 0..4 {
            let Some(wait) = self.wait else { break };
            self.now = self.now.max(wait);
            self.client.handle_timeout(self.now).expect("time breaks nothing");
            self.poll();
        }
        assert_eq!(self.wait, None, "it never comes to rest");
        let letters = self.client.letters_bytes();
        assert!(letters <= GLYPHS_MAX_BYTES, "letters take {letters} bytes");
        if self.scale.is_none() {
            assert_eq!(self.surface.size(), Size::default(), "a picture for nobody");
            assert_eq!(letters, 0, "letters for nobody");
            return;
        }
        let cell = self.cell();
        let whole =
            Size { width: cell.width * self.size.columns, height: cell.height * self.size.rows };
        assert_eq!(self.surface.size(), whole, "the picture is not made of cells");
        // A surface of another size is drawn upon from scratch.
        let mut fresh = Surface::default();
        self.client.handle_draw(self.now, &mut fresh).expect("it fits a surface");
        assert_eq!(fresh.size(), self.surface.size(), "the size depends on the past");
        assert!(fresh.bytes() == self.surface.bytes(), "the picture depends on the past");
        self.poll();
    }
}
