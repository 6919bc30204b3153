//! H.264 (`[MS-RDPEGFX]` 2.2.4.4, 2.2.4.5): passed on to those who show it themselves, or decoded.
//!
//! Each surface has one stream, whose picture is as large as the surface; a message names the
//! rectangles of it that changed. While a stream is passed on nobody decodes it here, so that the
//! surface is behind what viewers see, and so is the decoder: it can begin again only with a
//! picture that refers to no other. The same is true of a viewer who comes later. RDP has no
//! message that asks for such a picture; all that can be done is to have the server draw
//! everything anew, which is what [`GraphicsOutput::Redraw`] is for.

use std::collections::BTreeMap;

use bytes::Bytes;
use porthole_pixels::{Rect, Size, Surface, Veil};
use porthole_remote::{Event, VideoChunk};
use porthole_wire::Reader;

use super::annex_b;
use super::budget::Budget;
use super::codecs::{ChromaLayout, Yuv444, draw_yuv420, draw_yuv444};
use super::error::GraphicsError;
use super::h264::{H264Decoder, OpenDecoder, YuvPicture};
use super::messages::Rects;
use super::pipeline::{GraphicsOutput, Outbox};
use super::surfaces::Surfaces;

/// `RDPGFX_CODECID_AVC420`.
pub(crate) const AVC420: u16 = 0x0b;
/// `RDPGFX_CODECID_AVC444`.
pub(crate) const AVC444: u16 = 0x0e;
/// `RDPGFX_CODECID_AVC444v2`.
pub(crate) const AVC444_V2: u16 = 0x0f;

/// How many parts of a stream are missed before the server is asked again to begin it anew.
const REDRAW_PARTS: u32 = 128;

/// Pixels of a row that are looked at together: within a tile, and no more than 32.
const RUN_PX: u32 = 16;

/// Bytes that tell how well a rectangle was encoded, which we have no use for.
const QUALITY_BYTES: usize = 2;

/// The streams of all surfaces.
pub(crate) struct Video {
    open: Option<OpenDecoder>,
    is_wanted: bool,
    /// By surface.
    streams: BTreeMap<u16, Stream>,
    scratch: Vec<u8>,
}

#[derive(Default)]
struct Stream {
    /// Its number and place, while it is passed on.
    passed: Option<(u32, Rect)>,
    decoder: Option<Box<dyn H264Decoder>>,
    /// The decoder has seen all since a picture that refers to no other.
    is_in_step: bool,
    /// Parts that nobody could show since the last beginning.
    missed: u32,
    combined: Option<Box<Yuv444>>,
}

/// What to draw a stream's pictures with.
pub(crate) struct Target<'a> {
    pub(crate) surfaces: &'a mut Surfaces,
    pub(crate) output: &'a mut Surface,
    pub(crate) budget: &'a mut Budget,
    pub(crate) outbox: &'a mut Outbox,
}

impl Video {
    /// `open` makes decoders; without it streams can only be passed on.
    pub(crate) const fn new(open: Option<OpenDecoder>) -> Self {
        Self { open, is_wanted: false, streams: BTreeMap::new(), scratch: Vec::new() }
    }

    /// Whether viewers show H.264 themselves from now on.
    pub(crate) fn want(&mut self, is_wanted: bool, surfaces: &Surfaces, outbox: &mut Outbox) {
        if self.is_wanted == is_wanted {
            return;
        }
        self.is_wanted = is_wanted;
        let can_decode = self.open.is_some();
        for (id, stream) in &mut self.streams {
            if !is_wanted {
                stream.end(outbox);
            }
            // Either the decoder or the viewers have missed what came before.
            let place = surfaces.on_output(*id).filter(|_| is_wanted || can_decode);
            outbox.redraw(place);
        }
    }

    /// Somebody has missed what was passed on so far.
    pub(crate) fn restart(&mut self, outbox: &mut Outbox) {
        for stream in self.streams.values() {
            outbox.redraw(stream.passed.map(|(_, rect)| rect));
        }
    }

    /// Nothing that was passed on is shown any more.
    pub(crate) fn end_all(&mut self, outbox: &mut Outbox) {
        self.streams.values_mut().for_each(|stream| stream.end(outbox));
    }

    /// Surface `id` is no more, or another.
    pub(crate) fn forget_surface(&mut self, id: u16, outbox: &mut Outbox) {
        if let Some(mut stream) = self.streams.remove(&id) {
            stream.end(outbox);
        }
    }

