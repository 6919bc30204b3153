//! Stop 5 of the pixel path: scrolls and moves that the remote did not tell of.
//!
//! A search guesses how far something moved, from few pixels; what a guess explains is then
//! compared pixel by pixel, so that a wrong guess costs time and never a wrong pixel.

mod arena;
mod order;
mod planar;
mod rectangles;
mod verify;
mod vertical;

use porthole_pixels::{BYTES_PER_PIXEL, Before, Copy, Damage, Rect, Surface, TILE_SIDE_PX};

use arena::Arena;
use planar::PlanarSearch;
use verify::Verifier;
use vertical::VerticalSearch;

/// Most copies that [`MoveFinder::find`] gives.
pub const FOUND_COPIES_MAX: usize = 32;

/// Frames that a search sits out after it found nothing, at most.
const REST_MAX: u8 = 8;

/// Vectors that are tried again in the next frame.
const LAST_MAX: usize = 3;

/// Once no more than one pixel in so many is left of the damage, nobody looks for more.
const ENOUGH_PART: u64 = 8;

/// How far pixels moved: (`x`, `y`) shows what stood at (`x - dx`, `y - dy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Vector {
    dx: i32,
    dy: i32,
}

impl Vector {
    /// Where the pixel at (`x`, `y`) was. `None` to the left of the picture and above it; it may
    /// be to the right or below.
    fn source(self, x: u16, y: u16) -> Option<(u16, u16)> {
        let x = u16::try_from(i32::from(x) - self.dx).ok()?;
        let y = u16::try_from(i32::from(y) - self.dy).ok()?;
        Some((x, y))
    }
}

/// The picture before and after.
#[derive(Debug, Clone, Copy)]
struct Pictures<'a> {
    new: &'a Surface,
    old: Before<'a>,
}

impl<'a> Pictures<'a> {
    /// The new pixels of tile column `column` in row `y`.
    fn segment(self, column: u16, y: u16) -> &'a [u8] {
        let x = column * TILE_SIDE_PX;
        let width = self.new.size().width.saturating_sub(x).min(TILE_SIDE_PX);
        self.new.row(Rect::new(x, y, width, 1), 0)
    }

    /// Whether the new `pixels`, which are those from (`x`, `y`) on, moved there by `vector`.
    fn moved(self, vector: Vector, x: u16, y: u16, pixels: &[u8]) -> bool {
        vector.source(x, y).is_some_and(|(x, y)| self.old.row_is(x, y, pixels))
    }
}

/// A copy that was verified, and what it is worth.
#[derive(Debug, Clone, Copy)]
struct Found {
    copy: Copy,
    /// Damaged pixels that it explains, about.
    gain_px: u32,
}

/// Finds scrolls and moves in the damage of one surface, frame after frame.
///
/// It remembers which vectors worked, and rests for up to eight frames after it found
/// nothing, so that a film costs next to nothing.
///
/// # Contract
///
/// The surface keeps its older picture ([`Surface::keep_before`]). At the end of a frame,
/// while [`Surface::changes`] holds no copies and before they are taken note of, call
/// [`MoveFinder::find`] and hand the result to [`Surface::explain`]:
///
/// ```
/// # use porthole_pixels::{Size, Surface};
/// # use porthole_tiles::MoveFinder;
/// # let mut surface = Surface::new(Size::new(640, 480))?;
/// # let mut finder = MoveFinder::default();
/// surface.keep_before(true);
/// // Once a frame:
/// surface.explain(finder.find(&surface));
/// // Whoever watches takes note of `surface.changes()`.
/// surface.clear_changes();
/// # Ok::<(), porthole_pixels::PixelsError>(())
/// ```
///
/// When nothing is expected to change soon, [`Surface::release_before`] and
/// [`MoveFinder::release`] give their memory back.
#[derive(Debug, Default)]
pub struct MoveFinder {
    last: Vec<Vector>,
    /// Where the damage was when a search last had to rest.
    arena: Option<Rect>,
    vertical: VerticalSearch,
    planar: PlanarSearch,
    /// For searches in frames of which nothing is explained yet.
    first: Rests,
    /// For searches in what copies leave of a frame: new content, as a rule.
    more: Rests,
    verifier: Verifier,
    copies: Vec<Copy>,
}

impl MoveFinder {
    /// Copies, at most [`FOUND_COPIES_MAX`], that explain a good part of the surface's damage.
    ///
    /// Carried out in order on [`Surface::before`] they give the current pixels of each one's
    /// target. Each of them saves at least some 2,000 pixels of damage. None when the damage is
    /// small, when the older picture is not kept, or when there are copies already.
    pub fn find(&mut self, surface: &Surface) -> &[Copy] {
        self.copies.clear();
        let changes = surface.changes();
        if let Some(old) = surface.before().filter(|_| changes.copies().is_empty())
            && let Some(arena) = Arena::of(changes.damage())
        {
            let pictures = Pictures { new: surface, old };
            let mut search = Search::new(pictures, changes.damage(), arena);
            self.run(&mut search);
            self.remember(&search.found);
            order::sort(search.found, &mut self.copies);
        }
        &self.copies
    }

    /// Gives back all memory but the last vectors. The next search takes it again.
    pub fn release(&mut self) {
        *self = Self { last: std::mem::take(&mut self.last), ..Self::default() };
    }

