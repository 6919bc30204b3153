//! How terminals look and behave, in Guacamole's words.

use porthole_remote::TerminalLook;

/// What the parameters of a text connection say about its terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalParameters {
    /// `font-name`; empty for the viewer's own.
    pub font_name: String,
    /// `font-size`, in points.
    pub font_size_pt: u8,
    /// `scrollback`, in rows.
    pub scrollback: u32,
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
            terminal_type: "xterm-256color".to_owned(),
        }
    }
}

/// Most rows that are kept.
const SCROLLBACK_MAX: u32 = 100_000;

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
                let rows = value.parse().ok().filter(|rows| *rows <= SCROLLBACK_MAX);
                self.scrollback = rows.ok_or("must be 0 to 100000")?;
            }
            "terminal-type" => self.terminal_type = terminal_type(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What viewers are told.
    pub(crate) fn look(&self) -> TerminalLook {
        TerminalLook {
            font_name: self.font_name.clone(),
            font_size_pt: self.font_size_pt,
            scrollback: self.scrollback,
            colors: colors(),
        }
    }
}

/// A family's name, which becomes a part of a style.
fn font_name(value: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if value.len() > 128 || !value.chars().all(is_plain) {
        return Err("must be at most 128 bytes of letters, digits, spaces and -_.".into());
    }
    Ok(value.to_owned())
}

/// A name of the terminfo database.
fn terminal_type(value: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte);
    if value.len() > 64 || !value.bytes().all(is_plain) {
        return Err("must be at most 64 letters, digits and -+._".into());
    }
    Ok(value.to_owned())
}

/// The colours that xterm has, gray on black.
fn colors() -> Box<[[u8; 3]; 258]> {
    const FIRST: [[u8; 3]; 16] = [
        [0x00, 0x00, 0x00],
        [0xcd, 0x00, 0x00],
        [0x00, 0xcd, 0x00],
        [0xcd, 0xcd, 0x00],
        [0x00, 0x00, 0xee],
        [0xcd, 0x00, 0xcd],
        [0x00, 0xcd, 0xcd],
        [0xe5, 0xe5, 0xe5],
        [0x7f, 0x7f, 0x7f],
        [0xff, 0x00, 0x00],
        [0x00, 0xff, 0x00],
        [0xff, 0xff, 0x00],
        [0x5c, 0x5c, 0xff],
        [0xff, 0x00, 0xff],
        [0x00, 0xff, 0xff],
        [0xff, 0xff, 0xff],
    ];
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let cube = STEPS
        .into_iter()
        .flat_map(|red| STEPS.into_iter().map(move |green| (red, green)))
        .flat_map(|(red, green)| STEPS.into_iter().map(move |blue| [red, green, blue]));
    let grays = (0..24_u8).map(|step| [8 + 10 * step; 3]);
    let ends = [[0xbf; 3], [0; 3]];
    let all = FIRST.into_iter().chain(cube).chain(grays).chain(ends);
    let mut colors = Box::new([[0; 3]; 258]);
    colors.iter_mut().zip(all).for_each(|(color, value)| *color = value);
    colors
}
