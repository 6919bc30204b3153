//! Which viewer gets a frame now, and what is in it.

use std::time::{Duration, Instant};

use porthole_link::Feature;
use porthole_pixels::Rect;
use porthole_tiles::video::MotionTracker;

use super::{Output, Session, ViewerId};
use crate::grid::Grid;
use crate::keys::Key;
use crate::viewer::Viewer;

/// How long a frame waits for a drawing that has begun to arrive, so that it does not tear.
const TEAR_WAIT: Duration = Duration::from_millis(50);

/// How long the first frame waits for a remote that has come up to draw something. One that draws
/// nothing is black.
const BLANK_WAIT: Duration = Duration::from_millis(100);

/// How long nothing must change before memory is given back.
const REST_AFTER: Duration = Duration::from_secs(2);

/// A tile that was still for this long may come back, when a window closes for example. One that
/// moved was not looked at for long.
const STILL: Duration = Duration::from_millis(200);

impl Session {
    /// Lets time pass: what is due is put into `outputs`; the answer is when to look again.
    pub(super) fn advance(&mut self, now: Instant) -> Option<Instant> {
        if self.ended {
            return None;
        }
        let life = earliest(self.check_life(now), self.check_prompt(now));
        let mut deadline = earliest(life, self.rest(now));
        if self.ended {
            return None;
        }
        deadline = earliest(deadline, self.tend_video(now));
        for at in 0..self.viewers.len() {
            let Some(viewer) = self.viewers.get_mut(at) else { break };
            if let Some(message) = viewer.take_owed(&self.shown) {
                self.outputs.push_back(Output::Send { viewer: viewer.id, message });
            }
            if let Some(message) = viewer.take_sound(now) {
                self.outputs.push_back(Output::Send { viewer: viewer.id, message });
            }
            let max_bytes = self.config.unacked_max_bytes;
            if let Some(message) = viewer.take_clipboard(now, max_bytes) {
                self.outputs.push_back(Output::Send { viewer: viewer.id, message });
            }
            deadline = earliest(deadline, viewer.clipboard_at(now, max_bytes));
            let drawn_at = self.try_text(now, at);
            deadline = earliest(deadline, earliest(drawn_at, self.try_frame(now, at)));
            self.serve_files(now, at);
        }
        deadline
    }

    /// Gives back, after a while without changes, the memory that finding moves takes. The answer
    /// is when to look again.
    fn rest(&mut self, now: Instant) -> Option<Instant> {
        let rest_at = self.changed_at? + REST_AFTER;
        if rest_at > now {
            return Some(rest_at);
        }
        self.changed_at = None;
        self.surface.release_covers();
        // An unfinished drawing needs what was before it.
        if self.surface.changes().is_none() {
            self.surface.release_before();
            self.moves.release();
        }
        None
    }

    /// Starts encoding a frame for the viewer at `at`, if it is owed one and may have it. The
    /// answer is when to look again, if only time is missing.
    fn try_frame(&mut self, now: Instant, at: usize) -> Option<Instant> {
        let viewer = self.viewers.get(at)?;
        let is_busy = viewer.picture.is_encoding() || !viewer.is_drained();
        if viewer.text.is_some() || is_busy || !viewer.visible {
            return None;
        }
        if self.surface.size().area() == 0 || !self.is_up_to_date() {
            return None;
        }
        self.settle_covered(at);
        let viewer = self.viewers.get(at)?;
        let max_bytes = self.config.unacked_max_bytes;
        let picture = &viewer.picture;
        let drawn = !picture.pending.is_none()
            || picture.resized
            || viewer.owes_frame
            || viewer.videos.is_waiting();
        let untold = !self.surface.changes().is_none();
        let room = self.costs.photo_pixels(viewer.pacing.room_bytes(now, max_bytes));
        let where_first = (self.pointer, room);
        let after = self.config.refine_after;
        let (refine, refine_at) = viewer.refinement(now, &self.history, after, where_first);
        if !drawn && refine.is_none() && !untold {
            return refine_at;
        }
        let pacing = &viewer.pacing;
        let gap_min = self.config.frame_gap_min;
        let next_at = pacing.next_at(pacing.frame_gap(gap_min));
        let small_at = pacing.next_small_at(gap_min);
        let is_open = pacing.is_open(max_bytes);
        let is_open_small = pacing.is_open_small(max_bytes) && drawn;
        let whole_at = self.torn_since.map(|since| since + TEAR_WAIT);
        let whole_at = whole_at.max(self.blank_since.map(|since| since + BLANK_WAIT));
        let after = |moment: Option<Instant>| moment.max(whole_at).filter(|at| *at > now);
        let wait = after(next_at).filter(|_| is_open);
        if is_open && wait.is_none() {
            self.take_stock(now);
            self.start_frame(now, at, refine.as_ref());
            return refine_at;
        }
        // The path is busy. What a person has just typed may pass, if that is all it is.
        let small_wait = after(small_at).filter(|_| is_open_small);
        if is_open_small && small_wait.is_none() {
            self.take_stock(now);
            if self.start_small_frame(now, at) {
                return refine_at;
            }
        }
        // An acknowledgement opens what is shut.
        earliest(earliest(wait, small_wait), refine_at.filter(|_| is_open))
    }

