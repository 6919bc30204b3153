//! Compression of the channel's messages (`RDP_SEGMENTED_DATA`, `[MS-RDPEGFX]` 2.2.5 and 3.1.9.1:
//! "RDP 8.0 bulk compression").
//!
//! A segment is tokens, most significant bit first: a byte, a byte among the frequent ones, bytes
//! as they are, or a piece of what was decompressed before, up to [`HISTORY_BYTES`] ago.

use porthole_wire::Reader;

use super::error::GraphicsError;
use super::limits::MESSAGE_MAX_BYTES;

/// How far back a piece may lie, over all messages.
const HISTORY_BYTES: usize = 2_500_000;

/// One segment follows.
const SINGLE: u8 = 0xe0;
/// Several do, after their number and the length of all that they hold.
const MULTIPART: u8 = 0xe1;

/// The kind of compression, in a segment's first byte.
const KIND_MASK: u8 = 0x0f;
/// The only one.
const KIND_RDP8: u8 = 0x04;
/// The segment is compressed.
const COMPRESSED: u8 = 0x20;

/// Bits of the longest token prefix.
const PREFIX_BITS: usize = 9;

/// Puts messages together from their segments, and remembers what they held.
#[derive(Debug)]
pub(crate) struct Segments {
    /// What was decompressed last, a ring. It is no memory before it is written.
    history: Box<[u8]>,
    /// Where in it the next byte goes.
    end: usize,
}

impl Segments {
    /// Nothing was decompressed yet.
    pub(crate) fn new() -> Self {
        Self { history: vec![0; HISTORY_BYTES].into_boxed_slice(), end: 0 }
    }

    /// Appends what `payload` holds to `message`, which is empty.
    ///
    /// # Errors
    ///
    /// What is wrong with the payload; nothing can be decompressed afterwards.
    pub(crate) fn open(
        &mut self,
        payload: &[u8],
        message: &mut Vec<u8>,
    ) -> Result<(), GraphicsError> {
        let short = || GraphicsError::Short { message: "segmented data" };
        let mut input = Reader::new(payload);
        match input.u8().ok_or_else(short)? {
            SINGLE => self.open_segment(input.take_rest(), message, MESSAGE_MAX_BYTES)?,
            MULTIPART => {
                let count = input.u16_le().ok_or_else(short)?;
                let declared = input.u32_le().ok_or_else(short)?;
                GraphicsError::check_limit("message length", declared, MESSAGE_MAX_BYTES)?;
                let declared = declared as usize;
                for _ in 0..count {
                    let len = input.u32_le().ok_or_else(short)? as usize;
                    let segment = input.take(len).ok_or_else(short)?;
                    self.open_segment(segment, message, declared)?;
                }
                if message.len() != declared {
                    return Err(GraphicsError::Compression { field: "the length of all segments" });
                }
            }
            _ => return Err(GraphicsError::Compression { field: "the descriptor" }),
        }
        self.remember(message);
        Ok(())
    }

    fn open_segment(
        &self,
        segment: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), GraphicsError> {
        let Some((&header, data)) = segment.split_first() else {
            return Err(GraphicsError::Short { message: "a segment" });
        };
        if header & KIND_MASK != KIND_RDP8 {
            return Err(GraphicsError::Compression { field: "the kind" });
        }
        if header & COMPRESSED != 0 {
            self.decompress(data, message, limit)
        } else {
            GraphicsError::check_limit("message length", message.len() + data.len(), limit)?;
            message.extend_from_slice(data);
            Ok(())
        }
    }

    fn decompress(
        &self,
        data: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), GraphicsError> {
        let Some(mut bits) = Bits::new(data)? else { return Ok(()) };
        while !bits.is_empty() {
            let token = TOKENS.get(bits.peek(PREFIX_BITS)).copied().unwrap_or(Token::NONE);
            bits.skip(token.prefix_bits.into())?;
            match token.kind {
                Kind::Byte => message.push(bits.take(8)? as u8),
                Kind::Frequent(byte) => message.push(byte),
                Kind::Match { bits: count, base } => {
                    let distance = base as usize + bits.take(count.into())?;
                    if distance == 0 {
                        let len = bits.take(15)?;
                        GraphicsError::check_limit("message length", message.len() + len, limit)?;
                        message.extend_from_slice(bits.take_bytes(len)?);
                    } else {
                        let len = bits.take_match_len()?;
                        GraphicsError::check_limit("message length", message.len() + len, limit)?;
                        self.copy(distance, len, message)?;
                    }
                }
                Kind::None => return Err(GraphicsError::Compression { field: "a token" }),
            }
            GraphicsError::check_limit("message length", message.len(), limit)?;
        }
        Ok(())
    }

