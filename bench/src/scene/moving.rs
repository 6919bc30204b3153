//! Programs that show pictures and windows that move.

use anyhow::Result;
use porthole_pixels::Rect;
use x11rb::protocol::xproto::Window;

use super::Scene;
use super::screen::Screen;
use super::text::page;
use crate::canvas::{Canvas, Letters, PAPER, Random};

/// A film, as it should look, and where it plays.
#[derive(Debug, Clone)]
pub(crate) struct Film {
    /// Where on the screen.
    pub(crate) area: Rect,
    /// Its pictures, which are shown over and over.
    pub(crate) frames: Vec<Canvas>,
}

/// Pictures in the film.
const FRAMES: u16 = 24;

impl Film {
    /// The film in the middle of a screen of so many columns and rows.
    pub(crate) fn on((columns, rows): (u16, u16)) -> Self {
        let (width, height) = (1280.min(columns), 720.min(rows));
        let area = Rect::new((columns - width) / 2, (rows - height) / 2, width, height);
        Self { area, frames: (0..FRAMES).map(|number| frame(width, height, number)).collect() }
    }
}

/// A film in the middle of a screen of words.
pub(super) struct Video {
    pub(super) window: Window,
    film: Film,
}

impl Video {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        let mut ground = Canvas::new(screen.size.0, screen.size.1, PAPER);
        ground.words(&Letters::new(), (0, 0), screen.size, 1);
        let window = screen.window((0, 0), &ground)?;
        Ok(Self { window, film: Film::on(screen.size) })
    }
}

impl Scene for Video {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        let index = usize::try_from(number % u64::from(FRAMES))?;
        let area = self.film.area;
        let at = (i16::try_from(area.x)?, i16::try_from(area.y)?);
        match self.film.frames.get(index) {
            Some(frame) => screen.put(self.window, at, area.width, &frame.bytes),
            None => Ok(()),
        }
    }
}

/// Colours that run from edge to edge and move, under noise of three bits.
fn frame(width: u16, height: u16, number: u16) -> Canvas {
    let mut random = Random::new(u64::from(number) + 100);
    let mut canvas = Canvas::new(width, height, [0; 3]);
    canvas.paint((0, 0), (width, height), |x, y| {
        let noise = random.bytes().map(|byte| byte & 7);
        let shade = |value: u16, noise: u8| {
            // A triangle: up to 255 and down again.
            let value = value % 512;
            let value = if value < 256 { value } else { 511 - value };
            u8::try_from(value).unwrap_or(u8::MAX).saturating_add(noise)
        };
        let moved = number * 21;
        let [red, green, blue, _] = noise;
        Some([shade(x / 2 + moved, red), shade(y + moved, green), shade((x + y) / 3 + moved, blue)])
    });
    canvas
}

/// Two windows over the whole screen, an editor and a page, in turn.
pub(super) struct Switch {
    windows: [Window; 2],
}

impl Switch {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        let (width, height) = screen.size;
        let mut editor = Canvas::new(width, height, PAPER);
        editor.words(&Letters::new(), (0, 0), screen.size, 6);
        let windows =
            [screen.window((0, 0), &page(width, height))?, screen.window((0, 0), &editor)?];
        Ok(Self { windows })
    }
}

impl Scene for Switch {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        let [first, second] = self.windows;
        screen.raise(if number.is_multiple_of(2) { first } else { second })
    }
}

/// A window of words on its way around the screen, over a page.
pub(super) struct Drag {
    window: Window,
    /// How far right and down the window can go.
    room: (u16, u16),
}

impl Drag {
    pub(super) fn new(screen: &Screen) -> Result<Self> {
        let (width, height) = screen.size;
        screen.window((0, 0), &page(width, height))?;
        let size = (800.min(width), 600.min(height));
        let mut words = Canvas::new(size.0, size.1, PAPER);
        words.words(&Letters::new(), (0, 0), size, 7);
        words.fill((0, 0), (size.0, 24), [60, 90, 150]);
        let window = screen.window((0, 0), &words)?;
        Ok(Self { window, room: (width - size.0, height - size.1) })
    }
}

impl Scene for Drag {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        let at =
            (back_and_forth(number * 11, self.room.0), back_and_forth(number * 7, self.room.1));
        screen.move_to(self.window, at)
    }
}

/// A place between 0 and `limit`, `way` pixels on from 0.
fn back_and_forth(way: u64, limit: u16) -> i32 {
    let limit = u64::from(limit.max(1));
    let way = way % (2 * limit);
    i32::try_from(way.min(2 * limit - way)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_back_and_forth() {
        let places: Vec<i32> = (0..8).map(|way| back_and_forth(way, 3)).collect();
        assert_eq!(places, [0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(back_and_forth(5, 0), 1);
    }

    #[test]
    fn films_move_and_repeat() {
        assert_eq!(frame(16, 8, 3), frame(16, 8, 3));
        assert_ne!(frame(16, 8, 3), frame(16, 8, 4));
    }
}
