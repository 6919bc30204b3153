//! One face of a font file.

use std::fmt;
use std::sync::Arc;

use swash::{CacheKey, FontRef};

/// The bytes of a font file, which faces share.
pub type FontBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The font that is always there: a part of `DejaVu Sans Mono`, see `fonts/LICENSE`.
const BUILT_IN: &[u8] = include_bytes!("../../fonts/DejaVuSansMono-subset.ttf");

/// One face of a font file that is in memory.
#[derive(Clone)]
pub struct FontFace {
    bytes: FontBytes,
    offset: u32,
    key: CacheKey,
    /// Whether it is bold, so that it need not be made so.
    pub(super) is_bold: bool,
    /// Whether it is italic or oblique.
    pub(super) is_italic: bool,
}

impl FontFace {
    /// The face with this index in the file. `None`: it is not a font, or has no such face.
    pub fn parse(bytes: FontBytes, index: u32) -> Option<Self> {
        let font = FontRef::from_index((*bytes).as_ref(), usize::try_from(index).ok()?)?;
        // A font without these is none that can be drawn from.
        if font.metrics(&[]).units_per_em == 0 || font.glyph_metrics(&[]).glyph_count() == 0 {
            return None;
        }
        let (_, weight, style) = font.attributes().parts();
        let (offset, key) = (font.offset, font.key);
        let is_bold = weight.0 >= 600;
        let is_italic = style != swash::Style::Normal;
        Some(Self { bytes, offset, key, is_bold, is_italic })
    }

    /// The font that is part of the program: Latin, Greek, Cyrillic and some symbols.
    pub fn built_in() -> Self {
        let bytes: FontBytes = Arc::new(BUILT_IN);
        let key = FontRef::from_index(BUILT_IN, 0).map_or_else(CacheKey::new, |font| font.key);
        Self { bytes, offset: 0, key, is_bold: false, is_italic: false }
    }

    /// The face, to be read from.
    pub(super) fn font(&self) -> FontRef<'_> {
        FontRef { data: (*self.bytes).as_ref(), offset: self.offset, key: self.key }
    }

    /// Whether it has a glyph for each character of `text` that needs one.
    pub(super) fn covers(&self, text: &str) -> bool {
        let charmap = self.font().charmap();
        text.chars().filter(|c| !is_ignorable(*c)).all(|c| charmap.map(c) != 0)
    }

    /// Whether it draws in colours.
    pub(super) fn is_colored(&self) -> bool {
        let font = self.font();
        let has = |tag: &[u8; 4]| font.table(swash::tag_from_bytes(tag)).is_some();
        has(b"CBDT") || has(b"COLR") || has(b"sbix")
    }
}

/// Characters that choose how others look, and are not drawn.
pub(super) const fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0020}'..='\u{e007f}')
}

impl fmt::Debug for FontFace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, is_bold, is_italic, .. } = self;
        let len = (*self.bytes).as_ref().len();
        write!(f, "FontFace({len} bytes at {offset}, bold: {is_bold}, italic: {is_italic})")
    }
}

/// The font that is part of the program, for tests.
#[cfg(test)]
pub(super) fn tests_bytes() -> &'static [u8] {
    BUILT_IN
}
