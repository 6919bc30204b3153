//! Fonts at one size: the cell's measures, and pictures of what stands in cells.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use swash::FontRef;
use swash::scale::image::Content;
use swash::scale::{Render, ScaleContext, Source, StrikeWith};
use swash::shape::ShapeContext;
use swash::text::{Codepoint, Script};
use swash::zeno::{Angle, Transform, Vector};

use super::boxes;
use super::face::is_ignorable;
use super::fonts::{Chosen, Fonts};
use super::glyph::{Canvas, Glyph};
use super::mask::Mask;

/// Most bytes that the pictures of one typeface take. When it is reached all of them are let go, and
/// what is on screens is drawn anew.
const GLYPHS_MAX_BYTES: usize = 8 << 20;

/// Least and most pixels of a font's em.
const SIZE_RANGE_PX: (f32, f32) = (3.0, 256.0);

/// How far letters lean that have to be made italic, in degrees.
const LEAN_DEGREES: f32 = 14.0;

/// What text is drawn with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct GlyphKey {
    pub(super) first: char,
    pub(super) cluster: Option<Arc<str>>,
    /// 1 or 2.
    pub(super) columns: u8,
    pub(super) bold: bool,
    pub(super) italic: bool,
}

/// A cell's measures, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measures {
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// From the cell's top to the line that letters stand on.
    pub(super) baseline: u16,
    /// How thick lines are.
    pub(super) line: u16,
    /// From the cell's top to an underline; there is room for it and its own thickness.
    pub(super) underline: u16,
    /// From the cell's top to a line through the text.
    pub(super) strike: u16,
}

/// Fonts at one size.
pub(crate) struct Typeface {
    fonts: Arc<Fonts>,
    size_px: f32,
    measures: Measures,
    drawn: Mutex<Drawn>,
}

/// The pictures drawn so far, and what draws them.
struct Drawn {
    glyphs: HashMap<GlyphKey, Arc<Glyph>>,
    bytes: usize,
    scale: ScaleContext,
    shape: ShapeContext,
}

impl Typeface {
    /// Fonts at a size in pixels, moved into the bounds.
    pub(super) fn new(fonts: Arc<Fonts>, size_px: f32) -> Self {
        let size_px = size_px.clamp(SIZE_RANGE_PX.0, SIZE_RANGE_PX.1);
        let measures = measure(fonts.regular().font(), size_px);
        let drawn = Drawn {
            glyphs: HashMap::new(),
            bytes: 0,
            scale: ScaleContext::new(),
            shape: ShapeContext::new(),
        };
        Self { fonts, size_px, measures, drawn: Mutex::new(drawn) }
    }

    /// A cell's measures.
    pub(crate) const fn measures(&self) -> Measures {
        self.measures
    }

    /// Memory that the pictures drawn so far take, in bytes; at most [`GLYPHS_MAX_BYTES`] and one
    /// more picture.
    pub(super) fn letters_bytes(&self) -> usize {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// The picture of a cell's text.
    pub(super) fn glyph(&self, key: &GlyphKey) -> Arc<Glyph> {
        // Poison says that a font made somebody panic; what is kept is whole all the same.
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(glyph) = drawn.glyphs.get(key) {
            return Arc::clone(glyph);
        }
        let glyph = Arc::new(self.draw(key, &mut drawn));
        // The key's text is counted twice rather than not at all.
        let bytes = glyph.bytes() + 128 + key.cluster.as_ref().map_or(0, |text| 2 * text.len());
        if drawn.bytes + bytes > GLYPHS_MAX_BYTES {
            drawn.glyphs.clear();
            drawn.bytes = 0;
        }
        drawn.bytes += bytes;
        drawn.glyphs.insert(key.clone(), Arc::clone(&glyph));
        glyph
    }

    fn draw(&self, key: &GlyphKey, drawn: &mut Drawn) -> Glyph {
        let Measures { width, height, line, .. } = self.measures;
        let width = width.saturating_mul(key.columns.clamp(1, 2).into());
        let mut buffer = [0; 4];
        let text = key.cluster.as_deref().unwrap_or_else(|| key.first.encode_utf8(&mut buffer));
        if text.chars().all(|c| c.is_whitespace() || c.is_control() || is_ignorable(c)) {
            return Glyph::empty();
        }
        if key.cluster.is_none()
            && let Some(mask) = boxes::draw(key.first, (width, height), line)
        {
            return Canvas::from(mask).finish();
        }
        let emoji = is_emoji(text, key);
        let Some(chosen) = self.fonts.face(text, (key.bold, key.italic), emoji) else {
            return Canvas::from(missing(width, height)).finish();
        };
        let canvas = Canvas::new(width, height);
        self.draw_text(text, key, chosen, canvas, drawn).finish()
    }

    fn draw_text(
        &self,
        text: &str,
        key: &GlyphKey,
        chosen: Chosen<'_>,
        mut canvas: Canvas,
        drawn: &mut Drawn,
    ) -> Canvas {
        let font = chosen.face.font();
        let mut run = Run::shape(font, text, self.size_px, &mut drawn.shape);
        let room = f32::from(self.measures.width) * f32::from(key.columns.clamp(1, 2));
        let mut size_px = self.size_px;
        if !chosen.is_own && run.advance > room {
            let scale = room / run.advance;
            size_px *= scale;
            run.scale(scale);
        }
        // The family's own letters begin where the cell does, so that hinted stems stay on pixels.
        let is_in_place = chosen.is_own && key.columns == 1;
        let left = if is_in_place { 0.0 } else { ((room - run.advance) / 2.0).round() };
        let mut scaler = drawn
            .scale
            .builder(font)
            .size(size_px)
            .hint(!key.italic || chosen.face.is_italic)
            .build();
        let sources = [
            Source::ColorOutline(0),
            Source::ColorBitmap(StrikeWith::BestFit),
            Source::Outline,
            Source::Bitmap(StrikeWith::BestFit),
        ];
        for (id, x, y) in run.glyphs {
            let (x, y) = (left + x, y);
            let mut render = Render::new(&sources);
            render.offset(Vector::new(x.fract(), y.fract()));
            if key.bold && !chosen.face.is_bold {
                render.embolden(size_px / 32.0);
            }
            if key.italic && !chosen.face.is_italic {
                let lean = Angle::from_degrees(LEAN_DEGREES);
                render.transform(Some(Transform::skew(lean, Angle::from_degrees(0.0))));
            }
            let Some(image) = render.render(&mut scaler, id) else { continue };
            let place = image.placement;
            let at_x = x.trunc() as i32 + place.left;
            if image.content == Content::Color {
                // Pictures know no baseline that fits text: they go into the middle.
                let at_y = (i32::from(self.measures.height) - place.height as i32) / 2;
                let at_x = if is_in_place { at_x } else { (room as i32 - place.width as i32) / 2 };
                canvas.add_color(&image.data, (place.width, at_x, at_y));
            } else {
                let at_y = i32::from(self.measures.baseline) - y.trunc() as i32 - place.top;
                canvas.add_mask(&image.data, (place.width, at_x, at_y));
            }
        }
        canvas
    }
}

impl fmt::Debug for Typeface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typeface({} px, {:?})", self.size_px, self.measures)
    }
}

