//! When, and how often, each tile changed.

use std::time::{Duration, Instant};

use porthole_pixels::{Damage, Rect};

use crate::grid::Grid;

/// A tile that changes at least this often a second is moving.
const MOVING_HZ: f32 = 3.0;

/// Change times on the damage grid: eight bytes a tile.
#[derive(Debug)]
pub(crate) struct History {
    start: Instant,
    grid: Grid,
    tiles: Vec<Tile>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tile {
    /// Milliseconds since the session's start.
    changed_ms: u32,
    /// Changes in the last second or so: each adds one, and the sum fades with a time constant
    /// of a second.
    heat: f32,
}

impl History {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, grid: Grid::default(), tiles: Vec::new() }
    }

    /// Takes note of a frame's damage.
    pub(crate) fn note(&mut self, now: Instant, damage: &Damage) {
        self.fit(Grid::new(damage.size()));
        let now_ms = self.millis(now);
        for rect in damage.iter() {
            if let Some(tile) = self.tiles.get_mut(self.grid.at(rect)) {
                tile.heat = faded(*tile, now_ms) + 1.0;
                tile.changed_ms = now_ms;
            }
        }
    }

    /// When the tile under `rect`'s corner last changed.
    pub(crate) fn changed_at(&self, rect: Rect) -> Instant {
        let changed_ms = self.tiles.get(self.grid.at(rect)).map_or(0, |tile| tile.changed_ms);
        self.start + Duration::from_millis(changed_ms.into())
    }

    /// Whether any tile that `rect` touches is moving.
    pub(crate) fn is_moving(&self, now: Instant, rect: Rect) -> bool {
        let now_ms = self.millis(now);
        self.grid
            .within(rect)
            .filter_map(|tile| self.tiles.get(tile))
            .any(|tile| faded(*tile, now_ms) >= MOVING_HZ)
    }

    fn fit(&mut self, grid: Grid) {
        if self.grid != grid {
            self.grid = grid;
            self.tiles = vec![Tile::default(); grid.len()];
        }
    }

    /// Milliseconds since the start; a session of 49 days stays at the largest.
    fn millis(&self, now: Instant) -> u32 {
        now.saturating_duration_since(self.start).as_millis().try_into().unwrap_or(u32::MAX)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a fade needs no more than a float's precision")]
fn faded(tile: Tile, now_ms: u32) -> f32 {
    tile.heat * (-(now_ms.saturating_sub(tile.changed_ms) as f32) / 1000.0).exp()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use porthole_pixels::{Damage, Rect, Size};

    use super::History;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    fn tells_moving_from_still() {
        let start = Instant::now();
        let mut history = History::new(start);
        let mut damage = Damage::clean(Size::new(200, 200));
        damage.add(Rect::new(70, 70, 5, 5));
        let video = Rect::new(64, 64, 64, 64);
        for frame in 0..30 {
            history.note(start + Duration::from_millis(33 * frame), &damage);
        }
        let end = start + Duration::from_millis(33 * 29);
        assert!(history.is_moving(end, video));
        assert!(history.is_moving(end, Rect::new(0, 0, 200, 200)));
        assert!(!history.is_moving(end, Rect::new(128, 128, 64, 64)));
        assert_eq!(history.changed_at(video), end);
        assert!(!history.is_moving(end + Duration::from_secs(4), video));
        // Two changes in a second are not movement.
        let mut slow = History::new(start);
        slow.note(start, &damage);
        slow.note(start + Duration::from_millis(500), &damage);
        assert!(!slow.is_moving(start + Duration::from_millis(500), video));
    }
}
