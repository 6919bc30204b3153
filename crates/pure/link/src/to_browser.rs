//! Stop 7 of the pixel path: what the gateway says to a browser.

use bytes::{BufMut, Bytes, BytesMut};
use porthole_pixels::{Point, Rect, Size};
use porthole_wire::Reader;

use crate::record::{put_record, put_rect, read_rect, read_text};
use crate::{
    ClipboardPart, FileAnswer, LinkError, Prompt, QuestionsRecord, Record, SCREENS_MAX, SoundNews,
    TerminalRecord,
};

/// Longest text in a message to the browser, in bytes, other than clipboard content.
const WORDS_MAX_BYTES: usize = 4096;

/// How an image's data is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// A JPEG file.
    Jpeg = 1,
    /// Palette and indices, deflated.
    Palette = 2,
    /// Filtered RGB rows, deflated.
    Rgb = 3,
    /// The number of a [`ToBrowser::Tables`], then a JPEG file without its tables.
    JpegScan = 4,
}

/// Who must act on an error; the WebSocket's close code is 4000 + this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// A new link is needed.
    Token = 1,
    /// The operator must act.
    Policy = 2,
    /// Credentials for the remote.
    Credentials = 3,
    /// The remote.
    Remote = 4,
    /// The gateway: draining, full.
    Gateway = 5,
    /// The browser broke the link protocol.
    Protocol = 6,
    /// Ended in good order.
    Ended = 7,
}

/// What the session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reaching the remote.
    Connecting = 1,
    /// The remote is there.
    Connected = 2,
    /// The remote is gone.
    Gone = 3,
}

/// Bits of `features` in Hello and Welcome: optional parts of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Feature;

impl Feature {
    /// The browser keeps cells: Store and Recall.
    pub const CELLS: u32 = 1;
    /// The browser decodes H.264: Video.
    pub const VIDEO: u32 = 1 << 1;
    /// The browser keeps JPEG tables: Tables, and images with [`Codec::JpegScan`].
    pub const TABLES: u32 = 1 << 2;
    /// The browser draws text remotes itself: the records 0xb0 to 0xbf, and no picture of them.
    pub const TERMINAL: u32 = 1 << 3;
    /// In Welcome only: the canvas and the cells go on from the frame that Hello named.
    pub const KEPT: u32 = 1 << 8;
}

/// Bits of the Abilities record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ability;

impl Ability {
    /// The remote can change its size when asked.
    pub const RESIZE: u32 = 1;
    /// The remote can be heard: a browser may say that it listens.
    pub const SOUND: u32 = 1 << 1;
    /// The remote takes touches.
    pub const TOUCH: u32 = 1 << 2;
    /// There are files: the records 0x90 to 0x9f may be sent.
    pub const FILES: u32 = 1 << 8;
}

/// The gateway's answer to Hello.
#[derive(Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Optional parts of the protocol that the gateway may use: bits of [`Feature`].
    pub features: u32,
    /// What the viewer may do, bit by bit as in `docs/link.md`.
    pub permissions: u16,
    /// How long the session lives without a viewer, in milliseconds.
    pub linger_ms: u32,
    /// The session's name.
    pub session: [u8; 16],
    /// What proves, on reconnecting, that the browser was here before.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for Welcome {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Welcome")
            .field("features", &self.features)
            .field("permissions", &self.permissions)
            .field("linger_ms", &self.linger_ms)
            .finish_non_exhaustive()
    }
}

/// The last record of a link that fails or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRecord {
    /// Who must act.
    pub category: Category,
    /// Whether connecting again by itself may help.
    pub retry: bool,
    /// A short, stable ASCII name of at most 64 bytes.
    pub cause: String,
    /// What to tell the person at the screen.
    pub message: String,
}

/// A piece of H.264 and where its picture goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoRecord {
    /// Where the decoded picture's top left `width * height` pixels go.
    pub rect: Rect,
    /// Which decoder: pieces of one stream depend on each other.
    pub stream: u8,
    /// Whether it can be decoded without any before it.
    pub key: bool,
    /// The parts of the decoded picture to paint, relative to `rect`; none means all of it.
    pub parts: Vec<Rect>,
    /// One access unit in Annex B form (ITU-T H.264), parameter sets before each key picture.
    pub data: Bytes,
}

/// One of the remote's screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScreenPlace {
    /// Its number, which outlives changes of the layout.
    pub id: u32,
    /// Its place on the picture.
    pub rect: Rect,
}

