//! Pictures that the remote sent as JPEG files: when they are decoded, and which of them go on to
//! a viewer as they came.

use std::time::Instant;

use bytes::Bytes;
use porthole_link::QualityMode;
use porthole_pixels::{Cover, Damage, Rect, Veil};

use super::Session;
use crate::quality::FRAME_TIME;

/// Damage in fewer tiles than this has not moved; the search for moves says so too.
const SEARCH_TILES_MIN: usize = 24;

/// After a search that found nothing, so many frames that would have to be decoded for one are
/// not searched.
const SEARCH_REST: u8 = 7;

/// A file goes on as it came although the encoder would make a smaller one, if all of them come
/// to this share of what the path carries in a frame's time: then bytes cost less than work.
const SPARE_SHARE: f64 = 0.25;

/// A file goes on as it came.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) rect: Rect,
    pub(crate) file: Bytes,
    pub(crate) moving: bool,
}

impl Session {
    /// Turns damage into the copies that can be found in it. What is covered is decoded for that
    /// only when enough has changed beside it: files do not show the same pixels twice when what
    /// they show has moved.
    pub(super) fn find_moves(&mut self) {
        let is_covered = !self.surface.is_settled();
        if is_covered {
            if !self.may_find_moves() {
                return;
            }
            if self.search_rest > 0 {
                self.search_rest -= 1;
                return;
            }
            self.surface.settle();
        }
        let copies = self.moves.find(&self.surface);
        if is_covered && copies.is_empty() {
            self.search_rest = SEARCH_REST;
        }
        // What is found beneath the remote's video did not move on any canvas.
        let is_true = |veil: &Veil| copies.iter().all(|copy| !veil.touched(copy.source_rect()));
        if self.surface.veil().is_none_or(is_true) {
            self.surface.explain(copies);
        }
    }

    fn may_find_moves(&self) -> bool {
        let changes = self.surface.changes();
        if self.viewers.is_empty() || !changes.copies().is_empty() {
            return false;
        }
        let mut bare = changes.damage().clone();
        let covered = self.surface.covers().filter(|cover| !cover.is_settled());
        let rects: Vec<Rect> = covered.map(Cover::rect).collect();
        bare.subtract(&rects.into_iter());
        bare.dirty_count() >= SEARCH_TILES_MIN
    }

    /// Decodes what covers any of `damage`.
    pub(super) fn settle(&mut self, damage: &Damage) {
        if !self.surface.is_settled() {
            damage.iter().for_each(|rect| self.surface.settle_within(rect));
        }
    }

    /// Takes those files out of `damage` that may go to the viewer at `at` as they came: none,
    /// when what the encoder would make of them is clearly better for it.
    pub(super) fn take_files(
        &mut self,
        now: Instant,
        at: usize,
        damage: &mut Damage,
    ) -> Vec<Passed> {
        let may = self.config.lossy && self.config.pass_jpeg;
        let Some(viewer) = self.viewers.get_mut(at) else { return Vec::new() };
        if !may || viewer.mode == QualityMode::Exact {
            return Vec::new();
        }
        // What is mostly on the canvas already would only lose by it.
        let is_due = |cover: &&Cover| {
            let due: u32 = damage.iter_within(cover.rect()).map(Rect::area).sum();
            u64::from(due) * 4 >= u64::from(cover.rect().area()) * 3
        };
        let due = self.surface.covers().filter(is_due);
        let passed: Vec<Passed> = due
            .map(|cover| Passed {
                rect: cover.rect(),
                file: cover.file().clone(),
                moving: self.history.is_moving(now, cover.rect()),
            })
            .collect();
        if passed.is_empty() {
            return passed;
        }
        let all: u32 = passed.iter().map(|one| one.rect.area()).sum();
        let moving: u32 = passed.iter().filter(|one| one.moving).map(|one| one.rect.area()).sum();
        let gap = viewer.pacing.frame_gap(self.config.frame_gap_min);
        let outlook = viewer.pacing.outlook(now);
        let rung = viewer.ladder.choose(now, viewer.mode, all, moving > all / 2, gap, &outlook);
        let spare = match outlook.rate {
            Some(rate) if viewer.mode != QualityMode::Sparing => {
                SPARE_SHARE * rate * FRAME_TIME.max(gap).as_secs_f64()
            }
            _ => 0.0,
        };
        let bytes: usize = passed.iter().map(|one| one.file.len()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a guess needs no more")]
        let is_spare = bytes as f64 <= spare;
        if !is_spare && bytes > viewer.ladder.guess_bytes(rung, all) {
            return Vec::new();
        }
        damage.subtract(&passed.iter().map(|one| one.rect));
        passed
    }
}
