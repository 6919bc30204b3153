//! Keys, pointer and wheel on their way to the server.

mod keyboard;
mod keysym;
mod pointer;

pub(crate) use keyboard::Keyboard;
pub(crate) use pointer::Mouse;
