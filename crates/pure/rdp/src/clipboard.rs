//! The clipboard (`[MS-RDPECLIP]`): text, HTML and images, both ways. The server's is fetched when
//! it is announced, format by format; a viewer's is announced, and sent when the server asks for it.

mod fetch;
mod lines;
mod messages;

use std::time::Instant;

use bytes::BytesMut;
use porthole_clipboard::{dib, html};
use porthole_remote::{Clipboard as Content, Event};
use porthole_wire::Reader;

use self::fetch::{Fetch, too_long, unusable};
use self::lines::to_wire;
use self::messages::{Formats, Message, SHORT, message};
use crate::channels::{Channel, Chunk};
use crate::limits::CLIPBOARD_MESSAGE_MAX_BYTES;
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::{LineEnds, RdpConfig, RdpError};

/// Both directions.
#[derive(Debug)]
pub(crate) struct Clipboard {
    channel: Channel,
    /// Whether the remote's content may go to viewers, and theirs to the remote.
    is_out: bool,
    is_in: bool,
    max_bytes: usize,
    ends: LineEnds,
    /// The server has greeted us.
    is_ready: bool,
    has_long_names: bool,
    /// What a viewer offered last.
    offered: Content,
    /// The format that the server has asked for.
    asked: Option<u32>,
    fetch: Fetch,
}

impl Clipboard {
    /// Serves content of at most `config.clipboard_max_bytes` bytes in each format.
    pub(crate) fn new(user: User, id: u16, config: &RdpConfig) -> Self {
        Self {
            channel: Channel::new(user, id, CLIPBOARD_MESSAGE_MAX_BYTES),
            is_out: config.clipboard_out,
            is_in: config.clipboard_in,
            max_bytes: config.clipboard_max_bytes,
            ends: config.clipboard_line_ends,
            is_ready: false,
            has_long_names: false,
            offered: Content::default(),
            asked: None,
            fetch: Fetch::default(),
        }
    }

    /// Whether what comes on channel `id` is for us.
    pub(crate) const fn is_on(&self, id: u16) -> bool {
        self.channel.is_on(id)
    }

