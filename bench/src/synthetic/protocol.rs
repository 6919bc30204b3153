//! What a client may say to a synthetic server (RFC 6143 §7.5), and what a pixel looks like.

use anyhow::{Context as _, Result, bail, ensure};

/// Most encodings that a client may name.
const ENCODINGS_MAX: usize = 1024;

/// Longest clipboard text.
const TEXT_MAX_BYTES: usize = 1 << 20;

/// What matters of a client's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// Pixels are wanted in this form.
    Format(Order),
    /// An update is wanted.
    Request {
        /// Only what has changed.
        incremental: bool,
    },
    /// Something that a server without a keyboard does not care for.
    Other,
}

/// In which of a pixel's four bytes each colour is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// 0 to 3.
    pub(super) red: usize,
    /// 0 to 3.
    pub(super) green: usize,
    /// 0 to 3.
    pub(super) blue: usize,
}

impl Order {
    /// Blue first, as in a [`crate::canvas::Canvas`].
    pub(super) const NATIVE: Self = Self { red: 2, green: 1, blue: 0 };

    /// RFC 6143 §7.4. Only four bytes with eight bits for each colour are served.
    fn parse(format: &[u8]) -> Result<Self> {
        let [bits, _depth, big_endian, true_colour, maxima @ .., r, g, b, _, _, _] = format else {
            bail!("a pixel format of {} bytes", format.len());
        };
        ensure!(
            *bits == 32 && *true_colour != 0 && maxima == [0, 255, 0, 255, 0, 255],
            "a pixel format that no modern client asks for: {format:?}"
        );
        let byte = |shift: u8| {
            ensure!(shift <= 24 && shift.is_multiple_of(8), "a colour shifted by {shift}");
            let from_end = usize::from(shift / 8);
            Ok(if *big_endian == 0 { from_end } else { 3 - from_end })
        };
        Ok(Self { red: byte(*r)?, green: byte(*g)?, blue: byte(*b)? })
    }
}

/// Reads the first message of `bytes`, and how long it is. `None`: it is not all here.
///
/// # Errors
///
/// It is unknown, too long, or asks for what is not served.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Message, usize)>> {
    let Some(kind) = bytes.first() else { return Ok(None) };
    let len = match kind {
        0 => 20,
        2 => {
            let Some(count) = number::<2>(bytes, 2) else { return Ok(None) };
            ensure!(count <= ENCODINGS_MAX, "{count} encodings");
            4 + 4 * count
        }
        3 => 10,
        4 => 8,
        5 => 6,
        6 => {
            let Some(count) = number::<4>(bytes, 4) else { return Ok(None) };
            ensure!(count <= TEXT_MAX_BYTES, "a text of {count} bytes");
            8 + count
        }
        other => bail!("a message of kind {other}, which was not offered"),
    };
    let Some(message) = bytes.get(..len) else { return Ok(None) };
    let message = match kind {
        0 => Message::Format(Order::parse(message.get(4..).context("its length is checked")?)?),
        3 => Message::Request { incremental: message.get(1) != Some(&0) },
        _ => Message::Other,
    };
    Ok(Some((message, len)))
}

/// A number of `N` bytes at a place.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = bytes.get(at..at + N)?;
    Some(digits.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// The head of an update of so many rectangles (RFC 6143 §7.6.1).
pub(super) fn update_head(rects: u16) -> [u8; 4] {
    let [high, low] = rects.to_be_bytes();
    [0, 0, high, low]
}

/// The head of a rectangle of raw pixels.
pub(super) fn rect_head(rect: porthole_pixels::Rect) -> [u8; 12] {
    let mut head = [0; 12];
    let numbers = [rect.x, rect.y, rect.width, rect.height];
    for (place, number) in head.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
        *place = number.to_be_bytes();
    }
    head
}

/// `ServerInit` (RFC 6143 §7.3.2) for a screen of so many columns and rows.
pub(super) fn server_init((width, height): (u16, u16)) -> Vec<u8> {
    const NAME: &[u8] = b"synthetic";
    let mut init = Vec::new();
    init.extend(width.to_be_bytes());
    init.extend(height.to_be_bytes());
    init.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    init.extend([0, 0, 0, u8::try_from(NAME.len()).unwrap_or_default()]);
    init.extend(NAME);
    init
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: [u8; 20] = [0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0];

    #[test]
    fn reads_messages_and_waits_for_their_ends() {
        let order = Order { red: 0, green: 1, blue: 2 };
        let cases: [(&[u8], Message); 6] = [
            (&FORMAT, Message::Format(order)),
            (&[2, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0], Message::Other),
            (&[3, 0, 0, 0, 0, 0, 5, 0, 2, 208], Message::Request { incremental: false }),
            (&[3, 1, 0, 0, 0, 0, 5, 0, 2, 208], Message::Request { incremental: true }),
            (&[4, 1, 0, 0, 0, 0, 0, 97], Message::Other),
            (&[6, 0, 0, 0, 0, 0, 0, 2, 97, 98], Message::Other),
        ];
        for (bytes, want) in cases {
            let mut more = bytes.to_vec();
            more.push(9);
            assert_eq!(parse(&more).unwrap(), Some((want, bytes.len())), "{bytes:?}");
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes[..cut]).unwrap(), None, "{bytes:?} at {cut}");
            }
        }
    }

    #[test]
    fn refuses_what_it_did_not_offer() {
        let mut deep = FORMAT;
        deep[9] = 15;
        let mut crooked = FORMAT;
        crooked[14] = 3;
        let wrong: [&[u8]; 5] =
            [&deep, &crooked, &[150; 10], &[2, 0, 255, 255], &[6, 0, 0, 0, 255, 0, 0, 0]];
        for bytes in wrong {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn native_order_is_what_we_announce() {
        let init = server_init((1280, 720));
        assert_eq!(Order::parse(&init[4..20]).unwrap(), Order::NATIVE);
        assert_eq!(init.len(), 24 + 9);
        let mut big = FORMAT;
        (big[6], big[14], big[15], big[16]) = (1, 24, 16, 8);
        let order = Order { red: 0, green: 1, blue: 2 };
        assert_eq!(parse(&big).unwrap(), Some((Message::Format(order), 20)));
    }
}
