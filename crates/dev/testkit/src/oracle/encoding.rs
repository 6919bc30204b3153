//! One rectangle of one encoding, so that a fuzzer need not find the way to it.

use std::io::Write as _;

use arbitrary::{Arbitrary, Result, Unstructured};
use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::CutStream;
use super::rfb::{DESKTOP, check_cuts, opening};

/// Numbers of the pseudo-encodings of a pointer's picture: with a mask, in two colours, with alpha.
pub const CURSORS: [i32; 3] = [-239, -240, -314];

/// Number of the encoding that passes H.264 through.
pub const H264: i32 = 50;

/// How a body is packed before the server sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Packing {
    /// It is what arrives.
    Plain,
    /// A zlib stream of it, behind its length in four bytes: Zlib and ZRLE.
    Zlib,
    /// A few bytes as they are, and a zlib stream of the rest behind its length in one to three
    /// bytes: Tight.
    Compact,
    /// The same, but the rest is a file that needs no zlib: JPEG and PNG in Tight.
    File,
}

/// An update with one rectangle, sent twice, so that streams which live on are met again.
///
/// As a fuzz input: which of the target's encodings, packing, bytes left as they are, x, y,
/// columns, rows, one byte each but the packing (four); the length of the first piece (two bytes);
/// then the body.
#[derive(Debug, Clone)]
pub struct EncodingCase {
    which: u8,
    packing: Packing,
    head_len: u8,
    /// X, y, columns and rows.
    place: [u8; 4],
    first_piece_len: u16,
    body: Vec<u8>,
}

impl<'a> Arbitrary<'a> for EncodingCase {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let len = input.arbitrary_len::<u8>()?;
        Self::arbitrary_take_rest(Unstructured::new(input.bytes(len)?))
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        Ok(Self {
            which: input.arbitrary()?,
            packing: input.arbitrary()?,
            head_len: input.arbitrary()?,
            place: input.arbitrary()?,
            first_piece_len: input.arbitrary()?,
            body: input.take_rest().to_vec(),
        })
    }
}

impl EncodingCase {
    fn update(&self, encoding: i32, packer: &mut Packer) -> Vec<u8> {
        let [x, y, width, height] = self.place.map(u16::from);
        let mut bytes = vec![0, 0, 0, 1];
        for value in [x, y, width, height] {
            bytes.extend(value.to_be_bytes());
        }
        bytes.extend(encoding.to_be_bytes());
        let (head, rest) = self.body.split_at(usize::from(self.head_len).min(self.body.len()));
        match self.packing {
            Packing::Plain => bytes.extend(&self.body),
            Packing::Zlib => {
                let packed = packer.pack(&self.body);
                bytes.extend(u32::try_from(packed.len()).unwrap_or(u32::MAX).to_be_bytes());
                bytes.extend(packed);
            }
            Packing::Compact => {
                // Tight's low bits reset streams, and the next bytes must open one.
                if head.first().is_some_and(|control| control & 0xF != 0) {
                    *packer = Packer::default();
                }
                let packed = packer.pack(rest);
                bytes.extend(head);
                bytes.extend(compact_length(packed.len()));
                bytes.extend(packed);
            }
            Packing::File => {
                bytes.extend(head);
                bytes.extend(compact_length(rest.len()));
                bytes.extend(rest);
            }
        }
        bytes
    }
}

/// A rectangle in one of `encodings` is decoded the same however it is cut, or refused.
///
/// # Panics
///
/// When not.
pub fn rfb_encoding(case: &EncodingCase, encodings: &[i32]) {
    let Some(encoding) = encodings.iter().cycle().nth(case.which.into()) else { return };
    let mut packer = Packer::default();
    let updates = [case.update(*encoding, &mut packer), case.update(*encoding, &mut packer)];
    let stream = CutStream::new(updates.concat(), vec![case.first_piece_len, 1, 1]);
    check_cuts(&stream, &opening(DESKTOP));
}

/// A server's end of a zlib stream that spans the connection. Most cases need none, and one takes
/// hundreds of kilobytes, so it is opened when first used.
#[derive(Default)]
pub(super) struct Packer(Option<ZlibEncoder<Vec<u8>>>);

impl Packer {
    /// The stream's next bytes, which hold `plain`.
    pub(super) fn pack(&mut self, plain: &[u8]) -> Vec<u8> {
        let stream =
            self.0.get_or_insert_with(|| ZlibEncoder::new(Vec::new(), Compression::fast()));
        stream.write_all(plain).expect("a vector takes everything");
        // Flushed, not finished: servers keep their streams open.
        stream.flush().expect("a vector takes everything");
        std::mem::take(stream.get_mut())
    }
}

/// Seven bits at a time, the lowest first; the third byte holds eight.
fn compact_length(len: usize) -> Vec<u8> {
    let [low, middle, high, ..] =
        [len & 0x7F, len >> 7 & 0x7F, len >> 14 & 0xFF].map(|part| part.to_le_bytes()[0]);
    match len {
        0..0x80 => vec![low],
        0x80..0x4000 => vec![low | 0x80, middle],
        _ => vec![low | 0x80, middle | 0x80, high],
    }
}
