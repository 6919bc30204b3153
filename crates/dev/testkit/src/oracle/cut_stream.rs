//! A server's bytes, and where the network happened to cut them.

use arbitrary::{Arbitrary, Result, Unstructured};

/// Most cuts of a case: enough to part any header, few enough to leave bytes for the server.
const CUTS_MAX: u8 = 16;

/// A server's bytes, and where the network happened to cut them.
///
/// As a fuzz input: one byte that says how many cuts there are (modulo 17), for each the length of
/// the piece before it in two little-endian bytes, and then the server's bytes to the end. So a
/// recorded stream behind a zero byte is a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutStream {
    bytes: Vec<u8>,
    piece_lens: Vec<u16>,
}

impl CutStream {
    /// `bytes`, in pieces of these lengths and the rest in one.
    pub const fn new(bytes: Vec<u8>, piece_lens: Vec<u16>) -> Self {
        Self { bytes, piece_lens }
    }

    /// The whole stream.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The stream in its pieces, behind `prefix`, which is a piece of its own. Some may be empty.
    pub(super) fn pieces<'a>(&'a self, prefix: &'a [u8]) -> Vec<&'a [u8]> {
        let mut rest = self.bytes.as_slice();
        let cut = self.piece_lens.iter().map(|len| {
            let (head, tail) = rest.split_at(usize::from(*len).min(rest.len()));
            rest = tail;
            head
        });
        let mut pieces: Vec<&[u8]> = std::iter::once(prefix).chain(cut).collect();
        pieces.push(rest);
        pieces
    }
}

impl<'a> Arbitrary<'a> for CutStream {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let len = input.arbitrary_len::<u8>()?;
        Self::arbitrary_take_rest(Unstructured::new(input.bytes(len)?))
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        let count = input.arbitrary::<u8>()? % (CUTS_MAX + 1);
        let piece_lens = (0..count).map(|_| input.arbitrary()).collect::<Result<_>>()?;
        Ok(Self { bytes: input.take_rest().to_vec(), piece_lens })
    }
}
