//! Planar bitmaps (`[MS-RDPEGDI]` 2.2.2.5.1): a plane for each colour, each packed by itself.
//!
//! Only red, green and blue as they are: what xrdp and Windows send for a desktop in 32 bits. Other
//! models of colour go to IronRDP's decoder, which is slower, as is what they are for.

use porthole_pixels::Rect;
use porthole_wire::Reader;

use super::Target;
use super::rows::Lines;
use crate::RdpError;

/// Bits of the header.
const OTHER_COLOR_MODEL: u8 = 0x0f;
const PACKED: u8 = 0x10;
const NO_ALPHA: u8 = 0x20;

const SHORT: RdpError = RdpError::Short { message: "planar bitmap" };

/// Whether the planes of `bitmap` are red, green and blue.
pub(crate) fn is_rgb(bitmap: &[u8]) -> bool {
    bitmap.first().is_some_and(|header| header & OTHER_COLOR_MODEL == 0)
}

/// Three planes of `width * height` bytes, in the order of the rows: the lowest first in bitmap
/// updates, the highest in the graphics pipeline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planes<'a> {
    colors: [&'a [u8]; 3],
    width: usize,
    height: usize,
}

impl<'a> Planes<'a> {
    /// Unpacks a bitmap for which [`is_rgb`] is true, into `scratch` if need be.
    ///
    /// # Errors
    ///
    /// It ends too early, or breaks its format.
    pub(crate) fn read(
        bitmap: &'a [u8],
        (width, height): (usize, usize),
        scratch: &'a mut Vec<u8>,
    ) -> Result<Self, RdpError> {
        let mut input = Reader::new(bitmap);
        let header = input.u8().ok_or(SHORT)?;
        let area = width * height;
        let has_alpha = header & NO_ALPHA == 0;
        let source = if header & PACKED == 0 {
            if has_alpha {
                input.take(area).ok_or(SHORT)?;
            }
            input.take_rest()
        } else {
            // What was there is overwritten, each byte of it.
            scratch.resize(3 * area, 0);
            if has_alpha {
                unpack(&mut input, scratch.get_mut(..area).unwrap_or_default(), width)?;
            }
            for plane in scratch.chunks_exact_mut(area.max(1)) {
                unpack(&mut input, plane, width)?;
            }
            scratch
        };
        let plane = |index: usize| source.get(index * area..(index + 1) * area).ok_or(SHORT);
        Ok(Self { colors: [plane(0)?, plane(1)?, plane(2)?], width, height })
    }

    /// Puts the `columns` pixels from `start` on, counted in the order of the planes, into `row`: R,
    /// G, B and 255 each. False, and nothing of use is there, when they are not all in the planes.
    pub(crate) fn weave(&self, start: usize, columns: usize, row: &mut Vec<u8>) -> bool {
        // What was there is overwritten, each byte of it.
        row.resize(4 * columns, 0);
        let [Some(red), Some(green), Some(blue)] =
            self.colors.map(|plane| plane.get(start..start + columns))
        else {
            return false;
        };
        let colors = red.iter().zip(green).zip(blue);
        for (pixel, ((red, green), blue)) in row.as_chunks_mut::<4>().0.iter_mut().zip(colors) {
            let word = u32::from(*red) | u32::from(*green) << 8 | u32::from(*blue) << 16;
            *pixel = (word | 0xff00_0000).to_le_bytes();
        }
        true
    }
}

impl Target<'_> {
    /// Stores the part of a picture that lies at `rect`, as [`Target::store`] does.
    pub(super) fn store_planes(&mut self, rect: Rect, planes: Planes<'_>) {
        let lines = Lines { stride: planes.width, rows: planes.height, is_bottom_up: true };
        let columns = usize::from(rect.width);
        for y in 0..rect.height {
            let Some(start) = lines.start(y) else { break };
            if !planes.weave(start, columns, self.row) {
                break;
            }
            self.surface.store_row(rect.x, rect.y.saturating_add(y), self.row);
        }
    }
}

/// Unpacks one plane (`[MS-RDPEGDI]` 3.1.9.2.3). A row is as it is, or as it differs from the one
/// before, in segments: bytes, and how often the last of them is repeated.
fn unpack(input: &mut Reader<'_>, plane: &mut [u8], width: usize) -> Result<(), RdpError> {
    let mut above: Option<&[u8]> = None;
    for line in plane.chunks_exact_mut(width.max(1)) {
        let mut last = 0;
        let mut column = 0;
        while column < width {
            let segment = Segment::read(input)?;
            let bytes = input.take(segment.bytes).ok_or(SHORT)?;
            last = bytes.last().copied().unwrap_or(last);
            let (middle, end) = (column + segment.bytes, column + segment.bytes + segment.run);
            let too_long = RdpError::BadField { field: "planar run", value: end as u64 };
            let Some((literal, run)) =
                line.get_mut(column..end).and_then(|part| part.split_at_mut_checked(segment.bytes))
            else {
                return Err(too_long);
            };
            match above {
                None => {
                    literal.copy_from_slice(bytes);
                    run.fill(last);
                }
                Some(above) => {
                    let (Some(over_literal), Some(over_run)) =
                        (above.get(column..middle), above.get(middle..end))
                    else {
                        return Err(too_long);
                    };
                    for ((to, over), byte) in literal.iter_mut().zip(over_literal).zip(bytes) {
                        *to = over.wrapping_add(difference(*byte));
                    }
                    let same = difference(last);
                    if same == 0 {
                        run.copy_from_slice(over_run);
                    } else {
                        for (to, over) in run.iter_mut().zip(over_run) {
                            *to = over.wrapping_add(same);
                        }
                    }
                }
            }
            column = end;
        }
        above = Some(line);
    }
    Ok(())
}

/// What a control byte announces.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// Bytes that follow.
    bytes: usize,
    /// How often the last byte of the row comes again.
    run: usize,
}

impl Segment {
    fn read(input: &mut Reader<'_>) -> Result<Self, RdpError> {
        let control = input.u8().ok_or(SHORT)?;
        let high = usize::from(control >> 4);
        Ok(match control & 0x0f {
            0 if high == 0 => {
                return Err(RdpError::BadField { field: "planar control byte", value: 0 });
            }
            // Runs too short to be worth it mean long ones.
            1 => Self { bytes: 0, run: 16 + high },
            2 => Self { bytes: 0, run: 32 + high },
            run => Self { bytes: high, run: run.into() },
        })
    }
}

/// The sign is in the lowest bit.
const fn difference(byte: u8) -> u8 {
    // All ones when it is negative.
    let sign = (byte & 1).wrapping_neg();
    byte >> 1 ^ sign
}

#[cfg(test)]
#[path = "planar_tests.rs"]
mod tests;
