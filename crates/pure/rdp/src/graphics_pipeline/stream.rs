//! One surface's H.264 stream: who shows it, and a decoder that can take over.

use bytes::Bytes;
use porthole_pixels::{Rect, Size};
use porthole_remote::Event;

use super::annex_b;
use super::backlog::Backlog;
use super::codecs::Yuv444;
use super::error::GraphicsError;
use super::h264::{H264Decoder, OpenDecoder, YuvPicture};
use super::parameter_set;
use super::pipeline::{GraphicsOutput, Outbox};

/// How many parts of a stream are missed before the server is asked again to begin it anew.
const REDRAW_PARTS: u32 = 128;

/// Pixels by which a stream's pictures may be larger than their surface: encoders fill up blocks.
const FILLED_UP_PX: u32 = 64;

/// The stream of one surface.
///
/// While it is passed on nobody decodes it here. What was passed on is kept from the last picture
/// on that refers to no other, so that the decoder can catch up when the surface has to.
#[derive(Default)]
pub(super) struct Stream {
    /// Its number and place, while it is passed on.
    pub(super) passed: Option<(u32, Rect)>,
    /// The surface is to show what viewers were shown.
    pub(super) is_behind: bool,
    pub(super) combined: Option<Box<Yuv444>>,
    decoder: Option<Box<dyn H264Decoder>>,
    /// The decoder has seen all since a picture that refers to no other, but for the backlog.
    is_in_step: bool,
    backlog: Backlog,
    /// Parts that nobody could show since the last beginning.
    missed: u32,
    /// Somebody lacks what was passed on, and the server was asked to begin anew.
    is_asked: bool,
}

/// Whether a decoder can begin with `data`, the stream of a surface of `size`: its pictures must
/// not be larger, because a decoder holds as many of them as the stream wants.
pub(super) fn is_start(data: &[u8], size: Size) -> bool {
    annex_b::is_start(data)
        && parameter_set::coded_size(data).is_some_and(|(width, height)| {
            width <= u32::from(size.width) + FILLED_UP_PX
                && height <= u32::from(size.height) + FILLED_UP_PX
        })
}

impl Stream {
    /// Nothing is passed on any more.
    pub(super) fn end(&mut self, outbox: &mut Outbox) {
        if let Some((number, _)) = self.passed.take() {
            outbox.push(GraphicsOutput::Event(Event::VideoEnded(number)));
        }
    }

    /// `data` was passed on. A decoder that lends itself can go on behind it.
    pub(super) fn keep(&mut self, data: &Bytes, is_start: bool, open: Option<&OpenDecoder>) {
        self.missed = 0;
        self.is_asked &= !is_start;
        if open.is_none() {
            self.is_in_step = false;
            return;
        }
        if is_start {
            self.backlog.clear();
            self.is_in_step = true;
        }
        if self.is_in_step
            && let Some(oldest) = self.backlog.push(data.clone())
        {
            self.take_in(&oldest, open);
        }
    }

    /// Whether the decoder can go on with this part, or begin with it.
    pub(super) fn begin(&mut self, is_start: bool, open: Option<&OpenDecoder>) -> bool {
        if is_start {
            self.backlog.clear();
            self.is_in_step = self.open(open);
            self.missed = 0;
        } else {
            // What comes next builds on it.
            while let Some(data) = self.backlog.pop() {
                self.take_in(&data, open);
            }
        }
        self.is_in_step
    }

    /// Decodes what was passed on, and hands the last picture to `draw`.
    ///
    /// # Errors
    ///
    /// Those of `draw`.
    pub(super) fn catch_up(
        &mut self,
        open: Option<&OpenDecoder>,
        draw: impl FnOnce(&YuvPicture<'_>, Option<&mut Yuv444>) -> Result<(), GraphicsError>,
    ) -> Result<(), GraphicsError> {
        let mut last = self.backlog.pop();
        while let Some(next) = self.backlog.pop() {
            if let Some(data) = last.replace(next) {
                self.take_in(&data, open);
            }
        }
        if let Some(data) = last.filter(|_| self.is_in_step && self.open(open)) {
            self.decode(&data, draw)?;
        }
        Ok(())
    }

    /// Hands the decoded picture, if there is one, to `draw`. `false`: the stream is lost.
    ///
    /// # Errors
    ///
    /// Those of `draw`.
    pub(super) fn decode(
        &mut self,
        data: &[u8],
        draw: impl FnOnce(&YuvPicture<'_>, Option<&mut Yuv444>) -> Result<(), GraphicsError>,
    ) -> Result<bool, GraphicsError> {
        let Self { decoder, combined, .. } = self;
        let mut draw = Some(draw);
        let mut drawn = Ok(true);
        let mut show = |picture: &YuvPicture<'_>| {
            drawn = match draw.take() {
                Some(draw) if picture.is_whole() => {
                    draw(picture, combined.as_deref_mut()).map(|()| true)
                }
                _ => Ok(false),
            };
        };
        let decoded = decoder.as_mut().map(|decoder| decoder.decode(data, &mut show));
        if !matches!(decoded, Some(Ok(()))) || !drawn? {
            self.lose();
        }
        Ok(self.is_in_step)
    }

    /// The server is asked to begin anew. Whether it was asked before, and has not.
    pub(super) const fn is_asked_twice(&mut self) -> bool {
        std::mem::replace(&mut self.is_asked, self.passed.is_some())
    }

    /// A part could not be shown. If a beginning would be of use, the server is asked to draw
    /// `place` anew: at once, and again when many more were missed. Whether it was asked in vain.
    pub(super) fn miss(
        &mut self,
        is_useful: bool,
        place: Option<Rect>,
        outbox: &mut Outbox,
    ) -> bool {
        if is_useful && self.missed.is_multiple_of(REDRAW_PARTS) {
            outbox.redraw(place);
        }
        self.missed = self.missed.wrapping_add(1);
        self.missed > REDRAW_PARTS
    }

    /// Decodes what nobody is to see.
    fn take_in(&mut self, data: &[u8], open: Option<&OpenDecoder>) {
        if !self.is_in_step {
            return;
        }
        self.open(open);
        let decoded = self.decoder.as_mut().map(|decoder| decoder.decode(data, &mut |_| {}));
        if !matches!(decoded, Some(Ok(()))) {
            self.lose();
        }
    }

    /// Whether there is a decoder now.
    fn open(&mut self, open: Option<&OpenDecoder>) -> bool {
        if self.decoder.is_none() {
            self.decoder = open.and_then(|open| open.open().ok());
        }
        self.decoder.is_some()
    }

    fn lose(&mut self) {
        self.is_in_step = false;
        self.backlog.clear();
    }
}
