//! The session's state machine: who calls it, with what, and what it asks for in return.

mod clipboard;
mod compose;
mod covers;
mod life;
mod prompt;
mod schedule;
mod sound;
mod text;
mod transfers;
mod video;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use porthole_link::{Ability, ErrorRecord, Hello, Phase, ScreenPlace, ToBrowser, ToGateway};
use porthole_pixels::{Point, Size, Surface};
use porthole_remote::{
    Buttons, Cells, Credentials, Cursor, Event, Input, Replies, Screen, SizeWish, TouchPhase,
};
use porthole_tiles::MoveFinder;
use porthole_tiles::video::MotionTracker;

pub(crate) use self::covers::Passed;
use self::life::Seat;
use crate::costs::Costs;
use crate::files::{FileKey, FileOrder};
use crate::frame::{Finished, Job};
use crate::history::History;
use crate::keys::TileKeys;
use crate::passing::Passing;
use crate::sound::SessionSound;
use crate::viewer::{Shown, Viewer};
use crate::{Permissions, SessionConfig};

/// Names a viewer within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewerId(pub u64);

/// A viewer that wants in.
#[derive(Debug)]
pub struct Attach {
    /// A name that this session has not used before.
    pub viewer: ViewerId,
    /// Its first record. With `resume`, the secret decides and `permissions` count for nothing.
    pub hello: Hello,
    /// What its token allows.
    pub permissions: Permissions,
    /// The session's name on the link.
    pub session: [u8; 16],
    /// Fresh random bytes.
    pub secret: [u8; 32],
}

/// Why a viewer is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// As many viewers as there may be.
    #[error("the session has {limit} viewers already")]
    Full {
        /// [`SessionConfig::viewers_max`].
        limit: usize,
    },
    /// The session is over, or the resume secret is not one of its own.
    #[error("the session has ended")]
    Ended,
}

/// Why a session ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndCause {
    /// Nobody came back within the linger time.
    Abandoned,
    /// Nobody gave input for too long.
    Idle,
    /// It lived as long as it may.
    TimeUp,
    /// Nobody gave the credentials that were asked for.
    Unanswered,
    /// The remote is gone.
    RemoteGone,
}

impl EndCause {
    /// A short, stable name.
    pub const fn cause(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Idle => "idle",
            Self::TimeUp => "time_up",
            Self::Unanswered => "prompt_timeout",
            Self::RemoteGone => "remote_gone",
        }
    }
}

/// What a session asks of the task that runs it.
#[derive(Debug)]
pub enum Output {
    /// Write this message to a viewer's socket, then call [`Session::handle_written`].
    Send {
        /// Whose socket.
        viewer: ViewerId,
        /// One WebSocket message.
        message: Bytes,
    },
    /// Write this error to a viewer's socket and close it; the session has forgotten it.
    Close {
        /// Whose socket.
        viewer: ViewerId,
        /// The last record.
        error: ErrorRecord,
    },
    /// Pass this on to the remote.
    Input(Input),
    /// The answer to [`Session::handle_prompt`].
    Credentials(Credentials),
    /// The answer to [`Session::handle_questions`].
    Replies(Replies),
    /// Run this, on any thread, then call [`Session::handle_encoded`].
    Encode(Box<Job>),
    /// Do this with the session's files, then call [`Session::handle_file`].
    File(FileKey, FileOrder),
    /// A frame was on a viewer's canvas this long after it left.
    Painted(Duration),
    /// The session is over. Its viewers have been closed.
    End(EndCause),
    /// Nothing until something happens or this moment comes.
    Wait(Option<Instant>),
}

