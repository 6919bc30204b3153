//! The channel's messages (`[MS-RDPEGFX]` 2.2.2), as far as a client needs them.
//!
//! All numbers are little-endian. A message is 16 bits of kind, 16 of flags, 32 of its whole
//! length, and its body. Lists and pictures are borrowed, and read when they are used.

use bytes::{BufMut, Bytes, BytesMut};
use porthole_pixels::{Pixel, Point, Rect, Size};
use porthole_wire::Reader;

use super::error::GraphicsError;

/// Bytes before a message's body.
const HEADER_BYTES: usize = 8;

const FRAME_ACKNOWLEDGE: u16 = 0x0d;
const CAPS_ADVERTISE: u16 = 0x12;

/// What a server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// `RDPGFX_WIRE_TO_SURFACE_PDU_1`: a picture for a rectangle.
    Picture {
        surface: u16,
        codec: u16,
        rect: Rect,
        data: &'a [u8],
    },
    /// `RDPGFX_WIRE_TO_SURFACE_PDU_2`: a picture that says itself where it goes.
    PlacedPicture {
        surface: u16,
        codec: u16,
        data: &'a [u8],
    },
    SolidFill {
        surface: u16,
        pixel: Pixel,
        rects: Rects<'a>,
    },
    SurfaceToSurface {
        source: u16,
        target: u16,
        rect: Rect,
        points: Points<'a>,
    },
    SurfaceToCache {
        surface: u16,
        slot: u16,
        rect: Rect,
    },
    CacheToSurface {
        slot: u16,
        surface: u16,
        points: Points<'a>,
    },
    EvictCacheEntry {
        slot: u16,
    },
    CreateSurface {
        id: u16,
        size: Size,
    },
    DeleteSurface {
        id: u16,
    },
    StartFrame,
    EndFrame {
        frame: u32,
    },
    ResetGraphics {
        width: u32,
        height: u32,
        monitors: Monitors<'a>,
    },
    MapSurfaceToOutput {
        id: u16,
        x: u32,
        y: u32,
    },
    /// `target` is the size that the surface is to be shown in.
    MapSurfaceToScaledOutput {
        id: u16,
        x: u32,
        y: u32,
        target: (u32, u32),
    },
    CapsConfirm {
        version: u32,
    },
    /// Something that changes nothing here: windows, encoding contexts (which outlive their
    /// surface's use of them), what is imported into the cache (nothing is offered).
    Ignored,
}

/// Takes the next message off the front of `input`, which is not empty.
///
/// # Errors
///
/// It is cut short, or longer than its body.
pub(crate) fn take_message<'a>(input: &mut Reader<'a>) -> Result<Message<'a>, GraphicsError> {
    let short = GraphicsError::Short { message: "a graphics message" };
    let (Some(kind), Some(_flags), Some(len)) = (input.u16_le(), input.u16_le(), input.u32_le())
    else {
        return Err(short);
    };
    let len = (len as usize).checked_sub(HEADER_BYTES);
    let body = len.and_then(|len| input.take(len)).ok_or(short)?;
    let Some((name, read)) = kind_of(kind) else { return Ok(Message::Ignored) };
    let mut body = Reader::new(body);
    let message = read(&mut body).ok_or(GraphicsError::Short { message: name })??;
    let excess = body.len();
    if excess > 0 { Err(GraphicsError::Excess { message: name, excess }) } else { Ok(message) }
}

/// What is missing is `None`; what is wrong is an error.
type Read<'a> = Option<Result<Message<'a>, GraphicsError>>;

/// The name of a kind of message, and what reads its body.
type Kind<'a> = (&'static str, fn(&mut Reader<'a>) -> Read<'a>);

