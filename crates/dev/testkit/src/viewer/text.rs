//! What a viewer was shown of a text remote.

use anyhow::{Result, ensure};
use porthole_link::{TERMINAL_SCREEN_MAX_BYTES, TerminalRecord};

/// Most bytes that are kept; the first of them go.
const KEPT_MAX_BYTES: usize = 4 << 20;

/// The text, as it came.
#[derive(Debug, Default)]
pub struct SeenText {
    /// Columns and rows.
    pub size: Option<(u16, u16)>,
    /// The last screen and all text after it; at most the last 4 MiB.
    pub bytes: Vec<u8>,
    /// How many screens came.
    pub screens: u32,
    /// How many bytes of text came, screens not counted.
    pub total_bytes: u64,
    /// How it is to look: points and rows kept.
    pub look: Option<(u8, u32)>,
}

impl SeenText {
    /// The text as far as it is UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Whether `words` are in it.
    pub fn contains(&self, words: &str) -> bool {
        self.bytes.windows(words.len().max(1)).any(|window| window == words.as_bytes())
    }

    pub(super) fn take(&mut self, record: TerminalRecord, is_counted: bool) -> Result<()> {
        match record {
            TerminalRecord::Screen(columns, rows, data) => {
                ensure!(self.look.is_some(), "a screen before the look");
                ensure!(data.len() <= TERMINAL_SCREEN_MAX_BYTES, "a screen of {}", data.len());
                self.size = Some((columns, rows));
                self.screens += 1;
                self.bytes = data.to_vec();
            }
            TerminalRecord::Text(data) => {
                ensure!(self.screens > 0, "text before a screen");
                ensure!(!data.is_empty(), "text without any");
                self.total_bytes += data.len() as u64;
                if !is_counted {
                    self.bytes.extend_from_slice(&data);
                    let over = self.bytes.len().saturating_sub(KEPT_MAX_BYTES);
                    self.bytes.drain(..over);
                }
            }
            TerminalRecord::Size(columns, rows) => {
                ensure!(self.screens > 0, "a size before a screen");
                self.size = Some((columns, rows));
            }
            TerminalRecord::Look { font_size_pt, scrollback, .. } => {
                self.look = Some((font_size_pt, scrollback));
            }
        }
        Ok(())
    }
}
