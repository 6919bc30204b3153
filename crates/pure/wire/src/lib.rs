//! Bounded reading of untrusted bytes.
//!
//! A [`Reader`] walks a borrowed slice and answers `None` when the bytes have not all arrived;
//! it never panics, copies or allocates. [`text()`] makes a peer's words fit to print. Writing
//! needs no help: `bytes::BufMut` serves.

mod reader;
mod text;

pub use reader::Reader;
pub use text::{TEXT_MAX_BYTES, text};