/// One record to a browser. Layouts are in `docs/link.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToBrowser {
    /// 0x01
    Welcome(Welcome),
    /// 0x02
    Size(Size),
    /// 0x03: a rectangle in one colour, red, green, blue.
    Fill(Rect, [u8; 3]),
    /// 0x04: pixels move from a place to a rectangle.
    Copy(Point, Rect),
    /// 0x05
    Image(Rect, Codec, Bytes),
    /// 0x06
    FrameEnd(u32),
    /// 0x07
    Error(ErrorRecord),
    /// 0x08: a rectangle of the canvas goes into cells, from this one on.
    Store(u16, Rect),
    /// 0x09: cells, from this one on, go onto the canvas.
    Recall(u16, Rect),
    /// 0x0a: JPEG tables and their number.
    Tables(u8, Bytes),
    /// 0x0b
    Video(VideoRecord),
    /// 0x81: hotspot, size, deflated RGBA.
    Cursor(Point, Size, Bytes),
    /// 0x82
    Clipboard(ClipboardPart),
    /// 0x83
    Title(String),
    /// 0x84
    Bell,
    /// 0x85
    Leds(u8),
    /// 0x86
    State(Phase, String),
    /// 0x87
    Notice(String),
    /// 0x88
    Abilities(u32),
    /// 0x89
    Pong(u32),
    /// 0x8a: at most [`SCREENS_MAX`].
    Screens(Vec<ScreenPlace>),
    /// 0x8b
    Prompt(Prompt),
    /// 0x8c
    Questions(QuestionsRecord),
    /// 0x90 to 0x96
    File(FileAnswer),
    /// 0xa0 to 0xa2
    Sound(SoundNews),
    /// 0xb0 to 0xb3
    Terminal(TerminalRecord),
}

/// Appends the record that ends frame number `frame`.
pub fn encode_frame_end(out: &mut BytesMut, frame: u32) {
    put_record(out, 0x06, |out| out.put_u32_le(frame));
}

