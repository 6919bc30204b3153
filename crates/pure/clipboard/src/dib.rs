//! Device-independent bitmaps (a BMP file without its first 14 bytes) from and to PNG.
//!
//! A header of 40 bytes or more, the masks of the colours where the header has none and the form
//! wants them, a palette of hints, and rows of whole words, from the bottom up unless the height is
//! negative. Served are 24 and 32 bits a pixel, plain or with masks. Any other form is packed, has a
//! palette or has few colours: no clipboard of this century has one.

use std::io::{self, Cursor, Write};

use porthole_wire::Reader;

/// Why an image is of no use: words for a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable(pub &'static str);

const DAMAGED: Unusable = Unusable("it is damaged");
const UNKNOWN_FORM: Unusable = Unusable("its form is not known");
const TOO_LARGE: Unusable = Unusable("it is too large");

/// Pixels of an image on the clipboard. One is unpacked whole, at four bytes each.
pub const DIB_PIXELS_MAX: u32 = 9 << 20;

/// Longest bitmap served, in bytes: the longest header, masks, a palette, and pixels.
pub const DIB_MAX_BYTES: usize = 124 + 16 + 256 * 4 + DIB_PIXELS_MAX as usize * 4;

const BI_RGB: u32 = 0;
const BI_BITFIELDS: u32 = 3;
const BI_ALPHABITFIELDS: u32 = 6;

/// Length of the header that we write, and of the shortest that is served, in bytes.
const HEADER_BYTES: u32 = 40;

/// The longest header there is.
const HEADER_MAX_BYTES: u32 = 124;

/// Bytes of a pixel that we write.
const PIXEL_BYTES: usize = 3;

/// A PNG file, of at most `max_bytes` bytes, with the picture in `dib`.
///
/// # Errors
///
/// It is no bitmap that is served, or its file is longer.
pub fn to_png(dib: &[u8], max_bytes: usize) -> Result<Vec<u8>, Unusable> {
    let picture = Picture::read(dib)?;
    let (color, channels) =
        if picture.has_alpha() { (png::ColorType::Rgba, 4) } else { (png::ColorType::Rgb, 3) };
    let mut file = Bounded { bytes: Vec::new(), max_bytes };
    let mut write = || -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(&mut file, picture.width, picture.height);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        let mut pixels = writer.stream_writer()?;
        let mut line = Vec::with_capacity(picture.width as usize * channels);
        for row in picture.rows() {
            line.clear();
            picture.convert(row, channels, &mut line);
            pixels.write_all(&line)?;
        }
        pixels.finish()
    };
    // Nothing else can fail on the way into memory.
    write().map_err(|_full| TOO_LARGE)?;
    Ok(file.bytes)
}

/// Looks at the head of a PNG file.
///
/// # Errors
///
/// It is no picture that can be served.
pub fn check_png(file: &[u8]) -> Result<(), Unusable> {
    open_png(file).map(|_reader| ())
}

/// A bitmap of 24 bits a pixel, from the bottom up, with the picture in a PNG file. What is
/// transparent shows white, as programs that know no transparency would have it.
///
/// # Errors
///
/// It is no picture that can be served, or is damaged.
pub fn from_png(file: &[u8]) -> Result<Vec<u8>, Unusable> {
    let mut reader = open_png(file)?;
    let (width, height) = reader.info().size();
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(TOO_LARGE)?];
    let frame = reader.next_frame(&mut pixels).map_err(|_damage| DAMAGED)?;
    let channels = frame.color_type.samples();
    let stride = (width as usize * PIXEL_BYTES).next_multiple_of(4);
    let pixels_len = stride * height as usize;
    let mut dib = Vec::with_capacity(HEADER_BYTES as usize + pixels_len);
    put_header(&mut dib, width, height, u32::try_from(pixels_len).map_err(|_| TOO_LARGE)?);
    let rows = pixels.chunks_exact((width as usize * channels).max(1));
    for row in rows.take(height as usize).rev() {
        let start = dib.len();
        dib.extend(row.chunks_exact(channels).flat_map(blue_green_red));
        dib.resize(start + stride, 0);
    }
    Ok(dib)
}

