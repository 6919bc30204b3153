//! Reading the server's clipboard: one format at a time, until all of it is there.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use porthole_clipboard::html::AROUND_MAX_BYTES;
use porthole_clipboard::{dib, html};
use porthole_remote::Clipboard as Content;

use super::lines::from_wire;
use super::messages::Formats;
use crate::LineEnds;

/// How long the server has for one answer. Windows waits for the program that was copied from.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What is being read.
#[derive(Debug, Default)]
pub(super) struct Fetch {
    under_way: Option<UnderWay>,
    /// Formats to ask for, the next first.
    wanted: VecDeque<(Part, u32)>,
    /// A bitmap, should there be no PNG file after all.
    spare: Option<u32>,
    gathered: Content,
}

/// A request that has not been answered.
#[derive(Debug)]
struct UnderWay {
    part: Part,
    until: Instant,
    /// Nobody waits for its answer any more, but answers have no names: the next request waits
    /// until this one is over.
    is_stale: bool,
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Text,
    Html,
    Png,
    Dib,
}

impl Part {
    /// Longest answer that is kept, in bytes, where a format may have `max_bytes`.
    pub(super) const fn wire_max_bytes(self, max_bytes: usize) -> usize {
        match self {
            // Two bytes a unit, and lines that end with two.
            Self::Text => max_bytes.saturating_mul(3).saturating_add(2),
            // Programs put their styles around the fragment.
            Self::Html => max_bytes.saturating_mul(2).saturating_add(AROUND_MAX_BYTES),
            Self::Png => max_bytes,
            Self::Dib => dib::DIB_MAX_BYTES,
        }
    }
}

impl Fetch {
    /// The server has announced something else.
    pub(super) fn begin(&mut self, formats: Formats) {
        self.gathered = Content::default();
        let image = formats.png.map(|id| (Part::Png, id));
        self.spare = formats.dib.filter(|_| image.is_some());
        let parts = [
            formats.text.map(|id| (Part::Text, id)),
            formats.html.map(|id| (Part::Html, id)),
            image.or(formats.dib.map(|id| (Part::Dib, id))),
        ];
        self.wanted = parts.into_iter().flatten().collect();
        if let Some(under_way) = &mut self.under_way {
            under_way.is_stale = true;
        }
    }

    /// The number of the format to ask for now, if any.
    pub(super) fn take_request(&mut self, now: Instant) -> Option<u32> {
        if self.under_way.is_some() {
            return None;
        }
        let (part, id) = self.wanted.pop_front()?;
        self.under_way = Some(UnderWay { part, until: now + ANSWER_MAX, is_stale: false });
        Some(id)
    }

    /// The format whose answer is waited for.
    pub(super) fn part(&self) -> Option<Part> {
        self.under_way.as_ref().filter(|it| !it.is_stale).map(|it| it.part)
    }

    /// The server answers; `None`: it cannot.
    ///
    /// # Errors
    ///
    /// The answer is of no use: words for a notice.
    pub(super) fn answer(
        &mut self,
        data: Option<&[u8]>,
        max_bytes: usize,
        ends: LineEnds,
    ) -> Result<(), String> {
        let Some(under_way) = self.under_way.take().filter(|it| !it.is_stale) else {
            return Ok(());
        };
        let kept = data.map_or(Ok(false), |data| {
            self.keep(under_way.part, data, max_bytes, ends).map(|()| true)
        });
        if let (Part::Png, Ok(false) | Err(_), Some(id)) =
            (under_way.part, &kept, self.spare.take())
        {
            self.wanted.push_front((Part::Dib, id));
            return Ok(());
        }
        kept.map(|_is_kept| ())
    }

    /// The answer was too long to be kept: `len` bytes.
    pub(super) fn pass_over(&mut self, len: usize, max_bytes: usize) -> Result<(), String> {
        match self.under_way.take().filter(|it| !it.is_stale) {
            Some(_) => Err(too_long("the remote's", len, max_bytes)),
            None => Ok(()),
        }
    }

    /// What has been gathered, once nothing more is wanted. At most once for each [`Self::begin`].
    pub(super) fn take_whole(&mut self) -> Option<Content> {
        let is_over = self.wanted.is_empty() && self.part().is_none();
        (is_over && !self.gathered.is_empty()).then(|| std::mem::take(&mut self.gathered))
    }

    /// Time has passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.under_way {
            Some(under_way) if under_way.until <= now => {
                if under_way.is_stale {
                    self.under_way = None;
                } else {
                    // A program that does not answer for one format will not for the next.
                    under_way.is_stale = true;
                    under_way.until = now + ANSWER_MAX;
                    self.wanted.clear();
                }
            }
            _ => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.under_way.as_ref().map(|under_way| under_way.until)
    }

    fn keep(
        &mut self,
        part: Part,
        data: &[u8],
        max_bytes: usize,
        ends: LineEnds,
    ) -> Result<(), String> {
        let fits = |len: usize| {
            if len <= max_bytes { Ok(()) } else { Err(too_long("the remote's", len, max_bytes)) }
        };
        match part {
            Part::Text => {
                let text = from_wire(data, ends);
                fits(text.len())?;
                self.gathered.text = Some(text);
            }
            Part::Html => {
                let html = html::decode(data);
                fits(html.len())?;
                self.gathered.html = Some(html);
            }
            Part::Png => {
                fits(data.len())?;
                dib::check_png(data).map_err(|why| unusable("the remote's", why))?;
                self.gathered.png = Some(data.to_vec().into());
            }
            Part::Dib => {
                let png = dib::to_png(data, max_bytes);
                self.gathered.png = Some(png.map_err(|why| unusable("the remote's", why))?.into());
            }
        }
        Ok(())
    }
}

/// The words for content that is left out.
pub(super) fn too_long(whose: &str, len: usize, limit: usize) -> String {
    format!("{whose} clipboard content of {len} bytes was left out: the limit is {limit}")
}

/// The words for an image that is left out.
pub(super) fn unusable(whose: &str, dib::Unusable(why): dib::Unusable) -> String {
    format!("{whose} clipboard image was left out: {why}")
}
