//! `RemoteFX` progressive (`[MS-RDPEGFX]` 2.2.4.2, 3.3.8.2): tiles that come coarse and are refined.
//!
//! What is remembered of a tile belongs to its surface and not to the encoding context that the
//! server names: servers go on with a tile under another context.

use std::collections::{BTreeMap, BTreeSet};

use ironrdp_graphics::dwt_extrapolate;
use ironrdp_graphics::progressive::TileState;
use ironrdp_pdu::codecs::rfx::progressive::{
    ComponentCodecQuant, ProgressiveBlock, ProgressiveCodecQuant, ProgressiveRegion,
    ProgressiveTile, decode_progressive_stream,
};
use porthole_pixels::{Rect, Size};

use super::tiles::{SAMPLES, TILE_SIDE, TilePainter, store_part, tile_rect};
use crate::graphics_pipeline::budget::Budget;
use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;
use crate::graphics_pipeline::limits::TILE_COST_PIXELS;

/// `RDPGFX_CODECID_CAPROGRESSIVE`.
pub(crate) const PROGRESSIVE: u16 = 0x09;

/// In place of an index into a table of qualities: all there is.
const FULL_QUALITY: u8 = 0xff;

/// A tile is added to what was there before.
const DIFFERENCE: u8 = 1;

#[derive(Default)]
pub(super) struct Progressive {
    surfaces: BTreeMap<u16, Grid>,
    painter: Option<TilePainter>,
}

/// The tiles of one surface: 37 KB for each that was ever drawn.
struct Grid {
    columns: u16,
    /// Row by row.
    tiles: Vec<Option<Box<TileState>>>,
    /// Which wavelet is used; the server says it once.
    extrapolates: Option<bool>,
    /// Columns and rows of tiles that this frame has drawn. Later regions may show more of them.
    in_frame: BTreeSet<(u16, u16)>,
}

