//! When and what is drawn for viewers who only know pictures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use porthole_pixels::{PixelsError, Size, Surface};
use porthole_remote::{Cells, TerminalLook};

use crate::draw::{FontSource, Fonts, Painter, View};
use crate::terminal::{Cursor, Palette, Terminal};

/// Least time from one drawing to the next.
const DRAW_GAP_MIN: Duration = Duration::from_millis(16);

/// Longest time that a program may keep its half-drawn screen from being shown (mode 2026).
const SYNCHRONIZED_MAX: Duration = Duration::from_millis(150);

/// Pixels of a point at 96 dpi, where a viewer's device pixel ratio is 1.
const PIXELS_PER_POINT: f32 = 96.0 / 72.0;

/// Device pixel ratios that letters are drawn for, in percent: those of screens, made smaller or
/// larger by what browsers allow.
const SCALE_RANGE_PERCENT: (u16, u16) = (25, 500);

/// How much smaller letters become until a screen fits a surface.
const SHRINK: f32 = 0.8;

/// The picture of a terminal, while somebody wants it.
#[derive(Debug)]
pub(crate) struct Pictures {
    source: Arc<dyn FontSource>,
    font_name: String,
    font_size_pt: u8,
    /// 100 times the device pixel ratio for which letters are as large as meant.
    scale_percent: u16,
    /// `None` while nobody wants pictures.
    painter: Option<Painter>,
    painter_size_px: f32,
    fonts: Option<Arc<Fonts>>,
    pub(crate) view: View,
    drawn: Option<Drawn>,
    /// When to draw next.
    due: Option<Instant>,
    last: Option<Instant>,
    held_since: Option<Instant>,
    /// The surface has been asked for.
    is_asked: bool,
}

/// What the last picture was made of, beside the rows.
#[derive(Debug)]
struct Drawn {
    view: View,
    cursor: Cursor,
    palette: Palette,
    reverse_video: bool,
}

/// How many rows a terminal keeps above its screen, and whether that is the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    rows: usize,
    is_alternate: bool,
}

impl Kept {
    /// Of this terminal, now.
    pub(crate) fn of(terminal: &Terminal) -> Self {
        Self { rows: terminal.scrollback_len(), is_alternate: terminal.is_alternate() }
    }
}

impl Pictures {
    /// Nobody wants any yet.
    pub(crate) fn new(source: Arc<dyn FontSource>, look: &TerminalLook) -> Self {
        Self {
            source,
            font_name: look.font_name.clone(),
            font_size_pt: look.font_size_pt,
            scale_percent: 100,
            painter: None,
            painter_size_px: 0.0,
            fonts: None,
            view: View::default(),
            drawn: None,
            due: None,
            last: None,
            held_since: None,
            is_asked: false,
        }
    }

    /// Whether somebody wants them.
    pub(crate) const fn are_wanted(&self) -> bool {
        self.painter.is_some()
    }

    /// From now on somebody wants pictures, at 100 times this device pixel ratio; 0 is 100. What
    /// viewers should know of the fonts, the first time.
    pub(crate) fn want(&mut self, scale_percent: u16, now: Instant, size: Cells) -> Option<String> {
        let (least, most) = SCALE_RANGE_PERCENT;
        let scale_percent = if scale_percent == 0 { 100 } else { scale_percent.clamp(least, most) };
        let were_wanted = self.are_wanted();
        if were_wanted && scale_percent == self.scale_percent {
            return None;
        }
        self.scale_percent = scale_percent;
        self.due = Some(now);
        self.drawn = None;
        let mut notice = None;
        if !were_wanted {
            let fonts = self.source.fonts(&self.font_name);
            notice = fonts.notice().map(str::to_owned);
            self.fonts = Some(fonts);
        }
        self.fit(size);
        notice
    }

    /// From now on nobody wants pictures.
    pub(crate) fn give_up(&mut self, now: Instant) {
        if self.are_wanted() {
            self.due = Some(now);
            self.drawn = None;
            self.painter = None;
            self.fonts = None;
            self.view = View::default();
        }
    }

    /// Memory that the letters drawn so far take, in bytes.
    pub(crate) fn letters_bytes(&self) -> usize {
        self.painter.as_ref().map_or(0, Painter::letters_bytes)
    }

    /// A cell's pixels; empty while nobody wants pictures.
    pub(crate) fn cell(&self) -> Size {
        self.painter.as_ref().map_or_else(Size::default, Painter::cell)
    }

    /// The columns and rows for which there is room in a picture of this size.
    pub(crate) fn cells_in(&self, size: Size) -> Option<Cells> {
        let cell = self.cell();
        let columns = size.width.checked_div(cell.width)?;
        let rows = size.height.checked_div(cell.height)?;
        Some(Cells { columns, rows }.clamped())
    }

    /// The terminal has another size.
    pub(crate) fn resize(&mut self, size: Cells) {
        self.view = View::default();
        if self.are_wanted() {
            self.fit(size);
        }
    }

