//! PNG files inside TightPNG rectangles.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};
use porthole_pixels::Size;
use porthole_wire::text;

use super::tight::rgba_len;
use crate::RfbError;

const NAME: &str = "PNG";

/// Decodes `file` into `pixels`: `4 * width * height` bytes, R, G, B and anything.
///
/// # Errors
///
/// It is not a PNG file, or not of `size`.
pub(super) fn decode(file: &[u8], size: Size, pixels: &mut Vec<u8>) -> Result<(), RfbError> {
    let broken = |error: png::DecodingError| RfbError::Image {
        encoding: NAME,
        reason: text(error.to_string().as_bytes()),
    };
    // Rows and tables; the image itself goes to our own memory.
    let bytes = rgba_len(size.area()).saturating_add(1 << 20);
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let image = (info.width as usize, info.height as usize);
    if image != (size.width.into(), size.height.into()) {
        return Err(RfbError::ImageSize { encoding: NAME, image, rect: size });
    }
    // Eight bits a channel and four channels at most, as transformed.
    let len = reader.output_buffer_size().unwrap_or(usize::MAX);
    RfbError::check_limit("PNG bytes", len, rgba_len(size.area()))?;
    pixels.resize(len, 0);
    let shape = reader.next_frame(pixels).map_err(broken)?;
    to_rgba(pixels, shape.color_type);
    Ok(())
}

/// Makes four bytes a pixel of fewer.
fn to_rgba(pixels: &mut Vec<u8>, from: ColorType) {
    let wide: Vec<u8> = match from {
        ColorType::Rgba => return,
        ColorType::Rgb => pixels.as_chunks().0.iter().copied().flat_map(super::opaque).collect(),
        ColorType::GrayscaleAlpha => pixels
            .as_chunks()
            .0
            .iter()
            .flat_map(|[gray, _alpha]| super::opaque([*gray; 3]))
            .collect(),
        // Palettes were expanded by the decoder.
        ColorType::Grayscale | ColorType::Indexed => {
            pixels.iter().flat_map(|gray| super::opaque([*gray; 3])).collect()
        }
    };
    *pixels = wide;
}
