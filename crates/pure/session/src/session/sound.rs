//! Sound: from the remote to all who listen, and from one who speaks to the remote.

use std::time::Instant;

use porthole_link::SoundWish;
use porthole_remote::{Input, Sound, SoundFormat};
use porthole_sound::{Frame, SoundError, Wanted};

use super::{Session, ViewerId};
use crate::Permissions;

impl Session {
    /// The remote is heard.
    pub(super) fn handle_sound(&mut self, now: Instant, sound: &Sound) {
        let wanted = self.sound_wanted();
        if !wanted.is_nothing() && !self.sound.is_in_time(now, sound) {
            return;
        }
        let Sound { format, pcm } = sound;
        let mut frames = Vec::new();
        let encoder = &mut self.sound.encoder;
        let made = encoder.push(format.rate_hz, format.channels, pcm, wanted, &mut frames);
        self.hand_out_sound(now, &made, &frames);
    }

    /// The remote has fallen silent.
    pub(super) fn handle_sound_ended(&mut self, now: Instant) {
        let wanted = self.sound_wanted();
        let mut frames = Vec::new();
        let made = self.sound.encoder.end(wanted, &mut frames);
        self.hand_out_sound(now, &made, &frames);
    }

    /// The remote records from here on, or no more.
    pub(super) fn handle_microphone_wanted(&mut self, format: Option<SoundFormat>) {
        self.sound.recording = format;
        self.sound.hush();
        self.for_each_viewer(|viewer| {
            if viewer.permissions.allow(Permissions::MICROPHONE) {
                viewer.owed.recording = Some(format.is_some());
            }
        });
    }

    /// What a viewer says about sound, or in sound.
    pub(super) fn handle_sound_wish(&mut self, now: Instant, id: ViewerId, wish: SoundWish) {
        let is_served = self.config.sound;
        let Some(viewer) = self.viewer(id) else { return };
        match wish {
            SoundWish::Listen(codec) => {
                let may_hear = is_served && viewer.permissions.allow(Permissions::AUDIO);
                viewer.sound.listen(codec.filter(|_| may_hear));
            }
            SoundWish::Said { rate_hz, pcm } => {
                if viewer.permissions.allow(Permissions::MICROPHONE)
                    && let Some(said) = self.sound.say(now, id, rate_hz, &pcm)
                {
                    self.pass_on(Input::Microphone(said));
                }
            }
        }
    }

    /// In which forms anybody wants to hear.
    fn sound_wanted(&self) -> Wanted {
        self.viewers.iter().map(|viewer| viewer.sound.wanted()).fold(
            Wanted::default(),
            |all, one| Wanted { opus: all.opus || one.opus, pcm: all.pcm || one.pcm },
        )
    }

    /// A format that cannot be served is silence: drivers agree on others with their servers.
    fn hand_out_sound(&mut self, now: Instant, made: &Result<(), SoundError>, frames: &[Frame]) {
        debug_assert!(made.is_ok(), "{made:?}");
        for viewer in &mut self.viewers {
            frames.iter().for_each(|frame| viewer.sound.push(now, frame));
        }
    }
}
