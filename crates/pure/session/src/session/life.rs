//! Who is there: viewers come, leave and come back, and the session ends.

use std::time::Instant;

use porthole_link::{Category, ErrorRecord, Feature, Hello, Welcome};
use porthole_remote::{Input, SizeWish};

use super::prompt::may_answer;
use super::schedule::earliest;
use super::{Attach, AttachError, EndCause, Output, Session, ViewerId};
use crate::Permissions;
use crate::clipboard::Outgoing;
use crate::passing::VideoQueue;
use crate::picture::Picture;
use crate::viewer::Viewer;

/// A place that a viewer left and may come back to.
#[derive(Debug)]
pub(super) struct Seat {
    secret: [u8; 32],
    secret_before: Option<[u8; 32]>,
    pub(super) granted: Permissions,
    left_at: Instant,
    /// What the browser's canvas shows, should it come back with it.
    pub(super) picture: Picture,
    /// What was copied on the remote and not wholly sent.
    pub(super) clipboard: Option<Outgoing>,
}

/// What a viewer that comes back had.
struct Returned {
    granted: Permissions,
    picture: Picture,
    clipboard: Option<Outgoing>,
    /// The secret of its last Welcome, if it does not seem to know that, nor the frames after it.
    unheard: Option<[u8; 32]>,
}

impl Session {
    /// A viewer wants in.
    ///
    /// # Errors
    ///
    /// [`AttachError`]; nothing has changed, but that a seat whose secret was given is used up.
    pub fn handle_attach(&mut self, now: Instant, attach: &Attach) -> Result<(), AttachError> {
        let hello = &attach.hello;
        let mut returned = match &hello.resume {
            Some(resume) => Some(self.take_seat(&resume.secret).ok_or(AttachError::Ended)?),
            None => None,
        };
        if self.ended {
            return Err(AttachError::Ended);
        }
        if self.viewers.len() >= self.config.viewers_max {
            return Err(AttachError::Full { limit: self.config.viewers_max });
        }
        let has_video = self.config.video.is_some() || self.config.passes_video;
        let video = if has_video { Feature::VIDEO } else { 0 };
        let text = if self.config.text { Feature::TERMINAL } else { 0 };
        let mut features = hello.features & (Feature::CELLS | Feature::TABLES | video | text);
        let draws_text = features & Feature::TERMINAL != 0;
        let cells = hello.cells.min(porthole_link::CELLS_MAX).min(self.config.cells_max);
        let granted = returned.as_ref().map_or(attach.permissions, |returned| returned.granted);
        // A Welcome that may yet arrive must not be void because another one was sent after it.
        let unheard = returned.as_ref().and_then(|returned| returned.unheard);
        let clipboard = returned.as_mut().and_then(|returned| returned.clipboard.take());
        let painted = hello.painted.filter(|_| !draws_text);
        let picture = match returned.and_then(|returned| kept(returned, painted, cells)) {
            Some(picture) => {
                features |= Feature::KEPT;
                picture
            }
            None => Picture::new(self.surface.size(), cells),
        };
        let mut viewer = Viewer::new(
            now,
            attach.viewer,
            granted,
            hello.view_only,
            Welcome {
                features,
                permissions: granted.0,
                linger_ms: self.config.linger.as_millis().try_into().unwrap_or(u32::MAX),
                session: attach.session,
                secret: unheard.unwrap_or(attach.secret),
            },
            picture,
            VideoQueue::new(self.surface.size(), self.surface.veil()),
        );
        viewer.secret_before = hello.resume.as_ref().map(|resume| resume.secret);
        viewer.clipboard = clipboard.map(Outgoing::restarted);
        let may_input = viewer.permissions.allow(Permissions::INPUT);
        viewer.owed.prompt = self.shown.prompt.is_some() && may_answer(&viewer);
        viewer.owed.questions = self.shown.questions.is_some() && may_answer(&viewer);
        viewer.owed.recording = self.sound.is_recording(&viewer).then_some(true);
        let is_first_of_pictures = self.viewers.iter().all(|viewer| viewer.text.is_some());
        self.viewers.push(viewer);
        self.surface.keep_before(true);
        self.empty_since = None;
        if !draws_text && (may_input || is_first_of_pictures) {
            self.scale_wish = hello.scale_percent;
        }
        self.want_pictures();
        // Those who draw text tell its columns and rows.
        if may_input && !draws_text {
            let Hello { size, scale_percent, .. } = attach.hello;
            self.wish_size(SizeWish { size, scale_percent });
        }
        Ok(())
    }