fn kind_of<'a>(kind: u16) -> Option<Kind<'a>> {
    Some(match kind {
        0x01 => ("WIRE_TO_SURFACE_1", read_picture),
        0x02 => ("WIRE_TO_SURFACE_2", read_placed_picture),
        0x04 => ("SOLID_FILL", read_solid_fill),
        0x05 => ("SURFACE_TO_SURFACE", read_surface_to_surface),
        0x06 => ("SURFACE_TO_CACHE", read_surface_to_cache),
        0x07 => ("CACHE_TO_SURFACE", read_cache_to_surface),
        0x08 => ("EVICT_CACHE_ENTRY", |body| {
            Some(Ok(Message::EvictCacheEntry { slot: body.u16_le()? }))
        }),
        0x09 => ("CREATE_SURFACE", read_create_surface),
        0x0a => ("DELETE_SURFACE", |body| Some(Ok(Message::DeleteSurface { id: body.u16_le()? }))),
        0x0b => ("START_FRAME", |body| {
            let (_timestamp, _frame) = (body.u32_le()?, body.u32_le()?);
            Some(Ok(Message::StartFrame))
        }),
        0x0c => ("END_FRAME", |body| Some(Ok(Message::EndFrame { frame: body.u32_le()? }))),
        0x0e => ("RESET_GRAPHICS", read_reset_graphics),
        0x0f => ("MAP_SURFACE_TO_OUTPUT", |body| {
            let (id, _reserved) = (body.u16_le()?, body.u16_le()?);
            Some(Ok(Message::MapSurfaceToOutput { id, x: body.u32_le()?, y: body.u32_le()? }))
        }),
        0x13 => ("CAPS_CONFIRM", read_caps_confirm),
        0x17 => ("MAP_SURFACE_TO_SCALED_OUTPUT", |body| {
            let (id, _reserved) = (body.u16_le()?, body.u16_le()?);
            let (x, y) = (body.u32_le()?, body.u32_le()?);
            let target = (body.u32_le()?, body.u32_le()?);
            Some(Ok(Message::MapSurfaceToScaledOutput { id, x, y, target }))
        }),
        _ => return None,
    })
}

fn read_picture<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (surface, codec, _format) = (body.u16_le()?, body.u16_le()?, body.u8()?);
    let rect = read_rect(body)?;
    let len = body.u32_le()?;
    let data = body.take(len as usize)?;
    Some(rect.map(|rect| Message::Picture { surface, codec, rect, data }))
}

fn read_placed_picture<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (surface, codec, _context) = (body.u16_le()?, body.u16_le()?, body.u32_le()?);
    let (_format, len) = (body.u8()?, body.u32_le()?);
    let data = body.take(len as usize)?;
    Some(Ok(Message::PlacedPicture { surface, codec, data }))
}

fn read_solid_fill<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (surface, [blue, green, red, _]) = (body.u16_le()?, body.array()?);
    let count = body.u16_le()?;
    let rects = Rects { bytes: body.take(usize::from(count) * Rects::ITEM_BYTES)? };
    Some(Ok(Message::SolidFill { surface, pixel: [red, green, blue, u8::MAX], rects }))
}

fn read_surface_to_surface<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (source, target) = (body.u16_le()?, body.u16_le()?);
    let rect = read_rect(body)?;
    let points = read_points(body)?;
    Some(rect.map(|rect| Message::SurfaceToSurface { source, target, rect, points }))
}

fn read_surface_to_cache<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (surface, _key, slot) = (body.u16_le()?, body.array::<8>()?, body.u16_le()?);
    let rect = read_rect(body)?;
    Some(rect.map(|rect| Message::SurfaceToCache { surface, slot, rect }))
}

fn read_cache_to_surface<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (slot, surface) = (body.u16_le()?, body.u16_le()?);
    Some(Ok(Message::CacheToSurface { slot, surface, points: read_points(body)? }))
}

fn read_create_surface<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (id, width, height) = (body.u16_le()?, body.u16_le()?, body.u16_le()?);
    let _format = body.u8()?;
    Some(Ok(Message::CreateSurface { id, size: Size::new(width, height) }))
}

fn read_reset_graphics<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (width, height, count) = (body.u32_le()?, body.u32_le()?, body.u32_le()?);
    let monitors = body.take((count as usize).checked_mul(Monitors::ITEM_BYTES)?)?;
    // Zeroes fill it up to 340 bytes.
    body.take_rest();
    Some(Ok(Message::ResetGraphics { width, height, monitors: Monitors { bytes: monitors } }))
}

fn read_caps_confirm<'a>(body: &mut Reader<'a>) -> Read<'a> {
    let (version, len) = (body.u32_le()?, body.u32_le()?);
    let _flags = body.take(len as usize)?;
    Some(Ok(Message::CapsConfirm { version }))
}

