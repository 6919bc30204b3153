//! Raw (RFC 6143 §7.7.1): `4 * width * height` bytes, rows top to bottom.

use porthole_pixels::{BYTES_PER_PIXEL, Rect};
use porthole_wire::Reader;

use super::{Decode, Paint, Step};
use crate::RfbError;

/// Stores row by row, straight from what arrived.
#[derive(Debug)]
pub(crate) struct Raw {
    /// What is still to come.
    left: Rect,
}

impl Raw {
    pub(super) const fn new(rect: Rect) -> Self {
        Self { left: rect }
    }
}

impl Decode for Raw {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        let row_len = usize::from(self.left.width) * BYTES_PER_PIXEL;
        while self.left.height > 0 {
            let Some(row) = input.take(row_len) else { return Ok(Step::Wait) };
            paint.surface.store_row(self.left.x, self.left.y, row);
            self.left.y += 1;
            self.left.height -= 1;
        }
        Ok(Step::Done)
    }
}
