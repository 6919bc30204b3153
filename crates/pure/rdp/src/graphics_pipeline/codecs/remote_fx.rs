//! `RemoteFX` (`[MS-RDPRFX]`), which old servers use on the pipeline, too.

use ironrdp_graphics::rfx::{Frame, MessageDecoder};
use ironrdp_graphics::{quantization, rlgr, subband_reconstruction};
use ironrdp_pdu::codecs::rfx::{RfxRectangle, Tile, TileSetPdu};
use porthole_pixels::Rect;

use super::tiles::{SAMPLES, TilePainter, store_part, tile_rect};
use crate::graphics_pipeline::budget::Budget;
use crate::graphics_pipeline::canvas::Canvas;
use crate::graphics_pipeline::error::GraphicsError;
use crate::graphics_pipeline::limits::TILE_COST_PIXELS;

/// Where the last band begins: the picture at an eighth of its size, each sample told as its
/// difference to the one before.
const COARSEST: usize = SAMPLES - 64;

#[derive(Default)]
pub(super) struct RemoteFx {
    messages: MessageDecoder,
    painter: Option<TilePainter>,
}

impl RemoteFx {
    pub(super) fn draw(
        &mut self,
        data: &[u8],
        rect: Rect,
        canvas: &mut Canvas<'_>,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        let message = self.messages.parse(data);
        let message = message.map_err(|error| GraphicsError::codec("RemoteFX", error))?;
        let painter = self.painter.get_or_insert_with(TilePainter::new);
        for frame in &message.frames {
            draw_frame(painter, frame, rect, canvas, budget)?;
        }
        Ok(())
    }
}

fn draw_frame(
    painter: &mut TilePainter,
    frame: &Frame<'_>,
    rect: Rect,
    canvas: &mut Canvas<'_>,
    budget: &mut Budget,
) -> Result<(), GraphicsError> {
    let region = region_of(frame, rect);
    let set = &frame.tile_set;
    for tile in &set.tiles {
        // What a tile costs, and what looking for it in the region does.
        budget.spend(TILE_COST_PIXELS + region.len() as u64)?;
        let Some(whole) = tile_rect((rect.x, rect.y), (tile.x, tile.y), canvas) else { continue };
        if !region.iter().any(|part| part.intersection(whole).is_some()) {
            continue;
        }
        decode(painter.planes(), tile, set)?;
        let pixels = painter.paint(false);
        for part in region.iter().filter_map(|part| part.intersection(whole)) {
            budget.spend(part.area())?;
            store_part(whole, part, pixels, canvas);
        }
    }
    Ok(())
}

/// `[MS-RDPRFX]` 3.1.8.2, but for the last steps.
fn decode(
    planes: &mut [Vec<i16>; 3],
    tile: &Tile<'_>,
    set: &TileSetPdu<'_>,
) -> Result<(), GraphicsError> {
    let quants = [tile.y_quant_index, tile.cb_quant_index, tile.cr_quant_index];
    let data = [tile.y_data, tile.cb_data, tile.cr_data];
    for ((plane, index), data) in planes.iter_mut().zip(quants).zip(data) {
        let quant = set.quants.get(usize::from(index));
        let quant =
            quant.ok_or_else(|| GraphicsError::codec("RemoteFX", "no such quantisation"))?;
        rlgr::decode(set.entropy_algorithm, data, plane)
            .map_err(|error| GraphicsError::codec("RemoteFX", error))?;
        if let Some(coarsest) = plane.get_mut(COARSEST..) {
            subband_reconstruction::decode(coarsest);
        }
        quantization::decode(plane, quant);
    }
    Ok(())
}

/// What of the canvas the frame shows. A region without rectangles is all of it
/// (`[MS-RDPRFX]` 2.2.2.3.3).
fn region_of(frame: &Frame<'_>, rect: Rect) -> Vec<Rect> {
    if frame.rectangles.is_empty() {
        return vec![rect];
    }
    let shift = |part: &RfxRectangle| {
        let (x, y) = (part.x.checked_add(rect.x)?, part.y.checked_add(rect.y)?);
        Rect::new(x, y, part.width, part.height).intersection(rect)
    };
    frame.rectangles.iter().filter_map(shift).collect()
}
