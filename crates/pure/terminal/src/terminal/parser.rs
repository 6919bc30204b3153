//! Where in a control sequence the bytes are (after Paul Williams' parser of DEC's terminals).

/// Longest sequence that is not a string, in bytes.
pub(super) const SEQUENCE_MAX_BYTES: usize = 256;

/// Most numbers in a sequence.
const NUMBERS_MAX: usize = 32;

/// Largest number; what is larger counts as this.
const NUMBER_MAX: u32 = 65_535;

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Text.
    #[default]
    Ground,
    /// The byte behind ESC.
    Escape,
    /// An escape sequence with a byte of 0x20 to 0x2f in it.
    EscapeMore,
    /// The byte behind CSI.
    CsiEntry,
    /// Numbers of a control sequence.
    CsiNumbers,
    /// Behind a byte of 0x20 to 0x2f in a control sequence.
    CsiMore,
    /// A control sequence that means nothing.
    CsiIgnored,
    /// OSC: a string for the terminal's surroundings.
    Osc,
    /// DCS: a string for the terminal.
    Dcs,
    /// A string that nobody reads (SOS, PM, APC).
    OtherString,
}

/// The numbers of a control sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    values: [u32; NUMBERS_MAX],
    /// A bit for each number that follows a colon.
    subs: u32,
    len: usize,
}

impl Numbers {
    /// Where nothing stands between two colons.
    pub(super) const MISSING: u32 = u32::MAX;

    const NONE: Self = Self { values: [0; NUMBERS_MAX], subs: 0, len: 1 };

    pub(super) fn values(&self) -> &[u32] {
        self.values.get(..self.len).unwrap_or(&self.values)
    }

    /// The number at a place, 0 where there is none.
    pub(super) fn get(&self, at: usize) -> u32 {
        self.values().get(at).copied().unwrap_or(0)
    }

    /// The first number as a count: at least 1.
    pub(super) fn count(&self) -> usize {
        usize::try_from(self.get(0).max(1)).unwrap_or(1)
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether the number at a place follows a colon.
    pub(super) const fn is_sub(&self, at: usize) -> bool {
        at < NUMBERS_MAX && self.subs >> at & 1 == 1
    }

    pub(super) const fn has_subs(&self) -> bool {
        self.subs != 0
    }

    /// Begins another number. False: there are too many.
    fn next(&mut self, is_sub: bool) -> bool {
        let Some(value) = self.values.get_mut(self.len) else { return false };
        *value = if is_sub { Self::MISSING } else { 0 };
        self.subs |= u32::from(is_sub) << self.len;
        self.len += 1;
        true
    }

    fn digit(&mut self, digit: u8) {
        if let Some(value) = self.len.checked_sub(1).and_then(|last| self.values.get_mut(last)) {
            let so_far = if *value == Self::MISSING { 0 } else { *value };
            *value = (so_far * 10 + u32::from(digit)).min(NUMBER_MAX);
        }
    }
}

/// A sequence as far as it has come.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) state: State,
    pub(super) numbers: Numbers,
    /// The byte of 0x3c to 0x3f behind CSI, or 0.
    pub(super) prefix: u8,
    /// The byte of 0x20 to 0x2f before the last one, or 0; 0xff for several.
    pub(super) middle: u8,
    /// Bytes so far.
    pub(super) len: usize,
}

impl Parser {
    pub(super) const fn new() -> Self {
        Self { state: State::Ground, numbers: Numbers::NONE, prefix: 0, middle: 0, len: 0 }
    }

    /// Begins a sequence: ESC has come.
    pub(super) const fn escape(&mut self) {
        self.state = State::Escape;
        self.prefix = 0;
        self.middle = 0;
        self.len = 1;
    }

    /// Takes a byte of 0x20 to 0x7e inside an escape or control sequence. True: it was the last.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.len += 1;
        match self.state {
            State::Escape => return self.take_escape(byte),
            State::EscapeMore => match byte {
                0x20..=0x2F => self.middle = 0xFF,
                _ => return true,
            },
            State::CsiEntry | State::CsiNumbers => return self.take_number(byte),
            State::CsiMore => match byte {
                0x20..=0x2F => self.middle = 0xFF,
                0x30..=0x3F => self.state = State::CsiIgnored,
                _ => return true,
            },
            State::CsiIgnored => return byte >= 0x40,
            State::Ground | State::Osc | State::Dcs | State::OtherString => {}
        }
        if self.len > SEQUENCE_MAX_BYTES {
            self.state = State::CsiIgnored;
        }
        false
    }

    fn take_escape(&mut self, byte: u8) -> bool {
        match byte {
            b'[' => {
                self.numbers.subs = 0;
                self.numbers.len = 1;
                self.numbers.values[0] = 0;
                self.state = State::CsiEntry;
            }
            b']' => self.state = State::Osc,
            b'P' => self.state = State::Dcs,
            b'X' | b'^' | b'_' => self.state = State::OtherString,
            0x20..=0x2F => {
                self.middle = byte;
                self.state = State::EscapeMore;
            }
            _ => return true,
        }
        false
    }

    fn take_number(&mut self, byte: u8) -> bool {
        let mut fits = self.len <= SEQUENCE_MAX_BYTES;
        match byte {
            b'0'..=b'9' => self.numbers.digit(byte - b'0'),
            b';' => fits &= self.numbers.next(false),
            b':' => fits &= self.numbers.next(true),
            0x3C..=0x3F if self.state == State::CsiEntry => self.prefix = byte,
            0x3C..=0x3F => fits = false,
            0x20..=0x2F => {
                self.middle = byte;
                self.state = State::CsiMore;
                return false;
            }
            _ => return true,
        }
        self.state = if fits { State::CsiNumbers } else { State::CsiIgnored };
        false
    }
}
