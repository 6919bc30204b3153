//! What is typed and pointed at, as the bytes that xterm sends for it.
//!
//! Only viewers who know pictures need this: the others' terminals have done it already.

mod dialect;
mod keyboard;
mod keysym;
mod mouse;
mod paste;

pub use self::dialect::{FunctionKeys, KeyDialect};
pub(crate) use self::keyboard::{Keyboard, Modifiers, Pressed, Scroll};
pub(crate) use self::mouse::{Mouse, MouseAct, Wheel};
pub(crate) use self::paste::paste;
