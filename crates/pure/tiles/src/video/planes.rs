//! Red, green and blue to luma and colour differences.

use openh264::formats::YUVSlices;
use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Size};
use yuv::{
    BufferStoreMut, YuvConversionMode, YuvPlanarImageMut, YuvRange, YuvStandardMatrix,
    rgba_to_yuv420,
};

use super::coded_size;
use crate::TilesError;
use crate::pixels::Pixels;

/// One picture in 4:2:0, in the memory of the one before. All sides are even.
#[derive(Debug)]
pub(super) struct Planes {
    /// As the pictures are, before they are rounded up.
    size: Size,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
    /// The last two rows, as wide as what is coded.
    last: Vec<Pixel>,
}

impl Planes {
    /// Takes `1.5 * width * height` bytes and two rows of pixels, with both sides rounded up to
    /// even.
    pub(super) fn new(size: Size) -> Self {
        let coded = coded_size(size);
        let area = coded.area() as usize;
        let plane = |len| vec![0; len];
        let last = vec![Pixel::default(); 2 * usize::from(coded.width)];
        Self { size, luma: plane(area), blue: plane(area / 4), red: plane(area / 4), last }
    }

    /// Takes over `pixels`, which are as large as the planes.
    pub(super) fn store(&mut self, pixels: Pixels<'_>) -> Result<(), TilesError> {
        let coded = coded_size(self.size);
        let stride = usize::from(coded.width);
        // The converter reads pairs of whole rows. The last row need not be whole, where the
        // surface ends, nor have a partner.
        let above = usize::from(coded.height - 2);
        let height = usize::from(self.size.height);
        let sources = pixels.rows().skip(above).chain(pixels.rows().skip(height - 1));
        for (row, source) in self.last.chunks_exact_mut(stride).zip(sources) {
            let (own, past) = row.split_at_mut(source.len());
            own.copy_from_slice(source);
            past.fill(source.last().copied().unwrap_or_default());
        }
        let (luma, last_luma) = self.luma.split_at_mut(above * stride);
        let (blue, last_blue) = self.blue.split_at_mut(above * stride / 4);
        let (red, last_red) = self.red.split_at_mut(above * stride / 4);
        let width = usize::from(self.size.width);
        convert(pixels.bytes(), pixels.stride_bytes(), (width, above), stride, [luma, blue, red])?;
        repeat_last_column(luma, width, stride);
        convert(
            self.last.as_flattened(),
            stride * BYTES_PER_PIXEL,
            (stride, 2),
            stride,
            [last_luma, last_blue, last_red],
        )
    }

    /// As the encoder wants them.
    pub(super) fn slices(&self) -> YUVSlices<'_> {
        let coded = coded_size(self.size);
        let (width, height) = (usize::from(coded.width), usize::from(coded.height));
        YUVSlices::new(
            (&self.luma, &self.blue, &self.red),
            (width, height),
            (width, width / 2, width / 2),
        )
    }
}

/// Converts the first `width` columns of an even number of rows, which lie `source_stride` bytes
/// apart, to planes with `stride` samples of luma in a row, and half as many of each difference.
fn convert(
    source: &[u8],
    source_stride: usize,
    (width, height): (usize, usize),
    stride: usize,
    [luma, blue, red]: [&mut [u8]; 3],
) -> Result<(), TilesError> {
    // All are at most four times the side of a surface, which has 16 bits.
    let mut image = YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(luma),
        y_stride: stride as u32,
        u_plane: BufferStoreMut::Borrowed(blue),
        u_stride: stride as u32 / 2,
        v_plane: BufferStoreMut::Borrowed(red),
        v_stride: stride as u32 / 2,
        width: width as u32,
        height: height as u32,
    };
    let (range, matrix) = (YuvRange::Full, YuvStandardMatrix::Bt601);
    let mode = YuvConversionMode::Balanced;
    rgba_to_yuv420(&mut image, source, source_stride as u32, range, matrix, mode)
        .map_err(|error| TilesError::Video { reason: error.to_string() })
}

/// Gives the column that makes an odd width even the luma of its neighbour, so that it costs
/// nothing. A sample of a colour difference covers both as it is.
fn repeat_last_column(luma: &mut [u8], width: usize, stride: usize) {
    if stride > width {
        for row in luma.chunks_exact_mut(stride) {
            row[width] = row[width - 1];
        }
    }
}
