//! The system's fonts, for pictures of terminals.
//!
//! Nothing is read before a session's first viewer who only knows pictures. Then the fonts' names are
//! looked up once for the process, and those files are read that are drawn with; all sessions share
//! them, and the last one that needs them lets them go.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use fontdb::{Database, FaceInfo, Family, Query, Stretch, Style, Weight};
use porthole_terminal::{FontBytes, FontFace, FontFamily, FontSource, Fonts};
use tracing::{info, warn};

/// Monospaced families, the best ones first.
const MONOSPACED: [&str; 6] = [
    "DejaVu Sans Mono",
    "Noto Sans Mono",
    "Liberation Mono",
    "Ubuntu Mono",
    "FreeMono",
    "Noto Mono",
];

/// Where characters are looked for that a family lacks: of each group the first one that is
/// installed, and what is missing when none is.
const FALLBACKS: [(&[&str], Option<&str>); 12] = [
    (&["DejaVu Sans Mono"], None),
    (&["DejaVu Sans"], None),
    (&["Noto Sans Symbols2", "Noto Sans Symbols 2"], None),
    (&["Symbols Nerd Font Mono", "Symbols Nerd Font"], None),
    (&["Noto Sans Arabic"], None),
    (&["Noto Sans Hebrew"], None),
    (&["Noto Sans Devanagari"], None),
    (&["Noto Sans Thai"], None),
    (
        &[
            "Noto Sans Mono CJK SC",
            "Noto Sans Mono CJK JP",
            "WenQuanYi Micro Hei Mono",
            "WenQuanYi Zen Hei Mono",
            "Droid Sans Fallback",
        ],
        Some("Chinese, Japanese and Korean (fonts-noto-cjk or fonts-wqy-microhei)"),
    ),
    (&["Noto Color Emoji"], Some("emoji (fonts-noto-color-emoji)")),
    (&["FreeMono"], None),
    (&["Unifont"], None),
];

/// Longest font file that is read, in bytes.
const FILE_MAX_BYTES: u64 = 64 << 20;

/// Most families that are remembered while they are in use.
const FAMILIES_MAX: usize = 64;

/// The system's fonts.
pub(crate) fn system() -> Arc<dyn FontSource> {
    static SYSTEM: LazyLock<Arc<SystemFonts>> = LazyLock::new(Arc::default);
    Arc::clone(&SYSTEM) as Arc<dyn FontSource>
}

#[derive(Debug, Default)]
struct SystemFonts {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// `None` until somebody needs it.
    names: Option<Database>,
    families: HashMap<String, Weak<Fonts>>,
    files: HashMap<PathBuf, Weak<dyn AsRef<[u8]> + Send + Sync>>,
}

impl FontSource for SystemFonts {
    fn fonts(&self, family: &str) -> Arc<Fonts> {
        let mut held = self.lock();
        let key = family.to_lowercase();
        if let Some(fonts) = held.families.get(&key).and_then(Weak::upgrade) {
            return fonts;
        }
        let fonts = Arc::new(held.load(family));
        held.families.retain(|_, fonts| fonts.strong_count() > 0);
        if held.families.len() < FAMILIES_MAX {
            held.families.insert(key, Arc::downgrade(&fonts));
        }
        fonts
    }
}

