//! What a remote wants to know in words of its own, before it lets us in.

use std::fmt;

use secrecy::SecretString;

/// Questions that are asked together (RFC 4256 section 3.2, for example).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questions {
    /// What they are about: at most [`Questions::WORDS_MAX_BYTES`], fit to print, lines apart by
    /// `\n`. May be empty.
    pub instruction: String,
    /// At most [`Questions::COUNT_MAX`]; may be none, then there is only something to read.
    pub questions: Vec<Question>,
}

impl Questions {
    /// Most questions at a time.
    pub const COUNT_MAX: usize = 16;
    /// Longest instruction, in bytes.
    pub const WORDS_MAX_BYTES: usize = 2048;
    /// Longest text of a question, in bytes.
    pub const TEXT_MAX_BYTES: usize = 256;
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What to say beside the field: at most [`Questions::TEXT_MAX_BYTES`], one printable line.
    pub text: String,
    /// Whether the answer may be seen while it is typed.
    pub echo: bool,
}

/// The answers, as many as there were questions and in their order.
#[derive(Clone, Default)]
pub struct Replies(pub Vec<SecretString>);

impl fmt::Debug for Replies {
    /// Without what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Replies({})", self.0.len())
    }
}
