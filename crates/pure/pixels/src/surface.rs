//! Stop 4 of the pixel path: the current picture of a remote.

mod cover;

use self::cover::Covers;
pub use self::cover::{COVER_BYTES_MAX, COVERS_MAX, Cover, CoverDecode};
use crate::before::Undo;
use crate::veil::Veil;
use crate::{Before, Changes, Copy, PixelsError, Point, Rect, Size, TILE_SIDE_PX};

/// Bytes of one pixel: R, G, B, A.
pub const BYTES_PER_PIXEL: usize = 4;

/// Longest side of a surface, in pixels.
pub const SURFACE_SIDE_MAX_PX: u16 = 16_384;

/// Most pixels of a surface: 8K, or four 4K screens (128 MiB).
pub const SURFACE_PIXELS_MAX: u32 = 7_680 * 4_320;

/// One pixel: R, G, B and 255.
pub type Pixel = [u8; BYTES_PER_PIXEL];

/// Bytes of one row of a tile.
const SEGMENT_BYTES: usize = TILE_SIDE_PX as usize * BYTES_PER_PIXEL;

/// A picture, and what changed in it.
///
/// Every store compares before it writes, so a pixel that is drawn again in its old colour
/// is not damage: false damage stops here, at the cost of reading what is in the cache anyway.
///
/// INVARIANT: every fourth byte of `pixels` is 255.
#[derive(Debug, Clone)]
pub struct Surface {
    size: Size,
    /// `4 * width * height` bytes, row-major, without gaps.
    pixels: Vec<u8>,
    /// What stands before them.
    covers: Covers,
    changes: Changes,
    keeps_before: bool,
    /// The old pixels of what changed since the last look. `None` when they are not kept, or
    /// when keeping them began or was interrupted in the middle of changes.
    undo: Option<Undo>,
    /// `None` while nothing is covered.
    veil: Option<Box<Veil>>,
    /// How often a veil was drawn.
    veils_count: u64,
}

impl Default for Surface {
    /// No pixels at all: what a text remote has.
    fn default() -> Self {
        Self {
            size: Size::default(),
            pixels: Vec::new(),
            covers: Covers::default(),
            changes: Changes::none(Size::default()),
            keeps_before: false,
            undo: None,
            veil: None,
            veils_count: 0,
        }
    }
}

impl Surface {
    /// A black picture.
    ///
    /// # Errors
    ///
    /// [`PixelsError::TooLarge`] over [`SURFACE_SIDE_MAX_PX`] or [`SURFACE_PIXELS_MAX`].
    pub fn new(size: Size) -> Result<Self, PixelsError> {
        let mut surface = Self::default();
        surface.resize(size)?;
        Ok(surface)
    }

    /// Whether a picture of `size` would be served.
    ///
    /// # Errors
    ///
    /// [`PixelsError::TooLarge`] when not.
    pub fn check_size(size: Size) -> Result<(), PixelsError> {
        let side = size.width.max(size.height);
        if side > SURFACE_SIDE_MAX_PX || size.area() > SURFACE_PIXELS_MAX {
            return Err(PixelsError::TooLarge {
                size,
                side_max_px: SURFACE_SIDE_MAX_PX,
                pixels_max: SURFACE_PIXELS_MAX,
            });
        }
        Ok(())
    }

    /// Changes the size. What both sizes share stays; the rest is black; everything is damage, and
    /// nothing is covered.
    ///
    /// # Errors
    ///
    /// [`PixelsError::TooLarge`], before any memory is taken; the picture is then as it was.
    pub fn resize(&mut self, size: Size) -> Result<(), PixelsError> {
        Self::check_size(size)?;
        self.uncover(self.size.rect());
        let mut pixels = [0, 0, 0, u8::MAX].repeat(size.area() as usize);
        let kept = Rect {
            width: self.size.width.min(size.width),
            height: self.size.height.min(size.height),
            x: 0,
            y: 0,
        };
        for y in 0..kept.height {
            let start = usize::from(y) * usize::from(size.width) * BYTES_PER_PIXEL;
            let row = self.row(kept, y);
            pixels[start..start + row.len()].copy_from_slice(row);
        }
        self.pixels = pixels;
        self.size = size;
        self.changes = Changes::all(size);
        self.undo = None;
        self.veil = None;
        Ok(())
    }

