//! What a text remote's driver is told.

use std::sync::Arc;

use porthole_remote::{Cells, TerminalLook};

use crate::{FontSource, KeyDialect};

/// What [`crate::TextClient`] is started with.
#[derive(Debug, Clone)]
pub struct TextConfig {
    /// The size until a viewer wants another one.
    pub size: Cells,
    /// Colours, font and rows kept.
    pub look: TerminalLook,
    /// What some keys send.
    pub keys: KeyDialect,
    /// What pictures are drawn with.
    pub fonts: Arc<dyn FontSource>,
}
