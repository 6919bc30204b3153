//! One block: symbols counted, codes chosen, bits written (RFC 1951 §3.2).

use super::bits::BitWriter;
use super::header::Header;
use super::huffman::{Code, SYMBOLS_MAX, fill_bits, fill_lengths};
use super::search::{MATCH_MAX, Sequence};

const END_OF_BLOCK: usize = 256;
pub(super) const LENGTH_FIRST: usize = 257;
pub(super) const LITERAL_SYMBOLS: usize = 286;
pub(super) const DISTANCE_SYMBOLS: usize = 30;
/// Kinds of block (§3.2.3); stored is 0.
const KIND_FIXED: u64 = 1;
const KIND_FITTED: u64 = 2;

/// One less than the format allows, so that four literals fit between two flushes.
const CODE_BITS_MAX: u8 = 14;

/// Most bytes of a stored block.
const STORED_BYTES_MAX: usize = 65_535;

/// Blocks of fewer bytes are not worth codes of their own.
const FIXED_BELOW_BYTES: usize = 64;

/// Codes for literals and lengths, and for distances.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    pub(super) literals: [Code; SYMBOLS_MAX],
    pub(super) distances: [Code; 32],
}

impl Codes {
    /// The fixed ones of §3.2.6.
    fn fixed() -> Self {
        let mut codes = Self {
            literals: [Code::default(); SYMBOLS_MAX],
            distances: [Code { bits: 0, len: 5 }; 32],
        };
        for (symbol, code) in codes.literals.iter_mut().enumerate() {
            code.len = match symbol {
                144..=255 => 9,
                256..=279 => 7,
                _ => 8,
            };
        }
        fill_bits(&mut codes.literals);
        fill_bits(&mut codes.distances);
        codes
    }

    /// Bits of symbols that occur so often.
    fn cost_bits(&self, counts: &Counts) -> usize {
        let cost = |codes: &[Code], counts: &[u32]| -> usize {
            codes.iter().zip(counts).map(|(code, n)| usize::from(code.len) * *n as usize).sum()
        };
        cost(&self.literals, &counts.literals) + cost(&self.distances, &counts.distances)
    }
}

/// How often each symbol occurs in a block.
#[derive(Debug)]
struct Counts {
    literals: [u32; SYMBOLS_MAX],
    distances: [u32; 32],
    /// Bits that follow lengths and distances.
    extra_bits: usize,
}

/// Writes blocks, and holds the codes.
#[derive(Debug)]
pub(crate) struct BlockWriter {
    fixed: Box<Codes>,
    fitted: Box<Codes>,
    counts: Box<Counts>,
    header: Header,
}

impl BlockWriter {
    pub(crate) fn new() -> Self {
        let fixed = Box::new(Codes::fixed());
        Self {
            fitted: fixed.clone(),
            fixed,
            counts: Box::new(Counts {
                literals: [0; SYMBOLS_MAX],
                distances: [0; 32],
                extra_bits: 0,
            }),
            header: Header::new(),
        }
    }

    /// Writes `input` in the shortest of the three ways there are.
    pub(crate) fn write(
        &mut self,
        input: &[u8],
        sequences: &[Sequence],
        is_last: bool,
        out: &mut BitWriter,
    ) {
        self.counts.count(input, sequences);
        let (mut symbol_bits, mut kind) = (self.fixed.cost_bits(&self.counts), KIND_FIXED);
        if input.len() >= FIXED_BELOW_BYTES {
            self.fit();
            let fitted_bits = self.fitted.cost_bits(&self.counts) + self.header.cost_bits();
            if fitted_bits < symbol_bits {
                (symbol_bits, kind) = (fitted_bits, KIND_FITTED);
            }
        }
        let bits = 3 + symbol_bits + self.counts.extra_bits;
        let stored_bits = 8 * (input.len() + 5 * input.len().div_ceil(STORED_BYTES_MAX)) + 8;
        // Nothing at all takes a block too, but not a stored one.
        if stored_bits < bits && !input.is_empty() {
            out.reserve(stored_bits);
            write_stored(input, is_last, out);
            return;
        }
        out.reserve(bits);
        out.add(u64::from(is_last) | kind << 1, 3);
        out.flush();
        let codes = if kind == KIND_FITTED { &self.fitted } else { &self.fixed };
        if kind == KIND_FITTED {
            self.header.write(out);
        }
        write_symbols(codes, input, sequences, out);
    }

    /// Fits the codes to the counts.
    fn fit(&mut self) {
        let codes = &mut *self.fitted;
        let counts = &*self.counts;
        for (counts, codes) in [
            (&counts.literals[..LITERAL_SYMBOLS], &mut codes.literals[..LITERAL_SYMBOLS]),
            (&counts.distances[..DISTANCE_SYMBOLS], &mut codes.distances[..DISTANCE_SYMBOLS]),
        ] {
            fill_lengths(counts, CODE_BITS_MAX, codes);
            fill_bits(codes);
        }
        self.header.fit(codes);
    }
}

