//! What goes into a frame, and what waits for the next.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use porthole_link::{Feature, QualityMode, ToBrowser};
use porthole_pixels::{Copy, Damage, Rect};
use porthole_tiles::{Class, Mode, Part, Snapshot};

use super::{Output, Passed, Session, ViewerId};
use crate::film::{Film, FilmPicture};
use crate::frame::{Head, Job, is_photo};
use crate::grid::Grid;
use crate::pacing::SMALL_BYTES;
use crate::quality::Rung;
use crate::viewer::distance;

/// A photograph at least this large is lossy at first, even when it has not moved: deflating it
/// takes nine times the bytes and longer than a frame, and what a window uncovers may be in cells
/// by the time it has come to rest. A smaller one is treated as text, unless something moved in
/// the same frame: then it is one of the strips that are uncovered frame after frame.
const PHOTO_LOSSY_PIXELS: u32 = 2048;

/// A photograph below this is a strip that something uncovers rather than a picture that opens.
const STRIP_PIXELS: u32 = 128 * 128;

/// A part of text at most this large is what a person has just done: it never waits.
const PROMPT_PIXELS: u32 = 4 * 64 * 64;

/// A tile with no more damage than this may be a letter; and this many such tiles, the nearest to
/// the pointer, are looked at while the path is busy.
const GLYPH_PIXELS: u32 = 2048;
const GLYPHS_MAX: usize = 8;

/// How urgent a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Small, or weighing nothing.
    Prompt,
    /// It had no room in the frame before.
    Late,
    Text,
    Photo,
}

/// How a part goes out.
enum Way {
    Encoded(Mode),
    /// As the remote sent it.
    Passed(Bytes),
}

/// One part of a frame to be: how it would be sent, what that may weigh, and how urgent it is.
struct Candidate {
    part: Part,
    way: Way,
    bytes: usize,
    rank: Rank,
    moving: bool,
    /// From the pointer, squared.
    distance: u64,
}

/// A frame before its pixels are copied.
struct Work {
    heads: Vec<Head>,
    copies: Vec<Copy>,
    chosen: Vec<(Part, Way)>,
    rung: Rung,
    film: Option<FilmPicture>,
}

/// What a frame could hold, and how much it has room for.
struct Selection {
    rung: Rung,
    room_bytes: usize,
    /// How much a part may weigh that is all there is in the frame.
    room_alone_bytes: usize,
    /// Nothing is on its way to the viewer.
    is_idle: bool,
    candidates: Vec<Candidate>,
}

impl Session {
    /// Starts a frame with all that the viewer at `at` lacks and the path has room for, for it
    /// and for those that can share it.
    pub(super) fn start_frame(&mut self, now: Instant, at: usize, refine: Option<&Damage>) {
        self.choose_film(now, at);
        let companions = self.companions(now, at);
        let Some(viewer) = self.viewers.get(at) else { return };
        let copies = viewer.picture.pending.copies().to_vec();
        let all = viewer.picture.pending.damage().clone();
        let keeps_cells = viewer.picture.cells.capacity() > 0;
        let owes_frame = viewer.owes_frame;

        let mut heads = self.begin_heads(&companions, &copies, true);
        let mut damage = all.clone();
        let open = self.take_covered(&mut damage);
        if keeps_cells {
            self.note_keys(&damage, |session, rect| !session.history.is_moving(now, rect));
            self.recall(&mut heads, &mut damage);
        }
        let film = self.next_picture(now, at, &mut damage);
        let mut bare = damage.clone();
        let files = self.take_files(now, at, &mut bare);
        let Some(selection) = self.select(now, at, &bare, files) else { return };
        let rung = selection.rung;
        let (mut chosen, waiting) = selection.choose();
        chosen.extend(open.into_iter().map(|(part, mode)| (part, Way::Encoded(mode))));
        let left = touched_by(&damage, &waiting);
        let mut touched = all;
        // Refinement never overlaps pending damage, so the order does not matter.
        if let Some(refine) = refine.filter(|_| waiting.is_empty()) {
            touched.add_all(refine);
            let mut refine = refine.clone();
            // What was covered a moment ago is seen to with the next frame.
            let covered: Vec<Rect> = refine.iter().filter(|rect| self.is_covered(*rect)).collect();
            covered.into_iter().for_each(|rect| refine.clear_within(rect));
            if keeps_cells {
                // What has come to rest no longer moves, whatever it did a moment ago.
                self.note_keys(&refine, |_, _| true);
                self.recall(&mut heads, &mut refine);
            }
            self.settle(&refine);
            let parts = self.plan(&refine);
            chosen.extend(parts.into_iter().map(|part| (part, Way::Encoded(Mode::Lossless))));
        }
        let is_empty = chosen.is_empty() && film.is_none();
        if is_empty && !owes_frame && heads.iter().all(|head| head.records.is_empty()) {
            // All of it waits until what is under way has arrived.
            return;
        }
        let work = Work { heads, copies, chosen, rung, film };
        self.encode(work, touched, &left);
    }

