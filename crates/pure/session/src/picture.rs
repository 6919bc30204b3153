//! What one viewer's canvas and cells hold, and what they still lack. It outlives the viewer's
//! socket: a browser that comes back with its canvas is owed the difference only.

use std::collections::VecDeque;

use bytes::BytesMut;
use porthole_link::ToBrowser;
use porthole_pixels::{Changes, Copy, Damage, Rect, Size};

use crate::cells::Cells;
use crate::frame::Finished;
use crate::grid::Grid;
use crate::keys::{Key, TileKeys};

/// One viewer's picture. Its size does not depend on how long the viewer stalls.
#[derive(Debug)]
pub(crate) struct Picture {
    /// From what the viewer was last sent to the current surface.
    pub(crate) pending: Changes,
    /// The canvas does not have the surface's size yet.
    pub(crate) resized: bool,
    /// What was painted with loss and not yet made exact.
    pub(crate) lossy: Damage,
    pub(crate) cells: Cells,
    /// Tiles that are still on the canvas as `Key` says, and will be painted over.
    leaving: Vec<(usize, Key)>,
    /// What had no room in the last frame.
    pub(crate) left: Damage,
    /// What the frame that is being encoded will paint.
    encoding: Option<Painting>,
    /// What each frame paints that is sent and not acknowledged.
    unpainted: VecDeque<(u32, Painting)>,
}

/// What a frame does to the canvas.
#[derive(Debug, Clone)]
struct Painting {
    touched: Damage,
    /// It gives the canvas its size.
    resizes: bool,
}

impl Picture {
    /// A canvas of which nothing is known.
    pub(crate) fn new(size: Size, cells: u16) -> Self {
        Self {
            pending: Changes::all(size),
            resized: true,
            lossy: Damage::clean(size),
            cells: Cells::new(cells),
            leaving: Vec::new(),
            left: Damage::clean(size),
            encoding: None,
            unpainted: VecDeque::new(),
        }
    }

    /// A frame for it is being encoded.
    pub(crate) const fn is_encoding(&self) -> bool {
        self.encoding.is_some()
    }

    /// Takes note of what happened to the surface. `leaving` are the tiles it happened to whose
    /// former picture may come back, and `videos` where video is painted after the copies of the
    /// frame to come.
    pub(crate) fn absorb(&mut self, changes: &Changes, leaving: &[(usize, Key)], videos: &[Rect]) {
        let size = changes.damage().size();
        if self.pending.damage().size() != size {
            self.pending = Changes::all(size);
            self.lossy = Damage::clean(size);
            self.left = Damage::clean(size);
            self.leaving.clear();
            self.resized = true;
            return;
        }
        for (tile, key) in leaving {
            if self.cells.capacity() > 0 && self.is_sent(*tile) {
                self.leaving.push((*tile, *key));
            }
        }
        self.pending.add_all_around(changes, videos);
    }

    /// Something in `rect` did not decode: what is there, and what was stored from there, is not
    /// what this account says.
    pub(crate) fn spoil(&mut self, rect: Rect) {
        self.pending.add_damage(rect);
        self.leaving.clear();
        self.cells.clear();
    }

    /// Begins a frame that paints `touched`, its copies and recalls included, and leaves `left`
    /// for later.
    pub(crate) fn begin_frame(&mut self, touched: Damage, left: &Damage) {
        self.pending.clear();
        left.iter().for_each(|rect| self.pending.add_damage(rect));
        self.left.clone_from(left);
        let resizes = std::mem::take(&mut self.resized);
        self.encoding = Some(Painting { touched, resizes });
    }

    /// Writes the stores of frame number `frame`, which come before everything that paints.
    pub(crate) fn put_stores(&mut self, out: &mut BytesMut, frame: u32) {
        let grid = Grid::new(self.lossy.size());
        let mut leaving = std::mem::take(&mut self.leaving);
        leaving.retain(|(tile, _)| !is_dirty(&self.lossy, grid, *tile));
        leaving.sort_unstable_by_key(|(tile, _)| *tile);
        for run in leaving.chunk_by(|a, b| a.0 + 1 == b.0 && grid.place(b.0).0 > 0) {
            let is_new = |(_, key): &&(usize, Key)| self.cells.find(*key).is_none();
            let (first, last) =
                (run.iter().position(|one| is_new(&one)), run.iter().rposition(|one| is_new(&one)));
            // What is in cells already, ground between words for example, is stored once more
            // where that keeps a row together: rows are recalled with one record.
            let Some(run) = first.zip(last).and_then(|(first, last)| run.get(first..=last)) else {
                continue;
            };
            let keys = run.iter().map(|(_, key)| *key);
            let rects = run.iter().map(|(tile, _)| grid.rect(*tile));
            if let (Some(cell), Some(rect)) =
                (self.cells.store(keys, frame), rects.reduce(Rect::union))
            {
                ToBrowser::Store(cell, rect).encode(out);
            }
        }
    }

