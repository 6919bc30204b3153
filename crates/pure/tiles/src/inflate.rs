//! The content of raw deflate streams, RFC 1951, for decoding.

use zlib_rs::{Inflate, InflateFlush, Status};

use crate::TilesError;

/// A deflate window of 32 KiB.
const WINDOW_BITS: u8 = 15;

/// Memory is first taken, and then grown by at least, this many bytes.
const GROW_BYTES: usize = 64 * 1024;

/// The content of one whole stream of at most `limit_bytes` bytes. Memory grows with what
/// really comes out.
pub(crate) fn inflate(
    body: &'static str,
    data: &[u8],
    limit_bytes: usize,
) -> Result<Vec<u8>, TilesError> {
    let mut state = Inflate::new(false, WINDOW_BITS);
    let mut out = Vec::new();
    loop {
        let (taken, written) = (state.total_in() as usize, state.total_out() as usize);
        // One byte more than the limit, so that a stream that passes it is found out.
        let grown = (written + GROW_BYTES.max(written)).min(limit_bytes + 1);
        out.resize(grown, 0);
        let status = state
            .decompress(&data[taken..], &mut out[written..], InflateFlush::NoFlush)
            .map_err(|error| TilesError::Malformed { body, reason: error.as_str() })?;
        let (took, wrote) = (state.total_in() as usize, state.total_out() as usize);
        TilesError::check_limit("inflated bytes", wrote as u64, limit_bytes as u64)?;
        if matches!(status, Status::StreamEnd) {
            if took < data.len() {
                return Err(TilesError::Malformed { body, reason: "bytes after the stream" });
            }
            out.truncate(wrote);
            return Ok(out);
        }
        if (took, wrote) == (taken, written) {
            return Err(TilesError::Cut { body });
        }
    }
}