    /// A viewer's socket is gone. Its seat is kept for [`crate::SessionConfig::linger`].
    pub fn handle_detach(&mut self, now: Instant, viewer: ViewerId) {
        let Some(at) = self.viewers.iter().position(|held| held.id == viewer) else { return };
        let mut left = self.viewers.swap_remove(at);
        self.want_pictures();
        self.close_files(&mut left);
        self.sound.left(left.id);
        if left.permissions.allow(Permissions::INPUT) {
            self.pass_on(Input::ReleaseAll);
        }
        // Seats are bounded like viewers; the oldest gives way.
        if self.seats.len() >= self.config.viewers_max {
            self.seats.remove(0);
        }
        self.seats.push(Seat {
            secret: left.secret,
            secret_before: left.secret_before,
            granted: left.granted,
            left_at: now,
            picture: left.picture,
            clipboard: left.clipboard,
        });
        if self.viewers.is_empty() {
            self.surface.keep_before(false);
            self.empty_since = Some(now);
        }
    }

    /// Ends the session when its time has come; else says when that may be.
    pub(super) fn check_life(&mut self, now: Instant) -> Option<Instant> {
        let linger = self.config.linger;
        self.seats.retain(|seat| now.saturating_duration_since(seat.left_at) <= linger);
        let abandoned_at = self.empty_since.map(|since| since + linger);
        let idle_at = self.config.idle_max.map(|max| self.input_at + max);
        let old_at = self.config.age_max.map(|max| self.started_at + max);
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(abandoned_at) {
            self.end(EndCause::Abandoned, &session_ended());
        } else if due(old_at) {
            self.end(EndCause::TimeUp, &ended("time_up", "the time for this session is up"));
        } else if due(idle_at) {
            self.end(EndCause::Idle, &ended("idle", "the session was not used for too long"));
        }
        earliest(earliest(abandoned_at, idle_at), old_at)
    }

    pub(super) fn end(&mut self, cause: EndCause, error: &ErrorRecord) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.outputs.retain(|output| matches!(output, Output::Send { .. }));
        for viewer in self.viewers.drain(..) {
            self.outputs.push_back(Output::Close { viewer: viewer.id, error: error.clone() });
        }
        self.outputs.push_back(Output::End(cause));
    }

    /// Finds the seat that `secret` opens, freeing it. A viewer that still holds it is one whose
    /// socket died unnoticed: it is closed. The secret before the last one counts until the viewer
    /// has shown that it got the last one: the Welcome with that may have been lost.
    fn take_seat(&mut self, secret: &[u8; 32]) -> Option<Returned> {
        let knows = |held: &[u8; 32]| same_secret(held, secret);
        let unheard = |last: [u8; 32]| Some(last).filter(|last| !knows(last));
        let is_its = |last: &[u8; 32], before: &Option<[u8; 32]>| {
            knows(last) || before.as_ref().is_some_and(knows)
        };
        let seat_at = self.seats.iter().position(|seat| is_its(&seat.secret, &seat.secret_before));
        if let Some(at) = seat_at {
            let Seat { granted, picture, clipboard, secret: last, .. } = self.seats.remove(at);
            return Some(Returned { granted, picture, clipboard, unheard: unheard(last) });
        }
        let at = self.viewers.iter().position(|v| is_its(&v.secret, &v.secret_before))?;
        let mut viewer = self.viewers.swap_remove(at);
        self.close_files(&mut viewer);
        self.sound.left(viewer.id);
        if viewer.permissions.allow(Permissions::INPUT) {
            self.pass_on(Input::ReleaseAll);
        }
        self.outputs.push_back(Output::Close {
            viewer: viewer.id,
            error: ended("replaced", "this session was opened again elsewhere"),
        });
        let unheard = unheard(viewer.secret);
        let Viewer { granted, picture, clipboard, .. } = viewer;
        Some(Returned { granted, picture, clipboard, unheard })
    }
}

/// The picture to go on from, if the browser has kept it.
fn kept(returned: Returned, painted: Option<u32>, cells: u16) -> Option<Picture> {
    let Returned { mut picture, unheard, .. } = returned;
    let painted = painted?;
    let painted = if unheard.is_some() { 0 } else { painted };
    let goes_on = picture.cells.capacity() == cells && picture.go_on_from(painted);
    goes_on.then_some(picture)
}

/// Compares in a time that does not depend on where the two differ.
fn same_secret(held: &[u8; 32], given: &[u8; 32]) -> bool {
    held.iter().zip(given).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

fn ended(cause: &str, message: &str) -> ErrorRecord {
    ErrorRecord {
        category: Category::Ended,
        retry: false,
        cause: cause.into(),
        message: message.into(),
    }
}

fn session_ended() -> ErrorRecord {
    ended("session_ended", "this session has ended")
}
