//! A family of fonts, and what stands in for it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::face::FontFace;
use super::typeface::Typeface;

/// Where fonts come from: the system's folders, for the gateway.
pub trait FontSource: fmt::Debug + Send + Sync {
    /// The family of this name, or the system's own monospaced one when it has none of that name or
    /// the name is empty. Called when a session's first picture is drawn; may read files then.
    fn fonts(&self, family: &str) -> Arc<Fonts>;
}

/// The font that is part of the program, and no other.
#[derive(Debug, Clone, Copy, Default)]
pub struct BuiltInFonts;

impl FontSource for BuiltInFonts {
    fn fonts(&self, _family: &str) -> Arc<Fonts> {
        Arc::new(Fonts::built_in(None))
    }
}

/// The faces of one family. All but the regular one may be missing; they are made from others then.
#[derive(Debug, Clone)]
pub struct FontFamily {
    /// The face for most text, from which the cell's size is taken.
    pub regular: FontFace,
    /// Bold.
    pub bold: Option<FontFace>,
    /// Italic or oblique.
    pub italic: Option<FontFace>,
    /// Both.
    pub bold_italic: Option<FontFace>,
}

/// A family, the fonts for what it lacks, and the sizes that are in use.
#[derive(Debug)]
pub struct Fonts {
    family: FontFamily,
    /// In order of preference.
    fallbacks: Vec<FontFace>,
    /// Said to viewers once.
    notice: Option<String>,
    sizes: Mutex<Vec<(u32, Weak<Typeface>)>>,
}

impl Fonts {
    /// A family with the fonts to look in, in order, for characters that it lacks. `notice` is what
    /// viewers should know about them, in one printable line: that another font was asked for.
    pub fn new(family: FontFamily, fallbacks: Vec<FontFace>, notice: Option<String>) -> Self {
        Self { family, fallbacks, notice, sizes: Mutex::default() }
    }

    /// The font that is part of the program, alone.
    pub fn built_in(notice: Option<String>) -> Self {
        let family = FontFamily {
            regular: FontFace::built_in(),
            bold: None,
            italic: None,
            bold_italic: None,
        };
        Self::new(family, Vec::new(), notice)
    }

    /// What viewers should know about them.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The fonts at a size in pixels, the same ones for all that ask while somebody holds them.
    pub(crate) fn at_size(self: &Arc<Self>, size_px: f32) -> Arc<Typeface> {
        // Poison says that somebody panicked between two changes, each of which leaves a whole list.
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.retain(|(_, typeface)| typeface.strong_count() > 0);
        let key = size_px.to_bits();
        let held = sizes.iter().find(|(bits, _)| *bits == key);
        if let Some(typeface) = held.and_then(|(_, typeface)| typeface.upgrade()) {
            return typeface;
        }
        let typeface = Arc::new(Typeface::new(Arc::clone(self), size_px));
        sizes.push((key, Arc::downgrade(&typeface)));
        typeface
    }

    /// The face from which the cell's size is taken.
    pub(super) const fn regular(&self) -> &FontFace {
        &self.family.regular
    }

    /// The face that has all of `text`, the best one first, and whether it is the family's own.
    /// `None`: there is none.
    pub(super) fn face(&self, text: &str, style: (bool, bool), emoji: bool) -> Option<Chosen<'_>> {
        let FontFamily { regular, bold, italic, bold_italic } = &self.family;
        let own = match style {
            (true, true) => [bold_italic.as_ref(), bold.as_ref(), italic.as_ref()],
            (true, false) => [bold.as_ref(), None, None],
            (false, true) => [italic.as_ref(), None, None],
            (false, false) => [None; 3],
        };
        let own = own.into_iter().flatten().chain([regular]);
        let own = own.map(|face| Chosen { face, is_own: true });
        let others = self.fallbacks.iter().map(|face| Chosen { face, is_own: false });
        let mut colored = others.clone().filter(|_| emoji).filter(|face| face.face.is_colored());
        let found = colored.find(|chosen| chosen.face.covers(text));
        found.or_else(|| own.chain(others).find(|chosen| chosen.face.covers(text)))
    }
}

/// A face that has been chosen for a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen<'a> {
    pub(super) face: &'a FontFace,
    /// Its glyphs are as wide as the cell.
    pub(super) is_own: bool,
}
