//! What containers of Kubernetes say, as bytes.
//!
//! Job: read the frames of an exec or attach stream, how its program ended, the lines of a log, and
//! the tar archive of one file; and write the frames that go the other way. In: bytes from an API
//! server and from programs in a container, neither of which is trusted. Out: plain values. It knows
//! no socket, no API and no terminal.
//!
//! Every length is bounded here: a status by [`STATUS_MAX_BYTES`], a tar archive's extra headers by
//! [`tar::EXTRA_MAX_BYTES`], a log line's time stamp by 64 bytes.

mod frames;
mod listing;
mod logs;
mod outcome;
mod process;
pub mod tar;
mod words;

pub use frames::{CLOSE_STDIN, Frame, SUBPROTOCOLS, resize, stdin};
pub use listing::{Listed, ListedKind, listed};
pub use logs::LogLines;
pub use outcome::{Outcome, STATUS_MAX_BYTES};
pub use process::{
    ENDING_SCRIPT, INTRODUCTION_MAX_BYTES, Introduced, Introduction, PREAMBLE, Process,
};
pub use words::without_addresses;
