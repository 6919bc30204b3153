//! What programs switch on and off.

/// Which events of the pointer the program wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MouseEvents {
    /// None.
    #[default]
    None,
    /// Presses alone (mode 9).
    Presses,
    /// Presses, releases and the wheel (mode 1000).
    Buttons,
    /// These, and moves while a button is held (mode 1002).
    Drags,
    /// All moves too (mode 1003).
    All,
}

/// The shape of the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CursorShape {
    /// The whole cell.
    #[default]
    Block,
    /// A line below.
    Underline,
    /// A line at the left.
    Bar,
}

/// What programs switch on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// Cursor keys send `ESC O` (DECCKM).
    pub application_cursor_keys: bool,
    /// The keypad sends `ESC O` (DECNKM, DECKPAM).
    pub application_keypad: bool,
    /// Pastes are put between `CSI 200 ~` and `CSI 201 ~`.
    pub bracketed_paste: bool,
    /// What is told of the pointer.
    pub mouse_events: MouseEvents,
    /// It is told in the form of SGR (mode 1006), else in that of X10.
    pub mouse_sgr: bool,
    /// Coming to and losing the focus is told (mode 1004).
    pub focus_reporting: bool,
    /// A line feed returns the carriage as well (LNM).
    pub line_feed_returns: bool,
    /// The program is in the middle of a picture (mode 2026).
    pub synchronized: bool,
    /// Foreground and background of the whole screen change places (DECSCNM).
    pub reverse_video: bool,
    /// The cursor is to be seen (DECTCEM).
    pub cursor_visible: bool,
    /// The cursor's shape and whether it blinks, if the program has chosen (DECSCUSR).
    pub cursor_style: Option<(CursorShape, bool)>,
    /// Characters push those behind them (IRM).
    pub(crate) insert: bool,
    /// Rows count from the upper margin, and the cursor stays within the margins (DECOM).
    pub(crate) origin: bool,
    /// Characters behind the last column begin a row (DECAWM).
    pub(crate) wrap: bool,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            application_cursor_keys: false,
            application_keypad: false,
            bracketed_paste: false,
            mouse_events: MouseEvents::None,
            mouse_sgr: false,
            focus_reporting: false,
            line_feed_returns: false,
            synchronized: false,
            reverse_video: false,
            cursor_visible: true,
            cursor_style: None,
            insert: false,
            origin: false,
            wrap: true,
        }
    }
}

impl Modes {
    /// After a soft reset (DECSTR): the pointer's modes and what is not the program's own stay.
    pub(crate) fn soft_reset(self) -> Self {
        Self {
            mouse_events: self.mouse_events,
            mouse_sgr: self.mouse_sgr,
            line_feed_returns: self.line_feed_returns,
            reverse_video: self.reverse_video,
            ..Self::default()
        }
    }
}
