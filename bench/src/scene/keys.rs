//! A program that answers each key at once, with a square in another colour.

use std::thread::JoinHandle;

use anyhow::Result;
use porthole_pixels::Rect;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{Rectangle, Window};

use super::screen::Screen;
use crate::canvas::{Canvas, INKS, Letters, PAPER};

/// Where the square is. It lies within one 64-pixel tile.
pub(crate) const SPOT: Rect = Rect::new(648, 328, 32, 32);

/// The program, which ends with its display.
pub(crate) struct KeyScene {
    _thread: JoinHandle<()>,
}

impl KeyScene {
    /// Fills the screen with words and takes the keyboard.
    ///
    /// # Errors
    ///
    /// The display refuses.
    pub(crate) fn start(display: &str) -> Result<Self> {
        let screen = Screen::connect(display)?;
        let mut canvas = Canvas::new(screen.size.0, screen.size.1, PAPER);
        canvas.words(&Letters::new(), (0, 0), screen.size, 1);
        let window = screen.window((0, 0), &canvas)?;
        screen.focus(window)?;
        // Its only error is that the display is gone, which is how it is meant to end.
        let thread = std::thread::spawn(move || drop(answer_keys(&screen, window)));
        Ok(Self { _thread: thread })
    }
}

fn answer_keys(screen: &Screen, window: Window) -> Result<()> {
    let square = Rectangle {
        x: i16::try_from(SPOT.x)?,
        y: i16::try_from(SPOT.y)?,
        width: SPOT.width,
        height: SPOT.height,
    };
    let mut inks = INKS.into_iter().cycle();
    loop {
        if let (Event::KeyPress(_), Some(ink)) = (screen.next_event()?, inks.next()) {
            screen.fill(window, square, ink)?;
            screen.flush()?;
        }
    }
}
