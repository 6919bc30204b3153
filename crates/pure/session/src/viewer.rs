//! One viewer: what it has not been sent yet, and how fast it may be sent.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use porthole_link::{Phase, QualityMode, ToBrowser, Welcome, encode_frame_end};
use porthole_pixels::{Changes, Damage, Rect, Size};

use crate::frame::Finished;
use crate::history::History;
use crate::pacing::Pacing;
use crate::quality::Ladder;
use crate::{Permissions, ViewerId};

/// Bytes handed over and not yet written to the socket, beyond which nothing more is.
const QUEUED_MAX_BYTES: usize = 64 << 10;

/// The same for messages.
const QUEUED_MAX_MESSAGES: usize = 16;

/// Most notices held for a viewer that is not reading; older ones are dropped.
const NOTICES_MAX: usize = 4;

/// Most pixels made exact in one frame, so that new damage waits for little.
const REFINE_MAX_PIXELS: u32 = 512 << 10;

/// What every viewer is shown beside the picture: the newest of each, for those to come.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) cursor: Option<ToBrowser>,
    pub(crate) title: String,
    pub(crate) leds: u8,
    pub(crate) abilities: u32,
    pub(crate) phase: Phase,
}

/// What a viewer is owed beside the picture. State, not history: a new cursor replaces one
/// that was not sent.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) welcome: Option<Welcome>,
    pub(crate) state: bool,
    pub(crate) abilities: bool,
    pub(crate) title: bool,
    pub(crate) leds: bool,
    pub(crate) cursor: bool,
    pub(crate) bell: bool,
    pub(crate) clipboard: Option<String>,
    pub(crate) notices: VecDeque<String>,
    pub(crate) pong: Option<u32>,
}

impl Owed {
    pub(crate) fn notice(&mut self, words: String) {
        if self.notices.len() == NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(words);
    }

    /// Writes all of it, newest state of each.
    fn encode(&mut self, shown: &Shown, out: &mut BytesMut) {
        let owed = std::mem::take(self);
        let records = [
            owed.welcome.map(ToBrowser::Welcome),
            owed.state.then(|| ToBrowser::State(shown.phase, String::new())),
            owed.abilities.then_some(ToBrowser::Abilities(shown.abilities)),
            owed.title.then(|| ToBrowser::Title(shown.title.clone())),
            owed.leds.then_some(ToBrowser::Leds(shown.leds)),
            if owed.cursor { shown.cursor.clone() } else { None },
            owed.bell.then_some(ToBrowser::Bell),
            owed.clipboard.map(ToBrowser::ClipboardText),
            owed.pong.map(ToBrowser::Pong),
        ];
        for record in records.into_iter().flatten() {
            record.encode(out);
        }
        for words in owed.notices {
            ToBrowser::Notice(words).encode(out);
        }
    }
}

/// A viewer's state. Its size does not depend on how long it stalls.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) id: ViewerId,
    pub(crate) secret: [u8; 32],
    /// What its token allows; kept for when it comes back.
    pub(crate) granted: Permissions,
    /// What it may do now: less, when it only wants to watch.
    pub(crate) permissions: Permissions,
    pub(crate) mode: QualityMode,
    pub(crate) visible: bool,
    /// Its frame is being encoded.
    pub(crate) encoding: bool,
    pub(crate) pending: Changes,
    /// The canvas does not have the picture's size yet.
    pub(crate) resized: bool,
    pub(crate) pacing: Pacing,
    pub(crate) ladder: Ladder,
    pub(crate) owed: Owed,
    /// What was painted with loss and not yet made exact.
    lossy: Damage,
    frame: u32,
    queued_bytes: usize,
    queued_messages: usize,
}

