//! The desktop's size, and asking for another (`ExtendedDesktopSize`, `SetDesktopSize`).

use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_pixels::{Rect, Size, Surface};
use porthole_remote::Screen;
use porthole_wire::Reader;

use crate::requests::put_set_desktop_size;

/// How long a request may stay unanswered before another is sent in its place.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Why an `ExtendedDesktopSize` was sent, in its x-position: we asked.
const REASON_WE_ASKED: u16 = 1;

/// Reads the body of an `ExtendedDesktopSize`: at most 4 + 255 * 16 bytes. `None`: it has not
/// all arrived, and nothing is taken. Screens beyond [`Screen::COUNT_MAX`] are left out.
pub(crate) fn read_screens(input: &mut Reader<'_>) -> Option<Vec<Screen>> {
    let mut ahead = input.clone();
    let count = ahead.u8()?;
    ahead.take(3)?;
    let mut body = Reader::new(ahead.take(usize::from(count) * 16)?);
    *input = ahead;
    let screens = std::iter::from_fn(|| {
        let (id, x, y) = (body.u32_be()?, body.u16_be()?, body.u16_be()?);
        let (width, height, flags) = (body.u16_be()?, body.u16_be()?, body.u32_be()?);
        Some(Screen { id, rect: Rect { x, y, width, height }, flags })
    });
    Some(screens.take(Screen::COUNT_MAX).collect())
}

/// The screens to ask for on a desktop of size `to`, where there are `screens` on one of size
/// `from`. Several that fill it in some pattern keep the pattern: their edges move in
/// proportion, so that those that touched touch, and none overlap that did not. Where that
/// would leave one without pixels, and otherwise, the first fills the desktop.
fn layout(screens: &[Screen], from: Size, to: Size) -> Vec<Screen> {
    let moved: Vec<Screen> =
        screens.iter().filter_map(|screen| stretch(*screen, from, to)).collect();
    if moved.len() > 1 && moved.len() == screens.len() {
        return moved;
    }
    let (id, flags) = screens.first().map_or((0, 0), |screen| (screen.id, screen.flags));
    vec![Screen { id, rect: to.rect(), flags }]
}

/// `screen` with its edges moved in proportion. `None`: it was not on the desktop, or would have
/// no pixels.
fn stretch(screen: Screen, from: Size, to: Size) -> Option<Screen> {
    let Rect { x, y, width, height } = screen.rect;
    if !screen.rect.fits(from) || screen.rect.is_empty() {
        return None;
    }
    let edge = |at: u32, from: u16, to: u16| {
        u16::try_from((at * u32::from(to)).checked_div(from.into())?).ok()
    };
    let (left, right) = (
        edge(x.into(), from.width, to.width)?,
        edge(u32::from(x) + u32::from(width), from.width, to.width)?,
    );
    let (top, bottom) = (
        edge(y.into(), from.height, to.height)?,
        edge(u32::from(y) + u32::from(height), from.height, to.height)?,
    );
    let rect = Rect::new(left, top, right - left, bottom - top);
    (!rect.is_empty()).then_some(Screen { rect, ..screen })
}

/// Asks for sizes, one at a time: while an answer is due, only the newest wish is kept.
#[derive(Debug, Default)]
pub(crate) struct Desktop {
    /// The server's current size.
    size: Size,
    /// Known once the server has sent an `ExtendedDesktopSize`: only then may we ask.
    screens: Option<Vec<Screen>>,
    /// The screens that were last told of.
    told: Vec<Screen>,
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
        let (Some(screens), false) = (&self.screens, is_due) else { return };
        let Some(size) = self.wanted.take() else { return };
        if size == self.size {
            return;
        }
        put_set_desktop_size(out, size, &layout(screens, self.size, size));
        self.asked = Some(now);
    }

    /// When to try again because the server has not answered.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.wanted?;
        self.screens.as_ref()?;
        self.asked.map(|asked| asked + ANSWER_MAX)
    }

    /// Takes note of an `ExtendedDesktopSize`.
    pub(crate) fn learn(&mut self, rect: Rect, screens: Vec<Screen>) -> Learned {
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

    /// The screens as far as they are on the desktop, if they are others than this said last.
    pub(crate) fn take_screens(&mut self) -> Option<Vec<Screen>> {
        let on_desktop = |screen: &Screen| {
            let rect = screen.rect.intersection(self.size.rect())?;
            Some(Screen { rect, ..*screen })
        };
        let screens: Vec<Screen> = self.screens.iter().flatten().filter_map(on_desktop).collect();
        if screens == self.told {
            return None;
        }
        self.told.clone_from(&screens);
        Some(screens)
    }
}

#[cfg(test)]
#[path = "desktop_tests.rs"]
mod tests;