    /// The terminal was fed: what is looked at stays where it is, and what is selected is given up
    /// where that cannot be told.
    pub(crate) fn keep_view(&mut self, before: Kept, terminal: &Terminal) {
        let after = Kept::of(terminal);
        let is_same_screen = before.is_alternate == after.is_alternate;
        if !is_same_screen || after.rows < before.rows {
            self.view = View::default();
        } else if after.rows == before.rows && terminal.is_scrollback_full() {
            // Rows may have gone at the top while as many came.
            self.view.selection = None;
        } else if self.view.back > 0 {
            self.view.back += after.rows - before.rows;
        }
    }

    /// Chooses letters that are small enough for the screen to fit a surface.
    fn fit(&mut self, size: Cells) {
        let Some(fonts) = &self.fonts else { return };
        let scale = f32::from(self.scale_percent) / 100.0;
        let mut size_px = f32::from(self.font_size_pt) * PIXELS_PER_POINT * scale;
        loop {
            let painter = match self.painter.take() {
                Some(painter) if self.painter_size_px.to_bits() == size_px.to_bits() => painter,
                _ => Painter::new(fonts.at_size(size_px)),
            };
            let fits = Surface::check_size(painter.picture(size)).is_ok();
            self.painter_size_px = size_px;
            self.painter = Some(painter);
            // The largest terminal fits at three pixels.
            if fits || size_px < 3.0 {
                return;
            }
            size_px *= SHRINK;
        }
    }

    /// The terminal, or what of it is looked at, may have changed.
    pub(crate) fn note_change(&mut self, now: Instant, terminal: &Terminal) {
        if !self.are_wanted() {
            return;
        }
        let soonest = self.last.map_or(now, |last| now.max(last + DRAW_GAP_MIN));
        if terminal.modes().synchronized {
            let held_since = *self.held_since.get_or_insert(now);
            self.due = Some(soonest.max(held_since + SYNCHRONIZED_MAX));
        } else {
            self.held_since = None;
            self.due = Some(self.due.map_or(soonest, |due| due.min(soonest)));
        }
    }

    /// When the next picture is due.
    pub(crate) const fn due(&self) -> Option<Instant> {
        if self.is_asked { None } else { self.due }
    }

    /// Whether the surface is to be asked for now; true once.
    pub(crate) fn take_due(&mut self, now: Instant) -> bool {
        let is_due = self.due().is_some_and(|due| due <= now);
        self.is_asked |= is_due;
        is_due
    }

    /// Makes the surface show the terminal, or gives its memory back when nobody wants that. Whether
    /// anything was drawn.
    ///
    /// # Errors
    ///
    /// The picture is too large for a surface.
    pub(crate) fn draw(
        &mut self,
        now: Instant,
        terminal: &mut Terminal,
        surface: &mut Surface,
    ) -> Result<bool, PixelsError> {
        self.is_asked = false;
        self.due = None;
        self.held_since = None;
        let Some(painter) = &mut self.painter else {
            if surface.size() != Size::default() {
                surface.resize(Size::default())?;
            }
            return Ok(false);
        };
        self.last = Some(now);
        self.view.back = self.view.back.min(terminal.scrollback_len());
        let damage = terminal.take_damage();
        let terminal = &*terminal;
        let (view, cursor) = (self.view, terminal.cursor());
        let reverse_video = terminal.modes().reverse_video;
        let drawn = self.drawn.as_ref().filter(|drawn| {
            let same_colors =
                drawn.reverse_video == reverse_video && drawn.palette == *terminal.palette();
            same_colors && drawn.view == view && view.back == 0
        });
        let old_cursor = drawn.map(|drawn| drawn.cursor);
        let may_differ = |y: u16| {
            damage.contains(y)
                || old_cursor.is_none_or(|old| old != cursor && (old.row == y || cursor.row == y))
        };
        let fill = |y: u16, row: &mut Vec<_>| view.fill(terminal, y, row);
        let is_changed = painter.draw(terminal.size(), surface, may_differ, fill)?;
        if drawn.is_none() {
            let palette = terminal.palette().clone();
            self.drawn = Some(Drawn { view, cursor, palette, reverse_video });
        } else if let Some(drawn) = &mut self.drawn {
            drawn.cursor = cursor;
        }
        Ok(is_changed)
    }
}

#[cfg(test)]
impl Pictures {
    /// The picture as somebody draws it who has not drawn before.
    pub(crate) fn drawn_afresh(&self, terminal: &Terminal) -> Surface {
        let fonts = self.fonts.as_ref().unwrap();
        let mut painter = Painter::new(fonts.at_size(self.painter_size_px));
        let mut surface = Surface::default();
        let fill = |y: u16, row: &mut Vec<_>| self.view.fill(terminal, y, row);
        painter.draw(terminal.size(), &mut surface, |_| true, fill).unwrap();
        surface
    }
}

#[cfg(test)]
#[path = "pictures_tests.rs"]
mod tests;