    /// The next part of the stream of surface `id`, in 4:2:0.
    ///
    /// # Errors
    ///
    /// It is cut short, or too long. A stream that does not decode is not an error: the server is
    /// asked to begin anew.
    pub(crate) fn draw_avc420(
        &mut self,
        id: u16,
        data: &[u8],
        target: &mut Target<'_>,
    ) -> Result<(), GraphicsError> {
        let part = Part::read(&mut Reader::new(data), target.surfaces.size(id)?, target.budget)?;
        if part.data.is_empty() {
            return Ok(());
        }
        if self.pass(id, &part, target)? {
            return Ok(());
        }
        let Self { open, streams, scratch, .. } = self;
        let Some(stream) = streams.get_mut(&id) else { return Ok(()) };
        if !stream.begin(&part, open.as_mut()) {
            stream.miss(open.is_some() || self.is_wanted, id, target);
            return Ok(());
        }
        let is_decoded = stream.decode(part.data, |picture, _| {
            let mut canvas = target.surfaces.canvas(id, target.output)?;
            let mut rects = part.rects.iter();
            rects.try_for_each(|rect| draw_yuv420(picture, *rect, &mut canvas, scratch))
        })?;
        if !is_decoded {
            stream.miss(true, id, target);
        }
        Ok(())
    }

    /// The next parts of the two streams of surface `id` that make 4:4:4 together.
    ///
    /// # Errors
    ///
    /// As [`Video::draw_avc420`].
    pub(crate) fn draw_avc444(
        &mut self,
        id: u16,
        data: &[u8],
        layout: ChromaLayout,
        target: &mut Target<'_>,
    ) -> Result<(), GraphicsError> {
        let size = target.surfaces.size(id)?;
        let Parts { main, auxiliary } = Parts::read(data, size, target.budget)?;
        let stream = self.streams.entry(id).or_default();
        stream.end(target.outbox);
        let Some(first) = main.as_ref().or(auxiliary.as_ref()) else { return Ok(()) };
        if !stream.begin(first, self.open.as_mut()) {
            stream.miss(self.open.is_some(), id, target);
            return Ok(());
        }
        stream.combined.get_or_insert_with(|| Box::new(Yuv444::new(size)));
        let mut is_decoded = true;
        if let Some(part) = &main {
            is_decoded &= stream.decode(part.data, |picture, combined| match combined {
                Some(combined) => combined.apply_main(picture, &part.rects),
                None => Ok(()),
            })?;
        }
        if let Some(part) = auxiliary.as_ref().filter(|_| is_decoded) {
            is_decoded &= stream.decode(part.data, |picture, combined| match combined {
                Some(combined) => combined.apply_auxiliary(layout, picture, &part.rects),
                None => Ok(()),
            })?;
        }
        if let (Some(combined), true) = (&stream.combined, is_decoded) {
            let mut canvas = target.surfaces.canvas(id, target.output)?;
            for rect in [&main, &auxiliary].into_iter().flatten().flat_map(|part| &part.rects) {
                draw_yuv444(combined, *rect, &mut canvas)?;
            }
        } else {
            stream.miss(true, id, target);
        }
        Ok(())
    }

    /// Passes `part` on, if that is wanted and can be. Once a stream is passed on it goes on so.
    fn pass(
        &mut self,
        id: u16,
        part: &Part<'_>,
        target: &mut Target<'_>,
    ) -> Result<bool, GraphicsError> {
        let place = target.surfaces.on_output(id).filter(|_| self.is_wanted);
        let number = self.free_number();
        let stream = self.streams.entry(id).or_default();
        if stream.passed.is_some_and(|(_, rect)| Some(rect) != place) {
            stream.end(target.outbox);
        }
        let is_start = annex_b::is_start(part.data);
        let number = match stream.passed {
            Some((number, _)) => Some(number),
            None => number.filter(|_| is_start),
        };
        let (Some(number), Some(rect)) = (number, place) else { return Ok(false) };
        GraphicsError::check_limit(
            "length of H.264 data",
            part.data.len(),
            VideoChunk::DATA_MAX_BYTES,
        )?;
        stream.passed = Some((number, rect));
        stream.is_in_step = false;
        stream.missed = 0;
        let data = Bytes::copy_from_slice(part.data);
        let chunk = VideoChunk { stream: number, rect, is_start, data };
        let canvas = target.surfaces.canvas(id, target.output)?;
        let parts: Vec<Rect> = part.rects.iter().map(|rect| canvas.place(*rect)).collect();
        cover(rect, &parts, target.output)?;
        target.outbox.push(GraphicsOutput::Event(Event::Video(chunk)));
        Ok(true)
    }

    /// The first number that no stream has.
    fn free_number(&self) -> Option<u32> {
        let is_free = |number: &u32| {
            let mut passed = self.streams.values().filter_map(|stream| stream.passed);
            !passed.any(|(taken, _)| taken == *number)
        };
        (0..VideoChunk::STREAMS_MAX).find(is_free)
    }
}

