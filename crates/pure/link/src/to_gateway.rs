//! What a browser says to the gateway.

use bytes::{BufMut, BytesMut};
use porthole_pixels::{Point, Rect, Size};
use porthole_wire::Reader;

use crate::record::{put_record, put_rect, read_rect, read_text};
use crate::{
    Answer, ClipboardPart, Feature, FileRequest, LinkError, Record, RepliesRecord, SoundWish,
    TEXT_MAX_BYTES, TerminalWish,
};

const FLAG_RESUME: u8 = 1;
const FLAG_VIEW_ONLY: u8 = 2;
const FLAG_PAINTED: u8 = 4;

/// Longest name of a time zone, in bytes; the longest that there are have 32.
const TIME_ZONE_MAX_BYTES: usize = 64;

/// A session to come back to.
#[derive(Clone, PartialEq, Eq)]
pub struct Resume {
    /// The session's name, from Welcome.
    pub session: [u8; 16],
    /// The secret, from the last Welcome.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for Resume {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resume").finish_non_exhaustive()
    }
}

/// A browser's first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Optional parts of the protocol that the browser knows: bits of [`Feature`].
    pub features: u32,
    /// The size that the viewer would like, in device pixels; zero for no wish.
    pub size: Size,
    /// 100 times the device pixel ratio.
    pub scale_percent: u16,
    /// The viewer only wants to watch.
    pub view_only: bool,
    /// A session to come back to.
    pub resume: Option<Resume>,
    /// The last frame of the connection before that is on the canvas, if the canvas and the cells
    /// are still as that frame left them.
    pub painted: Option<u32>,
    /// How many cells the browser keeps; counts with [`Feature::CELLS`] only.
    pub cells: u16,
    /// Where the viewer is, as the IANA name of a time zone; whether there is such a zone has not
    /// been looked at. At most 64 bytes; empty when it did not say.
    pub time_zone: String,
}

/// What a viewer would rather have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QualityMode {
    /// As the network allows, exact when still.
    #[default]
    Automatic = 0,
    /// Exact always.
    Exact = 1,
    /// As few bytes as possible while things move.
    Sparing = 2,
}

/// One record to the gateway. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToGateway {
    /// 0x01
    Hello(Hello),
    /// 0x02: frame number, and microseconds from its arrival to its being on the canvas.
    Ack(u32, u32),
    /// 0x03
    Key {
        /// Down, or up.
        down: bool,
        /// X11 keysym, or 0.
        keysym: u32,
        /// XT set 1 scan code, or 0.
        scancode: u16,
    },
    /// 0x04
    Text(String),
    /// 0x05: place and buttons.
    Pointer(Point, u8),
    /// 0x06: place, sideways and downwards, in 1/120 notch.
    Wheel(Point, i16, i16),
    /// 0x07
    ReleaseAll,
    /// 0x81
    Clipboard(ClipboardPart),
    /// 0x82: device pixels, and 100 times the device pixel ratio.
    Resize(Size, u16),
    /// 0x83
    Ping(u32),
    /// 0x84
    Quality(QualityMode),
    /// 0x85
    Visible(bool),
    /// 0x86
    Repaint(Rect),
    /// 0x87
    Answer(Answer),
    /// 0x88: a finger's number, what it does (0 down, 1 moves, 2 up, else not meant), and where.
    Touch(u8, u8, Point),
    /// 0x89
    Replies(RepliesRecord),
    /// 0x90 to 0x98
    File(FileRequest),
    /// 0xa0 and 0xa1
    Sound(SoundWish),
    /// 0xb0 and 0xb1
    Terminal(TerminalWish),
}

