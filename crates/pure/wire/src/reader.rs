//! A cursor over bytes that may not all have arrived.

/// Reads numbers and slices off the front of borrowed bytes.
///
/// INVARIANT: a method that answers `None` has consumed nothing.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    pub const fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether every byte has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes, or `None` when fewer are left.
    pub const fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        match self.rest.split_at_checked(len) {
            Some((head, rest)) => {
                self.rest = rest;
                Some(head)
            }
            None => None,
        }
    }

    /// Everything that is left.
    pub const fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.rest = &[];
        rest
    }

    /// The next `N` bytes as an array, or `None` when fewer are left.
    pub const fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Some(*head)
            }
            None => None,
        }
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// Two bytes, big-endian.
    pub fn u16_be(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub fn u32_be(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Four bytes, big-endian, two's complement.
    pub fn i32_be(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    /// Two bytes, little-endian.
    pub fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Two bytes, little-endian, two's complement.
    pub fn i16_le(&mut self) -> Option<i16> {
        self.array().map(i16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    pub fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn reads_both_byte_orders() {
        let mut input = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xfe, 0xff]);
        assert_eq!(input.u16_be(), Some(0x0102));
        assert_eq!(input.u16_le(), Some(0x0403));
        assert_eq!(input.u32_be(), Some(0x0506_0708));
        assert_eq!(input.u32_le(), Some(0x0c0b_0a09));
        assert_eq!(input.i16_le(), Some(-2));
        assert!(input.is_empty());
    }

    #[test]
    fn a_short_read_consumes_nothing() {
        let mut input = Reader::new(&[1, 2, 3]);
        assert_eq!(input.u32_be(), None);
        assert_eq!(input.take(4), None);
        assert_eq!(input.len(), 3);
        assert_eq!(input.take_rest(), &[1, 2, 3]);
        assert_eq!(input.u8(), None);
    }
}
