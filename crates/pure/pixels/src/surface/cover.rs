//! Pictures that arrive as files: they cover their rectangle, and are decoded when somebody has
//! to see its pixels.

use bytes::Bytes;

use super::Surface;
use crate::{BYTES_PER_PIXEL, PixelsError, Rect, Size};

/// Most covers held. A film that fills a 4K screen comes as 127 of a server's files.
pub const COVERS_MAX: usize = 160;

/// Most bytes of the files of all covers held.
pub const COVER_BYTES_MAX: usize = 4 << 20;

/// Decodes a cover's file into `pixels`: `4 * width * height` bytes, R, G, B and anything. The
/// answer to a file that cannot be decoded is why, fit to print.
pub type CoverDecode = fn(file: &[u8], size: Size, pixels: &mut Vec<u8>) -> Result<(), String>;

/// A file that shows exactly what stands in a rectangle.
#[derive(Debug, Clone)]
pub struct Cover {
    rect: Rect,
    file: Bytes,
    decode: CoverDecode,
    /// It has been decoded: the surface's own pixels show the same.
    is_settled: bool,
    /// It came before the current changes.
    is_old: bool,
}

impl Cover {
    /// What it shows.
    pub const fn rect(&self) -> Rect {
        self.rect
    }

    /// The file, as the driver handed it over.
    pub const fn file(&self) -> &Bytes {
        &self.file
    }

    /// Whether the surface's own pixels show the same.
    pub const fn is_settled(&self) -> bool {
        self.is_settled
    }

    fn touches(&self, rect: Rect) -> bool {
        self.rect.intersection(rect).is_some()
    }
}

/// All covers of a surface, and what became of bad ones.
///
/// INVARIANT: no two share a pixel; there are at most [`COVERS_MAX`], of at most
/// [`COVER_BYTES_MAX`].
#[derive(Debug, Clone, Default)]
pub(super) struct Covers {
    /// From the oldest to the newest.
    held: Vec<Cover>,
    /// How many of them are not settled.
    unsettled_count: usize,
    fault: Option<String>,
}

impl Covers {
    /// Somebody has taken note of the changes.
    pub(super) fn grow_old(&mut self) {
        self.held.iter_mut().for_each(|cover| cover.is_old = true);
    }

    /// Whether all pixels are the surface's own.
    pub(super) const fn is_settled(&self) -> bool {
        self.unsettled_count == 0
    }

    /// Whether the pixels of `rect` are the surface's own.
    pub(super) fn is_settled_within(&self, rect: Rect) -> bool {
        self.is_settled() || !self.held.iter().any(|cover| !cover.is_settled && cover.touches(rect))
    }

    fn remove(&mut self, at: usize) -> Cover {
        let cover = self.held.remove(at);
        self.unsettled_count -= usize::from(!cover.is_settled);
        cover
    }

    fn is_over_limit(&self) -> bool {
        self.held.len() > COVERS_MAX
            || self.held.iter().map(|cover| cover.file.len()).sum::<usize>() > COVER_BYTES_MAX
    }
}

/// # Covers
///
/// A driver may hand over a picture as the file that it came in ([`Surface::cover`]). Its rectangle
/// is damage at once, and the file may be passed on as it is ([`Surface::covers`]). Before anybody
/// reads pixels of a rectangle, or of the whole, they are to be settled there
/// ([`Surface::settle_within`], [`Surface::settle`]); reading covered pixels is a mistake that
/// debug builds stop at.
///
/// A file that does not decode leaves the pixels as they were, as damage, and is the driver's
/// to report ([`Surface::take_cover_fault`]).
impl Surface {
    /// Shows what `file` holds in `rect`. It is not decoded, if ever, before somebody has to see
    /// pixels of `rect`, or more than [`COVERS_MAX`] files or [`COVER_BYTES_MAX`] would be held.
    ///
    /// The caller has looked at the file's header: it is of the size of `rect`.
    ///
    /// # Errors
    ///
    /// [`PixelsError::Outside`]; nothing is then shown.
    pub fn cover(
        &mut self,
        rect: Rect,
        file: Bytes,
        decode: CoverDecode,
    ) -> Result<(), PixelsError> {
        self.check(rect)?;
        if rect.is_empty() {
            return Ok(());
        }
        if let Some(veil) = &mut self.veil {
            veil.uncover(rect);
        }
        // Sent again as it was: nothing changes.
        if self.covers.held.iter().any(|cover| cover.rect == rect && cover.file == file) {
            return Ok(());
        }
        self.give_way(rect, true);
        self.changes.add_damage(rect);
        self.covers.held.push(Cover { rect, file, decode, is_settled: false, is_old: false });
        self.covers.unsettled_count += 1;
        while self.covers.is_over_limit() {
            let oldest = self.covers.held.iter().position(|cover| cover.is_settled).unwrap_or(0);
            if self.settle_at(oldest) {
                self.covers.remove(oldest);
            }
        }
        Ok(())
    }

