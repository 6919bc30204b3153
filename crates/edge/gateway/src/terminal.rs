//! How terminals look and behave, in Guacamole's words.

use porthole_remote::TerminalLook;
use porthole_terminal::look::{default_colors, parse_color_scheme};
use porthole_terminal::{FunctionKeys, KeyDialect, SCROLLBACK_MAX_ROWS};

/// What the parameters of a text connection say about its terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalParameters {
    /// `font-name`; empty for the viewer's own.
    pub font_name: String,
    /// `font-size`, in points.
    pub font_size_pt: u8,
    /// `scrollback`, in rows.
    pub scrollback: u32,
    /// `color-scheme`: the 256 colours, foreground and background.
    pub colors: Box<[[u8; 3]; 258]>,
    /// `backspace`: the byte that the key sends.
    pub backspace: u8,
    /// `func-keys-and-keypad`; `None`: what the terminal's type has.
    pub function_keys: Option<FunctionKeys>,
    /// `terminal-type`: what the remote is told that it writes for.
    pub terminal_type: String,
}

impl Default for TerminalParameters {
    /// Guacamole's, but for the terminal's type: what viewers have is more than a Linux console.
    fn default() -> Self {
        Self {
            font_name: String::new(),
            font_size_pt: 12,
            scrollback: 1000,
            colors: default_colors(),
            backspace: 127,
            function_keys: None,
            terminal_type: "xterm-256color".to_owned(),
        }
    }
}

impl TerminalParameters {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "font-name" => self.font_name = font_name(value)?,
            "font-size" => {
                let size = value.parse().ok().filter(|size| (4..=96).contains(size));
                self.font_size_pt = size.ok_or("must be 4 to 96")?;
            }
            "scrollback" => {
                let rows = value.parse().ok().filter(|rows| *rows <= SCROLLBACK_MAX_ROWS);
                let wrong = || format!("must be 0 to {SCROLLBACK_MAX_ROWS}");
                self.scrollback = rows.ok_or_else(wrong)?;
            }
            "color-scheme" => {
                self.colors = parse_color_scheme(value).map_err(|error| error.to_string())?;
            }
            "backspace" => {
                let byte = value.parse().ok().filter(|byte| matches!(byte, 8 | 127));
                self.backspace = byte.ok_or("must be 127 or 8")?;
            }
            "func-keys-and-keypad" => {
                self.function_keys = match value {
                    "" => None,
                    "esc" => Some(FunctionKeys::Linux),
                    "vt100" => Some(FunctionKeys::Vt100),
                    _ => return Err("must be vt100 or esc".into()),
                };
            }
            "terminal-type" => self.terminal_type = terminal_type(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What some keys send.
    pub(crate) fn keys(&self) -> KeyDialect {
        let function_keys =
            self.function_keys.unwrap_or_else(|| function_keys(&self.terminal_type));
        KeyDialect { backspace: self.backspace, function_keys }
    }

    /// What viewers are told.
    pub(crate) fn look(&self) -> TerminalLook {
        TerminalLook {
            font_name: self.font_name.clone(),
            font_size_pt: self.font_size_pt,
            scrollback: self.scrollback,
            colors: self.colors.clone(),
        }
    }
}

/// The function keys of a terminal's type.
fn function_keys(terminal_type: &str) -> FunctionKeys {
    match terminal_type {
        "linux" => FunctionKeys::Linux,
        "vt100" | "vt102" | "vt220" => FunctionKeys::Vt100,
        _ => FunctionKeys::Xterm,
    }
}

/// A family's name, which becomes a part of a style.
fn font_name(value: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if value.len() > 128 || !value.chars().all(is_plain) {
        return Err("must be at most 128 bytes of letters, digits, spaces and -_.".into());
    }
    // The name that every system gives to its own monospaced font.
    let is_usual = value.eq_ignore_ascii_case("monospace");
    Ok(if is_usual { String::new() } else { value.to_owned() })
}

/// A name of the terminfo database.
fn terminal_type(value: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte);
    if value.len() > 64 || !value.bytes().all(is_plain) {
        return Err("must be at most 64 letters, digits and -+._".into());
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_or_refused() {
        let cases = [
            ("color-scheme", "green-black", None),
            ("color-scheme", "foreground:navy;background:rgb:ff/ff/f0", None),
            ("color-scheme", "foreground:bluish", Some("\"bluish\" is not a colour")),
            ("font-name", "Fira Code", None),
            ("font-size", "3", Some("must be 4 to 96")),
            ("scrollback", "50001", Some("must be 0 to 50000")),
            ("backspace", "8", None),
            ("backspace", "9", Some("must be 127 or 8")),
            ("func-keys-and-keypad", "", None),
            ("func-keys-and-keypad", "vt52", Some("must be vt100 or esc")),
        ];
        for (name, value, wrong) in cases {
            let taken = TerminalParameters::default().take(name, value);
            match wrong {
                None => assert_eq!(taken, Ok(true), "{name}={value}"),
                Some(wrong) => {
                    let error = taken.unwrap_err();
                    assert!(error.contains(wrong), "{name}={value}: {error}");
                }
            }
        }
    }

    #[test]
    fn keys_follow_the_type_until_they_are_said() {
        let keys = |parameters: &[(&str, &str)]| {
            let mut terminal = TerminalParameters::default();
            for (name, value) in parameters {
                assert_eq!(terminal.take(name, value), Ok(true));
            }
            terminal.keys().function_keys
        };
        assert_eq!(keys(&[]), FunctionKeys::Xterm);
        assert_eq!(keys(&[("terminal-type", "linux")]), FunctionKeys::Linux);
        assert_eq!(keys(&[("terminal-type", "vt220")]), FunctionKeys::Vt100);
        let both = [("func-keys-and-keypad", "esc"), ("terminal-type", "vt220")];
        assert_eq!(keys(&both), FunctionKeys::Linux);
    }
}
