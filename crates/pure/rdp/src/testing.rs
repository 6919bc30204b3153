//! What several tests need.

use std::time::Instant;

/// A moment to count from.
#[expect(clippy::disallowed_methods, reason = "any moment will do; only distances count")]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}
