//! Every virtual channel of a connection, and who listens on it.

use ironrdp_connector::ConnectionResult;
use porthole_pixels::{Rect, Size, Surface};
use porthole_remote::{Event, Input};

use super::pipeline::Pipeline;
use crate::channels;
use crate::clipboard::Clipboard;
use crate::display_control::DisplayControl;
use crate::dynamic::{Dynamic, News, Purpose};
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::{RdpConfig, RdpError};

/// The channels that the server has granted, with what is said on them.
#[derive(Debug)]
pub(super) struct Channels {
    clipboard: Option<Clipboard>,
    dynamic: Option<Dynamic>,
    display_control: DisplayControl,
    /// The desktop keeps its size whatever viewers want.
    keeps_size: bool,
    pipeline: Pipeline,
}

impl Channels {
    pub(super) fn new(result: &ConnectionResult, user: User, config: &RdpConfig) -> Self {
        let ids = &result.static_channels;
        let dynamic = ids.get_channel_id_by_type::<channels::Dynamic>();
        let clipboard = ids.get_channel_id_by_type::<channels::Clipboard>();
        Self {
            clipboard: clipboard.map(|id| Clipboard::new(user, id, config.clipboard_max_bytes)),
            dynamic: dynamic.map(|id| Dynamic::new(user, id)),
            display_control: DisplayControl::new(config.scale_percent),
            keeps_size: !config.display_control,
            pipeline: Pipeline::new(config.graphics_pipeline()),
        }
    }

    /// Takes a chunk of static channel `id`. True: the server may be asked for a size now.
    ///
    /// # Errors
    ///
    /// The server broke the protocol of the channel.
    pub(super) fn receive(
        &mut self,
        id: u16,
        chunk: &[u8],
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<bool, RdpError> {
        if let Some(clipboard) = self.clipboard.as_mut().filter(|it| it.is_on(id)) {
            clipboard.receive(chunk, outbox)?;
        } else if let Some(dynamic) = self.dynamic.as_mut().filter(|it| it.is_on(id)) {
            let news = dynamic.receive(chunk, outbox.bytes())?;
            return self.handle(news, surface, outbox);
        }
        Ok(false)
    }

    fn handle(
        &mut self,
        news: News,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<bool, RdpError> {
        let Some(dynamic) = &self.dynamic else { return Ok(false) };
        match news {
            News::Nothing | News::Opened(Purpose::DisplayControl) => {}
            News::Message(Purpose::DisplayControl, message) => {
                if self.display_control.receive(&message)? {
                    outbox.event(Event::ResizeSupported(true));
                    return Ok(true);
                }
            }
            News::Closed(Purpose::DisplayControl) => {
                self.display_control.close();
                outbox.event(Event::ResizeSupported(false));
            }
            News::Opened(Purpose::Graphics) => self.pipeline.handle_opened(dynamic, outbox),
            News::Message(Purpose::Graphics, message) => {
                self.pipeline.handle(&message, surface, dynamic, outbox)?;
            }
            News::Closed(Purpose::Graphics) => self.pipeline.handle_closed(dynamic, outbox),
        }
        Ok(false)
    }

    /// A viewer's input that goes over a channel.
    pub(super) fn handle_input(&mut self, input: Input, outbox: &mut Outbox) {
        if let Input::Clipboard(content) = input
            && let (Some(clipboard), Some(text)) = (&mut self.clipboard, content.text)
        {
            clipboard.offer(text, outbox);
        }
    }

    /// A viewer wants a size.
    pub(super) fn want_size(&mut self, size: Size) {
        if !self.keeps_size {
            self.display_control.want(size);
        }
    }

    /// The desktop has a size now.
    pub(super) fn resized(&mut self) {
        self.display_control.resized();
    }

    /// Asks for the size that a viewer wants, where the desktop of size `current` is to change and
    /// can.
    pub(super) fn ask_for_size(&mut self, current: Size, outbox: &mut Outbox) {
        if let Some(dynamic) = &self.dynamic
            && let Some(message) = self.display_control.take_request(current)
        {
            dynamic.put(Purpose::DisplayControl, &message, outbox.bytes());
        }
    }

    /// Whether everybody who watches can be shown video.
    pub(super) fn want_video(&mut self, is_wanted: bool, outbox: &mut Outbox) {
        if let Some(dynamic) = &self.dynamic {
            self.pipeline.want_video(is_wanted, dynamic, outbox);
        }
    }

    /// Somebody lacks what is shown in `rect`.
    pub(super) fn repaint(&mut self, rect: Rect) {
        self.pipeline.repaint(rect);
    }

    /// So many bytes have arrived behind the message at hand.
    pub(super) fn set_waiting(&mut self, bytes: usize) {
        self.pipeline.set_waiting(bytes);
    }

    /// Everything that has arrived is handled.
    ///
    /// # Errors
    ///
    /// None that a server can bring about.
    pub(super) fn settle(
        &mut self,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        match &self.dynamic {
            Some(dynamic) => self.pipeline.catch_up(surface, dynamic, outbox),
            None => Ok(()),
        }
    }

    /// What the server is to draw anew.
    pub(super) const fn take_redraw(&mut self) -> Option<Rect> {
        self.pipeline.take_redraw()
    }

    /// Gives the desktop another size.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub(super) fn resize(&mut self, size: Size, surface: &mut Surface) -> Result<(), RdpError> {
        self.pipeline.resize(size, surface)
    }
}
