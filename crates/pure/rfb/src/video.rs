//! H.264 on its way through (the community specification's "Open H.264 Encoding").
//!
//! A rectangle is a 32-bit length, 32 bits of flags, and that many bytes of the stream that
//! belongs to rectangles of this place and size. Nothing is decoded here.

use bytes::Bytes;
use porthole_pixels::{Rect, Size, Surface};
use porthole_remote::{Event, VideoChunk};
use porthole_wire::Reader;

use crate::RfbError;
use crate::limits::image_file_max;
use crate::outbox::Outbox;

/// The encoding's number.
pub(crate) const H264: i32 = 50;

/// The rectangle's decoder begins anew.
const RESET: u32 = 1;
/// All decoders do.
const RESET_ALL: u32 = 2;

/// The body of one rectangle.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    flags: u32,
    data: Bytes,
}

/// Reads the body of `rect`. `None`: it has not all arrived, and nothing is taken.
///
/// # Errors
///
/// [`RfbError::OverLimit`] when it is longer than [`VideoChunk::DATA_MAX_BYTES`], or than any
/// sensible picture of its size.
pub(crate) fn read_chunk(input: &mut Reader<'_>, rect: Rect) -> Result<Option<Chunk>, RfbError> {
    let mut ahead = input.clone();
    let (Some(len), Some(flags)) = (ahead.u32_be(), ahead.u32_be()) else { return Ok(None) };
    let limit = image_file_max(rect.area()).min(VideoChunk::DATA_MAX_BYTES as u64);
    RfbError::check_limit("length of H.264 data", len, limit)?;
    let Some(data) = ahead.take(usize::try_from(len).unwrap_or(usize::MAX)) else {
        return Ok(None);
    };
    *input = ahead;
    Ok(Some(Chunk { flags, data: Bytes::copy_from_slice(data) }))
}

/// The streams that are under way: at most [`VideoChunk::STREAMS_MAX`], the specification's own
/// number. Beyond it the one that was silent longest makes room.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// By their numbers.
    all: Vec<Option<Stream>>,
    /// Counts chunks.
    clock: u64,
}

#[derive(Debug)]
struct Stream {
    rect: Rect,
    /// Something was passed on since its decoder began.
    is_started: bool,
    last_used: u64,
}

impl Streams {
    /// Passes `chunk` on, in the stream that belongs to `rect`, and covers that.
    ///
    /// # Errors
    ///
    /// [`RfbError::Desktop`] if `rect` is not on the desktop, which was seen to when it arrived.
    pub(crate) fn handle(
        &mut self,
        rect: Rect,
        chunk: Chunk,
        surface: &mut Surface,
        outbox: &mut Outbox,
    ) -> Result<(), RfbError> {
        if chunk.flags & RESET_ALL != 0 {
            self.end_all(outbox);
        }
        self.clock += 1;
        let known = self
            .all
            .iter()
            .position(|stream| stream.as_ref().is_some_and(|stream| stream.rect == rect));
        let number = match known {
            Some(number) => number,
            // An empty chunk of no stream says nothing.
            None if chunk.data.is_empty() || rect.is_empty() => return Ok(()),
            None => self.begin(rect, outbox),
        };
        let Some(Some(stream)) = self.all.get_mut(number) else { return Ok(()) };
        stream.last_used = self.clock;
        stream.is_started &= chunk.flags & RESET == 0;
        if chunk.data.is_empty() {
            return Ok(());
        }
        surface.draw_veil(rect)?;
        let is_start = !std::mem::replace(&mut stream.is_started, true);
        let stream = u32::try_from(number).unwrap_or(u32::MAX);
        let (parts, data) = (Vec::new(), chunk.data);
        outbox.event(Event::Video(VideoChunk { stream, rect, parts, is_start, data }));
        Ok(())
    }

    /// Around what the streams show that `meets` picks, if there are any.
    pub(crate) fn around(&self, meets: impl Fn(Rect) -> bool) -> Option<Rect> {
        let rects = self.all.iter().flatten().map(|stream| stream.rect);
        rects.filter(|rect| meets(*rect)).reduce(Rect::union)
    }

    /// All of them are over.
    pub(crate) fn end_all(&mut self, outbox: &mut Outbox) {
        self.end(outbox, |_stream| true);
    }

    /// The desktop has `size` now: streams of what is no longer on it are over.
    pub(crate) fn resize(&mut self, size: Size, outbox: &mut Outbox) {
        self.end(outbox, |stream| !stream.rect.fits(size));
    }

    /// Finds a number for a new stream.
    fn begin(&mut self, rect: Rect, outbox: &mut Outbox) -> usize {
        let stream = Some(Stream { rect, is_started: false, last_used: self.clock });
        let free = self.all.iter().position(Option::is_none);
        let is_full = self.all.len() >= VideoChunk::STREAMS_MAX as usize;
        let number = match free {
            Some(number) => number,
            None if is_full => {
                let age = |(_, stream): &(usize, &Option<Stream>)| {
                    stream.as_ref().map(|stream| stream.last_used)
                };
                let oldest = self.all.iter().enumerate().min_by_key(age);
                let number = oldest.map_or(0, |(number, _)| number);
                outbox.event(Event::VideoEnded(u32::try_from(number).unwrap_or(u32::MAX)));
                number
            }
            None => {
                self.all.push(None);
                self.all.len() - 1
            }
        };
        if let Some(place) = self.all.get_mut(number) {
            *place = stream;
        }
        number
    }

    fn end(&mut self, outbox: &mut Outbox, is_over: impl Fn(&Stream) -> bool) {
        for (number, place) in (0..).zip(&mut self.all) {
            if place.take_if(|stream| is_over(stream)).is_some() {
                outbox.event(Event::VideoEnded(number));
            }
        }
    }
}

#[cfg(test)]
#[path = "video_tests.rs"]
mod tests;
