//! What a block with codes of its own begins with (RFC 1951 §3.2.7).

use super::bits::BitWriter;
use super::block::{Codes, DISTANCE_SYMBOLS, LENGTH_FIRST, LITERAL_SYMBOLS, add_code};
use super::huffman::{Code, fill_bits, fill_lengths};

const LENGTH_CODE_SYMBOLS: usize = 19;
const LENGTH_CODE_BITS_MAX: u8 = 7;

/// The order in which the lengths of the length codes are sent.
const LENGTH_CODE_ORDER: [usize; LENGTH_CODE_SYMBOLS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The lengths of a block's codes, themselves coded.
#[derive(Debug)]
pub(super) struct Header {
    literals: usize,
    distances: usize,
    /// Symbol, and the bits that follow it.
    symbols: Vec<(u8, u8)>,
    codes: [Code; LENGTH_CODE_SYMBOLS],
    /// How many of `codes` are sent, in [`LENGTH_CODE_ORDER`].
    sent: usize,
    cost_bits: usize,
}

impl Header {
    pub(super) fn new() -> Self {
        Self {
            literals: 0,
            distances: 0,
            symbols: Vec::with_capacity(LITERAL_SYMBOLS + DISTANCE_SYMBOLS),
            codes: [Code::default(); LENGTH_CODE_SYMBOLS],
            sent: 0,
            cost_bits: 0,
        }
    }

    pub(super) fn fit(&mut self, codes: &Codes) {
        let used = |codes: &[Code], least: usize| {
            codes.iter().rposition(|code| code.len > 0).map_or(0, |last| last + 1).max(least)
        };
        self.literals = used(&codes.literals[..LITERAL_SYMBOLS], LENGTH_FIRST);
        self.distances = used(&codes.distances[..DISTANCE_SYMBOLS], 1);
        let mut lengths = [0_u8; LITERAL_SYMBOLS + DISTANCE_SYMBOLS];
        let lengths = &mut lengths[..self.literals + self.distances];
        let sent = codes.literals[..self.literals].iter().chain(&codes.distances[..self.distances]);
        for (length, code) in lengths.iter_mut().zip(sent) {
            *length = code.len;
        }
        self.symbols.clear();
        for run in lengths.chunk_by(|a, b| a == b) {
            push_run(run, &mut self.symbols);
        }
        let mut counts = [0; LENGTH_CODE_SYMBOLS];
        for (symbol, _) in &self.symbols {
            counts[usize::from(*symbol)] += 1;
        }
        fill_lengths(&counts, LENGTH_CODE_BITS_MAX, &mut self.codes);
        fill_bits(&mut self.codes);
        self.sent = LENGTH_CODE_ORDER
            .iter()
            .rposition(|symbol| self.codes[*symbol].len > 0)
            .map_or(4, |last| last + 1)
            .max(4);
        let bits = |(symbol, _): &(u8, u8)| {
            u32::from(self.codes[usize::from(*symbol)].len) + run_bits(*symbol)
        };
        self.cost_bits = 14 + 3 * self.sent + self.symbols.iter().map(bits).sum::<u32>() as usize;
    }

    pub(super) const fn cost_bits(&self) -> usize {
        self.cost_bits
    }

    pub(super) fn write(&self, out: &mut BitWriter) {
        out.add((self.literals - LENGTH_FIRST) as u64, 5);
        out.add((self.distances - 1) as u64, 5);
        out.add((self.sent - 4) as u64, 4);
        for symbol in &LENGTH_CODE_ORDER[..self.sent] {
            out.flush();
            out.add(self.codes[*symbol].len.into(), 3);
        }
        for (symbol, extra) in &self.symbols {
            out.flush();
            add_code(self.codes[usize::from(*symbol)], out);
            out.add((*extra).into(), run_bits(*symbol));
        }
        out.flush();
    }
}

/// Bits that follow a symbol of the length code.
const fn run_bits(symbol: u8) -> u32 {
    match symbol {
        16 => 2,
        17 => 3,
        18 => 7,
        _ => 0,
    }
}

/// A run of equal lengths in as few symbols as there are for it.
fn push_run(run: &[u8], symbols: &mut Vec<(u8, u8)>) {
    let Some(length) = run.first().copied() else { return };
    let mut left = run.len();
    if length == 0 {
        while left >= 11 {
            let count = left.min(138);
            symbols.push((18, (count - 11) as u8));
            left -= count;
        }
        if left >= 3 {
            symbols.push((17, (left - 3) as u8));
            left = 0;
        }
    } else {
        symbols.push((length, 0));
        left -= 1;
        while left >= 3 {
            let count = left.min(6);
            symbols.push((16, (count - 3) as u8));
            left -= count;
        }
    }
    symbols.extend(std::iter::repeat_n((length, 0), left));
}