/// `None`: it is cut short.
fn read_rect(body: &mut Reader<'_>) -> Option<Result<Rect, GraphicsError>> {
    body.array().map(rect_of)
}

fn read_points<'a>(body: &mut Reader<'a>) -> Option<Points<'a>> {
    let count = body.u16_le()?;
    Some(Points { bytes: body.take(usize::from(count) * Points::ITEM_BYTES)? })
}

/// `RDPGFX_RECT16`: left, top, right, bottom; the last two are outside.
fn rect_of(bytes: [u8; Rects::ITEM_BYTES]) -> Result<Rect, GraphicsError> {
    let [left, top, right, bottom] = words(bytes);
    match (right.checked_sub(left), bottom.checked_sub(top)) {
        (Some(width), Some(height)) => Ok(Rect::new(left, top, width, height)),
        _ => Err(GraphicsError::BadRect { left, top, right, bottom }),
    }
}

/// The 16-bit numbers that eight bytes hold.
const fn words(bytes: [u8; 8]) -> [u16; 4] {
    let all = u64::from_le_bytes(bytes);
    [all as u16, (all >> 16) as u16, (all >> 32) as u16, (all >> 48) as u16]
}

/// A list of rectangles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rects<'a> {
    bytes: &'a [u8],
}

impl<'a> Rects<'a> {
    pub(crate) const ITEM_BYTES: usize = 8;

    /// `bytes` are whole rectangles.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Result<Rect, GraphicsError>> + 'a {
        self.bytes.as_chunks().0.iter().copied().map(rect_of)
    }
}

/// A list of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Points<'a> {
    bytes: &'a [u8],
}

impl<'a> Points<'a> {
    const ITEM_BYTES: usize = 4;

    pub(crate) fn iter(self) -> impl Iterator<Item = Point> + 'a {
        self.bytes.as_chunks().0.iter().map(|&[a, b, c, d]| Point {
            x: u16::from_le_bytes([a, b]),
            y: u16::from_le_bytes([c, d]),
        })
    }
}

/// One screen of the server's desktop: its edges, all inside of it, and flags (bit 0: the first).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Monitor {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
    pub(crate) flags: u32,
}

/// A list of screens (`TS_MONITOR_DEF`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Monitors<'a> {
    bytes: &'a [u8],
}

impl<'a> Monitors<'a> {
    const ITEM_BYTES: usize = 20;

    pub(crate) fn iter(self) -> impl Iterator<Item = Monitor> + Clone + 'a {
        self.bytes.as_chunks::<4>().0.as_chunks::<5>().0.iter().map(|fields| {
            let [left, top, right, bottom, flags] = *fields;
            Monitor {
                left: i32::from_le_bytes(left),
                top: i32::from_le_bytes(top),
                right: i32::from_le_bytes(right),
                bottom: i32::from_le_bytes(bottom),
                flags: u32::from_le_bytes(flags),
            }
        })
    }
}

/// `RDPGFX_CAPS_ADVERTISE_PDU` with sets of a version and its flags.
pub(crate) fn caps_advertise(sets: &[(u32, u32)]) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u16_le(u16::try_from(sets.len()).unwrap_or(u16::MAX));
    for (version, flags) in sets {
        body.put_u32_le(*version);
        body.put_u32_le(4);
        body.put_u32_le(*flags);
    }
    with_header(CAPS_ADVERTISE, &body)
}

/// `RDPGFX_FRAME_ACKNOWLEDGE_PDU`.
pub(crate) fn frame_acknowledge(queue_depth: u32, frame: u32, frames_decoded: u32) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u32_le(queue_depth);
    body.put_u32_le(frame);
    body.put_u32_le(frames_decoded);
    with_header(FRAME_ACKNOWLEDGE, &body)
}

fn with_header(kind: u16, body: &[u8]) -> Bytes {
    let mut message = BytesMut::with_capacity(HEADER_BYTES + body.len());
    message.put_u16_le(kind);
    message.put_u16_le(0);
    // Ours are a few bytes long.
    message.put_u32_le(u32::try_from(HEADER_BYTES + body.len()).unwrap_or(u32::MAX));
    message.extend_from_slice(body);
    message.freeze()
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
