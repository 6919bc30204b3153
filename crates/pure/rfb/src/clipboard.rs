//! The clipboard: text in Latin-1 (RFC 6143 §7.5.6, §7.6.4), text, HTML and images in the community
//! specification's "Extended Clipboard".

mod extended;
mod latin1;

use std::mem;

use bytes::BytesMut;
use porthole_clipboard::{dib, html};
use porthole_remote::{Clipboard as Content, Event};
use porthole_wire::Reader;

use crate::RfbError;
use crate::limits::deflated_max;
use crate::outbox::Outbox;
use crate::requests::{put_cut_text, put_extended_cut_text};

/// Flags, and a size for each of sixteen formats.
const EXTENDED_OVERHEAD_BYTES: u64 = 4 + 16 * 4;

/// Both directions of the clipboard.
#[derive(Debug)]
pub(crate) struct Clipboard {
    /// The limit of each format. A bitmap's is that of the PNG file which it becomes.
    max_bytes: usize,
    /// The server's extended clipboard, once it has said that it has one.
    server: Option<extended::Capabilities>,
    /// What a viewer offered last, of what the server takes; the server may ask for it later.
    offered: Option<Content>,
    /// The formats that the server has asked for.
    asked: u32,
}

/// A `ServerCutText` that is arriving.
#[derive(Debug)]
pub(crate) struct CutText {
    is_extended: bool,
    left: usize,
    /// `None`: it is too long, and passed over.
    body: Option<Vec<u8>>,
}

impl Clipboard {
    /// Serves at most `max_bytes` bytes of each format.
    pub(crate) const fn new(max_bytes: usize) -> Self {
        Self { max_bytes, server: None, offered: None, asked: 0 }
    }

    /// Reads the head of a `ServerCutText` after its type. `None`: it has not all arrived, and
    /// nothing is taken.
    pub(crate) fn read_head(&self, input: &mut Reader<'_>, outbox: &mut Outbox) -> Option<CutText> {
        let mut ahead = input.clone();
        ahead.take(3)?;
        let len = ahead.i32_be()?;
        *input = ahead;
        let is_extended = len < 0;
        let max = self.max_bytes as u64;
        // Lines grow by half of what they are at most. A bitmap that deflates to more than twice
        // the limit makes no PNG file within it.
        let limit = if is_extended {
            EXTENDED_OVERHEAD_BYTES
                + u64::from(extended::SERVED.count_ones()) * deflated_max(2 * max)
        } else {
            max
        };
        let len = len.unsigned_abs();
        let is_kept = u64::from(len) <= limit;
        if !is_kept {
            outbox.event(too_long("the remote's", len.into(), self.max_bytes));
        }
        let left = usize::try_from(len).unwrap_or(usize::MAX);
        Some(CutText { is_extended, left, body: is_kept.then(Vec::new) })
    }

    /// Takes what has arrived of `cut`. True once it is done with.
    ///
    /// # Errors
    ///
    /// An extended message that breaks its format.
    pub(crate) fn read_body(
        &mut self,
        cut: &mut CutText,
        input: &mut Reader<'_>,
        outbox: &mut Outbox,
    ) -> Result<bool, RfbError> {
        let part = input.take(cut.left.min(input.len())).unwrap_or(&[]);
        cut.left -= part.len();
        if let Some(body) = &mut cut.body {
            body.extend_from_slice(part);
        }
        if cut.left > 0 {
            return Ok(false);
        }
        match &cut.body {
            Some(body) if cut.is_extended => self.handle_extended(body, outbox)?,
            Some(body) => outbox.event(Event::Clipboard(Content::of_text(latin1::decode(body)))),
            None => {}
        }
        Ok(true)
    }

    /// A viewer offers `content`.
    pub(crate) fn offer(&mut self, content: Content, outbox: &mut Outbox) {
        let formats = self.server.as_ref().map_or(extended::TEXT, extended::Capabilities::formats);
        let content = self.fit(content, formats, outbox);
        let Some(server) = &self.server else {
            if let Some(text) = &content.text {
                put_cut_text(outbox.bytes(), &latin1::encode(text));
            }
            return;
        };
        let formats = formats_of(&content);
        let is_welcome = content.text.as_deref().is_some_and(|text| server.takes_unasked(text));
        if is_welcome && (formats == extended::TEXT || !server.asks()) {
            provide(&content, extended::TEXT, outbox.bytes());
        } else if formats != 0 {
            put_extended_cut_text(outbox.bytes(), extended::NOTIFY | formats, &[]);
        } else {
            return;
        }
        self.offered = Some(content);
    }

    /// Sends what the server has asked for: once, however often it asked since this was last
    /// called, so that small questions cannot pile up large answers.
    pub(crate) fn provide_asked(&mut self, out: &mut BytesMut) {
        let asked = mem::take(&mut self.asked);
        if let (1.., Some(offered)) = (asked, &self.offered) {
            provide(offered, asked, out);
        }
    }

