//! The server's surfaces, and which of them are shown where (`[MS-RDPEGFX]` 3.3.1.5 to 3.3.1.7).

use std::collections::BTreeMap;

use porthole_pixels::{Point, Rect, SURFACE_SIDE_MAX_PX, Size, Surface};

use super::canvas::Canvas;
use super::error::GraphicsError;
use super::limits::{SURFACES_MAX, SURFACES_PIXELS_MAX};

/// At most [`SURFACES_MAX`] surfaces of [`SURFACES_PIXELS_MAX`] in all, by number.
#[derive(Debug, Default)]
pub(crate) struct Surfaces {
    all: BTreeMap<u16, Entry>,
}

#[derive(Debug)]
struct Entry {
    size: Size,
    /// Where on the output its top left is.
    mapped: Option<Point>,
    pixels: Pixels,
}

/// Where a surface's pixels are.
#[derive(Debug)]
enum Pixels {
    /// Nothing was drawn yet; what it shows is not said.
    Fresh,
    /// On the output: the surface is mapped, all of it is on the output, and no other mapped
    /// surface shares a pixel of it.
    Output,
    /// Here. The changes are those that the output does not show yet.
    Own(Box<Surface>),
}

impl Entry {
    /// The part of the output that would show it, unless that is out of the reach of 16 bits.
    fn shown(&self) -> Option<Rect> {
        let Point { x, y } = self.mapped?;
        Some(Rect::new(x, y, self.size.width, self.size.height))
    }

    /// Gives it pixels of its own, with what the output shows of it.
    fn detach(&mut self, output: &Surface) -> Result<(), GraphicsError> {
        if let Pixels::Own(_) = self.pixels {
            return Ok(());
        }
        let mut own = Surface::new(self.size)?;
        if let (Pixels::Output, Some(shown)) = (&self.pixels, self.shown()) {
            for y in 0..shown.height {
                own.store_row(0, y, output.row(shown, y));
            }
        }
        own.clear_changes();
        self.pixels = Pixels::Own(Box::new(own));
        Ok(())
    }
}

impl Surfaces {
    /// Makes surface `id`; one that exists is replaced, as servers that lost count expect.
    ///
    /// # Errors
    ///
    /// It would be too large, or one too many.
    pub(crate) fn create(&mut self, id: u16, size: Size) -> Result<(), GraphicsError> {
        Surface::check_size(size)?;
        if size.area() == 0 {
            return Err(GraphicsError::BadField { field: "surface size", value: 0 });
        }
        self.all.remove(&id);
        GraphicsError::check_limit("number of surfaces", self.all.len() + 1, SURFACES_MAX)?;
        let pixels = self.pixels() + u64::from(size.area());
        GraphicsError::check_limit("pixels of all surfaces", pixels, SURFACES_PIXELS_MAX)?;
        self.all.insert(id, Entry { size, mapped: None, pixels: Pixels::Fresh });
        Ok(())
    }

    /// Forgets surface `id`. The output goes on showing what it showed.
    pub(crate) fn delete(&mut self, id: u16) {
        self.all.remove(&id);
    }

    /// Pixels of all of them together.
    pub(crate) fn pixels(&self) -> u64 {
        self.all.values().map(|entry| u64::from(entry.size.area())).sum()
    }

    /// Columns and rows of surface `id`.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::NoSurface`].
    pub(crate) fn size(&self, id: u16) -> Result<Size, GraphicsError> {
        self.all.get(&id).map(|entry| entry.size).ok_or(GraphicsError::NoSurface { id })
    }

    /// The part of the output that surface `id` is drawn on, if it is drawn there.
    pub(crate) fn on_output(&self, id: u16) -> Option<Rect> {
        let entry = self.all.get(&id)?;
        matches!(entry.pixels, Pixels::Output).then(|| entry.shown()).flatten()
    }

