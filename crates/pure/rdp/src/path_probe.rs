//! Answers to the server's measurements of the path (`[MS-RDPBCGR]` 2.2.14), by which it decides
//! how much it may send.

use std::time::Instant;

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;

use crate::mcs::User;

/// Security headers' flags (`[MS-RDPBCGR]` 2.2.8.1.1.2.1).
const REQUEST: u16 = 0x1000;
const RESPONSE: u16 = 0x2000;

/// Request types that are answered, or that begin what is.
const ROUND_TRIP: u16 = 0x0001;
const ROUND_TRIP_AT_START: u16 = 0x1001;
const BANDWIDTH_START: u16 = 0x0014;
const BANDWIDTH_STOP: u16 = 0x0429;

/// The response type for a bandwidth that was measured while connected.
const BANDWIDTH_RESULT: u16 = 0x000b;

/// A measurement that is going on.
#[derive(Debug, Default)]
pub(crate) struct PathProbe {
    /// When it began, and how many bytes had arrived by then.
    started: Option<(Instant, u64)>,
    arrived_bytes: u64,
}

impl PathProbe {
    /// So many bytes have arrived.
    pub(crate) const fn count(&mut self, bytes: u64) {
        self.arrived_bytes = self.arrived_bytes.saturating_add(bytes);
    }

    /// Takes what came over the message channel. What is no measurement is passed over.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        message: &[u8],
        (user, channel): (User, u16),
        out: &mut BytesMut,
    ) {
        let mut input = Reader::new(message);
        let (Some(flags), Some(_high), Some([_len, _kind])) =
            (input.u16_le(), input.u16_le(), input.array())
        else {
            return;
        };
        let (Some(number), Some(kind)) = (input.u16_le(), input.u16_le()) else { return };
        if flags & REQUEST == 0 {
            return;
        }
        match kind {
            ROUND_TRIP | ROUND_TRIP_AT_START => answer(number, 0, &[], (user, channel), out),
            BANDWIDTH_START => self.started = Some((now, self.arrived_bytes)),
            BANDWIDTH_STOP => {
                let Some((started, before)) = self.started.take() else { return };
                let elapsed = now.saturating_duration_since(started).as_millis();
                // Servers divide by the time.
                let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX).max(1);
                let bytes = u32::try_from(self.arrived_bytes - before).unwrap_or(u32::MAX);
                let body = [elapsed.to_le_bytes(), bytes.to_le_bytes()].concat();
                answer(number, BANDWIDTH_RESULT, &body, (user, channel), out);
            }
            _ => {}
        }
    }
}

fn answer(number: u16, kind: u16, body: &[u8], (user, channel): (User, u16), out: &mut BytesMut) {
    let mut message = Vec::with_capacity(18);
    message.put_u16_le(RESPONSE);
    message.put_u16_le(0);
    message.put_u8(u8::try_from(6 + body.len()).unwrap_or(6));
    message.put_u8(1);
    message.put_u16_le(number);
    message.put_u16_le(kind);
    message.put_slice(body);
    user.put(channel, &message, out);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::BytesMut;

    use super::PathProbe;
    use crate::mcs::User;

    #[test]
    fn round_trips_and_bandwidth_are_answered() {
        let user = User { id: 1002, io_channel: 1003 };
        let (mut probe, start) = (PathProbe::default(), crate::testing::epoch());
        let mut ask = |after_ms, bytes, message: &[u8]| {
            let mut out = BytesMut::new();
            probe.count(bytes);
            let now = start + Duration::from_millis(after_ms);
            probe.receive(now, message, (user, 1007), &mut out);
            out.get(15..).unwrap_or_default().to_vec()
        };
        let request = |kind: u16| {
            let [low, high] = kind.to_le_bytes();
            [0, 0x10, 0, 0, 6, 0, 5, 0, low, high]
        };
        assert_eq!(ask(0, 9, &request(1)), [0, 0x20, 0, 0, 6, 1, 5, 0, 0, 0]);
        assert!(ask(0, 1, &request(0x0429)).is_empty());
        assert!(ask(0, 1, &request(0x14)).is_empty());
        let want = [0, 0x20, 0, 0, 14, 1, 5, 0, 11, 0, 250, 0, 0, 0, 100, 0, 0, 0];
        assert_eq!(ask(250, 100, &request(0x0429)), want);
        for cut in 0..10 {
            assert!(ask(0, 0, &request(1)[..cut]).is_empty());
        }
    }
}
