//! Why a picture cannot be encoded or decoded.

/// A fault in one image. The picture it was about can be sent again in another way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// A rectangle without pixels, or one that reaches past the surface.
    #[error("a part without pixels has no image")]
    Empty,
    /// A field is larger than we serve.
    #[error("{field} is {value}, the limit is {limit}")]
    OverLimit {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What we accept.
        limit: u64,
    },
    /// A body ends before its picture is complete.
    #[error("{body} body is cut short")]
    Cut {
        /// Name of the body.
        body: &'static str,
    },
    /// A body is not what the format says.
    #[error("{body} body is malformed: {reason}")]
    Malformed {
        /// Name of the body.
        body: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The JPEG library refused.
    #[error("JPEG encoding failed: {reason}")]
    Jpeg {
        /// The library's words.
        reason: String,
    },
    /// The H.264 library is missing, is another than it should be, or refused.
    #[error("H.264: {reason}")]
    Video {
        /// The library's words.
        reason: String,
    },
    /// A film cannot have pictures of this size.
    #[error("a film's picture of {width}x{height} pixels {reason}")]
    VideoSize {
        /// Its columns.
        width: u16,
        /// Its rows.
        height: u16,
        /// What is wrong with them.
        reason: &'static str,
    },
}

impl TilesError {
    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Empty => "tiles_empty",
            Self::OverLimit { .. } => "tiles_over_limit",
            Self::Cut { .. } => "tiles_cut",
            Self::Malformed { .. } => "tiles_malformed",
            Self::Jpeg { .. } => "tiles_jpeg",
            Self::Video { .. } => "tiles_video",
            Self::VideoSize { .. } => "tiles_video_size",
        }
    }

    pub(crate) fn check_limit(field: &'static str, value: u64, limit: u64) -> Result<(), Self> {
        if value > limit { Err(Self::OverLimit { field, value, limit }) } else { Ok(()) }
    }
}
