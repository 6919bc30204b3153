//! What a remote asks in words of its own, and the answers.

use std::fmt;

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;
use zeroize::Zeroizing;

use crate::record::read_text;
use crate::{ANSWER_MAX_BYTES, LinkError};

/// Most questions of one record.
pub const QUESTIONS_MAX: usize = 16;

/// Longest text of a question, in bytes.
pub const QUESTION_MAX_BYTES: usize = 256;

/// Longest instruction, in bytes.
const INSTRUCTION_MAX_BYTES: usize = 4096;

/// Questions to the person at the screen, in the remote's words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuestionsRecord {
    /// Whether there is something to answer, or at least to read; not so ends the asking.
    pub open: bool,
    /// For each, whether what is typed may be seen, and the text: at most [`QUESTIONS_MAX`].
    pub questions: Vec<(bool, String)>,
    /// What they are about; may be empty.
    pub instruction: String,
}

/// The answers, in the questions' order. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RepliesRecord(pub Vec<Zeroizing<String>>);

impl fmt::Debug for RepliesRecord {
    /// Without what was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RepliesRecord({})", self.0.len())
    }
}

impl QuestionsRecord {
    /// Questions beyond the last that may be asked are left out.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        out.put_u8(self.open.into());
        let asked = self.questions.get(..QUESTIONS_MAX).unwrap_or(&self.questions);
        out.put_u8(u8::try_from(asked.len()).unwrap_or(0));
        for (echo, text) in asked {
            out.put_u8((*echo).into());
            out.put_u16_le(u16::try_from(text.len()).unwrap_or(0));
            out.put_slice(text.as_bytes());
        }
        out.put_slice(self.instruction.as_bytes());
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "questions" };
        let open = input.u8().ok_or(SHORT)? != 0;
        let count = input.u8().ok_or(SHORT)?;
        if usize::from(count) > QUESTIONS_MAX {
            return Err(LinkError::Undefined { field: "questions", value: count.into() });
        }
        let mut questions = Vec::new();
        for _ in 0..count {
            let echo = input.u8().ok_or(SHORT)? != 0;
            let text = input.u16_le().and_then(|len| input.take(len.into())).ok_or(SHORT)?;
            questions.push((echo, read_text("question", text, QUESTION_MAX_BYTES)?));
        }
        let instruction = read_text("instruction", input.take_rest(), INSTRUCTION_MAX_BYTES)?;
        Ok(Self { open, questions, instruction })
    }
}

impl RepliesRecord {
    pub(crate) fn put(&self, out: &mut BytesMut) {
        out.put_u8(u8::try_from(self.0.len()).unwrap_or(0));
        for text in &self.0 {
            out.put_u16_le(u16::try_from(text.len()).unwrap_or(0));
            out.put_slice(text.as_bytes());
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, LinkError> {
        const SHORT: LinkError = LinkError::Short { name: "replies" };
        let count = input.u8().ok_or(SHORT)?;
        if usize::from(count) > QUESTIONS_MAX {
            return Err(LinkError::Undefined { field: "replies", value: count.into() });
        }
        let reply = |input: &mut Reader<'_>| {
            let text = input.u16_le().and_then(|len| input.take(len.into())).ok_or(SHORT)?;
            read_text("reply", text, ANSWER_MAX_BYTES).map(Zeroizing::new)
        };
        (0..count).map(|_| reply(input)).collect::<Result<_, _>>().map(Self)
    }
}
