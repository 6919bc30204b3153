//! What the gateway asks of the person at the screen, and the answer.

use std::fmt;

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;
use zeroize::Zeroizing;

use crate::LinkError;
use crate::record::read_text;

/// Longest answer to one question, in bytes.
pub const ANSWER_MAX_BYTES: usize = 1024;

/// Bits of the Prompt record's `fields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PromptField;

impl PromptField {
    /// The user's name on the remote.
    pub const USERNAME: u8 = 1;
    /// The password.
    pub const PASSWORD: u8 = 2;
    /// The domain that the user name belongs to.
    pub const DOMAIN: u8 = 4;
}

/// A question to the person at the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prompt {
    /// What is asked for: bits of [`PromptField`]. None ends the asking.
    pub fields: u8,
    /// Why the last answer did not do; empty at first.
    pub reason: String,
}

/// The answer to a [`Prompt`]. What was not asked for is empty.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// User name.
    pub username: String,
    /// Password; wiped when dropped.
    pub password: Zeroizing<String>,
    /// Domain.
    pub domain: String,
}

impl fmt::Debug for Answer {
    /// Without what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl Answer {
    pub(crate) fn put(&self, out: &mut BytesMut) {
        for text in [&self.username, &*self.password, &self.domain] {
            out.put_u16_le(u16::try_from(text.len()).unwrap_or(0));
            out.put_slice(text.as_bytes());
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, LinkError> {
        let username = read_answer(input)?;
        let password = Zeroizing::new(read_answer(input)?);
        Ok(Self { username, password, domain: read_answer(input)? })
    }
}

fn read_answer(input: &mut Reader<'_>) -> Result<String, LinkError> {
    let short = LinkError::Short { name: "answer" };
    let bytes = input.u16_le().and_then(|len| input.take(len.into())).ok_or(short)?;
    read_text("answer", bytes, ANSWER_MAX_BYTES)
}
