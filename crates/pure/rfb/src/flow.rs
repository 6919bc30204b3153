//! When to ask for updates, and fences.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_pixels::Size;
use porthole_wire::Reader;

use crate::RfbError;
use crate::limits::FENCE_MAX_BYTES;
use crate::requests::{put_continuous_updates, put_fence, put_update_request};

/// The fence wants an answer.
const REQUEST: u32 = 1 << 31;
/// Answer when everything before the fence has taken effect.
const BLOCK_BEFORE: u32 = 1;
/// Time between two fences of ours.
const PING_GAP: Duration = Duration::from_secs(1);

/// Do nothing that comes after the fence before it is answered.
const BLOCK_AFTER: u32 = 2;

/// What our own fences carry.
const PING: &[u8] = b"ping";

/// Whether updates come without being asked for, and how long a question takes to be answered.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The server has sent a fence, so it understands them.
    has_fences: bool,
    is_continuous: bool,
    /// When the next update was asked for, or a fence sent.
    asked: Option<Instant>,
    /// When a fence of ours was last sent.
    pinged: Option<Instant>,
}

/// A fence from the server.
#[derive(Debug)]
pub(crate) struct Fence<'a> {
    flags: u32,
    payload: &'a [u8],
}

/// Reads a fence after its type: at most 72 bytes. `None`: it has not all arrived, and nothing
/// is taken.
///
/// # Errors
///
/// [`RfbError::OverLimit`] on a payload of more than 64 bytes.
pub(crate) fn read_fence<'a>(input: &mut Reader<'a>) -> Result<Option<Fence<'a>>, RfbError> {
    let mut ahead = input.clone();
    let (Some(_padding), Some(flags), Some(len)) = (ahead.take(3), ahead.u32_be(), ahead.u8())
    else {
        return Ok(None);
    };
    RfbError::check_limit("fence length", len, FENCE_MAX_BYTES)?;
    let Some(payload) = ahead.take(len.into()) else { return Ok(None) };
    *input = ahead;
    Ok(Some(Fence { flags, payload }))
}

impl Flow {
    /// Answers a fence. Messages are handled strictly in order, so everything before it has
    /// taken effect and nothing after it has: both ways of blocking are kept by answering now.
    ///
    /// An answer to one of ours instead tells how long that took.
    pub(crate) fn answer(
        &mut self,
        now: Instant,
        fence: &Fence<'_>,
        out: &mut BytesMut,
    ) -> Option<Duration> {
        self.has_fences = true;
        if fence.flags & REQUEST != 0 {
            put_fence(out, fence.flags & (BLOCK_BEFORE | BLOCK_AFTER), fence.payload);
            return None;
        }
        let asked = self.asked.take_if(|_| fence.payload == PING)?;
        Some(now - asked)
    }

    /// Asks the server to answer, to see how long that takes. Only where updates come unasked: the
    /// others tell it too.
    pub(crate) fn ping(&mut self, now: Instant, out: &mut BytesMut) {
        let is_early = self.pinged.is_some_and(|pinged| now < pinged + PING_GAP);
        if self.is_continuous && !is_early {
            put_fence(out, REQUEST, PING);
            self.asked = Some(now);
            self.pinged = Some(now);
        }
    }

    /// The server says that continuous updates are over, which is also how it says that it
    /// has them at all. Without fences they would have no flow control.
    pub(crate) fn end_continuous(&mut self, size: Size, out: &mut BytesMut) {
        if self.is_continuous {
            self.is_continuous = false;
            put_update_request(out, true, size.rect());
        } else if self.has_fences {
            self.is_continuous = true;
            self.asked = None;
            put_continuous_updates(out, true, size);
        }
    }

    /// An update begins: asks for the next, so that the server need not wait for our answer to
    /// this one before it has something to do.
    /// Tells how long this one took to come.
    pub(crate) fn start_update(
        &mut self,
        now: Instant,
        size: Size,
        out: &mut BytesMut,
    ) -> Option<Duration> {
        if self.is_continuous {
            return None;
        }
        put_update_request(out, true, size.rect());
        self.asked.replace(now).map(|asked| now - asked)
    }

    /// The desktop has a new size: everything has to be sent again.
    pub(crate) fn resize(&self, size: Size, out: &mut BytesMut) {
        if self.is_continuous {
            put_continuous_updates(out, true, size);
        }
        put_update_request(out, false, size.rect());
    }
}