    /// Appends `len` bytes from `distance` bytes ago; the piece may reach into itself.
    fn copy(
        &self,
        distance: usize,
        mut len: usize,
        message: &mut Vec<u8>,
    ) -> Result<(), GraphicsError> {
        if distance > HISTORY_BYTES {
            return Err(GraphicsError::Compression { field: "a distance" });
        }
        // What lies before this message is in the ring.
        while len > 0 && distance > message.len() {
            let back = distance - message.len();
            let start = (self.end + HISTORY_BYTES - back) % HISTORY_BYTES;
            let run = len.min(back).min(HISTORY_BYTES - start);
            let piece = self.history.get(start..start + run);
            message.extend_from_slice(piece.unwrap_or_default());
            len -= run;
        }
        while len > 0 {
            let start = message.len() - distance;
            let run = len.min(distance);
            message.extend_from_within(start..start + run);
            len -= run;
        }
        Ok(())
    }

    /// Puts the end of `message` into the ring.
    fn remember(&mut self, message: &[u8]) {
        let tail = message.get(message.len().saturating_sub(HISTORY_BYTES)..).unwrap_or_default();
        let (first, rest) = tail.split_at(tail.len().min(HISTORY_BYTES - self.end));
        if let Some(place) = self.history.get_mut(self.end..self.end + first.len()) {
            place.copy_from_slice(first);
        }
        if let Some(place) = self.history.get_mut(..rest.len()) {
            place.copy_from_slice(rest);
        }
        self.end = (self.end + tail.len()) % HISTORY_BYTES;
    }
}

/// What a prefix stands for.
#[derive(Debug, Clone, Copy)]
struct Token {
    prefix_bits: u8,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The next eight bits are a byte.
    Byte,
    /// This byte.
    Frequent(u8),
    /// The next bits and a base are a distance.
    Match { bits: u8, base: u32 },
    /// Nothing has this prefix.
    None,
}

impl Token {
    const NONE: Self = Self { prefix_bits: 0, kind: Kind::None };
}

/// Bytes with a prefix of their own: the prefix, its length, the byte (3.1.9.1.2).
const FREQUENT: [(usize, u8, u8); 25] = [
    (0b11000, 5, 0x00),
    (0b11001, 5, 0x01),
    (0b11_0100, 6, 0x02),
    (0b11_0101, 6, 0x03),
    (0b11_0110, 6, 0xff),
    (0b110_1110, 7, 0x04),
    (0b110_1111, 7, 0x05),
    (0b111_0000, 7, 0x06),
    (0b111_0001, 7, 0x07),
    (0b111_0010, 7, 0x08),
    (0b111_0011, 7, 0x09),
    (0b111_0100, 7, 0x0a),
    (0b111_0101, 7, 0x0b),
    (0b111_0110, 7, 0x3a),
    (0b111_0111, 7, 0x3b),
    (0b111_1000, 7, 0x3c),
    (0b111_1001, 7, 0x3d),
    (0b111_1010, 7, 0x3e),
    (0b111_1011, 7, 0x3f),
    (0b111_1100, 7, 0x40),
    (0b111_1101, 7, 0x80),
    (0b1111_1100, 8, 0x0c),
    (0b1111_1101, 8, 0x38),
    (0b1111_1110, 8, 0x39),
    (0b1111_1111, 8, 0x66),
];

/// Distances: the prefix, its length, the bits that follow, what they are added to (the same).
const MATCHES: [(usize, u8, u8, u32); 14] = [
    (0b10001, 5, 5, 0),
    (0b10010, 5, 7, 32),
    (0b10011, 5, 9, 160),
    (0b10100, 5, 10, 672),
    (0b10101, 5, 12, 1_696),
    (0b10_1100, 6, 14, 5_792),
    (0b10_1101, 6, 15, 22_176),
    (0b101_1100, 7, 18, 54_944),
    (0b101_1101, 7, 20, 317_088),
    (0b1011_1100, 8, 20, 1_365_664),
    (0b1011_1101, 8, 21, 2_414_240),
    (0b1_0111_1100, 9, 22, 4_511_392),
    (0b1_0111_1101, 9, 23, 8_705_696),
    (0b1_0111_1110, 9, 24, 17_094_304),
];

