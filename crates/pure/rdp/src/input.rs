//! Keys, pointer and wheel on their way to the server (`[MS-RDPBCGR]` 2.2.8.1).

mod keyboard;
mod keysym;
mod mouse;

use bytes::{BufMut, BytesMut};

pub(crate) use self::keyboard::Keyboard;
pub(crate) use self::mouse::Mouse;
use crate::share::{ShareWriter, kind};

/// Events in one message. A fast-path message counts up to 15 in its first byte.
const EVENTS_MAX: usize = 15;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputEvent {
    /// A key at a place: an XT set 1 code without its prefix.
    Key {
        /// The code, below 0x80.
        code: u8,
        /// Which prefix it has.
        prefix: Prefix,
        /// Up, or down.
        is_up: bool,
    },
    /// A UTF-16 unit that is typed.
    Unicode {
        /// The unit.
        unit: u16,
        /// Up, or down.
        is_up: bool,
    },
    /// The pointer, three buttons and the wheels (`pointerFlags`).
    Mouse {
        /// What happened.
        flags: u16,
        /// Column.
        x: u16,
        /// Row.
        y: u16,
    },
    /// The two further buttons.
    ExtendedMouse {
        /// What happened.
        flags: u16,
        /// Column.
        x: u16,
        /// Row.
        y: u16,
    },
    /// Which locks are on, as [`porthole_remote::Event::Leds`] counts them; all keys are up.
    Synchronize(u8),
}

/// The prefix of a scan code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// None.
    None,
    /// `0xe0`.
    E0,
    /// `0xe1`, which the Pause key alone has.
    E1,
}

/// How the server takes input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InputWriter {
    /// In fast-path messages (`[MS-RDPBCGR]` 2.2.8.1.2); else as share data (2.2.8.1.1.3).
    pub(crate) is_fast: bool,
    /// Where share data goes.
    pub(crate) share: ShareWriter,
}

impl InputWriter {
    /// Writes events, in order.
    pub(crate) fn put(self, events: &[InputEvent], out: &mut BytesMut) {
        for events in events.chunks(EVENTS_MAX) {
            let mut body = Vec::with_capacity(events.len() * 12);
            if self.is_fast {
                events.iter().for_each(|event| put_fast(*event, &mut body));
                // At most 15 events of 7 bytes: the length has 7 bits.
                let count = u8::try_from(events.len()).unwrap_or(0);
                out.put_u8(count << 2);
                out.put_u8(u8::try_from(body.len() + 2).unwrap_or(0));
                out.put_slice(&body);
            } else {
                body.put_u16_le(u16::try_from(events.len()).unwrap_or(0));
                body.put_u16_le(0);
                events.iter().for_each(|event| put_slow(*event, &mut body));
                self.share.put(kind::INPUT, &body, out);
            }
        }
    }
}

fn put_fast(event: InputEvent, out: &mut Vec<u8>) {
    match event {
        InputEvent::Key { code, prefix, is_up } => {
            let prefix = match prefix {
                Prefix::None => 0,
                Prefix::E0 => 2,
                Prefix::E1 => 4,
            };
            out.put_u8(prefix | u8::from(is_up));
            out.put_u8(code);
        }
        InputEvent::Unicode { unit, is_up } => {
            out.put_u8(4 << 5 | u8::from(is_up));
            out.put_u16_le(unit);
        }
        InputEvent::Mouse { flags, x, y } => {
            out.put_u8(1 << 5);
            out.put_u16_le(flags);
            out.put_u16_le(x);
            out.put_u16_le(y);
        }
        InputEvent::ExtendedMouse { flags, x, y } => {
            out.put_u8(2 << 5);
            out.put_u16_le(flags);
            out.put_u16_le(x);
            out.put_u16_le(y);
        }
        InputEvent::Synchronize(locks) => out.put_u8(3 << 5 | locks & 7),
    }
}

fn put_slow(event: InputEvent, out: &mut Vec<u8>) {
    const RELEASE: u16 = 0x8000;
    // The time, which servers ignore.
    out.put_u32_le(0);
    let fields = match event {
        InputEvent::Key { code, prefix, is_up } => {
            let prefix = match prefix {
                Prefix::None => 0,
                Prefix::E0 => 0x0100,
                Prefix::E1 => 0x0200,
            };
            [4, prefix | if is_up { RELEASE } else { 0 }, code.into(), 0]
        }
        InputEvent::Unicode { unit, is_up } => [5, if is_up { RELEASE } else { 0 }, unit, 0],
        InputEvent::Mouse { flags, x, y } => [0x8001, flags, x, y],
        InputEvent::ExtendedMouse { flags, x, y } => [0x8002, flags, x, y],
        InputEvent::Synchronize(locks) => [0, 0, u16::from(locks & 7), 0],
    };
    fields.into_iter().for_each(|field| out.put_u16_le(field));
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{InputEvent, InputWriter, Prefix};
    use crate::mcs::User;
    use crate::share::ShareWriter;

    fn written(is_fast: bool, events: &[InputEvent]) -> Vec<u8> {
        let user = User { id: 1004, io_channel: 1003 };
        let share = ShareWriter { user, share_id: 7 };
        let mut out = BytesMut::new();
        InputWriter { is_fast, share }.put(events, &mut out);
        out.to_vec()
    }

    const EVENTS: [InputEvent; 5] = [
        InputEvent::Key { code: 0x1d, prefix: Prefix::E0, is_up: true },
        InputEvent::Unicode { unit: 0x20ac, is_up: false },
        InputEvent::Mouse { flags: 0x9000, x: 1, y: 2 },
        InputEvent::ExtendedMouse { flags: 0x8001, x: 3, y: 4 },
        InputEvent::Synchronize(2),
    ];

    #[test]
    fn fast_events() {
        let want = [
            &[5 << 2, 22][..],
            &[3, 0x1d],
            &[0x80, 0xac, 0x20],
            &[0x20, 0, 0x90, 1, 0, 2, 0],
            &[0x40, 1, 0x80, 3, 0, 4, 0],
            &[0x62],
        ];
        assert_eq!(written(true, &EVENTS), want.concat());
        assert_eq!(written(true, &[EVENTS[2]; 16]).len(), 2 + 15 * 7 + 2 + 7);
    }

    #[test]
    fn slow_events() {
        let want: [u16; 32] = [
            5, 0, 0, 0, 4, 0x8100, 0x1d, 0, 0, 0, 5, 0, 0x20ac, 0, 0, 0, 0x8001, 0x9000, 1, 2, 0,
            0, 0x8002, 0x8001, 3, 4, 0, 0, 0, 0, 2, 0,
        ];
        let want: Vec<u8> = want.iter().flat_map(|field| field.to_le_bytes()).collect();
        // Packet headers and two headers of share data come first.
        assert_eq!(written(false, &EVENTS)[33..], want);
    }
}
