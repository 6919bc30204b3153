//! What can be wrong with a peer's records.

/// The peer broke the link protocol. The WebSocket is closed with category 6.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A record's length passes the end of its message.
    #[error("record of kind {kind:#04x} ends past its message")]
    Cut {
        /// The record's kind; 0 when even the header is incomplete.
        kind: u8,
    },
    /// A body is shorter than its fields.
    #[error("{name} record is too short")]
    Short {
        /// The record's name.
        name: &'static str,
    },
    /// A field holds a value that version 1 does not define.
    #[error("{field} is {value}, which version 1 does not define")]
    Undefined {
        /// The field's name in `docs/link.md`.
        field: &'static str,
        /// Its value.
        value: u32,
    },
    /// A field is larger than we serve.
    #[error("{field} is {value} bytes, the limit is {limit}")]
    OverLimit {
        /// The field's name in `docs/link.md`.
        field: &'static str,
        /// Its length in bytes.
        value: usize,
        /// What we accept.
        limit: usize,
    },
    /// A kind below 0x80 that we do not know.
    #[error("record of unknown kind {kind:#04x}, which must be understood")]
    UnknownKind {
        /// The record's kind.
        kind: u8,
    },
    /// A text message: every message of the link is binary.
    #[error("a text message arrived, and the link is binary")]
    NotBinary,
    /// Text that is not UTF-8.
    #[error("{field} is not UTF-8")]
    NotText {
        /// The field's name in `docs/link.md`.
        field: &'static str,
    },
}

impl LinkError {
    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Cut { .. } => "link_cut",
            Self::Short { .. } => "link_short",
            Self::Undefined { .. } => "link_undefined",
            Self::OverLimit { .. } => "link_over_limit",
            Self::UnknownKind { .. } => "link_unknown_kind",
            Self::NotBinary => "link_not_binary",
            Self::NotText { .. } => "link_not_text",
        }
    }
}
