//! The gateway's account of what a viewer keeps in its cells.
//!
//! The browser is an array that does as it is told; only this account knows what is where. The
//! WebSocket keeps both in step without a round trip, because stores and recalls take effect in
//! the order in which they are sent. Cells are filled in a ring, so that tiles stored together
//! have consecutive cells and take one record.

use std::collections::HashMap;

use crate::keys::Key;

#[derive(Debug, Clone, Copy)]
struct Held {
    key: Key,
    /// The frame that stores it.
    frame: u32,
}

/// One viewer's cells. Memory follows what was stored: about 80 bytes a cell.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    capacity: u16,
    next: u16,
    held: Vec<Option<Held>>,
    by_key: HashMap<Key, u16>,
}

impl Cells {
    /// No cells in use, of `capacity` that the viewer has.
    pub(crate) fn new(capacity: u16) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// How many cells the viewer has.
    pub(crate) const fn capacity(&self) -> u16 {
        self.capacity
    }

    /// The cell that holds this tile.
    pub(crate) fn find(&self, key: Key) -> Option<u16> {
        self.by_key.get(&key).copied()
    }

    /// Whether a cell holds this tile.
    pub(crate) fn holds(&self, cell: u16, key: Key) -> bool {
        self.held
            .get(usize::from(cell))
            .is_some_and(|held| held.is_some_and(|held| held.key == key))
    }

    /// Gives `keys` consecutive cells in frame number `frame`, and returns the first. `None`
    /// when the viewer does not have so many.
    pub(crate) fn store(
        &mut self,
        keys: impl ExactSizeIterator<Item = Key>,
        frame: u32,
    ) -> Option<u16> {
        let count = u16::try_from(keys.len()).ok().filter(|count| *count <= self.capacity)?;
        let first = if self.capacity - self.next < count { 0 } else { self.next };
        for (cell, key) in (first..).zip(keys) {
            self.put(cell, Held { key, frame });
        }
        self.next = first + count;
        Some(first)
    }

    /// Frames after `painted` did not reach the viewer, or not for certain: what they stored is
    /// not there, or not for certain. The frames of the next connection count from 1 again.
    pub(crate) fn go_on_from(&mut self, painted: u32) {
        for held in &mut self.held {
            match held {
                Some(kept) if kept.frame <= painted => kept.frame = 0,
                _ => *held = None,
            }
        }
        let cells = self.held.iter().enumerate();
        self.by_key = cells
            .filter_map(|(cell, held)| Some((held.as_ref()?.key, u16::try_from(cell).ok()?)))
            .collect();
    }

    /// Nothing is in them any more.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.by_key.clear();
        self.next = 0;
    }

    fn put(&mut self, cell: u16, held: Held) {
        let index = usize::from(cell);
        if self.held.len() <= index {
            self.held.resize(index + 1, None);
        }
        let Some(slot) = self.held.get_mut(index) else { return };
        if let Some(old) = slot.replace(held)
            && self.by_key.get(&old.key) == Some(&cell)
        {
            self.by_key.remove(&old.key);
        }
        self.by_key.insert(held.key, cell);
    }
}

#[cfg(test)]
mod tests {
    use super::Cells;
    use crate::keys::Key;

    fn keys(values: std::ops::Range<u128>) -> impl ExactSizeIterator<Item = Key> {
        values.map(Key::of).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn fills_in_a_ring_and_forgets_what_it_overwrites() {
        let mut cells = Cells::new(4);
        assert_eq!(cells.store(keys(0..3), 1), Some(0));
        assert_eq!(cells.find(Key::of(2)), Some(2));
        // Two do not fit behind the third: they start again at the first.
        assert_eq!(cells.store(keys(10..12), 2), Some(0));
        assert_eq!(cells.find(Key::of(0)), None);
        assert_eq!(cells.find(Key::of(2)), Some(2));
        assert_eq!(cells.find(Key::of(11)), Some(1));
        assert_eq!(cells.store(keys(20..25), 3), None, "more than there are");
        assert_eq!(Cells::new(0).store(keys(0..1), 1), None);
    }

    #[test]
    fn a_key_stored_twice_is_found_until_both_are_gone() {
        let mut cells = Cells::new(2);
        cells.store(keys(1..2), 1);
        cells.store(keys(1..2), 1);
        assert_eq!(cells.find(Key::of(1)), Some(1));
        cells.store(keys(5..6), 1);
        assert_eq!(cells.find(Key::of(1)), Some(1));
        cells.store(keys(6..7), 1);
        assert_eq!(cells.find(Key::of(1)), None);
    }

    #[test]
    fn what_was_not_painted_is_not_there() {
        let mut cells = Cells::new(8);
        cells.store(keys(0..2), 3);
        cells.store(keys(2..4), 4);
        cells.go_on_from(3);
        assert_eq!(cells.find(Key::of(1)), Some(1));
        assert_eq!(cells.find(Key::of(2)), None);
        // In the next connection, frame 1 does not make them doubtful again.
        cells.go_on_from(0);
        assert_eq!(cells.find(Key::of(1)), Some(1));
        cells.clear();
        assert_eq!(cells.find(Key::of(1)), None);
    }
}
