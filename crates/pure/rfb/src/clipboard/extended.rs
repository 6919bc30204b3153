//! The body of extended clipboard messages.
//!
//! A message is 32 bits of flags and what they call for; each format goes as a 32-bit length and
//! its bytes, all of them in one zlib stream. Of the formats we serve text (UTF-8, lines ended by
//! `\r\n`, a zero byte at the end), HTML and bitmaps. Not RTF, which browsers neither give to a page
//! nor take from one; not files, which the specification does not define.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use porthole_clipboard::dib::DIB_MAX_BYTES;
use porthole_clipboard::html::{self, AROUND_MAX_BYTES};
use porthole_wire::Reader;

use super::latin1::unify_lines;
use crate::RfbError;
use crate::limits::deflated_max;

/// Format: text.
pub(super) const TEXT: u32 = 1;
/// Format: HTML, as Windows has it.
pub(super) const HTML: u32 = 1 << 2;
/// Format: a device-independent bitmap.
pub(super) const DIB: u32 = 1 << 3;
/// The formats that we serve.
pub(super) const SERVED: u32 = TEXT | HTML | DIB;
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

    /// The formats that the server takes, of those that we serve.
    pub(super) const fn formats(&self) -> u32 {
        self.flags & SERVED
    }

    /// Whether the server asks for what it was told of.
    pub(super) const fn asks(&self) -> bool {
        self.flags & NOTIFY != 0
    }

    /// Whether `text` may be provided without being asked for: it is short enough, or the
    /// server knows no notifications and so would never ask.
    pub(super) fn takes_unasked(&self, text: &str) -> bool {
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let len = (text.len() + lines + 1) as u64;
        self.flags & PROVIDE != 0 && (len <= u64::from(self.text_max_bytes) || !self.asks())
    }
}

/// What we answer to the server's capabilities: flags, and how much of each format we take unasked.
/// No bitmap: one is asked for.
pub(super) fn our_capabilities(max_bytes: usize) -> (u32, Vec<u8>) {
    let flags = SERVED | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    let size = u32::try_from(max_bytes).unwrap_or(u32::MAX).to_be_bytes();
    (flags, [size, size, [0; 4]].concat())
}

/// What the server provided, of what is of use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Provided {
    /// With `\n` at the end of lines.
    pub(super) text: Option<String>,
    /// A fragment.
    pub(super) html: Option<String>,
    /// A bitmap, as it came.
    pub(super) dib: Option<Vec<u8>>,
    /// The first format that is too long has this many bytes. What follows it is lost, since it
    /// can be reached only through it.
    pub(super) too_long: Option<u64>,
}

