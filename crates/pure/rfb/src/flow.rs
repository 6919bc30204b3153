//! When to ask for updates, and fences.

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
/// Do nothing that comes after the fence before it is answered.
const BLOCK_AFTER: u32 = 2;

/// Whether updates come without being asked for.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The server has sent a fence, so it understands them.
    has_fences: bool,
    is_continuous: bool,
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
    pub(crate) fn answer(&mut self, fence: &Fence<'_>, out: &mut BytesMut) {
        self.has_fences = true;
        if fence.flags & REQUEST != 0 {
            put_fence(out, fence.flags & (BLOCK_BEFORE | BLOCK_AFTER), fence.payload);
        }
    }

    /// The server says that continuous updates are over, which is also how it says that it
    /// has them at all. Without fences they would have no flow control.
    pub(crate) fn end_continuous(&mut self, size: Size, out: &mut BytesMut) {
        if self.is_continuous {
            self.is_continuous = false;
            put_update_request(out, true, size);
        } else if self.has_fences {
            self.is_continuous = true;
            put_continuous_updates(out, true, size);
        }
    }

    /// An update is over: asks for the next.
    pub(crate) fn end_update(&self, size: Size, out: &mut BytesMut) {
        if !self.is_continuous {
            put_update_request(out, true, size);
        }
    }

    /// The desktop has a new size: everything has to be sent again.
    pub(crate) fn resize(&self, size: Size, out: &mut BytesMut) {
        if self.is_continuous {
            put_continuous_updates(out, true, size);
        }
        put_update_request(out, false, size);
    }
}
