//! Pointer pictures (`[MS-RDPBCGR]` 2.2.9.1.1.4, 2.2.9.1.2.1.11).

use ironrdp_graphics::pointer::{DecodedPointer, PointerBitmapTarget};
use ironrdp_pdu::pointer::{
    ColorPointerAttribute, LargePointerAttribute, Point16, PointerAttribute,
};
use porthole_pixels::{Point, Size};
use porthole_remote::{Cursor, Event};
use porthole_wire::Reader;

use crate::RdpError;
use crate::limits::{POINTER_SIDE_MAX_PX, POINTERS_MAX};
use crate::outbox::Outbox;

const SHORT: RdpError = RdpError::Short { message: "pointer update" };

/// What a pointer update is about. Fast-path and slow-path updates number them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PointerUpdate {
    /// No pointer at all.
    Hidden,
    /// The client's own arrow.
    Default,
    /// The server moved it. A viewer's pointer is where its hand has put it.
    Position,
    /// A picture with 24 bits a pixel.
    Color,
    /// A picture with a depth of its own.
    New,
    /// The same, for more than 96 pixels.
    Large,
    /// One of the pictures sent before.
    Cached,
}

/// The pictures that the server stored here.
#[derive(Debug, Default)]
pub(crate) struct Pointers {
    cache: Vec<Option<Cursor>>,
    /// What is shown, to tell of changes alone.
    shown: Option<Cursor>,
}

impl Pointers {
    /// Takes an update.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn update(
        &mut self,
        kind: PointerUpdate,
        body: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let mut input = Reader::new(body);
        let cursor = match kind {
            PointerUpdate::Position => return Ok(()),
            PointerUpdate::Hidden => Cursor::hidden(),
            PointerUpdate::Default => arrow(),
            PointerUpdate::Cached => {
                let index = input.u16_le().ok_or(SHORT)?;
                let cached = self.cache.get(usize::from(index)).cloned().flatten();
                // A server may name what it never sent; there is nothing better to show.
                cached.unwrap_or_else(arrow)
            }
            PointerUpdate::Color => self.store(24, false, &mut input)?,
            PointerUpdate::New => {
                let bits = input.u16_le().ok_or(SHORT)?;
                self.store(bits, false, &mut input)?
            }
            PointerUpdate::Large => {
                let bits = input.u16_le().ok_or(SHORT)?;
                self.store(bits, true, &mut input)?
            }
        };
        if self.shown.as_ref() != Some(&cursor) {
            outbox.event(Event::Cursor(cursor.clone()));
            self.shown = Some(cursor);
        }
        Ok(())
    }

    fn store(
        &mut self,
        bits: u16,
        is_large: bool,
        input: &mut Reader<'_>,
    ) -> Result<Cursor, RdpError> {
        let index = input.u16_le().ok_or(SHORT)?;
        RdpError::check_limit("cacheIndex", index, POINTERS_MAX)?;
        let cursor = read(bits, is_large, index, input)?;
        let index = usize::from(index);
        if self.cache.len() <= index {
            self.cache.resize(index + 1, None);
        }
        if let Some(slot) = self.cache.get_mut(index) {
            *slot = Some(cursor.clone());
        }
        Ok(cursor)
    }
}

/// Reads hot spot, sides, lengths and the two masks.
fn read(
    xor_bpp: u16,
    is_large: bool,
    cache_index: u16,
    input: &mut Reader<'_>,
) -> Result<Cursor, RdpError> {
    let mut field = || input.u16_le().ok_or(SHORT);
    let hot_spot = Point16 { x: field()?, y: field()? };
    let (width, height) = (field()?, field()?);
    RdpError::check_limit("pointer width", width, POINTER_SIDE_MAX_PX)?;
    RdpError::check_limit("pointer height", height, POINTER_SIDE_MAX_PX)?;
    let mut len = || {
        let len = if is_large { input.u32_le() } else { input.u16_le().map(u32::from) };
        len.and_then(|len| usize::try_from(len).ok()).ok_or(SHORT)
    };
    let (and_len, xor_len) = (len()?, len()?);
    let xor_mask = input.take(xor_len).ok_or(SHORT)?;
    let and_mask = input.take(and_len).ok_or(SHORT)?;
    let target = PointerBitmapTarget::Accelerated;
    let decoded = if is_large {
        let large = LargePointerAttribute {
            xor_bpp,
            cache_index,
            hot_spot,
            width,
            height,
            xor_mask,
            and_mask,
        };
        DecodedPointer::decode_large_pointer_attribute(&large, target)
    } else {
        let color_pointer =
            ColorPointerAttribute { cache_index, hot_spot, width, height, xor_mask, and_mask };
        let pointer = PointerAttribute { xor_bpp, color_pointer };
        DecodedPointer::decode_pointer_attribute(&pointer, target)
    };
    let decoded = decoded.map_err(|error| RdpError::corrupt("a pointer", &error))?;
    let size = Size::new(decoded.width, decoded.height);
    // A hot spot outside of the picture would be refused further on.
    let inside = |at: u16, side: u16| at.min(side.saturating_sub(1));
    Ok(Cursor {
        size,
        hotspot: Point { x: inside(hot_spot.x, width), y: inside(hot_spot.y, height) },
        rgba: decoded.bitmap_data,
    })
}

