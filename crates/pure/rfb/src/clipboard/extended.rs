//! The body of extended clipboard messages.
//!
//! A message is 32 bits of flags and what they call for; each format goes as a 32-bit length and
//! its bytes, all of them in one zlib stream. Of the formats we serve text (UTF-8, lines ended by
//! `\r\n`, a zero byte at the end) and HTML. Not RTF, which browsers neither give to a page nor take
//! from one; not bitmaps, which come unpacked and would pass the limit on anything larger than an
//! icon; not files, which the specification does not define.

use bytes::BufMut;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use porthole_wire::Reader;

use super::html::{self, AROUND_MAX_BYTES};
use super::latin1::unify_lines;
use crate::RfbError;
use crate::limits::deflated_max;

/// Format: text.
pub(super) const TEXT: u32 = 1;
/// Format: HTML, as Windows has it.
pub(super) const HTML: u32 = 1 << 2;
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

    /// Whether the server takes HTML.
    pub(super) const fn takes_html(&self) -> bool {
        self.flags & HTML != 0
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
pub(super) fn our_capabilities(formats: u32, max_bytes: usize) -> (u32, Vec<u8>) {
    let flags = formats | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    let size = u32::try_from(max_bytes).unwrap_or(u32::MAX).to_be_bytes();
    (flags, size.repeat(formats.count_ones() as usize))
}

/// What the server provided, of what is of use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Provided {
    /// With `\n` at the end of lines.
    pub(super) text: Option<String>,
    /// A fragment.
    pub(super) html: Option<String>,
    /// The first format that is too long has this many bytes. What follows it is lost, since it
    /// can be reached only through it.
    pub(super) too_long: Option<u64>,
}

/// Inflates those of the formats in `flags` that are in `wanted`, each of at most `max_bytes` bytes.
/// They come one after the other, the lowest bit first.
///
/// # Errors
///
/// The zlib stream is corrupt, or ends early.
pub(super) fn read_formats(
    flags: u32,
    deflated: &[u8],
    wanted: u32,
    max_bytes: usize,
) -> Result<Provided, RfbError> {
    let mut provided = Provided::default();
    let mut stream = Decompress::new(true);
    let mut input = Reader::new(deflated);
    let mut left = flags & FORMATS & wanted;
    let formats = (0..16).map(|bit| 1 << bit).filter(|format| flags & format != 0);
    for format in formats {
        if left == 0 {
            break;
        }
        let mut head = [0; 4];
        inflate(&mut stream, &mut input, &mut head)?;
        let len = u32::from_be_bytes(head);
        let around = if format == HTML { AROUND_MAX_BYTES } else { 1 };
        let Some(len) =
            usize::try_from(len).ok().filter(|len| *len <= max_bytes.saturating_add(around))
        else {
            provided.too_long = Some(len.into());
            break;
        };
        // One that is of no use has to be inflated too, to get to the next.
        let mut bytes = vec![0; len];
        inflate(&mut stream, &mut input, &mut bytes)?;
        match format & wanted {
            TEXT => provided.text = Some(decode_text(bytes)),
            HTML => provided.html = Some(html::decode(&bytes)),
            _ => {}
        }
        left &= !format;
    }
    Ok(provided)
}

fn decode_text(mut bytes: Vec<u8>) -> String {
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    unify_lines(String::from_utf8_lossy(&bytes).into_owned())
}

/// Fills `output`, and takes what that takes of `input`.
fn inflate(
    stream: &mut Decompress,
    input: &mut Reader<'_>,
    output: &mut [u8],
) -> Result<(), RfbError> {
    if output.is_empty() {
        return Ok(());
    }
    let (taken, given) = (stream.total_in(), stream.total_out());
    let corrupt = RfbError::Inflate { encoding: NAME };
    let deflated = input.clone().take_rest();
    // One call suffices: it stops when either side is exhausted.
    stream.decompress(deflated, output, FlushDecompress::None).map_err(|_corrupt| corrupt)?;
    if stream.total_out() - given < output.len() as u64 {
        return Err(RfbError::ShortData { encoding: NAME });
    }
    input.take(usize::try_from(stream.total_in() - taken).unwrap_or(usize::MAX));
    Ok(())
}

