//! H.264 (`[MS-RDPEGFX]` 2.2.4.4, 2.2.4.5): passed on to those who show it themselves, or decoded.
//!
//! Each surface has one stream, whose picture is as large as the surface; a message names the
//! rectangles of it that changed. While a stream is passed on nobody decodes it here, so that the
//! surface is behind what viewers see. When somebody comes who lacks it, or cannot show it, a
//! decoder catches up where there is one ([`super::stream`]). RDP has no message that asks for a
//! picture that refers to no other; without a decoder all that can be done is to have the server
//! draw everything anew, which is what [`GraphicsOutput::Redraw`] is for.

use std::collections::BTreeMap;

use bytes::Bytes;
use porthole_pixels::{Rect, Size, Surface, Veil};
use porthole_remote::{Event, VideoChunk};
use porthole_wire::Reader;

use super::budget::Budget;
use super::codecs::{ChromaLayout, Yuv444, draw_yuv420, draw_yuv444};
use super::error::GraphicsError;
use super::h264::OpenDecoder;
use super::messages::Rects;
use super::parameter_set;
use super::pipeline::{GraphicsOutput, Outbox};
use super::stream::{Stream, is_start};
use super::surfaces::Surfaces;

/// `RDPGFX_CODECID_AVC420`.
pub(crate) const AVC420: u16 = 0x0b;
/// `RDPGFX_CODECID_AVC444`.
pub(crate) const AVC444: u16 = 0x0e;
/// `RDPGFX_CODECID_AVC444v2`.
pub(crate) const AVC444_V2: u16 = 0x0f;

/// Pixels of a row that are looked at together: within a tile, and no more than 32.
const RUN_PX: u32 = 16;

/// Bytes that tell how well a rectangle was encoded, which we have no use for.
const QUALITY_BYTES: usize = 2;

/// The streams of all surfaces.
pub(crate) struct Video {
    open: Option<OpenDecoder>,
    is_wanted: bool,
    /// Nobody can decode here, and the server does not begin streams anew when it is asked to.
    is_hopeless: bool,
    /// By surface.
    streams: BTreeMap<u16, Stream>,
    scratch: Vec<u8>,
}

/// What to draw a stream's pictures with.
pub(crate) struct Target<'a> {
    pub(crate) surfaces: &'a mut Surfaces,
    pub(crate) output: &'a mut Surface,
    pub(crate) budget: &'a mut Budget,
    pub(crate) outbox: &'a mut Outbox,
}

impl Video {
    /// `open` makes decoders; without it streams can only be passed on. `is_wanted` is whether
    /// viewers show them.
    pub(crate) const fn new(open: Option<OpenDecoder>, is_wanted: bool) -> Self {
        let streams = BTreeMap::new();
        Self { open, is_wanted, is_hopeless: false, streams, scratch: Vec::new() }
    }

    /// Whether viewers show H.264 themselves.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Whether there is nothing that H.264 could still be shown with.
    pub(crate) const fn is_hopeless(&self) -> bool {
        self.is_hopeless
    }

    /// Whether streams can be decoded here.
    pub(crate) const fn has_decoder(&self) -> bool {
        self.open.is_some()
    }

    /// Whether viewers show H.264 themselves from now on.
    pub(crate) fn want(&mut self, is_wanted: bool, surfaces: &Surfaces, outbox: &mut Outbox) {
        if self.is_wanted == is_wanted {
            return;
        }
        self.is_wanted = is_wanted;
        // An encoder that has begun goes on where it was when it is used again.
        self.is_hopeless |= !is_wanted && self.open.is_none() && !self.streams.is_empty();
        for (id, stream) in &mut self.streams {
            stream.is_behind |= stream.passed.is_some();
            if !is_wanted {
                stream.end(outbox);
            }
            // Either the decoder or the viewers have missed what came before.
            outbox.redraw(surfaces.on_output(*id));
        }
    }

    /// Somebody has missed what was passed on so far.
    pub(crate) fn restart(&mut self, outbox: &mut Outbox) {
        for stream in self.streams.values_mut() {
            stream.is_behind |= stream.passed.is_some();
            outbox.redraw(stream.passed.map(|(_, rect)| rect));
            self.is_hopeless |= self.open.is_none() && stream.is_asked_twice();
        }
    }

    /// Brings surfaces up to date with what was passed on, if somebody lacks it and there is a
    /// decoder. Whether anything was drawn.
    ///
    /// # Errors
    ///
    /// None that a server can bring about.
    pub(crate) fn catch_up(
        &mut self,
        surfaces: &mut Surfaces,
        output: &mut Surface,
    ) -> Result<bool, GraphicsError> {
        let Self { open, streams, scratch, .. } = self;
        let mut is_drawn = false;
        for (id, stream) in streams {
            if !std::mem::take(&mut stream.is_behind) {
                continue;
            }
            let Some(place) = surfaces.on_output(*id) else { continue };
            stream.catch_up(open.as_ref(), |picture, _| {
                is_drawn = true;
                let newer = open_rows(place, output.veil());
                let newer = newer.map(|part| (part, output.row(part, 0).to_vec()));
                let newer: Vec<(Rect, Vec<u8>)> = newer.collect();
                let mut canvas = surfaces.canvas(*id, output)?;
                draw_yuv420(picture, canvas.size().rect(), &mut canvas, scratch)?;
                newer.iter().for_each(|(part, row)| output.store_row(part.x, part.y, row));
                Ok(())
            })?;
        }
        Ok(is_drawn)
    }

