//! What happened to a surface since somebody last looked: copies first, then damage.

use crate::{Damage, Point, Rect, Size};

/// Most copies kept before further ones are turned into damage.
pub const COPIES_MAX: usize = 64;

/// Pixels that moved: `target` now shows what stood at `source` in a rectangle of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy {
    /// Top left of where the pixels were.
    pub source: Point,
    /// Where they are now.
    pub target: Rect,
}

impl Copy {
    /// Where the pixels were.
    pub const fn source_rect(self) -> Rect {
        Rect::new(self.source.x, self.source.y, self.target.width, self.target.height)
    }

    /// Moves `rect`, a part of the source, to where the copy puts it.
    pub const fn carry(self, rect: Rect) -> Rect {
        Rect {
            x: rect.x - self.source.x + self.target.x,
            y: rect.y - self.source.y + self.target.y,
            ..rect
        }
    }
}

/// The difference between an older picture and the current one.
///
/// INVARIANT: carrying out `copies` in order on the older picture and then taking the current
/// pixels of `damage` gives the current picture. A copy whose source was already damaged
/// would carry pixels that the older picture never had, so the part of its target that they
/// land on is damage too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    copies: Vec<Copy>,
    damage: Damage,
}

impl Changes {
    /// No difference.
    pub fn none(size: Size) -> Self {
        Self { copies: Vec::new(), damage: Damage::clean(size) }
    }

    /// The older picture is of no use.
    pub fn all(size: Size) -> Self {
        Self { copies: Vec::new(), damage: Damage::full(size) }
    }

    /// Copies, in the order in which to carry them out.
    pub fn copies(&self) -> &[Copy] {
        &self.copies
    }

    /// What to fetch from the current picture after the copies.
    pub const fn damage(&self) -> &Damage {
        &self.damage
    }

    /// Whether both pictures are the same.
    pub fn is_none(&self) -> bool {
        self.copies.is_empty() && self.damage.is_clean()
    }

    /// Forgets everything: somebody has looked.
    pub fn clear(&mut self) {
        self.copies.clear();
        self.damage.clear();
    }

    /// Pixels of `rect` changed.
    pub fn add_damage(&mut self, rect: Rect) {
        self.damage.add(rect);
    }

    /// Nobody needs the pixels of `rect` any more, as far as one rectangle a tile can say it.
    pub fn forget_damage(&mut self, rect: Rect) {
        self.damage.subtract(&std::iter::once(rect));
    }

    /// `width` pixels of row `y` from column `x` on changed. They lie in one tile.
    pub(crate) fn add_damage_in_tile(&mut self, x: u16, y: u16, width: u16) {
        self.damage.add_in_tile(x, y, width);
    }

    /// Pixels moved. `copy` lies within the surface.
    pub fn add_copy(&mut self, copy: Copy) {
        let stale: Vec<Rect> = self.damage.iter_within(copy.source_rect()).collect();
        let stale_area: u32 = stale.iter().map(|rect| rect.area()).sum();
        // A copy that is mostly repaired afterwards saves nothing.
        if self.copies.len() >= COPIES_MAX || stale_area > copy.target.area() / 2 {
            self.damage.add(copy.target);
            return;
        }
        // What it overwrites need not be fetched any more.
        self.damage.clear_within(copy.target);
        for rect in stale {
            self.damage.add(copy.carry(rect));
        }
        self.copies.push(copy);
    }

    /// Turns damage into copies that have been found in it.
    ///
    /// Carrying out `copies` in order on the older picture must give the current pixels of each
    /// one's target. There are no copies yet; otherwise, or when there are more than
    /// [`COPIES_MAX`], everything stays damage.
    pub(crate) fn explain(&mut self, copies: &[Copy]) {
        if self.copies.is_empty() && copies.len() <= COPIES_MAX {
            self.copies.extend_from_slice(copies);
            self.damage.subtract(&copies.iter().map(|copy| copy.target));
        }
    }

    /// Appends what happened next. Does nothing useful across a change of size: the caller
    /// starts again with [`Changes::all`].
    pub fn add_all(&mut self, next: &Self) {
        self.add_all_around(next, &[]);
    }

    /// The same, where something that is not a change is still to be painted in the rectangles
    /// `covers`, after the copies and before the damage: copies from there or to there become
    /// damage, because they may have come after it.
    pub fn add_all_around(&mut self, next: &Self, covers: &[Rect]) {
        for copy in &next.copies {
            let meets = |cover: &Rect| {
                cover.intersection(copy.source_rect()).is_some()
                    || cover.intersection(copy.target).is_some()
            };
            if covers.iter().any(meets) {
                self.damage.add(copy.target);
            } else {
                self.add_copy(*copy);
            }
        }
        self.damage.add_all(&next.damage);
    }
}