/// Inflates those of the formats in `flags` that we serve: text and HTML of at most `max_bytes` bytes
/// each, a bitmap of at most [`DIB_MAX_BYTES`]. They come one after the other, the lowest bit first.
///
/// # Errors
///
/// The zlib stream is corrupt, or ends early.
pub(super) fn read_formats(
    flags: u32,
    deflated: &[u8],
    max_bytes: usize,
) -> Result<Provided, RfbError> {
    let mut provided = Provided::default();
    let mut stream = Decompress::new(true);
    let mut input = Reader::new(deflated);
    let mut left = flags & SERVED;
    let formats = (0..16).map(|bit| 1 << bit).filter(|format| flags & format != 0);
    for format in formats {
        if left == 0 {
            break;
        }
        let mut head = [0; 4];
        inflate(&mut stream, &mut input, &mut head)?;
        let len = u32::from_be_bytes(head);
        let limit = match format {
            DIB => DIB_MAX_BYTES,
            HTML => max_bytes.saturating_add(AROUND_MAX_BYTES),
            _ => max_bytes.saturating_add(1),
        };
        let Some(len) = usize::try_from(len).ok().filter(|len| *len <= limit) else {
            provided.too_long = Some(len.into());
            break;
        };
        // One that is of no use has to be inflated too, to get to the next.
        let mut bytes = vec![0; len];
        inflate(&mut stream, &mut input, &mut bytes)?;
        match format {
            TEXT => provided.text = Some(decode_text(bytes)),
            HTML => provided.html = Some(html::decode(&bytes)),
            DIB => provided.dib = Some(bytes),
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

/// The body that provides `formats`, which are in the order of their bits. `None` when zlib fails,
/// which it has no reason to.
pub(super) fn deflate(formats: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut stream = Compress::new(Compression::fast(), true);
    for plain in formats {
        let len = u32::try_from(plain.len()).ok()?.to_be_bytes();
        put_deflated(&mut stream, &len, FlushCompress::None, &mut body)?;
        put_deflated(&mut stream, plain, FlushCompress::None, &mut body)?;
    }
    // The stream is flushed and never finished: LibVNCServer takes the end of the stream for
    // an error.
    put_deflated(&mut stream, &[], FlushCompress::Sync, &mut body)?;
    Some(body)
}

/// Deflates all of `plain` onto the end of `body`.
fn put_deflated(
    stream: &mut Compress,
    plain: &[u8],
    flush: FlushCompress,
    body: &mut Vec<u8>,
) -> Option<()> {
    let start = stream.total_in();
    loop {
        let taken = usize::try_from(stream.total_in() - start).ok()?;
        let rest = plain.get(taken..)?;
        body.reserve(usize::try_from(deflated_max(rest.len().min(1 << 20) as u64)).ok()?);
        stream.compress_vec(rest, body, flush).ok()?;
        let is_taken = stream.total_in() - start == plain.len() as u64;
        // With room left over, nothing is still inside.
        if is_taken && body.len() < body.capacity() {
            return Some(());
        }
    }
}

/// Text as it is provided.
pub(super) fn encode_text(text: &str) -> Vec<u8> {
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
    use super::{
        Capabilities, DIB, DIB_MAX_BYTES, HTML, NOTIFY, PROVIDE, Provided, TEXT, deflate,
        encode_text, html, read_formats,
    };
    use crate::RfbError;

    fn text_of(body: &[u8], max_bytes: usize) -> Result<Provided, RfbError> {
        read_formats(PROVIDE | TEXT, body, max_bytes)
    }

    fn text(text: &str) -> Provided {
        Provided { text: Some(text.into()), ..Provided::default() }
    }

    #[test]
    fn text_survives_the_round_trip() {
        for words in ["", "plain", "two\nlines\n", "\u{65e5}\u{672c}\u{8a9e} \u{1f600}"] {
            let body = deflate(&[encode_text(words)]).unwrap();
            assert_eq!(text_of(&body, 1000), Ok(text(words)));
            // The last bytes are the marker of the flush, without which nothing is missing.
            for cut in 0..body.len() - 8 {
                assert!(text_of(&body[..cut], 1000).is_err(), "{words:?} at {cut}");
            }
        }
    }

    #[test]
    fn formats_come_lowest_bit_first_and_unserved_ones_are_passed_over() {
        let (eins, bold) = (encode_text("eins"), html::encode("<b>eins</b>"));
        let all = deflate(&[eins.clone(), bold.clone(), vec![1, 2, 3]]).unwrap();
        let want = Provided {
            text: Some("eins".into()),
            html: Some("<b>eins</b>".into()),
            dib: Some(vec![1, 2, 3]),
            too_long: None,
        };
        assert_eq!(read_formats(TEXT | HTML | DIB, &all, 100), Ok(want));
        assert_eq!(read_formats(TEXT, &all, 100), Ok(text("eins")));
        // The first is RTF in its server's words.
        let both = deflate(&[eins.clone(), bold.clone()]).unwrap();
        let html = Provided { html: Some("<b>eins</b>".into()), ..Provided::default() };
        assert_eq!(read_formats(2 | HTML, &both, 100), Ok(html));
        let long = deflate(&[eins, html::encode(&"x".repeat(2000))]).unwrap();
        let read = read_formats(TEXT | HTML, &long, 100).unwrap();
        assert_eq!((read.text.as_deref(), read.html), (Some("eins"), None));
        assert!(read.too_long.is_some());
    }

    #[test]
    fn a_long_format_is_not_inflated() {
        let body = deflate(&[encode_text(&"x".repeat(100))]).unwrap();
        assert_eq!(text_of(&body, 100), Ok(text(&"x".repeat(100))));
        let too_long = Provided { too_long: Some(101), ..Provided::default() };
        assert_eq!(text_of(&body, 99), Ok(too_long));
        let corrupt = Err(RfbError::Inflate { encoding: super::NAME });
        assert_eq!(text_of(b"not zlib at all", 99), corrupt);
        let huge = deflate(&[vec![0; DIB_MAX_BYTES + 1]]).unwrap();
        assert!(huge.len() < 1 << 20);
        let too_long = Some(DIB_MAX_BYTES as u64 + 1);
        assert_eq!(read_formats(DIB, &huge, 99).unwrap().too_long, too_long);
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