    /// The files that show exactly what stands in their rectangles, decoded or not, from the
    /// oldest to the newest. No two of them share a pixel.
    pub fn covers(&self) -> impl Iterator<Item = &Cover> {
        self.covers.held.iter()
    }

    /// Whether all pixels may be read.
    pub const fn is_settled(&self) -> bool {
        self.covers.is_settled()
    }

    /// Whether all pixels of `rect` may be read.
    pub fn is_settled_within(&self, rect: Rect) -> bool {
        self.covers.is_settled_within(rect)
    }

    /// Makes all pixels readable.
    pub fn settle(&mut self) {
        self.settle_within(self.size.rect());
    }

    /// Makes the pixels of `rect` readable. What is already costs next to nothing.
    pub fn settle_within(&mut self, rect: Rect) {
        let mut at = 0;
        while !self.covers.is_settled()
            && let Some(cover) = self.covers.held.get(at)
        {
            let is_due = !cover.is_settled && cover.touches(rect);
            // A file that does not decode is not held any more.
            at += usize::from(!is_due || self.settle_at(at));
        }
    }

    /// Makes the pixels of `rect` readable, and forgets the files that show any of it.
    pub fn uncover(&mut self, rect: Rect) {
        self.give_way(rect, false);
    }

    /// Forgets the files of covers that are decoded.
    pub fn release_covers(&mut self) {
        self.covers.held.retain(|cover| !cover.is_settled);
    }

    /// Why a file did not decode, once for the first of them.
    pub fn take_cover_fault(&mut self) -> Option<String> {
        self.covers.fault.take()
    }

    /// Pixels of `rect` are about to change; all of them, if `all`.
    pub(super) fn give_way(&mut self, rect: Rect, all: bool) {
        let mut at = 0;
        while let Some(cover) = self.covers.held.get(at) {
            if !cover.touches(rect) {
                at += 1;
                continue;
            }
            let is_gone = all && rect.contains(cover.rect);
            if cover.is_settled || is_gone || self.settle_at(at) {
                let cover = self.covers.remove(at);
                if !cover.is_settled {
                    self.lose(&cover);
                }
            }
        }
    }

    /// A cover is painted over that nobody has looked under.
    fn lose(&mut self, cover: &Cover) {
        // The pixels below are older still, so comparing with them would say nothing.
        self.changes.add_damage(cover.rect);
        if cover.is_old
            && let Some(undo) = &mut self.undo
            && !undo.lose(cover.rect)
        {
            self.undo = None;
        }
    }

    /// Decodes the cover at `at`, if it is not yet. False when it is not there any more, because
    /// its file did not decode.
    fn settle_at(&mut self, at: usize) -> bool {
        let Some(cover) = self.covers.held.get_mut(at).filter(|cover| !cover.is_settled) else {
            return true;
        };
        let rect = cover.rect;
        let mut rgba = Vec::new();
        let decoded = (cover.decode)(&cover.file, rect.size(), &mut rgba);
        let wanted = rect.area() as usize * BYTES_PER_PIXEL;
        let decoded = decoded.and_then(|()| {
            let bad = || format!("{} bytes of pixels in place of {wanted}", rgba.len());
            if rgba.len() == wanted { Ok(()) } else { Err(bad()) }
        });
        if let Err(reason) = decoded {
            let cover = self.covers.remove(at);
            self.covers.fault.get_or_insert(reason);
            self.lose(&cover);
            return false;
        }
        cover.is_settled = true;
        self.covers.unsettled_count -= 1;
        for pixel in rgba.as_chunks_mut::<BYTES_PER_PIXEL>().0 {
            pixel[3] = u8::MAX;
        }
        // What came after the last look was something else before it; what came earlier was
        // this already.
        let is_old = self.covers.held[at].is_old;
        if let Some(undo) = &mut self.undo {
            if is_old {
                undo.amend(rect, &rgba);
            } else {
                undo.save_within(&self.pixels, rect);
            }
        }
        let row_len = usize::from(rect.width) * BYTES_PER_PIXEL;
        for (y, row) in (u32::from(rect.y)..).zip(rgba.chunks_exact(row_len)) {
            let start = self.offset(rect.x.into(), y);
            self.pixels[start..start + row_len].copy_from_slice(row);
        }
        true
    }
}

#[cfg(test)]
#[path = "cover_tests.rs"]
mod tests;
