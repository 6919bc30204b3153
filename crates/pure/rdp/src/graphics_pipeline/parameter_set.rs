//! Sequence parameter sets that say how colours are to be read (ITU-T H.264 7.3.2.1.1, annex E).
//!
//! In this channel samples have full range and the matrix of BT.709, always (`[MS-RDPEGFX]`
//! 3.3.8.3.1), so that servers leave it out of their streams. A browser knows nothing of the
//! channel: it would take them for something else. It would also keep pictures back, for fear of
//! some that come out of order, which this channel does not have.

/// A slice, and all kinds below it that carry picture data.
const SLICE_LAST: u8 = 5;
/// A sequence parameter set.
const PARAMETERS: u8 = 7;

/// Longest parameter set that is rewritten, in bytes. Real ones have dozens.
const LEN_MAX: usize = 1024;

/// Profiles whose parameter sets tell of chroma formats.
const HIGH_PROFILES: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// `stream`, in Annex B form, with parameter sets that tell of colours and order. As it was where
/// there is no set before the first picture, or one that makes no sense.
pub(crate) fn describe_colours(stream: &[u8]) -> Vec<u8> {
    let mut told = Vec::with_capacity(stream.len() + 32);
    let mut copied = 0;
    while let Some((from, kind)) = next_unit(stream, copied) {
        if (1..=SLICE_LAST).contains(&kind) {
            break;
        }
        let rest = stream.get(from..).unwrap_or_default();
        let end = from + unit_len(rest);
        told.extend_from_slice(stream.get(copied..from).unwrap_or_default());
        let unit = stream.get(from..end).unwrap_or_default();
        match Some(unit).filter(|_| kind == PARAMETERS).and_then(rewrite) {
            Some(rewritten) => told.extend_from_slice(&rewritten),
            None => told.extend_from_slice(unit),
        }
        copied = end;
    }
    told.extend_from_slice(stream.get(copied..).unwrap_or_default());
    told
}

/// Columns and rows of the pictures that `stream` begins with, before they are cropped: multiples
/// of 16. `None` when no parameter set that makes sense comes before the first picture.
pub(crate) fn coded_size(stream: &[u8]) -> Option<(u32, u32)> {
    let mut at = 0;
    while let Some((from, kind)) = next_unit(stream, at) {
        if (1..=SLICE_LAST).contains(&kind) {
            return None;
        }
        let rest = stream.get(from..).unwrap_or_default();
        let unit = rest.get(..unit_len(rest)).filter(|unit| unit.len() <= LEN_MAX)?;
        if kind == PARAMETERS {
            let plain = unescape(unit);
            return read_form(&mut Bits { bytes: &plain, at: 8 }).map(|form| form.coded);
        }
        at = from + unit.len();
    }
    None
}

/// Where the first unit behind the next start code from `at` on begins, and its kind.
fn next_unit(stream: &[u8], at: usize) -> Option<(usize, u8)> {
    let rest = stream.get(at..)?;
    let from = at + rest.windows(3).position(|bytes| bytes == [0, 0, 1])? + 3;
    Some((from, stream.get(from)? & 0x1f))
}

