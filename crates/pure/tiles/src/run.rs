//! Rectangles that grow by merging, and what a merge is worth.

use porthole_pixels::{Rect, Surface, TILE_SIDE_PX};

use crate::class::classify;
use crate::pixels::Pixels;
use crate::plan::{PART_PIXELS_MAX, PHOTO_MIN_PX};
use crate::{Class, Part};

/// What one more image costs a browser, in pixels that it could decode in that time.
const IMAGE_COST_PX: u32 = 8192;

/// Pixels that did not change but may be sent with each part, whatever its size.
const WASTE_FREE_PX: u32 = 1024;

/// A merge is accepted when at most one pixel in this many did not change.
const WASTE_DIVISOR: u32 = 4;

/// Solid runs that may lie between two runs that become one.
const SOLIDS_BETWEEN_MAX: usize = 4;

/// A part in the making: one tile's damage at first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) rect: Rect,
    pub(crate) class: Class,
    /// Last row of the grid it reaches.
    pub(crate) row: usize,
    /// The smallest rectangle around its damage: `rect`, unless it is solid and `rect` was
    /// widened to its whole tile.
    tight: Rect,
    /// Pixels of `rect` that must be sent, or are known to be the same on the other side.
    owed_px: u32,
}

impl Run {
    /// Looks at one tile's damage. `None` when it lies outside the surface.
    pub(crate) fn of_tile(surface: &Surface, damage: Rect, detail: Detail) -> Option<Self> {
        let tight = damage.intersection(surface.size().rect())?;
        let pixels = Pixels::of_surface(surface, tight)?;
        let class = match detail {
            Detail::Exact => match pixels.solid() {
                Some([red, green, blue, _]) => Class::Solid([red, green, blue]),
                None => Class::Text,
            },
            Detail::Full => classify(pixels),
        };
        let rect = match class {
            Class::Solid(colour) if matches!(detail, Detail::Full) => {
                widen_solid(surface, tight, colour)
            }
            _ => tight,
        };
        let row = usize::from(tight.y / TILE_SIDE_PX);
        Some(Self { rect, class, row, tight, owed_px: rect.area() })
    }

    pub(crate) const fn is_solid(&self) -> bool {
        matches!(self.class, Class::Solid(_))
    }

    /// Both as one, if that is allowed and worth while. The caller makes sure that the result
    /// covers no third one.
    pub(crate) fn merged(&self, other: &Self) -> Option<Self> {
        if self.class != other.class {
            return None;
        }
        let merged = self.united(other, self.class);
        // Nothing is known about pixels that did not change, least of all that they have a
        // solid run's colour.
        let waste = merged.rect.area().saturating_sub(merged.owed_px);
        let accepted = if self.is_solid() {
            waste == 0
        } else {
            merged.rect.area() <= PART_PIXELS_MAX
                && (waste <= WASTE_FREE_PX || waste <= merged.rect.area() / WASTE_DIVISOR)
        };
        accepted.then_some(merged)
    }

    /// Both as one image, whatever they look like, if it is not too large. What is not a
    /// photograph everywhere is treated as text, so that no letter becomes inexact.
    fn forced(&self, other: &Self) -> Option<Self> {
        let photo = self.class == Class::Photo && other.class == Class::Photo;
        let mut merged = self.united(other, if photo { Class::Photo } else { Class::Text });
        merged.rect = self.tight.union(other.tight);
        merged.owed_px = merged.rect.area();
        (merged.owed_px <= PART_PIXELS_MAX).then_some(merged)
    }

    fn united(&self, other: &Self, class: Class) -> Self {
        Self {
            rect: self.rect.union(other.rect),
            class,
            row: self.row.max(other.row),
            tight: self.tight.union(other.tight),
            owed_px: self.owed_px + other.owed_px,
        }
    }

    /// As an image of the pixels that changed, though it is of one colour.
    fn as_image(&self, class: Class) -> Self {
        Self { rect: self.tight, class, owed_px: self.tight.area(), ..*self }
    }