impl ToGateway {
    /// Appends this record to a message.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Hello(hello) => put_record(out, 0x01, |out| put_hello(out, hello)),
            Self::Ack(frame, decode_us) => put_record(out, 0x02, |out| {
                out.put_u32_le(*frame);
                out.put_u32_le(*decode_us);
            }),
            Self::Key { down, keysym, scancode } => put_record(out, 0x03, |out| {
                out.put_u8((*down).into());
                out.put_u32_le(*keysym);
                out.put_u16_le(*scancode);
            }),
            Self::Text(text) => put_record(out, 0x04, |out| out.put_slice(text.as_bytes())),
            Self::Pointer(at, buttons) => put_record(out, 0x05, |out| {
                out.put_u16_le(at.x);
                out.put_u16_le(at.y);
                out.put_u8(*buttons);
            }),
            Self::Wheel(at, dx, dy) => put_record(out, 0x06, |out| {
                out.put_u16_le(at.x);
                out.put_u16_le(at.y);
                out.put_i16_le(*dx);
                out.put_i16_le(*dy);
            }),
            Self::ReleaseAll => put_record(out, 0x07, |_| ()),
            Self::Clipboard(part) => put_record(out, 0x81, |out| part.put(out)),
            Self::Resize(size, scale_percent) => put_record(out, 0x82, |out| {
                out.put_u16_le(size.width);
                out.put_u16_le(size.height);
                out.put_u16_le(*scale_percent);
            }),
            Self::Ping(token) => put_record(out, 0x83, |out| out.put_u32_le(*token)),
            Self::Quality(mode) => put_record(out, 0x84, |out| out.put_u8(*mode as u8)),
            Self::Visible(visible) => put_record(out, 0x85, |out| out.put_u8((*visible).into())),
            Self::Repaint(rect) => put_record(out, 0x86, |out| put_rect(out, *rect)),
            Self::Answer(answer) => put_record(out, 0x87, |out| answer.put(out)),
            Self::Touch(contact, phase, at) => put_record(out, 0x88, |out| {
                out.put_u8(*contact);
                out.put_u8(*phase);
                out.put_u16_le(at.x);
                out.put_u16_le(at.y);
            }),
            Self::Replies(replies) => put_record(out, 0x89, |out| replies.put(out)),
            Self::File(request) => request.encode(out),
            Self::Sound(wish) => wish.encode(out),
            Self::Terminal(wish) => wish.encode(out),
        }
    }

    /// Decodes one record. `None` is an optional record that this version does not know.
    ///
    /// # Errors
    ///
    /// [`LinkError`] for a body that does not hold its fields or a kind that must be understood.
    pub fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        let mut input = Reader::new(record.body);
        let known = match record.kind {
            0x01 => Some(Self::Hello(read_hello(&mut input)?)),
            0x04 => Some(Self::Text(read_text("text", record.body, TEXT_MAX_BYTES)?)),
            0x81 => Some(Self::Clipboard(ClipboardPart::read(&mut input)?)),
            0x84 => Some(Self::Quality(read_quality(input.u8())?)),
            0x87 => Some(Self::Answer(Answer::read(&mut input)?)),
            0x90..=0x9f => FileRequest::decode(record)?.map(Self::File),
            0x89 => Some(Self::Replies(RepliesRecord::read(&mut input)?)),
            0xa0..=0xaf => SoundWish::decode(record)?.map(Self::Sound),
            0xb0..=0xbf => TerminalWish::decode(record)?.map(Self::Terminal),
            _ => return Self::decode_plain(record, &mut input),
        };
        Ok(known)
    }

    /// The records that are nothing but numbers.
    fn decode_plain(record: Record<'_>, input: &mut Reader<'_>) -> Result<Option<Self>, LinkError> {
        let (name, message) = match record.kind {
            0x02 => ("ack", read_pair(input).map(|(frame, us)| Self::Ack(frame, us))),
            0x03 => ("key", read_key(input)),
            0x05 => {
                ("pointer", read_point(input).zip(input.u8()).map(|(at, b)| Self::Pointer(at, b)))
            }
            0x06 => ("wheel", read_wheel(input)),
            0x07 => ("release", Some(Self::ReleaseAll)),
            0x82 => {
                ("resize", read_size(input).zip(input.u16_le()).map(|(s, p)| Self::Resize(s, p)))
            }
            0x83 => ("ping", input.u32_le().map(Self::Ping)),
            0x85 => ("visible", input.u8().map(|visible| Self::Visible(visible != 0))),
            0x86 => ("repaint", read_rect(input).map(Self::Repaint)),
            0x88 => ("touch", read_touch(input)),
            _ if record.is_optional() => return Ok(None),
            kind => return Err(LinkError::UnknownKind { kind }),
        };
        message.map(Some).ok_or(LinkError::Short { name })
    }
}

