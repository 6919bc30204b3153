//! Tight (the community specification's "Tight encoding") and TightPNG.
//!
//! A control byte says which of four zlib streams start anew and how the rectangle is sent:
//!
//! | high bits | sent as                                                             |
//! |-----------|---------------------------------------------------------------------|
//! | `0fss`    | zlib stream `ss`; a filter byte follows when `f` is set             |
//! | `1000`    | one colour                                                          |
//! | `1001`    | a JPEG file                                                         |
//! | `1010`    | a PNG file, in TightPNG only, which in turn has no zlib streams     |
//!
//! Lengths have one to three bytes of seven bits, low ones first. Fewer than twelve bytes of
//! pixels are not compressed, and have no length.

mod filter;
mod header;

use bytes::Bytes;
use filter::Filter;
use header::Body;
use porthole_pixels::{BYTES_PER_PIXEL, Rect};
use porthole_wire::Reader;

use super::inflate::Deflated;
use super::rows::DeflatedRows;
use super::tiles::store_tile;
use super::{Decode, Paint, Scratch, Step, jpeg};
use crate::RfbError;

const NAME: &str = "Tight";

/// Stores rows as they inflate; an image file once it has all arrived, decoded or not.
#[derive(Debug)]
pub(crate) struct Tight {
    rect: Rect,
    is_png: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Header,
    /// Pixels too few to compress: this many bytes.
    Short(Filter, usize),
    Deflated(Filter, usize, DeflatedRows),
    Jpeg(usize),
    Png(usize),
}

impl Tight {
    pub(super) const fn new(rect: Rect, is_png: bool) -> Self {
        Self { rect, is_png, stage: Stage::Header }
    }

    /// Whether it may hold PNG files, and no zlib streams.
    pub(super) const fn is_png(&self) -> bool {
        self.is_png
    }

    /// Reads what comes before the pixels. `Done`: there are none.
    fn read_header(
        &mut self,
        input: &mut Reader<'_>,
        paint: &mut Paint<'_>,
    ) -> Result<Option<Step>, RfbError> {
        let palette = &mut paint.scratch.palette;
        let Some(header) = header::read(input, self.rect, self.is_png, palette)? else {
            return Ok(Some(Step::Wait));
        };
        for (stream, inflater) in paint.scratch.tight.iter_mut().enumerate() {
            if header.resets & 1 << stream != 0 {
                inflater.reset();
            }
        }
        self.stage = match header.body {
            Body::Fill(colour) => {
                paint.surface.fill(self.rect, colour)?;
                return Ok(Some(Step::Done));
            }
            Body::Jpeg(len) => Stage::Jpeg(len),
            Body::Png(len) => Stage::Png(len),
            Body::Short(filter, len) => Stage::Short(filter, len),
            Body::Deflated { filter, stream, len } => {
                let row_len = filter.row_len(self.rect.width);
                let rows = DeflatedRows::new(Deflated::new(len, NAME), row_len, self.rect);
                Stage::Deflated(filter, stream, rows)
            }
        };
        filter::start(&mut paint.scratch.above, self.rect.width);
        Ok(None)
    }

    /// Stores the image that was decoded into the scratch memory.
    fn store_image(&self, paint: &mut Paint<'_>) {
        store_tile(paint.surface, self.rect, &paint.scratch.pixels);
    }
}

impl Decode for Tight {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        if matches!(self.stage, Stage::Header)
            && let Some(step) = self.read_header(input, paint)?
        {
            return Ok(step);
        }
        let size = self.rect.size();
        match &mut self.stage {
            Stage::Header => return Ok(Step::Wait),
            Stage::Short(filter, len) => {
                let Some(body) = input.take(*len) else { return Ok(Step::Wait) };
                let row_len = filter.row_len(self.rect.width).max(1);
                for (y, row) in (self.rect.y..).zip(body.chunks_exact(row_len)) {
                    let Scratch { palette, above, pixels, .. } = &mut *paint.scratch;
                    filter.expand(row, self.rect.width, palette, above, pixels)?;
                    paint.surface.store_row(self.rect.x, y, pixels);
                }
            }
            Stage::Deflated(filter, stream, rows) => {
                let Scratch { tight, inflated, palette, above, pixels, .. } = &mut *paint.scratch;
                let Some(inflater) = tight.get_mut(*stream) else { return Ok(Step::Done) };
                return rows.decode(input, inflater, inflated, |place, row| {
                    filter.expand(row, place.width, palette, above, pixels)?;
                    paint.surface.store_row(place.x, place.y, pixels);
                    Ok(())
                });
            }
            Stage::Jpeg(len) => {
                let Some(file) = input.take(*len) else { return Ok(Step::Wait) };
                if jpeg::may_cover(file, size) {
                    let file = Bytes::copy_from_slice(file);
                    paint.surface.cover(self.rect, file, jpeg::decode_cover)?;
                    return Ok(Step::Done);
                }
                let Scratch { jpeg, pixels, .. } = &mut *paint.scratch;
                jpeg.decode(file, size, pixels)?;
                self.store_image(paint);
            }
            Stage::Png(len) => {
                let Some(file) = input.take(*len) else { return Ok(Step::Wait) };
                super::png::decode(file, size, &mut paint.scratch.pixels)?;
                self.store_image(paint);
            }
        }
        Ok(Step::Done)
    }
}

/// Bytes of pixels for an image of `area` pixels.
pub(super) const fn rgba_len(area: u32) -> usize {
    area as usize * BYTES_PER_PIXEL
}

#[cfg(test)]
#[path = "tight/tight_tests.rs"]
mod tests;
