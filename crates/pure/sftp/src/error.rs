//! What can be wrong with a server's bytes.

/// A fault that ends a connection: what follows cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SftpError {
    /// The first bytes are words, not a packet: a start-up file of the user's shell prints them.
    #[error("it says {words:?} where SFTP should begin; does a start-up file print that?")]
    Words {
        /// What it said, made printable.
        words: String,
    },
    /// The server speaks an older version.
    #[error("it speaks SFTP {version}, version 3 is needed")]
    Version {
        /// The version.
        version: u32,
    },
    /// A field is larger than is served.
    #[error("its {field} is {value}, the limit is {limit}")]
    OverLimit {
        /// What is too large.
        field: &'static str,
        /// How large it is.
        value: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A packet ends too early, or says what makes no sense.
    #[error("its {packet} makes no sense")]
    Malformed {
        /// Which packet.
        packet: &'static str,
    },
    /// A packet that a server does not send, or not now.
    #[error("it sends a packet of type {kind}")]
    Unexpected {
        /// Its type.
        kind: u8,
    },
}

impl SftpError {
    /// Refuses `value` above `limit`.
    pub(crate) fn check_limit(field: &'static str, value: usize, limit: usize) -> Result<(), Self> {
        if value <= limit {
            return Ok(());
        }
        Err(Self::OverLimit { field, value: value as u64, limit: limit as u64 })
    }
}
