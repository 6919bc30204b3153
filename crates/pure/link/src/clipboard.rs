//! Clipboard content, cut into records and joined again.
//!
//! Content may be megabytes, and frames go over the same socket: it is cut, so that a frame waits
//! for one part at most.

use std::collections::VecDeque;
use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use porthole_wire::Reader;

use crate::LinkError;

/// Bit of the format byte: this part goes on with the content of the record before it.
const CONTINUES: u8 = 1 << 6;
/// Bit of the format byte: more of this content follows.
const MORE: u8 = 1 << 7;
const FORMATS: u8 = CONTINUES - 1;

/// What clipboard data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClipboardFormat {
    /// UTF-8 text with `\n` at the end of lines.
    Text = 1,
    /// An HTML fragment in UTF-8.
    Html = 2,
    /// A PNG file.
    Png = 3,
}

/// The body of one Clipboard record.
#[derive(Clone, PartialEq, Eq)]
pub struct ClipboardPart {
    /// `None`: a format that this version does not know.
    pub format: Option<ClipboardFormat>,
    /// It goes on with the content of the record before it; else it begins another.
    pub continues: bool,
    /// More of this content follows.
    pub more: bool,
    /// Some of the data in this format.
    pub data: Bytes,
}

impl ClipboardPart {
    pub(crate) fn put(&self, out: &mut BytesMut) {
        let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let format = self.format.map_or(0, |format| format as u8);
        out.put_u8(format | bit(self.continues, CONTINUES) | bit(self.more, MORE));
        out.put_slice(&self.data);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, LinkError> {
        let byte = input.u8().ok_or(LinkError::Short { name: "clipboard" })?;
        let format = match byte & FORMATS {
            1 => Some(ClipboardFormat::Text),
            2 => Some(ClipboardFormat::Html),
            3 => Some(ClipboardFormat::Png),
            _ => None,
        };
        let data = Bytes::copy_from_slice(input.take_rest());
        Ok(Self { format, continues: byte & CONTINUES != 0, more: byte & MORE != 0, data })
    }
}

impl fmt::Debug for ClipboardPart {
    /// Without the data: people copy passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, continues, more, data } = self;
        write!(f, "ClipboardPart({format:?}, {continues}, {more}, {} bytes)", data.len())
    }
}

/// One clipboard's content in every format that there is of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ClipboardContent {
    /// Plain text; `\n` ends lines.
    pub text: Option<String>,
    /// An HTML fragment.
    pub html: Option<String>,
    /// A PNG file.
    pub png: Option<Bytes>,
}

impl fmt::Debug for ClipboardContent {
    /// Lengths alone: people copy passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClipboardContent")
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("html_bytes", &self.html.as_ref().map(String::len))
            .field("png_bytes", &self.png.as_ref().map(Bytes::len))
            .finish()
    }
}

/// Cuts one content into parts. A clone shares the data.
#[derive(Debug, Clone)]
pub struct ClipboardParts {
    left: VecDeque<(ClipboardFormat, Bytes)>,
    has_begun: bool,
}

impl ClipboardParts {
    /// Nothing of `content` is cut off yet.
    pub fn new(content: ClipboardContent) -> Self {
        let ClipboardContent { text, html, png } = content;
        let formats = [
            (ClipboardFormat::Text, text.map(Bytes::from)),
            (ClipboardFormat::Html, html.map(Bytes::from)),
            (ClipboardFormat::Png, png),
        ];
        let left = formats.into_iter().filter_map(|(format, data)| Some((format, data?))).collect();
        Self { left, has_begun: false }
    }

    /// Bytes that are left, in all formats.
    pub fn len_bytes(&self) -> usize {
        self.left.iter().map(|(_, data)| data.len()).sum()
    }

    /// The next part, of at most `max_bytes` bytes of data, at least one. `None`: that was all.
    pub fn next(&mut self, max_bytes: usize) -> Option<ClipboardPart> {
        let (format, data) = self.left.front_mut()?;
        let (format, part) = (*format, data.split_to(data.len().min(max_bytes.max(1))));
        if data.is_empty() {
            self.left.pop_front();
        }
        let continues = std::mem::replace(&mut self.has_begun, true);
        let more = !self.left.is_empty();
        Some(ClipboardPart { format: Some(format), continues, more, data: part })
    }
}

/// Joins parts to content.
#[derive(Default)]
pub struct ClipboardJoiner {
    /// Content has begun, and nothing was wrong with it.
    is_open: bool,
    text: Option<BytesMut>,
    html: Option<BytesMut>,
    png: Option<BytesMut>,
}

