//! Programs that show text.

use anyhow::Result;
use x11rb::protocol::xproto::{Rectangle, Window};

use super::Scene;
use super::screen::Screen;
use crate::canvas::{Canvas, INKS, LETTER_HEIGHT_PX, LETTER_WIDTH_PX, Letters, PAPER, Random};

/// A screen of words on which nothing happens.
pub(super) struct Still;

impl Still {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        let mut canvas = Canvas::new(screen.size.0, screen.size.1, PAPER);
        canvas.words(&Letters::new(), (0, 0), screen.size, 1);
        screen.window((0, 0), &canvas)?;
        Ok(Self)
    }
}

impl Scene for Still {
    fn step(&mut self, _screen: &Screen, _number: u64) -> Result<()> {
        Ok(())
    }
}

/// Letters appear one by one in a text area, and a bar moves along behind them.
pub(super) struct Typing {
    window: Window,
    letters: Letters,
    random: Random,
    /// Letters in a line of the text area.
    columns: u16,
    lines: u16,
}

/// Rows from one line of an editor to the next.
const LINE_PX: u16 = 20;

/// The text area begins here: words of an older text are around it.
const AREA_AT_PX: u16 = 200;

impl Typing {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        let letters = Letters::new();
        let (width, height) = screen.size;
        let mut canvas = Canvas::new(width, height, PAPER);
        canvas.words(&letters, (0, 0), screen.size, 1);
        let area = (width.saturating_sub(2 * AREA_AT_PX), height.saturating_sub(2 * AREA_AT_PX));
        canvas.fill((AREA_AT_PX, AREA_AT_PX), area, PAPER);
        let window = screen.window((0, 0), &canvas)?;
        Ok(Self {
            window,
            letters,
            random: Random::new(2),
            columns: (area.0 / LETTER_WIDTH_PX).saturating_sub(1).max(1),
            lines: (area.1 / LINE_PX).max(1),
        })
    }
}

impl Scene for Typing {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        let columns = u64::from(self.columns);
        let column = u16::try_from(number % columns)?;
        let line = u16::try_from(number / columns % u64::from(self.lines))?;
        let (x, y) = (AREA_AT_PX + column * LETTER_WIDTH_PX, AREA_AT_PX + line * LINE_PX);
        let mut letter = Canvas::new(LETTER_WIDTH_PX, LETTER_HEIGHT_PX, PAPER);
        // Every sixth is a space.
        if number % 6 != 5 {
            letter.letter(&self.letters, (0, 0), self.random.letter(), INKS[0]);
        }
        let at = (i16::try_from(x)?, i16::try_from(y)?);
        screen.put(self.window, at, letter.width, &letter.bytes)?;
        let bar = Rectangle {
            x: i16::try_from(x + LETTER_WIDTH_PX)?,
            y: at.1,
            width: 2,
            height: LETTER_HEIGHT_PX,
        };
        screen.fill(self.window, bar, INKS[0])
    }
}

/// A terminal over the whole screen: everything moves up, a new line appears below.
pub(super) struct Terminal {
    window: Window,
    letters: Letters,
    random: Random,
    /// Of the part that scrolls.
    size: (u16, u16),
}

impl Terminal {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        let letters = Letters::new();
        let mut random = Random::new(3);
        let (width, height) = screen.size;
        let lines = height / LETTER_HEIGHT_PX;
        let mut canvas = Canvas::new(width, height, PAPER);
        for line in 0..lines {
            let at = (0, line * LETTER_HEIGHT_PX);
            canvas.line(&letters, at, width / LETTER_WIDTH_PX, &mut random);
        }
        let window = screen.window((0, 0), &canvas)?;
        Ok(Self { window, letters, random, size: (width, lines * LETTER_HEIGHT_PX) })
    }
}

impl Scene for Terminal {
    fn step(&mut self, screen: &Screen, _number: u64) -> Result<()> {
        screen.scroll(self.window, self.size, LETTER_HEIGHT_PX)?;
        let (width, height) = self.size;
        let mut line = Canvas::new(width, LETTER_HEIGHT_PX, PAPER);
        line.line(&self.letters, (0, 0), width / LETTER_WIDTH_PX, &mut self.random);
        let y = i16::try_from(height - LETTER_HEIGHT_PX)?;
        screen.put(self.window, (0, y), width, &line.bytes)
    }
}

/// A page of words and pictures that its program draws anew, 60 rows further on, at each step.
pub(super) struct Page {
    pub(super) window: Window,
    /// The whole page, and its first screenful again at its end.
    whole: Canvas,
    view_height: u16,
}

/// Rows of the whole page; a multiple of [`SCROLL_PX`].
const PAGE_PX: u16 = 6000;

/// Rows of one step.
const SCROLL_PX: u16 = 60;

/// Rows of a photograph on a page of them; they come to [`PAGE_PX`].
const PHOTO_PX: u16 = 600;

/// Rows above the page that stay, as a browser's bars do.
const BARS_PX: u16 = 80;

impl Page {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        Self::show(screen, page(screen.size.0, PAGE_PX))
    }

    /// A page of nothing but photographs.
    pub(super) fn of_photos(screen: &Screen) -> Result<Self> {
        let width = screen.size.0;
        let mut whole = Canvas::new(width, PAGE_PX, PAPER);
        for (number, y) in (0..PAGE_PX).step_by(usize::from(PHOTO_PX)).enumerate() {
            whole.photo((0, y), (width, PHOTO_PX), number as u64 + 1);
        }
        Self::show(screen, whole)
    }

    fn show(screen: &Screen, mut whole: Canvas) -> Result<Self> {
        let (width, height) = screen.size;
        let view_height = height.saturating_sub(BARS_PX).max(1);
        let again = whole.rows(0, view_height).to_vec();
        whole.bytes.extend(again);
        whole.height += view_height;
        let window = screen.window((0, 0), &Canvas::new(width, height, [210, 210, 215]))?;
        Ok(Self { window, whole, view_height })
    }
}

impl Scene for Page {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        let top = u16::try_from(number * u64::from(SCROLL_PX) % u64::from(PAGE_PX))?;
        let rows = self.whole.rows(top, self.view_height);
        screen.put(self.window, (0, i16::try_from(BARS_PX)?), self.whole.width, rows)
    }
}

/// Words with a picture every 500 rows.
pub(super) fn page(width: u16, height: u16) -> Canvas {
    let letters = Letters::new();
    let mut canvas = Canvas::new(width, height, PAPER);
    canvas.words(&letters, (0, 0), (width, height), 5);
    for (number, y) in (0..height).step_by(500).enumerate() {
        let x = if number % 2 == 0 { width / 10 } else { width / 2 };
        canvas.photo((x, y + 80), (width * 2 / 5, 320), number as u64 + 1);
    }
    canvas
}
