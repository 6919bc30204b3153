//! Raw deflate streams, RFC 1951, made for pictures.
//!
//! A general library's fastest level writes fixed codes, which make a photograph's rows a
//! third larger than they need be, and its next level takes twice the time. This encoder
//! looks for repetitions once, where pictures have them (the byte before, the row above, the
//! last place that began alike), and fits the codes to what it found: text comes out 40 %
//! smaller than at that fastest level, photographs 27 % smaller in a third of the time
//! (`bench/benches/tiles.rs`).

mod bits;
mod block;
mod header;
mod huffman;
mod search;

use bits::BitWriter;
use block::BlockWriter;
pub(crate) use search::Repeats;
use search::Searcher;

/// Bytes that one block covers at most; its codes fit what it holds.
const BLOCK_BYTES: usize = 96 * 1024;

/// Compresses one buffer after another, each into a stream of its own, in memory that is used
/// again: about 120 KiB, and what the longest stream took.
#[derive(Debug)]
pub(crate) struct Deflater {
    searcher: Searcher,
    blocks: BlockWriter,
    out: BitWriter,
}

impl Deflater {
    pub(crate) fn new() -> Self {
        Self { searcher: Searcher::new(), blocks: BlockWriter::new(), out: BitWriter::default() }
    }

    /// The whole of `input` as one stream.
    pub(crate) fn deflate(&mut self, input: &[u8], repeats: Repeats) -> &[u8] {
        self.out.clear();
        self.searcher.start(input.len(), repeats);
        let mut start = 0;
        loop {
            let end = self.searcher.search(input, start, (start + BLOCK_BYTES).min(input.len()));
            let is_last = end == input.len();
            let sequences = self.searcher.sequences();
            self.blocks.write(&input[start..end], sequences, is_last, &mut self.out);
            start = end;
            if is_last {
                return self.out.finish();
            }
        }
    }
}

#[cfg(test)]
#[path = "deflate_tests.rs"]
mod tests;