    /// Starts a frame with nothing but what a person has just done, a typed letter for example,
    /// while the path is busy. False if there is no such thing.
    pub(super) fn start_small_frame(&mut self, now: Instant, at: usize) -> bool {
        let Some(viewer) = self.viewers.get(at) else { return false };
        if viewer.picture.resized {
            return false;
        }
        let (id, all) = (viewer.id, viewer.picture.pending.damage().clone());
        let copies = viewer.picture.pending.copies().to_vec();
        // A piece of video that waits must not come to lie upon what was drawn after it, and the
        // edge of a picture that came as a file is no letter.
        let may_pass = |rect: &Rect| {
            rect.area() <= GLYPH_PIXELS
                && !viewer.videos.meets(*rect)
                && !self.is_covered(*rect)
                && self.surface.is_settled_within(*rect)
        };
        let mut small: Vec<Rect> = all.iter().filter(may_pass).collect();
        small.sort_by_key(|rect| distance(*rect, self.pointer));
        small.truncate(GLYPHS_MAX);
        let mut damage = Damage::clean(all.size());
        small.iter().for_each(|rect| damage.add(*rect));
        let Some(selection) = self.select(now, at, &damage, Vec::new()) else { return false };
        let rung = selection.rung;
        let (chosen, waiting) = selection.choose_small();
        if chosen.is_empty() {
            return false;
        }
        let mut left = touched_by(&damage, &waiting);
        all.iter().filter(|rect| !small.contains(rect)).for_each(|rect| left.add(rect));
        let heads = self.begin_heads(&[id], &copies, false);
        self.encode(Work { heads, copies, chosen, rung, film: None }, damage, &left);
        true
    }

    /// Hands a frame over to be encoded. It paints `touched` and its copies; `left` waits.
    fn encode(&mut self, work: Work, mut touched: Damage, left: &Damage) {
        let Work { heads, copies, chosen, rung, film } = work;
        copies.iter().for_each(|copy| touched.add(copy.target));
        let (mut files, mut parts) = (Vec::new(), Vec::new());
        for (part, way) in chosen {
            match way {
                Way::Passed(file) => files.push((part.rect, file)),
                Way::Encoded(mode) => {
                    // A part may hold pixels beside its damage.
                    self.surface.settle_within(part.rect);
                    parts.push((Snapshot::take(&self.surface, &part), mode));
                }
            }
        }
        let mut keeps_tables = true;
        for head in &heads {
            if let Some(viewer) = self.viewer(head.viewer) {
                viewer.picture.begin_frame(touched.clone(), left);
                viewer.owes_frame = false;
                keeps_tables &= viewer.features & Feature::TABLES != 0;
            }
        }
        let job = Job { heads, copies, files, parts, rung, keeps_tables, film };
        self.outputs.push_back(Output::Encode(Box::new(job)));
    }

    /// Begins, goes on with or ends the film of the viewer at `at`.
    fn choose_film(&mut self, now: Instant, at: usize) {
        let veil = self.surface.veil();
        let Some(viewer) = self.viewers.get_mut(at) else { return };
        let may = viewer.features & Feature::VIDEO != 0
            && self.config.lossy
            && viewer.mode != QualityMode::Exact;
        let since = now.saturating_duration_since(self.started_at);
        let region = self
            .tracker
            .as_mut()
            .filter(|_| may)
            .and_then(|tracker| tracker.region(since))
            .filter(|rect| Film::fits(*rect) && !veil.is_some_and(|veil| veil.touches(*rect)));
        let Some(rect) = region else {
            viewer.film = None;
            return;
        };
        let jpeg_bytes = viewer.ladder.film_bytes(rect.area());
        let gap = viewer.pacing.frame_gap(self.config.frame_gap_min);
        let outlook = viewer.pacing.outlook(now);
        if !Film::pays(viewer.film.is_some(), jpeg_bytes, gap, &outlook) {
            viewer.film = None;
        } else if viewer.film.as_ref().is_none_or(|film| film.rect() != rect) {
            viewer.film = Some(Film::new(rect));
        }
    }

