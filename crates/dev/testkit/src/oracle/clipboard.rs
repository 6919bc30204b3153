//! Clipboard messages, so that a fuzzer need not find zlib streams.

use arbitrary::{Arbitrary, Result, Unstructured};

use super::CutStream;
use super::encoding::Packer;
use super::rfb::{DESKTOP, check_cuts, opening};

/// Type of a `ServerCutText`.
const SERVER_CUT_TEXT: u8 = 3;

/// A clipboard message that a server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Kind {
    /// Text in Latin-1.
    Plain,
    /// The length is a lie: the next four bytes of the input.
    Liar,
    /// Flags, and the text as their body.
    Extended,
    /// Flags, and a zlib stream of the text.
    Deflated,
    /// Flags, and a zlib stream of the text behind its length, as a server provides it.
    Provided,
}

/// Clipboard messages, one after the other.
///
/// As a fuzz input: the length of the first piece (two bytes); then for each message its kind
/// (four bytes), actions, formats and the length of its text (one byte each), and the text.
#[derive(Debug, Clone)]
pub struct ClipboardCase {
    first_piece_len: u16,
    messages: Vec<u8>,
}

impl<'a> Arbitrary<'a> for ClipboardCase {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let len = input.arbitrary_len::<u8>()?;
        Self::arbitrary_take_rest(Unstructured::new(input.bytes(len)?))
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        let first_piece_len = input.arbitrary()?;
        let mut messages = Vec::new();
        while !input.is_empty() {
            put_message(&mut input, &mut messages)?;
        }
        Ok(Self { first_piece_len, messages })
    }
}

fn put_message(input: &mut Unstructured<'_>, out: &mut Vec<u8>) -> Result<()> {
    let kind = input.arbitrary()?;
    let [actions, formats, len]: [u8; 3] = input.arbitrary()?;
    let text = input.bytes(usize::from(len).min(input.len()))?;
    // Each message has a stream of its own.
    let deflate = |plain: &[u8]| Packer::default().pack(plain);
    let extended = |packed: &[u8]| [&[actions, 0, 0, formats], packed].concat();
    let body = match kind {
        Kind::Plain | Kind::Liar => text.to_vec(),
        Kind::Extended => extended(text),
        Kind::Deflated => extended(&deflate(text)),
        Kind::Provided => extended(&deflate(&[&[0, 0, 0, len], text].concat())),
    };
    // At most a few hundred bytes.
    let body_len = i32::try_from(body.len()).unwrap_or(i32::MAX);
    let said = match kind {
        Kind::Plain => body_len,
        Kind::Liar => input.arbitrary()?,
        Kind::Extended | Kind::Deflated | Kind::Provided => -body_len,
    };
    out.extend([SERVER_CUT_TEXT, 0, 0, 0]);
    out.extend(said.to_be_bytes());
    out.extend(body);
    Ok(())
}

/// Clipboard messages mean the same however they are cut, or are refused.
///
/// # Panics
///
/// When not.
pub fn rfb_clipboard(case: &ClipboardCase) {
    let stream = CutStream::new(case.messages.clone(), vec![case.first_piece_len, 1, 1]);
    check_cuts(&stream, &opening(DESKTOP));
}
