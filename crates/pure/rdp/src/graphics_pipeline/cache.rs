//! The bitmap cache (`[MS-RDPEGFX]` 3.3.1.4): pictures that the server wants kept, by slot.

use porthole_pixels::{BYTES_PER_PIXEL, Size};

use super::error::GraphicsError;
use super::limits::{CACHE_MAX_BYTES, CACHE_SLOTS_MAX};

/// What is kept in a slot.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) size: Size,
    /// R, G, B, A, row-major: `4 * columns * rows` bytes.
    pub(crate) pixels: Box<[u8]>,
}

/// At most [`CACHE_SLOTS_MAX`] pictures of [`CACHE_MAX_BYTES`] in all.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// By slot number less one; as many as were ever used.
    slots: Vec<Option<Entry>>,
    held_bytes: usize,
}

impl Cache {
    /// Whether a picture of `size` may go into `slot`, in place of what is there.
    ///
    /// # Errors
    ///
    /// There is no such slot, or no room.
    pub(crate) fn check(&self, slot: u16, size: Size) -> Result<(), GraphicsError> {
        GraphicsError::check_limit("cache slot", slot, CACHE_SLOTS_MAX)?;
        if slot == 0 {
            return Err(GraphicsError::BadField { field: "cache slot", value: 0 });
        }
        let freed = self.get(slot).map_or(0, |entry| entry.pixels.len());
        let wanted = size.area() as usize * BYTES_PER_PIXEL;
        GraphicsError::check_limit("cache size", self.held_bytes - freed + wanted, CACHE_MAX_BYTES)
    }

    /// Puts `entry` into `slot`.
    ///
    /// # Errors
    ///
    /// As [`Cache::check`].
    pub(crate) fn put(&mut self, slot: u16, entry: Entry) -> Result<(), GraphicsError> {
        self.check(slot, entry.size)?;
        self.evict(slot);
        let at = usize::from(slot) - 1;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        self.held_bytes += entry.pixels.len();
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(entry);
        }
        Ok(())
    }

    /// What `slot` holds.
    pub(crate) fn get(&self, slot: u16) -> Option<&Entry> {
        self.slots.get(usize::from(slot).checked_sub(1)?)?.as_ref()
    }

    /// Empties `slot`. An empty one stays so.
    pub(crate) fn evict(&mut self, slot: u16) {
        let place = usize::from(slot).checked_sub(1).and_then(|at| self.slots.get_mut(at));
        if let Some(entry) = place.and_then(Option::take) {
            self.held_bytes -= entry.pixels.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Size;

    use super::{Cache, Entry};
    use crate::graphics_pipeline::GraphicsError;

    fn entry(width: u16, height: u16) -> Entry {
        let size = Size::new(width, height);
        Entry { size, pixels: vec![7; size.area() as usize * 4].into() }
    }

    #[test]
    fn keeps_replaces_and_evicts() {
        let mut cache = Cache::default();
        cache.put(4_096, entry(2, 3)).unwrap();
        assert_eq!(cache.get(4_096).unwrap().size, Size::new(2, 3));
        cache.put(4_096, entry(1, 1)).unwrap();
        assert_eq!((cache.get(4_096).unwrap().size, cache.held_bytes), (Size::new(1, 1), 4));
        assert!(cache.get(0).is_none() && cache.get(1).is_none() && cache.get(u16::MAX).is_none());
        for slot in [0, 1, 4_096, 4_096, u16::MAX] {
            cache.evict(slot);
        }
        assert_eq!((cache.get(4_096).map(|_| ()), cache.held_bytes), (None, 0));
    }

    #[test]
    fn has_slots_from_1_to_4096() {
        let mut cache = Cache::default();
        for slot in [0, 4_097, u16::MAX] {
            assert!(cache.put(slot, entry(1, 1)).is_err(), "{slot}");
        }
    }

    #[test]
    fn holds_no_more_than_16_mib() {
        let mut cache = Cache::default();
        cache.put(1, entry(2_048, 1_024)).unwrap();
        cache.put(2, entry(2_048, 1_024)).unwrap();
        let error = cache.put(3, entry(1, 1)).unwrap_err();
        assert!(matches!(error, GraphicsError::OverLimit { limit: 0x0100_0000, .. }), "{error}");
        // In place of another there is room.
        cache.put(2, entry(2_048, 1_024)).unwrap();
        cache.evict(1);
        cache.put(3, entry(1, 1)).unwrap();
    }
}