/// The body that provides `text` and `html`, as far as they are given. `None` when zlib fails,
/// which it has no reason to.
pub(super) fn deflate(text: Option<&str>, html: Option<&str>) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    for bytes in [text.map(encode_text), html.map(html::encode)].into_iter().flatten() {
        plain.put_u32(u32::try_from(bytes.len()).ok()?);
        plain.put_slice(&bytes);
    }
    let room = usize::try_from(deflated_max(plain.len() as u64)).ok()?;
    let mut body = Vec::with_capacity(room);
    let mut stream = Compress::new(Compression::fast(), true);
    // The stream is flushed and never finished: LibVNCServer takes the end of the stream for
    // an error.
    stream.compress_vec(&plain, &mut body, FlushCompress::Sync).ok()?;
    // With room left over, nothing is still inside.
    (stream.total_in() == plain.len() as u64 && body.len() < body.capacity()).then_some(body)
}

fn encode_text(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len() + 1);
    let mut before = 0;
    for byte in text.bytes() {
        if byte == b'\n' && before != b'\r' {
            plain.push(b'\r');
        }
        plain.push(byte);
        before = byte;
    }
    plain.push(0);
    plain
}

#[cfg(test)]
mod tests {
    use super::{Capabilities, HTML, NOTIFY, PROVIDE, Provided, TEXT, deflate, read_formats};
    use crate::RfbError;

    fn text_of(body: &[u8], max_bytes: usize) -> Result<Provided, RfbError> {
        read_formats(PROVIDE | TEXT, body, TEXT | HTML, max_bytes)
    }

    fn text(text: &str) -> Provided {
        Provided { text: Some(text.into()), ..Provided::default() }
    }

    #[test]
    fn text_survives_the_round_trip() {
        for words in ["", "plain", "two\nlines\n", "\u{65e5}\u{672c}\u{8a9e} \u{1f600}"] {
            let body = deflate(Some(words), None).unwrap();
            assert_eq!(text_of(&body, 1000), Ok(text(words)));
            // The last bytes are the marker of the flush, without which nothing is missing.
            for cut in 0..body.len() - 8 {
                assert!(text_of(&body[..cut], 1000).is_err(), "{words:?} at {cut}");
            }
        }
    }

    #[test]
    fn formats_come_lowest_bit_first_and_unwanted_ones_are_passed_over() {
        let both = deflate(Some("eins"), Some("<b>eins</b>")).unwrap();
        let flags = TEXT | HTML;
        let want = Provided {
            text: Some("eins".into()),
            html: Some("<b>eins</b>".into()),
            too_long: None,
        };
        assert_eq!(read_formats(flags, &both, flags, 100), Ok(want));
        assert_eq!(read_formats(flags, &both, TEXT, 100), Ok(text("eins")));
        // The first is RTF in its server's words.
        let html = Provided { html: Some("<b>eins</b>".into()), ..Provided::default() };
        assert_eq!(read_formats(2 | HTML, &both, flags, 100).as_ref(), Ok(&html));
        let alone = deflate(None, Some("<b>eins</b>")).unwrap();
        assert_eq!(read_formats(HTML | 8, &alone, flags, 100), Ok(html));
        let long = deflate(Some("eins"), Some(&"x".repeat(2000))).unwrap();
        let read = read_formats(flags, &long, flags, 100).unwrap();
        assert_eq!((read.text.as_deref(), read.html), (Some("eins"), None));
        assert!(read.too_long.is_some());
    }

    #[test]
    fn a_long_text_is_not_inflated() {
        let body = deflate(Some(&"x".repeat(100)), None).unwrap();
        assert_eq!(text_of(&body, 100), Ok(text(&"x".repeat(100))));
        let too_long = Provided { too_long: Some(101), ..Provided::default() };
        assert_eq!(text_of(&body, 99), Ok(too_long));
        let corrupt = Err(RfbError::Inflate { encoding: super::NAME });
        assert_eq!(text_of(b"not zlib at all", 99), corrupt);
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