impl Progressive {
    pub(super) fn draw(
        &mut self,
        id: u16,
        data: &[u8],
        canvas: &mut Canvas<'_>,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        let blocks = decode_progressive_stream(data).map_err(fault)?;
        let grid = self.surfaces.entry(id).or_insert_with(|| Grid::new(canvas.size()));
        let mut is_in_frame = false;
        for block in &blocks {
            match block {
                ProgressiveBlock::Context(context) => {
                    grid.extrapolates = Some(context.uses_reduce_extrapolate());
                }
                ProgressiveBlock::FrameBegin(_) => is_in_frame = true,
                // What follows is not to be decoded.
                ProgressiveBlock::FrameEnd(_) => break,
                ProgressiveBlock::Region(region) if is_in_frame => {
                    let painter = self.painter.get_or_insert_with(TilePainter::new);
                    grid.draw(region, painter, canvas, budget)?;
                }
                ProgressiveBlock::Region(_) | ProgressiveBlock::Sync(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn end_frame(&mut self) {
        for grid in self.surfaces.values_mut() {
            grid.in_frame.clear();
        }
    }

    pub(super) fn forget_surface(&mut self, id: u16) {
        self.surfaces.remove(&id);
    }
}

impl Grid {
    fn new(size: Size) -> Self {
        let (columns, rows) = (size.width.div_ceil(TILE_SIDE), size.height.div_ceil(TILE_SIDE));
        let count = usize::from(columns) * usize::from(rows);
        let tiles = std::iter::repeat_with(|| None).take(count).collect();
        Self { columns, tiles, extrapolates: None, in_frame: BTreeSet::new() }
    }

    fn draw(
        &mut self,
        region: &ProgressiveRegion<'_>,
        painter: &mut TilePainter,
        canvas: &mut Canvas<'_>,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        for tile in &region.tiles {
            budget.spend(TILE_COST_PIXELS)?;
            self.decode(tile, region)?;
        }
        let shown = canvas.size().rect();
        let rects = region.rects.iter().filter_map(|rect| {
            Rect::new(rect.x, rect.y, rect.width, rect.height).intersection(shown)
        });
        let rects: Vec<Rect> = rects.collect();
        for &(column, row) in &self.in_frame {
            budget.spend(rects.len() as u64)?;
            let Some(whole) = tile_rect((0, 0), (column, row), canvas) else { continue };
            if !rects.iter().any(|rect| rect.intersection(whole).is_some()) {
                continue;
            }
            budget.spend(TILE_COST_PIXELS)?;
            let Some(tile) = self.tiles.get(self.index(column, row)).and_then(Option::as_deref)
            else {
                continue;
            };
            scale(tile, painter.planes());
            let pixels = painter.paint(tile.use_reduce_extrapolate);
            for part in rects.iter().filter_map(|rect| rect.intersection(whole)) {
                budget.spend(part.area())?;
                store_part(whole, part, pixels, canvas);
            }
        }
        Ok(())
    }

    fn decode(
        &mut self,
        tile: &ProgressiveTile<'_>,
        region: &ProgressiveRegion<'_>,
    ) -> Result<(), GraphicsError> {
        let (column, row) = (tile.x_idx(), tile.y_idx());
        let extrapolates = self.extrapolates.ok_or_else(|| fault("no context"))?;
        let index = self.index(column, row);
        if column >= self.columns {
            return Err(fault("a tile outside of its surface"));
        }
        let Some(place) = self.tiles.get_mut(index) else {
            return Err(fault("a tile outside of its surface"));
        };
        let first = match tile {
            ProgressiveTile::Simple(tile) => First {
                data: [tile.y_data, tile.cb_data, tile.cr_data],
                quants: [tile.quant_idx_y, tile.quant_idx_cb, tile.quant_idx_cr],
                quality: FULL_QUALITY,
                is_difference: tile.flags & DIFFERENCE != 0,
            },
            ProgressiveTile::First(tile) => First {
                data: [tile.y_data, tile.cb_data, tile.cr_data],
                quants: [tile.quant_idx_y, tile.quant_idx_cb, tile.quant_idx_cr],
                quality: tile.quality,
                is_difference: tile.flags & DIFFERENCE != 0,
            },
            ProgressiveTile::Upgrade(tile) => {
                // Nothing to refine: the first pass was not for us.
                let Some(state) = place else { return Ok(()) };
                let quants = quality_quants(tile.quality, &region.quant_prog_vals)?;
                let srl = [tile.y_srl_data, tile.cb_srl_data, tile.cr_srl_data];
                let raw = [tile.y_raw_data, tile.cb_raw_data, tile.cr_raw_data];
                state.decode_upgrade(srl, raw, quants, tile.quality).map_err(fault)?;
                self.in_frame.insert((column, row));
                return Ok(());
            }
        };
        first.decode(place, region, extrapolates)?;
        self.in_frame.insert((column, row));
        Ok(())
    }

    fn index(&self, column: u16, row: u16) -> usize {
        usize::from(row) * usize::from(self.columns) + usize::from(column)
    }
}

/// The first pass of a tile.
struct First<'a> {
    data: [&'a [u8]; 3],
    quants: [u8; 3],
    quality: u8,
    is_difference: bool,
}

impl First<'_> {
    fn decode(
        &self,
        place: &mut Option<Box<TileState>>,
        region: &ProgressiveRegion<'_>,
        extrapolates: bool,
    ) -> Result<(), GraphicsError> {
        let quant = |index: u8| {
            let quant = region.quant_vals.get(usize::from(index));
            quant.ok_or_else(|| fault("a quantisation that is not in the table"))
        };
        let [y, cb, cr] = self.quants;
        let base = [quant(y)?, quant(cb)?, quant(cr)?];
        let quality = quality_quants(self.quality, &region.quant_prog_vals)?;
        let before = match place {
            Some(state) if self.is_difference => Some(state.coefficients),
            None if self.is_difference => return Err(fault("a difference to no tile")),
            _ => None,
        };
        let state = place.get_or_insert_with(Box::default);
        state
            .decode_first(self.data, base, quality, self.quants, self.quality, extrapolates)
            .map_err(fault)?;
        if let Some(before) = before {
            let before = before.as_flattened();
            for (sum, before) in state.coefficients.as_flattened_mut().iter_mut().zip(before) {
                *sum = sum.saturating_add(*before);
            }
            state.is_difference = true;
        }
        Ok(())
    }
}

/// The bands of a tile: where each ends, finest first (`[MS-RDPRFX]` 3.1.8.1.4, and
/// `[MS-RDPEGFX]` 3.3.8.2.1 for wavelets that extrapolate).
fn band_ends(extrapolates: bool) -> [usize; 10] {
    if extrapolates {
        dwt_extrapolate::band_layout().map(|band| band.offset + band.width * band.height)
    } else {
        [1_024, 2_048, 3_072, 3_328, 3_584, 3_840, 3_904, 3_968, 4_032, SAMPLES]
    }
}

/// Takes back the quantisation of `tile`: bands are told in units of `2^(q - 1)` of what a sample
/// counts.
fn scale(tile: &TileState, planes: &mut [Vec<i16>; 3]) {
    let ends = band_ends(tile.use_reduce_extrapolate);
    for ((plane, told), quant) in planes.iter_mut().zip(&tile.coefficients).zip(&tile.base_quant) {
        let mut start = 0;
        for (band, end) in ends.into_iter().enumerate() {
            let shift = u32::from(quant.for_band(band)).saturating_sub(1);
            let told = told.get(start..end).unwrap_or_default();
            let samples = plane.get_mut(start..end).unwrap_or_default();
            for (sample, told) in samples.iter_mut().zip(told) {
                // Shifted by 14 at most, and then cut to what it was.
                let scaled = i32::from(*told) << shift;
                *sample = scaled.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            }
            start = end;
        }
    }
}

/// How far the bits of each component have come at this quality.
fn quality_quants(
    quality: u8,
    table: &[ProgressiveCodecQuant],
) -> Result<[ComponentCodecQuant; 3], GraphicsError> {
    if quality == FULL_QUALITY {
        return Ok([ComponentCodecQuant::LOSSLESS; 3]);
    }
    let quant = table.get(usize::from(quality));
    let quant = quant.ok_or_else(|| fault("a quality that is not in the table"))?;
    Ok([quant.y_quant, quant.cb_quant, quant.cr_quant])
}

fn fault(detail: impl std::fmt::Display) -> GraphicsError {
    GraphicsError::codec("progressive", detail)
}
