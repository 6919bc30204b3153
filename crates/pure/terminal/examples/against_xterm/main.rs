//! Writes cases for `tests/terminal`, which holds xterm.js to the same pictures and widths.
//!
//! `against_xterm SEED COUNT [FILE...]`: so many invented sessions, and recorded ones, whose files are
//! called `NAME.COLUMNSxROWS.bin`. Each is cut at random places, with snapshots in between. Of each
//! piece there is what came, what viewers are shown of it, and the terminal in words.
#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test's other half stops at the first surprise"
)]

mod words;

use std::fmt::Write as _;
use std::io::Write as _;

use porthole_remote::{Cells, TerminalLook};
use porthole_terminal::{Fed, Terminal};
use words::Random;

/// The last mode that is asked for: no known one is higher.
const MODES_MAX: u32 = 2100;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seed: u64 = arguments.next().expect("a seed").parse().expect("a number");
    let count: u64 = arguments.next().expect("a count").parse().expect("a number");
    let mut out = String::new();
    write_widths(&mut out);
    write_modes(&mut out);
    for file in arguments {
        let mut random = Random::new(seed);
        write_recorded(&file, &mut random, &mut out);
    }
    for (name, text) in words::PICTURES {
        let mut case = Case::begin(&mut out, name, Cells::USUAL, 50, 2);
        let mut random = Random::new(seed);
        case.feed(text.as_bytes(), &mut random);
        case.check();
        case.end();
    }
    for number in seed..seed + count {
        let mut random = Random::new(number);
        write_invented(number, &mut random, &mut out);
        std::io::stdout().write_all(out.as_bytes()).expect("an open pipe");
        out.clear();
    }
    std::io::stdout().write_all(out.as_bytes()).expect("an open pipe");
}

/// The columns of every character from U+00A0 on: pairs of how many of one width there are, and that.
fn write_widths(out: &mut String) {
    let mut case = Case::begin(out, "widths", Cells::USUAL, 0, 0);
    let mut words = "widths".to_owned();
    let (mut count, mut last) = (0, 1);
    for code in 0xA0..=0x0010_FFFF {
        let width = match char::from_u32(code) {
            // Neither halves of UTF-16 nor the mark of byte order are ever written.
            None | Some('\u{feff}') => last,
            Some(character) => {
                let text = format!("\ra{character}");
                case.terminal.feed(text.as_bytes(), &mut Fed::default());
                case.terminal.cursor().column - 1
            }
        };
        if width != last {
            let _ = write!(words, " {count} {last}");
            (count, last) = (0, width);
        }
        count += 1;
    }
    let _ = writeln!(case.out, "{words} {count} {last}");
    case.end();
}

/// What programs are told when they ask for a mode (DECRQM), of ANSI and of DEC: each question and
/// its answer.
fn write_modes(out: &mut String) {
    let mut case = Case::begin(out, "modes", Cells::USUAL, 0, 0);
    for mode in 0..=MODES_MAX {
        for question in [format!("\x1b[{mode}$p"), format!("\x1b[?{mode}$p")] {
            let mut fed = Fed::default();
            case.terminal.feed(question.as_bytes(), &mut fed);
            case.bytes("asked", question.as_bytes());
            case.bytes("answered", &fed.replies);
        }
    }
    case.end();
}

fn write_invented(number: u64, random: &mut Random, out: &mut String) {
    let size = Cells { columns: 5 + random.below(20) as u16, rows: 2 + random.below(8) as u16 };
    let scrollback = [0, 40, 100][random.below(3)];
    // When xterm.js breaks rows anew it mixes up marks, and without rows above also rows.
    let resizes = scrollback > 0 && random.below(2) == 0;
    let is_tame = number.is_multiple_of(2);
    let name = format!("{} {number}", if is_tame { "tame" } else { "wild" });
    let mut case = Case::begin(out, &name, size, scrollback, is_tame.into());
    for _ in 0..=random.below(5) {
        let mut text = Vec::new();
        for _ in 0..=random.below(30) {
            if is_tame {
                words::tame(random, &mut text);
            } else {
                words::wild(random, &mut text);
            }
        }
        if resizes {
            words::remove_marks(&mut text);
        }
        case.feed(&text, random);
        case.check();
        if resizes && random.below(3) == 0 {
            case.resize(random);
            case.check();
        }
    }
    case.end();
}

fn write_recorded(file: &str, random: &mut Random, out: &mut String) {
    #[expect(clippy::disallowed_methods, reason = "an example may read what it is given")]
    let bytes = std::fs::read(file).expect("a recording");
    let stem = std::path::Path::new(file).file_stem().and_then(|stem| stem.to_str());
    let (name, size) = stem.and_then(|stem| stem.split_once('.')).expect("NAME.SIZE.bin");
    let (columns, rows) = size.split_once('x').expect("COLUMNSxROWS");
    let size =
        Cells { columns: columns.parse().expect("columns"), rows: rows.parse().expect("rows") };
    let mut case = Case::begin(out, name, size, 100, 2);
    for piece in bytes.chunks(bytes.len() / 7 + 1) {
        case.feed(piece, random);
        case.check();
    }
    case.end();
}

/// A session that is being written.
struct Case<'a> {
    out: &'a mut String,
    terminal: Terminal,
}

impl<'a> Case<'a> {
    /// Begins one. `exact` is 2 if the bytes as they came are to show the same as those that are shown,
    /// and 1 if they are as long as both are the same.
    fn begin(out: &'a mut String, name: &str, size: Cells, scrollback: u32, exact: u8) -> Self {
        let look = TerminalLook {
            font_name: String::new(),
            font_size_pt: 12,
            scrollback,
            colors: Box::new([[0; 3]; 258]),
        };
        let Cells { columns, rows } = size;
        let _ = writeln!(out, "case {columns} {rows} {scrollback} {exact} {name}");
        Self { out, terminal: Terminal::new(size, &look) }
    }

    fn feed(&mut self, bytes: &[u8], random: &mut Random) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(1 + random.below(40)));
            let mut fed = Fed::default();
            self.terminal.feed(now, &mut fed);
            self.bytes("raw", now);
            self.bytes("shown", &fed.shown);
            rest = later;
        }
    }

    /// Another size. Programs on the alternate screen draw it again.
    fn resize(&mut self, random: &mut Random) {
        let size =
            Cells { columns: 5 + random.below(30) as u16, rows: 2 + random.below(10) as u16 };
        let _ = writeln!(self.out, "resize {} {}", size.columns, size.rows);
        self.terminal.resize(size);
        if self.terminal.is_alternate() {
            self.feed(b"\x1b[0m\x1b[2J", random);
        }
    }

    fn check(&mut self) {
        let snapshot = self.terminal.snapshot();
        let state = self.terminal.describe();
        let _ = writeln!(self.out, "state {}", state.lines().count());
        self.out.push_str(&state);
        self.bytes("snapshot", &snapshot);
    }

    fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let _ = write!(self.out, "{what} ");
        for byte in bytes {
            let _ = write!(self.out, "{byte:02x}");
        }
        self.out.push('\n');
    }

    fn end(self) {
        self.out.push_str("end\n");
    }
}
