//! Surface commands (`[MS-RDPBCGR]` 2.2.9.2): pictures in the codecs that were agreed on, and the
//! beginnings and ends of frames.
//!
//! | bytes | of a command that sets bits                                   |
//! |-------|---------------------------------------------------------------|
//! | 2     | type                                                          |
//! | 8     | left, top, right, bottom; the last two are outside            |
//! | 4     | bits of a pixel, flags, a reserved byte, the codec            |
//! | 4     | columns and rows                                              |
//! | 4     | bytes of pixels                                               |
//! | 24    | a name and a time, when flagged; of no use to us              |
//! | rest  | pixels                                                        |

use porthole_pixels::{Rect, Size, Surface};
use porthole_wire::Reader;

use super::rows::{Form, Lines, visible};
use super::{Budget, Graphics, Target};
use crate::RdpError;

/// Types (`[MS-RDPBCGR]` 2.2.9.1.2.1.10.1).
const SET_BITS: u16 = 1;
const FRAME_MARKER: u16 = 4;
const STREAM_BITS: u16 = 6;

/// Codecs: none at all, and the number that we announce for `RemoteFX`.
const UNCOMPRESSED: u8 = 0;
const REMOTE_FX: u8 = 3;

/// A name and a time come before the pixels.
const HAS_HEADER: u8 = 1;
const HEADER_BYTES: usize = 24;

const SHORT: RdpError = RdpError::Short { message: "surface command" };

/// Where a frame begins or ends, with its number where the server gave one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// What follows belongs on one frame.
    Begin,
    /// It is complete.
    End(Option<u32>),
}

pub(super) fn draw(
    graphics: &mut Graphics,
    commands: &[u8],
    surface: &mut Surface,
    on_marker: &mut dyn FnMut(Marker),
) -> Result<(), RdpError> {
    let mut input = Reader::new(commands);
    let mut budget = Budget::new(surface.size());
    while !input.is_empty() {
        match input.u16_le().ok_or(SHORT)? {
            SET_BITS | STREAM_BITS => set_bits(graphics, &mut input, surface, &mut budget)?,
            FRAME_MARKER => {
                let action = input.u16_le().ok_or(SHORT)?;
                // Some servers leave the number out at the end of a message.
                let frame = input.u32_le();
                on_marker(if action == 0 { Marker::Begin } else { Marker::End(frame) });
            }
            other => return Err(RdpError::BadField { field: "cmdType", value: other.into() }),
        }
    }
    Ok(())
}

fn set_bits(
    graphics: &mut Graphics,
    input: &mut Reader<'_>,
    surface: &mut Surface,
    budget: &mut Budget,
) -> Result<(), RdpError> {
    let [left, top] = [input.u16_le().ok_or(SHORT)?, input.u16_le().ok_or(SHORT)?];
    // The far edges repeat the size, or lie: servers disagree on whether they are inside.
    input.take(4).ok_or(SHORT)?;
    let [bits, flags, _reserved, codec] = input.array().ok_or(SHORT)?;
    let size = Size::new(input.u16_le().ok_or(SHORT)?, input.u16_le().ok_or(SHORT)?);
    let len = usize::try_from(input.u32_le().ok_or(SHORT)?).unwrap_or(usize::MAX);
    if flags & HAS_HEADER != 0 {
        input.take(HEADER_BYTES).ok_or(SHORT)?;
    }
    let data = input.take(len).ok_or(SHORT)?;
    let Graphics { remote_fx, palette, row, .. } = graphics;
    let mut target = Target { surface, row };
    match codec {
        REMOTE_FX => remote_fx.draw((left, top), data, &mut target, budget),
        UNCOMPRESSED => {
            let form = match bits {
                8 => Form::Indexed(palette.colors()),
                15 => Form::Rgb555,
                16 => Form::Rgb565,
                24 => Form::Bgr24,
                32 => Form::Bgrx32,
                other => return Err(RdpError::BadField { field: "bpp", value: other.into() }),
            };
            budget.spend(size.area())?;
            let rect = Rect::new(left, top, size.width, size.height);
            let stride = usize::from(size.width) * form.bytes_per_pixel();
            if data.len() < stride * usize::from(size.height) {
                return Err(RdpError::Short { message: "uncompressed surface bits" });
            }
            if let Some(rect) = visible(rect, target.surface) {
                let lines = Lines { stride, rows: size.height.into(), is_bottom_up: true };
                target.store(rect, data, form, lines);
            }
            Ok(())
        }
        other => Err(RdpError::BadField { field: "codecID", value: other.into() }),
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Rect, Size, Surface};

    use super::super::Graphics;
    use super::Marker;
    use crate::RdpError;

    fn run(commands: &[u8]) -> Result<(Surface, Vec<Marker>), RdpError> {
        let mut surface = Surface::new(Size::new(8, 4)).unwrap();
        let mut markers = Vec::new();
        Graphics::default()
            .draw_commands(commands, &mut surface, &mut |marker| markers.push(marker))?;
        Ok((surface, markers))
    }

    fn bits(codec: u8, flags: u8, data: &[u8]) -> Vec<u8> {
        let mut command = vec![1, 0, 6, 0, 2, 0, 8, 0, 4, 0, 32, flags, 0, codec, 2, 0, 2, 0];
        command.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        if flags != 0 {
            command.extend([0; 24]);
        }
        command.extend(data);
        command
    }

    #[test]
    fn frames_are_marked_and_pixels_stored() {
        let pixels: Vec<u8> = (0..16).collect();
        let commands = [
            &[4, 0, 0, 0, 9, 0, 0, 0][..],
            &bits(0, 0, &pixels),
            &bits(0, 1, &pixels),
            &[4, 0, 1, 0, 9, 0, 0, 0],
            &[4, 0, 1, 0],
        ];
        let (surface, markers) = run(&commands.concat()).unwrap();
        assert_eq!(markers, [Marker::Begin, Marker::End(Some(9)), Marker::End(None)]);
        assert_eq!(surface.row(Rect::new(6, 2, 2, 1), 0), [10, 9, 8, 255, 14, 13, 12, 255]);
        assert_eq!(surface.row(Rect::new(6, 3, 1, 1), 0), [2, 1, 0, 255]);
    }

    #[test]
    fn lies_are_refused() {
        for commands in [
            &b"\x02\x00"[..],
            b"\x01",
            &bits(1, 0, &[0; 16]),
            &bits(0, 0, &[0; 15]),
            &bits(3, 0, &[0; 16]),
            &bits(3, 0, &[]),
        ] {
            assert!(run(commands).is_err(), "{commands:02x?}");
        }
        let whole = bits(0, 0, &[0; 16]);
        for cut in 1..whole.len() {
            assert!(run(&whole[..cut]).is_err(), "{cut}");
        }
    }
}