/// By the next [`PREFIX_BITS`] bits.
static TOKENS: [Token; 1 << PREFIX_BITS] = tokens();

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which checks it")]
const fn tokens() -> [Token; 1 << PREFIX_BITS] {
    let mut all = [Token::NONE; 1 << PREFIX_BITS];
    let mut at = 0;
    while at < all.len() / 2 {
        all[at] = Token { prefix_bits: 1, kind: Kind::Byte };
        at += 1;
    }
    let mut next = 0;
    while next < FREQUENT.len() {
        let (prefix, prefix_bits, byte) = FREQUENT[next];
        all = with(all, prefix, Token { prefix_bits, kind: Kind::Frequent(byte) });
        next += 1;
    }
    next = 0;
    while next < MATCHES.len() {
        let (prefix, prefix_bits, bits, base) = MATCHES[next];
        all = with(all, prefix, Token { prefix_bits, kind: Kind::Match { bits, base } });
        next += 1;
    }
    all
}

#[expect(clippy::indexing_slicing, reason = "computed by the compiler, which checks it")]
const fn with(
    mut all: [Token; 1 << PREFIX_BITS],
    prefix: usize,
    token: Token,
) -> [Token; 1 << PREFIX_BITS] {
    let free = PREFIX_BITS - token.prefix_bits as usize;
    let mut at = prefix << free;
    while at < (prefix + 1) << free {
        all[at] = token;
        at += 1;
    }
    all
}

/// Bits of a segment, most significant first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
    /// The first bit that is no more part of it.
    end: usize,
}

impl<'a> Bits<'a> {
    /// `None`: there are none.
    fn new(data: &'a [u8]) -> Result<Option<Self>, GraphicsError> {
        // The last byte says how many bits of the one before it are padding.
        let Some((&unused, bytes)) = data.split_last() else { return Ok(None) };
        let end = (bytes.len() * 8).checked_sub(usize::from(unused & 7));
        let end = end.ok_or(GraphicsError::Compression { field: "the number of unused bits" })?;
        Ok(Some(Self { bytes, at: 0, end }))
    }

    const fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    /// The next `count` bits, at most 24; zeroes where there are none.
    fn peek(&self, count: usize) -> usize {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(chunk) => u32::from_be_bytes(*chunk),
            None => rest
                .iter()
                .zip([24, 16, 8])
                .fold(0, |word, (byte, shift)| word | u32::from(*byte) << shift),
        };
        // At most 7 bits are shifted out, so that at least 25 are left.
        let word = word << (self.at % 8);
        // `count` of 0 would shift by the whole width.
        word.checked_shr(32 - count as u32).unwrap_or(0) as usize
    }

    fn skip(&mut self, count: usize) -> Result<(), GraphicsError> {
        self.at += count;
        if self.at <= self.end {
            Ok(())
        } else {
            Err(GraphicsError::Short { message: "compressed data" })
        }
    }

    fn take(&mut self, count: usize) -> Result<usize, GraphicsError> {
        let value = self.peek(count);
        self.skip(count)?;
        Ok(value)
    }

    /// `len` whole bytes, from the next whole one on.
    fn take_bytes(&mut self, len: usize) -> Result<&'a [u8], GraphicsError> {
        let start = self.at.div_ceil(8);
        self.at = start * 8;
        self.skip(len * 8)?;
        Ok(self.bytes.get(start..start + len).unwrap_or_default())
    }

    /// A length: 3, or a power of two from 4 on, in unary, and as many bits to add.
    fn take_match_len(&mut self) -> Result<usize, GraphicsError> {
        let mut extra = 1;
        while self.take(1)? == 1 {
            extra += 1;
            // A message is not longer than this.
            if extra > 24 {
                return Err(GraphicsError::Compression { field: "a length" });
            }
        }
        if extra == 1 { Ok(3) } else { Ok((1 << extra) + self.take(extra)?) }
    }
}

#[cfg(test)]
#[path = "segments_tests.rs"]
mod tests;