impl Viewer {
    pub(crate) fn new(
        now: Instant,
        id: ViewerId,
        granted: Permissions,
        view_only: bool,
        mut welcome: Welcome,
        size: Size,
    ) -> Self {
        let watching = Permissions::INPUT.with(Permissions::CLIPBOARD_IN);
        let permissions = if view_only { granted.without(watching) } else { granted };
        // The viewer is told what it may do now, not what its token would allow.
        welcome.permissions = permissions.0;
        Self {
            id,
            secret: welcome.secret,
            granted,
            permissions,
            mode: QualityMode::Automatic,
            visible: true,
            encoding: false,
            pending: Changes::all(size),
            resized: true,
            pacing: Pacing::new(now),
            ladder: Ladder::new(),
            owed: Owed {
                welcome: Some(welcome),
                state: true,
                abilities: true,
                title: true,
                leds: true,
                cursor: true,
                ..Owed::default()
            },
            lossy: Damage::clean(size),
            frame: 0,
            queued_bytes: 0,
            queued_messages: 0,
        }
    }

    /// Takes note of what happened to the surface.
    pub(crate) fn absorb(&mut self, changes: &Changes) {
        let size = changes.damage().size();
        if self.pending.damage().size() == size {
            self.pending.add_all(changes);
        } else {
            self.pending = Changes::all(size);
            self.lossy = Damage::clean(size);
            self.resized = true;
        }
    }

    /// Whether the socket has taken most of what it was handed.
    pub(crate) fn is_drained(&self) -> bool {
        self.queued_bytes < QUEUED_MAX_BYTES && self.queued_messages < QUEUED_MAX_MESSAGES
    }

    /// The socket took a message of `bytes`.
    pub(crate) fn written(&mut self, bytes: usize) {
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
        self.queued_messages = self.queued_messages.saturating_sub(1);
    }

    /// A message with all that is owed beside the picture, if anything is.
    pub(crate) fn take_owed(&mut self, shown: &Shown) -> Option<Bytes> {
        if !self.is_drained() {
            return None;
        }
        let mut message = BytesMut::new();
        self.owed.encode(shown, &mut message);
        (!message.is_empty()).then(|| self.queue(message))
    }

    /// What has been lossy and still for `after`, oldest tiles not preferred, at most
    /// [`REFINE_MAX_PIXELS`]; and when the next such tile comes.
    pub(crate) fn refinement(
        &self,
        now: Instant,
        history: &History,
        after: Duration,
    ) -> (Option<Damage>, Option<Instant>) {
        if self.lossy.is_clean() {
            return (None, None);
        }
        let (mut due, mut next) = (Damage::clean(self.lossy.size()), None);
        let mut pixels = 0;
        for rect in self.lossy.iter() {
            let at = history.changed_at(rect) + after;
            if self.pending.damage().iter_within(rect).next().is_some() {
                // It is about to be painted anyway.
                continue;
            }
            if at > now {
                next = Some(next.map_or(at, |next: Instant| next.min(at)));
            } else if pixels < REFINE_MAX_PIXELS {
                pixels += rect.area();
                due.add(rect);
            }
        }
        (Some(due).filter(|due| !due.is_clean()), next)
    }

    /// Appends the frame's end and accounts for it.
    pub(crate) fn send_frame(
        &mut self,
        now: Instant,
        finished: &Finished,
        max_bytes: usize,
    ) -> Bytes {
        self.encoding = false;
        self.frame = self.frame.wrapping_add(1);
        let mut message = BytesMut::with_capacity(finished.message.len() + 8);
        message.extend_from_slice(&finished.message);
        encode_frame_end(&mut message, self.frame);
        self.note_losses(finished);
        self.ladder.learn(finished.rung, finished.lossy_pixels, finished.lossy_bytes);
        self.pacing.sent(now, self.frame, message.len(), max_bytes);
        self.queue(message)
    }

    fn note_losses(&mut self, finished: &Finished) {
        for copy in &finished.copies {
            let carried: Vec<Rect> =
                self.lossy.iter_within(copy.source_rect()).map(|rect| copy.carry(rect)).collect();
            self.lossy.clear_within(copy.target);
            carried.into_iter().for_each(|rect| self.lossy.add(rect));
        }
        for (rect, lossy) in &finished.painted {
            if *lossy {
                self.lossy.add(*rect);
            } else {
                self.lossy.clear_within(*rect);
            }
        }
    }

    fn queue(&mut self, message: BytesMut) -> Bytes {
        self.queued_bytes += message.len();
        self.queued_messages += 1;
        message.freeze()
    }
}
