//! Fingers (`[MS-RDPEI]`), for servers that take them as such.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::BufMut;
use porthole_pixels::Point;
use porthole_remote::TouchPhase;
use porthole_wire::Reader;

use crate::RdpError;
use crate::limits::TOUCHES_MAX;

/// Message types (`[MS-RDPEI]` 2.2.2.6).
const SERVER_READY: u16 = 1;
const CLIENT_READY: u16 = 2;
const TOUCH: u16 = 3;
const SUSPEND: u16 = 4;
const RESUME: u16 = 5;

/// The version that we speak, which every server does: touches without pens.
const VERSION: u32 = 0x0001_0000;

/// What a contact does (`[MS-RDPEI]` 2.2.3.3.1.1), in the combinations that are valid.
const DOWN: u32 = 0x01 | IN_CONTACT;
const UPDATE: u32 = 0x02 | IN_CONTACT;
const UP: u32 = 0x04;
const CANCELED: u32 = 0x04 | 0x20;
const IN_CONTACT: u32 = 0x08 | 0x10;

/// How often fingers that rest are told of. Windows takes those that it hears nothing of for gone.
const REMINDER_GAP: Duration = Duration::from_millis(50);

/// The fingers as the server knows them.
#[derive(Debug, Default)]
pub(crate) struct Touch {
    /// Whether the server listens.
    is_ready: bool,
    /// The contacts that are down, by their numbers.
    down: BTreeMap<u8, Point>,
    /// When the last frame was sent.
    sent_at: Option<Instant>,
}

impl Touch {
    /// Whether touches are taken.
    pub(crate) const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Reads a message of the server's. What to answer, if anything.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn receive(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, RdpError> {
        const SHORT: RdpError = RdpError::Short { message: "touch input PDU" };
        let mut input = Reader::new(message);
        let kind = input.u16_le().ok_or(SHORT)?;
        let _len = input.u32_le().ok_or(SHORT)?;
        match kind {
            SERVER_READY => {
                let _version = input.u32_le().ok_or(SHORT)?;
                self.is_ready = true;
                let mut body = Vec::new();
                body.put_u32_le(0);
                body.put_u32_le(VERSION);
                body.put_u16_le(TOUCHES_MAX.into());
                return Ok(Some(pdu(CLIENT_READY, &body)));
            }
            SUSPEND => {
                self.close();
            }
            RESUME => self.is_ready = true,
            _ => {}
        }
        Ok(None)
    }

    /// The channel is gone, or sleeps.
    pub(crate) fn close(&mut self) {
        *self = Self::default();
    }

    /// A finger does something. The message for that; `None`: the server does not listen, there are
    /// too many fingers, or this one is not down.
    pub(crate) fn touch(
        &mut self,
        now: Instant,
        contact: u8,
        phase: TouchPhase,
        at: Point,
    ) -> Option<Vec<u8>> {
        let is_down = self.down.contains_key(&contact);
        let has_room = self.down.len() < usize::from(TOUCHES_MAX);
        if !self.is_ready || contact >= TOUCHES_MAX || !(is_down || has_room) {
            return None;
        }
        let flags = match (phase, is_down) {
            (TouchPhase::Down, false) => DOWN,
            (TouchPhase::Down | TouchPhase::Move, true) => UPDATE,
            (TouchPhase::Up, true) => UP,
            (TouchPhase::Cancel, true) => CANCELED,
            (_, false) => return None,
        };
        // One that goes up does so where it was.
        let place = if flags & IN_CONTACT == 0 { self.down.remove(&contact) } else { None };
        let at = place.unwrap_or(at);
        let frame = self.frame(now, &[(contact, at, flags)]);
        if flags & IN_CONTACT != 0 {
            self.down.insert(contact, at);
        }
        Some(frame)
    }

    /// Every finger is gone.
    pub(crate) fn release_all(&mut self, now: Instant) -> Option<Vec<u8>> {
        let down = std::mem::take(&mut self.down);
        let gone: Vec<_> = down.into_iter().map(|(id, at)| (id, at, CANCELED)).collect();
        (self.is_ready && !gone.is_empty()).then(|| self.frame(now, &gone))
    }

    /// Time has passed: fingers that rest may have to be told of again.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.deadline().is_some_and(|at| at <= now).then(|| self.frame(now, &[]))
    }

    /// When [`Self::handle_timeout`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let sent_at = self.sent_at.filter(|_| !self.down.is_empty())?;
        Some(sent_at + REMINDER_GAP)
    }

    /// One frame: what has changed, and all else that is down.
    fn frame(&mut self, now: Instant, changed: &[(u8, Point, u32)]) -> Vec<u8> {
        let is_changed = |id: u8| changed.iter().any(|(other, ..)| *other == id);
        let rest = self.down.iter().filter(|(id, _)| !is_changed(**id));
        let rest = rest.map(|(id, at)| (*id, *at, UPDATE));
        let contacts: Vec<_> = changed.iter().copied().chain(rest).collect();
        let since = self.sent_at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.sent_at = Some(now);
        let mut body = Vec::new();
        // Encoded at once, and one frame.
        put_unsigned(0, 2, &mut body);
        put_unsigned(1, 1, &mut body);
        put_unsigned(contacts.len() as u64, 1, &mut body);
        put_unsigned(u64::try_from(since.as_micros()).unwrap_or(u64::MAX), 3, &mut body);
        for (id, at, flags) in contacts {
            body.put_u8(id);
            // No further fields.
            put_unsigned(0, 1, &mut body);
            put_signed(at.x, &mut body);
            put_signed(at.y, &mut body);
            put_unsigned(flags.into(), 2, &mut body);
        }
        pdu(TOUCH, &body)
    }
}

