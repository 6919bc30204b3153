//! What the graphics channel's messages do.

use std::collections::VecDeque;

use bytes::Bytes;
use porthole_pixels::{Point, Rect, Size, Surface};
use porthole_remote::{Event, Screen};
use porthole_wire::Reader;

use super::acknowledge::Acknowledgements;
use super::budget::Budget;
use super::cache::{Cache, Entry};
use super::capabilities::{Agreement, H264Use};
use super::codecs::{ChromaLayout, Codecs, PROGRESSIVE};
use super::error::GraphicsError;
use super::h264::OpenDecoder;
use super::limits::{
    MESSAGE_PICTURES_MAX, MESSAGE_PIXELS_MIN, OUTPUTS_MAX, SCRATCH_KEEP_MAX_BYTES,
};
use super::messages::{Message, Monitors, Points, take_message};
use super::segments::Segments;
use super::surfaces::Surfaces;
use super::video::{AVC420, AVC444, AVC444_V2, Target, Video};

/// What can be done with H.264. Without any of it the server is told not to use it.
#[derive(Debug, Clone, Default)]
pub struct GraphicsConfig {
    /// Viewers may show H.264 themselves: [`GraphicsPipeline::set_video_wanted`] says when.
    pub passes_video: bool,
    /// Decodes it here, when viewers do not.
    pub open_decoder: Option<OpenDecoder>,
}

/// What a [`GraphicsPipeline`] asks of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphicsOutput {
    /// Send this message on the channel, as it is.
    Send(Bytes),
    /// Pass this on to the session.
    Event(Event),
    /// Have the server draw this part of the output anew, as far as there is one, best so that its H.264 streams begin
    /// anew with it (Refresh Rect or Suppress Output, `[MS-RDPBCGR]` 2.2.11.2 and 2.2.11.3, or a
    /// new connection): something was missed that cannot be had otherwise.
    Redraw(Rect),
}

/// Wherever the output ends.
const EVERYTHING: Rect = Rect::new(0, 0, u16::MAX, u16::MAX);

/// What is to be done, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<GraphicsOutput>,
}

impl Outbox {
    pub(crate) fn push(&mut self, output: GraphicsOutput) {
        self.waiting.push_back(output);
    }

    /// Asks to have `rect` drawn anew, if it is anywhere.
    pub(crate) fn redraw(&mut self, rect: Option<Rect>) {
        self.waiting.extend(rect.map(GraphicsOutput::Redraw));
    }
}

/// The client's end of the graphics channel. Make a new one whenever the server opens the channel.
pub struct GraphicsPipeline {
    agreement: Agreement,
    passes_video: bool,
    segments: Segments,
    surfaces: Surfaces,
    cache: Cache,
    codecs: Codecs,
    video: Video,
    acknowledgements: Acknowledgements,
    screens: Vec<Screen>,
    is_in_frame: bool,
    /// Something was drawn that no frame's end has told of.
    is_unfinished: bool,
    outbox: Outbox,
    scratch: Vec<u8>,
}

impl GraphicsPipeline {
    /// The server has opened the channel. `is_video_wanted` is what would be said with
    /// [`GraphicsPipeline::set_video_wanted`]. The first output is what we can do.
    pub fn new(config: GraphicsConfig, is_video_wanted: bool) -> Self {
        let GraphicsConfig { passes_video, open_decoder } = config;
        let mut pipeline = Self {
            agreement: Agreement::default(),
            passes_video,
            segments: Segments::new(),
            surfaces: Surfaces::default(),
            cache: Cache::default(),
            codecs: Codecs::default(),
            video: Video::new(open_decoder, passes_video && is_video_wanted),
            acknowledgements: Acknowledgements::default(),
            screens: Vec::new(),
            is_in_frame: false,
            is_unfinished: false,
            outbox: Outbox::default(),
            scratch: Vec::new(),
        };
        pipeline.advertise();
        pipeline
    }