/// Glyphs in their places: number, pixels to the right, pixels upwards.
struct Run {
    glyphs: Vec<(u16, f32, f32)>,
    advance: f32,
}

impl Run {
    fn shape(font: FontRef<'_>, text: &str, size_px: f32, context: &mut ShapeContext) -> Self {
        let mut run = Self { glyphs: Vec::new(), advance: 0.0 };
        let mut characters = text.chars();
        if let (Some(single), None) = (characters.next(), characters.next()) {
            let id = font.charmap().map(single);
            run.advance = font.glyph_metrics(&[]).scale(size_px).advance_width(id);
            run.glyphs.push((id, 0.0, 0.0));
            return run;
        }
        let script = text.chars().next().map_or(Script::Common, Codepoint::script);
        let mut shaper = context.builder(font).script(script).size(size_px).build();
        shaper.add_str(text);
        shaper.shape_with(|cluster| {
            for glyph in cluster.glyphs {
                run.glyphs.push((glyph.id, run.advance + glyph.x, glyph.y));
                run.advance += glyph.advance;
            }
        });
        run
    }

    fn scale(&mut self, scale: f32) {
        self.advance *= scale;
        for (_, x, y) in &mut self.glyphs {
            *x *= scale;
            *y *= scale;
        }
    }
}

fn measure(font: FontRef<'_>, size_px: f32) -> Measures {
    let metrics = font.metrics(&[]).scale(size_px);
    let zero = font.charmap().map('0');
    let advance = font.glyph_metrics(&[]).scale(size_px).advance_width(zero);
    let most = 2.0 * size_px;
    let pixels = |value: f32| value.clamp(1.0, most.max(1.0)) as u16;
    let width = pixels(advance.round());
    let height = pixels((metrics.ascent + metrics.descent + metrics.leading).ceil());
    let baseline = pixels((metrics.ascent + metrics.leading / 2.0).round()).min(height);
    let line = pixels((size_px / 16.0).round());
    let below = (-metrics.underline_offset).max(1.0).round() as u16;
    let underline = (baseline + below).min(height.saturating_sub(2 * line));
    let strike = (f32::from(baseline) - metrics.x_height.max(2.0) / 2.0).round() as u16;
    Measures { width, height, baseline, line, underline, strike: strike.min(height - 1) }
}

/// Whether text is to be drawn as a picture, where a font has one.
fn is_emoji(text: &str, key: &GlyphKey) -> bool {
    let asks = |selector| text.contains(selector);
    let is_ideographic = ('\u{3000}'..='\u{33ff}').contains(&key.first);
    asks('\u{fe0f}')
        || key.columns == 2 && key.first.is_emoji() && !is_ideographic && !asks('\u{fe0e}')
}

/// What stands for characters that no font has: an empty frame.
fn missing(width: u16, height: u16) -> Mask {
    let mut mask = Mask::new(width, height);
    let (right, bottom) = (i32::from(width) - 1, i32::from(height) - 1);
    let (x, y) = ((right / 6).max(1), (bottom / 6).max(1));
    mask.fill((x, right - x + 1), (y, bottom - y + 1));
    mask.fill_with(0, (x + 1, right - x), (y + 1, bottom - y));
    mask
}

#[cfg(test)]
#[path = "typeface_tests.rs"]
mod tests;