fn pdu(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(6 + body.len());
    message.put_u16_le(kind);
    message.put_u32_le(u32::try_from(body.len() + 6).unwrap_or(u32::MAX));
    message.put_slice(body);
    message
}

/// A number whose highest `bits` bits say how many bytes follow the first (`[MS-RDPEI]` 2.2.2.1,
/// 2.2.2.3 and 2.2.2.5). One that is too large becomes the largest.
fn put_unsigned(value: u64, bits: u32, out: &mut Vec<u8>) {
    let more_max = (1_u32 << bits) - 1;
    let room = |more: u32| 8 - bits + 8 * more;
    let more = (0..=more_max).find(|more| value >> room(*more) == 0);
    let (more, value) = more.map_or((more_max, (1 << room(more_max)) - 1), |more| (more, value));
    let bytes = (value | u64::from(more) << room(more)).to_be_bytes();
    let start = bytes.len().saturating_sub(more as usize + 1);
    out.extend(bytes.get(start..).unwrap_or_default());
}

/// A place, whose sign is the third bit (`[MS-RDPEI]` 2.2.2.4). Ours are never negative.
fn put_signed(value: u16, out: &mut Vec<u8>) {
    let value = u64::from(value);
    let more = (0..3_u64).find(|more| value >> (5 + 8 * more) == 0).unwrap_or(3);
    let bytes = (value | more << (6 + 8 * more)).to_be_bytes();
    let start = bytes.len().saturating_sub(usize::try_from(more).unwrap_or(0) + 1);
    out.extend(bytes.get(start..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use porthole_pixels::Point;
    use porthole_remote::TouchPhase::{Cancel, Down, Move, Up};

    use super::{CLIENT_READY, Touch, put_signed, put_unsigned};
    use crate::testing::epoch;

    const AT: Point = Point { x: 10, y: 700 };

    fn ready() -> Touch {
        let mut touch = Touch::default();
        let hello = [1, 0, 10, 0, 0, 0, 0, 0, 1, 0];
        let answer = touch.receive(&hello).unwrap().unwrap();
        assert_eq!(answer[..6], [CLIENT_READY.to_le_bytes()[0], 0, 16, 0, 0, 0]);
        assert_eq!(answer[14..], [10, 0]);
        touch
    }

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        let unsigned = |value, bits| {
            let mut out = Vec::new();
            put_unsigned(value, bits, &mut out);
            out
        };
        assert_eq!(unsigned(0x1a, 2), [0x1a]);
        assert_eq!(unsigned(0x40, 2), [0x40, 0x40]);
        assert_eq!(unsigned(0x7f, 1), [0x7f]);
        assert_eq!(unsigned(0x1234, 1), [0x92, 0x34]);
        assert_eq!(unsigned(u64::MAX, 1), [0xff, 0xff]);
        assert_eq!(unsigned(50_000, 3), [0x40, 0xc3, 0x50]);
        let signed = |value| {
            let mut out = Vec::new();
            put_signed(value, &mut out);
            out
        };
        assert_eq!(signed(10), [10]);
        assert_eq!(signed(700), [0x42, 0xbc]);
        assert_eq!(signed(u16::MAX), [0x80, 0xff, 0xff]);
    }

    #[test]
    fn fingers_go_down_move_and_up_in_frames_of_all() {
        let (mut touch, now) = (ready(), epoch());
        let frame = touch.touch(now, 0, Down, AT).unwrap();
        let want = [&[3, 0, 15, 0, 0, 0][..], &[0, 1, 1, 0], &[0, 0, 10, 0x42, 0xbc, 0x19]];
        // The header's length counts itself.
        assert_eq!(frame[6..], want.concat()[6..]);
        assert_eq!(usize::from(frame[2]), frame.len());
        let later = now + Duration::from_millis(50);
        let frame = touch.touch(later, 1, Down, AT).unwrap();
        let want = [
            &[0, 1, 2, 0x40, 0xc3, 0x50][..],
            &[1, 0, 10, 0x42, 0xbc, 0x19],
            &[0, 0, 10, 0x42, 0xbc, 0x1a],
        ];
        assert_eq!(frame[6..], want.concat());
        let there = Point { x: 11, y: 0 };
        let frame = touch.touch(later, 0, Move, there).unwrap();
        assert_eq!(frame[10..15], [0, 0, 11, 0, 0x1a]);
        let frame = touch.touch(later, 0, Up, AT).unwrap();
        assert_eq!(frame[10..15], [0, 0, 11, 0, 4], "where it was");
        let frame = touch.touch(later, 1, Cancel, AT).unwrap();
        assert_eq!(frame[8], 1, "one is left, and goes");
    }

    #[test]
    fn what_cannot_be_is_not_sent() {
        let (mut touch, now) = (Touch::default(), epoch());
        assert_eq!(touch.touch(now, 0, Down, AT), None, "nobody listens");
        let mut touch = {
            touch.close();
            ready()
        };
        for phase in [Move, Up, Cancel] {
            assert_eq!(touch.touch(now, 0, phase, AT), None);
        }
        assert_eq!(touch.touch(now, 10, Down, AT), None);
        assert_eq!(touch.release_all(now), None);
        for cut in 0..10 {
            assert!(Touch::default().receive(&[1, 0, 10, 0, 0, 0, 0, 0, 1, 0][..cut]).is_err());
        }
    }

    #[test]
    fn fingers_that_rest_are_told_of_again_until_they_are_gone() {
        let (mut touch, now) = (ready(), epoch());
        touch.touch(now, 0, Down, AT).unwrap();
        touch.touch(now, 1, Down, AT).unwrap();
        let due = touch.deadline().unwrap();
        assert_eq!(touch.handle_timeout(due.checked_sub(Duration::from_millis(1)).unwrap()), None);
        let reminder = touch.handle_timeout(due).unwrap();
        assert_eq!(reminder[8], 2, "contacts");
        let gone = touch.release_all(due).unwrap();
        assert_eq!(gone[8], 2);
        assert_eq!(touch.deadline(), None);
        touch.touch(now, 0, Down, AT).unwrap();
        touch.receive(&[4, 0, 6, 0, 0, 0]).unwrap();
        assert!(!touch.is_ready() && touch.deadline().is_none());
        touch.receive(&[5, 0, 6, 0, 0, 0]).unwrap();
        assert!(touch.is_ready());
    }
}
