//! RRE (RFC 6143 §7.7.3): a background, and rectangles of one colour upon it.
//!
//! | part         | bytes       | content                                              |
//! |--------------|-------------|------------------------------------------------------|
//! | count        | 4           | number of subrectangles                              |
//! | background   | 4           | pixel                                                |
//! | subrectangle | 12 * count  | pixel, x, y, width, height, from the rectangle's corner |

use porthole_pixels::Rect;
use porthole_wire::Reader;

use super::{Decode, Paint, Step, read_pixel};
use crate::RfbError;

/// How often a rectangle may be painted over, counted in its pixels. Encoders divide it into
/// pieces that do not overlap, so once is what they need.
const OVERPAINT_MAX: u64 = 4;

/// Paints subrectangles as they arrive.
#[derive(Debug)]
pub(crate) struct Rre {
    rect: Rect,
    /// Subrectangles still to come; `None` before the header.
    left: Option<u32>,
    /// Pixels painted by subrectangles.
    painted: u64,
}

impl Rre {
    pub(super) const fn new(rect: Rect) -> Self {
        Self { rect, left: None, painted: 0 }
    }

    fn read_header(
        &self,
        input: &mut Reader<'_>,
        paint: &mut Paint<'_>,
    ) -> Result<Option<u32>, RfbError> {
        let mut ahead = input.clone();
        let Some(count) = ahead.u32_be() else { return Ok(None) };
        // Each has a pixel of its own at least.
        RfbError::check_limit("number-of-subrectangles", count, self.rect.area())?;
        let Some(background) = read_pixel(&mut ahead) else { return Ok(None) };
        *input = ahead;
        paint.surface.fill(self.rect, background)?;
        Ok(Some(count))
    }

    fn read_subrectangle(
        &mut self,
        input: &mut Reader<'_>,
        paint: &mut Paint<'_>,
    ) -> Result<Option<()>, RfbError> {
        let mut ahead = input.clone();
        let (Some(pixel), Some(x), Some(y), Some(width), Some(height)) = (
            read_pixel(&mut ahead),
            ahead.u16_be(),
            ahead.u16_be(),
            ahead.u16_be(),
            ahead.u16_be(),
        ) else {
            return Ok(None);
        };
        let within = Rect::new(x, y, width, height);
        if !within.fits(self.rect.size()) {
            return Err(RfbError::OutsideDesktop { rect: within, size: self.rect.size() });
        }
        *input = ahead;
        self.painted += u64::from(within.area());
        let limit = OVERPAINT_MAX * u64::from(self.rect.area());
        RfbError::check_limit("area of the subrectangles", self.painted, limit)?;
        // It fits in the rectangle, so neither sum can overflow.
        let place = Rect { x: self.rect.x + x, y: self.rect.y + y, ..within };
        paint.surface.fill(place, pixel)?;
        Ok(Some(()))
    }
}

impl Decode for Rre {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        let mut left = match self.left {
            Some(left) => left,
            None => match self.read_header(input, paint)? {
                Some(count) => count,
                None => return Ok(Step::Wait),
            },
        };
        while left > 0 {
            self.left = Some(left);
            if self.read_subrectangle(input, paint)?.is_none() {
                return Ok(Step::Wait);
            }
            left -= 1;
        }
        Ok(Step::Done)
    }
}