    /// Takes one whole message of the channel and draws what it says on `output`, the picture that
    /// is shown. `output` is changed by nobody else while the channel is open.
    ///
    /// # Errors
    ///
    /// The server broke the protocol. The connection is over.
    pub fn handle(&mut self, payload: &[u8], output: &mut Surface) -> Result<(), GraphicsError> {
        self.catch_up(output)?;
        let mut message = std::mem::take(&mut self.scratch);
        message.clear();
        self.segments.open(payload, &mut message)?;
        let pixels = self.surfaces.pixels().max(output.size().area().into());
        let mut budget = Budget::new(MESSAGE_PIXELS_MIN.max(pixels * MESSAGE_PICTURES_MAX));
        let mut input = Reader::new(&message);
        while !input.is_empty() {
            let message = take_message(&mut input)?;
            self.obey(message, output, &mut budget)?;
            let waiting = self.outbox.waiting.len();
            GraphicsError::check_limit("answers to one message", waiting, OUTPUTS_MAX)?;
        }
        self.give_up_hopeless_video();
        if self.is_unfinished && !self.is_in_frame {
            self.finish_frame(output)?;
        }
        if message.capacity() <= SCRATCH_KEEP_MAX_BYTES {
            self.scratch = message;
        }
        Ok(())
    }

    /// The next thing to do. Ask until there is none after every other call.
    pub fn poll(&mut self) -> Option<GraphicsOutput> {
        self.outbox.waiting.pop_front()
    }

    /// Whether all who watch show H.264 themselves: then streams are passed on from the next
    /// picture that refers to no other, and the output does not show them. Where nobody can show or
    /// decode them any more, the server is asked to do without.
    pub fn set_video_wanted(&mut self, is_wanted: bool) {
        let is_wanted = is_wanted && self.passes_video && !self.video.is_hopeless();
        self.video.want(is_wanted, &self.surfaces, &mut self.outbox);
        self.advertise();
    }

    /// Somebody needs the streams from a beginning: a viewer that came later, or lost something.
    pub fn restart_video(&mut self) {
        self.video.restart(&mut self.outbox);
        self.give_up_hopeless_video();
    }

    /// Draws on `output` what was passed on and somebody lacks, if there is a decoder. Done with
    /// every message, too.
    ///
    /// # Errors
    ///
    /// None that a server can bring about.
    pub fn catch_up(&mut self, output: &mut Surface) -> Result<(), GraphicsError> {
        if self.video.catch_up(&mut self.surfaces, output)? {
            self.outbox.push(GraphicsOutput::Event(Event::FrameEnd));
        }
        Ok(())
    }

    /// The channel is closed: nothing that was passed on is shown any more.
    pub fn end_video(&mut self) {
        self.video.end_all(&mut self.outbox);
    }