    /// The next picture of the viewer's film, whose damage is taken out of `damage`.
    fn next_picture(
        &mut self,
        now: Instant,
        at: usize,
        damage: &mut Damage,
    ) -> Option<FilmPicture> {
        let codec = self.config.video.as_ref()?;
        let viewer = self.viewers.get_mut(at)?;
        let gap = viewer.pacing.frame_gap(self.config.frame_gap_min);
        let outlook = viewer.pacing.outlook(now);
        let film = viewer.film.as_mut()?;
        if damage.iter_within(film.rect()).next().is_some() {
            self.surface.settle_within(film.rect());
        }
        film.next(&self.surface, damage, codec, (gap, &outlook))
    }

    fn begin_heads(&mut self, viewers: &[ViewerId], copies: &[Copy], videos: bool) -> Vec<Head> {
        viewers.iter().filter_map(|id| self.begin_head(*id, copies, videos)).collect()
    }

    /// What a viewer's frame begins with, but for the recalls.
    ///
    /// Video comes after the copies: [`porthole_pixels::Changes`] has none that were made after
    /// it and meet it. It comes before recalls and images, because damage is either older than
    /// what covers it, and then forgotten, or newer, and belongs on top.
    fn begin_head(&mut self, id: ViewerId, copies: &[Copy], videos: bool) -> Option<Head> {
        let size = self.surface.size();
        let viewer = self.viewer(id)?;
        let mut records = BytesMut::new();
        let frame = viewer.next_frame();
        viewer.picture.put_stores(&mut records, frame);
        if viewer.picture.resized {
            ToBrowser::Size(size).encode(&mut records);
        }
        for copy in copies {
            ToBrowser::Copy(copy.source, copy.target).encode(&mut records);
        }
        if videos {
            viewer.videos.put(&mut records);
        }
        Some(Head { viewer: id, records, recalled: Vec::new() })
    }

    /// Recalls the tiles of `damage` that all the viewers have in cells, and takes them out of it.
    fn recall(&self, heads: &mut [Head], damage: &mut Damage) {
        let grid = Grid::new(damage.size());
        let pictures: Vec<_> = self
            .viewers
            .iter()
            .filter(|viewer| heads.iter().any(|head| head.viewer == viewer.id))
            .map(|viewer| &viewer.picture)
            .collect();
        let is_held = |tile: &usize| {
            let key = self.keys.known(*tile);
            key.is_some_and(|key| pictures.iter().all(|picture| picture.can_recall(key)))
        };
        let tiles: Vec<usize> = damage.iter().map(|rect| grid.at(rect)).filter(is_held).collect();
        for head in heads {
            let viewer = self.viewers.iter().find(|viewer| viewer.id == head.viewer);
            if let Some(viewer) = viewer {
                let painted = viewer.picture.put_recalls(&mut head.records, &self.keys, &tiles);
                head.recalled.extend(painted);
            }
        }
        tiles.iter().for_each(|tile| damage.clear_within(grid.rect(*tile)));
    }

    /// Works out what stands in those tiles of `damage` that `rests` picks, so that they can be
    /// found in cells now, and stored when something else is painted over them. None is covered.
    fn note_keys(&mut self, damage: &Damage, rests: impl Fn(&Self, Rect) -> bool) {
        let grid = Grid::new(damage.size());
        for rect in damage.iter() {
            if rests(self, rect) {
                self.surface.settle_within(grid.rect(grid.at(rect)));
                self.keys.key(&self.surface, grid.at(rect));
            }
        }
    }

