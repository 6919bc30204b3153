//! How the server's characters are encoded, to and from the terminal's UTF-8.

use bytes::{BufMut, BytesMut};
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use crate::cp437;

/// Characters are decoded this many bytes at a time.
const PIECE_BYTES: usize = 4096;

/// A character set that agrees with ASCII where ASCII has a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cp437,
    Standard(&'static Encoding),
}

/// No character set that can be served has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no character set {0:?} is known; take a name of the WHATWG Encoding Standard, such as utf-8, \
     iso-8859-1 or gbk, or cp437"
)]
pub struct CharsetUnknown(String);

impl Charset {
    /// UTF-8, which is passed on as it is.
    pub const UTF_8: Self = Self(Kind::Standard(UTF_8));

    /// The character set called `name`: `cp437`, or a label of the WHATWG Encoding Standard.
    ///
    /// # Errors
    ///
    /// There is none, or it does not agree with ASCII (UTF-16, ISO-2022-JP), so that telnet cannot
    /// carry it.
    pub fn named(name: &str) -> Result<Self, CharsetUnknown> {
        if ["cp437", "ibm437", "437"].iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Ok(Self(Kind::Cp437));
        }
        let encoding = Encoding::for_label_no_replacement(name.as_bytes());
        let encoding = encoding.filter(|encoding| encoding.is_ascii_compatible());
        let unknown = || CharsetUnknown(name.chars().take(64).collect());
        encoding.map(|encoding| Self(Kind::Standard(encoding))).ok_or_else(unknown)
    }

    /// What it is called in RFC 2066's offers.
    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            Kind::Cp437 => "IBM437",
            Kind::Standard(encoding) => encoding.name(),
        }
    }
}

/// Makes UTF-8 of what the server writes, however it is cut.
pub(crate) enum FromServer {
    /// It is that already; what is not is the terminal's to replace.
    Utf8,
    Cp437,
    Standard(Decoder),
}

impl FromServer {
    pub(crate) fn new(charset: Charset) -> Self {
        match charset.0 {
            Kind::Cp437 => Self::Cp437,
            Kind::Standard(encoding) if encoding == UTF_8 => Self::Utf8,
            Kind::Standard(encoding) => Self::Standard(encoding.new_decoder_without_bom_handling()),
        }
    }

    /// Appends `written` to `text`.
    pub(crate) fn decode(&mut self, written: &[u8], text: &mut BytesMut) {
        match self {
            Self::Utf8 => text.put_slice(written),
            Self::Cp437 => {
                for &byte in written {
                    let upper = cp437::UPPER.get(usize::from(byte).wrapping_sub(128));
                    put_char(text, upper.copied().unwrap_or(char::from(byte)));
                }
            }
            Self::Standard(decoder) => {
                for piece in written.chunks(PIECE_BYTES) {
                    decode_piece(decoder, piece, text);
                }
            }
        }
    }
}

impl std::fmt::Debug for FromServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "Utf8",
            Self::Cp437 => "Cp437",
            Self::Standard(_) => "Standard",
        })
    }
}

fn decode_piece(decoder: &mut Decoder, mut piece: &[u8], text: &mut BytesMut) {
    // Each turn takes a byte at least, for no character needs more room than there is.
    for _ in 0..=piece.len() {
        let mut room = [0; 3 * PIECE_BYTES];
        let (result, taken, made, _replaced) = decoder.decode_to_utf8(piece, &mut room, false);
        text.put_slice(room.get(..made).unwrap_or_default());
        piece = piece.get(taken..).unwrap_or_default();
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

/// Makes of what is typed, which is UTF-8, what the server reads.
#[derive(Debug)]
pub(crate) struct ToServer {
    charset: Charset,
    /// The beginning of a character that has not all been typed; three bytes at most.
    partial: Vec<u8>,
}

impl ToServer {
    pub(crate) const fn new(charset: Charset) -> Self {
        Self { charset, partial: Vec::new() }
    }

    /// Encodes `typed`. A character that the server's set does not have becomes a question mark.
    pub(crate) fn encode(&mut self, typed: &[u8]) -> Vec<u8> {
        if self.charset == Charset::UTF_8 {
            return typed.to_vec();
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(typed);
        let mut encoded = Vec::with_capacity(whole.len());
        let mut chunks = whole.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|character| self.put(character, &mut encoded));
            if chunks.peek().is_none() && may_grow(chunk.invalid()) {
                self.partial = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                encoded.push(b'?');
            }
        }
        encoded
    }

    fn put(&self, character: char, encoded: &mut Vec<u8>) {
        if character.is_ascii() {
            encoded.extend(u8::try_from(character));
            return;
        }
        match self.charset.0 {
            Kind::Cp437 => {
                let position = cp437::UPPER.iter().position(|known| *known == character);
                let byte = position.and_then(|at| u8::try_from(at + 128).ok());
                encoded.push(byte.unwrap_or(b'?'));
            }
            Kind::Standard(encoding) => {
                let mut room = [0; 4];
                let (bytes, _encoding, is_replaced) =
                    encoding.encode(character.encode_utf8(&mut room));
                if is_replaced {
                    encoded.push(b'?');
                } else {
                    encoded.extend_from_slice(&bytes);
                }
            }
        }
    }
}

/// Whether `bytes`, which are no character, may be the beginning of one.
fn may_grow(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn put_char(text: &mut BytesMut, character: char) {
    text.put_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
#[path = "charset_tests.rs"]
mod tests;
