//! Rows of pixels in the forms that servers send, into the surface.

use porthole_pixels::{Rect, Surface};

use super::Target;
use super::palette::Colors;

/// How a pixel lies in memory. Multi-byte numbers are little-endian.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
    /// Blue, green, red, and a byte of no meaning.
    Bgrx32,
    /// Red, green, blue, and a byte of no meaning.
    Rgbx32,
    /// Blue, green, red.
    Bgr24,
    /// Red, green, blue.
    Rgb24,
    /// Five bits of red, six of green, five of blue.
    Rgb565,
    /// Five bits of each; the highest bit means nothing.
    Rgb555,
    /// A place in the palette.
    Indexed(&'a Colors),
}

impl Form<'_> {
    pub(super) const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Bgrx32 | Self::Rgbx32 => 4,
            Self::Bgr24 | Self::Rgb24 => 3,
            Self::Rgb565 | Self::Rgb555 => 2,
            Self::Indexed(_) => 1,
        }
    }

    /// Appends `source`'s pixels to `row` as R, G, B and a byte that the surface ignores.
    fn convert(self, source: &[u8], row: &mut Vec<u8>) {
        match self {
            Self::Bgrx32 => {
                row.extend(source.as_chunks().0.iter().flat_map(|&[b, g, r, _]| [r, g, b, 255]));
            }
            Self::Rgbx32 => row.extend_from_slice(source),
            Self::Bgr24 => {
                row.extend(source.as_chunks().0.iter().flat_map(|&[b, g, r]| [r, g, b, 255]));
            }
            Self::Rgb24 => {
                row.extend(source.as_chunks().0.iter().flat_map(|&[r, g, b]| [r, g, b, 255]));
            }
            Self::Rgb565 => row.extend(words(source).flat_map(|pixel| {
                let [red, blue] = [five(pixel >> 11), five(pixel)];
                let green = pixel >> 5 & 0x3f;
                [red, low_byte(green << 2 | green >> 4), blue, 255]
            })),
            Self::Rgb555 => row.extend(
                words(source)
                    .flat_map(|pixel| [five(pixel >> 10), five(pixel >> 5), five(pixel), 255]),
            ),
            Self::Indexed(colors) => {
                row.extend(source.iter().flat_map(|index| {
                    let [r, g, b] = colors.get(usize::from(*index)).copied().unwrap_or_default();
                    [r, g, b, 255]
                }));
            }
        }
    }
}

fn words(source: &[u8]) -> impl Iterator<Item = u16> {
    source.as_chunks().0.iter().map(|word| u16::from_le_bytes(*word))
}

/// The lowest five bits, spread over eight.
const fn five(bits: u16) -> u8 {
    let bits = bits & 0x1f;
    low_byte(bits << 3 | bits >> 2)
}

const fn low_byte(word: u16) -> u8 {
    word.to_le_bytes()[0]
}

/// Where rows begin in memory, and which comes first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    /// Bytes from one row to the next.
    pub(super) stride: usize,
    /// Rows in all, those included that are not shown.
    pub(super) rows: usize,
    /// The last row comes first.
    pub(super) is_bottom_up: bool,
}

impl Lines {
    /// Where the row begins that is shown as the `y`th; `None` when there is none.
    pub(super) fn start(self, y: u16) -> Option<usize> {
        let index = usize::from(y);
        let index = if self.is_bottom_up { self.rows.checked_sub(index + 1)? } else { index };
        Some(index * self.stride)
    }
}

impl Target<'_> {
    /// Stores the part of a picture that lies at `rect`. Both count from the top left, and what
    /// reaches past the surface is cut off.
    pub(super) fn store(&mut self, rect: Rect, source: &[u8], form: Form<'_>, lines: Lines) {
        let bytes = usize::from(rect.width) * form.bytes_per_pixel();
        for y in 0..rect.height {
            let Some(start) = lines.start(y) else { break };
            let Some(pixels) = source.get(start..start + bytes) else { continue };
            self.row.clear();
            form.convert(pixels, self.row);
            self.surface.store_row(rect.x, rect.y.saturating_add(y), self.row);
        }
    }
}

/// The part of `rect` that lies on the surface.
pub(super) fn visible(rect: Rect, surface: &Surface) -> Option<Rect> {
    rect.intersection(surface.size().rect())
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn every_form_becomes_the_surfaces() {
        let mut colors = [[0; 3]; 256];
        colors[7] = [1, 2, 3];
        let cases: [(Form<'_>, &[u8], [u8; 4]); 8] = [
            (Form::Bgrx32, &[3, 2, 1, 9], [1, 2, 3, 255]),
            (Form::Bgr24, &[3, 2, 1], [1, 2, 3, 255]),
            (Form::Rgb24, &[1, 2, 3], [1, 2, 3, 255]),
            (Form::Rgb565, &[0xff, 0xff], [255, 255, 255, 255]),
            (Form::Rgb565, &[0x00, 0xf8], [255, 0, 0, 255]),
            (Form::Rgb565, &[0xe0, 0x07], [0, 255, 0, 255]),
            (Form::Rgb555, &[0xe0, 0x83], [0, 255, 0, 255]),
            (Form::Indexed(&colors), &[7], [1, 2, 3, 255]),
        ];
        for (form, source, want) in cases {
            let mut row = Vec::new();
            form.convert(source, &mut row);
            assert_eq!(row, want, "{form:?}");
            assert_eq!(form.bytes_per_pixel(), source.len());
        }
    }
}