    /// Takes a chunk of the channel.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        chunk: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        match self.channel.receive(chunk)? {
            Chunk::Part => return Ok(()),
            Chunk::TooLong(len) => notice(self.fetch.pass_over(len, self.max_bytes), outbox),
            Chunk::Whole(message) => self.handle(Message::read(&message)?, outbox)?,
        }
        self.go_on(now, outbox);
        Ok(())
    }

    /// A viewer offers `content`.
    pub(crate) fn offer(&mut self, content: Content, outbox: &mut Outbox) {
        if !self.is_in {
            return;
        }
        let content = self.fit(content, outbox);
        if content.is_empty() {
            return;
        }
        self.offered = content;
        if self.is_ready {
            self.announce(outbox.bytes());
        }
    }

    /// Sends what the server has asked for: once, however often it asked since this was last
    /// called, so that small questions cannot pile up large answers.
    pub(crate) fn answer(&mut self, out: &mut BytesMut) {
        let Some(format) = self.asked.take() else { return };
        let Content { text, html, png } = &self.offered;
        let data = match format {
            messages::UNICODE_TEXT => text.as_deref().map(|text| to_wire(text, self.ends)),
            format if format == messages::HTML.0 => html.as_deref().map(html::encode),
            format if format == messages::PNG.0 => png.as_deref().map(<[u8]>::to_vec),
            // An image whose head made sense and whose rest does not is refused.
            messages::DIB => png.as_deref().and_then(|png| dib::from_png(png).ok()),
            _ => None,
        };
        match data {
            Some(data) => self.put(messages::FORMAT_DATA_RESPONSE, messages::OK, &data, out),
            None => self.put(messages::FORMAT_DATA_RESPONSE, messages::FAIL, &[], out),
        }
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        self.fetch.handle_timeout(now);
        self.go_on(now, outbox);
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.fetch.deadline()
    }

    fn handle(&mut self, message: Message<'_>, outbox: &mut Outbox) -> Result<(), RdpError> {
        let Message { kind, flags, body } = message;
        match kind {
            messages::CAPABILITIES => {
                let flags = messages::read_capabilities(body)?;
                self.has_long_names = flags & messages::LONG_NAMES != 0;
            }
            messages::MONITOR_READY => {
                self.is_ready = true;
                let ours = messages::our_capabilities(messages::LONG_NAMES);
                self.put(messages::CAPABILITIES, 0, &ours, outbox.bytes());
                self.announce(outbox.bytes());
            }
            messages::FORMAT_LIST => {
                self.put(messages::FORMAT_LIST_RESPONSE, messages::OK, &[], outbox.bytes());
                let formats = Formats::read(body, flags, self.has_long_names);
                if formats.is_any {
                    // An empty list may only mean that our own was taken note of.
                    self.offered = Content::default();
                }
                if self.is_out {
                    self.fetch.begin(formats);
                }
            }
            messages::FORMAT_DATA_REQUEST => {
                let format = Reader::new(body).u32_le().ok_or(SHORT)?;
                if self.asked.replace(format).is_some() {
                    let (kind, flags) = (messages::FORMAT_DATA_RESPONSE, messages::FAIL);
                    self.put(kind, flags, &[], outbox.bytes());
                }
            }
            messages::FORMAT_DATA_RESPONSE => {
                let data = (flags & messages::OK != 0).then_some(body);
                notice(self.fetch.answer(data, self.max_bytes, self.ends), outbox);
            }
            _ => {}
        }
        Ok(())
    }

    /// Asks for the next format, or tells of all of them.
    fn go_on(&mut self, now: Instant, outbox: &mut Outbox) {
        if let Some(format) = self.fetch.take_request(now) {
            let format = format.to_le_bytes();
            self.put(messages::FORMAT_DATA_REQUEST, 0, &format, outbox.bytes());
        }
        if let Some(content) = self.fetch.take_whole() {
            outbox.event(Event::Clipboard(content));
        }
        let expected = self.fetch.part().map_or(0, |part| part.wire_max_bytes(self.max_bytes));
        self.channel.set_message_max(expected.saturating_add(CLIPBOARD_MESSAGE_MAX_BYTES));
    }

    /// Tells the server what is to be had: perhaps nothing.
    fn announce(&self, out: &mut BytesMut) {
        let Content { text, html, png } = &self.offered;
        let formats = [
            text.as_ref().map(|_| (messages::UNICODE_TEXT, "")),
            html.as_ref().map(|_| messages::HTML),
            png.as_ref().map(|_| messages::PNG),
            png.as_ref().map(|_| (messages::DIB, "")),
        ];
        let formats: Vec<_> = formats.into_iter().flatten().collect();
        let list = messages::format_list(&formats, self.has_long_names);
        self.put(messages::FORMAT_LIST, 0, &list, out);
    }

    /// What there is of `content`, without what is too long or no image.
    fn fit(&self, content: Content, outbox: &mut Outbox) -> Content {
        let mut fits = |len: usize| {
            if len > self.max_bytes {
                outbox.event(Event::Notice(too_long("the viewer's", len, self.max_bytes)));
            }
            len <= self.max_bytes
        };
        let text = content.text.filter(|text| fits(text.len()));
        let html = content.html.filter(|html| fits(html.len()));
        let mut png = content.png.filter(|png| fits(png.len()));
        if let Some(Err(why)) = png.as_deref().map(dib::check_png) {
            outbox.event(Event::Notice(unusable("the viewer's", why)));
            png = None;
        }
        Content { text, html, png }
    }

    fn put(&self, kind: u16, flags: u16, body: &[u8], out: &mut BytesMut) {
        self.channel.put(&message(kind, flags, body), out);
    }
}

fn notice(result: Result<(), String>, outbox: &mut Outbox) {
    if let Err(words) = result {
        outbox.event(Event::Notice(words));
    }
}

#[cfg(test)]
#[path = "clipboard/clipboard_tests.rs"]
mod tests;
