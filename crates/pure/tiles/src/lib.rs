//! Damage to rectangles to encoded images.
//!
//! Job: turn what changed on a [`Surface`](porthole_pixels::Surface) into few, wide images
//! that a browser decodes cheaply. In: a surface and its
//! [`Damage`](porthole_pixels::Damage). Out: a [`Plan`] of rectangles that do not overlap,
//! and for each of them an [`Encoded`] image. It does not decide when to send, at what
//! quality, or to whom; it starts no thread, so that the caller picks where the work is done.
//!
//! [`plan()`] reads each damaged tile once, tells solid colour from text from photograph
//! ([`Class`]), and merges neighbours of one class. A [`Snapshot`] holds a part's pixels while
//! the surface moves on. An [`Encoder`] is the memory that encoding needs, one for each
//! thread, and writes one of four bodies:
//!
//! # Fill
//!
//! One colour; the body is its three bytes. Exact.
//!
//! # Palette
//!
//! At most 256 colours. A raw deflate stream (RFC 1951, no zlib header, no checksum) of
//!
//! | bytes                               | content                                         |
//! |-------------------------------------|-------------------------------------------------|
//! | 1                                   | number of colours less one: `n - 1`             |
//! | `3 * n`                             | R, G, B of each colour, in order of appearance  |
//! | `(width * bits).div_ceil(8) * height` | indices into the colours, row by row          |
//!
//! where an index has `bits` = 1, 2, 4 or 8 bits for at most 2, 4, 16 or 256 colours. The
//! leftmost pixel is in the most significant bits of its byte, each row starts on a new byte,
//! and what is left over in a row's last byte is 0. Exact.
//!
//! # Rgb
//!
//! Any number of colours. A raw deflate stream of `height` rows of `1 + 3 * width` bytes: a
//! filter, then R, G, B of each pixel as the filter leaves them. Sums are modulo 256.
//!
//! | filter | each byte is                                                                  |
//! |--------|-------------------------------------------------------------------------------|
//! | 0      | as it is                                                                      |
//! | 1      | less the same component of the pixel to its left; the first pixel as it is    |
//! | 2      | less the same component of the pixel above; the first row as it is            |
//!
//! Exact.
//!
//! # Jpeg
//!
//! A baseline JPEG file of the rectangle's size. Not exact, at any quality.
//!
//! [`decode_palette`] and [`decode_rgb`] are the inverse, for viewers without a browser.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "pixel kernels: rectangles are clipped to the surface before they index it"
)]

#[cfg(not(any(feature = "turbojpeg", feature = "jpeg-encoder")))]
compile_error!("porthole-tiles needs a JPEG encoder: enable `turbojpeg` or `jpeg-encoder`");

mod class;
mod decode;
mod deflate;
mod encode;
mod error;
mod inflate;
#[cfg(not(feature = "turbojpeg"))]
#[path = "jpeg_rust.rs"]
mod jpeg;
#[cfg(feature = "turbojpeg")]
#[path = "jpeg_turbo.rs"]
mod jpeg;
mod moves;
mod palette;
mod pixels;
mod plan;
mod rgb;
mod run;
mod snapshot;
mod tables;
#[cfg(test)]
mod test_pictures;
pub mod video;

pub use class::Class;
pub use decode::{DECODE_PIXELS_MAX, decode_palette, decode_rgb};
pub use encode::{Body, Encoded, Encoder, JpegSettings, Mode, Subsampling};
pub use error::TilesError;
pub use moves::{FOUND_COPIES_MAX, MoveFinder};
pub use plan::{PART_PIXELS_MAX, PARTS_MAX, Part, Plan, plan};
pub use snapshot::Snapshot;
pub use tables::{SplitJpeg, split_jpeg};
