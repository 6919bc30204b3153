//! ZRLE (RFC 6143 §7.7.6): tiles of 64 x 64 pixels like TRLE's, inside one zlib stream that
//! spans the connection. A 32-bit length, then that many compressed bytes.

use std::mem;

use porthole_pixels::Rect;
use porthole_wire::Reader;

use super::inflate::Deflated;
use super::tiles::Tiles;
use super::trle::{Reuse, read_tile};
use super::zlib::read_len;
use super::{Decode, Paint, Step};
use crate::RfbError;
use crate::limits::INFLATED_MAX_BYTES;

const NAME: &str = "ZRLE";
const SIDE_PX: u16 = 64;

/// Bytes of a tile beside its pixels: its kind, and a palette of 127 colours.
const TILE_OVERHEAD_BYTES: u64 = 1 + 3 * 127;

/// Stores tile by tile as they inflate.
#[derive(Debug)]
pub(crate) struct Zrle {
    rect: Rect,
    tiles: Tiles,
    /// `None` before the length.
    deflated: Option<Deflated>,
    /// The part of the inflated bytes that no tile has taken yet. A tile has 16,766 bytes at
    /// most, so one always fits in the buffer.
    start: usize,
    end: usize,
}

impl Zrle {
    pub(super) const fn new(rect: Rect) -> Self {
        Self { rect, tiles: Tiles::new(rect, SIDE_PX), deflated: None, start: 0, end: 0 }
    }

    /// The largest picture of the rectangle: each pixel a run of its own.
    fn raw_max(&self) -> u64 {
        let tiles = |side: u16| u64::from(side.div_ceil(SIDE_PX));
        u64::from(self.rect.area()) * 4
            + tiles(self.rect.width) * tiles(self.rect.height) * TILE_OVERHEAD_BYTES
    }

    /// Stores the tiles that are whole in `inflated`, and makes room after the rest.
    fn take_tiles(&mut self, inflated: &mut [u8], paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        let mut ready = Reader::new(inflated.get(self.start..self.end).unwrap_or(&[]));
        while let Some(tile) = self.tiles.current() {
            if read_tile(&mut ready, tile, Reuse::Forbidden, paint)?.is_none() {
                let rest = self.end - ready.len()..self.end;
                (self.start, self.end) = (0, rest.len());
                inflated.copy_within(rest, 0);
                return Ok(Step::Wait);
            }
            self.tiles.advance();
        }
        if ready.is_empty() { Ok(Step::Done) } else { Err(RfbError::ExcessData { encoding: NAME }) }
    }

    fn inflate(
        &mut self,
        input: &mut Reader<'_>,
        inflated: &mut Vec<u8>,
        paint: &mut Paint<'_>,
    ) -> Result<Step, RfbError> {
        inflated.resize(INFLATED_MAX_BYTES, 0);
        while self.take_tiles(inflated, paint)? == Step::Wait {
            let (Some(deflated), Some(room)) = (&mut self.deflated, inflated.get_mut(self.end..))
            else {
                return Ok(Step::Wait);
            };
            match deflated.more(input, &mut paint.scratch.zrle, room)? {
                Some(given) => self.end += given,
                None => return Ok(Step::Wait),
            }
        }
        // Nothing is left over should this be called again for the flush marker.
        (self.start, self.end) = (0, 0);
        match &mut self.deflated {
            Some(deflated) => deflated.finish(input, &mut paint.scratch.zrle),
            None => Ok(Step::Done),
        }
    }
}

impl Decode for Zrle {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        if self.deflated.is_none() {
            let Some(len) = read_len(input, self.raw_max())? else { return Ok(Step::Wait) };
            self.deflated = Some(Deflated::new(len, NAME));
        }
        // The decoder of a tile needs the rest of the scratch memory while it reads this.
        let mut inflated = mem::take(&mut paint.scratch.inflated);
        let step = self.inflate(input, &mut inflated, paint);
        paint.scratch.inflated = inflated;
        step
    }
}
