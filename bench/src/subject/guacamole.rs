//! Instructions of the Guacamole protocol: `4.sync,4.1234;`. The number before each element is
//! its length in Unicode code points.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

/// Longest instruction that is taken. guacd sends at most 8192 bytes, others more.
const INSTRUCTION_MAX_BYTES: usize = 1 << 20;

/// Most elements of an instruction.
const ELEMENTS_MAX: usize = 128;

/// Most digits of a length.
const DIGITS_MAX: usize = 7;

/// One instruction, as it lies in what arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instruction<'a> {
    /// What to do.
    pub(super) opcode: &'a str,
    /// With what.
    pub(super) arguments: Vec<&'a str>,
    /// Bytes that it took, with the semicolon.
    pub(super) len_bytes: usize,
}

impl<'a> Instruction<'a> {
    /// Reads the first instruction of `bytes`. `None`: it is not all here.
    ///
    /// # Errors
    ///
    /// It is none, or too long.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>> {
        let mut elements = Vec::new();
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some((element, end)) = element(rest)? else {
                ensure!(bytes.len() < INSTRUCTION_MAX_BYTES, "an instruction without an end");
                return Ok(None);
            };
            elements.push(element);
            ensure!(elements.len() <= ELEMENTS_MAX, "an instruction of too many elements");
            at += end + 1;
            match rest.get(end) {
                Some(b',') => {}
                Some(b';') => break,
                other => anyhow::bail!("{other:?} behind an element"),
            }
        }
        let opcode = elements.remove(0);
        Ok(Some(Self { opcode, arguments: elements, len_bytes: at }))
    }

    /// An argument by its place; empty when there are fewer.
    pub(super) fn argument(&self, index: usize) -> &'a str {
        self.arguments.get(index).copied().unwrap_or_default()
    }
}

/// The element at the start of `bytes`, and where its terminator is.
fn element(bytes: &[u8]) -> Result<Option<(&str, usize)>> {
    let head = bytes.get(..bytes.len().min(DIGITS_MAX + 1)).unwrap_or_default();
    let Some(dot) = head.iter().position(|byte| *byte == b'.') else {
        ensure!(
            head.len() <= DIGITS_MAX && head.iter().all(u8::is_ascii_digit),
            "an element without a length"
        );
        return Ok(None);
    };
    let digits = std::str::from_utf8(head.get(..dot).unwrap_or_default())?;
    let count: usize = digits.parse().with_context(|| format!("the length {digits:?}"))?;
    ensure!(count <= INSTRUCTION_MAX_BYTES, "an element of {count} letters");
    let text = bytes.get(dot + 1..).unwrap_or_default();
    // The terminator is the code point after the last; all bytes but the first of each code
    // point begin with the bits 10.
    let mut starts = text.iter().enumerate().filter(|(_, byte)| **byte & 0xC0 != 0x80);
    let Some((end, _)) = starts.nth(count) else { return Ok(None) };
    let element = std::str::from_utf8(text.get(..end).unwrap_or_default())?;
    Ok(Some((element, dot + 1 + end)))
}

/// Writes an instruction.
pub(super) fn instruction(elements: &[&str]) -> String {
    let mut text = String::new();
    for (index, element) in elements.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // The `String` never refuses.
        let _ = write!(text, "{comma}{}.{element}", element.chars().count());
    }
    text.push(';');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let text = instruction(&["name", "Ärger 🦀", "", "a,b;c.d"]);
        assert_eq!(text, "4.name,7.Ärger 🦀,0.,7.a,b;c.d;");
        let bytes = format!("{text}4.sync,1.7;").into_bytes();
        let first = Instruction::parse(&bytes).unwrap().unwrap();
        assert_eq!((first.opcode, first.len_bytes), ("name", text.len()));
        assert_eq!(first.arguments, ["Ärger 🦀", "", "a,b;c.d"]);
        assert_eq!(first.argument(3), "");
        let second = Instruction::parse(&bytes[first.len_bytes..]).unwrap().unwrap();
        assert_eq!((second.opcode, second.argument(0)), ("sync", "7"));
        for cut in 0..text.len() {
            assert_eq!(Instruction::parse(&bytes[..cut]).unwrap(), None, "cut at {cut}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        let many = "1.a,".repeat(ELEMENTS_MAX + 1);
        let wrong: [&[u8]; 8] = [
            b"x",
            b".a;",
            b"12345678",
            b"9999999.a;",
            b"1.ab;",
            b"2.a;",
            b"2.\xFF\xFF;",
            many.as_bytes(),
        ];
        for bytes in wrong {
            let parsed = Instruction::parse(bytes);
            // A length that takes in the terminator waits for more.
            assert!(parsed.is_err() || bytes == b"2.a;", "{parsed:?}");
        }
        let endless = vec![b'1'; 1];
        assert_eq!(Instruction::parse(&endless).unwrap(), None);
        let mut unended = format!("{INSTRUCTION_MAX_BYTES}.").into_bytes();
        unended.resize(INSTRUCTION_MAX_BYTES, b'a');
        assert!(Instruction::parse(&unended).is_err());
    }
}
