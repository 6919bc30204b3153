//! `RemoteFX` (`[MS-RDPRFX]`): a picture in tiles of 64 by 64 pixels, coded as wavelets.

use ironrdp_graphics::rfx::{MessageDecoder, TILE_SIZE, TileDecoder};
use porthole_pixels::Rect;

use super::rows::{Form, Lines, visible};
use super::{Budget, Target};
use crate::RdpError;

/// Rectangles of a region that count. Servers send a few; a region of more is drawn whole, which
/// shows the same tiles.
const RECTANGLES_MAX: usize = 1024;

/// The decoders, made when the first picture comes.
#[derive(Debug, Default)]
pub(super) struct RemoteFx {
    messages: MessageDecoder,
    tiles: Option<Box<TileDecoder>>,
}

impl RemoteFx {
    /// Draws a message whose top left is `at`.
    pub(super) fn draw(
        &mut self,
        at: (u16, u16),
        data: &[u8],
        target: &mut Target<'_>,
        budget: &mut Budget,
    ) -> Result<(), RdpError> {
        let refused = |error| RdpError::corrupt("a RemoteFX message", &error);
        let message = self.messages.parse(data).map_err(refused)?;
        let decoder = self.tiles.get_or_insert_with(Box::default);
        for frame in &message.frames {
            let region: Vec<Rect> = frame
                .rectangles
                .iter()
                .take(RECTANGLES_MAX)
                .map(|rect| moved(at, Rect::new(rect.x, rect.y, rect.width, rect.height)))
                .collect();
            let is_everything = region.is_empty() || frame.rectangles.len() > RECTANGLES_MAX;
            let set = &frame.tile_set;
            for tile in &set.tiles {
                budget.spend(u32::from(TILE_SIZE) * u32::from(TILE_SIZE))?;
                let place = Rect::new(
                    tile.x.saturating_mul(TILE_SIZE),
                    tile.y.saturating_mul(TILE_SIZE),
                    TILE_SIZE,
                    TILE_SIZE,
                );
                let place = moved(at, place);
                if visible(place, target.surface).is_none() {
                    continue;
                }
                let pixels = decoder.decode(tile, &set.quants, set.entropy_algorithm);
                let pixels = pixels.map_err(refused)?;
                if is_everything {
                    store(place, place, pixels, target);
                }
                for part in region.iter().filter(|_| !is_everything) {
                    if let Some(part) = place.intersection(*part) {
                        store(place, part, pixels, target);
                    }
                }
            }
        }
        Ok(())
    }
}

fn moved((left, top): (u16, u16), rect: Rect) -> Rect {
    Rect { x: rect.x.saturating_add(left), y: rect.y.saturating_add(top), ..rect }
}

/// Stores the part of a tile at `place` that lies in `part`, which is within it.
fn store(place: Rect, part: Rect, pixels: &[u8], target: &mut Target<'_>) {
    let Some(part) = visible(part, target.surface) else { return };
    let stride = usize::from(TILE_SIZE) * 4;
    let skipped = usize::from(part.y - place.y) * stride + usize::from(part.x - place.x) * 4;
    let lines = Lines { stride, rows: part.height.into(), is_bottom_up: false };
    target.store(part, pixels.get(skipped..).unwrap_or_default(), Form::Rgbx32, lines);
}
