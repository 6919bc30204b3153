//! Stop 3 of the pixel path: where decoders draw.

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Point, Rect, Size, Surface};

use super::error::GraphicsError;

/// Pixels whose bytes are swapped at a time.
const SWAPPED_PIXELS: usize = 256;

/// One of the server's surfaces: all of a picture, or the part of the output that shows it.
///
/// INVARIANT: `size` from `origin` lies within `picture`.
#[derive(Debug)]
pub(crate) struct Canvas<'a> {
    picture: &'a mut Surface,
    origin: Point,
    size: Size,
}

impl<'a> Canvas<'a> {
    /// The part of `picture` that starts at `origin`.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::OutsideSurface`] when it reaches past it.
    pub(crate) fn new(
        picture: &'a mut Surface,
        origin: Point,
        size: Size,
    ) -> Result<Self, GraphicsError> {
        picture.check(Rect::new(origin.x, origin.y, size.width, size.height))?;
        Ok(Self { picture, origin, size })
    }

    /// Columns and rows.
    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    /// Whether `rect` lies within it.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::OutsideSurface`] when not.
    pub(crate) fn check(&self, rect: Rect) -> Result<(), GraphicsError> {
        if rect.fits(self.size) {
            Ok(())
        } else {
            Err(GraphicsError::OutsideSurface { rect, size: self.size })
        }
    }

    /// Stores rows of `4 * rect.width` bytes R, G, B and anything, without gaps.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::OutsideSurface`]; nothing is then stored.
    pub(crate) fn store(&mut self, rect: Rect, rgbx: &[u8]) -> Result<(), GraphicsError> {
        self.check(rect)?;
        Ok(self.picture.store(self.place(rect), rgbx)?)
    }

    /// Stores a run of R, G, B and anything from (`x`, `y`) on; what reaches past it is cut off.
    pub(crate) fn store_row(&mut self, x: u16, y: u16, rgbx: &[u8]) {
        if x >= self.size.width || y >= self.size.height {
            return;
        }
        let room = usize::from(self.size.width - x) * BYTES_PER_PIXEL;
        let run = rgbx.get(..room).unwrap_or(rgbx);
        // Both lie within the picture, whose sides have 16 bits.
        self.picture.store_row(self.origin.x + x, self.origin.y + y, run);
    }

    /// The same for B, G, R and anything: the order of the server's pixels.
    pub(crate) fn store_row_bgrx(&mut self, mut x: u16, y: u16, bgrx: &[u8]) {
        let mut swapped = [[0; BYTES_PER_PIXEL]; SWAPPED_PIXELS];
        for run in bgrx.as_chunks().0.chunks(SWAPPED_PIXELS) {
            for (to, [blue, green, red, any]) in swapped.iter_mut().zip(run) {
                *to = [*red, *green, *blue, *any];
            }
            let swapped = swapped.get(..run.len()).unwrap_or_default();
            self.store_row(x, y, swapped.as_flattened());
            x = x.saturating_add(SWAPPED_PIXELS as u16);
        }
    }

    /// Paints `rect` in one colour.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::OutsideSurface`]; nothing is then painted.
    pub(crate) fn fill(&mut self, rect: Rect, pixel: Pixel) -> Result<(), GraphicsError> {
        self.check(rect)?;
        Ok(self.picture.fill(self.place(rect), pixel)?)
    }

    /// All pixels of `rect`, R, G, B, A, row-major.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::OutsideSurface`].
    pub(crate) fn read(&self, rect: Rect) -> Result<Box<[u8]>, GraphicsError> {
        self.check(rect)?;
        let place = self.place(rect);
        let mut pixels = Vec::with_capacity(rect.area() as usize * BYTES_PER_PIXEL);
        for y in 0..rect.height {
            pixels.extend_from_slice(self.picture.row(place, y));
        }
        Ok(pixels.into_boxed_slice())
    }

    /// Where `rect`, which lies within it, is in the picture.
    pub(crate) const fn place(&self, rect: Rect) -> Rect {
        // Within the picture, whose sides have 16 bits.
        Rect::new(self.origin.x + rect.x, self.origin.y + rect.y, rect.width, rect.height)
    }
}
