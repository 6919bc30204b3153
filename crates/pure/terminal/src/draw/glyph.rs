//! What is drawn of a cell's text, without its colours.

use super::mask::Mask;

/// The picture of a cell's text, cut to what is drawn of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glyph {
    /// Where it begins in the cell.
    pub(super) x: usize,
    /// The same, down.
    pub(super) y: usize,
    /// Pixels of a row; 0 when nothing is drawn.
    pub(super) width: usize,
    pub(super) pixels: Pixels,
}

/// The pixels of a [`Glyph`], row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pixels {
    /// How much the foreground covers, a byte each.
    Mask(Box<[u8]>),
    /// Colours of their own: straight-alpha R, G, B, A.
    Color(Box<[u8]>),
}

impl Glyph {
    /// Nothing.
    pub(super) fn empty() -> Self {
        Self { x: 0, y: 0, width: 0, pixels: Pixels::Mask(Box::default()) }
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let (Pixels::Mask(data) | Pixels::Color(data)) = &self.pixels;
        data.len() + size_of::<Self>()
    }
}

/// Where a [`Glyph`] is put together: as large as its cells.
#[derive(Debug)]
pub(super) struct Canvas {
    width: i32,
    height: i32,
    mask: Vec<u8>,
    /// Straight alpha; empty until something has colours.
    color: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: u16, height: u16) -> Self {
        let len = usize::from(width) * usize::from(height);
        Self { width: width.into(), height: height.into(), mask: vec![0; len], color: Vec::new() }
    }

    /// Adds a picture of coverage at a place that may be outside in part.
    pub(super) fn add_mask(&mut self, data: &[u8], (width, x, y): (u32, i32, i32)) {
        self.place(data, (width, x, y), 1, |canvas, at, pixel| {
            if let (Some(held), [cover]) = (canvas.mask.get_mut(at), pixel) {
                *held = (*held).max(*cover);
            }
        });
    }

    /// Adds a picture in colours; where two lie upon each other, the later one is seen.
    pub(super) fn add_color(&mut self, data: &[u8], (width, x, y): (u32, i32, i32)) {
        self.color.resize(self.mask.len() * 4, 0);
        self.place(data, (width, x, y), 4, |canvas, at, pixel| {
            let held = canvas.color.get_mut(at * 4..at * 4 + 4);
            if let (Some(held), Some(1..)) = (held, pixel.last()) {
                held.copy_from_slice(pixel);
            }
        });
    }

    fn place(
        &mut self,
        data: &[u8],
        (width, left, top): (u32, i32, i32),
        bytes: usize,
        mut put: impl FnMut(&mut Self, usize, &[u8]),
    ) {
        let stride = (width as usize * bytes).max(1);
        for (y, row) in (i64::from(top)..).zip(data.chunks_exact(stride)) {
            if !(0..i64::from(self.height)).contains(&y) {
                continue;
            }
            for (x, pixel) in (i64::from(left)..).zip(row.chunks_exact(bytes)) {
                if (0..i64::from(self.width)).contains(&x) {
                    // Both are inside, so the sum is not negative.
                    put(self, (y * i64::from(self.width) + x) as usize, pixel);
                }
            }
        }
    }

    /// What was drawn, cut to its edges.
    pub(super) fn finish(self) -> Glyph {
        let is_colored = !self.color.is_empty();
        let bytes = if is_colored { 4 } else { 1 };
        let data = if is_colored { &self.color } else { &self.mask };
        let stride = self.width as usize * bytes;
        let is_drawn = |pixel: &[u8]| pixel.last().is_some_and(|cover| *cover != 0);
        let (mut left, mut right) = (usize::MAX, 0);
        let (mut top, mut bottom) = (usize::MAX, 0);
        for (y, row) in data.chunks_exact(stride.max(1)).enumerate() {
            let mut columns = row.chunks_exact(bytes);
            let Some(first) = columns.position(is_drawn) else { continue };
            let last = row.chunks_exact(bytes).rposition(is_drawn).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last + 1));
            (top, bottom) = (top.min(y), y + 1);
        }
        if right <= left || bottom <= top {
            return Glyph::empty();
        }
        let rows = data.chunks_exact(stride.max(1)).skip(top).take(bottom - top);
        let rows = rows.filter_map(|row| row.get(left * bytes..right * bytes));
        let cut: Box<[u8]> = rows.flatten().copied().collect();
        let pixels = if is_colored { Pixels::Color(cut) } else { Pixels::Mask(cut) };
        Glyph { x: left, y: top, width: right - left, pixels }
    }
}

impl From<Mask> for Canvas {
    fn from(mask: Mask) -> Self {
        Self { width: mask.width, height: mask.height, mask: mask.data, color: Vec::new() }
    }
}
