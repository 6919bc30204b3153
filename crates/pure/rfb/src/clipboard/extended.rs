//! The body of extended clipboard messages.
//!
//! A message is 32 bits of flags and what they call for. Of the formats we serve text only:
//! UTF-8, lines ended by `\r\n`, a zero byte at the end; each format goes as a 32-bit length
//! and its bytes, all of them in one zlib stream.

use bytes::BufMut;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use porthole_wire::Reader;

use super::latin1::unify_lines;
use crate::RfbError;
use crate::limits::deflated_max;

/// Format: text.
pub(super) const TEXT: u32 = 1;
/// Action: what the sender understands, and how much it takes unasked.
pub(super) const CAPS: u32 = 1 << 24;
/// Action: send these formats.
pub(super) const REQUEST: u32 = 1 << 25;
/// Action: say what there is.
pub(super) const PEEK: u32 = 1 << 26;
/// Action: there are these formats.
pub(super) const NOTIFY: u32 = 1 << 27;
/// Action: here they are.
pub(super) const PROVIDE: u32 = 1 << 28;

const NAME: &str = "extended clipboard";

/// Formats have the lowest sixteen bits.
const FORMATS: u32 = 0xffff;

/// What the server understands.
#[derive(Debug)]
pub(super) struct Capabilities {
    flags: u32,
    /// Longest text that it takes unasked, in bytes with its end. 0: none.
    text_max_bytes: u32,
}

impl Capabilities {
    /// Reads the sizes that follow `flags`: one for each format, lowest bit first. Those that
    /// are missing count as 0.
    pub(super) fn read(flags: u32, sizes: &mut Reader<'_>) -> Self {
        let text_max_bytes = if flags & FORMATS & TEXT == 0 { None } else { sizes.u32_be() };
        Self { flags, text_max_bytes: text_max_bytes.unwrap_or(0) }
    }

    /// Whether `text` may be provided without being asked for: it is short enough, or the
    /// server knows no notifications and so would never ask.
    pub(super) fn takes_unasked(&self, text: &str) -> bool {
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let len = (text.len() + lines + 1) as u64;
        self.flags & PROVIDE != 0
            && (len <= u64::from(self.text_max_bytes) || self.flags & NOTIFY == 0)
    }
}

/// What we answer to the server's capabilities: flags and body.
pub(super) fn our_capabilities(text_max_bytes: usize) -> (u32, [u8; 4]) {
    let flags = TEXT | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    (flags, u32::try_from(text_max_bytes).unwrap_or(u32::MAX).to_be_bytes())
}

/// What the server provided.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Provided {
    /// With `\n` at the end of lines.
    Text(String),
    /// It would have this many bytes.
    TooLong(u64),
}

/// Inflates the text that comes first in `deflated`, if it has at most `max_bytes` bytes.
///
/// # Errors
///
/// The zlib stream is corrupt, or ends early.
pub(super) fn read_text(deflated: &[u8], max_bytes: usize) -> Result<Provided, RfbError> {
    let mut stream = Decompress::new(true);
    let mut head = [0; 4];
    let taken = inflate(&mut stream, deflated, &mut head)?;
    let len = u32::from_be_bytes(head);
    let Some(len) = usize::try_from(len).ok().filter(|len| *len <= max_bytes.saturating_add(1))
    else {
        return Ok(Provided::TooLong(len.into()));
    };
    let mut bytes = vec![0; len];
    inflate(&mut stream, deflated.get(taken..).unwrap_or(&[]), &mut bytes)?;
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(Provided::Text(unify_lines(String::from_utf8_lossy(&bytes).into_owned())))
}

/// Fills `output`, and says how many bytes of `input` that took.
fn inflate(stream: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<usize, RfbError> {
    let (taken, given) = (stream.total_in(), stream.total_out());
    let corrupt = RfbError::Inflate { encoding: NAME };
    // One call suffices: it stops when either side is exhausted.
    stream.decompress(input, output, FlushDecompress::None).map_err(|_corrupt| corrupt)?;
    if stream.total_out() - given < output.len() as u64 {
        return Err(RfbError::ShortData { encoding: NAME });
    }
    Ok(usize::try_from(stream.total_in() - taken).unwrap_or(usize::MAX))
}

/// The body that provides `text`. `None` when zlib fails, which it has no reason to.
pub(super) fn deflate_text(text: &str) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len() + 5);
    plain.put_u32(0);
    let mut before = 0;
    for byte in text.bytes() {
        if byte == b'\n' && before != b'\r' {
            plain.push(b'\r');
        }
        plain.push(byte);
        before = byte;
    }
    plain.push(0);
    let len = u32::try_from(plain.len() - 4).ok()?;
    plain.first_chunk_mut::<4>()?.copy_from_slice(&len.to_be_bytes());

    let room = usize::try_from(deflated_max(plain.len() as u64)).ok()?;
    let mut body = Vec::with_capacity(room);
    let mut stream = Compress::new(Compression::fast(), true);
    // The stream is flushed and never finished: LibVNCServer takes the end of the stream for
    // an error.
    stream.compress_vec(&plain, &mut body, FlushCompress::Sync).ok()?;
    // With room left over, nothing is still inside.
    (stream.total_in() == plain.len() as u64 && body.len() < body.capacity()).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, NOTIFY, PROVIDE, Provided, TEXT, deflate_text, read_text};
    use crate::RfbError;

    #[test]
    fn text_survives_the_round_trip() {
        for text in ["", "plain", "two\nlines\n", "\u{65e5}\u{672c}\u{8a9e} \u{1f600}"] {
            let body = deflate_text(text).unwrap();
            assert_eq!(read_text(&body, 1000), Ok(Provided::Text(text.into())));
            // The last bytes are the marker of the flush, without which nothing is missing.
            for cut in 0..body.len() - 8 {
                assert!(read_text(&body[..cut], 1000).is_err(), "{text:?} at {cut}");
            }
        }
    }

    #[test]
    fn a_long_text_is_not_inflated() {
        let body = deflate_text(&"x".repeat(100)).unwrap();
        assert_eq!(read_text(&body, 100), Ok(Provided::Text("x".repeat(100))));
        assert_eq!(read_text(&body, 99), Ok(Provided::TooLong(101)));
        let corrupt = Err(RfbError::Inflate { encoding: super::NAME });
        assert_eq!(read_text(b"not zlib at all", 99), corrupt);
    }

    #[test]
    fn short_text_goes_unasked() {
        let with = |flags, text_max_bytes| Capabilities { flags, text_max_bytes };
        assert!(!with(TEXT | NOTIFY | PROVIDE, 0).takes_unasked("a"));
        assert!(with(TEXT | NOTIFY | PROVIDE, 4).takes_unasked("a\n"));
        assert!(!with(TEXT | NOTIFY | PROVIDE, 3).takes_unasked("a\n"));
        assert!(with(TEXT | PROVIDE, 0).takes_unasked("a\n"));
        assert!(!with(TEXT | NOTIFY, 100).takes_unasked("a"));
    }
}
