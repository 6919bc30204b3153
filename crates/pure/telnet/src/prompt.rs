//! The line that the remote is writing, and the patterns that it is searched for.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// Longest line that is searched, in bytes. No prompt is longer; of a longer line the rest is
/// passed over.
const LINE_MAX_BYTES: usize = 512;

/// Longest pattern, in bytes.
const PATTERN_MAX_BYTES: usize = 1024;

/// Most memory that a pattern may be compiled to, in bytes.
const COMPILED_MAX_BYTES: usize = 256 << 10;

/// A regular expression that a line is searched for. It is compiled once; clones share it.
#[derive(Clone)]
pub struct Pattern(Regex);

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Longer than 1,024 bytes.
    #[error("the pattern has {0} bytes; 1024 are the most")]
    TooLong(usize),
    /// It takes too much memory.
    #[error("the pattern is too large once it is compiled; write it with fewer repetitions")]
    TooLarge,
    /// It is no regular expression.
    #[error("not a regular expression: {0}")]
    Syntax(String),
}

impl Pattern {
    /// What finds the prompt for a user name unless something else is configured.
    pub const USERNAME: &'static str = "[Ll]ogin:";
    /// What finds the prompt for a password unless something else is configured.
    pub const PASSWORD: &'static str = "[Pp]assword:";

    /// Compiles `pattern`, in the syntax of Rust's `regex` crate: that of POSIX's extended
    /// expressions and more, without references back.
    ///
    /// # Errors
    ///
    /// [`PatternError`].
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        if pattern.len() > PATTERN_MAX_BYTES {
            return Err(PatternError::TooLong(pattern.len()));
        }
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(COMPILED_MAX_BYTES).dfa_size_limit(COMPILED_MAX_BYTES).nest_limit(50);
        let compiled = builder.build().map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            // The last line says what is wrong; those before it draw an arrow to where.
            other => PatternError::Syntax(
                other.to_string().lines().last().unwrap_or_default().replace("error: ", ""),
            ),
        })?;
        Ok(Self(compiled))
    }

    pub(crate) fn is_in(&self, line: &[u8]) -> bool {
        self.0.is_match(line)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.0.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

/// Where in a control sequence the text is (ECMA-48 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    /// After ESC, with intermediate bytes or without.
    Escape,
    /// CSI: up to its final byte.
    Control,
    /// OSC, DCS, APC, PM, SOS: up to BEL or ST.
    Text,
    /// ESC within one: the beginning of ST, or of something else.
    TextEscape,
}

/// The characters of the line so far, without control sequences.
#[derive(Debug)]
pub(crate) struct PromptLine {
    sequence: Sequence,
    line: Vec<u8>,
}

impl PromptLine {
    pub(crate) const fn new() -> Self {
        Self { sequence: Sequence::None, line: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.line
    }

    /// Takes one byte of the terminal's text. Whether the line is longer for it.
    pub(crate) fn push(&mut self, byte: u8) -> bool {
        match (self.sequence, byte) {
            // CAN and SUB end a sequence that is under way.
            (_, 0x18 | 0x1a) => self.sequence = Sequence::None,
            (Sequence::Text, 0x1b) => self.sequence = Sequence::TextEscape,
            (Sequence::TextEscape, b'\\') | (Sequence::Text, 0x07) => {
                self.sequence = Sequence::None;
            }
            (Sequence::Text, _) | (Sequence::None, 0x7f) => {}
            (_, 0x1b) => self.sequence = Sequence::Escape,
            // Controls within other sequences are carried out.
            (_, 0..0x20) => self.control(byte),
            (Sequence::None, _) => {
                let is_kept = self.line.len() < LINE_MAX_BYTES;
                if is_kept {
                    self.line.push(byte);
                }
                return is_kept;
            }
            (Sequence::Escape | Sequence::TextEscape, b'[') => self.sequence = Sequence::Control,
            (Sequence::Escape | Sequence::TextEscape, b']' | b'P' | b'X' | b'^' | b'_') => {
                self.sequence = Sequence::Text;
            }
            (Sequence::Escape | Sequence::TextEscape, 0x30..) | (Sequence::Control, 0x40..) => {
                self.sequence = Sequence::None;
            }
            (Sequence::Escape | Sequence::TextEscape | Sequence::Control, _) => {}
        }
        false
    }

    fn control(&mut self, byte: u8) {
        match byte {
            b'\r' | b'\n' => self.line.clear(),
            0x08 => {
                // A character of several bytes goes as a whole.
                while self.line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            b'\t' if self.line.len() < LINE_MAX_BYTES => self.line.push(b' '),
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