    /// Columns and rows.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The whole picture, which is settled: `4 * width * height` bytes, row-major.
    pub fn bytes(&self) -> &[u8] {
        debug_assert!(self.is_settled(), "covered pixels were read");
        &self.pixels
    }

    /// The picture from the first pixel of `rect` on, with [`Surface::stride_bytes`] from one row
    /// to the next. Only pixels of `rect` are to be read, and it is settled. Empty when it begins
    /// outside.
    pub fn bytes_from(&self, rect: Rect) -> &[u8] {
        debug_assert!(self.is_settled_within(rect), "covered pixels were read");
        self.pixels.get(self.offset(rect.x.into(), rect.y.into())..).unwrap_or(&[])
    }

    /// Bytes from one row to the next.
    pub fn stride_bytes(&self) -> usize {
        usize::from(self.size.width) * BYTES_PER_PIXEL
    }

    /// Row `y` of `rect`, counted from the rectangle's top; it is settled. Empty when that is
    /// outside.
    pub fn row(&self, rect: Rect, y: u16) -> &[u8] {
        debug_assert!(
            self.is_settled_within(Rect { y: rect.y.saturating_add(y), height: 1, ..rect }),
            "covered pixels were read"
        );
        let start = self.offset(u32::from(rect.x), u32::from(rect.y) + u32::from(y));
        if rect.right() > u32::from(self.size.width) {
            return &[];
        }
        self.pixels.get(start..start + usize::from(rect.width) * BYTES_PER_PIXEL).unwrap_or(&[])
    }

    /// What changed since [`Surface::clear_changes`].
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Somebody has taken note of [`Surface::changes`].
    pub fn clear_changes(&mut self) {
        self.changes.clear();
        self.covers.grow_old();
        if self.keeps_before {
            self.undo.get_or_insert_with(|| Undo::new(self.size)).clear();
        }
        self.veil.take_if(|veil| !veil.clear_changes());
    }

    /// Something that is not in this picture is shown in `rect` from now on, until something is
    /// drawn there: a video, for example, that nobody decodes here. What was drawn there need not
    /// be shown any more, and what will be is damage even if it changes no pixel.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Outside`]; nothing is then covered.
    pub fn draw_veil(&mut self, rect: Rect) -> Result<(), PixelsError> {
        self.check(rect)?;
        self.veils_count += 1;
        self.give_way(rect, false);
        self.changes.forget_damage(rect);
        self.veil.get_or_insert_with(|| Box::new(Veil::new(self.size))).cover(rect);
        Ok(())
    }

    /// Covers `rect` where it is in tatters, so that what is covered of it need not be told from
    /// what is not: nothing shows what should be seen there until the remote draws it again. Not
    /// counted as a veil; nothing happens where nothing at all is covered.
    pub fn tear(&mut self, rect: Rect) {
        if let Some(veil) = &mut self.veil {
            veil.cover(rect);
            self.changes.forget_damage(rect);
        }
    }

    /// How often [`Surface::draw_veil`] was called.
    pub const fn veils_count(&self) -> u64 {
        self.veils_count
    }

    /// What is covered now. `None`: nothing, nor was it when the changes were last cleared.
    pub fn veil(&self) -> Option<&Veil> {
        self.veil.as_deref()
    }

    /// Around where pixels were copied to that were covered: what shows them did not move with
    /// them, so that the remote has to draw them again. Forgets it.
    pub fn take_torn(&mut self) -> Option<Rect> {
        self.veil.as_mut()?.take_torn()
    }

