//! The clipboard: text in Latin-1 (RFC 6143 §7.5.6, §7.6.4), text and HTML in the community
//! specification's "Extended Clipboard".

mod extended;
mod html;
mod latin1;

use std::mem;

use bytes::BytesMut;
use porthole_remote::Event;
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
    text_max_bytes: usize,
    /// The formats of the extended clipboard that we serve.
    formats: u32,
    /// The server's extended clipboard, once it has said that it has one.
    server: Option<extended::Capabilities>,
    /// What a viewer offered last; the server may ask for it later.
    offered: Option<Offer>,
    /// The formats that the server has asked for.
    asked: u32,
}

/// What a viewer offers.
#[derive(Debug)]
struct Offer {
    text: String,
    html: Option<String>,
}

impl Offer {
    /// The formats it is to be had in.
    const fn formats(&self) -> u32 {
        if self.html.is_some() { extended::TEXT | extended::HTML } else { extended::TEXT }
    }

    /// Writes it in `formats`, as far as it has those.
    fn provide(&self, formats: u32, out: &mut BytesMut) {
        let formats = formats & self.formats();
        let has = |format| formats & format != 0;
        let text = has(extended::TEXT).then_some(self.text.as_str());
        let html = self.html.as_deref().filter(|_| has(extended::HTML));
        if let (1.., Some(body)) = (formats, extended::deflate(text, html)) {
            put_extended_cut_text(out, extended::PROVIDE | formats, &body);
        }
    }
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
    /// Serves texts of at most `text_max_bytes` bytes, and HTML of as many if it `has_html`.
    pub(crate) const fn new(text_max_bytes: usize, has_html: bool) -> Self {
        let formats = if has_html { extended::TEXT | extended::HTML } else { extended::TEXT };
        Self { text_max_bytes, formats, server: None, offered: None, asked: 0 }
    }

    /// Reads the head of a `ServerCutText` after its type. `None`: it has not all arrived, and
    /// nothing is taken.
    pub(crate) fn read_head(&self, input: &mut Reader<'_>, outbox: &mut Outbox) -> Option<CutText> {
        let mut ahead = input.clone();
        ahead.take(3)?;
        let len = ahead.i32_be()?;
        *input = ahead;
        let is_extended = len < 0;
        let text_max = self.text_max_bytes as u64;
        let limit = if is_extended {
            EXTENDED_OVERHEAD_BYTES
                + u64::from(self.formats.count_ones()) * deflated_max(2 * text_max)
        } else {
            text_max
        };
        let len = len.unsigned_abs();
        let is_kept = u64::from(len) <= limit;
        if !is_kept {
            outbox.event(too_long("the remote's", len.into(), self.text_max_bytes));
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
            Some(body) => outbox.event(Event::ClipboardText(latin1::decode(body))),
            None => {}
        }
        Ok(true)
    }

    /// A viewer offers `text`.
    pub(crate) fn offer(&mut self, text: String, outbox: &mut Outbox) {
        if text.len() > self.text_max_bytes {
            outbox.event(too_long("the viewer's", text.len() as u64, self.text_max_bytes));
            return;
        }
        let Some(server) = &self.server else {
            put_cut_text(outbox.bytes(), &latin1::encode(&text));
            return;
        };
        let is_welcome = server.takes_unasked(&text);
        let offer = Offer { text, html: None };
        if is_welcome {
            offer.provide(extended::TEXT, outbox.bytes());
        } else {
            put_extended_cut_text(outbox.bytes(), extended::NOTIFY | extended::TEXT, &[]);
        }
        self.offered = Some(offer);
    }

    /// The text that was offered last is to be had as `html` too.
    pub(crate) fn offer_html(&mut self, html: String, outbox: &mut Outbox) {
        let takes_html = self.server.as_ref().is_some_and(extended::Capabilities::takes_html);
        if !takes_html || self.formats & extended::HTML == 0 {
            return;
        }
        let Some(offered) = &mut self.offered else { return };
        if html.len() > self.text_max_bytes {
            outbox.event(too_long("the viewer's", html.len() as u64, self.text_max_bytes));
            return;
        }
        offered.html = Some(html);
        put_extended_cut_text(outbox.bytes(), extended::NOTIFY | offered.formats(), &[]);
    }

    /// Sends what the server has asked for: once, however often it asked since this was last
    /// called, so that small questions cannot pile up large answers.
    pub(crate) fn provide_asked(&mut self, out: &mut BytesMut) {
        let asked = mem::take(&mut self.asked);
        if let (1.., Some(offered)) = (asked, &self.offered) {
            offered.provide(asked, out);
        }
    }

    fn handle_extended(&mut self, body: &[u8], outbox: &mut Outbox) -> Result<(), RfbError> {
        let mut body = Reader::new(body);
        let Some(flags) = body.u32_be() else {
            return Err(RfbError::BadField { field: "clipboard length", value: 0 });
        };
        // A message with several actions in it means capabilities; otherwise there is one.
        if flags & extended::CAPS != 0 {
            self.server = Some(extended::Capabilities::read(flags, &mut body));
            let (flags, body) = extended::our_capabilities(self.formats, self.text_max_bytes);
            put_extended_cut_text(outbox.bytes(), flags, &body);
        } else if flags & extended::PROVIDE != 0 {
            self.handle_provided(flags, body.take_rest(), outbox)?;
        } else if flags & extended::NOTIFY != 0 {
            // A server that takes our offer thereby loses what it had, and tells us of that with an
            // empty list; the offer must outlive it.
            let formats = flags & self.formats;
            if formats != 0 {
                self.offered = None;
                put_extended_cut_text(outbox.bytes(), extended::REQUEST | formats, &[]);
            }
        } else if flags & extended::PEEK != 0 {
            let formats = self.offered.as_ref().map_or(0, Offer::formats);
            put_extended_cut_text(outbox.bytes(), extended::NOTIFY | formats, &[]);
        } else if flags & extended::REQUEST != 0 {
            self.asked = flags & self.formats;
        }
        Ok(())
    }

    fn handle_provided(
        &self,
        flags: u32,
        deflated: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), RfbError> {
        let provided = extended::read_formats(flags, deflated, self.formats, self.text_max_bytes)?;
        let events = [
            provided.text.map(Event::ClipboardText),
            provided.html.map(Event::ClipboardHtml),
            provided.too_long.map(|len| too_long("the remote's", len, self.text_max_bytes)),
        ];
        events.into_iter().flatten().for_each(|event| outbox.event(event));
        Ok(())
    }
}

fn too_long(whose: &str, len: u64, limit: usize) -> Event {
    Event::Notice(format!(
        "{whose} clipboard text of {len} bytes was left out: the limit is {limit}"
    ))
}

#[cfg(test)]
#[path = "clipboard/clipboard_tests.rs"]
mod tests;