/// One remote's picture and its viewers.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    surface: Surface,
    history: History,
    keys: TileKeys,
    moves: MoveFinder,
    /// Frames that are not decoded for a search for moves.
    search_rest: u8,
    /// Where there is a film, while anybody could be sent it as one.
    tracker: Option<MotionTracker>,
    /// The remote's own video.
    passing: Passing,
    /// What is heard and said.
    sound: SessionSound,
    /// When the surface last changed, until the session has come to rest.
    changed_at: Option<Instant>,
    costs: Costs,
    /// Where a viewer last pointed: what is near is made exact first.
    pointer: Point,
    viewers: Vec<Viewer>,
    seats: Vec<Seat>,
    shown: Shown,
    outputs: VecDeque<Output>,
    /// The remote is up and takes input.
    connected: bool,
    /// A drawing has begun to arrive and its end has not.
    torn_since: Option<Instant>,
    /// When the remote came up, until it has drawn something.
    blank_since: Option<Instant>,
    /// The size that a viewer asked for before the remote said whether it can change.
    size_wish: Option<SizeWish>,
    /// What was passed on last.
    size_told: Option<SizeWish>,
    /// The size that a viewer's terminal has, if one has told.
    cells_wish: Option<Cells>,
    /// A text remote has been asked for its screen.
    screen_asked: bool,
    /// The device pixel ratio of viewers who are shown pictures of text, in percent: that of the
    /// last one of them who may give input and has told, or else of the first.
    scale_wish: u16,
    /// A text remote has been asked to draw, at this ratio.
    pictures_wanted: Option<u16>,
    /// When what [`Shown::prompt`] asks for must have been answered.
    prompt_until: Option<Instant>,
    started_at: Instant,
    input_at: Instant,
    empty_since: Option<Instant>,
    ended: bool,
}

impl Session {
    /// A session that is still reaching its remote. `seed` is random and not told to anybody:
    /// it keeps others from making two pictures that this session takes for one.
    pub fn new(now: Instant, seed: u64, config: SessionConfig) -> Self {
        let files = if config.files { Ability::FILES } else { 0 };
        let abilities = files | if config.sound { Ability::SOUND } else { 0 };
        Self {
            config,
            surface: Surface::default(),
            history: History::new(now),
            keys: TileKeys::new(seed),
            moves: MoveFinder::default(),
            search_rest: 0,
            tracker: None,
            passing: Passing::default(),
            sound: SessionSound::default(),
            changed_at: None,
            costs: Costs::new(),
            pointer: Point::default(),
            viewers: Vec::new(),
            seats: Vec::new(),
            shown: Shown {
                cursor: None,
                title: String::new(),
                leds: 0,
                abilities,
                screens: Vec::new(),
                phase: Phase::Connecting,
                prompt: None,
                questions: None,
                progress: String::new(),
                look: None,
            },
            outputs: VecDeque::new(),
            connected: false,
            torn_since: None,
            blank_since: None,
            size_wish: None,
            size_told: None,
            cells_wish: None,
            screen_asked: false,
            scale_wish: 100,
            pictures_wanted: None,
            prompt_until: None,
            started_at: now,
            input_at: now,
            empty_since: Some(now),
            ended: false,
        }
    }

    /// The picture, lent to the driver while it decodes.
    pub const fn surface_mut(&mut self) -> &mut Surface {
        &mut self.surface
    }

    /// How many viewers are attached.
    pub const fn viewers_count(&self) -> usize {
        self.viewers.len()
    }

    /// A viewer's socket took a message of `bytes`.
    pub fn handle_written(&mut self, viewer: ViewerId, bytes: usize) {
        if let Some(viewer) = self.viewer(viewer) {
            viewer.written(bytes);
        }
    }

