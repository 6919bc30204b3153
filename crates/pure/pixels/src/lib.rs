//! Rectangles, surfaces and damage.
//!
//! Job: hold the current picture of a remote and know, exactly, which part of it changed.
//! In: pixels from a driver. Out: a [`Surface`] to read and the [`Changes`] since it was last
//! asked; on request also the picture [`Before`] them. It does not encode, send, or know who
//! is watching; what arrives as a file is decoded by the driver's own function, when it has to be.
//!
//! A pixel is four bytes in the canvas's order, R, G, B, A, and A is always 255: a picture
//! can go to a browser, or be compared, as it lies in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "pixel kernels: rectangles are clipped to the surface before they index it"
)]

mod before;
mod changes;
mod damage;
mod error;
mod geometry;
mod surface;
mod veil;

pub use before::Before;
pub use changes::{COPIES_MAX, Changes, Copy};
pub use damage::{Damage, TILE_SIDE_PX};
pub use error::PixelsError;
pub use geometry::{Point, Rect, Size};
pub use surface::{
    BYTES_PER_PIXEL, COVER_BYTES_MAX, COVERS_MAX, Cover, CoverDecode, Pixel, SURFACE_PIXELS_MAX,
    SURFACE_SIDE_MAX_PX, Surface,
};
pub use veil::Veil;
