//! Text remotes: whoever draws text is sent the terminal's bytes, everybody else a picture.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_link::{RepliesRecord, TerminalWish};
use porthole_remote::{Cells, Input, Questions, Replies, TerminalInput, TerminalNews};

use super::prompt::may_answer;
use super::{Output, Session};
use crate::text::TextQueue;
use crate::viewer::Viewer;

impl Session {
    /// The remote asks in words of its own. The first answer comes as [`Output::Replies`], or none
    /// comes in time, and the session ends.
    pub fn handle_questions(&mut self, now: Instant, questions: Questions) {
        self.shown.questions = Some(questions);
        self.prompt_until = Some(now + self.config.prompt_max);
        self.tell_questions();
    }

    /// How far the connection has come that is being set up.
    pub fn handle_progress(&mut self, words: String) {
        self.shown.progress = words;
        self.for_each_viewer(|viewer| viewer.owed.state = true);
    }

    /// What somebody answered. Without a question, or from someone who may not answer it, it is
    /// nothing; so are too few answers.
    pub(super) fn reply(&mut self, now: Instant, may_answer: bool, replies: &RepliesRecord) {
        let fits = |asked: &mut Questions| may_answer && asked.questions.len() == replies.0.len();
        if self.shown.questions.take_if(fits).is_none() {
            return;
        }
        self.prompt_until = None;
        self.input_at = now;
        self.tell_questions();
        let texts = replies.0.iter().map(|text| text.as_str().into()).collect();
        self.outputs.push_back(Output::Replies(Replies(texts)));
    }

    /// Nothing is asked any more.
    pub(super) fn withdraw_questions(&mut self) {
        if self.shown.questions.take().is_some() {
            self.prompt_until = None;
            self.tell_questions();
        }
    }

    fn tell_questions(&mut self) {
        self.for_each_viewer(|viewer| viewer.owed.questions = may_answer(viewer));
    }

    /// A text remote has something to show.
    pub(super) fn handle_terminal(&mut self, news: TerminalNews) {
        let each = |act: &dyn Fn(&mut TextQueue), viewers: &mut Vec<Viewer>| {
            viewers.iter_mut().filter_map(|viewer| viewer.text.as_mut()).for_each(act);
        };
        match news {
            TerminalNews::Look(look) => {
                self.shown.look = Some(look);
                each(&|text| text.look_anew(), &mut self.viewers);
            }
            TerminalNews::Size(size) => each(&|text| text.push_size(size), &mut self.viewers),
            TerminalNews::Text(bytes) => each(&|text| text.push_text(&bytes), &mut self.viewers),
            TerminalNews::Screen(screen) => {
                self.screen_asked = false;
                each(&|text| text.push_screen(&screen), &mut self.viewers);
            }
        }
    }

    /// What a viewer that may give input says to the terminal.
    pub(super) fn handle_terminal_wish(&mut self, now: Instant, wish: TerminalWish) {
        if !self.config.text {
            return;
        }
        match wish {
            TerminalWish::Typed(bytes) => {
                self.input_at = now;
                self.pass_on(Input::Terminal(TerminalInput::Typed(bytes)));
            }
            TerminalWish::Resize(columns, rows) => {
                let size = Cells { columns, rows }.clamped();
                self.cells_wish = Some(size);
                self.pass_on(Input::Terminal(TerminalInput::Resize(size)));
            }
        }
    }

    /// The remote is up: it is told what it could not be told before. What viewers were shown of
    /// one before it is void.
    pub(super) fn greet_terminal(&mut self) {
        if !self.config.text {
            return;
        }
        self.screen_asked = false;
        self.pictures_wanted = None;
        self.for_each_viewer(|viewer| {
            if let Some(text) = &mut viewer.text {
                text.forget();
            }
        });
        if let Some(size) = self.cells_wish {
            self.pass_on(Input::Terminal(TerminalInput::Resize(size)));
        }
        self.want_pictures();
    }

    /// Has a text remote draw while somebody watches who is shown pictures.
    pub(super) fn want_pictures(&mut self) {
        let is_needed = self.viewers.iter().any(|viewer| viewer.text.is_none());
        let wanted = is_needed.then_some(self.scale_wish);
        if self.config.text && self.connected && wanted != self.pictures_wanted {
            self.pictures_wanted = wanted;
            self.pass_on(Input::Terminal(TerminalInput::PicturesWanted(wanted)));
        }
    }

    /// A viewer who is shown pictures has this device pixel ratio, in percent.
    pub(super) fn wish_scale(&mut self, scale_percent: u16) {
        self.scale_wish = scale_percent;
        self.want_pictures();
    }

    /// Sends the viewer at `at` what waits for it of the text, as far as it may be sent now. The
    /// answer is when to look again, if only time is missing.
    pub(super) fn try_text(&mut self, now: Instant, at: usize) -> Option<Instant> {
        let max_bytes = self.config.unacked_max_bytes;
        let viewer = self.viewers.get_mut(at)?;
        let text = viewer.text.as_mut()?;
        if !(text.is_waiting() || text.lacks_screen()) || !viewer.is_drained() {
            return None;
        }
        let room = viewer.pacing.room_bytes(now, max_bytes);
        if room == 0 {
            let is_open = viewer.pacing.is_open(max_bytes);
            return viewer.pacing.next_at(Duration::ZERO).filter(|at| is_open && *at > now);
        }
        let text = viewer.text.as_mut()?;
        if text.lacks_screen() {
            if self.connected && !self.screen_asked {
                self.screen_asked = true;
                self.pass_on(Input::Terminal(TerminalInput::ScreenWanted));
            }
            return None;
        }
        let mut message = BytesMut::with_capacity(room.min(64 << 10));
        text.write(self.shown.look.as_ref(), room, &mut message);
        let more = text.is_waiting();
        let message = viewer.send_text(now, message, max_bytes);
        self.outputs.push_back(Output::Send { viewer: viewer.id, message });
        more.then_some(now)
    }
}