    /// A record from a viewer. Hello is dealt with by [`Session::handle_attach`]; another one is
    /// ignored.
    pub fn handle_message(&mut self, now: Instant, viewer: ViewerId, message: ToGateway) {
        let size = self.surface.size();
        let Some(from) = self.viewer(viewer) else { return };
        // It has the Welcome that its last secret came with.
        from.secret_before = None;
        let may_input = from.permissions.allow(Permissions::INPUT);
        let input = match message {
            ToGateway::Ack(frame, decode_us) => {
                let decode = Duration::from_micros(decode_us.into());
                let painted = from.pacing.painted(now, frame, decode);
                if painted.is_some() {
                    from.picture.painted(frame);
                }
                return self.outputs.extend(painted.map(Output::Painted));
            }
            ToGateway::Ping(token) => {
                from.owed.pong = Some(token);
                return;
            }
            ToGateway::Quality(mode) => {
                from.mode = mode;
                return;
            }
            ToGateway::Visible(visible) => {
                from.visible = visible;
                return;
            }
            ToGateway::File(asked) => return self.handle_file_request(now, viewer, asked),
            ToGateway::Sound(wish) => return self.handle_sound_wish(now, viewer, wish),
            ToGateway::Repaint(rect) => {
                from.spoil(rect);
                // The remote's own file may be why.
                return self.surface.uncover(rect);
            }
            ToGateway::Answer(answer) => return self.answer(now, may_input, &answer),
            ToGateway::Replies(replies) => return self.reply(now, may_input, &replies),
            ToGateway::Terminal(wish) if may_input => return self.handle_terminal_wish(now, wish),
            ToGateway::Clipboard(part) => return self.take_clipboard(viewer, &part),
            ToGateway::Resize(size, scale_percent) if may_input => {
                if from.text.is_none() {
                    self.wish_scale(scale_percent);
                }
                return self.wish_size(SizeWish { size, scale_percent });
            }
            ToGateway::Key { down, keysym, scancode } => Input::Key { down, keysym, scancode },
            ToGateway::Text(text) => Input::Text(text),
            ToGateway::Pointer(point, buttons) => {
                Input::Pointer { at: point.within(size), buttons: Buttons(buttons) }
            }
            ToGateway::Wheel(point, dx, dy) => Input::Wheel { at: point.within(size), dx, dy },
            ToGateway::Touch(contact, phase, point) => {
                Input::Touch { contact, phase: touch_phase(phase), at: point.within(size) }
            }
            ToGateway::ReleaseAll => Input::ReleaseAll,
            ToGateway::Resize(..) | ToGateway::Terminal(_) | ToGateway::Hello(_) => return,
        };
        if may_input {
            if let Input::Pointer { at, .. } = input {
                self.pointer = at;
            }
            self.input_at = now;
            self.pass_on(input);
        }
    }

