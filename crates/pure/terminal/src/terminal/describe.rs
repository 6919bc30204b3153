//! A terminal in words, for tests that compare it with others.

use std::fmt::Write as _;

use super::row::{Cell, Row};
use super::screen::Screen;
use super::style::{Color, Flags, Style};
use super::{CursorShape, MouseEvents, Terminal};

impl Terminal {
    /// All that can be seen of it, in words: modes, pen, and of both screens the cursor, the margins and the
    /// rows with those above. Two terminals with the same words look and behave the same, but for
    /// what DECSC keeps, tabs, and the rows' own memory.
    pub fn describe(&self) -> String {
        let mut words = String::new();
        let modes = &self.modes;
        let (shape, blinks) = match modes.cursor_style {
            None => ("-", false),
            Some((CursorShape::Block, blinks)) => ("block", blinks),
            Some((CursorShape::Underline, blinks)) => ("underline", blinks),
            Some((CursorShape::Bar, blinks)) => ("bar", blinks),
        };
        let mouse = match modes.mouse_events {
            MouseEvents::None => "NONE",
            MouseEvents::Presses => "X10",
            MouseEvents::Buttons => "VT200",
            MouseEvents::Drags => "DRAG",
            MouseEvents::All => "ANY",
        };
        let flag = u8::from;
        let _ = writeln!(
            words,
            "keys {} pad {} paste {} mouse {mouse} sgr {} focus {} lnm {} insert {} origin {} wrap {} cursor {} {shape} {}",
            flag(modes.application_cursor_keys),
            flag(modes.application_keypad),
            flag(modes.bracketed_paste),
            flag(modes.mouse_sgr),
            flag(modes.focus_reporting),
            flag(modes.line_feed_returns),
            flag(modes.insert),
            flag(modes.origin),
            flag(modes.wrap),
            flag(modes.cursor_visible),
            flag(blinks),
        );
        let _ = writeln!(words, "pen {}", style_words(&self.pen));
        let charset = char::from(self.charset().final_byte());
        let _ = writeln!(words, "charset {charset} level {}", self.level);
        let main = if self.is_alternate { &self.hidden } else { &self.screen };
        self.describe_screen("main", main, !self.is_alternate, &mut words);
        if self.is_alternate {
            self.describe_screen("alternate", &self.screen, true, &mut words);
        }
        words
    }

    fn describe_screen(&self, name: &str, screen: &Screen, is_shown: bool, words: &mut String) {
        let _ = write!(
            words,
            "{name} above {} margins {} {}",
            screen.history.len(),
            screen.top,
            screen.bottom
        );
        if is_shown {
            let _ = write!(words, " at {} {}", screen.x, screen.y);
        }
        words.push('\n');
        let kept = screen.history.rows().map(|row| row.open(screen.columns));
        for row in kept.chain(screen.rows.iter().cloned()) {
            self.describe_row(&row, words);
        }
    }

    fn describe_row(&self, row: &Row, words: &mut String) {
        words.push(if row.wrapped { '+' } else { '|' });
        // Cells at the end that show nothing say nothing.
        let is_blank = |cell: &Cell| {
            !cell.has_content()
                && cell.width() == 1
                && style_words(self.styles.get(cell.style)).is_empty()
        };
        let end = row.used().iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
        let mut last = String::new();
        for cell in row.used().iter().take(end) {
            let style = style_words(self.styles.get(cell.style));
            if style != last {
                let _ = write!(words, "⟦{style}⟧");
                last = style;
            }
            match (cell.has_content(), cell.width()) {
                (false, 0) => words.push('␁'),
                (false, _) => words.push('␀'),
                (true, _) => words.extend(self.view(*cell).characters()),
            }
        }
        words.push('\n');
    }
}

/// A style in a few words; none for the default one.
fn style_words(style: &Style) -> String {
    let mut words = String::new();
    let color = |name: char, color: Color, words: &mut String| {
        let _ = match color {
            Color::Default => Ok(()),
            Color::Palette(index) => write!(words, "{name}{index} "),
            Color::Rgb(red, green, blue) => write!(words, "{name}#{red:02x}{green:02x}{blue:02x} "),
        };
    };
    color('f', style.foreground, &mut words);
    color('b', style.background, &mut words);
    for (flag, name) in [
        (Flags::BOLD, "bold "),
        (Flags::FAINT, "faint "),
        (Flags::ITALIC, "italic "),
        (Flags::BLINK, "blink "),
        (Flags::INVERSE, "inverse "),
        (Flags::INVISIBLE, "invisible "),
        (Flags::STRIKE, "strike "),
        (Flags::OVERLINE, "overline "),
        (Flags::PROTECTED, "protected "),
    ] {
        if style.flags.has(flag) {
            words.push_str(name);
        }
    }
    if style.underline.number() > 0 {
        let _ = write!(words, "u{} ", style.underline.number());
        color('c', style.underline_color, &mut words);
    }
    if let Some(link) = &style.link {
        let _ = write!(words, "link {} {} ", link.name, link.address);
    }
    words.pop();
    words
}