fn open_png(file: &[u8]) -> Result<png::Reader<Cursor<&[u8]>>, Unusable> {
    let limits = png::Limits { bytes: DIB_MAX_BYTES * 2 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(file), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let (width, height) = decoder.read_header_info().map_err(|_damage| DAMAGED)?.size();
    check_size(width, height)?;
    decoder.read_info().map_err(|_damage| DAMAGED)
}

fn check_size(width: u32, height: u32) -> Result<(), Unusable> {
    match u64::from(width) * u64::from(height) {
        0 => Err(DAMAGED),
        area if area > DIB_PIXELS_MAX.into() => Err(TOO_LARGE),
        _ => Ok(()),
    }
}

fn put_header(out: &mut Vec<u8>, width: u32, height: u32, pixels_len: u32) {
    for field in [HEADER_BYTES, width, height] {
        out.extend(field.to_le_bytes());
    }
    // Planes, and bits of a pixel.
    for field in [1_u16, 24] {
        out.extend(field.to_le_bytes());
    }
    // Form, length, two resolutions that nobody knows, and no palette.
    for field in [BI_RGB, pixels_len, 0, 0, 0, 0] {
        out.extend(field.to_le_bytes());
    }
}

/// One pixel of one to four channels: gray or colours, then alpha.
fn blue_green_red(pixel: &[u8]) -> [u8; PIXEL_BYTES] {
    let over_white = |shade: u8, alpha: u8| {
        let (shade, alpha) = (u32::from(shade), u32::from(alpha));
        u8::try_from((shade * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    match *pixel {
        [gray] => [gray; 3],
        [gray, alpha] => [over_white(gray, alpha); 3],
        [red, green, blue] => [blue, green, red],
        [red, green, blue, alpha] => [blue, green, red].map(|shade| over_white(shade, alpha)),
        _ => [0; 3],
    }
}

/// A bitmap whose header made sense and whose pixels are all there.
struct Picture<'a> {
    width: u32,
    height: u32,
    is_top_down: bool,
    /// Bytes of a pixel: 3 or 4.
    pixel_bytes: usize,
    /// Bytes of a row.
    stride: usize,
    red: Channel,
    green: Channel,
    blue: Channel,
    alpha: Option<Channel>,
    pixels: &'a [u8],
}

impl<'a> Picture<'a> {
    fn read(dib: &'a [u8]) -> Result<Self, Unusable> {
        let mut input = Reader::new(dib);
        let header_len = input.u32_le().ok_or(DAMAGED)?;
        if !(HEADER_BYTES..=HEADER_MAX_BYTES).contains(&header_len) {
            return Err(UNKNOWN_FORM);
        }
        // Masks are read from where they are, which may be inside the header or behind it.
        let mut header = Reader::new(input.take(header_len as usize - 4).ok_or(DAMAGED)?);
        let head = Head::read(&mut header).ok_or(DAMAGED)?;
        check_size(head.width, head.height)?;
        let masks = head.masks(&mut header, &mut input)?;
        let palette_len = usize::try_from(head.palette).ok().filter(|len| *len <= 256);
        input.take(palette_len.ok_or(UNKNOWN_FORM)? * 4).ok_or(DAMAGED)?;
        let pixel_bytes = usize::from(head.bits / 8);
        let stride = (head.width as usize * pixel_bytes).next_multiple_of(4);
        let pixels = input.take(stride * head.height as usize).ok_or(DAMAGED)?;
        let [red, green, blue, alpha] = masks.map(Channel::new);
        let known = |channel: Option<Channel>| channel.ok_or(UNKNOWN_FORM);
        Ok(Self {
            width: head.width,
            height: head.height,
            is_top_down: head.is_top_down,
            pixel_bytes,
            stride,
            red: known(red)?,
            green: known(green)?,
            blue: known(blue)?,
            alpha,
            pixels,
        })
    }

    /// Rows from the top, without what fills up their last word.
    fn rows(&self) -> impl Iterator<Item = &'a [u8]> {
        let (pixels, stride, last) = (self.pixels, self.stride, self.height as usize - 1);
        let (is_top_down, len) = (self.is_top_down, self.width as usize * self.pixel_bytes);
        (0..=last).filter_map(move |y| {
            let at = if is_top_down { y } else { last - y } * stride;
            pixels.get(at..at + len)
        })
    }

    /// Whether any pixel is more than transparent: programs that name a mask for alpha and leave
    /// alpha empty mean none.
    fn has_alpha(&self) -> bool {
        let Some(alpha) = &self.alpha else { return false };
        self.rows().flat_map(|row| row.chunks_exact(self.pixel_bytes)).any(|p| alpha.of(p) != 0)
    }

    /// Appends a row's pixels as `channels` bytes each: red, green, blue and perhaps alpha.
    fn convert(&self, row: &[u8], channels: usize, out: &mut Vec<u8>) {
        for pixel in row.chunks_exact(self.pixel_bytes) {
            out.extend([self.red.of(pixel), self.green.of(pixel), self.blue.of(pixel)]);
            if channels == 4 {
                out.push(self.alpha.as_ref().map_or(u8::MAX, |alpha| alpha.of(pixel)));
            }
        }
    }
}

/// The header's fields that count.
struct Head {
    width: u32,
    height: u32,
    is_top_down: bool,
    bits: u16,
    form: u32,
    /// Colours of the palette.
    palette: u32,
}

impl Head {
    /// Reads what every header has, behind its length.
    fn read(input: &mut Reader<'_>) -> Option<Self> {
        let width = input.u32_le()?;
        let height = input.u32_le()?.cast_signed();
        let _planes = input.u16_le()?;
        let (bits, form) = (input.u16_le()?, input.u32_le()?);
        // The length of the pixels, and two resolutions.
        input.take(12)?;
        let palette = input.u32_le()?;
        let _important = input.u32_le()?;
        let (is_top_down, height) = (height < 0, height.unsigned_abs());
        Some(Self { width, height, is_top_down, bits, form, palette })
    }

    /// Red, green, blue and alpha in a pixel; 0 where it has none. `header` is at what follows the
    /// fields of the shortest header, `behind` at what follows the header.
    fn masks<'a>(
        &self,
        header: &mut Reader<'a>,
        behind: &mut Reader<'a>,
    ) -> Result<[u32; 4], Unusable> {
        let plain = [0xff_0000, 0xff00, 0xff, 0];
        let with_masks = match (self.bits, self.form) {
            (24 | 32, BI_RGB) => return Ok(plain),
            (32, BI_BITFIELDS | BI_ALPHABITFIELDS) => self.form,
            _ => return Err(UNKNOWN_FORM),
        };
        let is_inside = header.len() >= 12;
        let from = if is_inside { header } else { behind };
        let mut mask = || from.u32_le().ok_or(DAMAGED);
        let [red, green, blue] = [mask()?, mask()?, mask()?];
        let has_alpha = with_masks == BI_ALPHABITFIELDS || (is_inside && !from.is_empty());
        let alpha = if has_alpha { from.u32_le().ok_or(DAMAGED)? } else { 0 };
        Ok([red, green, blue, alpha])
    }
}

/// Where a colour is in a pixel.
struct Channel {
    shift: u32,
    /// Its largest value.
    max: u32,
}

impl Channel {
    /// `None`: the mask is empty, or has a hole.
    fn new(mask: u32) -> Option<Self> {
        let shift = mask.trailing_zeros();
        let max = mask.checked_shr(shift)?;
        (max & max.wrapping_add(1) == 0).then_some(Self { shift, max })
    }

    /// Its value from 0 to 255 in a pixel of three or four bytes.
    fn of(&self, pixel: &[u8]) -> u8 {
        let word = match *pixel {
            [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        };
        let value = (word >> self.shift) & self.max;
        let scaled = if self.max == 255 {
            u64::from(value)
        } else {
            u64::from(value) * 255 / u64::from(self.max)
        };
        u8::try_from(scaled).unwrap_or(u8::MAX)
    }
}

/// Bytes up to a limit, beyond which writing fails.
struct Bounded {
    bytes: Vec<u8>,
    max_bytes: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.max_bytes.saturating_sub(self.bytes.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "dib_tests.rs"]
mod tests;