    /// The output has another size than the server last gave it on this channel.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn resize(&mut self, size: Size, output: &mut Surface) -> Result<(), GraphicsError> {
        self.surfaces.resize_output(size, output)?;
        self.video.end_all(&mut self.outbox);
        Ok(())
    }

    /// How many bytes wait to be handled behind the next message. The server is told with each
    /// frame, and slows down.
    pub fn set_queue_bytes(&mut self, bytes: usize) {
        self.acknowledgements.set_queue_bytes(bytes);
    }

    fn obey(
        &mut self,
        message: Message<'_>,
        output: &mut Surface,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        match message {
            Message::StartFrame => self.is_in_frame = true,
            Message::EndFrame { frame } => self.end_frame(frame, output)?,
            Message::CapsConfirm { version } => {
                self.agreement.check_confirmed(version)?;
                // A server is known that has drawn everything before it was ready to draw it here,
                // and one that goes on with what changes when it was told anew.
                self.outbox.redraw(Some(EVERYTHING));
            }
            Message::EvictCacheEntry { slot } => self.cache.evict(slot),
            Message::CreateSurface { id, size } => {
                self.forget_surface(id);
                self.surfaces.create(id, size)?;
            }
            Message::DeleteSurface { id } => {
                self.forget_surface(id);
                self.surfaces.delete(id);
            }
            Message::SurfaceToCache { surface, slot, rect } => {
                self.cache.check(slot, rect.size())?;
                let pixels = self.surfaces.canvas(surface, output)?.read(rect)?;
                budget.spend(rect.area())?;
                self.cache.put(slot, Entry { size: rect.size(), pixels })?;
            }
            Message::Ignored => {}
            other => {
                self.is_unfinished = true;
                self.draw(other, output, budget)?;
            }
        }
        Ok(())
    }

    /// The messages that change what is shown.
    fn draw(
        &mut self,
        message: Message<'_>,
        output: &mut Surface,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        match message {
            Message::Picture { surface, codec, rect, data } => {
                self.draw_picture(surface, codec, rect, data, output, budget)?;
            }
            Message::PlacedPicture { surface, codec: PROGRESSIVE, data } => {
                let mut canvas = self.surfaces.canvas(surface, output)?;
                self.codecs.draw_progressive(surface, data, &mut canvas, budget)?;
            }
            Message::PlacedPicture { codec, .. } => {
                return Err(GraphicsError::CodecNotAgreed { codec });
            }
            Message::SolidFill { surface, pixel, rects } => {
                let mut canvas = self.surfaces.canvas(surface, output)?;
                for rect in rects.iter() {
                    let rect = rect?;
                    budget.spend(rect.area())?;
                    canvas.fill(rect, pixel)?;
                }
            }
            Message::SurfaceToSurface { source, target, rect, points } => {
                self.copy((source, rect), (target, points), output, budget)?;
            }
            Message::CacheToSurface { slot, surface, points } => {
                let entry = self.cache.get(slot).ok_or(GraphicsError::EmptySlot { slot })?;
                let mut canvas = self.surfaces.canvas(surface, output)?;
                for point in points.iter() {
                    let rect = rect_at(point, entry.size);
                    budget.spend(rect.area())?;
                    canvas.store(rect, &entry.pixels)?;
                }
            }
            Message::MapSurfaceToOutput { id, x, y } => self.map(id, (x, y), output)?,
            Message::MapSurfaceToScaledOutput { id, x, y, target } => {
                let size = self.surfaces.size(id)?;
                if target != (size.width.into(), size.height.into()) {
                    let field = "width of a scaled surface";
                    return Err(GraphicsError::BadField { field, value: target.0.into() });
                }
                self.map(id, (x, y), output)?;
            }
            Message::ResetGraphics { width, height, monitors } => {
                budget.spend(u64::from(width) * u64::from(height))?;
                self.reset(width, height, monitors, output)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn draw_picture(
        &mut self,
        surface: u16,
        codec: u16,
        rect: Rect,
        data: &[u8],
        output: &mut Surface,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        let outbox = &mut self.outbox;
        let mut target = Target { surfaces: &mut self.surfaces, output, budget, outbox };
        let h264 = self.agreement.best_h264();
        match codec {
            AVC420 if h264 >= H264Use::Avc420 => self.video.draw_avc420(surface, data, &mut target),
            AVC444 if h264 == H264Use::Avc444 => {
                self.video.draw_avc444(surface, data, ChromaLayout::Rows, &mut target)
            }
            AVC444_V2 if h264 == H264Use::Avc444 => {
                self.video.draw_avc444(surface, data, ChromaLayout::Columns, &mut target)
            }
            _ => {
                let mut canvas = target.surfaces.canvas(surface, target.output)?;
                self.codecs.draw(codec, data, rect, &mut canvas, target.budget)
            }
        }
    }

    fn copy(
        &mut self,
        (source, rect): (u16, Rect),
        (target, points): (u16, Points<'_>),
        output: &mut Surface,
        budget: &mut Budget,
    ) -> Result<(), GraphicsError> {
        for point in points.iter() {
            let to = rect_at(point, rect.size());
            budget.spend(rect.area())?;
            if !self.surfaces.copy((source, rect), (target, to), output)? {
                let pixels = self.surfaces.canvas(source, output)?.read(rect)?;
                self.surfaces.canvas(target, output)?.store(to, &pixels)?;
            }
        }
        Ok(())
    }

    fn map(
        &mut self,
        id: u16,
        place: (u32, u32),
        output: &mut Surface,
    ) -> Result<(), GraphicsError> {
        self.surfaces.map(id, place, output)
    }

    fn reset(
        &mut self,
        width: u32,
        height: u32,
        monitors: Monitors<'_>,
        output: &mut Surface,
    ) -> Result<(), GraphicsError> {
        for (field, value) in [("output width", width), ("output height", height)] {
            GraphicsError::check_limit(field, value, u16::MAX)?;
            // Nobody could see, or point at, a desktop without pixels.
            if value == 0 {
                return Err(GraphicsError::BadField { field, value: 0 });
            }
        }
        // Just checked.
        let size = Size::new(width as u16, height as u16);
        if self.agreement.take_restart() {
            // Servers make their surfaces anew with other capabilities.
            self.video.forget_all(&mut self.outbox);
            self.surfaces = Surfaces::default();
            self.codecs = Codecs::default();
            self.cache = Cache::default();
        }
        if size != output.size() {
            self.resize(size, output)?;
            self.outbox.push(GraphicsOutput::Event(Event::Resized(size)));
        }
        let screens = screens(monitors, size);
        if screens != self.screens && !screens.is_empty() {
            self.outbox.push(GraphicsOutput::Event(Event::Screens(screens.clone())));
            self.screens = screens;
        }
        Ok(())
    }

    /// Streams that nobody can begin with are of no use: the server is asked to do without.
    fn give_up_hopeless_video(&mut self) {
        if self.video.is_hopeless() && self.video.is_wanted() {
            self.set_video_wanted(false);
        }
    }

    /// Tells the server what we can do, if that is not what it was told last.
    fn advertise(&mut self) {
        let has_decoder = self.video.has_decoder();
        let h264 = match (self.video.is_wanted(), has_decoder) {
            // What is to be passed on must not be what only a decoder can put together.
            (true, _) => H264Use::Avc420,
            (false, true) => self.agreement.last().unwrap_or(H264Use::Avc444).max(H264Use::Avc420),
            (false, false) => H264Use::None,
        };
        if let Some(message) = self.agreement.advertise(h264) {
            self.outbox.push(GraphicsOutput::Send(message));
        }
    }

    fn forget_surface(&mut self, id: u16) {
        self.codecs.forget_surface(id);
        self.video.forget_surface(id, &mut self.outbox);
    }

    fn end_frame(&mut self, frame: u32, output: &mut Surface) -> Result<(), GraphicsError> {
        self.is_in_frame = false;
        self.codecs.end_frame();
        self.finish_frame(output)?;
        let acknowledgement = self.acknowledgements.end_frame(frame);
        self.outbox.push(GraphicsOutput::Send(acknowledgement));
        Ok(())
    }

    fn finish_frame(&mut self, output: &mut Surface) -> Result<(), GraphicsError> {
        self.is_unfinished = false;
        self.surfaces.flush(output)?;
        self.outbox.push(GraphicsOutput::Event(Event::FrameEnd));
        Ok(())
    }
}

impl std::fmt::Debug for GraphicsPipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { agreement, surfaces, screens, .. } = self;
        write!(f, "GraphicsPipeline({agreement:?}, {surfaces:?}, {screens:?})")
    }
}

const fn rect_at(point: Point, size: Size) -> Rect {
    Rect { x: point.x, y: point.y, width: size.width, height: size.height }
}

/// The server's monitors on an output of `size`. Their places count from the first one's, which
/// need not be the leftmost.
fn screens(monitors: Monitors<'_>, size: Size) -> Vec<Screen> {
    let monitors = monitors.iter().take(Screen::COUNT_MAX);
    let left = monitors.clone().map(|monitor| monitor.left).min().unwrap_or(0);
    let top = monitors.clone().map(|monitor| monitor.top).min().unwrap_or(0);
    let side = |from: i32, to: i32| {
        let len = i64::from(to) - i64::from(from) + 1;
        u16::try_from(len).ok()
    };
    let place = |at: i32, origin: i32| u16::try_from(i64::from(at) - i64::from(origin)).ok();
    let rects = monitors.map(|monitor| {
        let (x, y) = (place(monitor.left, left)?, place(monitor.top, top)?);
        let width = side(monitor.left, monitor.right)?;
        let rect = Rect::new(x, y, width, side(monitor.top, monitor.bottom)?);
        Some((rect.intersection(size.rect())?, monitor.flags))
    });
    let known = (0..).zip(rects).filter_map(|(id, rect)| Some((id, rect?)));
    known.map(|(id, (rect, flags))| Screen { id, rect, flags }).collect()
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