    /// The parts of `damage` and the files that go on as they came, and what is to be known of the
    /// frame that they go into.
    fn select(
        &mut self,
        now: Instant,
        at: usize,
        damage: &Damage,
        files: Vec<Passed>,
    ) -> Option<Selection> {
        self.settle(damage);
        let uncovers = !self.viewers.get(at)?.picture.pending.copies().is_empty();
        let parts = self.plan(damage).into_iter().map(|part| {
            let is_large = uncovers || part.rect.area() >= PHOTO_LOSSY_PIXELS;
            if is_photo(&part) && !is_large { Part { class: Class::Text, ..part } } else { part }
        });
        let moves = |part: &Part| is_photo(part) && self.history.is_moving(now, part.rect);
        let parts: Vec<(Part, bool)> = parts.map(|part| (part, moves(&part))).collect();
        let pixels = |is: &dyn Fn(&(Part, bool)) -> bool| -> u32 {
            parts.iter().filter(|part| is(part)).map(|(part, _)| part.rect.area()).sum()
        };
        let photo_pixels = pixels(&|(part, _)| is_photo(part));
        let film_pixels = pixels(&|(part, moving)| {
            *moving || (is_photo(part) && part.rect.area() < STRIP_PIXELS)
        });
        let viewer = self.viewers.get_mut(at)?;
        let rung = viewer.ladder.choose(
            now,
            viewer.mode,
            photo_pixels,
            film_pixels > photo_pixels / 2,
            viewer.pacing.frame_gap(self.config.frame_gap_min),
            &viewer.pacing.outlook(now),
        );
        let viewer = self.viewers.get(at)?;
        let may_lose = self.config.lossy && viewer.mode != QualityMode::Exact;
        let was_left = |rect: Rect| viewer.picture.left.iter_within(rect).next().is_some();
        let candidate = |(part, moving): (Part, bool)| {
            let rect = part.rect;
            let (mode, bytes) = if may_lose && is_photo(&part) {
                (Mode::Lossy(rung.settings()), viewer.ladder.guess_bytes(rung, rect.area()))
            } else {
                (Mode::Lossless, self.costs.exact_bytes(part.class, rect))
            };
            let rank = match part.class {
                Class::Solid(_) => Rank::Prompt,
                Class::Text if rect.area() <= PROMPT_PIXELS => Rank::Prompt,
                _ if was_left(rect) => Rank::Late,
                Class::Text => Rank::Text,
                Class::Photo => Rank::Photo,
            };
            let way = Way::Encoded(mode);
            Candidate { part, way, bytes, rank, moving, distance: distance(rect, self.pointer) }
        };
        let passed = |Passed { rect, file, moving }: Passed| Candidate {
            part: Part { rect, class: Class::Photo },
            bytes: file.len(),
            way: Way::Passed(file),
            rank: if was_left(rect) { Rank::Late } else { Rank::Photo },
            moving,
            distance: distance(rect, self.pointer),
        };
        Some(Selection {
            rung,
            room_bytes: viewer.pacing.room_bytes(now, self.config.unacked_max_bytes),
            room_alone_bytes: viewer.pacing.room_alone_bytes(now, self.config.unacked_max_bytes),
            is_idle: viewer.pacing.is_idle(),
            candidates: parts
                .into_iter()
                .map(candidate)
                .chain(files.into_iter().map(passed))
                .collect(),
        })
    }
}

impl Selection {
    /// Picks what the frame has room for; the rest waits. What is small, or all that there is,
    /// never does. Nor does a film: half of it would tear, and the ladder has seen to its weight.
    fn choose(mut self) -> (Vec<(Part, Way)>, Vec<Rect>) {
        self.candidates.sort_by_key(|candidate| (candidate.rank, candidate.distance));
        let (mut chosen, mut waiting) = (Vec::new(), Vec::new());
        let mut used = 0;
        for candidate in self.candidates {
            let Candidate { part, way, bytes, rank, moving, .. } = candidate;
            let fits_alone = self.is_idle || bytes <= self.room_alone_bytes;
            let fits = used + bytes <= self.room_bytes || (used == 0 && fits_alone);
            if moving || rank == Rank::Prompt || fits {
                used += if moving { 0 } else { bytes };
                chosen.push((part, way));
            } else {
                waiting.push(part.rect);
            }
        }
        (chosen, waiting)
    }

    /// Picks what a small frame has room for: nothing but what is prompt.
    fn choose_small(mut self) -> (Vec<(Part, Way)>, Vec<Rect>) {
        let room = self.room_bytes.min(SMALL_BYTES);
        self.candidates.sort_by_key(|candidate| candidate.distance);
        let mut used = 0;
        let takes = |candidate: &Candidate| {
            let takes = candidate.rank == Rank::Prompt && used + candidate.bytes <= room;
            used += if takes { candidate.bytes } else { 0 };
            takes
        };
        let (chosen, waiting): (Vec<_>, Vec<_>) = self.candidates.into_iter().partition(takes);
        let chosen = chosen.into_iter().map(|candidate| (candidate.part, candidate.way));
        (chosen.collect(), waiting.into_iter().map(|candidate| candidate.part.rect).collect())
    }
}

/// The rectangles of `damage` that any of `waiting` touches.
fn touched_by(damage: &Damage, waiting: &[Rect]) -> Damage {
    let mut touched = Damage::clean(damage.size());
    if waiting.is_empty() {
        return touched;
    }
    for rect in damage.iter() {
        if waiting.iter().any(|part| part.intersection(rect).is_some()) {
            touched.add(rect);
        }
    }
    touched
}
