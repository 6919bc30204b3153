//! One session: a remote's picture on one side, its viewers on the other.
//!
//! In: what a driver noticed ([`porthole_remote::Event`]), what viewers say
//! ([`porthole_link::ToGateway`]), finished encodings and the time. Out: messages for viewers,
//! input for the remote, encoding [`Job`]s and the moment to look again ([`Output`]).
//!
//! A viewer is owed the current picture, never a queue of old ones: what it has not been sent
//! is a few bytes per tile, however long it stalls. The session owns no socket, clock or task;
//! `crates/edge/gateway/src/sessions/` runs it, one task per session.

mod access_units;
mod cells;
mod clipboard;
mod config;
mod costs;
mod files;
mod film;
mod frame;
mod grid;
mod history;
mod keys;
mod pacing;
mod passing;
mod permissions;
mod picture;
mod quality;
mod session;
mod sound;
mod text;
mod viewer;

pub use config::SessionConfig;
pub use files::{FileKey, FileOrder, FileResult};
pub use frame::{Encodings, Finished, Frame, Job, Piece};
pub use permissions::Permissions;
pub use session::{Attach, AttachError, EndCause, Output, Session, ViewerId};

#[cfg(test)]
mod clipboard_tests;
#[cfg(test)]
mod passing_tests;
#[cfg(test)]
mod picture_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod text_tests;
