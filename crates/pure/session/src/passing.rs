//! The remote's own video, passed on to viewers that decode it.
//!
//! Nothing here decodes: a piece covers a part of the surface ([`Veil`]), where the surface is
//! from then on not what is to be seen, until something is drawn there. A viewer gets the pieces
//! in order, or from the next one on that needs none before it; what it lacks meanwhile, the remote
//! is asked to draw again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_link::{ToBrowser, VideoRecord};
use porthole_pixels::{Rect, Size, Veil};
use porthole_remote::VideoChunk;

use crate::access_units::{AccessUnit, access_units};

/// Streams that a viewer decodes at a time. The link has four; the first is for films of the
/// gateway's own.
const STREAMS: usize = 3;
const STREAM_FIRST: u8 = 1;

/// A stream that was heard of within this long is alive: it is not to lose its place to another.
const ALIVE: Duration = Duration::from_secs(1);

/// Most pieces that wait for a viewer: about a second of a film. Older pictures are of no use.
const WAITING_MAX: usize = 30;

/// Once so many seconds were dropped because a viewer's path did not take them, it gets no video.
const OVERFLOWS_MAX: u8 = 3;

/// Shortest time between two requests to draw something again.
const ASK_GAP: Duration = Duration::from_secs(1);

/// The remote does without video once it has not shown a viewer for so long what it should.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most places of pieces that are told apart between two looks at the surface.
const FRESH_MAX: usize = VideoChunk::PARTS_MAX;

/// One session's streams, as the remote numbers them and as the link does.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    streams: [Option<Stream>; STREAMS],
    /// How many places the chunks covered that came.
    covered: u64,
    /// What was covered since somebody last looked at the surface.
    fresh: Vec<Rect>,
    /// What the remote was last told.
    told_welcome: bool,
    /// It did not draw what it was asked for, or has more streams than there are places.
    gave_up: bool,
    asked_at: Option<Instant>,
    lacking_since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    remote: u32,
    used_at: Instant,
}

/// A piece on its way to viewers.
#[derive(Debug, Clone)]
pub(crate) struct VideoPiece {
    /// From 0; the link counts from [`STREAM_FIRST`].
    stream: usize,
    rect: Rect,
    /// As a chunk's.
    parts: Vec<Rect>,
    unit: AccessUnit,
}

impl VideoPiece {
    /// Where it is painted.
    fn places(&self) -> &[Rect] {
        if self.parts.is_empty() { std::slice::from_ref(&self.rect) } else { &self.parts }
    }

    /// Whether it paints over all that `old` paints, which comes before it.
    fn hides(&self, old: &Self) -> bool {
        let is_hidden = |old: &Rect| self.places().iter().any(|place| place.contains(*old));
        old.places().iter().all(is_hidden)
    }
}

impl Passing {
    /// Whether the surface holds back nothing: all that covers it has been heard of.
    pub(crate) const fn is_up_to_date(&self, veils_count: u64) -> bool {
        self.covered == veils_count
    }

