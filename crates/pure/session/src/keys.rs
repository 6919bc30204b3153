//! What stands in each tile, as a number that equal pixels share.

use porthole_pixels::{BYTES_PER_PIXEL, Damage, Surface, TILE_SIDE_PX};
use twox_hash::XxHash3_128;

use crate::grid::Grid;

/// Names the size and the pixels of a tile: XXH3 of 128 bits under a seed that only the session
/// knows, so that nobody can make two pictures with one key on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

impl Key {
    #[cfg(test)]
    pub(crate) const fn of(value: u128) -> Self {
        Self(value)
    }
}

/// The most bytes of a tile.
const TILE_BYTES: usize = TILE_SIDE_PX as usize * TILE_SIDE_PX as usize * BYTES_PER_PIXEL;

/// The keys of a surface's tiles, as far as somebody has asked. Each is worked out once.
#[derive(Debug)]
pub(crate) struct TileKeys {
    seed: u64,
    grid: Grid,
    keys: Vec<Option<Key>>,
}

impl TileKeys {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, grid: Grid::default(), keys: Vec::new() }
    }

    /// What stands in a tile, if that was asked since it last changed.
    pub(crate) fn known(&self, tile: usize) -> Option<Key> {
        self.keys.get(tile).copied().flatten()
    }

    /// What stands in a tile now. The surface has not changed since [`TileKeys::forget`] was
    /// last told.
    pub(crate) fn key(&mut self, surface: &Surface, tile: usize) -> Key {
        self.fit(Grid::new(surface.size()));
        if let Some(key) = self.known(tile) {
            return key;
        }
        let key = self.work_out(surface, tile);
        if let Some(held) = self.keys.get_mut(tile) {
            *held = Some(key);
        }
        key
    }

    /// The tiles that `damage` touches have changed.
    pub(crate) fn forget(&mut self, damage: &Damage) {
        self.fit(Grid::new(damage.size()));
        for rect in damage.iter() {
            if let Some(key) = self.keys.get_mut(self.grid.at(rect)) {
                *key = None;
            }
        }
    }

    fn work_out(&self, surface: &Surface, tile: usize) -> Key {
        let rect = self.grid.rect(tile);
        let mut bytes = [0; TILE_BYTES];
        let mut used = 0;
        for y in 0..rect.height {
            let row = surface.row(rect, y);
            if let Some(to) = bytes.get_mut(used..used + row.len()) {
                to.copy_from_slice(row);
                used += row.len();
            }
        }
        // The height follows from width and length, so the width is enough to tell sizes apart.
        let seed = self.seed ^ u64::from(rect.width);
        Key(XxHash3_128::oneshot_with_seed(seed, bytes.get(..used).unwrap_or(&[])))
    }

    fn fit(&mut self, grid: Grid) {
        if self.grid != grid {
            self.grid = grid;
            self.keys = vec![None; grid.len()];
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Rect, Size, Surface};

    use super::TileKeys;

    #[test]
    fn equal_pixels_share_a_key() {
        let mut surface = Surface::new(Size::new(192, 65)).unwrap();
        let mut keys = TileKeys::new(7);
        surface.fill(Rect::new(3, 3, 5, 5), [9, 9, 9, 255]).unwrap();
        surface.fill(Rect::new(67, 3, 5, 5), [9, 9, 9, 255]).unwrap();
        assert_eq!(keys.key(&surface, 0), keys.key(&surface, 1));
        assert_ne!(keys.key(&surface, 0), keys.key(&surface, 2));
        assert_ne!(keys.key(&surface, 2), keys.key(&surface, 3), "black tiles of two sizes");
        assert_ne!(TileKeys::new(8).key(&surface, 0), keys.key(&surface, 0));
    }

    #[test]
    fn a_change_makes_a_key_unknown() {
        let mut surface = Surface::new(Size::new(128, 64)).unwrap();
        let mut keys = TileKeys::new(7);
        let before = keys.key(&surface, 1);
        keys.key(&surface, 0);
        surface.clear_changes();
        surface.fill(Rect::new(100, 3, 1, 1), [9, 9, 9, 255]).unwrap();
        keys.forget(surface.changes().damage());
        assert!(keys.known(0).is_some());
        assert_eq!(keys.known(1), None);
        assert_ne!(keys.key(&surface, 1), before);
    }
}
