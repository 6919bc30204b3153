//! Every virtual channel of a connection, and who listens on it.

use std::time::Instant;

use ironrdp_connector::ConnectionResult;
use porthole_pixels::{Rect, Size, Surface};
use porthole_remote::{DriveReply, Event, Input, SizeWish};

use super::pipeline::Pipeline;
use crate::channels;
use crate::clipboard::Clipboard;
use crate::devices::Devices;
use crate::display_control::DisplayControl;
use crate::dynamic::{Dynamic, News, Purpose};
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::sound::{Heard, Microphone, SoundChannel, SoundOut};
use crate::touch::Touch;
use crate::{RdpConfig, RdpError};

/// The channels that the server has granted, with what is said on them.
#[derive(Debug)]
pub(super) struct Channels {
    clipboard: Option<Clipboard>,
    devices: Option<Devices>,
    dynamic: Option<Dynamic>,
    display_control: DisplayControl,
    pipeline: Pipeline,
    /// Sound over a static channel, and over a dynamic one.
    sound: Option<SoundChannel>,
    dynamic_sound: SoundOut,
    microphone: Microphone,
    /// `None`: touches are not wanted.
    touch: Option<Touch>,
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
                (Purpose::Graphics, config.graphics_pipeline().is_some()),
                (Purpose::Sound, config.sound),
                (Purpose::Microphone, config.microphone),
                (Purpose::Touch, config.touch),
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
            pipeline: Pipeline::new(config.graphics_pipeline()),
            sound: sound.map(|id| SoundChannel::new(user, id)),
            dynamic_sound: SoundOut::default(),
            microphone: Microphone::default(),
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
        surface: &mut Surface,
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
            News::Opened(Purpose::Graphics) => self.pipeline.handle_opened(dynamic, outbox),
            News::Message(Purpose::Graphics, message) => {
                self.pipeline.handle(&message, surface, dynamic, outbox)?;
            }
            News::Closed(Purpose::Graphics) => self.pipeline.handle_closed(dynamic, outbox),
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
            (Input::Microphone(said), ..) => {
                let messages = self.microphone.say(&said).into_iter().flatten();
                if let Some(dynamic) = &self.dynamic {
                    messages.for_each(|it| dynamic.put(Purpose::Microphone, &it, outbox.bytes()));
                }
            }
            (Input::Touch { contact, phase, at }, _, Some(touch)) => {
                let frame = touch.touch(now, contact, phase, at);
                self.put_touch(frame, outbox);
            }
            _ => {}
        }
    }

    /// A viewer wants a size.
    pub(super) fn want_size(&mut self, wish: SizeWish) {
        self.display_control.want(wish);
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
        if let Some(clipboard) = &mut self.clipboard {
            clipboard.answer(outbox.bytes());
        }
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