fn put_hello(out: &mut BytesMut, hello: &Hello) {
    out.put_u16_le(crate::VERSION);
    out.put_u32_le(hello.features);
    out.put_u16_le(hello.size.width);
    out.put_u16_le(hello.size.height);
    out.put_u16_le(hello.scale_percent);
    let resume = if hello.resume.is_some() { FLAG_RESUME } else { 0 };
    let view_only = if hello.view_only { FLAG_VIEW_ONLY } else { 0 };
    let painted = if hello.painted.is_some() { FLAG_PAINTED } else { 0 };
    out.put_u8(resume | view_only | painted);
    if let Some(resume) = &hello.resume {
        out.put_slice(&resume.session);
        out.put_slice(&resume.secret);
    }
    if let Some(frame) = hello.painted {
        out.put_u32_le(frame);
    }
    if hello.features & Feature::CELLS != 0 {
        out.put_u16_le(hello.cells);
    }
    // It ends with the record, or at a zero byte.
    out.put_slice(hello.time_zone.as_bytes());
}

fn read_hello(input: &mut Reader<'_>) -> Result<Hello, LinkError> {
    let short = LinkError::Short { name: "hello" };
    let version = input.u16_le().ok_or_else(|| short.clone())?;
    if version != crate::VERSION {
        return Err(LinkError::Undefined { field: "version", value: version.into() });
    }
    let read = |input: &mut Reader<'_>| {
        let features = input.u32_le()?;
        let size = read_size(input)?;
        let scale_percent = input.u16_le()?;
        let flags = input.u8()?;
        let resume = if flags & FLAG_RESUME == 0 {
            None
        } else {
            Some(Resume { session: input.array()?, secret: input.array()? })
        };
        let view_only = flags & FLAG_VIEW_ONLY != 0;
        let painted = if flags & FLAG_PAINTED == 0 { None } else { Some(input.u32_le()?) };
        let cells = if features & Feature::CELLS == 0 { 0 } else { input.u16_le()? };
        let time_zone = read_time_zone(input);
        Some(Hello { features, size, scale_percent, view_only, resume, painted, cells, time_zone })
    };
    read(input).ok_or(short)
}

/// A name, up to a zero byte or the end: what is too long or no text is none.
fn read_time_zone(input: &mut Reader<'_>) -> String {
    let name = input.take_rest().split(|byte| *byte == 0).next().unwrap_or_default();
    let name = str::from_utf8(name).unwrap_or_default();
    if name.len() > TIME_ZONE_MAX_BYTES { String::new() } else { name.to_owned() }
}

fn read_quality(mode: Option<u8>) -> Result<QualityMode, LinkError> {
    Ok(match mode.ok_or(LinkError::Short { name: "quality" })? {
        0 => QualityMode::Automatic,
        1 => QualityMode::Exact,
        2 => QualityMode::Sparing,
        value => return Err(LinkError::Undefined { field: "mode", value: value.into() }),
    })
}

fn read_pair(input: &mut Reader<'_>) -> Option<(u32, u32)> {
    Some((input.u32_le()?, input.u32_le()?))
}

fn read_key(input: &mut Reader<'_>) -> Option<ToGateway> {
    let down = input.u8()? != 0;
    Some(ToGateway::Key { down, keysym: input.u32_le()?, scancode: input.u16_le()? })
}

fn read_touch(input: &mut Reader<'_>) -> Option<ToGateway> {
    Some(ToGateway::Touch(input.u8()?, input.u8()?, read_point(input)?))
}

fn read_wheel(input: &mut Reader<'_>) -> Option<ToGateway> {
    let at = read_point(input)?;
    Some(ToGateway::Wheel(at, input.i16_le()?, input.i16_le()?))
}

fn read_point(input: &mut Reader<'_>) -> Option<Point> {
    Some(Point { x: input.u16_le()?, y: input.u16_le()? })
}

fn read_size(input: &mut Reader<'_>) -> Option<Size> {
    Some(Size { width: input.u16_le()?, height: input.u16_le()? })
}
