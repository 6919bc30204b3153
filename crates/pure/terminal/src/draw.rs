//! A terminal's screen as pixels, for viewers who only know pictures.
//!
//! [`Fonts`] is a family and what stands in for it, shared by all sessions; a [`typeface::Typeface`] is that at
//! one size, with the pictures of the characters drawn so far. A [`Painter`] is one session's: it knows
//! what its surface shows, and draws the cells that differ.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "pixels of a surface are counted, of which there are few enough for all of these types"
)]

mod boxes;
mod braille;
mod cell;
mod face;
mod fonts;
mod glyph;
mod lines;
mod mask;
mod moves;
mod painter;
mod round;
mod typeface;
mod view;

pub use self::face::{FontBytes, FontFace};
pub use self::fonts::{BuiltInFonts, FontFamily, FontSource, Fonts};
pub(crate) use self::painter::Painter;
pub(crate) use self::view::View;
