//! What a text remote's driver is told.

use porthole_remote::{Cells, TerminalLook};

/// What [`crate::TextClient`] is started with.
#[derive(Debug, Clone)]
pub struct TextConfig {
    /// The size until a viewer wants another one.
    pub size: Cells,
    /// Colours, font and rows kept.
    pub look: TerminalLook,
}
