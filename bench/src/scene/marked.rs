//! Scenes for a viewer that is a browser: each step carries its number as squares that survive
//! lossy coding, and a small window answers keys.
//!
//! The program draws, and says on standard output which step it drew when, by the machine's
//! monotonic clock. Whoever sees a number on another screen knows how old that picture is.

use std::io::{BufRead as _, Write as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use rustix::time::{ClockId, clock_gettime};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{Rectangle, Window};

use super::screen::Screen;
use super::{Scene, moving, text, turns};
use crate::canvas::{Canvas, Colour, Letters, PAPER};
use crate::workload::Workload;

/// Columns and rows of one square: a whole block of every JPEG subsampling.
const SQUARE_PX: u16 = 16;

/// Bits of a step's number.
const NUMBER_BITS: u16 = 16;

/// Bits that tell a number from a torn picture.
const CHECK_BITS: u16 = 4;

/// Where the number of the step is read: its first square's corner.
const MARK_AT_PX: (u16, u16) = (480, 96);

/// Rows that a page moves in a step, and so from one of its marks to the next.
const PAGE_STEP_PX: u16 = 60;

/// Where the window is that answers keys, and its side.
const KEY_AT_PX: (u16, u16) = (1040, 560);
const KEY_SIDE_PX: u16 = 48;

#[derive(Debug, Parser)]
#[command(
    name = "porthole-scene",
    about = "Plays a scene on an X display, with marks that a program can read.",
    after_help = "Orders on standard input, a line each: `go`, `stop`, `step`. Its end ends the \
                  program. On standard output: `ready`, and `step NUMBER NANOSECONDS`, `key COUNT \
                  NANOSECONDS` and `rest NANOSECONDS` by the monotonic clock."
)]
struct Options {
    /// The X display, such as `:1`. It has at least 1280x720 pixels.
    #[arg(long)]
    display: String,
    /// What happens there.
    #[arg(long, value_enum)]
    workload: Play,
    /// Draw the number of each step.
    #[arg(long)]
    stamp: bool,
    /// Add a window that answers each key with the next of eight colours.
    #[arg(long)]
    keys: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Play {
    /// Words on which nothing happens.
    Still,
    /// A page that scrolls and is drawn anew.
    Page,
    /// A film over the whole screen.
    Video,
    /// A terminal that scrolls.
    Terminal,
    /// Words; each step covers them with another photograph.
    Photo,
    /// The page, the film and two windows in turn, twenty seconds each.
    Turns,
}

/// Runs the program until its standard input ends.
///
/// # Errors
///
/// The display refuses, or an order is not known.
pub(crate) fn run() -> Result<()> {
    let options = Options::parse();
    let screen = Screen::connect(&options.display)?;
    let (mut scene, gap): (Box<dyn Scene>, Duration) = match options.workload {
        Play::Still => (Box::new(text::Still::new(&screen)?), Workload::Idle.step_gap()),
        Play::Page => (Box::new(text::Page::new(&screen)?), Workload::Page.step_gap()),
        Play::Video => (Box::new(moving::Video::new(&screen)?), Workload::Video.step_gap()),
        Play::Terminal => (Box::new(text::Terminal::new(&screen)?), Workload::Terminal.step_gap()),
        Play::Photo => (Box::new(Photo::new(&screen)?), Duration::from_secs(1)),
        Play::Turns => (Box::new(turns::Turns::new(&screen)?), Workload::Page.step_gap()),
    };
    let marks = if options.stamp { Marks::new(&screen, options.workload)? } else { Marks(vec![]) };
    draw(scene.as_mut(), &marks, &screen, 0)?;
    if options.keys {
        start_keys(&options.display)?;
    }
    let orders = read_orders();
    say("ready")?;
    play(scene.as_mut(), &marks, &screen, gap, &orders)
}

/// Standard input's lines. The channel closes with it.
fn read_orders() -> Receiver<String> {
    let (sender, orders) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    orders
}

fn play(
    scene: &mut dyn Scene,
    marks: &Marks,
    screen: &Screen,
    gap: Duration,
    orders: &Receiver<String>,
) -> Result<()> {
    // Step 0 is what was there at the start.
    let mut number = 1;
    let mut due: Option<Instant> = None;
    loop {
        let wait = due.map_or(gap, |due| due.saturating_duration_since(Instant::now()));
        match orders.recv_timeout(wait) {
            Ok(order) => match order.as_str() {
                "go" => due = Some(Instant::now()),
                "stop" => {
                    due = None;
                    say(&format!("rest {}", now_nanos()))?;
                }
                "step" => {
                    draw(scene, marks, screen, number)?;
                    number += 1;
                    say(&format!("rest {}", now_nanos()))?;
                }
                _ => bail!("no such order: {order:?}"),
            },
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                let Some(last) = due else {
                    continue;
                };
                draw(scene, marks, screen, number)?;
                number += 1;
                // A late step is not made up for: nothing may come in bursts.
                due = Some((last + gap).max(Instant::now()));
            }
        }
    }
}

