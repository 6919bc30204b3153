//! `CopyRect` (RFC 6143 §7.7.2): the place where the same pixels stand already.

use porthole_pixels::{Point, Rect};
use porthole_wire::Reader;

use super::{Decode, Paint, Step};
use crate::RfbError;

/// Waits for its four bytes.
#[derive(Debug)]
pub(crate) struct CopyRect {
    target: Rect,
}

impl CopyRect {
    pub(super) const fn new(rect: Rect) -> Self {
        Self { target: rect }
    }
}

impl Decode for CopyRect {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        let mut ahead = input.clone();
        let (Some(x), Some(y)) = (ahead.u16_be(), ahead.u16_be()) else {
            return Ok(Step::Wait);
        };
        *input = ahead;
        paint.surface.copy(Point { x, y }, self.target)?;
        Ok(Step::Done)
    }
}
