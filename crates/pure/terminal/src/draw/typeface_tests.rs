//! What fonts draw lies where it belongs.

use super::*;
use crate::draw::glyph::Pixels;
use crate::draw::{FontBytes, FontFace, FontFamily};

fn typeface(size_px: f32) -> Typeface {
    Typeface::new(Arc::new(Fonts::built_in(None)), size_px)
}

fn key(first: char) -> GlyphKey {
    GlyphKey { first, cluster: None, columns: 1, bold: false, italic: false }
}

fn cluster(text: &str, columns: u8) -> GlyphKey {
    let first = text.chars().next().unwrap();
    GlyphKey { first, cluster: Some(text.into()), columns, bold: false, italic: false }
}

fn rows(glyph: &Glyph) -> std::ops::Range<usize> {
    let (Pixels::Mask(data) | Pixels::Color(data)) = &glyph.pixels;
    let bytes = if matches!(glyph.pixels, Pixels::Color(_)) { 4 } else { 1 };
    glyph.y..glyph.y + data.len() / (glyph.width * bytes).max(1)
}

/// A face of an installed font.
#[expect(clippy::disallowed_methods, reason = "fonts are files, and a test may read them")]
fn installed(path: &str, index: u32) -> FontFace {
    let bytes: FontBytes =
        Arc::new(std::fs::read(path).expect("install the fonts of the setup list"));
    FontFace::parse(bytes, index).unwrap()
}

fn with_fallbacks() -> Typeface {
    let family = FontFamily {
        regular: installed("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", 0),
        bold: Some(installed("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf", 0)),
        italic: None,
        bold_italic: None,
    };
    let fallbacks = vec![
        installed("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 1),
        installed("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", 0),
    ];
    Typeface::new(Arc::new(Fonts::new(family, fallbacks, None)), 16.0)
}

#[test]
fn cells_fit_the_font() {
    for (size_px, width, height) in [(16.0, 10, 19), (32.0, 19, 38), (12.0, 7, 14)] {
        let measures = typeface(size_px).measures();
        assert_eq!((measures.width, measures.height), (width, height), "{size_px}");
        assert!(measures.underline + measures.line <= measures.height);
        assert!(measures.strike < measures.baseline);
    }
    for size_px in [-1.0, 0.0, 3.0, 4.0, 1000.0, f32::MAX] {
        let measures = typeface(size_px).measures();
        assert!(measures.width > 0 && measures.height > 0, "{size_px}");
        assert!(measures.underline + measures.line <= measures.height, "{size_px}");
    }
}

#[test]
fn printable_ascii_is_drawn_in_its_cell_and_differs() {
    let typeface = typeface(16.0);
    let measures = typeface.measures();
    let mut seen = HashMap::new();
    for c in '!'..='~' {
        let glyph = typeface.glyph(&key(c));
        assert!(glyph.width > 0, "{c}");
        assert!(glyph.x + glyph.width <= measures.width.into(), "{c}");
        assert!(rows(&glyph).end <= measures.height.into(), "{c}");
        if let Some(other) = seen.insert(format!("{glyph:?}"), c) {
            panic!("{c} and {other} look the same");
        }
    }
    assert_eq!(typeface.glyph(&key(' ')).width, 0);
}

#[test]
fn letters_stand_on_the_baseline() {
    let typeface = typeface(16.0);
    let baseline = usize::from(typeface.measures().baseline);
    for c in "AEHMNTXahikmnrxz1247".chars() {
        let bottom = rows(&typeface.glyph(&key(c))).end;
        assert_eq!(bottom, baseline, "{c}");
    }
    for c in "gjpqy,;".chars() {
        assert!(rows(&typeface.glyph(&key(c))).end > baseline, "{c}");
    }
}

#[test]
fn styles_differ_where_the_font_has_none() {
    let typeface = typeface(16.0);
    let plain = typeface.glyph(&key('n'));
    let bold = typeface.glyph(&GlyphKey { bold: true, ..key('n') });
    let italic = typeface.glyph(&GlyphKey { italic: true, ..key('n') });
    let ink = |glyph: &Glyph| match &glyph.pixels {
        Pixels::Mask(data) | Pixels::Color(data) => {
            data.iter().map(|cover| usize::from(*cover)).sum::<usize>()
        }
    };
    assert!(ink(&bold) > ink(&plain) * 11 / 10, "{} {}", ink(&bold), ink(&plain));
    assert_ne!(plain, italic);
    assert_eq!(rows(&italic), rows(&plain));
}

#[test]
fn marks_go_onto_their_letter() {
    let typeface = typeface(16.0);
    let plain = typeface.glyph(&key('x'));
    let marked = typeface.glyph(&cluster("x\u{301}", 1));
    assert!(rows(&marked).start < rows(&plain).start, "{marked:?}");
    assert_eq!(rows(&marked).end, rows(&plain).end);
    let below = typeface.glyph(&cluster("x\u{323}", 1));
    assert!(rows(&below).end > rows(&plain).end);
}

#[test]
fn wide_characters_take_two_cells() {
    let typeface = with_fallbacks();
    let width = usize::from(typeface.measures().width);
    for c in ['\u{4e2d}', '\u{6587}', '\u{ff21}', '\u{3042}'] {
        let glyph = typeface.glyph(&GlyphKey { columns: 2, ..key(c) });
        assert!(
            glyph.x < width && glyph.x + glyph.width > width,
            "{c} {} {}",
            glyph.x,
            glyph.width
        );
        assert!(glyph.x + glyph.width <= 2 * width, "{c}");
    }
}

#[test]
fn emoji_have_colors() {
    let typeface = with_fallbacks();
    let (width, height) = (usize::from(typeface.measures().width), typeface.measures().height);
    for key in [
        GlyphKey { columns: 2, ..key('\u{1f600}') },
        cluster("\u{1f469}\u{200d}\u{1f4bb}", 2),
        cluster("\u{1f1e9}\u{1f1ea}", 2),
        cluster("\u{2764}\u{fe0f}", 2),
    ] {
        let glyph = typeface.glyph(&key);
        assert!(matches!(glyph.pixels, Pixels::Color(_)), "{key:?}");
        assert!(glyph.width > width && glyph.x + glyph.width <= 2 * width, "{key:?}");
        assert!(rows(&glyph).len() > usize::from(height) / 2, "{key:?}");
        assert!(rows(&glyph).end <= height.into(), "{key:?}");
    }
    assert!(matches!(typeface.glyph(&key('7')).pixels, Pixels::Mask(_)));
}

#[test]
fn what_no_font_has_is_a_frame() {
    let typeface = typeface(16.0);
    let frame = typeface.glyph(&key('\u{13000}'));
    assert!(frame.width > 4);
    assert_eq!(frame.pixels, typeface.glyph(&key('\u{13001}')).pixels);
}

#[test]
fn pictures_are_bounded() {
    let typeface = typeface(96.0);
    for c in ('\u{4e00}'..='\u{9fff}').step_by(2) {
        typeface.glyph(&GlyphKey { columns: 2, ..key(c) });
        assert!(typeface.drawn.lock().unwrap().bytes <= GLYPHS_MAX_BYTES);
    }
}

#[test]
fn files_that_are_no_fonts_are_refused() {
    for bytes in [&b""[..], b"\0\x01\0\0", &[0; 64], b"OTTO\0\x01\0\0\0\0\0\0"] {
        assert!(FontFace::parse(Arc::new(bytes.to_vec()), 0).is_none());
    }
    let whole = crate::draw::face::tests_bytes();
    assert!(FontFace::parse(Arc::new(whole), 1).is_none());
}