/// Our own arrow, for when the server leaves the picture to us: `#` is black, `.` white.
const ARROW: [&[u8]; 19] = [
    b"#           ",
    b"##          ",
    b"#.#         ",
    b"#..#        ",
    b"#...#       ",
    b"#....#      ",
    b"#.....#     ",
    b"#......#    ",
    b"#.......#   ",
    b"#........#  ",
    b"#.........# ",
    b"#......#####",
    b"#...#..#    ",
    b"#..##..#    ",
    b"#.#  #..#   ",
    b"##   #..#   ",
    b"#     #..#  ",
    b"      #..#  ",
    b"       ##   ",
];

fn arrow() -> Cursor {
    let pixel = |mark: &u8| match mark {
        b'#' => [0, 0, 0, 255],
        b'.' => [255; 4],
        _ => [0; 4],
    };
    let rgba = ARROW.iter().flat_map(|row| row.iter().flat_map(pixel)).collect();
    Cursor { size: Size::new(12, 19), hotspot: Point::default(), rgba }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Point, Size};
    use porthole_remote::{Cursor, Event, Output};

    use super::{ARROW, PointerUpdate, Pointers, arrow};
    use crate::outbox::Outbox;

    fn shown(pointers: &mut Pointers, kind: PointerUpdate, body: &[u8]) -> Option<Cursor> {
        let mut outbox = Outbox::default();
        pointers.update(kind, body, &mut outbox).unwrap();
        match outbox.take() {
            Some(Output::Event(Event::Cursor(cursor))) => Some(cursor),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// Two by one pixels of 32 bits: opaque red, half-transparent green.
    fn picture(is_large: bool) -> Vec<u8> {
        let mut body = vec![32, 0, 3, 0, 1, 0, 0, 0, 2, 0, 1, 0];
        if is_large {
            body.extend([2, 0, 0, 0, 8, 0, 0, 0]);
        } else {
            body.extend([2, 0, 8, 0]);
        }
        body.extend([0, 0, 255, 255, 0, 255, 0, 128, 0, 0]);
        body
    }

    #[test]
    fn pictures_are_shown_stored_and_shown_again() {
        let mut pointers = Pointers::default();
        let want = Cursor {
            size: Size::new(2, 1),
            hotspot: Point { x: 1, y: 0 },
            rgba: vec![255, 0, 0, 255, 0, 255, 0, 128],
        };
        let got = shown(&mut pointers, PointerUpdate::New, &picture(false));
        assert_eq!(got.as_ref(), Some(&want));
        assert_eq!(shown(&mut pointers, PointerUpdate::Cached, &[3, 0]), None, "it is shown");
        assert_eq!(shown(&mut pointers, PointerUpdate::Hidden, &[]), Some(Cursor::hidden()));
        assert_eq!(shown(&mut pointers, PointerUpdate::Cached, &[3, 0]), Some(want.clone()));
        assert_eq!(shown(&mut pointers, PointerUpdate::Default, &[]), Some(arrow()));
        assert_eq!(shown(&mut pointers, PointerUpdate::Large, &picture(true)), Some(want));
        assert_eq!(shown(&mut pointers, PointerUpdate::Cached, &[9, 0]), Some(arrow()));
        assert_eq!(shown(&mut pointers, PointerUpdate::Position, &[]), None);
    }

    #[test]
    fn lies_are_refused() {
        let body = picture(false);
        let mut outbox = Outbox::default();
        let mut pointers = Pointers::default();
        for cut in 0..body.len() {
            let result = pointers.update(PointerUpdate::New, &body[..cut], &mut outbox);
            assert!(result.is_err(), "{cut}");
        }
        for (place, byte) in [(2, 33), (9, 2), (11, 2), (0, 5), (14, 6)] {
            let mut body = body.clone();
            body[place] = byte;
            assert!(pointers.update(PointerUpdate::New, &body, &mut outbox).is_err(), "{place}");
        }
    }

    #[test]
    fn the_arrow_has_its_size() {
        assert!(ARROW.iter().all(|row| row.len() == 12));
        assert_eq!(arrow().rgba.len(), 4 * 12 * 19);
    }
}
