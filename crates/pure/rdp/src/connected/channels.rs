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
use crate::sound::{Heard, Microphone, SoundChannel, SoundOut};
use crate::{RdpConfig, RdpError};

/// The channels that the server has granted, with what is said on them.
#[derive(Debug)]
pub(super) struct Channels {
    clipboard: Option<Clipboard>,
    devices: Option<Devices>,
    dynamic: Option<Dynamic>,
    display_control: DisplayControl,
    /// Sound over a static channel, and over a dynamic one.
    sound: Option<SoundChannel>,
    dynamic_sound: SoundOut,
    microphone: Microphone,
}

impl Channels {
    pub(super) fn new(result: &ConnectionResult, user: User, config: &RdpConfig) -> Self {
        let ids = &result.static_channels;
        let dynamic = ids.get_channel_id_by_type::<channels::Dynamic>();
        let clipboard = ids.get_channel_id_by_type::<channels::Clipboard>();
        let sound = ids.get_channel_id_by_type::<channels::Sound>();
        let make_dynamic = |id| {
            let mut dynamic = Dynamic::new(user, id);
            for (purpose, is_wanted) in [
                (Purpose::DisplayControl, config.display_control),
                (Purpose::Sound, config.sound),
                (Purpose::Microphone, config.microphone),
            ] {
                if !is_wanted {
                    dynamic.shut(purpose);
                }
            }
            dynamic
        };
        let devices = ids.get_channel_id_by_type::<channels::Devices>();
        Self {
            clipboard: clipboard.map(|id| Clipboard::new(user, id, config)),
            devices: devices.map(|id| Devices::new(user, id, &config.devices, &config.client_name)),
            dynamic: dynamic.map(make_dynamic),
            display_control: DisplayControl::new(config.scale_percent),
            sound: sound.map(|id| SoundChannel::new(user, id)),
            dynamic_sound: SoundOut::default(),
            microphone: Microphone::default(),
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
        } else if let Some(sound) = self.sound.as_mut().filter(|it| it.is_on(id)) {
            sound.receive(chunk, outbox)?;
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
            News::Opened(Purpose::Sound) => self.dynamic_sound = SoundOut::default(),
            News::Message(Purpose::Sound, message) => {
                let heard = self.dynamic_sound.receive(&message)?;
                self.pass_on(Purpose::Sound, heard, outbox);
            }
            News::Closed(Purpose::Sound) => outbox.event(Event::SoundEnded),
            News::Message(Purpose::Microphone, message) => {
                let heard = self.microphone.receive(&message)?;
                self.pass_on(Purpose::Microphone, heard, outbox);
            }
            News::Opened(Purpose::Microphone) | News::Closed(Purpose::Microphone) => {
                self.microphone.close().into_iter().for_each(|event| outbox.event(event));
            }
        }
        Ok(false)
    }

    fn pass_on(&self, purpose: Purpose, heard: Heard, outbox: &mut Outbox) {
        if let Some(dynamic) = &self.dynamic {
            let put = |answer: &Vec<u8>| dynamic.put(purpose, answer, outbox.bytes());
            heard.answers.iter().for_each(put);
        }
        heard.events.into_iter().for_each(|event| outbox.event(event));
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
    }

    /// When [`Self::handle_timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.clipboard.as_ref().and_then(Clipboard::deadline)
    }

    /// What came of a request about files.
    pub(super) fn handle_drive(&mut self, reply: DriveReply, outbox: &mut Outbox) {
        if let Some(devices) = &mut self.devices {
            devices.handle_reply(reply, outbox);
        }
    }

    /// A viewer's input that goes over a channel.
    pub(super) fn handle_input(&mut self, input: Input, outbox: &mut Outbox) {
        match input {
            Input::Clipboard(content) => {
                if let Some(clipboard) = &mut self.clipboard {
                    clipboard.offer(content, outbox);
                }
            }
            Input::Microphone(said) => {
                let messages = self.microphone.say(&said).into_iter().flatten();
                if let Some(dynamic) = &self.dynamic {
                    messages.for_each(|it| dynamic.put(Purpose::Microphone, &it, outbox.bytes()));
                }
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
