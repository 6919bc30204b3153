//! Hextile (RFC 6143 §7.7.4): tiles of 16 x 16 pixels, each raw or like RRE in small.
//!
//! A tile opens with a mask; the parts follow in this order, where the mask has them:
//!
//! | bit | part              | bytes                                                  |
//! |-----|-------------------|--------------------------------------------------------|
//! | 1   | raw               | `4 * width * height`, and nothing else                 |
//! | 2   | background        | 4; kept for the tiles after                            |
//! | 4   | foreground        | 4; kept for the tiles after                            |
//! | 8   | subrectangles     | 1 for their number, then 2 each                        |
//! | 16  | own colours       | 4 before each of them                                  |

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Rect};
use porthole_wire::Reader;

use super::tiles::{Tiles, fill_tile, store_tile};
use super::{Decode, Paint, Step, opaque, read_pixel};
use crate::RfbError;

const SIDE_PX: u16 = 16;

const RAW: u8 = 1;
const BACKGROUND: u8 = 2;
const FOREGROUND: u8 = 4;
const SUBRECTANGLES: u8 = 8;
const COLOURED: u8 = 16;

/// Stores tile by tile.
#[derive(Debug)]
pub(crate) struct Hextile {
    tiles: Tiles,
    background: Pixel,
    foreground: Pixel,
}

impl Hextile {
    pub(super) const fn new(rect: Rect) -> Self {
        let black = opaque([0; 3]);
        Self { tiles: Tiles::new(rect, SIDE_PX), background: black, foreground: black }
    }

    /// Reads one tile of at most 1541 bytes. `None`: it has not all arrived, and nothing is
    /// taken.
    fn read_tile(
        &mut self,
        input: &mut Reader<'_>,
        tile: Rect,
        paint: &mut Paint<'_>,
    ) -> Result<Option<()>, RfbError> {
        let mut ahead = input.clone();
        let Some(mask) = ahead.u8() else { return Ok(None) };
        if mask & RAW != 0 {
            let Some(pixels) = ahead.take(tile.area() as usize * BYTES_PER_PIXEL) else {
                return Ok(None);
            };
            store_tile(paint.surface, tile, pixels);
            *input = ahead;
            return Ok(Some(()));
        }
        let Some((background, foreground, body)) = self.read_parts(&mut ahead, mask) else {
            return Ok(None);
        };
        *input = ahead;
        (self.background, self.foreground) = (background, foreground);
        if body.is_empty() {
            paint.surface.fill(tile, background)?;
            return Ok(Some(()));
        }
        let pixels = &mut paint.scratch.pixels;
        fill_tile(pixels, tile, background);
        let mut body = Reader::new(body);
        while !body.is_empty() {
            let colour =
                if mask & COLOURED == 0 { Some(foreground) } else { read_pixel(&mut body) };
            let (Some(colour), Some(place)) = (colour, body.array()) else { break };
            paint_within(pixels, tile, place, colour)?;
        }
        store_tile(paint.surface, tile, pixels);
        Ok(Some(()))
    }

    /// Background, foreground, and the bytes of the subrectangles.
    fn read_parts<'a>(&self, input: &mut Reader<'a>, mask: u8) -> Option<(Pixel, Pixel, &'a [u8])> {
        let mut colour = |bit: u8, kept: Pixel| {
            if mask & bit == 0 { Some(kept) } else { read_pixel(input) }
        };
        let background = colour(BACKGROUND, self.background)?;
        let foreground = colour(FOREGROUND, self.foreground)?;
        let count = if mask & SUBRECTANGLES == 0 { 0 } else { input.u8()? };
        let each = if mask & COLOURED == 0 { 2 } else { 2 + BYTES_PER_PIXEL };
        Some((background, foreground, input.take(usize::from(count) * each)?))
    }
}

impl Decode for Hextile {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        while let Some(tile) = self.tiles.current() {
            if self.read_tile(input, tile, paint)?.is_none() {
                return Ok(Step::Wait);
            }
            self.tiles.advance();
        }
        Ok(Step::Done)
    }
}

/// Paints a subrectangle: x and y in one byte, width and height less one in the other.
fn paint_within(
    pixels: &mut [u8],
    tile: Rect,
    [place, extent]: [u8; 2],
    colour: Pixel,
) -> Result<(), RfbError> {
    let within = Rect::new(
        u16::from(place >> 4),
        u16::from(place & 15),
        u16::from(extent >> 4) + 1,
        u16::from(extent & 15) + 1,
    );
    if !within.fits(tile.size()) {
        return Err(RfbError::OutsideDesktop { rect: within, size: tile.size() });
    }
    let (first, columns) = (usize::from(within.x), usize::from(within.width));
    let rows = pixels.as_chunks_mut().0.chunks_exact_mut(tile.width.into());
    for row in rows.skip(within.y.into()).take(within.height.into()) {
        if let Some(run) = row.get_mut(first..first + columns) {
            run.fill(colour);
        }
    }
    Ok(())
}
