//! A picture in memory, to paint and to compare.

use anyhow::{Context as _, Result, ensure};

/// Pixels of a screen, without transparency.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Red, green, blue and 255 for each pixel: `4 * width * height` bytes, row-major.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// A picture whose pixel at column `x` and row `y` is `colour(x, y)`: red, green, blue.
    pub fn from_fn(width: u16, height: u16, mut colour: impl FnMut(u16, u16) -> [u8; 3]) -> Self {
        let mut rgba = Vec::with_capacity(4 * usize::from(width) * usize::from(height));
        for y in 0..height {
            for x in 0..width {
                let [red, green, blue] = colour(x, y);
                rgba.extend([red, green, blue, u8::MAX]);
            }
        }
        Self { width, height, rgba }
    }

    /// A picture in which no two rows or columns look alike: it shows wrong places, lost bits
    /// and swapped colours. Smooth in parts and noisy in parts, so that every encoder has work.
    pub fn test_card(width: u16, height: u16) -> Self {
        let mut state = 0x2545_F491_u32;
        Self::from_fn(width, height, |x, y| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [noise, ..] = state.to_le_bytes();
            let [x_low, x_high] = x.to_le_bytes();
            let [y_low, y_high] = y.to_le_bytes();
            match (x / 64 + y / 64) % 4 {
                0 => [x_low, y_low, 0x80],
                1 => [x_high, y_high, 0x20],
                2 => [noise, x_low ^ y_low, noise.rotate_left(3)],
                _ => [y_low, x_low, x_high ^ y_high],
            }
        })
    }

    /// Red, green and blue at column `x` and row `y`.
    ///
    /// # Errors
    ///
    /// The place is outside the picture.
    pub fn pixel(&self, x: u16, y: u16) -> Result<[u8; 3]> {
        ensure!(x < self.width, "column {x} of {}", self.width);
        let index = 4 * (usize::from(y) * usize::from(self.width) + usize::from(x));
        let pixel = self.rgba.get(index..).and_then(|rest| rest.first_chunk::<3>());
        pixel.copied().with_context(|| format!("row {y} of {}", self.height))
    }

    /// The first place, column and row, at which two pictures of one size differ.
    pub fn first_difference(&self, other: &Self) -> Option<(usize, usize)> {
        let width = usize::from(self.width);
        let pixels = self.rgba.chunks_exact(4).zip(other.rgba.chunks_exact(4));
        let index = pixels.into_iter().position(|(ours, theirs)| ours != theirs)?;
        Some((index % width, index / width))
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Millions of numbers help nobody.
        write!(formatter, "Picture({}x{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_pixels_and_differences() {
        let card = Picture::test_card(130, 70);
        let mut other = card.clone();
        assert_eq!(card.first_difference(&other), None);
        other.rgba[4 * (130 * 2 + 5)] ^= 1;
        assert_eq!(card.first_difference(&other), Some((5, 2)));
        assert_eq!(card.pixel(0, 0).unwrap(), [0, 0, 0x80]);
        assert!(card.pixel(130, 0).is_err());
        assert!(card.pixel(0, 70).is_err());
    }
}
