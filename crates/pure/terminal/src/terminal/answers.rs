//! What the remote asks of the terminal, and is told: never words that it chose itself.

use std::fmt::Write as _;

use super::feed::Show;
use super::style::Flags;
use super::{CursorShape, Fed, MouseEvents, Rgb, Terminal};

/// Most bytes of answers to what is fed at a time. Further questions stay unanswered.
const ANSWERS_MAX_BYTES: usize = 64 << 10;

/// What we call ourselves.
const NAME: &str = "Porthole";

impl Terminal {
    /// Answers a control sequence that asks; others are for nobody.
    pub(super) fn answer(&mut self, last: u8, fed: &mut Fed) -> Show {
        let (prefix, middle) = (self.parser.prefix, self.parser.middle);
        let number = self.parser.numbers.get(0);
        let answer = match (prefix, middle, last, number) {
            // DA1: a VT220 with colours.
            (0, 0, b'c', 0) => "\x1b[?62;22c".to_owned(),
            // DA2.
            (b'>', 0, b'c', 0) => "\x1b[>0;277;0c".to_owned(),
            (b'>', 0, b'q', 0) => format!("\x1bP>|{NAME}\x1b\\"),
            (0, 0, b'n', 5) => "\x1b[0n".to_owned(),
            (0, 0, b'n', 6) => self.cursor_report(""),
            (b'?', 0, b'n', 6) => self.cursor_report("?"),
            (0, 0, b't', 18) => {
                format!("\x1b[8;{};{}t", self.screen.height(), self.screen.columns)
            }
            (0, b'$', b'p', mode) => format!("\x1b[{mode};{}$y", self.mode_report(mode)),
            (b'?', b'$', b'p', mode) => {
                format!("\x1b[?{mode};{}$y", self.private_mode_report(mode))
            }
            _ => return Show::Nothing,
        };
        reply(fed, &answer);
        Show::Nothing
    }

    /// CPR, from the upper margin where rows count from there.
    fn cursor_report(&self, prefix: &str) -> String {
        let row = self.screen.y + 1 - self.rows_allowed().0.min(self.screen.y);
        let column = self.screen.x.min(self.screen.columns - 1) + 1;
        format!("\x1b[{prefix}{row};{column}R")
    }

    /// DECRPM: 0 unknown, 1 on, 2 off, 3 always on, 4 always off.
    fn mode_report(&self, mode: u32) -> u8 {
        match mode {
            4 => switch(self.modes.insert),
            12 => 3,
            20 => switch(self.modes.line_feed_returns),
            2 => 4,
            _ => 0,
        }
    }

    fn private_mode_report(&self, mode: u32) -> u8 {
        let modes = &self.modes;
        let mouse = |events| switch(modes.mouse_events == events);
        match mode {
            1 => switch(modes.application_cursor_keys),
            5 => switch(modes.reverse_video),
            6 => switch(modes.origin),
            7 => switch(modes.wrap),
            8 => 3,
            9 => mouse(MouseEvents::Presses),
            25 => switch(modes.cursor_visible),
            47 | 1047 | 1049 => switch(self.is_alternate),
            66 => switch(modes.application_keypad),
            67 | 1005 | 1015 | 1016 => 4,
            1000 => mouse(MouseEvents::Buttons),
            1002 => mouse(MouseEvents::Drags),
            1003 => mouse(MouseEvents::All),
            1004 => switch(modes.focus_reporting),
            1006 => switch(modes.mouse_sgr),
            1048 => 1,
            2004 => switch(modes.bracketed_paste),
            2026 => switch(modes.synchronized),
            _ => 0,
        }
    }

    /// DECRQSS: what a control sequence would have to say for things to be as they are.
    pub(super) fn status_report(&self, asked: &[u8], fed: &mut Fed) {
        let state = match asked {
            b"m" => {
                let mut all = Vec::new();
                self.pen.write_all(&mut all);
                let sgr = all.split(|&byte| byte == 0x1B).nth(1).unwrap_or_default();
                String::from_utf8_lossy(sgr.get(1..).unwrap_or_default()).into_owned()
            }
            b"r" => format!("{};{}r", self.screen.top + 1, self.screen.bottom + 1),
            b" q" => {
                let (shape, blinks) = self.modes.cursor_style.unwrap_or((CursorShape::Block, true));
                format!("{} q", shape.number() + u8::from(!blinks))
            }
            b"\"q" => format!("{}\"q", u8::from(self.pen.flags.has(Flags::PROTECTED))),
            b"\"p" => "62;1\"p".to_owned(),
            _ => return reply(fed, "\x1bP0$r\x1b\\"),
        };
        reply(fed, &format!("\x1bP1$r{state}\x1b\\"));
    }
}

impl CursorShape {
    /// Its number in DECSCUSR when it blinks.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Block => 1,
            Self::Underline => 3,
            Self::Bar => 5,
        }
    }
}

/// Answers a question about a colour; `what` is the command and what goes before the colour.
pub(super) fn reply_color(fed: &mut Fed, what: &str, [red, green, blue]: Rgb) {
    let mut answer = format!("\x1b]{what};rgb:");
    for (component, end) in [(red, "/"), (green, "/"), (blue, "\x1b\\")] {
        let _ = write!(answer, "{component:02x}{component:02x}{end}");
    }
    reply(fed, &answer);
}

fn reply(fed: &mut Fed, answer: &str) {
    if fed.replies.len() + answer.len() <= ANSWERS_MAX_BYTES {
        fed.replies.extend_from_slice(answer.as_bytes());
    }
}

const fn switch(on: bool) -> u8 {
    if on { 1 } else { 2 }
}