    pub(crate) fn into_part(self) -> Part {
        let class = match self.class {
            Class::Photo if self.rect.area() < PHOTO_MIN_PX => Class::Text,
            class => class,
        };
        Part { rect: self.rect, class }
    }
}

/// How closely to look at a tile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Detail {
    /// The damage is so small that it is sent exactly; only a solid colour is worth finding.
    Exact,
    /// Everything.
    Full,
}

/// The whole tile around `tight` when all of it has the colour: a fill costs the same at any
/// size, and whole tiles meet without gaps.
fn widen_solid(surface: &Surface, tight: Rect, [red, green, blue]: [u8; 3]) -> Rect {
    let side = TILE_SIDE_PX;
    let tile = Rect::new(tight.x / side * side, tight.y / side * side, side, side);
    tile.intersection(surface.size().rect())
        .filter(|tile| {
            if *tile == tight {
                return true;
            }
            let colour = Pixels::of_surface(surface, *tile).and_then(Pixels::solid);
            colour.is_some_and(|[r, g, b, _]| [r, g, b] == [red, green, blue])
        })
        .unwrap_or(tight)
}

/// Appends the next tile of a row of the grid; `runs[first..]` are those to its left.
pub(crate) fn push_in_row(runs: &mut Vec<Run>, first: usize, tile: Run) {
    let row = &runs[first..];
    let solids = row.iter().rev().take_while(|run| run.is_solid()).count();
    if let Some(merged) = row.last().and_then(|last| last.merged(&tile)) {
        runs.pop();
        runs.push(merged);
    } else if let Some(merged) = merged_across(row, solids, &tile) {
        runs.truncate(runs.len() - solids - 1);
        runs.push(merged);
    } else {
        runs.push(tile);
    }
}

/// `tile` and the run before the last `solids` ones as one image, when painting what lies
/// between as part of it costs less than a second image.
fn merged_across(row: &[Run], solids: usize, tile: &Run) -> Option<Run> {
    if tile.is_solid() || solids == 0 || solids > SOLIDS_BETWEEN_MAX || solids >= row.len() {
        return None;
    }
    let (before, between) = row.split_at(row.len() - solids);
    let between = between
        .iter()
        .map(|run| run.as_image(tile.class))
        .reduce(|left, right| left.united(&right, tile.class))?;
    if between.rect.area() > IMAGE_COST_PX {
        return None;
    }
    let before = before.last().filter(|run| run.class == tile.class)?;
    before.united(&between, tile.class).merged(tile)
}

/// Appends the next tile of a row, however it looks, to the run on its left.
pub(crate) fn push_forced(runs: &mut Vec<Run>, first: usize, tile: Run) {
    let tile = if tile.is_solid() { tile.as_image(Class::Text) } else { tile };
    if let Some(merged) = runs[first..].last().and_then(|last| last.forced(&tile)) {
        runs.pop();
        runs.push(merged);
    } else {
        runs.push(tile);
    }
}

/// Merges the runs of each row, given row by row, with those above.
pub(crate) fn stack(runs: &[Run]) -> Vec<Run> {
    let mut stacked: Vec<Run> = Vec::with_capacity(runs.len());
    for (index, run) in runs.iter().enumerate() {
        let to_come = &runs[index + 1..];
        let found = stacked
            .iter()
            .enumerate()
            .filter(|(_, above)| above.row + 1 >= run.row)
            .filter_map(|(place, above)| Some((place, above.merged(run)?)))
            .find(|(place, merged)| {
                // Later rows lie below whatever is merged so far.
                let beside = to_come.iter().take_while(|other| other.row == run.row);
                is_clear(stacked.iter(), Some(*place), merged.rect)
                    && is_clear(beside, None, merged.rect)
            });
        match found {
            Some((place, merged)) => stacked[place] = merged,
            None => stacked.push(*run),
        }
    }
    stacked
}

/// Whether `rect` covers nothing of `runs` but of the one at `own`.
fn is_clear<'a>(runs: impl Iterator<Item = &'a Run>, own: Option<usize>, rect: Rect) -> bool {
    runs.enumerate()
        .filter(|(index, _)| Some(*index) != own)
        .all(|(_, run)| run.rect.intersection(rect).is_none())
}
