//! A stage for tests: a session, a fake clock, and viewers that do as a browser does.

mod screen;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use porthole_link::{ClipboardFormat, ClipboardPart, Feature, Hello, Resume, ToGateway};
use porthole_pixels::{Rect, Size};
use porthole_remote::{Credentials, Event, Input, Replies};
use porthole_tiles::Encoder;
use screen::secret;
pub(crate) use screen::{Screen, picture};

use crate::{
    Attach, AttachError, EndCause, FileKey, FileOrder, Output, Permissions, Session, SessionConfig,
    ViewerId,
};

pub(crate) const ALL: Permissions = Permissions(0b111);
pub(crate) const SIZE: Size = Size::new(640, 480);

/// A session, a clock that stands still until told, and what came out.
pub(crate) struct Stage {
    pub(crate) session: Session,
    pub(crate) encoder: Encoder,
    pub(crate) now: Instant,
    pub(crate) inputs: Vec<Input>,
    pub(crate) answers: Vec<Credentials>,
    /// Answers to questions.
    pub(crate) replies: Vec<Replies>,
    pub(crate) closed: Vec<(ViewerId, String)>,
    pub(crate) orders: Vec<(FileKey, FileOrder)>,
    pub(crate) ended: Option<EndCause>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) viewers: Vec<Screen>,
    /// Acknowledgements on their way over slow paths, in order.
    acks: VecDeque<(Instant, ViewerId, u32)>,
}

impl Stage {
    #[expect(clippy::disallowed_methods, reason = "a test needs some moment to start from")]
    pub(crate) fn new(config: SessionConfig) -> Self {
        let now = Instant::now();
        Self {
            session: Session::new(now, 7, config),
            encoder: Encoder::new().unwrap(),
            now,
            inputs: Vec::new(),
            answers: Vec::new(),
            replies: Vec::new(),
            closed: Vec::new(),
            orders: Vec::new(),
            ended: None,
            deadline: None,
            viewers: Vec::new(),
            acks: VecDeque::new(),
        }
    }

    pub(crate) fn connected() -> Self {
        Self::connected_with(SessionConfig::default())
    }

    pub(crate) fn connected_with(config: SessionConfig) -> Self {
        let mut stage = Self::new(config);
        stage.session.surface_mut().resize(SIZE).unwrap();
        stage.session.handle_event(stage.now, Event::Connected);
        stage.session.handle_event(stage.now, Event::FrameEnd);
        // Nobody waits for it to draw any more.
        stage.now += Duration::from_millis(100);
        stage
    }

    /// A viewer without optional features; with `resume`, one that comes back with nothing else.
    pub(crate) fn attach(
        &mut self,
        id: u64,
        permissions: Permissions,
        resume: Option<Resume>,
    ) -> Result<(), AttachError> {
        let screen = Screen::new(id, 0);
        self.attach_screen(screen, permissions, resume, None)
    }

    /// A viewer that keeps `cells` cells, and tables.
    pub(crate) fn attach_keeping(&mut self, id: u64, cells: u16) {
        self.attach_with(id, Feature::CELLS | Feature::TABLES, cells);
    }

    /// A viewer with these features.
    pub(crate) fn attach_with(&mut self, id: u64, features: u32, cells: u16) {
        let screen = Screen { features, ..Screen::new(id, cells) };
        self.attach_screen(screen, ALL, None, None).unwrap();
    }

    /// A viewer that draws text remotes itself.
    pub(crate) fn attach_drawing_text(&mut self, id: u64, permissions: Permissions) {
        let screen = Screen { features: Feature::TERMINAL, ..Screen::new(id, 0) };
        self.attach_screen(screen, permissions, None, None).unwrap();
    }

    /// A viewer with this device pixel ratio, in percent.
    pub(crate) fn attach_at_scale(&mut self, id: u64, permissions: Permissions, percent: u16) {
        let screen = Screen { scale_percent: percent, ..Screen::new(id, 0) };
        self.attach_screen(screen, permissions, None, None).unwrap();
    }

