//! What can be wrong with sound.

/// Sound that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// A rate that is none of [`crate::RATES_HZ`].
    #[error("sound of {rate_hz} samples a second cannot be served")]
    Rate {
        /// Samples a second.
        rate_hz: u32,
    },
    /// More or fewer channels than may be.
    #[error("sound of {channels} channels cannot be served, only of one or two")]
    Channels {
        /// How many.
        channels: u8,
    },
    /// The packer refused.
    #[error("opus failed: {reason}")]
    Opus {
        /// Its words.
        reason: &'static str,
    },
}

impl SoundError {
    /// A short, stable name.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Rate { .. } => "sound_rate",
            Self::Channels { .. } => "sound_channels",
            Self::Opus { .. } => "opus",
        }
    }
}