impl ToBrowser {
    /// Appends this record to a message. An image's data must be shorter than
    /// [`crate::BODY_MAX_BYTES`] less its 9 bytes of header.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Welcome(welcome) => put_record(out, 0x01, |out| put_welcome(out, welcome)),
            Self::Size(size) => put_record(out, 0x02, |out| put_size(out, *size)),
            Self::Fill(rect, color) => put_record(out, 0x03, |out| {
                put_rect(out, *rect);
                out.put_slice(color);
            }),
            Self::Copy(source, target) => put_record(out, 0x04, |out| {
                put_point(out, *source);
                put_rect(out, *target);
            }),
            Self::Image(rect, codec, data) => put_record(out, 0x05, |out| {
                put_rect(out, *rect);
                out.put_u8(*codec as u8);
                out.put_slice(data);
            }),
            Self::FrameEnd(frame) => encode_frame_end(out, *frame),
            Self::Error(error) => put_record(out, 0x07, |out| put_error(out, error)),
            Self::Store(cell, rect) => put_record(out, 0x08, |out| put_cells(out, *cell, *rect)),
            Self::Recall(cell, rect) => put_record(out, 0x09, |out| put_cells(out, *cell, *rect)),
            Self::Tables(number, data) => put_record(out, 0x0a, |out| {
                out.put_u8(*number);
                out.put_slice(data);
            }),
            Self::Video(video) => put_record(out, 0x0b, |out| put_video(out, video)),
            Self::Cursor(hotspot, size, data) => put_record(out, 0x81, |out| {
                put_point(out, *hotspot);
                put_size(out, *size);
                out.put_slice(data);
            }),
            Self::Clipboard(part) => put_record(out, 0x82, |out| part.put(out)),
            Self::Title(text) => put_record(out, 0x83, |out| out.put_slice(text.as_bytes())),
            Self::Bell => put_record(out, 0x84, |_| ()),
            Self::Leds(bits) => put_record(out, 0x85, |out| out.put_u8(*bits)),
            Self::State(phase, text) => put_record(out, 0x86, |out| {
                out.put_u8(*phase as u8);
                out.put_slice(text.as_bytes());
            }),
            Self::Notice(text) => put_record(out, 0x87, |out| out.put_slice(text.as_bytes())),
            Self::Abilities(bits) => put_record(out, 0x88, |out| out.put_u32_le(*bits)),
            Self::Pong(token) => put_record(out, 0x89, |out| out.put_u32_le(*token)),
            Self::Screens(screens) => put_record(out, 0x8a, |out| put_screens(out, screens)),
            Self::Prompt(prompt) => put_record(out, 0x8b, |out| {
                out.put_u8(prompt.fields);
                out.put_slice(prompt.reason.as_bytes());
            }),
            Self::Questions(questions) => put_record(out, 0x8c, |out| questions.put(out)),
            Self::File(answer) => answer.encode(out),
            Self::Sound(news) => news.encode(out),
            Self::Terminal(record) => record.encode(out),
        }
    }

    /// Decodes one record. `None` is an optional record that this version does not know.
    ///
    /// # Errors
    ///
    /// [`LinkError`] for a body that does not hold its fields or a kind that must be understood.
    pub fn decode(record: Record<'_>) -> Result<Option<Self>, LinkError> {
        let mut input = Reader::new(record.body);
        let words = |bytes| read_text("text", bytes, WORDS_MAX_BYTES);
        Ok(Some(match record.kind {
            0x01 => Self::Welcome(read_welcome(&mut input)?),
            0x02 => Self::Size(short("size", read_size(&mut input))?),
            0x03 => {
                let rect = short("fill", read_rect(&mut input))?;
                Self::Fill(rect, short("fill", input.array())?)
            }
            0x04 => {
                let source = short("copy", read_point(&mut input))?;
                Self::Copy(source, short("copy", read_rect(&mut input))?)
            }
            0x05 => {
                let rect = short("image", read_rect(&mut input))?;
                let codec = read_codec(short("image", input.u8())?)?;
                Self::Image(rect, codec, Bytes::copy_from_slice(input.take_rest()))
            }
            0x06 => Self::FrameEnd(short("frame end", input.u32_le())?),
            0x07 => Self::Error(read_error(&mut input)?),
            0x08 => {
                let cell = short("store", input.u16_le())?;
                Self::Store(cell, short("store", read_rect(&mut input))?)
            }
            0x09 => {
                let cell = short("recall", input.u16_le())?;
                Self::Recall(cell, short("recall", read_rect(&mut input))?)
            }
            0x0a => {
                let number = short("tables", input.u8())?;
                Self::Tables(number, Bytes::copy_from_slice(input.take_rest()))
            }
            0x0b => Self::Video(short("video", read_video(&mut input))?),
            0x81 => {
                let hotspot = short("cursor", read_point(&mut input))?;
                let size = short("cursor", read_size(&mut input))?;
                Self::Cursor(hotspot, size, Bytes::copy_from_slice(input.take_rest()))
            }
            0x82 => Self::Clipboard(ClipboardPart::read(&mut input)?),
            0x83 => Self::Title(words(input.take_rest())?),
            0x84 => Self::Bell,
            0x85 => Self::Leds(short("leds", input.u8())?),
            0x86 => {
                let phase = read_phase(short("state", input.u8())?)?;
                Self::State(phase, words(input.take_rest())?)
            }
            0x87 => Self::Notice(words(input.take_rest())?),
            0x88 => Self::Abilities(short("abilities", input.u32_le())?),
            0x89 => Self::Pong(short("pong", input.u32_le())?),
            0x8a => Self::Screens(read_screens(&mut input)?),
            0x8b => {
                let fields = short("prompt", input.u8())?;
                Self::Prompt(Prompt { fields, reason: words(input.take_rest())? })
            }
            0x8c => Self::Questions(QuestionsRecord::read(&mut input)?),
            0x90..=0x9f => return Ok(FileAnswer::decode(record)?.map(Self::File)),
            0xa0..=0xaf => return Ok(SoundNews::decode(record)?.map(Self::Sound)),
            0xb0..=0xbf => return Ok(TerminalRecord::decode(record)?.map(Self::Terminal)),
            _ if record.is_optional() => return Ok(None),
            kind => return Err(LinkError::UnknownKind { kind }),
        }))
    }
}

fn short<T>(name: &'static str, field: Option<T>) -> Result<T, LinkError> {
    field.ok_or(LinkError::Short { name })
}

fn put_size(out: &mut BytesMut, size: Size) {
    out.put_u16_le(size.width);
    out.put_u16_le(size.height);
}

fn read_size(input: &mut Reader<'_>) -> Option<Size> {
    Some(Size { width: input.u16_le()?, height: input.u16_le()? })
}

fn put_point(out: &mut BytesMut, point: Point) {
    out.put_u16_le(point.x);
    out.put_u16_le(point.y);
}

fn read_point(input: &mut Reader<'_>) -> Option<Point> {
    Some(Point { x: input.u16_le()?, y: input.u16_le()? })
}

fn put_cells(out: &mut BytesMut, cell: u16, rect: Rect) {
    out.put_u16_le(cell);
    put_rect(out, rect);
}

