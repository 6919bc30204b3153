//! Stop 5 of the pixel path: damage to a few rectangles, each of one class.

use porthole_pixels::{Damage, Rect, Surface};

use crate::Class;
use crate::run::{Detail, Run, push_forced, push_in_row, stack};

/// Most pixels of a part that is not solid: large enough for a strip of two tiles' height
/// across a 1920 pixel screen, small enough that several threads share a frame and that no
/// image passes 1 MiB.
pub const PART_PIXELS_MAX: u32 = 256 * 1024;

/// Most parts of a plan.
pub const PARTS_MAX: usize = 512;

/// Damage of fewer pixels in all is sent exactly, whatever it looks like.
pub(crate) const LOSSLESS_BELOW_PX: u32 = 2048;

/// A part of fewer pixels is no photograph: a JPEG of it is mostly header.
pub(crate) const PHOTO_MIN_PX: u32 = 256;

/// One rectangle to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Part {
    /// Where, on the surface.
    pub rect: Rect,
    /// What it looks like.
    pub class: Class,
}

/// What to encode so that a viewer's picture catches up.
///
/// INVARIANT: the parts cover all of the damage and do not overlap; there are at most
/// [`PARTS_MAX`]; none but a solid one has more than [`PART_PIXELS_MAX`] pixels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The parts, roughly from top to bottom. Their order does not matter.
    pub parts: Vec<Part>,
}

/// Splits `damage` by what its pixels look like, and merges neighbours of one class into wide
/// rectangles.
///
/// A part may hold pixels that did not change: up to a quarter of it, or a sliver. It may hold
/// small solid areas between text, or between photographs, that would otherwise cost an
/// image of their own. It never mixes text and photograph, unless there would be more than
/// [`PARTS_MAX`] parts; what is mixed then is [`Class::Text`], so that it is sent exactly.
///
/// Damage outside the surface is left out.
pub fn plan(surface: &Surface, damage: &Damage) -> Plan {
    let damaged_px: u64 = damage.iter().map(|rect| u64::from(rect.area())).sum();
    let detail =
        if damaged_px < u64::from(LOSSLESS_BELOW_PX) { Detail::Exact } else { Detail::Full };
    let tiles: Vec<Run> =
        damage.iter().filter_map(|rect| Run::of_tile(surface, rect, detail)).collect();
    let runs = merge_rows(&tiles, push_in_row);
    // Twice as many may still be stacked into few enough; stacking takes time by their square.
    let mut stacked = if runs.len() <= 2 * PARTS_MAX { stack(&runs) } else { runs };
    if stacked.len() > PARTS_MAX {
        // A row gives a part for every 64 tiles or fewer. The largest surface has some 8,600
        // tiles in at most 256 rows, so this comes to fewer than 400.
        stacked = stack(&merge_rows(&tiles, push_forced));
    }
    Plan { parts: stacked.into_iter().map(Run::into_part).collect() }
}

/// Merges tiles, given row by row, within each row.
fn merge_rows(tiles: &[Run], push: impl Fn(&mut Vec<Run>, usize, Run)) -> Vec<Run> {
    let mut runs = Vec::with_capacity(tiles.len());
    for row in tiles.chunk_by(|left, right| left.row == right.row) {
        let first = runs.len();
        for tile in row {
            push(&mut runs, first, *tile);
        }
    }
    runs
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