    /// A viewer comes back: what was on its way is lost. With `keeps`, it still has its canvas.
    pub(crate) fn come_back(&mut self, at: usize, id: u64, keeps: bool) {
        let mut screen = self.viewers.remove(at);
        screen.wire.clear();
        let resume = Some(Resume { session: [9; 16], secret: screen.secret });
        let painted = keeps.then_some(screen.painted);
        let cells = screen.cells_max;
        let features = screen.features;
        let fresh = || Screen { features, ..Screen::new(id, cells) };
        let mut next = if keeps { screen } else { fresh() };
        next.decoded.clear();
        (next.id, next.secret) = (ViewerId(id), secret(id));
        next.tables = 0;
        next.painted = 0;
        self.attach_screen(next, ALL, resume, painted).unwrap();
    }

    fn attach_screen(
        &mut self,
        mut screen: Screen,
        permissions: Permissions,
        resume: Option<Resume>,
        painted: Option<u32>,
    ) -> Result<(), AttachError> {
        let hello = Hello {
            features: screen.features,
            size: Size::default(),
            scale_percent: screen.scale_percent,
            view_only: false,
            resume,
            painted,
            cells: screen.cells_max,
            time_zone: String::new(),
        };
        screen.reads = !screen.deaf;
        let attach = Attach {
            viewer: screen.id,
            hello,
            permissions,
            session: [9; 16],
            secret: screen.secret,
        };
        self.session.handle_attach(self.now, &attach)?;
        self.viewers.push(screen);
        self.settle();
        Ok(())
    }