    /// What there is of `content` in `formats`, without what is too long or not an image.
    fn fit(&self, content: Content, formats: u32, outbox: &mut Outbox) -> Content {
        let max = self.max_bytes;
        let mut fits = |format: u32, len: usize| {
            let is_short = len <= max;
            if formats & format != 0 && !is_short {
                outbox.event(too_long("the viewer's", len as u64, max));
            }
            formats & format != 0 && is_short
        };
        let text = content.text.filter(|text| fits(extended::TEXT, text.len()));
        let html = content.html.filter(|html| fits(extended::HTML, html.len()));
        let mut png = content.png.filter(|png| fits(extended::DIB, png.len()));
        if let Some(Err(dib::Unusable(reason))) = png.as_deref().map(dib::check_png) {
            outbox.event(unusable("the viewer's", reason));
            png = None;
        }
        Content { text, html, png }
    }

    fn handle_extended(&mut self, body: &[u8], outbox: &mut Outbox) -> Result<(), RfbError> {
        let mut body = Reader::new(body);
        let Some(flags) = body.u32_be() else {
            return Err(RfbError::BadField { field: "clipboard length", value: 0 });
        };
        // A message with several actions in it means capabilities; otherwise there is one.
        if flags & extended::CAPS != 0 {
            self.server = Some(extended::Capabilities::read(flags, &mut body));
            let (flags, body) = extended::our_capabilities(self.max_bytes);
            put_extended_cut_text(outbox.bytes(), flags, &body);
        } else if flags & extended::PROVIDE != 0 {
            self.handle_provided(flags, body.take_rest(), outbox)?;
        } else if flags & extended::NOTIFY != 0 {
            // A server that takes our offer thereby loses what it had, and tells us of that with an
            // empty list; the offer must outlive it.
            let formats = flags & extended::SERVED;
            if formats != 0 {
                self.offered = None;
                put_extended_cut_text(outbox.bytes(), extended::REQUEST | formats, &[]);
            }
        } else if flags & extended::PEEK != 0 {
            let formats = self.offered.as_ref().map_or(0, formats_of);
            put_extended_cut_text(outbox.bytes(), extended::NOTIFY | formats, &[]);
        } else if flags & extended::REQUEST != 0 {
            self.asked = flags & extended::SERVED;
        }
        Ok(())
    }

    fn handle_provided(
        &self,
        flags: u32,
        deflated: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), RfbError> {
        let max = self.max_bytes;
        let provided = extended::read_formats(flags, deflated, max)?;
        let png = match provided.dib.map(|dib| dib::to_png(&dib, max)) {
            Some(Err(dib::Unusable(reason))) => {
                outbox.event(unusable("the remote's", reason));
                None
            }
            Some(Ok(png)) => Some(png.into()),
            None => None,
        };
        let content = Content { text: provided.text, html: provided.html, png };
        if !content.is_empty() {
            outbox.event(Event::Clipboard(content));
        }
        if let Some(len) = provided.too_long {
            outbox.event(too_long("the remote's", len, max));
        }
        Ok(())
    }
}

/// The formats that `content` is to be had in.
fn formats_of(content: &Content) -> u32 {
    let has = |is_there: bool, format: u32| if is_there { format } else { 0 };
    has(content.text.is_some(), extended::TEXT)
        | has(content.html.is_some(), extended::HTML)
        | has(content.png.is_some(), extended::DIB)
}

/// Writes `content` in `formats`, as far as it has those. An image whose head made sense and whose
/// rest does not is left out.
fn provide(content: &Content, formats: u32, out: &mut BytesMut) {
    let has = |format: u32| formats & format != 0;
    let text = content.text.as_deref().filter(|_| has(extended::TEXT));
    let html = content.html.as_deref().filter(|_| has(extended::HTML));
    let png = content.png.as_deref().filter(|_| has(extended::DIB));
    let parts = [
        text.map(|text| (extended::TEXT, extended::encode_text(text))),
        html.map(|html| (extended::HTML, html::encode(html))),
        png.and_then(|png| dib::from_png(png).ok()).map(|dib| (extended::DIB, dib)),
    ];
    let (flags, plain): (Vec<u32>, Vec<Vec<u8>>) = parts.into_iter().flatten().unzip();
    let flags = flags.into_iter().fold(0, |all, format| all | format);
    if let (1.., Some(body)) = (flags, extended::deflate(&plain)) {
        put_extended_cut_text(out, extended::PROVIDE | flags, &body);
    }
}

fn too_long(whose: &str, len: u64, limit: usize) -> Event {
    Event::Notice(format!(
        "{whose} clipboard content of {len} bytes was left out: the limit is {limit}"
    ))
}

fn unusable(whose: &str, reason: &str) -> Event {
    Event::Notice(format!("{whose} clipboard image was left out: {reason}"))
}

#[cfg(test)]
#[path = "clipboard/clipboard_tests.rs"]
mod tests;