    /// Takes a chunk, and says what goes to viewers: nothing when the chunk is of no use, and what
    /// it covers is lost to all. Also the place that its stream has now and did not have before.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        chunk: &VideoChunk,
        size: Size,
    ) -> (Vec<VideoPiece>, Option<usize>) {
        let (rect, places) = (chunk.rect, chunk.places());
        self.covered += places.len() as u64;
        if !rect.fits(size) || !places.iter().all(|place| rect.contains(*place)) {
            return (Vec::new(), None);
        }
        for place in places {
            if !self.fresh.contains(place) {
                self.fresh.push(*place);
            }
        }
        if self.fresh.len() > FRESH_MAX {
            self.fresh = self.fresh.drain(..).reduce(Rect::union).into_iter().collect();
        }
        let Some((stream, is_new)) = self.place(now, chunk.stream) else {
            return (Vec::new(), None);
        };
        let units = access_units(&chunk.data).into_iter();
        let piece = |unit| VideoPiece { stream, rect, parts: chunk.parts.clone(), unit };
        (units.map(piece).collect(), Some(stream).filter(|_| is_new))
    }

    /// The remote's stream of this number is over. The answer is its place.
    pub(crate) fn end(&mut self, remote: u32) -> Option<usize> {
        let is_it = |stream: &Option<Stream>| stream.is_some_and(|stream| stream.remote == remote);
        let place = self.streams.iter().position(is_it)?;
        self.streams.get_mut(place)?.take();
        Some(place)
    }

    /// All streams are over, and the next remote has not been told anything; chunks that were on
    /// their way never come. The answer is the streams' places.
    pub(crate) fn end_all(&mut self, veils_count: u64) -> Vec<usize> {
        self.covered = veils_count;
        self.told_welcome = false;
        self.gave_up = false;
        self.asked_at = None;
        self.lacking_since = None;
        let taken = |(place, stream): (usize, &mut Option<Stream>)| stream.take().map(|_| place);
        self.streams.iter_mut().enumerate().filter_map(taken).collect()
    }

    /// What was covered since the last call.
    pub(crate) fn take_fresh(&mut self) -> Vec<Rect> {
        std::mem::take(&mut self.fresh)
    }

    /// Whether anything was covered since [`Passing::take_fresh`].
    pub(crate) const fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    /// Everybody can be shown video, or not: what to tell the remote, if that is news.
    pub(crate) fn welcome(&mut self, can_show: bool) -> Option<bool> {
        let welcome = can_show && !self.gave_up;
        let told = std::mem::replace(&mut self.told_welcome, welcome);
        (told != welcome).then_some(welcome)
    }

    /// Viewers that could be sent something now lack what is covered in `lacking`: whether to ask
    /// the remote for it now, and when to look again.
    pub(crate) fn ask(&mut self, now: Instant, lacking: Option<Rect>) -> (bool, Option<Instant>) {
        if lacking.is_none() {
            self.lacking_since = None;
            return (false, None);
        }
        let since = *self.lacking_since.get_or_insert(now);
        self.gave_up |= now.saturating_duration_since(since) >= PATIENCE;
        let next_at = self.asked_at.map(|at| at + ASK_GAP).filter(|at| *at > now);
        if next_at.is_none() {
            self.asked_at = Some(now);
        }
        (next_at.is_none(), next_at.or(Some(now + ASK_GAP)))
    }

    /// The place of the remote's stream of this number: its own, a free one, or that of the stream
    /// that was silent longest. And whether it is not its own.
    fn place(&mut self, now: Instant, remote: u32) -> Option<(usize, bool)> {
        let age = |stream: &Option<Stream>| match stream {
            Some(stream) if stream.remote == remote => None,
            Some(stream) => Some(now.saturating_duration_since(stream.used_at)),
            None => Some(Duration::MAX),
        };
        let own = self.streams.iter().position(|stream| age(stream).is_none());
        let oldest = || self.streams.iter().enumerate().max_by_key(|(_, stream)| age(stream));
        let place = own.or_else(|| oldest().map(|(place, _)| place))?;
        let held = self.streams.get_mut(place)?;
        if own.is_none() && age(held).is_some_and(|age| age < ALIVE) {
            // More of them at a time than viewers can show. Pixels are for that.
            self.gave_up = true;
            return None;
        }
        *held = Some(Stream { remote, used_at: now });
        Some((place, own.is_none()))
    }
}

/// What one viewer is still to be sent, and what it cannot be.
#[derive(Debug)]
pub(crate) struct VideoQueue {
    waiting: VecDeque<VideoPiece>,
    waiting_bytes: usize,
    /// Where each stream shows what it should, if it does.
    live: [Option<Rect>; STREAMS],
    /// Where the viewer's canvas did not show what covered the surface when something last did.
    lacks: Option<Veil>,
    size: Size,
    overflows: u8,
}

