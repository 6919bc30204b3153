//! A part of the picture that moves all the time, as a film.
//!
//! [`MotionTracker`] finds the part from the damage of each frame. [`VideoEncoder`] turns its
//! pictures into an H.264 stream (ITU-T H.264, constrained baseline, no reordering: each picture
//! can be shown as soon as it is decoded). Neither knows the time or the network: the caller says
//! when a frame was, and how many bytes a picture may take.
//!
//! [`VideoDecoder`] is for the H.264 of remotes, where a viewer cannot decode it.
//!
//! Both are Cisco's `OpenH264`, which is not part of this crate. [`VideoCodec`] is where
//! it comes from: a library that the operator installed, or, with the feature `openh264-source`,
//! its source, compiled in.
//!
//! # The stream
//!
//! Annex B: each chunk is one picture, with start codes; a key picture begins with its parameter
//! sets. Samples are 4:2:0 in full range, by the matrix of JPEG (BT.601), in sRGB's primaries and
//! transfer curve, and the parameter sets say so. The picture is the region's, rounded up to even
//! sides by repeating the last column and row: [`coded_size`].

mod codec;
mod decode;
mod encode;
mod motion;
mod planes;

use porthole_pixels::Size;

pub use codec::VideoCodec;
pub use decode::{DecodedPicture, VideoDecoder};
pub use encode::{VIDEO_SIDE_MIN_PX, VideoChunk, VideoDemand, VideoEncoder, check_size};
pub use motion::{MOTION_HEIGHT_MIN_PX, MOTION_WIDTH_MIN_PX, MotionTracker};

/// The size of the pictures in the stream of a region of `size`: both sides rounded up to even.
/// What lies past the region is not to be shown.
pub const fn coded_size(size: Size) -> Size {
    // No encoder takes a side so large that this saturates.
    Size::new(
        size.width.saturating_add(size.width % 2),
        size.height.saturating_add(size.height % 2),
    )
}
