//! Keeps a surface showing what cells hold.

use std::ops::Range;
use std::sync::Arc;

use porthole_pixels::{PixelsError, Point, Rect, Size, Surface};
use porthole_remote::Cells;

use super::cell::Cell;
use super::glyph::Glyph;
use super::lines::Strip;
use super::moves;
use super::typeface::{GlyphKey, Measures, Typeface};
use crate::terminal::CursorShape;

/// Rows that changed before it is worth looking for ones that moved.
const MOVED_ROWS_MIN: usize = 3;

/// Characters whose pictures are found without asking the typeface: those of ASCII that are drawn, in
/// four styles.
const NEAR: usize = 4 * 96;

/// Draws cells into a surface, those that differ from what it shows.
#[derive(Debug)]
pub(crate) struct Painter {
    typeface: Arc<Typeface>,
    /// What the surface shows; no rows when that is not known.
    shown: Vec<Vec<Cell>>,
    /// What it is to show, in rows that may differ; kept for its memory.
    wanted: Vec<Vec<Cell>>,
    /// Whether `wanted` has the row; the others stay.
    is_wanted: Vec<bool>,
    strip: Strip,
    near: Vec<Option<Arc<Glyph>>>,
}

impl Painter {
    /// A painter that has drawn nothing yet.
    pub(crate) fn new(typeface: Arc<Typeface>) -> Self {
        Self {
            typeface,
            shown: Vec::new(),
            wanted: Vec::new(),
            is_wanted: Vec::new(),
            strip: Strip::default(),
            near: vec![None; NEAR],
        }
    }

    /// A cell's pixels.
    pub(crate) fn cell(&self) -> Size {
        let Measures { width, height, .. } = self.typeface.measures();
        Size { width, height }
    }

    /// Memory that the letters drawn so far take, in bytes.
    pub(crate) fn letters_bytes(&self) -> usize {
        self.typeface.letters_bytes()
    }

    /// The pixels of a screen.
    pub(crate) fn picture(&self, size: Cells) -> Size {
        let cell = self.cell();
        Size {
            width: cell.width.saturating_mul(size.columns),
            height: cell.height.saturating_mul(size.rows),
        }
    }

    /// Makes the surface show what `fill` puts into each row, from the top: as many cells as there
    /// are columns. It is asked for the rows that `may_differ` from what it gave before, or for all
    /// at first and after another size. The surface is as large as [`Painter::picture`]
    /// says, or is made so. Whether anything was drawn.
    ///
    /// # Errors
    ///
    /// The picture is too large for a surface.
    pub(crate) fn draw(
        &mut self,
        size: Cells,
        surface: &mut Surface,
        may_differ: impl Fn(u16) -> bool,
        mut fill: impl FnMut(u16, &mut Vec<Cell>),
    ) -> Result<bool, PixelsError> {
        let picture = self.picture(size);
        if surface.size() != picture {
            surface.resize(picture)?;
            self.shown.clear();
        }
        let is_known = self.shown.len() == usize::from(size.rows);
        self.shown.resize_with(size.rows.into(), Vec::new);
        self.wanted.resize_with(size.rows.into(), Vec::new);
        self.is_wanted.clear();
        for (y, row) in (0..).zip(&mut self.wanted) {
            let is_wanted = !is_known || may_differ(y);
            self.is_wanted.push(is_wanted);
            if is_wanted {
                row.clear();
                fill(y, row);
                row.truncate(size.columns.into());
            }
        }
        let mut changed = self.changed();
        let is_changed = !changed.is_empty();
        if changed.len() >= MOVED_ROWS_MIN
            && let Some(found) = self.find_move()
        {
            self.move_rows(&found, surface)?;
            changed = self.changed();
        }
        for y in &changed {
            for run in self.runs(*y) {
                self.draw_run(*y, run, surface)?;
            }
            if let (Some(shown), Some(wanted)) = (self.shown.get_mut(*y), self.wanted.get_mut(*y)) {
                std::mem::swap(shown, wanted);
            }
        }
        Ok(is_changed)
    }

    fn changed(&self) -> Vec<usize> {
        let rows = self.shown.iter().zip(&self.wanted).zip(&self.is_wanted).enumerate();
        let differs =
            rows.filter(|(_, ((shown, wanted), is_wanted))| **is_wanted && shown != wanted);
        differs.map(|(y, _)| y).collect()
    }

    fn find_move(&self) -> Option<moves::Move> {
        let rows = self.shown.iter().zip(&self.wanted).zip(&self.is_wanted);
        let wanted: Vec<&[Cell]> = rows
            .map(|((shown, wanted), is_wanted)| if *is_wanted { &**wanted } else { &**shown })
            .collect();
        moves::find(&self.shown, &wanted)
    }