impl ClipboardJoiner {
    /// Takes a part; content once its last one is there. A part that goes on with nothing is
    /// ignored. At most `max_bytes` of each format are held.
    ///
    /// # Errors
    ///
    /// [`LinkError::OverLimit`] for a format that is longer, and [`LinkError::NotText`]. The rest of
    /// the content is ignored.
    pub fn push(
        &mut self,
        part: &ClipboardPart,
        max_bytes: usize,
    ) -> Result<Option<ClipboardContent>, LinkError> {
        if !part.continues {
            *self = Self { is_open: true, ..Self::default() };
        }
        if !self.is_open {
            return Ok(None);
        }
        let held = match part.format {
            Some(ClipboardFormat::Text) => Some(&mut self.text),
            Some(ClipboardFormat::Html) => Some(&mut self.html),
            Some(ClipboardFormat::Png) => Some(&mut self.png),
            None => None,
        };
        if let Some(held) = held {
            let held = held.get_or_insert_default();
            let value = held.len() + part.data.len();
            if value > max_bytes {
                *self = Self::default();
                return Err(LinkError::OverLimit { field: "clipboard", value, limit: max_bytes });
            }
            held.extend_from_slice(&part.data);
        }
        if part.more {
            return Ok(None);
        }
        let Self { text, html, png, .. } = std::mem::take(self);
        Ok(Some(ClipboardContent {
            text: text.map(into_text).transpose()?,
            html: html.map(into_text).transpose()?,
            png: png.map(BytesMut::freeze),
        }))
    }
}

impl fmt::Debug for ClipboardJoiner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClipboardJoiner").field("is_open", &self.is_open).finish_non_exhaustive()
    }
}

fn into_text(bytes: BytesMut) -> Result<String, LinkError> {
    String::from_utf8(bytes.into()).map_err(|_| LinkError::NotText { field: "clipboard" })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{
        ClipboardContent, ClipboardFormat, ClipboardJoiner, ClipboardPart, ClipboardParts,
    };
    use crate::LinkError;

    fn content() -> ClipboardContent {
        ClipboardContent {
            text: Some("grüße €".into()),
            html: Some(String::new()),
            png: Some(Bytes::from_static(&[1, 2, 3])),
        }
    }

    fn part(format: ClipboardFormat, continues: bool, more: bool, data: &[u8]) -> ClipboardPart {
        let data = Bytes::copy_from_slice(data);
        ClipboardPart { format: Some(format), continues, more, data }
    }

    #[test]
    fn parts_of_any_length_make_the_content() {
        let alone = ClipboardContent { text: Some("x".into()), ..ClipboardContent::default() };
        for content in [content(), alone] {
            for max in 0..15 {
                let mut parts = ClipboardParts::new(content.clone());
                let mut joiner = ClipboardJoiner::default();
                let mut joined = Vec::new();
                for _ in 0..20 {
                    let Some(part) = parts.next(max) else { break };
                    assert!(part.data.len() <= max.max(1));
                    joined.extend(joiner.push(&part, 11).unwrap());
                }
                assert_eq!((parts.len_bytes(), joined), (0, vec![content.clone()]), "{max}");
            }
        }
        assert_eq!(ClipboardParts::new(ClipboardContent::default()).next(9), None);
    }

    #[test]
    fn what_has_no_beginning_or_is_overtaken_is_dropped() {
        use ClipboardFormat::Text;
        let mut joiner = ClipboardJoiner::default();
        let mut push = |part: ClipboardPart| joiner.push(&part, 4);
        assert_eq!(push(part(Text, true, false, b"a")), Ok(None));
        assert_eq!(push(part(Text, false, true, b"abcd")), Ok(None));
        // Another begins, and ends with a format of a later version.
        assert_eq!(push(part(Text, false, true, b"ef")), Ok(None));
        let unknown = ClipboardPart { format: None, ..part(Text, true, false, b"whatever") };
        let text = |text: &str| ClipboardContent { text: Some(text.into()), ..Default::default() };
        assert_eq!(push(unknown), Ok(Some(text("ef"))));
        // One that is too long, or no text, is left out to its end.
        assert_eq!(push(part(Text, false, true, b"abc")), Ok(None));
        let over = LinkError::OverLimit { field: "clipboard", value: 5, limit: 4 };
        assert_eq!(push(part(Text, true, true, b"de")), Err(over));
        assert_eq!(push(part(Text, true, false, b"f")), Ok(None));
        let not_text = LinkError::NotText { field: "clipboard" };
        assert_eq!(push(part(Text, false, false, b"\xff")), Err(not_text));
        assert_eq!(push(part(Text, false, false, b"ok")), Ok(Some(text("ok"))));
    }
}
