//! SFTP version 3 (draft-ietf-secsh-filexfer-02), the client's side, without sockets.
//!
//! Job: requests to bytes, a server's bytes to answers, and a server's paths to places below a
//! root. In: numbered [`Request`]s, bytes. Out: packets, [`Answer`]s, [`Root::at`] and
//! [`Root::holds`]. Version 3 is the one that OpenSSH speaks, and every server with it; its
//! extensions that are used are OpenSSH's, listed in [`Abilities`].
//!
//! Names and handles are bytes here: which names are shown to people, and which requests are sent
//! when, is the caller's.

mod answer;
mod attributes;
mod error;
mod request;
mod root;
mod status;

pub use answer::{Abilities, Answer, Name, take_answer, take_version};
pub use attributes::{Attributes, Kind};
pub use error::SftpError;
pub use request::{OpenFlags, Request};
pub use root::Root;
pub use status::{Status, StatusKind};

/// Longest packet of a server, in bytes after its length: what OpenSSH sends at most.
pub const PACKET_MAX_BYTES: usize = 256 << 10;

/// Most bytes that are read or written with one request, whatever a server allows: what OpenSSH
/// allows.
pub const PIECE_MAX_BYTES: u32 = 255 << 10;

/// What every server takes in one request, and gives (section 3 of the draft).
pub const PIECE_SAFE_BYTES: u32 = 32 << 10;

/// Longest path that a server may name, in bytes.
pub const PATH_MAX_BYTES: usize = 16 << 10;

/// Longest handle, in bytes (section 6.2 of the draft).
pub const HANDLE_MAX_BYTES: usize = 256;
