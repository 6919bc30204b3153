//! TRLE (RFC 6143 §7.7.5): tiles of 16 x 16 pixels with palettes and runs; and the tiles
//! themselves, which ZRLE has too.

use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Rect};
use porthole_wire::Reader;

use super::tiles::{Tiles, fill_tile, store_tile};
use super::{Decode, Paint, Scratch, Step, opaque, read_compact_pixel, widen};
use crate::RfbError;

const SIDE_PX: u16 = 16;

/// Bytes of a `CPIXEL`.
const COMPACT_BYTES: usize = 3;

/// Most colours that fit in packed indices.
const PACKED_COLOURS_MAX: usize = 16;

/// Stores tile by tile.
#[derive(Debug)]
pub(crate) struct Trle {
    tiles: Tiles,
    is_started: bool,
}

impl Trle {
    pub(super) const fn new(rect: Rect) -> Self {
        Self { tiles: Tiles::new(rect, SIDE_PX), is_started: false }
    }
}

impl Decode for Trle {
    fn decode(&mut self, input: &mut Reader<'_>, paint: &mut Paint<'_>) -> Result<Step, RfbError> {
        if !self.is_started {
            // A palette is kept from tile to tile, never from rectangle to rectangle.
            paint.scratch.palette.clear();
            self.is_started = true;
        }
        while let Some(tile) = self.tiles.current() {
            if read_tile(input, tile, Reuse::Allowed, paint)?.is_none() {
                return Ok(Step::Wait);
            }
            self.tiles.advance();
        }
        Ok(Step::Done)
    }
}

/// Whether a tile may use the palette of the tile before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// As in TRLE.
    Allowed,
    /// As in ZRLE.
    Forbidden,
}

/// Reads and stores one tile. `None`: it has not all arrived, and nothing is taken.
///
/// A tile of `n` pixels has at most `1 + 3 * 127 + 4 * n` bytes.
///
/// # Errors
///
/// The tile breaks its encoding.
pub(super) fn read_tile(
    input: &mut Reader<'_>,
    tile: Rect,
    reuse: Reuse,
    paint: &mut Paint<'_>,
) -> Result<Option<()>, RfbError> {
    let mut ahead = input.clone();
    let Some(kind) = ahead.u8() else { return Ok(None) };
    let Scratch { pixels, palette, .. } = &mut *paint.scratch;
    let reusing = reuse == Reuse::Allowed;
    // A palette that has not all arrived is read again with its tile, so it may be overwritten.
    let read = match kind {
        0 => read_raw(&mut ahead, tile, pixels),
        1 => read_compact_pixel(&mut ahead).map(|colour| fill_tile(pixels, tile, colour)),
        2..=16 => match read_palette(&mut ahead, kind, palette) {
            Some(()) => read_packed(&mut ahead, tile, palette, pixels)?,
            None => None,
        },
        127 if reusing => read_packed(&mut ahead, tile, palette, pixels)?,
        128 => read_runs(&mut ahead, tile, pixels)?,
        129 if reusing => read_palette_runs(&mut ahead, tile, palette, pixels)?,
        130.. => match read_palette(&mut ahead, kind - 128, palette) {
            Some(()) => read_palette_runs(&mut ahead, tile, palette, pixels)?,
            None => None,
        },
        _ => return Err(RfbError::BadField { field: "subencoding", value: kind.into() }),
    };
    if read.is_some() {
        store_tile(paint.surface, tile, pixels);
        *input = ahead;
    }
    Ok(read)
}

fn read_raw(input: &mut Reader<'_>, tile: Rect, pixels: &mut Vec<u8>) -> Option<()> {
    let body = input.take(tile.area() as usize * COMPACT_BYTES)?;
    widen(body, pixels);
    Some(())
}

fn read_palette(input: &mut Reader<'_>, len: u8, palette: &mut Vec<Pixel>) -> Option<()> {
    let body = input.take(usize::from(len) * COMPACT_BYTES)?;
    palette.clear();
    palette.extend(body.as_chunks().0.iter().copied().map(opaque));
    Some(())
}

/// Indices of one, two or four bits, high bits leftmost, each row from a new byte.
fn read_packed(
    input: &mut Reader<'_>,
    tile: Rect,
    palette: &[Pixel],
    pixels: &mut Vec<u8>,
) -> Result<Option<()>, RfbError> {
    let bits = match palette.len() {
        2 => 1,
        3..=4 => 2,
        5..=PACKED_COLOURS_MAX => 4,
        len => return Err(RfbError::BadField { field: "palette size", value: len as u64 }),
    };
    let columns = usize::from(tile.width);
    let row_len = (columns * bits).div_ceil(8);
    let Some(body) = input.take(row_len * usize::from(tile.height)) else { return Ok(None) };
    pixels.resize(tile.area() as usize * BYTES_PER_PIXEL, 0);
    let rows = pixels.as_chunks_mut().0.chunks_exact_mut(columns.max(1));
    for (packed, row) in body.chunks_exact(row_len.max(1)).zip(rows) {
        let indices =
            packed.iter().flat_map(|byte| (0..8 / bits).map(move |place| byte << (place * bits)));
        for (index, pixel) in indices.zip(row) {
            *pixel = colour_at(palette, index >> (8 - bits))?;
        }
    }
    Ok(Some(()))
}

/// Runs of a colour each.
fn read_runs(
    input: &mut Reader<'_>,
    tile: Rect,
    pixels: &mut Vec<u8>,
) -> Result<Option<()>, RfbError> {
    let mut left = tile.area() as usize;
    pixels.clear();
    while left > 0 {
        let Some(colour) = read_compact_pixel(input) else { return Ok(None) };
        let Some(run) = read_run_len(input, left)? else { return Ok(None) };
        push_run(pixels, colour, run);
        left -= run;
    }
    Ok(Some(()))
}

/// Runs of an index each; one without its top bit set is a single pixel.
fn read_palette_runs(
    input: &mut Reader<'_>,
    tile: Rect,
    palette: &[Pixel],
    pixels: &mut Vec<u8>,
) -> Result<Option<()>, RfbError> {
    let mut left = tile.area() as usize;
    pixels.clear();
    while left > 0 {
        let Some(index) = input.u8() else { return Ok(None) };
        let colour = colour_at(palette, index & 0x7f)?;
        let run = if index < 0x80 { Some(1) } else { read_run_len(input, left)? };
        let Some(run) = run else { return Ok(None) };
        push_run(pixels, colour, run);
        left -= run;
    }
    Ok(Some(()))
}

/// One more than the sum of all bytes up to the first that is not 255.
fn read_run_len(input: &mut Reader<'_>, left: usize) -> Result<Option<usize>, RfbError> {
    let mut run = 1;
    loop {
        let Some(byte) = input.u8() else { return Ok(None) };
        run += usize::from(byte);
        RfbError::check_limit("run length", run, left)?;
        if byte < u8::MAX {
            return Ok(Some(run));
        }
    }
}

fn push_run(pixels: &mut Vec<u8>, colour: Pixel, run: usize) {
    let start = pixels.len();
    pixels.resize(start + run * BYTES_PER_PIXEL, 0);
    if let Some(room) = pixels.get_mut(start..) {
        room.as_chunks_mut().0.fill(colour);
    }
}

fn colour_at(palette: &[Pixel], index: u8) -> Result<Pixel, RfbError> {
    palette
        .get(usize::from(index))
        .copied()
        .ok_or(RfbError::BadField { field: "palette index", value: index.into() })
}