/// Parts beyond the 255th cannot be said: the whole picture is painted then.
fn put_video(out: &mut BytesMut, video: &VideoRecord) {
    put_rect(out, video.rect);
    out.put_u8(video.stream);
    out.put_u8(video.key.into());
    let count = u8::try_from(video.parts.len()).unwrap_or(0);
    out.put_u8(count);
    video.parts.iter().take(count.into()).for_each(|part| put_rect(out, *part));
    out.put_slice(&video.data);
}

fn read_video(input: &mut Reader<'_>) -> Option<VideoRecord> {
    let rect = read_rect(input)?;
    let stream = input.u8()?;
    let key = input.u8()? & 1 != 0;
    let count = input.u8()?;
    let parts = (0..count).map(|_| read_rect(input)).collect::<Option<_>>()?;
    Some(VideoRecord { rect, stream, key, parts, data: Bytes::copy_from_slice(input.take_rest()) })
}

/// Screens beyond the last that may be told of are left out.
fn put_screens(out: &mut BytesMut, screens: &[ScreenPlace]) {
    let count = screens.len().min(SCREENS_MAX.into());
    out.put_u8(u8::try_from(count).unwrap_or(SCREENS_MAX));
    for screen in screens.iter().take(count) {
        out.put_u32_le(screen.id);
        put_rect(out, screen.rect);
    }
}

fn read_screens(input: &mut Reader<'_>) -> Result<Vec<ScreenPlace>, LinkError> {
    let count = short("screens", input.u8())?;
    if count > SCREENS_MAX {
        return Err(LinkError::Undefined { field: "screens", value: count.into() });
    }
    let screen =
        |input: &mut Reader<'_>| Some(ScreenPlace { id: input.u32_le()?, rect: read_rect(input)? });
    short("screens", (0..count).map(|_| screen(input)).collect())
}

fn put_welcome(out: &mut BytesMut, welcome: &Welcome) {
    out.put_u16_le(crate::VERSION);
    out.put_u32_le(welcome.features);
    out.put_u16_le(welcome.permissions);
    out.put_u32_le(welcome.linger_ms);
    out.put_slice(&welcome.session);
    out.put_slice(&welcome.secret);
}

fn read_welcome(input: &mut Reader<'_>) -> Result<Welcome, LinkError> {
    let version = short("welcome", input.u16_le())?;
    if version != crate::VERSION {
        return Err(LinkError::Undefined { field: "version", value: version.into() });
    }
    Ok(Welcome {
        features: short("welcome", input.u32_le())?,
        permissions: short("welcome", input.u16_le())?,
        linger_ms: short("welcome", input.u32_le())?,
        session: short("welcome", input.array())?,
        secret: short("welcome", input.array())?,
    })
}

fn put_error(out: &mut BytesMut, error: &ErrorRecord) {
    let cause = error.cause.as_bytes();
    // Causes are ours and short; a longer one loses its tail rather than its meaning.
    let cause = cause.get(..64).unwrap_or(cause);
    out.put_u8(error.category as u8);
    out.put_u8(error.retry.into());
    out.put_u8(u8::try_from(cause.len()).unwrap_or(0));
    out.put_slice(cause);
    out.put_slice(error.message.as_bytes());
}

fn read_error(input: &mut Reader<'_>) -> Result<ErrorRecord, LinkError> {
    let category = read_category(short("error", input.u8())?)?;
    let retry = short("error", input.u8())? != 0;
    let cause_len = usize::from(short("error", input.u8())?);
    let cause = read_text("cause", short("error", input.take(cause_len))?, 255)?;
    let message = read_text("message", input.take_rest(), WORDS_MAX_BYTES)?;
    Ok(ErrorRecord { category, retry, cause, message })
}

fn read_codec(value: u8) -> Result<Codec, LinkError> {
    Ok(match value {
        1 => Codec::Jpeg,
        2 => Codec::Palette,
        3 => Codec::Rgb,
        4 => Codec::JpegScan,
        _ => return Err(LinkError::Undefined { field: "codec", value: value.into() }),
    })
}

fn read_category(value: u8) -> Result<Category, LinkError> {
    Ok(match value {
        1 => Category::Token,
        2 => Category::Policy,
        3 => Category::Credentials,
        4 => Category::Remote,
        5 => Category::Gateway,
        6 => Category::Protocol,
        7 => Category::Ended,
        _ => return Err(LinkError::Undefined { field: "category", value: value.into() }),
    })
}

fn read_phase(value: u8) -> Result<Phase, LinkError> {
    Ok(match value {
        1 => Phase::Connecting,
        2 => Phase::Connected,
        3 => Phase::Gone,
        _ => return Err(LinkError::Undefined { field: "phase", value: value.into() }),
    })
}