    /// Something the driver noticed. The surface is already as the event says.
    pub fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected => {
                self.connected = true;
                // The surface's size is known, and everything in it is new. What is told apart now
                // is what the remote draws.
                self.absorb(now);
                self.blank_since = Some(now);
                self.shown.phase = Phase::Connected;
                self.shown.progress.clear();
                self.withdraw_questions();
                self.greet_terminal();
                self.for_each_viewer(|viewer| viewer.owed.state = true);
            }
            Event::FrameEnd => {
                if !self.surface.changes().is_none() {
                    self.blank_since = None;
                }
                self.absorb(now);
                self.torn_since = None;
            }
            Event::Cursor(cursor) => {
                self.shown.cursor = Some(cursor_record(&cursor));
                self.for_each_viewer(|viewer| viewer.owed.cursor = true);
            }
            Event::Clipboard(content) => self.offer_clipboard(content),
            Event::Bell => self.for_each_viewer(|viewer| viewer.owed.bell = true),
            Event::Title(title) => {
                self.shown.title = title;
                self.for_each_viewer(|viewer| viewer.owed.title = true);
            }
            Event::Leds(leds) => {
                self.shown.leds = leds;
                self.for_each_viewer(|viewer| viewer.owed.leds = true);
            }
            Event::ResizeSupported(supported) => {
                self.shown.abilities &= !Ability::RESIZE;
                self.shown.abilities |= if supported { Ability::RESIZE } else { 0 };
                self.for_each_viewer(|viewer| viewer.owed.abilities = true);
                // Whatever it was told before, it may have another size when it can again.
                self.size_told = self.size_told.filter(|_| supported);
                if let Some(wish) = self.size_wish.take().filter(|_| supported) {
                    self.wish_size(wish);
                }
            }
            Event::TouchSupported(supported) => {
                self.shown.abilities &= !Ability::TOUCH;
                self.shown.abilities |= if supported { Ability::TOUCH } else { 0 };
                self.for_each_viewer(|viewer| viewer.owed.abilities = true);
            }
            Event::Screens(screens) => {
                let place = |screen: &Screen| ScreenPlace { id: screen.id, rect: screen.rect };
                self.shown.screens = screens.iter().map(place).collect();
                self.for_each_viewer(|viewer| viewer.owed.screens = true);
            }
            Event::Terminal(news) => self.handle_terminal(news),
            Event::Video(chunk) => self.handle_video(now, &chunk),
            Event::VideoEnded(stream) => self.handle_video_ended(stream),
            Event::Sound(sound) => self.handle_sound(now, &sound),
            Event::SoundEnded => self.handle_sound_ended(now),
            Event::MicrophoneWanted(format) => self.handle_microphone_wanted(format),
            Event::Notice(words) => {
                self.for_each_viewer(|viewer| viewer.owed.notice(words.clone()));
            }
            // A new size is told by the surface's changes; events that this version does not know
            // change nothing it shows.
            _ => (),
        }
    }

    /// Bytes from the remote were decoded; a frame may now be half drawn.
    pub fn handle_decoded(&mut self, now: Instant) {
        if self.torn_since.is_none() && !self.surface.changes().is_none() {
            self.torn_since = Some(now);
        }
    }

    /// A frame is encoded.
    pub fn handle_encoded(&mut self, now: Instant, mut finished: Finished) {
        let max_bytes = self.config.unacked_max_bytes;
        finished.teach(&mut self.costs);
        let mut film = finished.images.film.take();
        for head in &finished.heads {
            let id = head.viewer;
            if let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.id == id) {
                let message = viewer.send_frame(now, &finished, head, max_bytes);
                if let Some(done) = film.take() {
                    viewer.finish_film(done);
                }
                self.outputs.push_back(Output::Send { viewer: id, message });
            }
        }
    }

    /// The remote is dialled once more: what it showed stays, and nothing reaches it until it is up
    /// again ([`Event::Connected`]).
    pub fn handle_redial(&mut self) {
        self.connected = false;
        self.torn_since = None;
        self.end_videos();
        // The next one is asked as this one was.
        self.size_wish = self.size_told.take().or(self.size_wish);
        self.shown.phase = Phase::Connecting;
        self.shown.abilities &= !Ability::RESIZE;
        self.for_each_viewer(|viewer| {
            viewer.owed.state = true;
            viewer.owed.abilities = true;
        });
    }

    /// The session cannot go on: the remote left, broke down, or the gateway is closing.
    pub fn handle_gone(&mut self, error: &ErrorRecord) {
        self.end(EndCause::RemoteGone, error);
    }

    /// Shows every viewer a sentence in passing.
    pub fn handle_notice(&mut self, words: &str) {
        self.for_each_viewer(|viewer| viewer.owed.notice(words.to_owned()));
    }

    /// What to do next. [`Output::Wait`] ends a round.
    pub fn poll(&mut self, now: Instant) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        let deadline = self.advance(now);
        self.outputs.pop_front().unwrap_or(Output::Wait(deadline))
    }

    fn wish_size(&mut self, wish: SizeWish) {
        if wish.size.area() == 0 || Surface::check_size(wish.size).is_err() {
            return;
        }
        if self.shown.abilities & Ability::RESIZE == 0 {
            self.size_wish = Some(wish);
        } else if self.size_told != Some(wish) || wish.size != self.surface.size() {
            self.size_told = Some(wish);
            self.pass_on(Input::Resize(wish));
        }
    }

    /// Input for a remote that is not up yet would reach whatever comes up: it is dropped.
    fn pass_on(&mut self, input: Input) {
        if self.connected {
            self.outputs.push_back(Output::Input(input));
        }
    }

    fn viewer(&mut self, id: ViewerId) -> Option<&mut Viewer> {
        self.viewers.iter_mut().find(|viewer| viewer.id == id)
    }

    fn for_each_viewer(&mut self, act: impl FnMut(&mut Viewer)) {
        self.viewers.iter_mut().for_each(act);
    }
}

const fn touch_phase(phase: u8) -> TouchPhase {
    match phase {
        0 => TouchPhase::Down,
        1 => TouchPhase::Move,
        2 => TouchPhase::Up,
        _ => TouchPhase::Cancel,
    }
}

fn cursor_record(cursor: &Cursor) -> ToBrowser {
    use std::io::Write as _;

    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to a vector cannot fail; a pointer that did not deflate would be hidden.
    let data = deflate.write_all(&cursor.rgba).and_then(|()| deflate.finish());
    match data {
        Ok(data) => ToBrowser::Cursor(cursor.hotspot, cursor.size, data.into()),
        Err(_) => ToBrowser::Cursor(Point::default(), Size::default(), Bytes::new()),
    }
}
