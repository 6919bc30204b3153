//! The viewer's cells: squares of the picture, kept by number.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use porthole_link::{CELL_SIDE_PX, CELLS_MAX};
use porthole_pixels::{Rect, Size, Surface};

/// What was stored: sizes always, pixels only where a picture is kept.
#[derive(Debug, Default)]
pub(super) struct Cells {
    held: HashMap<u16, (Size, Vec<u8>)>,
}

impl Cells {
    /// Stores the squares of `rect` from cell `first` on.
    ///
    /// # Errors
    ///
    /// There are not so many cells.
    pub(super) fn store(
        &mut self,
        first: u16,
        rect: Rect,
        picture: Option<&Surface>,
    ) -> Result<()> {
        for (index, square) in squares(rect).enumerate() {
            let rows = |picture: &Surface| {
                (0..square.height).flat_map(|y| picture.row(square, y).to_vec()).collect()
            };
            let pixels = picture.map(rows).unwrap_or_default();
            self.held.insert(cell(first, index)?, (square.size(), pixels));
        }
        Ok(())
    }

    /// Paints the squares of `rect` from cell `first` on.
    ///
    /// # Errors
    ///
    /// A cell is empty, or holds a square of another size.
    pub(super) fn recall(
        &self,
        first: u16,
        rect: Rect,
        mut picture: Option<&mut Surface>,
    ) -> Result<()> {
        for (index, square) in squares(rect).enumerate() {
            let cell = cell(first, index)?;
            let (size, pixels) =
                self.held.get(&cell).with_context(|| format!("cell {cell} is empty"))?;
            ensure!(*size == square.size(), "cell {cell} holds {size:?}, {square} is wanted");
            if let Some(picture) = picture.as_deref_mut() {
                picture.store(square, pixels)?;
            }
        }
        Ok(())
    }
}

fn cell(first: u16, index: usize) -> Result<u16> {
    let cell = usize::from(first) + index;
    ensure!(cell < usize::from(CELLS_MAX), "cell {cell} of {CELLS_MAX}");
    Ok(u16::try_from(cell)?)
}

/// The squares of 64 pixels that `rect` is cut into, row by row from its top left.
fn squares(rect: Rect) -> impl Iterator<Item = Rect> {
    let side = usize::from(CELL_SIDE_PX);
    let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
    (rect.y..bottom).step_by(side).flat_map(move |y| {
        (rect.x..right).step_by(side).map(move |x| {
            let (width, height) = ((right - x).min(CELL_SIDE_PX), (bottom - y).min(CELL_SIDE_PX));
            Rect { x, y, width, height }
        })
    })
}
