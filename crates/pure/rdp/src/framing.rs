//! Stop 2 of the pixel path: where one message ends and the next begins.

use crate::RdpError;
use crate::limits::{ARRIVED_MAX_BYTES, TS_REQUEST_MAX_BYTES};

/// The two kinds of messages that share the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// TPKT (RFC 1006 §6) around X.224.
    Tpkt,
    /// Fast-path output (`[MS-RDPBCGR]` 2.2.9.1.2).
    FastPath,
}

/// Kind and length in bytes of the message at the start of `bytes`, header included. `None`: too
/// few bytes to tell, or not all of it has arrived.
///
/// # Errors
///
/// It is neither kind, or shorter than its own header.
pub(crate) fn whole_frame(bytes: &[u8]) -> Result<Option<(Frame, usize)>, RdpError> {
    let (frame, len, header_len) = match bytes {
        [] => return Ok(None),
        [3, rest @ ..] => match rest {
            // Version, a reserved byte, and the length, big-endian.
            [_, high, low, ..] => (Frame::Tpkt, u16::from_be_bytes([*high, *low]), 4),
            _ => return Ok(None),
        },
        [action, rest @ ..] if action.is_multiple_of(4) => match rest {
            [len, ..] if len & 0x80 == 0 => (Frame::FastPath, u16::from(*len), 2),
            [high, low, ..] => (Frame::FastPath, u16::from_be_bytes([high & 0x7f, *low]), 3),
            _ => return Ok(None),
        },
        [action, ..] => {
            return Err(RdpError::BadField { field: "action", value: u64::from(*action) });
        }
    };
    // Both lengths have at most 16 bits, which ARRIVED_MAX_BYTES covers.
    debug_assert!(usize::from(len) < ARRIVED_MAX_BYTES);
    if usize::from(len) < header_len {
        return Err(RdpError::BadField { field: "length", value: u64::from(len) });
    }
    let len = usize::from(len);
    Ok((bytes.len() >= len).then_some((frame, len)))
}

/// Length of the `TSRequest` at the start of `bytes` (`[MS-CSSP]` 2.2.1), a DER sequence, header
/// included. `None`: not all of it has arrived.
///
/// # Errors
///
/// It is no sequence, or too long.
pub(crate) fn whole_ts_request(bytes: &[u8]) -> Result<Option<usize>, RdpError> {
    let (body_len, header_len) = match bytes {
        [0x30, short, ..] if *short < 0x80 => (usize::from(*short), 2),
        [0x30, 0x81, len, ..] => (usize::from(*len), 3),
        [0x30, 0x82, high, low, ..] => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        [] | [0x30] | [0x30, 0x81 | 0x82, ..] => return Ok(None),
        [0x30, long, ..] => {
            RdpError::check_limit("TSRequest length bytes", long & 0x7f, 2_u64)?;
            return Err(RdpError::BadField { field: "TSRequest length", value: u64::from(*long) });
        }
        [tag, ..] => {
            return Err(RdpError::BadField { field: "TSRequest tag", value: u64::from(*tag) });
        }
    };
    let len = body_len + header_len;
    RdpError::check_limit("TSRequest length", len, TS_REQUEST_MAX_BYTES)?;
    Ok((bytes.len() >= len).then_some(len))
}

#[cfg(test)]
mod tests {
    use super::{Frame, whole_frame, whole_ts_request};

    #[test]
    fn frames_are_told_apart_and_waited_for() {
        type Case = (&'static [u8], Option<(Frame, usize)>);
        let cases: [Case; 8] = [
            (b"", None),
            (b"\x03\x00\x00", None),
            (b"\x03\x00\x00\x05\x01", Some((Frame::Tpkt, 5))),
            (b"\x03\x00\x00\x06\x01", None),
            (b"\x00\x03\x01\xff", Some((Frame::FastPath, 3))),
            (b"\x00\x80", None),
            (b"\x00\x80\x04\x01", Some((Frame::FastPath, 4))),
            (b"\x80\x81\x00", None),
        ];
        for (bytes, want) in cases {
            assert_eq!(whole_frame(bytes), Ok(want), "{bytes:02x?}");
        }
        for bytes in [&b"\x01\x02\x03\x04"[..], b"\x03\x00\x00\x03", b"\x00\x01", b"\x00\x80\x02"] {
            assert!(whole_frame(bytes).is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn ts_requests_are_bounded() {
        assert_eq!(whole_ts_request(b"\x30"), Ok(None));
        assert_eq!(whole_ts_request(b"\x30\x01"), Ok(None));
        assert_eq!(whole_ts_request(b"\x30\x01\x00"), Ok(Some(3)));
        assert_eq!(whole_ts_request(b"\x30\x82\x01"), Ok(None));
        assert_eq!(whole_ts_request(&[&b"\x30\x81\x80"[..], &[0; 128]].concat()), Ok(Some(131)));
        for bytes in
            [&b"\x31\x00"[..], b"\x30\x80", b"\x30\x84\x7f\xff\xff\xff", b"\x30\x82\xff\xff"]
        {
            assert!(whole_ts_request(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