/// Bytes of the unit that `rest` begins with. Zeros at its end belong to what follows.
fn unit_len(rest: &[u8]) -> usize {
    let ends = |bytes: &[u8]| matches!(bytes, [0, 0, 0 | 1]);
    let end = rest.windows(3).position(ends).unwrap_or(rest.len());
    let unit = rest.get(..end).unwrap_or_default();
    unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// The parameter set `unit` with the end that we would have it.
fn rewrite(unit: &[u8]) -> Option<Vec<u8>> {
    if unit.len() > LEN_MAX {
        return None;
    }
    let plain = unescape(unit);
    let mut bits = Bits { bytes: &plain, at: 8 };
    let PictureForm { references, .. } = read_form(&mut bits)?;
    let mut out = BitWriter::default();
    let mut copy = Bits { bytes: &plain, at: 0 };
    while copy.at < bits.at {
        out.put(copy.take(1)?, 1);
    }
    put_usability(references, &mut out);
    Some(escape(&out.finish()))
}

/// What a parameter set says of the pictures.
struct PictureForm {
    /// Columns and rows.
    coded: (u32, u32),
    /// `max_num_ref_frames`.
    references: u32,
}

/// Reads all fields before `vui_parameters_present_flag`.
fn read_form(bits: &mut Bits<'_>) -> Option<PictureForm> {
    let profile = bits.take(8)?;
    let _constraints_and_level = bits.take(16)?;
    let _id = bits.unsigned()?;
    if HIGH_PROFILES.contains(&profile) {
        skip_chroma(bits)?;
    }
    let _frame_num_bits = bits.unsigned()?;
    match bits.unsigned()? {
        0 => drop(bits.unsigned()?),
        1 => {
            bits.take(1)?;
            // Signed numbers are as long as unsigned ones.
            bits.unsigned()?;
            bits.unsigned()?;
            let count = bits.unsigned().filter(|count| *count <= 255)?;
            (0..count).try_for_each(|_| bits.unsigned().map(drop))?;
        }
        _ => {}
    }
    let references = bits.unsigned().filter(|count| *count <= 16)?;
    let _gaps = bits.take(1)?;
    let side = |bits: &mut Bits<'_>| bits.unsigned().filter(|blocks| *blocks < 1 << 12);
    let (columns, rows) = (side(bits)? + 1, side(bits)? + 1);
    let frames_only = bits.take(1)?;
    if frames_only == 0 {
        bits.take(1)?;
    }
    let _direct = bits.take(1)?;
    if bits.take(1)? == 1 {
        (0..4).try_for_each(|_| bits.unsigned().map(drop))?;
    }
    // Rows count twice where a picture is made of two fields.
    let coded = (16 * columns, 16 * rows * (2 - frames_only));
    Some(PictureForm { coded, references })
}

/// Chroma format, bit depths and scaling lists.
fn skip_chroma(bits: &mut Bits<'_>) -> Option<()> {
    let format = bits.unsigned()?;
    if format == 3 {
        bits.take(1)?;
    }
    let (_luma_bits, _chroma_bits) = (bits.unsigned()?, bits.unsigned()?);
    let _bypass = bits.take(1)?;
    if bits.take(1)? == 0 {
        return Some(());
    }
    for list in 0..if format == 3 { 12 } else { 8 } {
        if bits.take(1)? == 0 {
            continue;
        }
        // ITU-T H.264 7.3.2.1.1.1: a list stops where a scale is zero.
        let mut scale = 8_i64;
        for _ in 0..if list < 6 { 16 } else { 64 } {
            let code = i64::from(bits.unsigned()?);
            let delta = if code % 2 == 1 { code.midpoint(1) } else { -(code / 2) };
            scale = (scale + delta).rem_euclid(256);
            if scale == 0 {
                break;
            }
        }
    }
    Some(())
}

/// Colours as the channel has them, in sRGB's curve, and pictures in the order they are shown.
fn put_usability(references: u32, out: &mut BitWriter) {
    // There is some; no aspect ratio, no overscan.
    out.put(0b100, 3);
    // A signal: of no format, full range, and with colours: BT.709, sRGB, BT.709.
    out.put(1, 1);
    out.put(5, 3);
    out.put(0b11, 2);
    out.put(1, 8);
    out.put(13, 8);
    out.put(1, 8);
    // No place of chroma, timing, buffers, or fields.
    out.put(0, 5);
    // Limits: vectors that leave the picture, and else the defaults (annex E.2.1).
    out.put(0b11, 2);
    for number in [0, 0, 16, 16, 0, references] {
        out.put_unsigned(number);
    }
}

/// Bits of a unit, from the highest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// At most 32 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// `ue(v)` (ITU-T H.264 9.1).
    fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
        }
        if zeros >= u32::BITS {
            return None;
        }
        Some((1_u32 << zeros) - 1 + self.take(zeros)?)
    }
}

#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    current: u8,
    count: u32,
}

impl BitWriter {
    /// The lowest `count` bits of `value`.
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.current = self.current << 1 | (value >> bit & 1) as u8;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(std::mem::take(&mut self.current));
                self.count = 0;
            }
        }
    }

    /// `ue(v)`, of a small number.
    fn put_unsigned(&mut self, value: u32) {
        let width = (value + 1).ilog2();
        self.put(0, width);
        self.put(value + 1, width + 1);
    }

    /// With `rbsp_trailing_bits`.
    fn finish(mut self) -> Vec<u8> {
        self.put(1, 1);
        while self.count != 0 {
            self.put(0, 1);
        }
        self.bytes
    }
}

/// A unit without the threes that keep it from looking like a start code.
fn unescape(unit: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for byte in unit {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain.push(*byte);
    }
    plain
}

/// The reverse.
fn escape(plain: &[u8]) -> Vec<u8> {
    let mut unit = Vec::with_capacity(plain.len() + 8);
    let mut zeros = 0;
    for byte in plain {
        if zeros >= 2 && *byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        unit.push(*byte);
    }
    unit
}

#[cfg(test)]
#[path = "parameter_set_tests.rs"]
mod tests;