    /// Writes the recalls of `tiles`, which are sorted and all in cells. They come after the
    /// copies. The answer is what they paint.
    pub(crate) fn put_recalls(
        &self,
        out: &mut BytesMut,
        keys: &TileKeys,
        tiles: &[usize],
    ) -> Vec<Rect> {
        let grid = Grid::new(self.lossy.size());
        let mut found: Vec<(usize, u16)> = Vec::with_capacity(tiles.len());
        for tile in tiles {
            let Some(key) = keys.known(*tile) else { continue };
            let next = found.last().filter(|(last, _)| last + 1 == *tile).map(|(_, cell)| cell + 1);
            let follows = next.filter(|cell| self.cells.holds(*cell, key));
            if let Some(cell) = follows.or_else(|| self.cells.find(key)) {
                found.push((*tile, cell));
            }
        }
        let follows = |a: &(usize, u16), b: &(usize, u16)| {
            a.0 + 1 == b.0 && grid.place(b.0).0 > 0 && a.1 + 1 == b.1
        };
        let mut painted = Vec::new();
        for run in found.chunk_by(follows) {
            let rects = run.iter().map(|(tile, _)| grid.rect(*tile));
            if let (Some((_, cell)), Some(rect)) = (run.first(), rects.reduce(Rect::union)) {
                ToBrowser::Recall(*cell, rect).encode(out);
                painted.push(rect);
            }
        }
        painted
    }

    /// Whether the viewer can recall a tile of this key.
    pub(crate) fn can_recall(&self, key: Key) -> bool {
        self.cells.find(key).is_some()
    }

    /// The frame is on its way, as number `frame`.
    pub(crate) fn sent(&mut self, frame: u32, finished: &Finished, recalled: &[Rect]) {
        if let Some(painting) = self.encoding.take() {
            self.unpainted.push_back((frame, painting));
        }
        for copy in &finished.copies {
            self.carry_losses(*copy);
        }
        recalled.iter().for_each(|rect| self.lossy.clear_within(*rect));
        for (rect, lossy) in &finished.images.painted {
            if *lossy {
                self.lossy.add(*rect);
            } else {
                self.lossy.clear_within(*rect);
            }
        }
    }

    /// Frame number `frame`, and all before it, are on the canvas.
    pub(crate) fn painted(&mut self, frame: u32) {
        if let Some(at) = self.unpainted.iter().position(|(sent, _)| *sent == frame) {
            self.unpainted.drain(..=at);
        }
    }

    /// The canvas is as frame number `painted` left it, and on a new socket, where frames count
    /// from 1 again. False if the canvas has another size, so that nothing can go on.
    pub(crate) fn go_on_from(&mut self, painted: u32) -> bool {
        self.painted(painted);
        let lost = self.unpainted.iter().map(|(_, painting)| painting).chain(&self.encoding);
        if self.resized || lost.clone().any(|painting| painting.resizes) {
            return false;
        }
        let size = self.pending.damage().size();
        let mut owed = Changes::none(size);
        // What a copy would move may be missing on the canvas.
        let targets = self.pending.copies().iter().map(|copy| copy.target);
        let damages = lost.map(|painting| &painting.touched).chain([self.pending.damage()]);
        targets.chain(damages.flat_map(Damage::iter)).for_each(|rect| owed.add_damage(rect));
        self.pending = owed;
        self.leaving.clear();
        self.unpainted.clear();
        self.encoding = None;
        self.cells.go_on_from(painted);
        true
    }

    fn carry_losses(&mut self, copy: Copy) {
        let carried: Vec<Rect> =
            self.lossy.iter_within(copy.source_rect()).map(|rect| copy.carry(rect)).collect();
        self.lossy.clear_within(copy.target);
        carried.into_iter().for_each(|rect| self.lossy.add(rect));
    }

    /// Whether a tile on the canvas is as the surface was before the change at hand.
    fn is_sent(&self, tile: usize) -> bool {
        let grid = Grid::new(self.pending.damage().size());
        let rect = grid.rect(tile);
        let copies = self.pending.copies();
        !self.resized
            && !is_dirty(self.pending.damage(), grid, tile)
            && copies.iter().all(|copy| copy.target.intersection(rect).is_none())
    }
}

fn is_dirty(damage: &Damage, grid: Grid, tile: usize) -> bool {
    let (column, row) = grid.place(tile);
    damage.tile(column, row).is_some()
}
