//! `FramebufferUpdate` (RFC 6143 §7.6.1): rectangles of pixels, and pseudo-rectangles that
//! carry everything else.

use porthole_pixels::{Rect, Surface};
use porthole_remote::{Cursor, Event, Screen};
use porthole_wire::Reader;

use crate::RfbError;
use crate::desktop::read_screens;
use crate::encodings::cursor::{CursorKind, decode_cursor};
use crate::encodings::{Decode, Paint, Rectangle, Scratch, Step};
use crate::limits::{NAME_MAX_BYTES, UPDATE_DESKTOPS_MAX};
use crate::requests::pseudo;
use crate::video::{Chunk, H264, read_chunk};
use crate::words::Words;

/// An update that is arriving.
#[derive(Debug)]
pub(crate) struct Update {
    /// Rectangles still to come, the current one included. A server that does not know says
    /// 65,535 and sends a last one early.
    left: u16,
    current: Option<Body>,
    /// Pixels of its rectangles so far.
    painted: u64,
    /// H.264 was asked for.
    has_video: bool,
}

/// The rectangle that is arriving.
#[derive(Debug)]
enum Body {
    Pixels(Rectangle),
    Video(Rect),
    Cursor(CursorKind, Rect),
    Name(Words),
    /// An `ExtendedDesktopSize`: x is who asked for the change, y how it went.
    Screens(Rect),
    Leds,
}

/// Something that an update had to say.
#[derive(Debug)]
pub(crate) enum News {
    /// Pass it on.
    Event(Event),
    /// The desktop has another size now. Only said when it differs.
    Screens(Rect, Vec<Screen>),
    /// A piece of the video in this place.
    Video(Rect, Chunk),
    /// `DesktopSize`: only a size.
    Size(Rect),
    /// The server takes scan codes.
    QemuKeys,
    /// The server takes more than eight buttons.
    ExtendedMouseButtons,
    /// The update is over.
    End,
}

impl Update {
    /// Expects `count` rectangles.
    pub(crate) const fn new(count: u16, has_video: bool) -> Self {
        Self { left: count, current: None, painted: 0, has_video }
    }

    /// Takes what has arrived of the update, up to the first news. `None`: the rest has not
    /// arrived.
    ///
    /// # Errors
    ///
    /// A rectangle is outside the desktop, unknown, or breaks its encoding.
    pub(crate) fn read(
        &mut self,
        input: &mut Reader<'_>,
        surface: &mut Surface,
        scratch: &mut Scratch,
    ) -> Result<Option<News>, RfbError> {
        loop {
            let Some(body) = &mut self.current else {
                if self.left == 0 {
                    return Ok(Some(News::End));
                }
                match self.read_header(input, surface)? {
                    Header::Wait => return Ok(None),
                    Header::News(news) => return Ok(Some(news)),
                    Header::Body(body) => self.current = Some(body),
                }
                continue;
            };
            let Some(news) = read_body(body, input, surface, scratch)? else { return Ok(None) };
            self.current = None;
            self.left -= 1;
            if let Some(news) = news {
                return Ok(Some(news));
            }
        }
    }

    fn read_header(
        &mut self,
        input: &mut Reader<'_>,
        surface: &Surface,
    ) -> Result<Header, RfbError> {
        let mut ahead = input.clone();
        let (Some(x), Some(y), Some(width), Some(height), Some(encoding)) =
            (ahead.u16_be(), ahead.u16_be(), ahead.u16_be(), ahead.u16_be(), ahead.i32_be())
        else {
            return Ok(Header::Wait);
        };
        let rect = Rect { x, y, width, height };
        let header = match encoding {
            pseudo::LAST_RECT => {
                self.left = 0;
                *input = ahead;
                return Ok(Header::News(News::End));
            }
            pseudo::DESKTOP_SIZE => Header::News(News::Size(rect)),
            pseudo::QEMU_KEY => Header::News(News::QemuKeys),
            pseudo::EXTENDED_MOUSE_BUTTONS => Header::News(News::ExtendedMouseButtons),
            pseudo::CURSOR => Header::Body(Body::Cursor(CursorKind::Masked, rect)),
            pseudo::X_CURSOR => Header::Body(Body::Cursor(CursorKind::TwoColours, rect)),
            pseudo::CURSOR_WITH_ALPHA => Header::Body(Body::Cursor(CursorKind::Alpha, rect)),
            pseudo::EXTENDED_DESKTOP_SIZE => Header::Body(Body::Screens(rect)),
            pseudo::QEMU_LEDS => Header::Body(Body::Leds),
            pseudo::DESKTOP_NAME => {
                let Some(len) = ahead.u32_be() else { return Ok(Header::Wait) };
                RfbError::check_limit("name-length", len, NAME_MAX_BYTES)?;
                Header::Body(Body::Name(Words::new(len)))
            }
            H264 if self.has_video => {
                self.check_rect(rect, surface)?;
                Header::Body(Body::Video(rect))
            }
            _ => {
                self.check_rect(rect, surface)?;
                let rectangle = Rectangle::new(encoding, rect);
                Header::Body(Body::Pixels(rectangle.ok_or(RfbError::UnknownEncoding { encoding })?))
            }
        };
        *input = ahead;
        if matches!(header, Header::News(_)) {
            self.left -= 1;
        }
        Ok(header)
    }

    /// A rectangle of pixels lies in the desktop, and the update does not paint without end.
    fn check_rect(&mut self, rect: Rect, surface: &Surface) -> Result<(), RfbError> {
        surface.check(rect)?;
        self.painted += u64::from(rect.area());
        let limit = u64::from(surface.size().area()) * UPDATE_DESKTOPS_MAX;
        RfbError::check_limit("area of the rectangles of one update", self.painted, limit)
    }
}

enum Header {
    Wait,
    News(News),
    Body(Body),
}

/// Takes what has arrived of a rectangle: `None` when that is not all, and otherwise the news
/// in it, if any.
#[allow(clippy::option_option, reason = "the outer one is the house's \"wait\"")]
fn read_body(
    body: &mut Body,
    input: &mut Reader<'_>,
    surface: &mut Surface,
    scratch: &mut Scratch,
) -> Result<Option<Option<News>>, RfbError> {
    let news = match body {
        Body::Pixels(rectangle) => {
            let step = rectangle.decode(input, &mut Paint { surface, scratch })?;
            if step == Step::Done {
                scratch.count(rectangle.kind());
            }
            return Ok((step == Step::Done).then_some(None));
        }
        Body::Video(rect) => read_chunk(input, *rect)?.map(|chunk| News::Video(*rect, chunk)),
        Body::Cursor(kind, rect) => {
            let cursor: Option<Cursor> = decode_cursor(input, *kind, *rect)?;
            cursor.map(|cursor| News::Event(Event::Cursor(cursor)))
        }
        Body::Name(words) => words.read(input).then(|| News::Event(Event::Title(words.text()))),
        Body::Screens(rect) => read_screens(input).map(|screens| News::Screens(*rect, screens)),
        // Bits of locks that we do not know are not passed on.
        Body::Leds => input.u8().map(|bits| News::Event(Event::Leds(bits & 0b111))),
    };
    Ok(news.map(Some))
}
