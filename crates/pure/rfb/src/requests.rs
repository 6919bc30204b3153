//! Messages to the server, after the handshake (RFC 6143 §7.5 and extensions).

use bytes::BufMut;
use porthole_pixels::{Point, Rect, Size};
use porthole_remote::Screen;

use crate::video::H264;
use crate::{EncodingKind, RfbConfig};

/// Pseudo-encodings: not ways to send pixels, but things that we understand.
pub(crate) mod pseudo {
    /// JPEG quality 0; quality 9 is the ninth number after it.
    pub(crate) const JPEG_QUALITY_0: i32 = -32;
    /// RFC 6143 §7.8.2.
    pub(crate) const DESKTOP_SIZE: i32 = -223;
    /// Ends an update whose number of rectangles was not known at its start.
    pub(crate) const LAST_RECT: i32 = -224;
    /// RFC 6143 §7.8.1.
    pub(crate) const CURSOR: i32 = -239;
    /// A two-colour pointer.
    pub(crate) const X_CURSOR: i32 = -240;
    /// Compression level 0; level 9 is the ninth number after it.
    pub(crate) const COMPRESSION_0: i32 = -256;
    /// Keys with scan codes.
    pub(crate) const QEMU_KEY: i32 = -258;
    /// Lock keys.
    pub(crate) const QEMU_LEDS: i32 = -261;
    /// The desktop's name changed.
    pub(crate) const DESKTOP_NAME: i32 = -307;
    /// Sizes and screens, and permission to ask for others.
    pub(crate) const EXTENDED_DESKTOP_SIZE: i32 = -308;
    /// Marks in the stream.
    pub(crate) const FENCE: i32 = -312;
    /// Updates without asking.
    pub(crate) const CONTINUOUS_UPDATES: i32 = -313;
    /// A pointer with an alpha channel.
    pub(crate) const CURSOR_WITH_ALPHA: i32 = -314;
    /// More than eight buttons.
    pub(crate) const EXTENDED_MOUSE_BUTTONS: i32 = -316;
    /// Clipboard text beyond Latin-1: `0xc0a1e5ce` as a signed number.
    pub(crate) const EXTENDED_CLIPBOARD: i32 = 0xc0a1_e5ce_u32.cast_signed();

    /// Those that we always announce.
    pub(super) const ALWAYS: [i32; 13] = [
        CURSOR_WITH_ALPHA,
        CURSOR,
        X_CURSOR,
        EXTENDED_DESKTOP_SIZE,
        DESKTOP_SIZE,
        LAST_RECT,
        DESKTOP_NAME,
        FENCE,
        CONTINUOUS_UPDATES,
        QEMU_KEY,
        QEMU_LEDS,
        EXTENDED_MOUSE_BUTTONS,
        EXTENDED_CLIPBOARD,
    ];
}

