//! Rows of a rectangle out of a zlib stream, several at a time.

use porthole_pixels::Rect;
use porthole_wire::Reader;

use super::Step;
use super::inflate::{Deflated, Inflater};
use crate::RfbError;
use crate::limits::INFLATED_MAX_BYTES;

/// The rows of one rectangle that are still inside its zlib stream.
#[derive(Debug)]
pub(super) struct DeflatedRows {
    deflated: Deflated,
    /// Bytes of one row: 1 to 65,536.
    row_len: usize,
    /// Where the rows still to come go.
    left: Rect,
    /// Bytes of the current chunk that are in the buffer.
    filled: usize,
}

impl DeflatedRows {
    /// Expects the rows of `rect`, of `row_len` bytes each.
    pub(super) const fn new(deflated: Deflated, row_len: usize, rect: Rect) -> Self {
        Self { deflated, row_len, left: rect, filled: 0 }
    }

    /// Inflates what has arrived into `buffer`, and hands each whole row to `act` with its
    /// place on the surface. A chunk of rows is inflated at once, because a call for each row
    /// of a narrow rectangle would cost more than its pixels.
    ///
    /// # Errors
    ///
    /// The stream is corrupt, ends early or goes on; or what `act` finds.
    pub(super) fn decode(
        &mut self,
        input: &mut Reader<'_>,
        inflater: &mut Inflater,
        buffer: &mut Vec<u8>,
        mut act: impl FnMut(Rect, &[u8]) -> Result<(), RfbError>,
    ) -> Result<Step, RfbError> {
        if self.row_len == 0 {
            self.left.height = 0;
        }
        while self.left.height > 0 {
            let rows = (INFLATED_MAX_BYTES / self.row_len).clamp(1, self.left.height.into());
            buffer.resize(rows * self.row_len, 0);
            if self.deflated.fill(input, inflater, buffer, &mut self.filled)? == Step::Wait {
                return Ok(Step::Wait);
            }
            for row in buffer.chunks_exact(self.row_len) {
                act(Rect { height: 1, ..self.left }, row)?;
                self.left.y += 1;
                self.left.height -= 1;
            }
            self.filled = 0;
        }
        self.deflated.finish(input, inflater)
    }
}
