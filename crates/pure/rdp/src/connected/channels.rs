//! Every virtual channel of a connection, and who listens on it.

use std::time::Instant;

use ironrdp_connector::ConnectionResult;
use porthole_pixels::Size;
use porthole_remote::{DriveReply, Event, Input};

use crate::channels;
use crate::clipboard::Clipboard;
use crate::devices::Devices;
use crate::display_control::DisplayControl;
use crate::dynamic::{Dynamic, News, Purpose};
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::touch::Touch;
use crate::{RdpConfig, RdpError};

/// The channels that the server has granted, with what is said on them.
#[derive(Debug)]
pub(super) struct Channels {
    clipboard: Option<Clipboard>,
    devices: Option<Devices>,
    dynamic: Option<Dynamic>,
    display_control: DisplayControl,
    /// `None`: touches are not wanted.
    touch: Option<Touch>,
}

impl Channels {
    pub(super) fn new(result: &ConnectionResult, user: User, config: &RdpConfig) -> Self {
        let ids = &result.static_channels;
        let dynamic = ids.get_channel_id_by_type::<channels::Dynamic>();
        let clipboard = ids.get_channel_id_by_type::<channels::Clipboard>();
        let devices = ids.get_channel_id_by_type::<channels::Devices>();
        Self {
            clipboard: clipboard.map(|id| Clipboard::new(user, id, config)),
            devices: devices.map(|id| Devices::new(user, id, &config.devices, &config.client_name)),
            dynamic: dynamic.map(|id| Dynamic::new(user, id)),
            display_control: DisplayControl::new(config.scale_percent),
            touch: config.touch.then(Touch::default),
        }
    }

    /// Takes a chunk of static channel `id`. True: the server may be asked for a size now.
    ///
    /// # Errors
    ///
    /// The server broke the protocol of the channel.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        id: u16,
        chunk: &[u8],
        outbox: &mut Outbox,
    ) -> Result<bool, RdpError> {
        if let Some(clipboard) = self.clipboard.as_mut().filter(|it| it.is_on(id)) {
            clipboard.receive(now, chunk, outbox)?;
        } else if let Some(devices) = self.devices.as_mut().filter(|it| it.is_on(id)) {
            devices.receive(chunk, outbox)?;
        } else if let Some(dynamic) = self.dynamic.as_mut().filter(|it| it.is_on(id)) {
            let news = dynamic.receive(chunk, outbox.bytes())?;
            return self.handle(news, outbox);
        }
        Ok(false)
    }

    fn handle(&mut self, news: News, outbox: &mut Outbox) -> Result<bool, RdpError> {
        match news {
            News::Nothing | News::Opened(Purpose::DisplayControl | Purpose::Touch) => {}
            News::Message(Purpose::Touch, message) => {
                if let Some(touch) = &mut self.touch {
                    let was_ready = touch.is_ready();
                    let answer = touch.receive(&message)?;
                    if touch.is_ready() != was_ready {
                        outbox.event(Event::TouchSupported(!was_ready));
                    }
                    self.put_touch(answer, outbox);
                }
            }
            News::Closed(Purpose::Touch) => {
                if let Some(touch) = &mut self.touch {
                    touch.close();
                    outbox.event(Event::TouchSupported(false));
                }
            }
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
        }
        Ok(false)
    }

    /// All that had arrived has been handled.
    pub(super) fn settle(&mut self, outbox: &mut Outbox) {
        if let Some(clipboard) = &mut self.clipboard {
            clipboard.answer(outbox.bytes());
        }
    }

    /// Time has passed.
    pub(super) fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) {
        if let Some(clipboard) = &mut self.clipboard {
            clipboard.handle_timeout(now, outbox);
        }
        let reminder = self.touch.as_mut().and_then(|touch| touch.handle_timeout(now));
        self.put_touch(reminder, outbox);
    }

    /// When [`Self::handle_timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let clipboard = self.clipboard.as_ref().and_then(Clipboard::deadline);
        let touch = self.touch.as_ref().and_then(Touch::deadline);
        clipboard.into_iter().chain(touch).min()
    }

    /// What came of a request about files.
    pub(super) fn handle_drive(&mut self, reply: DriveReply, outbox: &mut Outbox) {
        if let Some(clipboard) = self.clipboard.as_mut().filter(|_| Clipboard::asked_for(&reply)) {
            clipboard.handle_reply(&reply, outbox);
        } else if let Some(devices) = &mut self.devices {
            devices.handle_reply(reply, outbox);
        }
    }

    /// Every finger is gone.
    pub(super) fn release_all(&mut self, now: Instant, outbox: &mut Outbox) {
        let gone = self.touch.as_mut().and_then(|touch| touch.release_all(now));
        self.put_touch(gone, outbox);
    }

    fn put_touch(&self, message: Option<Vec<u8>>, outbox: &mut Outbox) {
        if let (Some(dynamic), Some(message)) = (&self.dynamic, message) {
            dynamic.put(Purpose::Touch, &message, outbox.bytes());
        }
    }

    /// A viewer's input that goes over a channel.
    pub(super) fn handle_input(&mut self, now: Instant, input: Input, outbox: &mut Outbox) {
        match (input, &mut self.clipboard, &mut self.touch) {
            (Input::Clipboard(content), Some(clipboard), _) => clipboard.offer(content, outbox),
            (Input::ClipboardFile { path, size }, Some(clipboard), _) => {
                clipboard.offer_file(path, size, outbox);
            }
            (Input::Touch { contact, phase, at }, _, Some(touch)) => {
                let frame = touch.touch(now, contact, phase, at);
                self.put_touch(frame, outbox);
            }
            _ => {}
        }
    }

    /// A viewer wants a size.
    pub(super) fn want_size(&mut self, size: Size) {
        self.display_control.want(size);
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
}
