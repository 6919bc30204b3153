//! Braille patterns (U+2800 to U+28FF), which programs draw curves with.

use super::mask::Mask;

/// The column and row of the dot of each bit.
const DOTS: [(i32, i32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];

/// Draws the dots whose bits are set.
pub(super) fn draw(bits: u32, mask: &mut Mask) {
    let (width, height) = (mask.width, mask.height);
    let side = (width / 4).min(height / 8).max(1);
    for (bit, (column, row)) in DOTS.into_iter().enumerate() {
        if bits >> bit & 1 == 1 {
            let x = (2 * column + 1) * width / 4 - side / 2;
            let y = (2 * row + 1) * height / 8 - side / 2;
            mask.fill((x, x + side), (y, y + side));
        }
    }
}
