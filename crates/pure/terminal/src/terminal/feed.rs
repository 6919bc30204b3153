//! Bytes to text and sequences, and which of them viewers are shown.

use super::parser::State;
use super::{Fed, Noticed, Terminal};

/// What viewers are shown of a sequence.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// The sequence, as it came.
    Same,
    /// Nothing.
    Nothing,
    /// Something else.
    Instead(Vec<u8>),
    /// The sequence, and then something else.
    SameThen(Vec<u8>),
}

/// The bytes being fed, and up to where they have been passed on.
pub(super) struct Chunk<'a> {
    pub(super) bytes: &'a [u8],
    /// Bytes before this are shown or left out; those from here on are shown unless they are left out.
    from: usize,
    /// Where the sequence being read begins.
    start: usize,
    pub(super) fed: &'a mut Fed,
}

impl Chunk<'_> {
    /// Shows what has not been shown up to `end`.
    fn flush(&mut self, end: usize) {
        if let Some(bytes) = self.bytes.get(self.from..end) {
            self.fed.shown.extend_from_slice(bytes);
        }
        self.from = self.from.max(end);
    }

    /// Leaves `start..end` out.
    fn skip(&mut self, start: usize, end: usize) {
        self.flush(start);
        self.from = end;
    }

    fn notice(&mut self, noticed: Noticed) {
        let kind = std::mem::discriminant(&noticed);
        self.fed.noticed.retain(|earlier| std::mem::discriminant(earlier) != kind);
        self.fed.noticed.push(noticed);
    }
}

/// The start of bytes, as a character.
enum Decoded {
    Character(char, usize),
    /// So many bytes that are not UTF-8.
    Invalid(usize),
    /// More bytes may make a character of it.
    Partial,
}

fn decode(bytes: &[u8]) -> Decoded {
    decode_valid(bytes).unwrap_or_else(|| decode_faulty(bytes))
}

/// A character of two or three bytes, as most beyond ASCII are.
fn decode_valid(bytes: &[u8]) -> Option<Decoded> {
    let tail = |byte: u8| (byte & 0xC0 == 0x80).then_some(u32::from(byte & 0x3F));
    let (code, least, len) = match *bytes {
        [first @ 0xC2..=0xDF, second, ..] => {
            (u32::from(first & 0x1F) << 6 | tail(second)?, 0x80, 2)
        }
        [first @ 0xE0..=0xEF, second, third, ..] => {
            (u32::from(first & 0x0F) << 12 | tail(second)? << 6 | tail(third)?, 0x800, 3)
        }
        _ => return None,
    };
    let character = char::from_u32(code).filter(|_| code >= least)?;
    Some(Decoded::Character(character, len))
}

fn decode_faulty(bytes: &[u8]) -> Decoded {
    let bytes = bytes.get(..4).unwrap_or(bytes);
    let (valid, invalid) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(valid).unwrap_or_default(), error.error_len())
        }
    };
    match (valid.chars().next(), invalid) {
        (Some(character), _) => Decoded::Character(character, character.len_utf8()),
        (None, Some(len)) => Decoded::Invalid(len),
        (None, None) => Decoded::Partial,
    }
}

/// How many of the first bytes are printable ASCII.
fn printable_len(bytes: &[u8]) -> usize {
    let is_printable = |byte: u8| byte.wrapping_sub(0x20) < 0x5F;
    let (blocks, _) = bytes.as_chunks::<16>();
    let whole = blocks
        .iter()
        .take_while(|block| block.iter().fold(true, |all, &byte| all & is_printable(byte)));
    let start = 16 * whole.count();
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|&&byte| is_printable(byte)).count()
}

impl Terminal {
    /// Takes bytes from the remote; `fed` gets what follows from them. They may be cut anywhere.
    pub fn feed(&mut self, bytes: &[u8], fed: &mut Fed) {
        let mut chunk = Chunk { bytes, from: 0, start: 0, fed };
        let mut at = self.finish_partial(&mut chunk);
        while at < bytes.len() {
            at = match self.parser.state {
                State::Ground => self.feed_text(at, &mut chunk),
                State::Osc | State::Dcs | State::OtherString => self.feed_string(at, &mut chunk),
                _ => self.feed_sequence(at, &mut chunk),
            };
        }
        match self.parser.state {
            State::Ground => {
                let end = bytes.len() - self.partial.len().min(bytes.len());
                chunk.flush(end);
            }
            State::Osc | State::Dcs | State::OtherString => {}
            _ => {
                self.held.extend_from_slice(bytes.get(chunk.start..).unwrap_or_default());
                let start = chunk.start;
                chunk.flush(start);
            }
        }
    }