    /// Polls until there is nothing to do at this moment.
    pub(crate) fn settle(&mut self) {
        let mut acks = VecDeque::new();
        for _ in 0..10_000 {
            match self.session.poll(self.now) {
                Output::Send { viewer, message } => acks.extend(self.receive(viewer, &message)),
                Output::Close { viewer, error } => self.closed.push((viewer, error.cause)),
                Output::Input(input) => self.inputs.push(input),
                Output::Credentials(answer) => self.answers.push(answer),
                Output::Replies(replies) => self.replies.push(replies),
                Output::Painted(_) => (),
                Output::File(key, order) => self.orders.push((key, order)),
                Output::Encode(job) => {
                    let finished = job.run(&mut self.encoder).unwrap();
                    self.session.handle_encoded(self.now, finished);
                }
                Output::End(cause) => self.ended = Some(cause),
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    if acks.is_empty() {
                        return;
                    }
                    for (viewer, bytes, frame) in acks.drain(..) {
                        self.session.handle_written(viewer, bytes);
                        if let Some(frame) = frame {
                            let ack = ToGateway::Ack(frame, 100);
                            self.session.handle_message(self.now, viewer, ack);
                        }
                    }
                }
            }
        }
        panic!("the session never waits");
    }

    /// Lets `time` pass, looking whenever the session asked to.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        loop {
            assert!(self.deadline.is_none_or(|at| at > self.now), "a past deadline would spin");
            let ack_at = self.acks.front().map(|(at, ..)| *at);
            let next = [self.deadline, ack_at].into_iter().flatten().min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = next.max(self.now);
            self.take_acks();
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    /// The answer is what to tell the session, once it waits: written, and acknowledged.
    fn receive(&mut self, id: ViewerId, message: &Bytes) -> Option<(ViewerId, usize, Option<u32>)> {
        let screen = self.viewers.iter_mut().find(|screen| screen.id == id)?;
        screen.bytes += message.len();
        if !screen.reads {
            screen.wire.push_back(message.clone());
            return None;
        }
        let frame = screen.take(message).filter(|_| screen.acks);
        let Some(rate) = screen.bytes_per_ms else { return Some((id, message.len(), frame)) };
        let start = screen.busy_until.map_or(self.now, |until| until.max(self.now));
        let arrived = start + Duration::from_millis(message.len() as u64 / rate);
        screen.busy_until = Some(arrived);
        self.acks.extend(frame.map(|frame| (arrived + Duration::from_millis(40), id, frame)));
        Some((id, message.len(), None))
    }

    /// Hands over the acknowledgements that have arrived.
    fn take_acks(&mut self) {
        while let Some((at, id, frame)) = self.acks.front().copied()
            && at <= self.now
        {
            self.acks.pop_front();
            self.session.handle_message(self.now, id, ToGateway::Ack(frame, 100));
        }
    }

    /// A viewer reads again, for good or for `count` messages.
    pub(crate) fn read(&mut self, at: usize, count: Option<usize>) {
        let Some(screen) = self.viewers.get_mut(at) else { return };
        screen.reads = count.is_none();
        let count = count.unwrap_or(usize::MAX).min(screen.wire.len());
        let messages: Vec<Bytes> = screen.wire.drain(..count).collect();
        for message in messages {
            let (id, frame) = (screen.id, screen.take(&message));
            self.session.handle_written(id, message.len());
            if let Some(frame) = frame {
                self.session.handle_message(self.now, id, ToGateway::Ack(frame, 100));
            }
        }
        self.settle();
    }

    pub(crate) fn draw(&mut self, rect: Rect, shade: u8) {
        self.session.surface_mut().fill(rect, [shade, shade, 40, 255]).unwrap();
        self.session.handle_event(self.now, Event::FrameEnd);
        self.settle();
    }

    /// Fills `rect` with something like a photograph.
    pub(crate) fn photo(&mut self, rect: Rect, seed: u32) {
        let mut state = seed;
        for y in 0..rect.height {
            let row: Vec<u8> = (0..rect.width)
                .flat_map(|x| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let [noise, ..] = (state >> 28).to_le_bytes();
                    let [shade, ..] = (u32::from(x) + u32::from(y) + seed * 9).to_le_bytes();
                    [shade ^ noise, shade.wrapping_add(noise * 3), noise * 9, 255]
                })
                .collect();
            self.session.surface_mut().store_row(rect.x, rect.y + y, &row);
        }
        self.session.handle_event(self.now, Event::FrameEnd);
        self.settle();
    }

    /// The remote sends a file that shows a photograph in `rect`.
    pub(crate) fn cover(&mut self, rect: Rect, seed: u8) {
        self.cover_untold(rect, seed);
        self.session.handle_event(self.now, Event::FrameEnd);
        self.settle();
    }

    /// The same, in the middle of a frame.
    pub(crate) fn cover_untold(&mut self, rect: Rect, seed: u8) {
        self.cover_sized(rect, seed, rect.area() as usize / 40);
    }

    /// The same, with a file of `len` bytes and some more.
    pub(crate) fn cover_sized(&mut self, rect: Rect, seed: u8, len: usize) {
        let file = jpeg_file(seed, len);
        self.session.surface_mut().cover(rect, file, decode_file).unwrap();
    }

    pub(crate) fn assert_exact(&mut self, at: usize) {
        self.session.surface_mut().settle();
        assert_eq!(self.viewers[at].canvas.size(), self.session.surface_mut().size());
        assert!(
            self.viewers[at].canvas.bytes() == self.session.surface_mut().bytes(),
            "pictures differ"
        );
    }

    pub(crate) fn say(&mut self, id: u64, message: ToGateway) {
        self.session.handle_message(self.now, ViewerId(id), message);
        self.settle();
    }
}

/// The seed of a file that does not decode.
pub(crate) const BAD_FILE: u8 = 255;

/// Something with the parts of a JPEG file, of `len` bytes and some more.
pub(crate) fn jpeg_file(seed: u8, len: usize) -> Bytes {
    let head = [0xff, 0xd8, 0xff, 0xdb, 0, 4, seed % 2, 1, 0xff, 0xda, 0, 2];
    [&head[..], &vec![seed; len + 1]].concat().into()
}

/// Decodes a [`jpeg_file`].
fn decode_file(file: &[u8], size: Size, pixels: &mut Vec<u8>) -> Result<(), String> {
    let mut state = u32::from(*file.last().unwrap());
    if state == u32::from(BAD_FILE) {
        return Err("no picture".to_owned());
    }
    pixels.clear();
    pixels.extend((0..size.area() * 4).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    }));
    Ok(())
}

/// A viewer copied a text.
pub(crate) fn paste(text: &'static str) -> ToGateway {
    let (format, data) = (Some(ClipboardFormat::Text), text.into());
    ToGateway::Clipboard(ClipboardPart { format, continues: false, more: false, data })
}