    /// Something to draw surface `id` with.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::NoSurface`].
    pub(crate) fn canvas<'a>(
        &'a mut self,
        id: u16,
        output: &'a mut Surface,
    ) -> Result<Canvas<'a>, GraphicsError> {
        let entry = self.all.get_mut(&id).ok_or(GraphicsError::NoSurface { id })?;
        if let Pixels::Fresh = entry.pixels {
            entry.detach(output)?;
        }
        let (picture, origin) = match (&mut entry.pixels, entry.mapped) {
            (Pixels::Own(own), _) => (&mut **own, Point::default()),
            (_, origin) => (output, origin.unwrap_or_default()),
        };
        Canvas::new(picture, origin, entry.size)
    }

    /// Moves pixels within one picture, if `source` and `target` are drawn on the same.
    /// `false`: they are not, and nothing is done.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::NoSurface`], [`GraphicsError::OutsideSurface`].
    pub(crate) fn copy(
        &mut self,
        (source, rect): (u16, Rect),
        (target, to): (u16, Rect),
        output: &mut Surface,
    ) -> Result<bool, GraphicsError> {
        let from = {
            let canvas = self.canvas(source, output)?;
            canvas.check(rect)?;
            canvas.place(rect)
        };
        let to = {
            let canvas = self.canvas(target, output)?;
            canvas.check(to)?;
            canvas.place(to)
        };
        if source == target {
            let entry = self.all.get_mut(&source).ok_or(GraphicsError::NoSurface { id: source })?;
            match &mut entry.pixels {
                Pixels::Own(own) => own.copy(from.origin(), to)?,
                _ => output.copy(from.origin(), to)?,
            }
            return Ok(true);
        }
        let is_shared = self.on_output(source).is_some() && self.on_output(target).is_some();
        if is_shared {
            output.copy(from.origin(), to)?;
        }
        Ok(is_shared)
    }

    /// Shows surface `id` from (`x`, `y`) of the output on.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::NoSurface`], or a place out of all reach.
    pub(crate) fn map(
        &mut self,
        id: u16,
        (x, y): (u32, u32),
        output: &mut Surface,
    ) -> Result<(), GraphicsError> {
        GraphicsError::check_limit("place on the output", x.max(y), SURFACE_SIDE_MAX_PX)?;
        let entry = self.all.get_mut(&id).ok_or(GraphicsError::NoSurface { id })?;
        // Within SURFACE_SIDE_MAX_PX.
        let at = Point { x: x as u16, y: y as u16 };
        if entry.mapped == Some(at) {
            return Ok(());
        }
        // What was drawn there stays with it; what was not drawn need not be painted.
        if let Pixels::Output = entry.pixels {
            entry.detach(output)?;
        }
        entry.mapped = Some(at);
        let shown = entry.shown().unwrap_or_default();
        for (other, entry) in &mut self.all {
            let is_under = entry.shown().is_some_and(|rect| rect.intersection(shown).is_some());
            if *other != id && is_under && matches!(entry.pixels, Pixels::Output) {
                entry.detach(output)?;
            }
        }
        if !self.attach(id, output)? {
            self.show_all_of(id, output)?;
        }
        Ok(())
    }

    /// The output is to have `size`. Surfaces that do not fit on it any more keep their pixels.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub(crate) fn resize_output(
        &mut self,
        size: Size,
        output: &mut Surface,
    ) -> Result<(), GraphicsError> {
        Surface::check_size(size)?;
        for entry in self.all.values_mut() {
            let fits = entry.shown().is_some_and(|shown| shown.fits(size));
            if matches!(entry.pixels, Pixels::Output) && !fits {
                entry.detach(output)?;
            }
        }
        Ok(output.resize(size)?)
    }

    /// Brings the output up to date with surfaces that are mapped and have pixels of their own.
    ///
    /// # Errors
    ///
    /// None that a server can bring about.
    pub(crate) fn flush(&mut self, output: &mut Surface) -> Result<(), GraphicsError> {
        let is_behind =
            |entry: &Entry| entry.mapped.is_some() && matches!(entry.pixels, Pixels::Own(_));
        let behind = self.all.iter().filter(|(_, entry)| is_behind(entry));
        let behind: Vec<u16> = behind.map(|(id, _)| *id).collect();
        for id in behind {
            if !self.attach(id, output)? {
                self.show_changes_of(id, output);
            }
        }
        Ok(())
    }

    /// Draws surface `id` on the output from now on, if nothing is in the way.
    fn attach(&mut self, id: u16, output: &mut Surface) -> Result<bool, GraphicsError> {
        let Some(shown) = self.all.get(&id).and_then(Entry::shown) else { return Ok(false) };
        let is_shared = self.all.iter().any(|(other, entry)| {
            *other != id && entry.shown().is_some_and(|rect| rect.intersection(shown).is_some())
        });
        if is_shared || !shown.fits(output.size()) {
            return Ok(false);
        }
        let Some(entry) = self.all.get_mut(&id) else { return Ok(false) };
        if let Pixels::Own(own) = &entry.pixels {
            output.store(shown, own.bytes())?;
        }
        entry.pixels = Pixels::Output;
        Ok(true)
    }

    fn show_all_of(&mut self, id: u16, output: &mut Surface) -> Result<(), GraphicsError> {
        let Some(entry) = self.all.get_mut(&id) else { return Ok(()) };
        entry.detach(output)?;
        let size = entry.size;
        if let (Some(at), Pixels::Own(own)) = (entry.mapped, &mut entry.pixels) {
            show(own, size.rect(), at, output);
            own.clear_changes();
        }
        Ok(())
    }

    fn show_changes_of(&mut self, id: u16, output: &mut Surface) {
        let Some(entry) = self.all.get_mut(&id) else { return };
        if let (Some(at), Pixels::Own(own)) = (entry.mapped, &mut entry.pixels) {
            // Targets of copies are as good as damage: the output may show something else where
            // they came from.
            let copies = own.changes().copies().iter().map(|copy| copy.target);
            for rect in copies.chain(own.changes().damage().iter()) {
                show(own, rect, at, output);
            }
            own.clear_changes();
        }
    }
}

/// Stores `rect` of `own`, whose top left is at `at`, on the output, as far as it is there.
fn show(own: &Surface, rect: Rect, at: Point, output: &mut Surface) {
    // Neither the place nor a side is above SURFACE_SIDE_MAX_PX, so that sums fit in 16 bits.
    for y in 0..rect.height {
        output.store_row(at.x + rect.x, at.y + rect.y + y, own.row(rect, y));
    }
}