    /// Goes on with a character whose first bytes came before. Returns how many bytes are taken.
    fn finish_partial(&mut self, chunk: &mut Chunk<'_>) -> usize {
        if self.partial.is_empty() {
            return 0;
        }
        let had = self.partial.len();
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend(chunk.bytes.iter().take(4 - had.min(4)));
        let taken = match decode(&bytes) {
            Decoded::Partial => {
                // All of the chunk is a part of it, and none is shown yet.
                chunk.from = chunk.bytes.len();
                self.partial = bytes;
                return chunk.bytes.len();
            }
            Decoded::Character(character, len) => {
                if self.print(character) {
                    chunk
                        .fed
                        .shown
                        .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                len - had.min(len)
            }
            Decoded::Invalid(len) => {
                self.print_replacement(chunk);
                len - had.min(len)
            }
        };
        chunk.from = taken;
        taken
    }

    fn print_replacement(&mut self, chunk: &mut Chunk<'_>) {
        if self.print(char::REPLACEMENT_CHARACTER) {
            chunk.fed.shown.extend_from_slice("\u{FFFD}".as_bytes());
        }
    }

    /// Takes text and controls from `at` on. Returns where to go on.
    fn feed_text(&mut self, at: usize, chunk: &mut Chunk<'_>) -> usize {
        let rest = chunk.bytes.get(at..).unwrap_or_default();
        let Some(&byte) = rest.first() else { return at };
        match byte {
            0x20..=0x7E => {
                let len = printable_len(rest);
                self.print_ascii(rest.get(..len).unwrap_or_default(), at, chunk);
                at + len
            }
            0x1B => {
                chunk.start = at;
                self.parser.escape();
                at + 1
            }
            0x00..=0x1F | 0x7F => {
                if !self.control(byte, chunk) {
                    chunk.skip(at, at + 1);
                }
                at + 1
            }
            0x80.. => self.feed_beyond_ascii(at, chunk),
        }
    }

    fn feed_beyond_ascii(&mut self, at: usize, chunk: &mut Chunk<'_>) -> usize {
        let rest = chunk.bytes.get(at..).unwrap_or_default();
        match decode(rest) {
            Decoded::Character(character, len) => {
                if !self.print(character) {
                    chunk.skip(at, at + len);
                }
                at + len
            }
            Decoded::Invalid(len) => {
                chunk.skip(at, at + len);
                self.print_replacement(chunk);
                at + len
            }
            Decoded::Partial => {
                self.partial.extend_from_slice(rest);
                at + rest.len()
            }
        }
    }

    /// Takes printable ASCII that begins at `at`.
    fn print_ascii(&mut self, text: &[u8], at: usize, chunk: &mut Chunk<'_>) {
        if self.can_print_plainly() {
            self.print_plain(text);
            return;
        }
        for (offset, &byte) in text.iter().enumerate() {
            if !self.print(byte.into()) {
                chunk.skip(at + offset, at + offset + 1);
            }
        }
    }

    /// Takes a byte of an escape or control sequence. Returns where to go on.
    fn feed_sequence(&mut self, at: usize, chunk: &mut Chunk<'_>) -> usize {
        let Some(&byte) = chunk.bytes.get(at) else { return at };
        match byte {
            0x18 | 0x1A => self.drop_sequence(at + 1, chunk),
            0x1B => {
                self.drop_sequence(at, chunk);
                chunk.start = at;
                self.parser.escape();
            }
            0x00..=0x1F | 0x7F => {
                // Carried out now, in the middle of the sequence, and so shown before it.
                self.held.extend_from_slice(chunk.bytes.get(chunk.start..at).unwrap_or_default());
                let start = chunk.start;
                chunk.skip(start, at + 1);
                if self.control(byte, chunk) {
                    chunk.fed.shown.extend_from_slice(&[byte]);
                }
                chunk.start = at + 1;
            }
            0x20..=0x7E => {
                let (ends, byte, at) = self.take_many(at, byte, chunk.bytes);
                if matches!(self.parser.state, State::Osc | State::Dcs | State::OtherString) {
                    let start = chunk.start;
                    chunk.skip(start, at + 1);
                    self.held.clear();
                    self.string.clear();
                } else if ends {
                    self.end_sequence(byte, at + 1, chunk);
                }
                return at + 1;
            }
            0x80.. => {
                // No sequence holds such a byte: it is broken off, and text follows.
                self.drop_sequence(at, chunk);
                return at;
            }
        }
        at + 1
    }

    /// Takes bytes of a sequence from `at` on, until one ends it or is not of the usual kind. Returns
    /// whether the last one taken ends it, that one, and where it is.
    fn take_many(&mut self, at: usize, first: u8, bytes: &[u8]) -> (bool, u8, usize) {
        let (mut last, mut at) = (first, at);
        loop {
            if self.parser.take(last) {
                return (true, last, at);
            }
            let is_string =
                matches!(self.parser.state, State::Osc | State::Dcs | State::OtherString);
            match bytes.get(at + 1) {
                Some(&next @ 0x20..=0x7E) if !is_string => (last, at) = (next, at + 1),
                _ => return (false, last, at),
            }
        }
    }

    /// Leaves out the sequence up to `end`.
    fn drop_sequence(&mut self, end: usize, chunk: &mut Chunk<'_>) {
        let start = chunk.start;
        chunk.skip(start, end);
        self.held.clear();
        self.parser.state = State::Ground;
    }

    /// Carries out the sequence that ends before `end`.
    fn end_sequence(&mut self, last: u8, end: usize, chunk: &mut Chunk<'_>) {
        let show = match self.parser.state {
            State::CsiIgnored => Show::Nothing,
            State::Escape | State::EscapeMore => self.escape(last),
            _ => self.control_sequence(last, chunk.fed),
        };
        self.show(show, end, chunk);
        self.parser.state = State::Ground;
    }

    /// Shows of the sequence that ends before `end` what is to be shown.
    fn show(&mut self, show: Show, end: usize, chunk: &mut Chunk<'_>) {
        let (same, then) = match show {
            Show::Same => (true, Vec::new()),
            Show::Nothing => (false, Vec::new()),
            Show::Instead(other) => (false, other),
            Show::SameThen(more) => (true, more),
        };
        let start = chunk.start;
        if same {
            if !self.held.is_empty() {
                chunk.flush(start);
                chunk.fed.shown.extend_from_slice(&self.held);
            }
        } else {
            chunk.skip(start, end);
        }
        self.held.clear();
        if !then.is_empty() {
            chunk.flush(end);
            chunk.fed.shown.extend_from_slice(&then);
        }
        if same || !then.is_empty() {
            self.joinable = 0;
        }
        self.settle(end, chunk);
    }

    /// The cursor may be behind the last column only where that holds something: nothing else could be
    /// told in a snapshot.
    fn settle(&mut self, end: usize, chunk: &mut Chunk<'_>) {
        let columns = self.screen.columns;
        if self.screen.x < columns {
            return;
        }
        let last = self.screen.rows.get(self.screen.y).map(|row| row.get(columns - 1));
        if last.is_some_and(|cell| !cell.has_content() && cell.width() == 1) {
            self.screen.x = columns - 1;
            let place = self.place();
            chunk.flush(end);
            chunk.fed.shown.extend_from_slice(&place);
        }
    }

    /// Takes bytes of a string. Returns where to go on.
    fn feed_string(&mut self, at: usize, chunk: &mut Chunk<'_>) -> usize {
        let rest = chunk.bytes.get(at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, 0x07 | 0x18 | 0x1A | 0x1B);
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        self.keep_string(rest.get(..len).unwrap_or_default());
        let Some(&last) = rest.get(len) else {
            chunk.from = at + len;
            return at + len;
        };
        let end = at + len + 1;
        chunk.from = end;
        chunk.start = end;
        if last == 0x07 && self.parser.state != State::Osc {
            return end;
        }
        let state = std::mem::take(&mut self.parser.state);
        if last == 0x07 || last == 0x1B {
            let mut noticed = None;
            let show = match state {
                State::Osc => self.operating_system_command(chunk.fed, &mut noticed),
                State::Dcs => self.device_control(chunk.fed),
                _ => Show::Nothing,
            };
            if let Some(noticed) = noticed {
                chunk.notice(noticed);
            }
            self.show(show, end, chunk);
        }
        self.string = Vec::new();
        if last == 0x1B {
            // ESC ends the string, and begins the sequence that a backslash completes.
            chunk.from = end;
            self.held.push(0x1B);
            self.parser.escape();
        }
        end
    }

    /// Carries out a control character. False: viewers are not shown it.
    fn control(&mut self, byte: u8, chunk: &mut Chunk<'_>) -> bool {
        match byte {
            0x07 => {
                chunk.notice(Noticed::Bell);
                return false;
            }
            0x08 => self.backspace(),
            0x09 => self.tab(),
            0x0A..=0x0C => self.line_feed(),
            0x0D => self.screen.x = 0,
            0x0E => self.level = 1,
            0x0F => self.level = 0,
            _ => return false,
        }
        self.joinable = 0;
        true
    }
}
