//! A server's words of any length, of which we keep the beginning.

use porthole_wire::{Reader, TEXT_MAX_BYTES, text};

/// A string that is arriving: the head is kept, the rest is passed over as it comes.
#[derive(Debug)]
pub(crate) struct Words {
    head: Vec<u8>,
    left: usize,
}

impl Words {
    /// Expects `len` bytes.
    pub(crate) fn new(len: u32) -> Self {
        Self { head: Vec::new(), left: usize::try_from(len).unwrap_or(usize::MAX) }
    }

    /// Takes what has arrived of it. True once all has.
    pub(crate) fn read(&mut self, input: &mut Reader<'_>) -> bool {
        let part = input.take(self.left.min(input.len())).unwrap_or(&[]);
        self.left -= part.len();
        let room = TEXT_MAX_BYTES - self.head.len();
        self.head.extend_from_slice(part.get(..room).unwrap_or(part));
        self.left == 0
    }

    /// Whether what is still to come would not be kept.
    pub(crate) fn is_head_complete(&self) -> bool {
        self.left == 0 || self.head.len() == TEXT_MAX_BYTES
    }

    /// One printable line of at most [`TEXT_MAX_BYTES`] bytes.
    pub(crate) fn text(&self) -> String {
        text(&self.head)
    }
}

#[cfg(test)]
mod tests {
    use porthole_wire::{Reader, TEXT_MAX_BYTES};

    use super::Words;

    #[test]
    fn keeps_the_head_and_passes_over_the_rest() {
        let bytes = [b'a'; 1000];
        for cut in [0, 1, 255, 256, 257, 999] {
            let mut words = Words::new(1000);
            assert!(!words.read(&mut Reader::new(&bytes[..cut])), "{cut}");
            assert_eq!(words.is_head_complete(), cut >= TEXT_MAX_BYTES, "{cut}");
            let mut rest = Reader::new(&bytes[cut..]);
            assert!(words.read(&mut rest), "{cut}");
            assert!(rest.is_empty());
            assert_eq!(words.text(), "a".repeat(TEXT_MAX_BYTES), "{cut}");
        }
    }

    #[test]
    fn leaves_what_follows() {
        let mut input = Reader::new(b"name, then more");
        let mut words = Words::new(4);
        assert!(words.read(&mut input));
        assert_eq!(words.text(), "name");
        assert_eq!(input.take_rest(), b", then more");
    }
}
