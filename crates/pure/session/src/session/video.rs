//! The remote's video in a session: what goes to viewers, what is asked of the remote, and what
//! becomes of the pixels around it.

use std::time::Instant;

use porthole_link::{Feature, QualityMode};
use porthole_pixels::{Damage, Rect};
use porthole_remote::{Input, VideoChunk};
use porthole_tiles::{Class, Mode, PART_PIXELS_MAX, Part};

use super::Session;
use crate::passing::VideoPiece;

impl Session {
    /// Hands a chunk to every viewer that can go on with it.
    pub(super) fn handle_video(&mut self, now: Instant, chunk: &VideoChunk) {
        self.blank_since = None;
        let size = self.surface.size();
        let (pieces, begun) = self.passing.take(now, chunk, size);
        let max_bytes = self.config.unacked_max_bytes;
        for viewer in &mut self.viewers {
            let shows = viewer.visible && viewer.features & Feature::VIDEO != 0;
            let queue = &mut viewer.videos;
            queue.resize(size);
            if let Some(place) = begun {
                queue.end(place);
            }
            match pieces.as_slice() {
                [] => chunk.places().iter().for_each(|place| queue.spoil(*place)),
                pieces if shows => pieces.iter().for_each(|piece| queue.push(piece, max_bytes)),
                pieces => pieces.iter().for_each(|piece: &VideoPiece| queue.miss(piece)),
            }
        }
    }

    /// The remote's stream of this number is over.
    pub(super) fn handle_video_ended(&mut self, stream: u32) {
        if let Some(place) = self.passing.end(stream) {
            self.for_each_viewer(|viewer| viewer.videos.end(place));
        }
    }

    /// The remote that sent the streams is gone. What they showed is shown until the next one draws.
    pub(super) fn end_videos(&mut self) {
        for place in self.passing.end_all(self.surface.veils_count()) {
            self.for_each_viewer(|viewer| viewer.videos.end(place));
        }
    }

    /// Whether all that covers the surface has been heard of: the driver covers it first, and what
    /// was drawn afterwards may be there before the chunk that it was drawn upon.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.passing.is_up_to_date(self.surface.veils_count())
    }

    /// Tells the remote what has changed about video: whether it can be shown, and what is lacking.
    /// The answer is when to look again.
    pub(super) fn tend_video(&mut self, now: Instant) -> Option<Instant> {
        // While nobody is there, what the remote does is for whoever comes back.
        if !self.connected || self.viewers.is_empty() {
            return None;
        }
        let can_show = self.config.passes_video
            && self.config.lossy
            && self.viewers.iter().all(|viewer| {
                viewer.features & Feature::VIDEO != 0
                    && viewer.mode != QualityMode::Exact
                    && !viewer.videos.is_overrun()
            });
        if let Some(welcome) = self.passing.welcome(can_show) {
            self.pass_on(Input::VideoWelcome(welcome));
        }
        let max_bytes = self.config.unacked_max_bytes;
        let veil = self.surface.veil();
        // What is drawn for a viewer that cannot take it is drawn in vain.
        let can_take = self.viewers.iter_mut().filter(|viewer| {
            viewer.visible && viewer.is_drained() && viewer.pacing.is_open(max_bytes)
        });
        let lacking = can_take.filter_map(|viewer| viewer.videos.lacking(veil));
        let lacking = lacking.reduce(Rect::union);
        let (is_due, next_at) = self.passing.ask(now, lacking);
        if let Some(rect) = lacking.filter(|_| is_due) {
            self.pass_on(Input::Repaint(rect));
        }
        next_at
    }

    /// Sees to it that the viewer at `at` is owed nothing that is covered, and that nothing is
    /// lossy in tiles of which a part is: those are sent exactly at once, so that making a picture
    /// exact need not know of covers.
    pub(super) fn settle_covered(&mut self, at: usize) {
        let (Some(viewer), Some(veil)) = (self.viewers.get_mut(at), self.surface.veil()) else {
            return;
        };
        let picture = &mut viewer.picture;
        let lossy: Vec<Rect> = picture.lossy.iter().filter(|rect| veil.touches(*rect)).collect();
        for rect in lossy {
            picture.lossy.clear_within(rect);
            picture.pending.add_damage(rect);
        }
        let hidden: Vec<Rect> =
            picture.pending.damage().iter().filter(|rect| veil.hides(*rect)).collect();
        hidden.into_iter().for_each(|rect| picture.pending.forget_damage(rect));
    }

    /// Takes out of `damage` all tiles that are covered, wholly or in part, and gives the parts of
    /// it there that are not. A tile in tatters is given up: all lack it until the remote draws it
    /// again.
    pub(super) fn take_covered(&mut self, damage: &mut Damage) -> Vec<(Part, Mode)> {
        let Some(veil) = self.surface.veil() else { return Vec::new() };
        let tiles: Vec<Rect> = damage.iter().filter(|rect| veil.touches(*rect)).collect();
        let (mut open, mut tatters): (Vec<Rect>, Vec<Rect>) = (Vec::new(), Vec::new());
        for tile in tiles {
            damage.clear_within(tile);
            match veil.open_parts(tile) {
                Some(parts) => parts.into_iter().for_each(|part| push_wide(&mut open, part)),
                None => tatters.push(tile),
            }
        }
        tatters.iter().for_each(|tile| self.surface.tear(*tile));
        self.for_each_viewer(|viewer| viewer.videos.lack_all(&tatters));
        let exact = |rect| (Part { rect, class: Class::Text }, Mode::Lossless);
        open.into_iter().map(exact).collect()
    }

    /// The parts of `damage`, none of which lies in a covered tile. What a part holds beside
    /// damage, because few parts are better than many, must not be covered either.
    pub(super) fn plan(&self, damage: &Damage) -> Vec<Part> {
        let parts = porthole_tiles::plan(&self.surface, damage).parts;
        let Some(veil) = self.surface.veil() else { return parts };
        let split = |part: Part| -> Vec<Part> {
            if veil.touches(part.rect) {
                damage.iter_within(part.rect).map(|rect| Part { rect, ..part }).collect()
            } else {
                vec![part]
            }
        };
        parts.into_iter().flat_map(split).collect()
    }

    /// Whether any tile that `rect` touches is covered in part.
    pub(super) fn is_covered(&self, rect: Rect) -> bool {
        self.surface.veil().is_some_and(|veil| veil.touches(rect))
    }
}

/// Appends `part`, joined to one before it where both make a row: few, wide images are better.
fn push_wide(parts: &mut Vec<Rect>, part: Rect) {
    let follows = |left: &&mut Rect| {
        left.right() == u32::from(part.x)
            && (left.y, left.height) == (part.y, part.height)
            && left.area() + part.area() <= PART_PIXELS_MAX
    };
    match parts.iter_mut().rev().take(4).find(follows) {
        Some(left) => *left = left.union(part),
        None => parts.push(part),
    }
}
