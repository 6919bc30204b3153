//! What can be wrong with what a server sends on the graphics channel.

use porthole_pixels::{PixelsError, Rect, Size};
use porthole_remote::{Blame, RemoteError};

/// A fault that ends the connection: the picture cannot be trusted any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphicsError {
    /// A message stops before its end.
    #[error("{message} is cut short")]
    Short {
        /// What it is.
        message: &'static str,
    },
    /// A message has bytes that it has no use for.
    #[error("{message} is {excess} bytes too long")]
    Excess {
        /// What it is.
        message: &'static str,
        /// How many.
        excess: usize,
    },
    /// A number over what we accept.
    #[error("{field} is {value}, over the limit of {limit}")]
    OverLimit {
        /// Name of the field.
        field: &'static str,
        /// What the server sent.
        value: u64,
        /// The most that we take.
        limit: u64,
    },
    /// A number that has no meaning in its place.
    #[error("{field} {value} makes no sense")]
    BadField {
        /// Name of the field.
        field: &'static str,
        /// What the server sent.
        value: u64,
    },
    /// A surface that does not exist, or not any more.
    #[error("there is no surface {id}")]
    NoSurface {
        /// Its number.
        id: u16,
    },
    /// A cache slot that nothing was put into.
    #[error("cache slot {slot} is empty")]
    EmptySlot {
        /// Its number.
        slot: u16,
    },
    /// A rectangle that ends before it begins.
    #[error("a rectangle goes from ({left}, {top}) to ({right}, {bottom})")]
    BadRect {
        /// First column.
        left: u16,
        /// First row.
        top: u16,
        /// First column past it.
        right: u16,
        /// First row past it.
        bottom: u16,
    },
    /// A rectangle that reaches past its surface.
    #[error("rectangle {rect:?} reaches past a surface of {} x {} pixels", size.width, size.height)]
    OutsideSurface {
        /// The rectangle.
        rect: Rect,
        /// The surface it should fit in.
        size: Size,
    },
    /// A picture larger than we are willing to hold.
    #[error(transparent)]
    TooLarge(PixelsError),
    /// Compressed data that cannot be what a compressor made.
    #[error("{field} of compressed data makes no sense")]
    Compression {
        /// What is wrong.
        field: &'static str,
    },
    /// A codec's data that does not decode.
    #[error("{codec} data does not decode: {detail}")]
    Codec {
        /// The codec's name.
        codec: &'static str,
        /// The decoder's words: one printable line of at most 256 bytes.
        detail: String,
    },
    /// A codec that we did not say we know.
    #[error("codec {codec:#06x} was not agreed on")]
    CodecNotAgreed {
        /// Its number.
        codec: u16,
    },
}

impl GraphicsError {
    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Short { .. } => "graphics_short",
            Self::Excess { .. } => "graphics_excess",
            Self::OverLimit { .. } => "over_limit",
            Self::BadField { .. } => "bad_field",
            Self::NoSurface { .. } => "graphics_surface",
            Self::EmptySlot { .. } => "graphics_cache",
            Self::BadRect { .. } | Self::OutsideSurface { .. } => "graphics_rectangle",
            Self::TooLarge(_) => "desktop_too_large",
            Self::Compression { .. } => "graphics_compression",
            Self::Codec { .. } => "graphics_codec",
            Self::CodecNotAgreed { .. } => "graphics_codec_unknown",
        }
    }

    /// Who has to act: always whoever runs the remote.
    pub const fn blame(&self) -> Blame {
        Blame::Remote
    }

    /// Refuses `value` above `limit`.
    pub(crate) fn check_limit(
        field: &'static str,
        value: impl TryInto<u64>,
        limit: impl TryInto<u64>,
    ) -> Result<(), Self> {
        // A count that did not fit in 64 bits would be over any limit.
        let value = value.try_into().unwrap_or(u64::MAX);
        let limit = limit.try_into().unwrap_or(u64::MAX);
        if value <= limit { Ok(()) } else { Err(Self::OverLimit { field, value, limit }) }
    }

    /// In the words of `codec`'s decoder.
    pub(crate) fn codec(codec: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Codec { codec, detail: porthole_wire::text(detail.to_string().as_bytes()) }
    }
}

impl From<PixelsError> for GraphicsError {
    fn from(error: PixelsError) -> Self {
        match error {
            PixelsError::Outside { rect, size } => Self::OutsideSurface { rect, size },
            other => Self::TooLarge(other),
        }
    }
}

impl From<GraphicsError> for RemoteError {
    fn from(error: GraphicsError) -> Self {
        Self::new(error.cause(), error.blame(), error.to_string())
    }
}