fn draw(scene: &mut dyn Scene, marks: &Marks, screen: &Screen, number: u64) -> Result<()> {
    let began = now_nanos();
    scene.step(screen, number)?;
    marks.draw(screen, number)?;
    screen.finish()?;
    say(&format!("step {number} {began}"))
}

/// Standard output, line by line, whoever reads it.
fn say(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// Nanoseconds of the machine's monotonic clock.
fn now_nanos() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// Windows, top to bottom, that show numbers of steps.
///
/// A page's marks are part of what scrolls: one for each band that a step brings into view, all
/// moving up by one with each step. What lies below a window is not drawn by the X server, so a
/// picture and its number never flicker.
struct Marks(Vec<Window>);

impl Marks {
    fn new(screen: &Screen, workload: Play) -> Result<Self> {
        let (x, first) = MARK_AT_PX;
        let end = match workload {
            Play::Page => screen.size.1.saturating_sub(SQUARE_PX),
            Play::Still | Play::Video | Play::Terminal | Play::Photo | Play::Turns => first + 1,
        };
        let x = i16::try_from(x)?;
        let windows = (first..end)
            .step_by(PAGE_STEP_PX.into())
            .map(|y| screen.window((x, i16::try_from(y)?), &mark(0)));
        Ok(Self(windows.collect::<Result<_>>()?))
    }

    fn draw(&self, screen: &Screen, number: u64) -> Result<()> {
        for (window, number) in self.0.iter().zip(number..) {
            let mark = mark(number);
            screen.put(*window, (0, 0), mark.width, &mark.bytes)?;
        }
        Ok(())
    }
}

/// The low sixteen bits of a number as squares, the highest first, and then four that check it.
fn mark(number: u64) -> Canvas {
    let number = number % (1 << NUMBER_BITS);
    // The inversion makes a mark of one colour a wrong one.
    let check = (number ^ number >> 4 ^ number >> 8 ^ number >> 12 ^ 0b1010) & 0b1111;
    let bits = number << CHECK_BITS | check;
    let count = NUMBER_BITS + CHECK_BITS;
    let mut canvas = Canvas::new(count * SQUARE_PX, SQUARE_PX, [0; 3]);
    for place in 0..count {
        if bits >> (count - 1 - place) & 1 == 1 {
            canvas.fill((place * SQUARE_PX, 0), (SQUARE_PX, SQUARE_PX), [u8::MAX; 3]);
        }
    }
    canvas
}

/// Opens the window that answers keys, on a connection of its own that ends with the program.
fn start_keys(display: &str) -> Result<()> {
    let screen = Screen::connect(display)?;
    let at = (i16::try_from(KEY_AT_PX.0)?, i16::try_from(KEY_AT_PX.1)?);
    let window = screen.window(at, &Canvas::new(KEY_SIDE_PX, KEY_SIDE_PX, key_colour(0)))?;
    screen.focus(window)?;
    std::thread::spawn(move || {
        if let Err(error) = answer_keys(&screen, window) {
            eprintln!("keys are no longer answered: {error:#}");
        }
    });
    Ok(())
}

fn answer_keys(screen: &Screen, window: Window) -> Result<()> {
    let all = Rectangle { x: 0, y: 0, width: KEY_SIDE_PX, height: KEY_SIDE_PX };
    let mut count = 0_u64;
    loop {
        if let Event::KeyPress(_) = screen.next_event().context("the display is gone")? {
            count += 1;
            screen.fill(window, all, key_colour(count))?;
            screen.flush()?;
            say(&format!("key {count} {}", now_nanos()))?;
        }
    }
}

/// A corner of the cube of colours: the lowest bit is red, then green, then blue.
fn key_colour(count: u64) -> Colour {
    [0, 1, 2].map(|bit| if count >> bit & 1 == 1 { u8::MAX } else { 0 })
}

/// Photographs over a screen of words.
struct Photo {
    window: Window,
}

impl Photo {
    fn new(screen: &Screen) -> Result<Self> {
        let mut canvas = Canvas::new(screen.size.0, screen.size.1, PAPER);
        canvas.words(&Letters::new(), (0, 0), screen.size, 1);
        Ok(Self { window: screen.window((0, 0), &canvas)? })
    }
}

impl Scene for Photo {
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()> {
        if number == 0 {
            return Ok(());
        }
        let (width, height) = screen.size;
        let mut canvas = Canvas::new(width, height, PAPER);
        canvas.photo((0, 0), (width, height), number);
        screen.put(self.window, (0, 0), width, &canvas.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_hold_their_number_and_a_check() {
        let canvas = mark(0x1_8001);
        let row = canvas.rows(8, 1);
        let bits: Vec<u8> = row
            .chunks_exact(4 * usize::from(SQUARE_PX))
            .map(|square| u8::from(square.iter().any(|byte| *byte != 0)))
            .collect();
        assert_eq!(bits, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1]);
    }

    #[test]
    fn neighbouring_keys_have_different_colours() {
        for count in 0..16 {
            assert_ne!(key_colour(count), key_colour(count + 1));
        }
        assert_eq!(key_colour(3), [255, 255, 0]);
    }
}
