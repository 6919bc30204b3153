//! One viewer: what it has not been sent yet, and how fast it may be sent.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use porthole_link::{
    ClipboardJoiner, ClipboardPart, Feature, Phase, Prompt, QualityMode, QuestionsRecord,
    ScreenPlace, SoundNews, ToBrowser, Welcome, encode_frame_end,
};
use porthole_pixels::{Damage, Point, Rect};
use porthole_remote::{Questions, TerminalLook};

use crate::clipboard::Outgoing;
use crate::files::Files;
use crate::film::{Film, FilmDone};
use crate::frame::{FILE_TABLES, Finished, Head};
use crate::history::History;
use crate::pacing::Pacing;
use crate::passing::VideoQueue;
use crate::picture::Picture;
use crate::quality::Ladder;
use crate::sound::SoundQueue;
use crate::text::TextQueue;
use crate::{Permissions, ViewerId};

/// Bytes handed over and not yet written to the socket, beyond which nothing more is.
const QUEUED_MAX_BYTES: usize = 64 << 10;

/// The same for messages.
const QUEUED_MAX_MESSAGES: usize = 16;

/// Most messages that may be handed over and not written when sound follows them: what is behind
/// more of them comes late.
const SOUND_BEHIND_MESSAGES: usize = 3;

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
    pub(crate) screens: Vec<ScreenPlace>,
    pub(crate) phase: Phase,
    /// What somebody must tell the remote before it lets us in.
    pub(crate) prompt: Option<Prompt>,
    /// What it asks in words of its own.
    pub(crate) questions: Option<Questions>,
    /// How far the connection has come, while it is being set up.
    pub(crate) progress: String,
    /// How a text remote looks.
    pub(crate) look: Option<TerminalLook>,
}