/// Asks for 32-bit little-endian pixels with red lowest: the bytes are R, G, B and padding,
/// which is what the canvas wants (RFC 6143 §7.5.1). The three bytes of CPIXEL and TPIXEL
/// are then R, G, B too.
pub(crate) fn put_set_pixel_format(out: &mut impl BufMut) {
    out.put_slice(&[0, 0, 0, 0]);
    // Bits per pixel, depth, big-endian flag, true-colour flag.
    out.put_slice(&[32, 24, 0, 1]);
    // Largest red, green and blue, then their shifts, then padding.
    out.put_slice(&[0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
}

/// Says what we understand (RFC 6143 §7.5.2), `encodings` first, but for video.
pub(crate) fn put_set_encodings(
    out: &mut impl BufMut,
    encodings: &[EncodingKind],
    has_video: bool,
    config: &RfbConfig,
) {
    let mut numbers: Vec<i32> = Vec::new();
    if has_video {
        numbers.push(H264);
    }
    for encoding in encodings {
        if !numbers.contains(&encoding.number()) {
            numbers.push(encoding.number());
        }
    }
    numbers.extend(pseudo::ALWAYS);
    let level = |first: i32, level: u8| first + i32::from(level.min(9));
    numbers.extend(config.quality.map(|quality| level(pseudo::JPEG_QUALITY_0, quality)));
    numbers.extend(config.compression.map(|effort| level(pseudo::COMPRESSION_0, effort)));

    out.put_slice(&[2, 0]);
    // Ten encodings, thirteen announcements and two levels at most.
    out.put_u16(u16::try_from(numbers.len()).unwrap_or(u16::MAX));
    for number in numbers {
        out.put_i32(number);
    }
}

/// Asks for an update of `rect` (RFC 6143 §7.5.3).
pub(crate) fn put_update_request(out: &mut impl BufMut, incremental: bool, rect: Rect) {
    out.put_slice(&[3, u8::from(incremental)]);
    put_rect(out, rect);
}

/// A key by its meaning (RFC 6143 §7.5.4).
pub(crate) fn put_key(out: &mut impl BufMut, down: bool, keysym: u32) {
    out.put_slice(&[4, u8::from(down), 0, 0]);
    out.put_u32(keysym);
}

/// A key by its meaning and its place (QEMU extended key event).
pub(crate) fn put_qemu_key(out: &mut impl BufMut, down: bool, keysym: u32, scancode: u16) {
    out.put_slice(&[255, 0]);
    out.put_u16(u16::from(down));
    out.put_u32(keysym);
    out.put_u32(u32::from(scancode));
}

/// Pointer place and buttons 1 to 8 (RFC 6143 §7.5.5).
pub(crate) fn put_pointer(out: &mut impl BufMut, mask: u8, at: Point) {
    out.put_slice(&[5, mask]);
    out.put_u16(at.x);
    out.put_u16(at.y);
}

/// Pointer place and buttons 1 to 15. Bit 7 of the first mask marks the longer message.
pub(crate) fn put_extended_pointer(out: &mut impl BufMut, mask: u16, at: Point) {
    let [high, low] = (mask << 1).to_be_bytes();
    put_pointer(out, 0x80 | low >> 1, at);
    out.put_u8(high);
}

/// Latin-1 clipboard text (RFC 6143 §7.5.6). `latin1` is shorter than 2 GiB.
pub(crate) fn put_cut_text(out: &mut impl BufMut, latin1: &[u8]) {
    let Ok(len) = i32::try_from(latin1.len()) else { return };
    out.put_slice(&[6, 0, 0, 0]);
    out.put_i32(len);
    out.put_slice(latin1);
}

/// An extended clipboard message: its length is negative. `body` is shorter than 2 GiB.
pub(crate) fn put_extended_cut_text(out: &mut impl BufMut, flags: u32, body: &[u8]) {
    let Ok(len) = i32::try_from(body.len() + 4) else { return };
    out.put_slice(&[6, 0, 0, 0]);
    out.put_i32(-len);
    out.put_u32(flags);
    out.put_slice(body);
}

/// Turns updates without asking on or off, for the whole desktop.
pub(crate) fn put_continuous_updates(out: &mut impl BufMut, on: bool, size: Size) {
    out.put_slice(&[150, u8::from(on)]);
    put_rect(out, size.rect());
}

/// A fence, or the answer to one. `payload` has at most 64 bytes.
pub(crate) fn put_fence(out: &mut impl BufMut, flags: u32, payload: &[u8]) {
    let Ok(len) = u8::try_from(payload.len()) else { return };
    out.put_slice(&[248, 0, 0, 0]);
    out.put_u32(flags);
    out.put_u8(len);
    out.put_slice(payload);
}

/// Asks for a desktop of `size` with these screens, 255 at most (`SetDesktopSize`).
pub(crate) fn put_set_desktop_size(out: &mut impl BufMut, size: Size, screens: &[Screen]) {
    let Ok(count) = u8::try_from(screens.len()) else { return };
    out.put_slice(&[251, 0]);
    out.put_u16(size.width);
    out.put_u16(size.height);
    out.put_slice(&[count, 0]);
    for screen in screens {
        out.put_u32(screen.id);
        put_rect(out, screen.rect);
        out.put_u32(screen.flags);
    }
}

fn put_rect(out: &mut impl BufMut, rect: Rect) {
    for side in [rect.x, rect.y, rect.width, rect.height] {
        out.put_u16(side);
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Point;

    use super::{put_extended_pointer, put_set_encodings, put_set_pixel_format};
    use crate::{EncodingKind, RfbConfig};

    #[test]
    fn the_pixel_format_has_twenty_bytes() {
        let mut out = Vec::new();
        put_set_pixel_format(&mut out);
        assert_eq!(out, [0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
    }

    #[test]
    fn lossless_offers_no_jpeg() {
        let encodings = vec![EncodingKind::Tight, EncodingKind::Tight];
        let count = |quality, compression| {
            let mut out = Vec::new();
            let config = RfbConfig {
                quality,
                compression,
                encodings: encodings.clone(),
                ..RfbConfig::default()
            };
            put_set_encodings(&mut out, &config.encodings, false, &config);
            assert_eq!(out.len(), 4 + 4 * usize::from(out[3]));
            let numbers: Vec<i32> = out[4..]
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| i32::from_be_bytes(*bytes))
                .filter(|number| (-32..=-23).contains(number) || (-256..=-247).contains(number))
                .collect();
            numbers
        };
        assert_eq!(count(None, None), []);
        assert_eq!(count(Some(0), Some(200)), [-32, -247]);
        assert_eq!(count(Some(9), Some(0)), [-23, -256]);
    }

    #[test]
    fn extended_buttons_are_split_after_the_seventh() {
        let mut out = Vec::new();
        put_extended_pointer(&mut out, 0b1_1000_0101, Point { x: 0x0102, y: 0x0304 });
        assert_eq!(out, [5, 0b1000_0101, 1, 2, 3, 4, 0b11]);
    }
}