/// Lets a stream's picture cover `rect`, of which `parts` are new. What was drawn elsewhere in it
/// since the picture showed there is drawn again, over the picture.
fn cover(rect: Rect, parts: &[Rect], output: &mut Surface) -> Result<(), GraphicsError> {
    let is_hidden = |veil: &Veil| veil.hides(rect);
    if parts.contains(&rect) || output.veil().is_some_and(is_hidden) {
        return Ok(output.cover(rect)?);
    }
    let mut veil = output.veil().cloned().unwrap_or_else(|| Veil::new(output.size()));
    parts.iter().for_each(|part| veil.cover(*part));
    let mut newer = Vec::new();
    for y in rect.y..rect.y.saturating_add(rect.height) {
        let mut x = u32::from(rect.x);
        while x < rect.right() {
            // So few pixels have so few parts that none is left out.
            let width = (RUN_PX - x % RUN_PX).min(rect.right() - x);
            let run = Rect::new(x as u16, y, width as u16, 1);
            for part in veil.open_parts(run).unwrap_or_default() {
                newer.push((part, output.row(part, 0).to_vec()));
            }
            x += width;
        }
    }
    output.cover(rect)?;
    newer.iter().for_each(|(part, row)| output.store_row(part.x, part.y, row));
    Ok(())
}

impl Stream {
    /// Nothing is passed on any more.
    fn end(&mut self, outbox: &mut Outbox) {
        if let Some((number, _)) = self.passed.take() {
            outbox.push(GraphicsOutput::Event(Event::VideoEnded(number)));
        }
    }

    /// Whether the decoder can go on with `part`, or begin with it.
    fn begin(&mut self, part: &Part<'_>, open: Option<&mut OpenDecoder>) -> bool {
        if !self.is_in_step && annex_b::is_start(part.data) {
            if self.decoder.is_none() {
                self.decoder = open.and_then(|open| open().ok());
            }
            self.is_in_step = self.decoder.is_some();
            self.missed = 0;
        }
        self.is_in_step
    }

    /// Hands the decoded picture, if there is one, to `draw`. `false`: the stream is lost.
    fn decode(
        &mut self,
        data: &[u8],
        draw: impl FnOnce(&YuvPicture<'_>, Option<&mut Yuv444>) -> Result<(), GraphicsError>,
    ) -> Result<bool, GraphicsError> {
        let picture = self.decoder.as_mut().map(|decoder| decoder.decode(data));
        match picture {
            Some(Ok(Some(picture))) if picture.is_whole() => {
                draw(&picture, self.combined.as_deref_mut())?;
            }
            Some(Ok(None)) => {}
            _ => self.is_in_step = false,
        }
        Ok(self.is_in_step)
    }

    /// A part could not be shown. If a beginning would be of use, the server is asked for one: at
    /// once, and again when many more were missed.
    fn miss(&mut self, is_useful: bool, id: u16, target: &mut Target<'_>) {
        if is_useful && self.missed.is_multiple_of(REDRAW_PARTS) {
            target.outbox.redraw(target.surfaces.on_output(id));
        }
        self.missed = self.missed.wrapping_add(1);
    }
}

/// `RFX_AVC420_BITMAP_STREAM`: a piece of a stream, and what changes with it.
struct Part<'a> {
    /// Within the surface; none is empty.
    rects: Vec<Rect>,
    data: &'a [u8],
}

impl<'a> Part<'a> {
    fn read(
        input: &mut Reader<'a>,
        size: Size,
        budget: &mut Budget,
    ) -> Result<Self, GraphicsError> {
        let short = GraphicsError::Short { message: "an H.264 picture" };
        let Some(count) = input.u32_le() else { return Err(short) };
        let list = (count as usize).checked_mul(Rects::ITEM_BYTES);
        let Some(list) = list.and_then(|len| input.take(len)) else { return Err(short) };
        if input.take(count as usize * QUALITY_BYTES).is_none() {
            return Err(short);
        }
        let mut rects = Vec::new();
        for rect in Rects::new(list).iter() {
            if let Some(rect) = rect?.intersection(size.rect()) {
                budget.spend(rect.area())?;
                rects.push(rect);
            }
        }
        Ok(Self { rects, data: input.take_rest() })
    }
}

/// `RFX_AVC444_BITMAP_STREAM` and its second version.
struct Parts<'a> {
    main: Option<Part<'a>>,
    auxiliary: Option<Part<'a>>,
}

impl<'a> Parts<'a> {
    fn read(data: &'a [u8], size: Size, budget: &mut Budget) -> Result<Self, GraphicsError> {
        let short = || GraphicsError::Short { message: "an H.264 picture" };
        let mut input = Reader::new(data);
        let info = input.u32_le().ok_or_else(short)?;
        let len = (info & 0x3fff_ffff) as usize;
        let mut read = |input: &mut Reader<'a>| Part::read(input, size, budget).map(Some);
        Ok(match info >> 30 {
            0 => {
                let mut first = Reader::new(input.take(len).ok_or_else(short)?);
                Self { main: read(&mut first)?, auxiliary: read(&mut input)? }
            }
            1 => Self { main: read(&mut input)?, auxiliary: None },
            2 => Self { main: None, auxiliary: read(&mut input)? },
            _ => {
                let field = "number of H.264 streams";
                return Err(GraphicsError::BadField { field, value: 3 });
            }
        })
    }
}

#[cfg(test)]
#[path = "video_tests.rs"]
mod tests;
