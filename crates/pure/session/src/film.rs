//! A region that moves all the time, sent as H.264 where the path cannot carry it as JPEG.

use std::time::Duration;

use porthole_link::{ToBrowser, VideoRecord};
use porthole_pixels::{Damage, Rect, Surface};
use porthole_tiles::video::{VideoCodec, VideoDemand, VideoEncoder, check_size};
use porthole_tiles::{Class, Part, Snapshot, TilesError};

use crate::frame::Encodings;
use crate::pacing::Outlook;

/// Shortest time that a picture is given on the path: films have no more than 30 a second.
const PICTURE_MIN: Duration = Duration::from_millis(33);

/// How much of what the path carries a film may take: the rest is for what people type.
const SHARE: f64 = 0.7;

/// JPEG takes over again when it would fit this many times.
const RETURN_FACTOR: f64 = 1.5;

/// Most parts of a picture that a Video record can name.
const PARTS_MAX: usize = 255;

/// One viewer's film.
#[derive(Debug)]
pub(crate) struct Film {
    rect: Rect,
    /// Absent before the first picture, while one is being encoded, and after a fault.
    encoder: Option<VideoEncoder>,
    /// The next picture must not need those before it.
    is_key_due: bool,
}

impl Film {
    /// Whether a film in a region of `pixels` is better than JPEG, which would take `jpeg_bytes`
    /// for each picture. Not before the path has shown what it carries.
    pub(crate) fn pays(is_on: bool, jpeg_bytes: usize, gap: Duration, outlook: &Outlook) -> bool {
        let Some(rate) = outlook.rate.filter(|_| outlook.was_full) else { return false };
        let carried = rate * gap.max(PICTURE_MIN).as_secs_f64();
        let factor = if is_on { RETURN_FACTOR } else { 1.0 };
        #[expect(clippy::cast_precision_loss, reason = "a guess needs no precision")]
        let wanted = jpeg_bytes as f64 * factor;
        wanted > carried
    }

    /// Whether films can have this region.
    pub(crate) fn fits(rect: Rect) -> bool {
        check_size(rect.size()).is_ok()
    }

    pub(crate) const fn new(rect: Rect) -> Self {
        Self { rect, encoder: None, is_key_due: true }
    }

    pub(crate) const fn rect(&self) -> Rect {
        self.rect
    }

    /// Something of it did not reach the canvas.
    pub(crate) const fn demand_key(&mut self) {
        self.is_key_due = true;
    }

    /// Takes the damage within the region out of `damage`, and makes a picture of it. `None` when
    /// there is none.
    pub(crate) fn next(
        &mut self,
        surface: &Surface,
        damage: &mut Damage,
        codec: &VideoCodec,
        (gap, outlook): (Duration, &Outlook),
    ) -> Option<FilmPicture> {
        let parts: Vec<Rect> = damage.iter_within(self.rect).collect();
        if parts.is_empty() {
            return None;
        }
        damage.subtract(&std::iter::once(self.rect));
        let seconds = gap.max(PICTURE_MIN).as_secs_f64();
        let share = SHARE * outlook.rate.unwrap_or_default() * seconds;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float cast saturates, and nothing here is negative"
        )]
        let target_bytes = share as u32;
        let part = Part { rect: self.rect, class: Class::Photo };
        Some(FilmPicture {
            snapshot: Snapshot::take(surface, &part),
            parts,
            codec: codec.clone(),
            encoder: self.encoder.take(),
            demand: VideoDemand { target_bytes, key: std::mem::take(&mut self.is_key_due) },
        })
    }

    /// The picture is encoded, or given up.
    pub(crate) fn finish(&mut self, done: FilmDone) {
        self.is_key_due |= done.encoder.is_none();
        self.encoder = done.encoder;
    }
}

/// A picture to be encoded.
#[derive(Debug)]
pub(crate) struct FilmPicture {
    snapshot: Snapshot,
    /// What changed in it.
    parts: Vec<Rect>,
    codec: VideoCodec,
    encoder: Option<VideoEncoder>,
    demand: VideoDemand,
}

/// What became of a picture.
#[derive(Debug)]
pub(crate) struct FilmDone {
    /// `None` after a fault.
    encoder: Option<VideoEncoder>,
    /// What was not sent after all: the film has spent its bytes, or there was a fault.
    pub(crate) left: Vec<Rect>,
}

impl FilmPicture {
    pub(crate) const fn rect(&self) -> Rect {
        self.snapshot.rect()
    }

    /// Encodes. A fault costs a key picture, and never the session.
    pub(crate) fn run(self, out: &mut Encodings) -> FilmDone {
        let Self { snapshot, parts, codec, encoder, demand } = self;
        let rect = snapshot.rect();
        // The first picture of an encoder is a key picture.
        let begin = || VideoEncoder::new(&codec, rect.size());
        let encode = |mut encoder: VideoEncoder| {
            let chunk = encoder.encode(&snapshot, demand)?;
            Ok::<_, TilesError>((encoder, chunk))
        };
        match encoder.map_or_else(begin, Ok).and_then(encode) {
            Ok((encoder, Some(chunk))) => {
                out.add_video(&record(rect, &parts, chunk.key, chunk.data), &parts);
                FilmDone { encoder: Some(encoder), left: Vec::new() }
            }
            Ok((encoder, None)) => FilmDone { encoder: Some(encoder), left: parts },
            Err(_) => FilmDone { encoder: None, left: parts },
        }
    }
}

/// Paints no more than what changed: what stands still in the region stays exact.
fn record(rect: Rect, parts: &[Rect], key: bool, data: bytes::Bytes) -> ToBrowser {
    let relative = |part: &Rect| Rect { x: part.x - rect.x, y: part.y - rect.y, ..*part };
    let parts: Vec<Rect> =
        if parts.len() > PARTS_MAX { Vec::new() } else { parts.iter().map(relative).collect() };
    ToBrowser::Video(VideoRecord { rect, stream: 0, key, parts, data })
}
