//! Scrolled rows, found in what changed.

use std::collections::HashMap;
use std::ops::Range;

use super::cell::Cell;

/// Rows whose cells are elsewhere already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    /// Where they belong.
    pub(super) target: Range<usize>,
    /// Where the first of them is.
    pub(super) source: usize,
}

/// Fewer rows are drawn as fast.
const ROWS_MIN: usize = 2;

/// The most rows that are in `shown` what is wanted elsewhere, by one distance and without a gap.
pub(super) fn find(shown: &[Vec<Cell>], wanted: &[&[Cell]]) -> Option<Move> {
    let mut places = HashMap::new();
    for (y, row) in shown.iter().enumerate() {
        // Rows that are there twice, such as empty ones, say nothing of where they went.
        places.entry(fingerprint(row)).and_modify(|place| *place = None).or_insert(Some(y));
    }
    let mut votes: HashMap<isize, usize> = HashMap::new();
    for (y, row) in wanted.iter().enumerate() {
        let place = places.get(&fingerprint(row)).copied().flatten();
        if let Some(place) = place.filter(|place| *place != y) {
            *votes.entry(place.cast_signed() - y.cast_signed()).or_default() += 1;
        }
    }
    // The distance decides between equals, so that the same change gives the same picture's copies.
    let (distance, _) = votes.into_iter().max_by_key(|(distance, count)| (*count, *distance))?;
    let moved = |y: usize| {
        let source = y.checked_add_signed(distance)?;
        (shown.get(source)? == wanted.get(y)?).then_some(source)
    };
    let mut best: Option<(usize, Move)> = None;
    let mut y = 0;
    while y < wanted.len() {
        let Some(source) = moved(y) else {
            y += 1;
            continue;
        };
        let end = (y..wanted.len()).find(|y| moved(*y).is_none()).unwrap_or(wanted.len());
        let gained = (y..end)
            .filter(|y| shown.get(*y).map(Vec::as_slice) != wanted.get(*y).copied())
            .count();
        if gained >= ROWS_MIN && best.as_ref().is_none_or(|(most, _)| gained > *most) {
            best = Some((gained, Move { target: y..end, source }));
        }
        y = end;
    }
    best.map(|(_, found)| found)
}

impl Move {
    /// Carries it out on the rows.
    pub(super) fn apply(&self, shown: &mut [Vec<Cell>]) {
        let count = self.target.len();
        let (first, last) =
            (self.target.start.min(self.source), self.target.end.max(self.source + count));
        let Some(rows) = shown.get_mut(first..last) else { return };
        // What is turned out at one end comes in at the other, and is not what the picture shows
        // there; those rows are not moved, and stay as they are.
        if self.source > self.target.start {
            let by = self.source - self.target.start;
            for y in 0..count {
                copy_row(rows, y + by, y);
            }
        } else {
            let by = self.target.start - self.source;
            for y in (0..count).rev() {
                copy_row(rows, y, y + by);
            }
        }
    }
}

fn copy_row(rows: &mut [Vec<Cell>], from: usize, to: usize) {
    if let Ok([from, to]) = rows.get_disjoint_mut([from, to]) {
        to.clone_from(from);
    }
}

fn fingerprint(row: &[Cell]) -> u64 {
    row.iter().fold(0, |sum: u64, cell| {
        (sum ^ cell.fingerprint()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    })
}