impl Counts {
    fn count(&mut self, input: &[u8], sequences: &[Sequence]) {
        self.literals.fill(0);
        self.distances.fill(0);
        self.extra_bits = 0;
        self.literals[END_OF_BLOCK] = 1;
        // Four tables, so that a byte seen twice in a row does not wait for itself.
        let mut bytes = [[0_u32; 256]; 4];
        let mut rest = input;
        for sequence in sequences {
            let (literals, after) = rest.split_at(sequence.literals as usize);
            let (fours, odd) = literals.as_chunks::<4>();
            for four in fours {
                for (table, byte) in bytes.iter_mut().zip(four) {
                    table[usize::from(*byte)] += 1;
                }
            }
            for byte in odd {
                bytes[0][usize::from(*byte)] += 1;
            }
            if sequence.len > 0 {
                let (length, distance) =
                    (length_symbol(sequence.len), distance_symbol(sequence.distance));
                self.literals[length.symbol] += 1;
                self.distances[distance.symbol] += 1;
                self.extra_bits += (length.extra_bits + distance.extra_bits) as usize;
            }
            rest = &after[usize::from(sequence.len)..];
        }
        for table in &bytes {
            for (sum, count) in self.literals.iter_mut().zip(table) {
                *sum += count;
            }
        }
    }
}

/// A length or distance: a symbol and bits that follow it.
struct Split {
    symbol: usize,
    extra: u64,
    extra_bits: u32,
}

/// §3.2.5: from 11 on, each doubling is split in four.
#[inline]
const fn length_symbol(len: u16) -> Split {
    // At least 3.
    let over = len as u32 - 3;
    if over < 8 {
        return Split { symbol: LENGTH_FIRST + over as usize, extra: 0, extra_bits: 0 };
    }
    if len as usize == MATCH_MAX {
        return Split { symbol: LENGTH_FIRST + 28, extra: 0, extra_bits: 0 };
    }
    let extra_bits = over.ilog2() - 2;
    let symbol = LENGTH_FIRST + (4 * extra_bits + (over >> extra_bits)) as usize;
    Split { symbol, extra: (over & ((1 << extra_bits) - 1)) as u64, extra_bits }
}

/// §3.2.5: from 5 on, each doubling is split in two.
#[inline]
const fn distance_symbol(distance: u16) -> Split {
    // At least 1.
    let over = distance as u32 - 1;
    if over < 4 {
        return Split { symbol: over as usize, extra: 0, extra_bits: 0 };
    }
    let extra_bits = over.ilog2() - 1;
    let symbol = (2 * extra_bits + (over >> extra_bits)) as usize;
    Split { symbol, extra: (over & ((1 << extra_bits) - 1)) as u64, extra_bits }
}

fn write_symbols(codes: &Codes, input: &[u8], sequences: &[Sequence], out: &mut BitWriter) {
    let mut rest = input;
    for sequence in sequences {
        let (literals, after) = rest.split_at(sequence.literals as usize);
        let (fours, odd) = literals.as_chunks::<4>();
        for four in fours {
            // In pairs, so that half of the shifts need not wait for the other half.
            let [a, b, c, d] = four.map(|byte| codes.literals[usize::from(byte)]);
            add_pair(a, b, out);
            add_pair(c, d, out);
            out.flush();
        }
        for byte in odd {
            add_code(codes.literals[usize::from(*byte)], out);
        }
        out.flush();
        if sequence.len > 0 {
            // At most 14 + 5 + 14 + 13 bits.
            let length = length_symbol(sequence.len);
            add_code(codes.literals[length.symbol], out);
            out.add(length.extra, length.extra_bits);
            let distance = distance_symbol(sequence.distance);
            add_code(codes.distances[distance.symbol], out);
            out.add(distance.extra, distance.extra_bits);
            out.flush();
        }
        rest = &after[usize::from(sequence.len)..];
    }
    add_code(codes.literals[END_OF_BLOCK], out);
    out.flush();
}

#[inline]
pub(super) fn add_code(code: Code, out: &mut BitWriter) {
    out.add(code.bits.into(), code.len.into());
}

#[inline]
fn add_pair(first: Code, second: Code, out: &mut BitWriter) {
    let bits = u64::from(first.bits) | u64::from(second.bits) << first.len;
    out.add(bits, (first.len + second.len).into());
}

/// §3.2.4.
fn write_stored(input: &[u8], is_last: bool, out: &mut BitWriter) {
    let mut pieces = input.chunks(STORED_BYTES_MAX).peekable();
    while let Some(piece) = pieces.next() {
        out.add(u64::from(is_last && pieces.peek().is_none()), 3);
        out.align();
        let len = piece.len() as u16;
        out.put_bytes(&len.to_le_bytes());
        out.put_bytes(&(!len).to_le_bytes());
        out.put_bytes(piece);
    }
}