impl SystemFonts {
    fn lock(&self) -> MutexGuard<'_, Held> {
        // Whoever panicked here left nothing half done that counts.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn load(&mut self, family: &str) -> Fonts {
        let names = self.names.take().unwrap_or_else(|| {
            let mut names = Database::new();
            names.load_system_fonts();
            report(&names);
            names
        });
        let asked = (!family.is_empty()).then(|| installed(&names, family)).flatten();
        let name = asked.clone().or_else(|| monospaced(&names));
        let own = name.as_deref().and_then(|name| self.family(&names, name));
        let shown = own.as_ref().and(name.as_deref()).unwrap_or("a font of its own");
        let notice = (!family.is_empty() && (asked.is_none() || own.is_none())).then(|| {
            warn!(family, shown, "the gateway has no font of this name");
            format!("the gateway has no font {family:?} and draws this terminal with {shown}")
        });
        let Some(own) = own else {
            self.names = Some(names);
            return Fonts::built_in(notice);
        };
        let mut fallbacks = Vec::new();
        for (group, _) in FALLBACKS {
            let first = group.iter().find_map(|name| regular(&names, name));
            fallbacks.extend(first.and_then(|face| self.face(face)));
        }
        fallbacks.push(FontFace::built_in());
        self.files.retain(|_, file| file.strong_count() > 0);
        self.names = Some(names);
        Fonts::new(own, fallbacks, notice)
    }

    fn family(&mut self, names: &Database, name: &str) -> Option<FontFamily> {
        let regular = regular(names, name)?;
        let mut other = |weight, style| {
            let query =
                Query { families: &[Family::Name(name)], weight, stretch: Stretch::Normal, style };
            // The best that there is may be the regular face, or a bold one that is not italic.
            let face = names.query(&query).and_then(|id| names.face(id))?;
            let is_wanted = (face.weight.0 >= 600) == (weight == Weight::BOLD)
                && (face.style == Style::Normal) == (style == Style::Normal);
            if is_wanted { self.face(face) } else { None }
        };
        let bold = other(Weight::BOLD, Style::Normal);
        let italic = other(Weight::NORMAL, Style::Italic);
        let bold_italic = other(Weight::BOLD, Style::Italic);
        Some(FontFamily { regular: self.face(regular)?, bold, italic, bold_italic })
    }

    fn face(&mut self, face: &FaceInfo) -> Option<FontFace> {
        let (fontdb::Source::File(path) | fontdb::Source::SharedFile(path, _)) = &face.source
        else {
            return None;
        };
        let bytes = if let Some(bytes) = self.files.get(path).and_then(Weak::upgrade) {
            bytes
        } else {
            let read = read(path).inspect_err(|error| {
                warn!(path = %path.display(), %error, "a font cannot be read");
            });
            let bytes: FontBytes = Arc::new(read.ok()?);
            self.files.insert(path.clone(), Arc::downgrade(&bytes));
            bytes
        };
        FontFace::parse(bytes, face.index)
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(std::io::Error::other(format!("is longer than {FILE_MAX_BYTES} bytes")));
    }
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The name of an installed family as its files spell it.
fn installed(names: &Database, family: &str) -> Option<String> {
    let all = names.faces().flat_map(|face| &face.families);
    all.map(|(name, _)| name).find(|name| name.eq_ignore_ascii_case(family)).cloned()
}

/// The best monospaced family.
fn monospaced(names: &Database) -> Option<String> {
    let known = MONOSPACED.iter().find_map(|name| installed(names, name));
    known.or_else(|| {
        let other = names.faces().find(|face| face.monospaced && face.style == Style::Normal)?;
        other.families.first().map(|(name, _)| name.clone())
    })
}

/// The regular face of a family.
fn regular<'a>(names: &'a Database, family: &str) -> Option<&'a FaceInfo> {
    let query = Query { families: &[Family::Name(family)], ..Query::default() };
    names.query(&query).and_then(|id| names.face(id))
}

/// Says what there is, and what is missing.
fn report(names: &Database) {
    let missing: Vec<&str> = FALLBACKS
        .iter()
        .filter(|(group, _)| !group.iter().any(|name| installed(names, name).is_some()))
        .filter_map(|(_, missing)| *missing)
        .collect();
    let family = monospaced(names);
    if family.is_none() {
        warn!(
            "no monospaced font is installed (fonts-dejavu-core): terminals are drawn with a small one"
        );
    }
    info!(faces = names.len(), family, missing = missing.join(", "), "fonts for terminals");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installed_fonts_are_found_and_shared() {
        let system = SystemFonts::default();
        let usual = system.fonts("");
        assert_eq!(usual.notice(), None);
        assert!(Arc::ptr_eq(&usual, &system.fonts("")));
        let named = system.fonts("dejavu sans mono");
        assert_eq!(named.notice(), None);
        let files = system.lock().files.len();
        assert!(files >= 4, "{files} files");
        drop((usual, named));
        assert_eq!(system.lock().files.values().filter(|file| file.strong_count() > 0).count(), 0);
    }

    #[test]
    fn what_is_not_installed_is_said() {
        let system = SystemFonts::default();
        let fonts = system.fonts("No Such Font");
        let notice = fonts.notice().unwrap();
        assert!(notice.contains("No Such Font") && notice.contains("DejaVu Sans Mono"), "{notice}");
    }

    #[test]
    fn without_fonts_there_is_one() {
        let system = SystemFonts::default();
        system.lock().names = Some(Database::new());
        assert_eq!(system.fonts("").notice(), None);
        assert!(system.fonts("Fira Code").notice().is_some());
    }
}
