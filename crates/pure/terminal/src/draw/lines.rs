//! Cells' rows of pixels while they are put together: fills, text, and lines beside it.

use super::cell::Cell;
use super::glyph::{Glyph, Pixels};
use super::typeface::Measures;
use crate::terminal::{CursorShape, Rgb, Underline};

/// The pixels of some cells of one row.
#[derive(Debug, Default)]
pub(super) struct Strip {
    width: usize,
    height: usize,
    /// R, G, B, 255; row-major.
    data: Vec<u8>,
}

impl Strip {
    /// Makes it that large; what is in it is to be filled.
    pub(super) fn reset(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.data.resize(width * height * 4, u8::MAX);
    }

    /// Its pixels.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// Paints `x0..x1`, `y0..y1` in one colour, as far as it is inside.
    pub(super) fn fill(&mut self, (x0, x1): (usize, usize), (y0, y1): (usize, usize), color: Rgb) {
        let [red, green, blue] = color;
        let (x0, x1) = (x0.min(self.width), x1.min(self.width));
        for y in y0..y1.min(self.height) {
            let row = self.data.get_mut((y * self.width + x0) * 4..(y * self.width + x1) * 4);
            for pixel in row.unwrap_or_default().as_chunks_mut::<4>().0 {
                *pixel = [red, green, blue, u8::MAX];
            }
        }
    }

    /// Draws a glyph whose cell begins at column `x` and is `room` pixels wide.
    pub(super) fn draw(&mut self, glyph: &Glyph, x: usize, room: usize, color: Rgb) {
        let width = glyph.width.min(room.saturating_sub(glyph.x));
        let start = x + glyph.x;
        let end = (start + width).min(self.width);
        if glyph.width == 0 || start >= end {
            return;
        }
        let [red, green, blue] = color;
        for y in glyph.y..self.height {
            let line = y - glyph.y;
            let Some(row) =
                self.data.get_mut((y * self.width + start) * 4..(y * self.width + end) * 4)
            else {
                return;
            };
            let pixels = row.as_chunks_mut::<4>().0.iter_mut();
            match &glyph.pixels {
                Pixels::Mask(mask) => {
                    let from = mask.get(line * glyph.width..(line + 1) * glyph.width);
                    for (pixel, cover) in pixels.zip(from.unwrap_or_default()) {
                        blend(pixel, [red, green, blue, *cover]);
                    }
                }
                Pixels::Color(colors) => {
                    let from = colors.get(line * glyph.width * 4..(line + 1) * glyph.width * 4);
                    for (pixel, color) in pixels.zip(from.unwrap_or_default().as_chunks::<4>().0) {
                        blend(pixel, *color);
                    }
                }
            }
        }
    }

    /// Draws the lines of a cell that begins at column `x`: above, through and below its text.
    pub(super) fn draw_lines(&mut self, cell: &Cell, x: usize, measures: Measures) {
        let end = x + usize::from(measures.width);
        let line = usize::from(measures.line);
        if cell.overline {
            self.fill((x, end), (0, line), cell.foreground);
        }
        if cell.strike {
            let y = usize::from(measures.strike);
            self.fill((x, end), (y, y + line), cell.foreground);
        }
        self.underline(cell, (x, end), measures);
    }

    fn underline(&mut self, cell: &Cell, (x, end): (usize, usize), measures: Measures) {
        let line = usize::from(measures.line);
        let y = usize::from(measures.underline);
        let color = cell.underline_color;
        match cell.underline {
            Underline::None => {}
            Underline::Single => self.fill((x, end), (y, y + line), color),
            Underline::Double => {
                let second = (y + 2 * line).min(self.height.saturating_sub(line));
                let first = second.saturating_sub(2 * line);
                self.fill((x, end), (first, first + line), color);
                self.fill((x, end), (second, second + line), color);
            }
            Underline::Curly => self.wave((x, end), y, line, color),
            Underline::Dotted => {
                for start in (x..end).step_by(2 * line) {
                    self.fill((start, (start + line).min(end)), (y, y + line), color);
                }
            }
            Underline::Dashed => {
                // A quarter at both ends, so that two cells make a dash between them.
                let quarter = (end - x).div_ceil(4);
                self.fill((x, x + quarter), (y, y + line), color);
                self.fill((end - quarter, end), (y, y + line), color);
            }
        }
    }

    /// One wave in each cell.
    fn wave(&mut self, (x, end): (usize, usize), y: usize, line: usize, color: Rgb) {
        let room = self.height.saturating_sub(y).max(2 * line) as f32;
        let height = (room - line as f32).min(2.0 * line as f32).max(1.0) / 2.0;
        let thick = line as f32;
        let middle = self.height.min(y + room as usize) as f32 - height - thick / 2.0;
        let turn = std::f32::consts::TAU / (end - x) as f32;
        for column in x..end.min(self.width) {
            let phase = ((column - x) as f32 + 0.5) * turn;
            let center = middle + phase.sin() * height;
            // A pixel is covered as far as the line's column reaches into it.
            for row in y.saturating_sub(line)..self.height {
                let (top, bottom) = (row as f32, row as f32 + 1.0);
                let covered = (center + thick / 2.0).min(bottom) - (center - thick / 2.0).max(top);
                let cover = (covered.clamp(0.0, 1.0) * 255.0) as u8;
                let at = (row * self.width + column) * 4;
                if let Some(pixel) = self.data.get_mut(at..at + 4).and_then(<[u8]>::first_chunk_mut)
                {
                    let [red, green, blue] = color;
                    blend(pixel, [red, green, blue, cover]);
                }
            }
        }
    }

    /// Draws a cursor that is a line, on a cell that is `width` pixels wide.
    pub(super) fn draw_cursor(&mut self, cell: &Cell, x: usize, width: usize, line: u16) {
        let thick = 2 * usize::from(line);
        match cell.cursor {
            Some((CursorShape::Underline, color)) => {
                let top = self.height.saturating_sub(thick);
                self.fill((x, x + width), (top, self.height), color);
            }
            Some((CursorShape::Bar, color)) => {
                self.fill((x, x + thick.min(width)), (0, self.height), color);
            }
            Some((CursorShape::Block, _)) | None => {}
        }
    }
}

/// Paints a colour with straight alpha over a pixel.
fn blend(pixel: &mut [u8; 4], [red, green, blue, cover]: [u8; 4]) {
    if cover == 0 {
        return;
    }
    for (held, painted) in pixel.iter_mut().zip([red, green, blue]) {
        let sum = u32::from(painted) * u32::from(cover) + u32::from(*held) * u32::from(255 - cover);
        // At most 255.
        *held = ((sum + 127) / 255) as u8;
    }
}
