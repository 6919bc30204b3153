//! Zlib (the community specification's "zlib encoding"): Raw inside one zlib stream that
//! spans the connection. A 32-bit length, then that many compressed bytes.

use porthole_pixels::{BYTES_PER_PIXEL, Rect};
use porthole_wire::Reader;

use super::inflate::Deflated;
use super::rows::DeflatedRows;
use super::{Decode, Paint, Scratch, Step};
use crate::RfbError;
use crate::limits::deflated_max;

const NAME: &str = "Zlib";

/// Stores rows as they inflate.
#[derive(Debug)]
pub(crate) struct Zlib {
    rect: Rect,
    /// `None` before the length.
    rows: Option<DeflatedRows>,
}

impl Zlib {
    pub(super) const fn new(rect: Rect) -> Self {
        Self { rect, rows: None }
    }
}

impl Decode for Zlib {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => {
                let raw_len = u64::from(self.rect.area()) * BYTES_PER_PIXEL as u64;
                let Some(len) = read_len(input, raw_len)? else { return Ok(Step::Wait) };
                let row_len = usize::from(self.rect.width) * BYTES_PER_PIXEL;
                none.insert(DeflatedRows::new(Deflated::new(len, NAME), row_len, self.rect))
            }
        };
        let Scratch { zlib, inflated, .. } = &mut *paint.scratch;
        rows.decode(input, zlib, inflated, |place, row| {
            paint.surface.store_row(place.x, place.y, row);
            Ok(())
        })
    }
}

/// Reads a 32-bit length of compressed data that inflates to `raw_len` bytes at most.
pub(super) fn read_len(input: &mut Reader<'_>, raw_len: u64) -> Result<Option<usize>, RfbError> {
    let Some(len) = input.u32_be() else { return Ok(None) };
    RfbError::check_limit("length of compressed data", len, deflated_max(raw_len))?;
    Ok(Some(usize::try_from(len).unwrap_or(usize::MAX)))
}
