//! What updates have to say besides pixels, and what follows from their end.

use std::mem;
use std::time::Instant;

use bytes::BytesMut;
use porthole_pixels::{Rect, Surface};
use porthole_remote::{Event, Screen};

use super::Connected;
use crate::outbox::Outbox;
use crate::path::Advice;
use crate::requests::{put_set_encodings, put_update_request};
use crate::update::News;
use crate::{EncodingKind, RfbError};

impl Connected {
    /// Acts on what an update said. True: the update is over.
    pub(super) fn handle_news(
        &mut self,
        now: Instant,
        news: News,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<bool, RfbError> {
        match news {
            News::Event(event) => outbox.event(event),
            News::Video(rect, chunk) => self.streams.handle(rect, chunk, surface, outbox)?,
            News::QemuKeys => self.keyboard.use_scancodes(),
            News::ExtendedMouseButtons => self.mouse.use_extended(),
            News::Size(rect) => self.resize(rect, surface, outbox)?,
            News::Screens(rect, screens) => {
                self.handle_screens(now, rect, screens, surface, outbox)?;
            }
            News::End => {
                self.end_update(now, outbox);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn handle_screens(
        &mut self,
        now: Instant,
        rect: Rect,
        screens: Vec<Screen>,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RfbError> {
        let learned = self.desktop.learn(rect, screens);
        if learned.has_size {
            self.resize(rect, surface, outbox)?;
            if let Some(screens) = self.desktop.take_screens() {
                outbox.event(Event::Screens(screens));
            }
        }
        if learned.is_supported_now {
            outbox.event(Event::ResizeSupported(true));
        }
        if let Some(reason) = learned.refusal {
            outbox.event(Event::Notice(format!("the remote keeps its size: {reason}")));
        }
        self.desktop.ask(now, outbox.bytes());
        Ok(())
    }

    /// Gives the surface the size of `rect`. The same size again is not news: servers repeat
    /// it in answer to every request for the whole desktop.
    fn resize(
        &mut self,
        rect: Rect,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RfbError> {
        if rect.size() != self.desktop.size() {
            surface.resize(rect.size())?;
            self.desktop.set_size(rect.size());
            self.is_resized = true;
            outbox.event(Event::Resized(rect.size()));
            self.streams.resize(rect.size(), outbox);
        }
        Ok(())
    }

    fn end_update(&mut self, now: Instant, outbox: &mut Outbox) {
        outbox.event(Event::FrameEnd);
        let size = self.desktop.size();
        let out = outbox.bytes();
        if mem::take(&mut self.is_resized) {
            self.flow.resize(size, out);
        }
        match self.path.handle_end(now, size) {
            Some(Advice::Trial(rect)) => {
                self.is_raw = true;
                self.set_encodings(out);
                put_update_request(out, false, rect);
            }
            Some(Advice::Packed) => {
                self.is_raw = false;
                self.set_encodings(out);
            }
            None if self.path.wants_round_trip() => self.flow.ping(now, out),
            None => {}
        }
    }

    /// Everybody who watches can be shown video, or no longer can.
    pub(super) fn welcome_video(&mut self, is_welcome: bool, outbox: &mut Outbox) {
        if !self.config.h264 || self.has_video == is_welcome {
            return;
        }
        self.has_video = is_welcome;
        self.set_encodings(outbox.bytes());
        if !is_welcome && let Some(rect) = self.streams.around(|_rect| true) {
            put_update_request(outbox.bytes(), false, rect);
            self.streams.end_all(outbox);
        }
    }

    /// Asks for `rect`, changed or not, and for all of the streams that show some of it: servers
    /// begin those anew when they are asked for everything.
    pub(super) fn repaint(&self, rect: Rect, out: &mut BytesMut) {
        let streams = self.streams.around(|shown| shown.intersection(rect).is_some());
        let rect = streams.map_or(rect, |streams| streams.union(rect));
        if let Some(rect) = rect.intersection(self.desktop.size().rect()) {
            put_update_request(out, false, rect);
        }
    }

    /// Says what is understood, as things are now.
    fn set_encodings(&self, out: &mut BytesMut) {
        let encodings = if self.is_raw { &EncodingKind::LOCAL } else { self.packed() };
        put_set_encodings(out, encodings, self.has_video, &self.config);
    }

    /// What to ask for on a slow path.
    fn packed(&self) -> &[EncodingKind] {
        let chosen = self.config.encodings.as_slice();
        if chosen == EncodingKind::LOCAL { &EncodingKind::ALL } else { chosen }
    }
}
