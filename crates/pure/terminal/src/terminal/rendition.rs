//! Select graphic rendition: the pen's colours and attributes.

use super::Terminal;
use super::feed::Show;
use super::parser::Numbers;
use super::style::{Color, Flags, Style, Underline};

/// What became of the numbers of a sequence.
struct Taken {
    /// How many belong to what was read.
    len: usize,
    /// Whether xterm.js reads them alike.
    is_alike: bool,
}

impl Terminal {
    /// SGR.
    pub(super) fn select_rendition(&mut self) -> Show {
        let numbers = &self.parser.numbers;
        let mut at = 0;
        let mut is_alike = true;
        while at < numbers.len() {
            let taken = self.pen.select(numbers, at);
            is_alike &= taken.is_alike;
            at += taken.len.max(1);
        }
        self.pen_changed();
        if is_alike {
            return Show::Same;
        }
        let mut all = Vec::new();
        self.pen.write_all(&mut all);
        Show::Instead(all)
    }
}

impl Style {
    /// Does what the numbers from `at` on say.
    fn select(&mut self, numbers: &Numbers, at: usize) -> Taken {
        let number = numbers.get(at);
        let subs = (at + 1..numbers.len()).take_while(|&at| numbers.is_sub(at)).count();
        if matches!(number, 38 | 48 | 58) {
            return self.select_color(numbers, at, subs);
        }
        let mut is_alike = subs == 0;
        let mut set = |flag, on| self.flags = self.flags.with(flag, on);
        match number {
            0 => *self = Self { link: self.link.take(), ..Self::default() },
            1 => set(Flags::BOLD, true),
            2 => set(Flags::FAINT, true),
            3 => set(Flags::ITALIC, true),
            4 => {
                let kind = if subs == 0 { 1 } else { numbers.get(at + 1) };
                self.underline = Underline::with_number(kind).unwrap_or(Underline::Single);
                is_alike = subs <= 1 && kind <= 5;
            }
            5 => set(Flags::BLINK, true),
            7 => set(Flags::INVERSE, true),
            8 => set(Flags::INVISIBLE, true),
            9 => set(Flags::STRIKE, true),
            21 => self.underline = Underline::Double,
            22 => {
                set(Flags::BOLD, false);
                set(Flags::FAINT, false);
            }
            23 => set(Flags::ITALIC, false),
            24 => self.underline = Underline::None,
            25 => set(Flags::BLINK, false),
            27 => set(Flags::INVERSE, false),
            28 => set(Flags::INVISIBLE, false),
            29 => set(Flags::STRIKE, false),
            30..=37 | 90..=97 => self.foreground = plain_color(number),
            39 => self.foreground = Color::Default,
            40..=47 | 100..=107 => self.background = plain_color(number - 10),
            49 => self.background = Color::Default,
            53 => set(Flags::OVERLINE, true),
            55 => set(Flags::OVERLINE, false),
            // xterm.js makes it white.
            59 => {
                self.underline_color = Color::Default;
                is_alike = false;
            }
            _ => is_alike = false,
        }
        Taken { len: 1 + subs, is_alike }
    }

    /// A colour of 256 or of red, green and blue, in one of the forms in use: `38;5;n`, `38:5:n`,
    /// `38;2;r;g;b`, `38:2:r:g:b`, `38:2:space:r:g:b`.
    fn select_color(&mut self, numbers: &Numbers, at: usize, subs: usize) -> Taken {
        let byte = |at: usize| u8::try_from(numbers.get(at)).ok();
        let rgb = |at: usize| Some(Color::Rgb(byte(at)?, byte(at + 1)?, byte(at + 2)?));
        let plain = (at + 1..numbers.len()).take_while(|&at| !numbers.is_sub(at)).count();
        let kind = numbers.get(at + 1);
        let (color, len) = match (kind, subs, plain) {
            (5, 0, 2..) | (5, 2, _) => (byte(at + 2).map(Color::Palette), 3),
            (2, 0, 4..) | (2, 4, _) => (rgb(at + 2), 5),
            (2, 5.., _) => (rgb(at + 3), 1 + subs),
            (_, 0, _) => (None, 2),
            _ => (None, 1 + subs),
        };
        if let Some(color) = color {
            match numbers.get(at) {
                38 => self.foreground = color,
                48 => self.background = color,
                _ => self.underline_color = color,
            }
        }
        // Of the forms with colons, xterm.js knows that of 256 colours and that with a space.
        let is_known = subs == 0 || (kind == 5 && subs == 2) || (kind == 2 && subs == 5);
        let follows_sub = numbers.is_sub(at + len);
        Taken { len, is_alike: color.is_some() && is_known && !follows_sub }
    }

    /// Appends the sequences that give a pen of any kind this style, but for the link.
    pub(super) fn write_all(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        for (flag, number) in [
            (Flags::BOLD, 1),
            (Flags::FAINT, 2),
            (Flags::ITALIC, 3),
            (Flags::BLINK, 5),
            (Flags::INVERSE, 7),
            (Flags::INVISIBLE, 8),
            (Flags::STRIKE, 9),
            (Flags::OVERLINE, 53),
        ] {
            if self.flags.has(flag) {
                out.extend(format!(";{number}").into_bytes());
            }
        }
        match self.underline {
            Underline::None => {}
            Underline::Single => out.extend_from_slice(b";4"),
            other => out.extend(format!(";4:{}", other.number()).into_bytes()),
        }
        write_color(self.foreground, 30, out);
        write_color(self.background, 40, out);
        write_color(self.underline_color, 50, out);
        out.push(b'm');
        if self.flags.has(Flags::PROTECTED) {
            out.extend_from_slice(b"\x1b[1\"q");
        }
    }
}

/// The colour of 30 to 37 and 90 to 97.
fn plain_color(number: u32) -> Color {
    let index = if number < 90 { number - 30 } else { number - 82 };
    Color::Palette(u8::try_from(index).unwrap_or(0))
}

/// Appends a colour's numbers: `base` is 30 for the foreground, 40 for the background, 50 for the underline.
fn write_color(color: Color, base: u8, out: &mut Vec<u8>) {
    let words = match color {
        Color::Default => return,
        Color::Palette(index @ 0..=7) if base < 50 => format!(";{}", base + index),
        Color::Palette(index @ 8..=15) if base < 50 => format!(";{}", base + 52 + index),
        Color::Palette(index) => format!(";{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => format!(";{};2;{red};{green};{blue}", base + 8),
    };
    out.extend(words.into_bytes());
}