/// What a viewer is owed beside the picture. State, not history: a new cursor replaces one
/// that was not sent.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) welcome: Option<Welcome>,
    pub(crate) state: bool,
    pub(crate) abilities: bool,
    pub(crate) screens: bool,
    pub(crate) title: bool,
    pub(crate) leds: bool,
    pub(crate) cursor: bool,
    pub(crate) bell: bool,
    pub(crate) notices: VecDeque<String>,
    pub(crate) pong: Option<u32>,
    pub(crate) prompt: bool,
    pub(crate) questions: bool,
    /// Whether the remote records what this viewer says, if that is news.
    pub(crate) recording: Option<bool>,
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
            owed.state.then(|| ToBrowser::State(shown.phase, shown.progress.clone())),
            owed.abilities.then_some(ToBrowser::Abilities(shown.abilities)),
            owed.screens.then(|| ToBrowser::Screens(shown.screens.clone())),
            owed.title.then(|| ToBrowser::Title(shown.title.clone())),
            owed.leds.then_some(ToBrowser::Leds(shown.leds)),
            if owed.cursor { shown.cursor.clone() } else { None },
            owed.bell.then_some(ToBrowser::Bell),
            owed.pong.map(ToBrowser::Pong),
            owed.prompt.then(|| ToBrowser::Prompt(shown.prompt.clone().unwrap_or_default())),
            owed.questions.then(|| ToBrowser::Questions(questions_record(shown))),
            owed.recording.map(|is_on| ToBrowser::Sound(SoundNews::Recording(is_on))),
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
    /// The secret that it came back with, until it has shown that it knows the new one.
    pub(crate) secret_before: Option<[u8; 32]>,
    /// What its token allows; kept for when it comes back.
    pub(crate) granted: Permissions,
    /// What it may do now: less, when it only wants to watch.
    pub(crate) permissions: Permissions,
    /// Optional parts of the link that it knows and this gateway uses.
    pub(crate) features: u32,
    pub(crate) mode: QualityMode,
    pub(crate) visible: bool,
    pub(crate) picture: Picture,
    /// A frame is due even if there is nothing in it: it goes on from a picture that it kept.
    pub(crate) owes_frame: bool,
    pub(crate) pacing: Pacing,
    pub(crate) ladder: Ladder,
    /// The region that it gets as H.264.
    pub(crate) film: Option<Film>,
    /// What it is still to be sent of the remote's own video.
    pub(crate) videos: VideoQueue,
    pub(crate) owed: Owed,
    /// What was copied on the remote last, until all of it is sent.
    pub(crate) clipboard: Option<Outgoing>,
    /// What it copied, as far as that has come.
    pub(crate) pasting: ClipboardJoiner,
    /// What it asks for of the files.
    pub(crate) files: Files,
    /// What it has not heard yet.
    pub(crate) sound: SoundQueue,
    /// What it has not been sent of a text remote, if it draws that itself.
    pub(crate) text: Option<TextQueue>,
    /// The JPEG tables it has, one bit a number.
    tables: u16,
    /// Those it has as number [`FILE_TABLES`].
    file_tables: Bytes,
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
        picture: Picture,
        videos: VideoQueue,
    ) -> Self {
        let watching = Permissions::INPUT
            .with(Permissions::CLIPBOARD_IN)
            .with(Permissions::FILES_IN)
            .with(Permissions::MICROPHONE);
        let permissions = if view_only { granted.without(watching) } else { granted };
        // The viewer is told what it may do now, not what its token would allow.
        welcome.permissions = permissions.0;
        let features = welcome.features;
        Self {
            id,
            secret: welcome.secret,
            secret_before: None,
            granted,
            permissions,
            features,
            mode: QualityMode::Automatic,
            visible: true,
            picture,
            owes_frame: features & Feature::KEPT != 0,
            pacing: Pacing::new(now),
            ladder: Ladder::new(),
            film: None,
            videos,
            owed: Owed {
                welcome: Some(welcome),
                state: true,
                abilities: true,
                screens: true,
                title: true,
                leds: true,
                cursor: true,
                ..Owed::default()
            },
            clipboard: None,
            pasting: ClipboardJoiner::default(),
            files: Files::default(),
            sound: SoundQueue::default(),
            text: (features & Feature::TERMINAL != 0).then(TextQueue::new),
            tables: 0,
            file_tables: Bytes::new(),
            frame: 0,
            queued_bytes: 0,
            queued_messages: 0,
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

    /// A message with the sound that waits, if any does and what left before it is nearly written.
    /// It may pass a full window: what is late is not worth sending.
    pub(crate) fn take_sound(&mut self, now: Instant) -> Option<Bytes> {
        self.sound.drop_late(now);
        if !self.is_drained() || self.queued_messages > SOUND_BEHIND_MESSAGES {
            return None;
        }
        let mut message = BytesMut::new();
        self.sound.write(&mut message);
        if message.is_empty() {
            return None;
        }
        self.pacing.sent_beside(now, message.len());
        Some(self.queue(message))
    }

    /// A message with what there is about files, if anything is and the socket has taken the rest.
    pub(crate) fn take_files(&mut self, now: Instant) -> Option<Bytes> {
        if !self.is_drained() {
            return None;
        }
        let mut message = BytesMut::new();
        self.files.write(now, &mut message);
        (!message.is_empty()).then(|| self.queue(message))
    }

    /// The remote offers a file.
    pub(crate) fn offer_file(&mut self, path: &str, size: u64) {
        if self.permissions.allow(Permissions::FILES_OUT) {
            self.files.offer(path, size);
        }
    }

    /// What has been lossy and still for `after`, nearest `pointer` first, at most `pixels_max`
    /// pixels and one tile; and when the next such tile comes.
    pub(crate) fn refinement(
        &self,
        now: Instant,
        history: &History,
        after: Duration,
        (pointer, pixels_max): (Point, u32),
    ) -> (Option<Damage>, Option<Instant>) {
        let lossy = &self.picture.lossy;
        if lossy.is_clean() {
            return (None, None);
        }
        let (mut due, mut next) = (Vec::new(), None);
        for rect in lossy.iter() {
            let at = history.changed_at(rect) + after;
            if self.picture.pending.damage().iter_within(rect).next().is_some() {
                // It is about to be painted anyway.
                continue;
            }
            if at > now {
                next = Some(next.map_or(at, |next: Instant| next.min(at)));
            } else {
                due.push(rect);
            }
        }
        due.sort_by_key(|rect| distance(*rect, pointer));
        let mut chosen = Damage::clean(lossy.size());
        let mut pixels = 0;
        for rect in due {
            if pixels > 0 && pixels + rect.area() > pixels_max.min(REFINE_MAX_PIXELS) {
                break;
            }
            pixels += rect.area();
            chosen.add(rect);
        }
        (Some(chosen).filter(|chosen| !chosen.is_clean()), next)
    }

    /// Something in `rect` did not decode.
    pub(crate) fn spoil(&mut self, rect: Rect) {
        self.picture.spoil(rect);
        self.videos.spoil(rect);
        if let Some(film) = &mut self.film
            && film.rect().intersection(rect).is_some()
        {
            film.demand_key();
        }
    }

    /// A picture of its film is encoded. What was left of it is still owed.
    pub(crate) fn finish_film(&mut self, done: FilmDone) {
        done.left.iter().for_each(|rect| self.picture.pending.add_damage(*rect));
        if let Some(film) = &mut self.film {
            film.finish(done);
        }
    }

    /// The number that its next frame will have.
    pub(crate) const fn next_frame(&self) -> u32 {
        self.frame.wrapping_add(1)
    }

    /// Whether its first frame is on its way: before that there is nothing to look at.
    pub(crate) const fn is_started(&self) -> bool {
        self.frame > 0
    }

    /// Puts a frame together that draws nothing and brings a part of the clipboard.
    pub(crate) fn send_part(
        &mut self,
        now: Instant,
        part: ClipboardPart,
        max_bytes: usize,
    ) -> Bytes {
        self.frame = self.next_frame();
        let mut message = BytesMut::with_capacity(part.data.len() + 16);
        ToBrowser::Clipboard(part).encode(&mut message);
        encode_frame_end(&mut message, self.frame);
        self.pacing.sent(now, self.frame, message.len(), max_bytes);
        self.queue(message)
    }

    /// Ends a frame that draws nothing and brings text.
    pub(crate) fn send_text(
        &mut self,
        now: Instant,
        mut message: BytesMut,
        max_bytes: usize,
    ) -> Bytes {
        self.frame = self.next_frame();
        encode_frame_end(&mut message, self.frame);
        self.pacing.sent(now, self.frame, message.len(), max_bytes);
        self.queue(message)
    }

    /// Puts this viewer's frame together and accounts for it.
    pub(crate) fn send_frame(
        &mut self,
        now: Instant,
        finished: &Finished,
        head: &Head,
        max_bytes: usize,
    ) -> Bytes {
        self.frame = self.next_frame();
        let mut message =
            BytesMut::with_capacity(head.records.len() + finished.images.records.len() + 1024);
        message.extend_from_slice(&head.records);
        if let Some(tables) = &finished.images.tables {
            let number = finished.rung.number();
            let bit = 1_u16.checked_shl(number.into()).unwrap_or(0);
            if self.tables & bit == 0 {
                self.tables |= bit;
                ToBrowser::Tables(number, tables.clone()).encode(&mut message);
            }
        }
        if let Some(tables) = &finished.images.file_tables
            && *tables != self.file_tables
        {
            self.file_tables = tables.clone();
            ToBrowser::Tables(FILE_TABLES, tables.clone()).encode(&mut message);
        }
        message.extend_from_slice(&finished.images.records);
        encode_frame_end(&mut message, self.frame);
        self.picture.sent(self.frame, finished, &head.recalled);
        self.ladder.learn(finished.rung, finished.images.lossy_pixels, finished.images.lossy_bytes);
        self.pacing.sent(now, self.frame, message.len(), max_bytes);
        if let Some(outgoing) = &mut self.clipboard {
            outgoing.frame_sent();
        }
        self.queue(message)
    }

    fn queue(&mut self, message: BytesMut) -> Bytes {
        self.queued_bytes += message.len();
        self.queued_messages += 1;
        message.freeze()
    }
}

/// Nothing to ask ends the asking.
fn questions_record(shown: &Shown) -> QuestionsRecord {
    shown.questions.as_ref().map_or_else(QuestionsRecord::default, |asked| QuestionsRecord {
        open: true,
        questions: asked.questions.iter().map(|one| (one.echo, one.text.clone())).collect(),
        instruction: asked.instruction.clone(),
    })
}

/// How far `rect` is from a point, squared.
pub(crate) fn distance(rect: Rect, from: Point) -> u64 {
    let away = |near: u16, far: u32, at: u16| {
        let at = u64::from(at);
        u64::from(near).saturating_sub(at).max(at.saturating_sub(u64::from(far)))
    };
    let (x, y) = (away(rect.x, rect.right(), from.x), away(rect.y, rect.bottom(), from.y));
    x * x + y * y
}