    /// Whether to keep, from now on, what [`Surface::before`] shows; at first it is not kept.
    ///
    /// It costs a copy of 16 KiB for each tile that changes between two looks, once, and as much
    /// memory, which is used again from look to look until [`Surface::release_before`].
    pub fn keep_before(&mut self, keeps: bool) {
        if keeps && !self.keeps_before && self.changes.is_none() {
            self.undo = Some(Undo::new(self.size));
        } else if !keeps {
            self.undo = None;
        }
        self.keeps_before = keeps;
    }

    /// Gives back the memory of [`Surface::before`], for as long as nothing changes. Call it when
    /// no change is expected soon. If there are changes, there is no older picture until they
    /// are cleared.
    pub fn release_before(&mut self) {
        if let Some(undo) = self.undo.as_mut().filter(|undo| undo.is_empty()) {
            undo.release();
        } else {
            self.undo = None;
        }
    }

    /// The picture before the current [`Surface::changes`]. `None` unless [`Surface::keep_before`]
    /// asked for it, while not all is settled, and after a change of size, or of very much that
    /// was covered, until [`Surface::clear_changes`].
    pub fn before(&self) -> Option<Before<'_>> {
        self.undo.as_ref().filter(|_| self.is_settled()).map(|undo| Before::new(self, undo))
    }

    /// Turns damage into copies that somebody found in it, by comparing with
    /// [`Surface::before`]: what lies in their targets is damage no more.
    ///
    /// The caller promises that carrying out `copies` in order on the older picture gives the
    /// current pixels of each one's target, and that all of them lie within the picture. Does
    /// nothing when the changes hold copies already, or when there are more than
    /// [`crate::COPIES_MAX`].
    pub fn explain(&mut self, copies: &[Copy]) {
        self.changes.explain(copies);
    }

    /// Whether `rect` lies within the picture.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Outside`] when not.
    pub fn check(&self, rect: Rect) -> Result<(), PixelsError> {
        if rect.fits(self.size) {
            Ok(())
        } else {
            Err(PixelsError::Outside { rect, size: self.size })
        }
    }

    /// Stores a run of pixels in row `y` from column `x`. `source` holds whole pixels, four
    /// bytes each; their fourth byte may be anything. What reaches past the row is cut off.
    pub fn store_row(&mut self, x: u16, y: u16, source: &[u8]) {
        if y >= self.size.height || x >= self.size.width {
            return;
        }
        let columns = source.len() / BYTES_PER_PIXEL;
        let columns = columns.min(usize::from(self.size.width - x)) as u16;
        self.give_way(Rect::new(x, y, columns, 1), false);
        self.store_bare(x, y, source);
    }

    /// Stores a run of pixels where there is no cover.
    fn store_bare(&mut self, x: u16, y: u16, source: &[u8]) {
        let room = usize::from(self.size.width - x) * BYTES_PER_PIXEL;
        let mut source = &source[..source.len().min(room)];
        let mut x = x;
        while source.len() >= BYTES_PER_PIXEL {
            let columns = usize::from(TILE_SIDE_PX - x % TILE_SIDE_PX);
            let (segment, rest) = source.split_at(source.len().min(columns * BYTES_PER_PIXEL));
            self.store_segment(x, y, segment);
            source = rest;
            x = x.saturating_add(columns as u16);
        }
    }

    /// Stores `rect` from rows of `4 * rect.width` bytes without gaps.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Outside`]; nothing is then stored.
    pub fn store(&mut self, rect: Rect, source: &[u8]) -> Result<(), PixelsError> {
        self.check(rect)?;
        let stride = (usize::from(rect.width) * BYTES_PER_PIXEL).max(1);
        self.give_way(rect, source.len() / stride >= usize::from(rect.height));
        for (y, row) in (rect.y..).zip(source.chunks_exact(stride).take(rect.height.into())) {
            self.store_bare(rect.x, y, row);
        }
        Ok(())
    }

    /// Paints `rect` in one colour.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Outside`]; nothing is then painted.
    pub fn fill(&mut self, rect: Rect, [red, green, blue, _]: Pixel) -> Result<(), PixelsError> {
        self.check(rect)?;
        self.give_way(rect, true);
        let mut segment = [u8::MAX; SEGMENT_BYTES];
        for pixel in segment.as_chunks_mut().0 {
            *pixel = [red, green, blue, u8::MAX];
        }
        for y in rect.y..rect.y.saturating_add(rect.height) {
            let mut x = u32::from(rect.x);
            while x < rect.right() {
                let columns =
                    (u32::from(TILE_SIDE_PX) - x % u32::from(TILE_SIDE_PX)).min(rect.right() - x);
                self.store_segment(x as u16, y, &segment[..columns as usize * BYTES_PER_PIXEL]);
                x += columns;
            }
        }
        Ok(())
    }

    /// Moves pixels: `target` comes to show what stands at `source`. They may overlap.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Outside`]; nothing is then moved.
    pub fn copy(&mut self, source: Point, target: Rect) -> Result<(), PixelsError> {
        let copy = Copy { source, target };
        self.check(copy.source_rect())?;
        self.check(target)?;
        if target.is_empty() || source == target.origin() {
            return Ok(());
        }
        self.settle_within(copy.source_rect());
        self.give_way(target, true);
        if let Some(undo) = &mut self.undo {
            undo.save_within(&self.pixels, target);
        }
        let len = usize::from(target.width) * BYTES_PER_PIXEL;
        let mut copy_row = |y: u16| {
            let from = self.offset(source.x.into(), u32::from(source.y) + u32::from(y));
            let to = self.offset(target.x.into(), u32::from(target.y) + u32::from(y));
            self.pixels.copy_within(from..from + len, to);
        };
        // Downwards moves start at the bottom, so that no row is overwritten before it is read.
        if source.y < target.y {
            (0..target.height).rev().for_each(&mut copy_row);
        } else {
            (0..target.height).for_each(&mut copy_row);
        }
        let is_covered =
            self.veil.as_mut().is_some_and(|veil| veil.carry(copy.source_rect(), target));
        if is_covered {
            self.changes.forget_damage(target);
        } else {
            self.changes.add_copy(copy);
        }
        Ok(())
    }

    /// Stores part of a row that lies in one tile and in the surface.
    fn store_segment(&mut self, x: u16, y: u16, source: &[u8]) {
        let mut canonical = [u8::MAX; SEGMENT_BYTES];
        let canonical = &mut canonical[..source.len()];
        for (to, from) in canonical.as_chunks_mut::<4>().0.iter_mut().zip(source.as_chunks::<4>().0)
        {
            *to = [from[0], from[1], from[2], u8::MAX];
        }
        // At most 64.
        let columns = (source.len() / BYTES_PER_PIXEL) as u16;
        let opened = self.veil.as_mut().and_then(|veil| veil.open(x, y, columns));
        if let Some((first, end)) = opened {
            self.changes.add_damage_in_tile(x + first, y, end - first);
        }
        let start = self.offset(x.into(), y.into());
        let held = &self.pixels[start..start + source.len()];
        if held == canonical {
            return;
        }
        let first = differing(held.as_chunks().0.iter(), canonical.as_chunks().0.iter());
        let last = differing(held.as_chunks().0.iter().rev(), canonical.as_chunks().0.iter().rev());
        if let Some(undo) = &mut self.undo {
            undo.save_at(&self.pixels, x, y);
        }
        self.pixels[start..start + source.len()].copy_from_slice(canonical);
        // At most 64, so neither addition nor cast can overflow.
        let (first, last) = (first as u16, columns - last as u16);
        self.changes.add_damage_in_tile(x + first, y, last - first);
    }

    fn offset(&self, x: u32, y: u32) -> usize {
        (y as usize * usize::from(self.size.width) + x as usize) * BYTES_PER_PIXEL
    }
}

/// How many pixels are alike before the first that differs.
fn differing<'a>(
    held: impl Iterator<Item = &'a Pixel>,
    arrived: impl Iterator<Item = &'a Pixel>,
) -> usize {
    held.zip(arrived).take_while(|(held, arrived)| held == arrived).count()
}

#[cfg(test)]
#[path = "surface_tests.rs"]
mod tests;