impl VideoQueue {
    /// For a canvas that shows nothing of what covers the surface, which has `size`.
    pub(crate) fn new(size: Size, veil: Option<&Veil>) -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            live: [None; STREAMS],
            lacks: veil.cloned(),
            size,
            overflows: 0,
        }
    }

    /// Starts again with a picture of another size, if it is another.
    pub(crate) fn resize(&mut self, size: Size) {
        if self.size != size {
            *self = Self { overflows: self.overflows, ..Self::new(size, None) };
        }
    }

    /// Whether something waits to be sent.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Where the pieces that wait are to be painted.
    pub(crate) fn rects(&self) -> Vec<Rect> {
        self.waiting.iter().flat_map(VideoPiece::places).copied().collect()
    }

    /// Whether a piece that waits is to be painted in `rect`.
    pub(crate) fn meets(&self, rect: Rect) -> bool {
        let is_met = |place: &Rect| place.intersection(rect).is_some();
        self.waiting.iter().flat_map(VideoPiece::places).any(is_met)
    }

    /// Whether the path has shown that it does not carry the remote's video.
    pub(crate) const fn is_overrun(&self) -> bool {
        self.overflows >= OVERFLOWS_MAX
    }

    /// Takes a piece, to be sent with the next frame. At most `max_bytes` wait.
    pub(crate) fn push(&mut self, piece: &VideoPiece, max_bytes: usize) {
        if piece.unit.key {
            self.drop_hidden(piece);
        }
        let Some(live) = self.live.get_mut(piece.stream) else { return };
        if piece.unit.key {
            *live = Some(piece.rect);
        }
        if live.is_none() {
            return self.lack_all(piece.places());
        }
        *live = Some(piece.rect);
        if let Some(lacks) = &mut self.lacks {
            piece.places().iter().for_each(|place| lacks.uncover(*place));
        }
        self.waiting_bytes += piece.unit.data.len();
        self.waiting.push_back(piece.clone());
        if self.waiting.len() > WAITING_MAX || self.waiting_bytes > max_bytes {
            self.overflows = self.overflows.saturating_add(1);
            self.drop_all();
        }
    }

    /// The viewer does not look: pieces are not kept for it.
    pub(crate) fn miss(&mut self, piece: &VideoPiece) {
        self.drop_all();
        self.lack_all(piece.places());
    }

    /// The stream in this place is over, and another may begin. What it showed stays.
    pub(crate) fn end(&mut self, place: usize) {
        if let Some(live) = self.live.get_mut(place) {
            *live = None;
        }
    }

    /// What the canvas shows in `rect` is not what it should be.
    pub(crate) fn spoil(&mut self, rect: Rect) {
        self.lack(rect);
        for place in 0..STREAMS {
            let live = self.live.get_mut(place);
            let is_hit = |live: &mut Rect| live.intersection(rect).is_some();
            if let Some(rect) = live.and_then(|live| live.take_if(is_hit)) {
                self.lack(rect);
            }
        }
    }

    /// The canvas does not show what covers the surface in `rect`.
    pub(crate) fn lack(&mut self, rect: Rect) {
        self.lacks.get_or_insert_with(|| Veil::new(self.size)).cover(rect);
    }

    /// Around what covers the surface and is not on the canvas.
    pub(crate) fn lacking(&mut self, veil: Option<&Veil>) -> Option<Rect> {
        let rect = self.lacks.as_ref().zip(veil).and_then(|(lacks, veil)| lacks.overlap(veil));
        if rect.is_none() {
            self.lacks = None;
        }
        rect
    }

    /// Writes all that waits.
    pub(crate) fn put(&mut self, out: &mut BytesMut) {
        self.waiting_bytes = 0;
        for VideoPiece { stream, rect, mut parts, unit } in self.waiting.drain(..) {
            for part in &mut parts {
                // They count from the rectangle's corner, which is none of theirs' right or below.
                part.x = part.x.saturating_sub(rect.x);
                part.y = part.y.saturating_sub(rect.y);
            }
            let stream = STREAM_FIRST + u8::try_from(stream).unwrap_or(0);
            let AccessUnit { key, data } = unit;
            let record = VideoRecord { rect, stream, key, parts, data };
            ToBrowser::Video(record).encode(out);
        }
    }

    /// The canvas does not show what covers the surface in any of `places`.
    pub(crate) fn lack_all(&mut self, places: &[Rect]) {
        places.iter().for_each(|place| self.lack(*place));
    }

    /// Drops what `key` paints over, which needs nothing before it: the last pieces of its stream,
    /// because those that stay need all before them.
    fn drop_hidden(&mut self, key: &VideoPiece) {
        let stays = |old: &VideoPiece| old.stream == key.stream && !key.hides(old);
        let kept = self.waiting.iter().rposition(stays).map_or(0, |last| last + 1);
        let mut at = 0;
        self.waiting.retain(|old| {
            at += 1;
            at <= kept || old.stream != key.stream
        });
        self.waiting_bytes = self.waiting.iter().map(|old| old.unit.data.len()).sum();
    }

    /// All streams begin again with their next key pictures.
    fn drop_all(&mut self) {
        let mut lost = self.rects();
        self.waiting.clear();
        lost.extend(self.live.iter_mut().filter_map(Option::take));
        // Most are the same.
        lost.dedup();
        self.lack_all(&lost);
        self.waiting_bytes = 0;
    }
}
