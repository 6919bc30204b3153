//! What synthetic desktops show, as bytes on the wire.

use bytes::Bytes;
use porthole_pixels::Rect;

use super::marks;
use super::protocol::Order;
use crate::canvas::{Canvas, INKS, LETTER_HEIGHT_PX, LETTER_WIDTH_PX, Letters, PAPER, Random};
use crate::scene::Film;

/// Columns and rows of the film.
const FILM_SIZE: (u16, u16) = (320, 240);

/// Where the film plays.
pub(super) const FILM: Rect = Rect::new(640, 256, FILM_SIZE.0, FILM_SIZE.1);

/// Where the first letter is typed.
const LETTERS_AT: (u16, u16) = (64, 512);

/// Letters in a line.
const LINE_LETTERS: u16 = 64;

/// Lines of letters; then the first is typed over.
const LINES: u16 = 6;

/// Different letters.
const ALPHABET: usize = 26;

/// Everything that is ever shown, but for marks, in one order of colours. All desktops share it.
#[derive(Debug)]
pub(super) struct Pictures {
    order: Order,
    /// The whole screen.
    pub(super) whole: Bytes,
    letters: Vec<Bytes>,
    film: Vec<Bytes>,
}

impl Pictures {
    /// Draws everything.
    pub(super) fn draw(size: (u16, u16), order: Order) -> Self {
        let letters = Letters::new();
        let mut whole = Canvas::new(size.0, size.1, PAPER);
        whole.words(&letters, (0, 0), size, 1);
        let mut random = Random::new(2);
        let letter = |_| {
            let mut canvas = Canvas::new(LETTER_WIDTH_PX, LETTER_HEIGHT_PX, PAPER);
            canvas.letter(&letters, (0, 0), random.letter(), INKS[0]);
            wire(&canvas, order)
        };
        Self {
            order,
            whole: wire(&whole, order),
            letters: (0..ALPHABET).map(letter).collect(),
            film: Film::on(FILM_SIZE).frames.iter().map(|frame| wire(frame, order)).collect(),
        }
    }

    /// The order of their colours.
    pub(super) const fn order(&self) -> Order {
        self.order
    }

    /// The letter that a change types, and where.
    pub(super) fn letter(&self, change: u16) -> (Rect, Bytes) {
        let (column, line) = (change % LINE_LETTERS, change / LINE_LETTERS % LINES);
        let x = LETTERS_AT.0 + column * LETTER_WIDTH_PX;
        let y = LETTERS_AT.1 + line * LETTER_HEIGHT_PX;
        let rect = Rect::new(x, y, LETTER_WIDTH_PX, LETTER_HEIGHT_PX);
        (rect, nth(&self.letters, change))
    }

    /// The picture of the film that a change shows.
    pub(super) fn film(&self, change: u16) -> (Rect, Bytes) {
        (FILM, nth(&self.film, change))
    }

    /// A mark.
    pub(super) fn mark(&self, rect: Rect, number: u16) -> (Rect, Bytes) {
        (rect, wire(&marks::draw(number), self.order))
    }
}

fn nth(pictures: &[Bytes], number: u16) -> Bytes {
    let index = usize::from(number) % pictures.len().max(1);
    pictures.get(index).cloned().unwrap_or_default()
}

/// A picture with its colours in `order`.
fn wire(canvas: &Canvas, order: Order) -> Bytes {
    let mut bytes = vec![0; canvas.bytes.len()];
    let pixels = canvas.bytes.as_chunks::<4>().0;
    for (out, [blue, green, red, _]) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
        for (place, value) in [(order.red, red), (order.green, green), (order.blue, blue)] {
            if let Some(byte) = out.get_mut(place) {
                *byte = *value;
            }
        }
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_where_they_are_wanted() {
        let canvas = Canvas::new(1, 1, [1, 2, 3]);
        assert_eq!(&wire(&canvas, Order::NATIVE)[..], &canvas.bytes[..]);
        assert_eq!(&wire(&canvas, Order { red: 1, green: 2, blue: 3 })[..], [0, 1, 2, 3]);
    }

    #[test]
    fn everything_fits_the_smallest_screen() {
        let size = porthole_pixels::Size::new(1024, 640);
        let pictures = Pictures::draw((size.width, size.height), Order::NATIVE);
        for change in 0..=LINE_LETTERS * LINES {
            let (rect, bytes) = pictures.letter(change);
            assert!(rect.fits(size), "{rect}");
            assert_eq!(bytes.len(), 4 * rect.area() as usize);
        }
        let (rect, bytes) = pictures.film(u16::MAX);
        assert!(rect.fits(size) && bytes.len() == 4 * rect.area() as usize);
    }
}
