//! The browser link protocol, version 1: messages to bytes and back.
//!
//! `docs/link.md` is the specification; the TypeScript twin is `web-client/src/wire/`, and both
//! are tested against `tests/vectors/link/vectors.json`. This crate knows nothing of sockets,
//! sessions or pacing.

mod clipboard;
mod error;
mod files;
mod prompt;
mod questions;
mod record;
mod sound;
mod terminal;
mod to_browser;
mod to_gateway;

pub use clipboard::{
    ClipboardContent, ClipboardFormat, ClipboardJoiner, ClipboardPart, ClipboardParts,
};
pub use error::LinkError;
pub use files::{FileAct, FileAnswer, FileEntry, FileNews, FilePage, FileRequest};
pub use prompt::{ANSWER_MAX_BYTES, Answer, Prompt, PromptField};
pub use questions::{QUESTION_MAX_BYTES, QUESTIONS_MAX, QuestionsRecord, RepliesRecord};
pub use record::{BODY_MAX_BYTES, Record, records};
pub use sound::{SoundCodec, SoundNews, SoundWish};
pub use terminal::{
    TERMINAL_SCREEN_MAX_BYTES, TERMINAL_TEXT_MAX_BYTES, TERMINAL_TYPED_MAX_BYTES, TerminalRecord,
    TerminalWish, encode_terminal_text,
};
pub use to_browser::{
    Ability, Category, Codec, ErrorRecord, Feature, Phase, ScreenPlace, ToBrowser, VideoRecord,
    Welcome, encode_frame_end,
};
pub use to_gateway::{Hello, QualityMode, Resume, ToGateway};

/// The protocol version in Hello and Welcome.
pub const VERSION: u16 = 1;

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "porthole.v1";

/// What a subprotocol that carries the token begins with.
pub const TOKEN_SUBPROTOCOL_PREFIX: &str = "porthole.token.";

/// What a subprotocol that carries the first record begins with: then base64url without padding.
pub const HELLO_SUBPROTOCOL_PREFIX: &str = "porthole.hello.";

/// Largest WebSocket message from a browser, in bytes.
pub const TO_GATEWAY_MAX_BYTES: usize = 2 << 20;

/// Largest WebSocket message to a browser, in bytes.
pub const TO_BROWSER_MAX_BYTES: usize = 64 << 20;

/// Largest clipboard content in each of its formats, in bytes.
pub const CLIPBOARD_MAX_BYTES: usize = 4 << 20;

/// Most screens of a remote.
pub const SCREENS_MAX: u8 = 16;

/// Longest text of one Text record, in bytes.
pub const TEXT_MAX_BYTES: usize = 4096;

/// Side of a cell, in pixels. A cell at the right or lower edge of what is stored may be smaller.
pub const CELL_SIDE_PX: u16 = 64;

/// Most cells that a browser keeps: 64 MiB of pixels.
pub const CELLS_MAX: u16 = 4096;

/// How many sets of JPEG tables a browser keeps.
pub const TABLES_MAX: u8 = 16;

/// Longest path of a file, in bytes.
pub const FILE_PATH_MAX_BYTES: usize = 4096;

/// Longest name of a file, in bytes.
pub const FILE_NAME_MAX_BYTES: usize = 255;

/// Most bytes of a file in one record.
pub const FILE_DATA_MAX_BYTES: usize = 256 << 10;

/// Most requests about files of one browser that may be under way.
pub const FILE_REQUESTS_MAX: usize = 32;

/// Longest frame of sound, in bytes: 20 ms of two channels at 48 kHz, unpacked.
pub const SOUND_DATA_MAX_BYTES: usize = 3840;

/// Most bytes of what a viewer says in one record: 85 ms at 48 kHz.
pub const SAID_MAX_BYTES: usize = 8 << 10;

/// How many video streams a browser decodes at a time.
pub const STREAMS_MAX: u8 = 4;

#[cfg(test)]
mod vector_tests;
