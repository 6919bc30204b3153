//! Which viewer gets a frame now, and what is in it.

use std::time::{Duration, Instant};

use porthole_link::QualityMode;
use porthole_pixels::{Changes, Damage};
use porthole_tiles::{Mode, Part, Snapshot};

use super::{Output, Session, ViewerId};
use crate::frame::{Job, is_photo};
use crate::quality::FRAME_TIME;
use crate::viewer::Viewer;

/// How long a frame waits for a drawing that has begun to arrive, so that it does not tear.
const TEAR_WAIT: Duration = Duration::from_millis(50);

/// A photograph at least this large is lossy at first even when it is the first of its kind:
/// deflating it would take longer than a frame.
const PHOTO_LOSSY_PIXELS: u32 = 128 * 128;

impl Session {
    /// Lets time pass: what is due is put into `outputs`; the answer is when to look again.
    pub(super) fn advance(&mut self, now: Instant) -> Option<Instant> {
        if self.ended {
            return None;
        }
        let mut deadline = self.check_life(now);
        if self.ended {
            return None;
        }
        for at in 0..self.viewers.len() {
            let Some(viewer) = self.viewers.get_mut(at) else { break };
            if let Some(message) = viewer.take_owed(&self.shown) {
                self.outputs.push_back(Output::Send { viewer: viewer.id, message });
            }
            deadline = earliest(deadline, self.try_frame(now, at));
        }
        deadline
    }

    /// Starts encoding a frame for the viewer at `at`, if it is owed one and may have it. The
    /// answer is when to look again, if only time is missing.
    fn try_frame(&mut self, now: Instant, at: usize) -> Option<Instant> {
        let viewer = self.viewers.get(at)?;
        if viewer.encoding || !viewer.visible || !viewer.is_drained() {
            return None;
        }
        if self.surface.size().area() == 0 {
            return None;
        }
        let drawn = !viewer.pending.is_none() || viewer.resized;
        let untold = !self.surface.changes().is_none();
        let (refine, refine_at) = viewer.refinement(now, &self.history, self.config.refine_after);
        if !drawn && refine.is_none() && !untold {
            return refine_at;
        }
        if !viewer.pacing.is_open(self.config.unacked_max_bytes) {
            return None;
        }
        let next_at = viewer.pacing.next_at(self.config.frame_gap_min);
        let whole_at = self.torn_since.map(|since| since + TEAR_WAIT);
        if let Some(at) = [next_at, whole_at].into_iter().flatten().max().filter(|at| *at > now) {
            return Some(earliest(Some(at), refine_at).unwrap_or(at));
        }
        // A drawing that takes long is shown as far as it has come. Copies and damage must be
        // told apart as of now, or a later copy would move pixels sent too early.
        self.absorb(now);
        if self.torn_since.is_some() {
            self.torn_since = Some(now);
        }
        self.start_frame(now, at, refine.as_ref());
        refine_at
    }

    fn start_frame(&mut self, now: Instant, at: usize, refine: Option<&Damage>) {
        let viewers = self.companions(at);
        let Some(viewer) = self.viewers.get_mut(at) else { return };
        let size = self.surface.size();
        let pending = std::mem::replace(&mut viewer.pending, Changes::none(size));
        let resized = std::mem::take(&mut viewer.resized);

        let plan = porthole_tiles::plan(&self.surface, pending.damage());
        let photo_pixels =
            plan.parts.iter().filter(|part| is_photo(part)).map(|p| p.rect.area()).sum();
        let rung =
            viewer.ladder.pick(viewer.mode, photo_pixels, viewer.pacing.budget_bytes(FRAME_TIME));
        let may_lose = self.config.lossy && viewer.mode != QualityMode::Exact;
        let mode = |part: &Part| {
            let large = part.rect.area() >= PHOTO_LOSSY_PIXELS;
            if may_lose && is_photo(part) && (large || self.history.is_moving(now, part.rect)) {
                Mode::Lossy(rung.settings())
            } else {
                Mode::Lossless
            }
        };
        let mut parts: Vec<(Snapshot, Mode)> = plan
            .parts
            .iter()
            .map(|part| (Snapshot::take(&self.surface, part), mode(part)))
            .collect();
        // Refinement never overlaps pending damage, so the order does not matter.
        if let Some(refine) = refine {
            let plan = porthole_tiles::plan(&self.surface, refine);
            let exact = plan.parts.iter();
            parts.extend(exact.map(|part| (Snapshot::take(&self.surface, part), Mode::Lossless)));
        }
        for id in &viewers {
            if let Some(viewer) = self.viewer(*id) {
                viewer.encoding = true;
                viewer.pending.clear();
            }
        }
        let copies = pending.copies().to_vec();
        let size = resized.then_some(size);
        self.outputs.push_back(Output::Encode(Job { viewers, size, copies, parts, rung }));
    }

    /// The viewer at `at` and those that can share its frame, because they lack exactly the same
    /// and may be sent it now: a picture is encoded once for all of them.
    fn companions(&self, at: usize) -> Vec<ViewerId> {
        let Some(viewer) = self.viewers.get(at) else { return Vec::new() };
        let max_bytes = self.config.unacked_max_bytes;
        let shares = |other: &&Viewer| {
            other.id == viewer.id
                || (other.visible
                    && !other.encoding
                    && !other.resized
                    && !viewer.resized
                    && other.mode == viewer.mode
                    && other.is_drained()
                    && other.pacing.is_open(max_bytes)
                    && other.pending == viewer.pending)
        };
        self.viewers.iter().filter(shares).map(|viewer| viewer.id).collect()
    }

    /// Tells every viewer's account what happened to the surface.
    pub(super) fn absorb(&mut self, now: Instant) {
        let changes = self.surface.changes();
        if changes.is_none() {
            return;
        }
        let mut touched = changes.damage().clone();
        changes.copies().iter().for_each(|copy| touched.add(copy.target));
        self.history.note(now, &touched);
        for viewer in &mut self.viewers {
            viewer.absorb(changes);
        }
        self.surface.clear_changes();
    }
}

pub(super) fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
