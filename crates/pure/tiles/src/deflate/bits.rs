//! Bits into bytes, least significant first.

/// Writes bits to memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    /// Its length is what was ever needed; `len` bytes are in use.
    out: Vec<u8>,
    len: usize,
    bits: u64,
    /// How many of `bits` are in use; below 8 after a flush.
    count: u32,
}

impl BitWriter {
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
        self.bits = 0;
        self.count = 0;
    }

    /// Makes room for this many more bits.
    pub(crate) fn reserve(&mut self, bits: usize) {
        // A flush writes eight bytes, however few of them count.
        let needed = self.len + bits / 8 + 16;
        if self.out.len() < needed {
            self.out.resize(needed.max(self.out.len() * 2), 0);
        }
    }

    /// Adds the low `count` bits of `bits`; the others are 0. At most 56 between flushes.
    #[inline]
    pub(crate) const fn add(&mut self, bits: u64, count: u32) {
        self.bits |= bits << self.count;
        self.count += count;
    }

    /// Moves whole bytes to memory, within what was reserved.
    #[inline]
    pub(crate) fn flush(&mut self) {
        if let Some(room) = self.out.get_mut(self.len..self.len + 8) {
            room.copy_from_slice(&self.bits.to_le_bytes());
        }
        self.len += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }

    /// Fills the byte that is begun, if any, with zeros.
    pub(crate) fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    /// Appends bytes, within what was reserved. Only where a byte begins.
    pub(crate) fn put_bytes(&mut self, bytes: &[u8]) {
        if let Some(room) = self.out.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }

    /// What was written, up to a whole byte.
    pub(crate) fn finish(&mut self) -> &[u8] {
        self.reserve(8);
        self.align();
        &self.out[..self.len]
    }
}