    /// Nothing that was passed on is shown any more.
    pub(crate) fn end_all(&mut self, outbox: &mut Outbox) {
        self.streams.values_mut().for_each(|stream| stream.end(outbox));
    }

    /// All surfaces are no more.
    pub(crate) fn forget_all(&mut self, outbox: &mut Outbox) {
        self.end_all(outbox);
        self.streams.clear();
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
        let place = target.surfaces.on_output(id);
        if !stream.begin(part.is_start, open.as_ref()) {
            let is_lost = stream.miss(open.is_some() || self.is_wanted, place, target.outbox);
            self.is_hopeless |= is_lost && open.is_none();
            return Ok(());
        }
        let is_decoded = stream.decode(part.data, |picture, _| {
            let mut canvas = target.surfaces.canvas(id, target.output)?;
            let mut rects = part.rects.iter();
            rects.try_for_each(|rect| draw_yuv420(picture, *rect, &mut canvas, scratch))
        })?;
        if !is_decoded {
            stream.miss(true, place, target.outbox);
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
        let place = target.surfaces.on_output(id);
        if !stream.begin(first.is_start, self.open.as_ref()) {
            stream.miss(self.open.is_some(), place, target.outbox);
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
            stream.miss(true, place, target.outbox);
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
        let number = match stream.passed {
            Some((number, _)) => Some(number),
            None => number.filter(|_| part.is_start),
        };
        let (Some(number), Some(rect)) = (number, place) else { return Ok(false) };
        GraphicsError::check_limit(
            "length of H.264 data",
            part.data.len(),
            VideoChunk::DATA_MAX_BYTES,
        )?;
        stream.passed = Some((number, rect));
        let data = Bytes::from(parameter_set::describe_colours(part.data));
        stream.keep(&data, part.is_start, self.open.as_ref());
        let canvas = target.surfaces.canvas(id, target.output)?;
        let parts = part.rects.iter().map(|rect| canvas.place(*rect)).collect();
        let parts = cover(rect, parts, target.output)?;
        let chunk = VideoChunk { stream: number, rect, parts, is_start: part.is_start, data };
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

/// Lets a stream's picture, which lies in `rect`, cover `parts`. The answer is what is to be painted
/// of it, where that is not all. If the parts cannot be told, all is, and what was drawn beside
/// them since the picture showed there is drawn again, over the picture.
fn cover(rect: Rect, parts: Vec<Rect>, output: &mut Surface) -> Result<Vec<Rect>, GraphicsError> {
    let is_hidden = |veil: &Veil| veil.hides(rect);
    if parts.contains(&rect) {
        output.draw_veil(rect)?;
        return Ok(Vec::new());
    }
    if (1..=VideoChunk::PARTS_MAX).contains(&parts.len()) {
        parts.iter().try_for_each(|part| output.draw_veil(*part))?;
        return Ok(parts);
    }
    if output.veil().is_some_and(is_hidden) {
        output.draw_veil(rect)?;
        return Ok(Vec::new());
    }
    let mut veil = output.veil().cloned().unwrap_or_else(|| Veil::new(output.size()));
    parts.iter().for_each(|part| veil.cover(*part));
    let newer = open_rows(rect, Some(&veil)).map(|part| (part, output.row(part, 0).to_vec()));
    let newer: Vec<(Rect, Vec<u8>)> = newer.collect();
    output.draw_veil(rect)?;
    newer.iter().for_each(|(part, row)| output.store_row(part.x, part.y, row));
    Ok(Vec::new())
}

/// The pixels of `rect` that are not covered, in rows of a few.
fn open_rows(rect: Rect, veil: Option<&Veil>) -> impl Iterator<Item = Rect> {
    (rect.y..rect.y.saturating_add(rect.height)).flat_map(move |y| {
        let mut x = u32::from(rect.x);
        let runs = std::iter::from_fn(move || {
            let width = (RUN_PX - x % RUN_PX).min(rect.right().checked_sub(x)?);
            let run = Rect::new(x as u16, y, width as u16, 1);
            x += width;
            (width > 0).then_some(run)
        });
        runs.flat_map(move |run| match veil {
            // So few pixels have so few parts that none is left out.
            Some(veil) => veil.open_parts(run).unwrap_or_default(),
            None => vec![run],
        })
    })
}

/// `RFX_AVC420_BITMAP_STREAM`: a piece of a stream, and what changes with it.
struct Part<'a> {
    /// Within the surface; none is empty.
    rects: Vec<Rect>,
    /// A decoder can begin with it.
    is_start: bool,
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
        let data = input.take_rest();
        Ok(Self { rects, is_start: is_start(data, size), data })
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
