//! A picture of coverage, for what is drawn without a font.

/// How much of each pixel is covered, 0 to 255, row-major.
#[derive(Debug, Clone)]
pub(super) struct Mask {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) data: Vec<u8>,
}

/// Points on a pixel's side at which [`Mask::shade`] asks.
const SAMPLES: i32 = 4;

impl Mask {
    /// Nothing, in a cell of this size.
    pub(super) fn new(width: u16, height: u16) -> Self {
        let len = usize::from(width) * usize::from(height);
        Self { width: width.into(), height: height.into(), data: vec![0; len] }
    }

    /// Covers the columns and rows `x0..x1`, `y0..y1`, cut to the cell.
    pub(super) fn fill(&mut self, (x0, x1): (i32, i32), (y0, y1): (i32, i32)) {
        self.fill_with(u8::MAX, (x0, x1), (y0, y1));
    }

    /// [`Mask::fill`], covering a part of each pixel.
    pub(super) fn fill_with(&mut self, cover: u8, (x0, x1): (i32, i32), (y0, y1): (i32, i32)) {
        let (x0, x1) = (x0.clamp(0, self.width), x1.clamp(0, self.width));
        for y in y0.max(0)..y1.min(self.height) {
            let start = (y * self.width + x0) as usize;
            let end = (y * self.width + x1) as usize;
            if let Some(row) = self.data.get_mut(start..end) {
                row.fill(cover);
            }
        }
    }

    /// Covers what is inside of a shape; the point's unit is a pixel.
    pub(super) fn shade(&mut self, is_inside: impl Fn(f32, f32) -> bool) {
        let step = 1.0 / SAMPLES as f32;
        let full = SAMPLES * SAMPLES;
        let (width, height) = (self.width, self.height);
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        for (pixel, (x, y)) in self.data.iter_mut().zip(places) {
            let mut count = 0;
            for sample in 0..full {
                let right = ((sample % SAMPLES) as f32 + 0.5) * step;
                let down = ((sample / SAMPLES) as f32 + 0.5) * step;
                count += i32::from(is_inside(x as f32 + right, y as f32 + down));
            }
            // At most 255.
            let cover = (count * 255 / full) as u8;
            *pixel = (*pixel).max(cover);
        }
    }
}
