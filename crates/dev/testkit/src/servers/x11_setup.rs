//! The first exchange with an X server (§8): who we are, and what its screen is like.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use anyhow::{Context as _, Result, bail, ensure};
use porthole_wire::Reader;

/// Bytes of one pixel format.
const FORMAT_LEN_BYTES: usize = 8;

/// What we need to know about the first screen of a display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// The root window.
    pub(super) root: u32,
    /// Bits of colour in a pixel.
    pub(super) depth: u8,
    /// The first of the numbers that we may give to what we make.
    pub(super) ids_base: u32,
    /// Which byte of a pixel, as it travels, holds red, green and blue.
    places: [u8; 3],
}

impl Screen {
    /// Red, green, blue and 255 of a pixel as it travels.
    pub(super) fn colour(&self, pixel: [u8; 4]) -> [u8; 4] {
        let [red, green, blue] =
            self.places.map(|place| pixel.get(usize::from(place)).copied().unwrap_or_default());
        [red, green, blue, u8::MAX]
    }

    /// The pixel as it travels, from red, green, blue and anything.
    pub(super) fn pixel(&self, [red, green, blue, _alpha]: [u8; 4]) -> [u8; 4] {
        let mut pixel = [0; 4];
        for (place, value) in self.places.into_iter().zip([red, green, blue]) {
            if let Some(byte) = pixel.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        pixel
    }
}

/// Introduces us to a server, without a password: it knows users of its own machine.
pub(super) fn read_screen(stream: &mut UnixStream) -> Result<Screen> {
    // Little-endian, version 11.0, no authorisation.
    stream.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    let mut head = [0; 8];
    stream.read_exact(&mut head).context("the display does not answer")?;
    let [status, _, _, _, _, _, length_low, length_high] = head;
    let mut body = vec![0; 4 * usize::from(u16::from_le_bytes([length_low, length_high]))];
    stream.read_exact(&mut body).context("the display's greeting breaks off")?;
    if status != 1 {
        bail!("the display refuses us: {}", String::from_utf8_lossy(&body).trim_end());
    }
    parse(&body)
}

fn parse(body: &[u8]) -> Result<Screen> {
    parse_fields(&mut Reader::new(body)).context("the display's greeting is too short")?
}

/// `None` when the bytes end early; an error inside when they say something we cannot use.
fn parse_fields(input: &mut Reader<'_>) -> Option<Result<Screen>> {
    input.take(4)?; // Release of the server.
    let ids_base = input.u32_le()?;
    input.take(8)?; // Mask of identifiers, motion buffer.
    let vendor_len = usize::from(input.u16_le()?);
    input.take(2)?; // Longest request.
    let screens = input.u8()?;
    let formats = usize::from(input.u8()?);
    let most_significant_first = input.u8()? != 0;
    input.take(9)?; // Bitmaps, key codes, unused.
    input.take(vendor_len.next_multiple_of(4))?;
    let formats = input.take(formats * FORMAT_LEN_BYTES)?;
    if screens == 0 {
        return Some(Err(anyhow::anyhow!("a display without screens")));
    }

    let root = input.u32_le()?;
    input.take(28)?; // Colour map, black and white, event masks, sizes, maps.
    let visual = input.u32_le()?;
    input.take(2)?; // Backing stores.
    let depth = input.u8()?;
    let depths = input.u8()?;
    let masks = find_masks(input, depths, visual)?;
    Some(check_pixels(formats, depth, masks).map(|shifts| {
        let place = |shift: u8| if most_significant_first { 3 - shift / 8 } else { shift / 8 };
        Screen { root, depth, ids_base, places: shifts.map(place) }
    }))
}

/// Masks of red, green and blue of the visual with this identifier; zero when it is not listed.
fn find_masks(input: &mut Reader<'_>, depths: u8, wanted: u32) -> Option<[u32; 3]> {
    for _ in 0..depths {
        input.take(2)?; // Depth, unused.
        let visuals = input.u16_le()?;
        input.take(4)?;
        for _ in 0..visuals {
            let id = input.u32_le()?;
            input.take(4)?; // Class, bits, colour map entries.
            let masks = [input.u32_le()?, input.u32_le()?, input.u32_le()?];
            input.take(4)?;
            if id == wanted {
                return Some(masks);
            }
        }
    }
    Some([0; 3])
}

/// The lowest bits of red, green and blue, given eight bits each in pixels of 32.
fn check_pixels(formats: &[u8], depth: u8, masks: [u32; 3]) -> Result<[u8; 3]> {
    let format =
        formats.chunks_exact(FORMAT_LEN_BYTES).find(|format| format.first() == Some(&depth));
    let bits = format.and_then(|format| format.get(1)).copied();
    ensure!(bits == Some(32), "{bits:?} bits for a pixel of depth {depth}, not 32");
    for mask in masks {
        let fits = mask.count_ones() == 8 && mask.trailing_zeros().is_multiple_of(8);
        ensure!(fits && mask >> mask.trailing_zeros() == 0xFF, "a colour mask of {mask:#x}");
    }
    Ok(masks.map(|mask| u8::try_from(mask.trailing_zeros()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(most_significant_first: u8, masks: [u32; 3]) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(1_u32.to_le_bytes());
        body.extend(0x0020_0000_u32.to_le_bytes());
        body.extend([0; 8]);
        body.extend(3_u16.to_le_bytes()); // Vendor: three bytes and one of padding.
        body.extend(u16::MAX.to_le_bytes());
        body.extend([1, 2, most_significant_first]);
        body.extend([0; 9]);
        body.extend(b"abc\0");
        body.extend([1, 1, 32, 0, 0, 0, 0, 0]);
        body.extend([24, 32, 32, 0, 0, 0, 0, 0]);
        body.extend(0x50_u32.to_le_bytes());
        body.extend([0; 28]);
        body.extend(0x21_u32.to_le_bytes());
        body.extend([0, 0, 24, 1]);
        body.extend([24, 0, 1, 0, 0, 0, 0, 0]);
        body.extend(0x21_u32.to_le_bytes());
        body.extend([0; 4]);
        body.extend(masks.iter().flat_map(|mask| mask.to_le_bytes()));
        body.extend([0; 4]);
        body
    }

    const RGB: [u32; 3] = [0xFF_0000, 0xFF00, 0xFF];

    #[test]
    fn reads_the_screen() {
        let screen = parse(&greeting(0, RGB)).unwrap();
        assert_eq!((screen.root, screen.depth, screen.ids_base), (0x50, 24, 0x0020_0000));
    }

    #[test]
    fn places_colours_by_mask_and_byte_order() {
        let cases = [
            ("blue first", 0, RGB, [3, 2, 1, 0]),
            ("red first", 0, [0xFF, 0xFF00, 0xFF_0000], [1, 2, 3, 0]),
            ("most significant first", 1, RGB, [0, 1, 2, 3]),
        ];
        for (name, order, masks, want) in cases {
            let screen = parse(&greeting(order, masks)).unwrap();
            assert_eq!(screen.pixel([1, 2, 3, 9]), want, "{name}");
            assert_eq!(screen.colour(want), [1, 2, 3, 255], "{name}");
        }
    }

    #[test]
    fn refuses_truncations_and_other_pixels() {
        let whole = greeting(0, RGB);
        // The last four bytes are padding, which is read too.
        for cut in 0..whole.len() {
            assert!(parse(&whole[..cut]).is_err(), "at {cut}");
        }
        assert!(parse(&greeting(0, [0xF800, 0x7E0, 0x1F])).is_err());
        assert!(parse(&greeting(0, [0; 3])).is_err());
    }
}