    /// A drawing that takes long is shown as far as it has come. Copies and damage must be told
    /// apart as of now, or a later copy would move pixels sent too early.
    fn take_stock(&mut self, now: Instant) {
        self.absorb(now);
        if self.torn_since.is_some() {
            self.torn_since = Some(now);
        }
    }

    /// Shows the changes to the tracker of films, where there may be films.
    fn track(&mut self, now: Instant) {
        let damage = self.surface.changes().damage();
        if self.config.video.is_some()
            && self.viewers.iter().any(|viewer| viewer.features & Feature::VIDEO != 0)
        {
            let since = now.saturating_duration_since(self.started_at);
            let tracker = self.tracker.get_or_insert_with(|| MotionTracker::new(damage.size()));
            tracker.note(since, damage);
        } else {
            self.tracker = None;
        }
    }

    /// The viewer at `at` and those that can share its frame, because they lack exactly the same
    /// and may be sent it now: a picture is encoded once for all of them.
    pub(super) fn companions(&self, now: Instant, at: usize) -> Vec<ViewerId> {
        let Some(viewer) = self.viewers.get(at) else { return Vec::new() };
        let max_bytes = self.config.unacked_max_bytes;
        let shares = |other: &&Viewer| {
            other.id == viewer.id
                || (other.visible
                    && other.text.is_none()
                    && viewer.film.is_none()
                    && other.film.is_none()
                    && !other.picture.is_encoding()
                    && !other.picture.resized
                    && !viewer.picture.resized
                    && other.mode == viewer.mode
                    && other.features == viewer.features
                    && other.is_drained()
                    && other.pacing.is_due(now, max_bytes)
                    && other.picture.pending == viewer.picture.pending)
        };
        self.viewers.iter().filter(shares).map(|viewer| viewer.id).collect()
    }

    /// Tells every picture's account what happened to the surface.
    pub(super) fn absorb(&mut self, now: Instant) {
        if !self.is_up_to_date() {
            return;
        }
        let torn = self.surface.take_torn();
        if let Some(torn) = torn {
            self.for_each_viewer(|viewer| viewer.videos.lack(torn));
        }
        if self.surface.changes().is_none() && !self.passing.has_fresh() && torn.is_none() {
            return;
        }
        // Servers that do not say what moved leave it to be found.
        self.find_moves();
        self.changed_at = Some(now);
        let covered = self.passing.take_fresh();
        let changes = self.surface.changes();
        let mut touched = changes.damage().clone();
        changes.copies().iter().for_each(|copy| touched.add(copy.target));
        // What is torn may have changed in nothing but that: its key is of what is no longer there.
        covered.iter().chain(&torn).for_each(|rect| touched.add(*rect));
        let grid = Grid::new(touched.size());
        let may_return = |rect: Rect| {
            let still = now.saturating_duration_since(self.history.changed_at(rect));
            let key = self.keys.known(grid.at(rect)).filter(|_| still >= STILL)?;
            Some((grid.at(rect), key))
        };
        let leaving: Vec<(usize, Key)> = touched.iter().filter_map(may_return).collect();
        self.track(now);
        let changes = self.surface.changes();
        self.keys.forget(&touched);
        self.history.note(now, &touched);
        for viewer in &mut self.viewers {
            viewer.videos.resize(changes.damage().size());
            viewer.picture.absorb(changes, &leaving, &viewer.videos.rects());
        }
        for seat in &mut self.seats {
            // It goes on without copies, and gets no video until that begins anew.
            seat.picture.absorb(changes, &leaving, &[]);
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
