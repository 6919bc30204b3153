//! The desktop's size, and asking for another (`ExtendedDesktopSize`, `SetDesktopSize`).

use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_pixels::{Rect, Size, Surface};
use porthole_wire::Reader;

use crate::requests::put_set_desktop_size;

/// How long a request may stay unanswered before another is sent in its place.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Why an `ExtendedDesktopSize` was sent, in its x-position: we asked.
const REASON_WE_ASKED: u16 = 1;

/// The first of the server's screens. We never ask for more than one, and keep its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Screens {
    id: u32,
    flags: u32,
}

/// Reads the body of an `ExtendedDesktopSize`: at most 4 + 255 * 16 bytes. `None`: it has not
/// all arrived, and nothing is taken. A server without screens gets one with number 0.
pub(crate) fn read_screens(input: &mut Reader<'_>) -> Option<Screens> {
    let mut ahead = input.clone();
    let count = ahead.u8()?;
    ahead.take(3)?;
    let mut screens = Reader::new(ahead.take(usize::from(count) * 16)?);
    *input = ahead;
    let (id, _place, flags) = (screens.u32_be(), screens.take(8), screens.u32_be());
    Some(Screens { id: id.unwrap_or(0), flags: flags.unwrap_or(0) })
}

/// Asks for sizes, one at a time: while an answer is due, only the newest wish is kept.
#[derive(Debug, Default)]
pub(crate) struct Desktop {
    /// The server's current size.
    size: Size,
    /// Known once the server has sent an `ExtendedDesktopSize`: only then may we ask.
    screens: Option<Screens>,
    wanted: Option<Size>,
    /// When the request was sent that is not answered yet.
    asked: Option<Instant>,
}

/// What an `ExtendedDesktopSize` means for the rest of the client.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Learned {
    /// The server takes requests, which was not known before.
    pub(crate) is_supported_now: bool,
    /// The desktop has the size of the rectangle. Without it the rectangle only says no.
    pub(crate) has_size: bool,
    /// Why our request was turned down.
    pub(crate) refusal: Option<&'static str>,
}

impl Desktop {
    /// The server's current size.
    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    /// The server has another size.
    pub(crate) fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    /// A viewer would like this size. One that no surface can have is not asked for.
    pub(crate) fn want(&mut self, now: Instant, size: Size, out: &mut BytesMut) {
        if size.area() > 0 && Surface::check_size(size).is_ok() {
            self.wanted = Some(size);
            self.ask(now, out);
        }
    }

    /// Sends the newest wish if there is one and no answer is due.
    pub(crate) fn ask(&mut self, now: Instant, out: &mut BytesMut) {
        let is_due = self.asked.is_some_and(|asked| now < asked + ANSWER_MAX);
        let (Some(screens), false) = (self.screens, is_due) else { return };
        let Some(size) = self.wanted.take() else { return };
        if size == self.size {
            return;
        }
        put_set_desktop_size(out, size, screens.id, screens.flags);
        self.asked = Some(now);
    }

    /// When to try again because the server has not answered.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.wanted?;
        self.screens?;
        self.asked.map(|asked| asked + ANSWER_MAX)
    }

    /// Takes note of an `ExtendedDesktopSize`.
    pub(crate) fn learn(&mut self, rect: Rect, screens: Screens) -> Learned {
        let is_supported_now = self.screens.is_none();
        let is_answer = rect.x == REASON_WE_ASKED;
        if is_answer {
            self.asked = None;
        }
        if is_answer && rect.y != 0 {
            // Its other fields mean nothing (so the screens are kept as they were).
            self.screens.get_or_insert_default();
            let refusal = match rect.y {
                1 => "resizing is prohibited",
                2 => "it is out of resources",
                3 => "the layout is not valid",
                _ => "it gives no reason",
            };
            return Learned { is_supported_now, has_size: false, refusal: Some(refusal) };
        }
        self.screens = Some(screens);
        Learned { is_supported_now, has_size: true, refusal: None }
    }
}

#[cfg(test)]
#[path = "desktop_tests.rs"]
mod tests;
