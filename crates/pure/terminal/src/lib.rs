//! Text remotes: a terminal's bytes, its state, and its screen as bytes and as pixels.
//!
//! In: what a shell, a device or a container writes, and what viewers type. Out: the same text for
//! viewers that draw it themselves, without what could reach beyond a terminal; a screen for one that
//! comes later; pixels for those who only know pictures. [`TextClient`] is the [`porthole_remote::Remote`]
//! of every text protocol; what is between the text and the remote's stream is a [`Line`].

mod client;
mod config;
mod console;
mod draw;
mod keys;
mod line;
pub mod look;
mod pictures;
mod select;
mod terminal;

pub use client::TextClient;
pub use config::TextConfig;
pub use draw::{BuiltInFonts, FontBytes, FontFace, FontFamily, FontSource, Fonts};
pub use keys::{FunctionKeys, KeyDialect};
pub use line::{Line, RawLine};
pub use terminal::{
    CellView, Color, Cursor, CursorShape, DamagedRows, Fed, Flags, Link, Modes, MouseEvents,
    Noticed, Palette, Rgb, RowView, SCROLLBACK_MAX_ROWS, Style, Terminal, Underline,
};