    fn move_rows(&mut self, found: &moves::Move, surface: &mut Surface) -> Result<(), PixelsError> {
        let cell = self.cell();
        // Rows of a picture that fits a surface.
        let pixels = |rows: usize| u16::try_from(rows).unwrap_or(0).saturating_mul(cell.height);
        let width = surface.size().width;
        let (y, height) = (pixels(found.target.start), pixels(found.target.len()));
        surface.copy(Point { x: 0, y: pixels(found.source) }, Rect::new(0, y, width, height))?;
        found.apply(&mut self.shown);
        Ok(())
    }

    /// Where a row differs: whole characters, in order.
    fn runs(&self, y: usize) -> Vec<Range<usize>> {
        let (Some(shown), Some(wanted)) = (self.shown.get(y), self.wanted.get(y)) else {
            return Vec::new();
        };
        let is_rest = |x: usize| wanted.get(x).is_some_and(|cell| cell.columns == 0);
        let mut runs: Vec<Range<usize>> = Vec::new();
        for x in (0..wanted.len()).filter(|x| shown.get(*x) != wanted.get(*x)) {
            let start = if is_rest(x) { x.saturating_sub(1) } else { x };
            let end = if is_rest(x + 1) { x + 2 } else { x + 1 };
            match runs.last_mut() {
                Some(last) if start <= last.end => last.end = last.end.max(end),
                _ => runs.push(start..end),
            }
        }
        runs
    }

    fn draw_run(
        &mut self,
        y: usize,
        run: Range<usize>,
        surface: &mut Surface,
    ) -> Result<(), PixelsError> {
        let measures = self.typeface.measures();
        let (width, height) = (usize::from(measures.width), usize::from(measures.height));
        let mut strip = std::mem::take(&mut self.strip);
        strip.reset(run.len() * width, height);
        let row = self.wanted.get_mut(y).map(std::mem::take).unwrap_or_default();
        let cells = row.get(run.clone()).unwrap_or_default();
        // The whole background comes first: what hangs over from one cell is cut at its own edge.
        let mut x = 0;
        for same in cells.chunk_by(|one, other| colors(one).1 == colors(other).1) {
            let end = x + same.len() * width;
            if let Some(cell) = same.first() {
                strip.fill((x, end), (0, height), colors(cell).1);
            }
            x = end;
        }
        for (index, cell) in cells.iter().enumerate() {
            self.draw_cell(&mut strip, cell, index * width, measures);
        }
        if let Some(wanted) = self.wanted.get_mut(y) {
            *wanted = row;
        }
        // A picture that fits a surface has no more pixels than these can count.
        let pixels = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
        let at = (pixels(run.start * width), pixels(y * height));
        let rect = Rect::new(at.0, at.1, pixels(run.len() * width), measures.height);
        let stored = surface.store(rect, strip.data());
        self.strip = strip;
        stored
    }

    fn draw_cell(&mut self, strip: &mut Strip, cell: &Cell, x: usize, measures: Measures) {
        let width = usize::from(measures.width);
        let (foreground, _) = colors(cell);
        if cell.columns > 0 {
            let room = width * usize::from(cell.columns);
            if cell.first != ' ' || cell.cluster.is_some() {
                let glyph = self.glyph(cell);
                strip.draw(&glyph, x, room, foreground);
            }
        }
        if cell.cursor.is_some_and(|(shape, _)| shape == CursorShape::Block) {
            let same = Cell { underline_color: foreground, foreground, ..cell.clone() };
            strip.draw_lines(&same, x, measures);
        } else {
            strip.draw_lines(cell, x, measures);
        }
        strip.draw_cursor(cell, x, width, measures.line);
    }

    fn glyph(&mut self, cell: &Cell) -> Arc<Glyph> {
        let key = || GlyphKey {
            first: cell.first,
            cluster: cell.cluster.clone(),
            columns: cell.columns,
            bold: cell.bold,
            italic: cell.italic,
        };
        let near = match cell.first {
            first @ ' '..='\x7f' if cell.cluster.is_none() && cell.columns == 1 => {
                let style = usize::from(cell.bold) + 2 * usize::from(cell.italic);
                self.near.get_mut(style * 96 + (first as usize - 0x20))
            }
            _ => None,
        };
        match near {
            Some(Some(glyph)) => Arc::clone(glyph),
            Some(slot) => Arc::clone(slot.insert(self.typeface.glyph(&key()))),
            None => self.typeface.glyph(&key()),
        }
    }
}

/// A cell's foreground and background; a block cursor makes them change places.
const fn colors(cell: &Cell) -> ([u8; 3], [u8; 3]) {
    match cell.cursor {
        Some((CursorShape::Block, color)) => (cell.background, color),
        _ => (cell.foreground, cell.background),
    }
}

#[cfg(test)]
#[path = "painter_tests.rs"]
mod tests;