    fn run(&mut self, search: &mut Search<'_>) {
        if self.arena != Some(search.arena.grid_rect()) {
            self.arena = Some(search.arena.grid_rect());
            self.first.vertical = Rest::default();
        }
        for vector in &self.last {
            search.try_vector(*vector, &mut self.verifier);
        }
        if !search.found.is_empty() {
            self.first = Rests::default();
        }
        // Twice, since a small pane is seen better when the large one beside it is explained.
        for _ in 0..2 {
            let rests = if search.found.is_empty() { &mut self.first } else { &mut self.more };
            if search.is_done || !rests.vertical.is_over() {
                break;
            }
            let vectors = self.vertical.find(search.pictures, &search.arena);
            let found_any = search.try_all(vectors, &mut self.verifier);
            rests.vertical.note(found_any);
            if !found_any {
                break;
            }
        }
        let rests = if search.found.is_empty() { &mut self.first } else { &mut self.more };
        if !search.is_done && rests.planar.is_over() {
            let vectors = self.planar.find(search.pictures, &search.arena);
            let found_any = search.try_all(vectors, &mut self.verifier);
            rests.planar.note(found_any);
        }
    }

    fn remember(&mut self, found: &[Found]) {
        if found.is_empty() {
            return;
        }
        self.last.clear();
        for Found { copy, .. } in found {
            let vector = Vector {
                dx: i32::from(copy.target.x) - i32::from(copy.source.x),
                dy: i32::from(copy.target.y) - i32::from(copy.source.y),
            };
            if self.last.len() < LAST_MAX && !self.last.contains(&vector) {
                self.last.push(vector);
            }
        }
    }
}

/// When each search may try again.
#[derive(Debug, Default)]
struct Rests {
    vertical: Rest,
    planar: Rest,
}

/// When a search that found nothing may try again.
#[derive(Debug)]
struct Rest {
    /// Frames still to sit out.
    frames: u8,
    next: u8,
}

impl Default for Rest {
    fn default() -> Self {
        Self { frames: 0, next: 1 }
    }
}

impl Rest {
    /// One more frame; whether it may be searched.
    const fn is_over(&mut self) -> bool {
        let is_over = self.frames == 0;
        self.frames = self.frames.saturating_sub(1);
        is_over
    }

    /// How the search went.
    fn note(&mut self, found_any: bool) {
        if found_any {
            *self = Self::default();
        } else {
            self.frames = self.next;
            self.next = (2 * self.next).min(REST_MAX);
        }
    }
}

/// The search of one frame.
struct Search<'a> {
    pictures: Pictures<'a>,
    /// Damage that no copy explains yet.
    left: Damage,
    enough_px: u64,
    /// Where `left` is.
    arena: Arena,
    found: Vec<Found>,
    is_done: bool,
}

impl<'a> Search<'a> {
    fn new(pictures: Pictures<'a>, damage: &Damage, arena: Arena) -> Self {
        let enough_px = area_px(damage) / ENOUGH_PART;
        Self { pictures, left: damage.clone(), enough_px, arena, found: Vec::new(), is_done: false }
    }

    /// Whether any of `vectors` explains something.
    fn try_all(&mut self, vectors: impl IntoIterator<Item = Vector>, with: &mut Verifier) -> bool {
        vectors.into_iter().fold(false, |any, vector| self.try_vector(vector, with) | any)
    }

    /// Takes what `vector` explains out of the damage. Whether that was anything.
    fn try_vector(&mut self, vector: Vector, verifier: &mut Verifier) -> bool {
        if self.is_done || !self.looks_right(vector) {
            return false;
        }
        let known = self.found.len();
        verifier.verify(self.pictures, &self.arena, &self.left, vector, &mut self.found);
        let Some(new) = self.found.get(known..).filter(|new| !new.is_empty()) else {
            return false;
        };
        self.left.subtract(&new.iter().map(|found| found.copy.target));
        let is_enough =
            area_px(&self.left) <= self.enough_px || self.found.len() >= FOUND_COPIES_MAX;
        match Arena::of(&self.left) {
            Some(arena) if !is_enough => self.arena = arena,
            _ => self.is_done = true,
        }
        true
    }

    /// Whether a few pieces with some detail moved by `vector`.
    fn looks_right(&self, vector: Vector) -> bool {
        const TILES: usize = 48;
        const HITS_MIN: usize = 3;
        let rows = [9, 22, 37, 54];
        let pieces = self
            .arena
            .sample(TILES)
            .flat_map(|(column, row)| rows.map(|y| (column, row * TILE_SIDE_PX + y)));
        let hits = pieces.filter(|(column, y)| {
            let pixels = self.pictures.segment(*column, *y);
            let x = column * TILE_SIDE_PX;
            !is_uniform(pixels) && self.pictures.moved(vector, x, *y, pixels)
        });
        hits.take(HITS_MIN).count() == HITS_MIN
    }
}

fn area_px(damage: &Damage) -> u64 {
    damage.iter().map(|rect| u64::from(rect.area())).sum()
}

/// Whether all of `pixels` have one colour: then they say nothing about where they came from.
fn is_uniform(pixels: &[u8]) -> bool {
    let step = BYTES_PER_PIXEL;
    pixels.len() < step || pixels[step..] == pixels[..pixels.len() - step]
}

#[cfg(test)]
#[path = "moves_tests.rs"]
mod tests;
