//! A cell as it is drawn.

use std::sync::Arc;

use crate::terminal::{CursorShape, Rgb, Underline};

/// A cell with nothing left to look up. Two that are equal look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Its character, the first one of a cluster; a space when it is empty.
    pub(crate) first: char,
    /// The whole cluster, when it has more than one character.
    pub(crate) cluster: Option<Arc<str>>,
    /// 1 or 2; 0 for the right half of a wide one.
    pub(crate) columns: u8,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) strike: bool,
    pub(crate) overline: bool,
    pub(crate) underline: Underline,
    pub(crate) underline_color: Rgb,
    pub(crate) foreground: Rgb,
    pub(crate) background: Rgb,
    /// Set while the cursor is on it, with its colour; a block is drawn as colours that have changed
    /// places instead.
    pub(crate) cursor: Option<(CursorShape, Rgb)>,
}

impl Cell {
    /// Nothing, in these colours.
    pub(crate) const fn blank(foreground: Rgb, background: Rgb) -> Self {
        Self {
            first: ' ',
            cluster: None,
            columns: 1,
            bold: false,
            italic: false,
            strike: false,
            overline: false,
            underline: Underline::None,
            underline_color: foreground,
            foreground,
            background,
            cursor: None,
        }
    }

    /// A number that equal cells have in common, and others hardly ever.
    pub(super) fn fingerprint(&self) -> u64 {
        let [red, green, blue] = self.foreground.map(u64::from);
        let [other_red, other_green, other_blue] = self.background.map(u64::from);
        let colors = red | green << 8 | blue << 16 | other_red << 24 | other_green << 32;
        let flags = u64::from(self.bold) | u64::from(self.underline != Underline::None) << 1;
        colors ^ u64::from(u32::from(self.first)) << 40 ^ other_blue << 56 ^ flags << 62
    }
}
