//! MB in a second of a processor's time, of a terminal's state over text that programs write.
//!
//! `cargo bench -p porthole-bench --bench terminal`. Each line is the best of several rounds, so
//! that what else the machine does matters little.
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    reason = "a bench feeds what it made itself, and stops at the first surprise"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use porthole_remote::{Cells, TerminalLook};
use porthole_terminal::{Fed, Terminal};

const ROUNDS: usize = 9;

/// Bytes fed at a time, as they come from a socket.
const PIECE_BYTES: usize = 32 << 10;

const BYTES: usize = 16 << 20;

fn main() {
    let texts = [
        ("plain lines", plain()),
        ("one endless line", vec![b'x'; BYTES]),
        ("ls --color", colours()),
        ("an editor that scrolls", editor()),
        ("Chinese", repeat("中文终端的一行文字，共有二十个左右的字。\r\n")),
        ("accents", repeat("Überall dürfen Zeichen größer als ASCII sein, déjà vu.\r\n")),
        ("other colours for each letter", rainbow()),
        ("bytes that are no text", (0..BYTES).map(|at| (at * at / 7).to_le_bytes()[1]).collect()),
    ];
    println!("{:<32}{:>9}{:>9}{:>12}{:>10}", "", "MB/s", "shown %", "kept KB", "screen KB");
    for (name, text) in &texts {
        line(name, text);
    }
    idle();
}

fn line(name: &str, text: &[u8]) {
    let mut best = Duration::MAX;
    let (mut shown, mut kept, mut screen) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let mut terminal = terminal();
        let start = processor_time();
        shown = 0;
        for piece in text.chunks(PIECE_BYTES) {
            let mut fed = Fed::default();
            terminal.feed(black_box(piece), &mut fed);
            shown += black_box(fed).shown.len();
        }
        best = best.min(processor_time().saturating_sub(start));
        kept = terminal.scrollback_bytes();
        screen = terminal.snapshot().len();
    }
    println!(
        "{name:<32}{:>9.0}{:>9}{:>12}{:>10}",
        text.len() as f64 / best.as_secs_f64() / 1e6,
        100 * shown / text.len(),
        kept / 1000,
        screen / 1000,
    );
}

/// What this process has spent on processors.
fn processor_time() -> Duration {
    let words = std::fs::read_to_string("/proc/self/schedstat").expect("Linux tells");
    let nanoseconds = words.split_whitespace().next().expect("a first number");
    Duration::from_nanos(nanoseconds.parse().expect("nanoseconds"))
}

/// What a shell costs that has written 1000 rows and waits.
fn idle() {
    let mut terminal = terminal();
    for number in 0..1100 {
        let line =
            format!("-rw-r--r-- 1 user group {number:>9} Jan  1 12:00 file-{number}.txt\r\n");
        terminal.feed(line.as_bytes(), &mut Fed::default());
    }
    let start = Instant::now();
    let snapshot = terminal.snapshot();
    let time = start.elapsed();
    println!(
        "idle: {} rows above in {} KB; a snapshot of {} KB in {:.2} ms",
        terminal.scrollback_len(),
        terminal.scrollback_bytes() / 1000,
        snapshot.len() / 1000,
        time.as_secs_f64() * 1e3,
    );
}

fn terminal() -> Terminal {
    let look = TerminalLook {
        font_name: String::new(),
        font_size_pt: 12,
        scrollback: 1000,
        colors: Box::new([[0; 3]; 258]),
    };
    Terminal::new(Cells::USUAL, &look)
}

fn repeat(text: &str) -> Vec<u8> {
    text.bytes().cycle().take(BYTES).collect()
}

/// Lines of 20 to 100 letters.
fn plain() -> Vec<u8> {
    let mut text = String::new();
    while text.len() < BYTES {
        let number = text.len();
        let _ = write!(text, "{number:>9} ");
        text.extend(std::iter::repeat_n("lorem ipsum ", 1 + number % 8));
        text.push_str("\r\n");
    }
    text.into_bytes()
}

fn colours() -> Vec<u8> {
    let mut text = String::new();
    while text.len() < BYTES {
        for (at, colour) in [34, 32, 36, 31, 33].iter().enumerate() {
            let number = text.len() % 977;
            let _ = write!(text, "\x1b[0m\x1b[01;{colour}mfile-{number}-{at}\x1b[0m  ");
        }
        text.push_str("\r\n");
    }
    text.into_bytes()
}

/// A screen of a program's text in colours, scrolled line by line between margins.
fn editor() -> Vec<u8> {
    let mut text = "\x1b[?1049h\x1b[1;23r".to_owned();
    while text.len() < BYTES {
        let number = text.len() % 9973;
        let _ = write!(
            text,
            "\x1b[23;1H\r\n\x1b[33m{number:>5} \x1b[35mlet\x1b[m value_{number} = \x1b[31m\"text\"\x1b[m\x1b[36m;\x1b[m\
             // comment\x1b[K\x1b[24;63H\x1b[1m{number},1\x1b[m\x1b[23;7H"
        );
    }
    text.into_bytes()
}

fn rainbow() -> Vec<u8> {
    let mut text = String::new();
    while text.len() < BYTES {
        let [red, green, blue, ..] = (text.len() * 7919).to_le_bytes();
        let _ = write!(text, "\x1b[38;2;{red};{green};{blue}mx");
    }
    text.into_bytes()
}
