//! Pictures to test on, the same in every run.

use porthole_pixels::{Rect, Surface};

/// A small generator with a fixed seed, so that a failure repeats.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    pub(crate) fn below(&mut self, limit: u16) -> u16 {
        (self.next() % u32::from(limit.max(1))) as u16
    }
}

/// Every pixel of a colour of its own.
pub(crate) fn noise(surface: &mut Surface, rect: Rect, seed: u64) {
    let mut random = Random(seed);
    paint(surface, rect, |_, _| (random.next() << 1).to_le_bytes());
}

/// Dark strokes on white, in a few shades; no tile of it is of one colour.
pub(crate) fn scribbles(surface: &mut Surface, rect: Rect, seed: u64) {
    let mut random = Random(seed);
    paint(surface, rect, |x, y| {
        let on_line = y % 20 < 14 && (x % 7 == 0 || random.below(6) == 0);
        let shade = if on_line { 40 * (random.below(6) as u8) } else { 255 };
        [shade, shade, shade, 255]
    });
}

/// Slow waves of colour.
#[expect(clippy::cast_sign_loss, reason = "the waves stay between 28 and 228")]
pub(crate) fn gradient(surface: &mut Surface, rect: Rect) {
    paint(surface, rect, |x, y| {
        let wave =
            |a: f32, b: f32| (128.0 + 100.0 * (f32::from(x) * a + f32::from(y) * b).sin()) as u8;
        [wave(0.02, 0.01), wave(0.013, 0.03), wave(0.005, 0.021), 255]
    });
}

pub(crate) fn paint(
    surface: &mut Surface,
    rect: Rect,
    mut colour: impl FnMut(u16, u16) -> [u8; 4],
) {
    for y in rect.y..rect.y + rect.height {
        let row: Vec<u8> = (rect.x..rect.x + rect.width).flat_map(|x| colour(x, y)).collect();
        surface.store_row(rect.x, y, &row);
    }
}
