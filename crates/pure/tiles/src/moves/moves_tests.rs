//! What must be found, what must be left alone, and that what is found is exact.

use porthole_pixels::{Copy, Point, Rect, Size, Surface};

use super::{FOUND_COPIES_MAX, MoveFinder};
use crate::test_pictures::{Random, gradient, noise, paint, scribbles};

const SIZE: Size = Size::new(1280, 720);
const WHITE: [u8; 4] = [255; 4];

/// A screen and its finder.
struct Stage {
    surface: Surface,
    finder: MoveFinder,
    /// The picture before the current frame.
    old: Surface,
}

/// What one frame came to.
#[derive(Debug)]
struct Outcome {
    copies: Vec<Copy>,
    /// Damage before and after the copies.
    damaged_px: u32,
    left_px: u32,
}

impl Stage {
    fn new(size: Size, draw: impl FnOnce(&mut Surface)) -> Self {
        let mut surface = Surface::new(size).unwrap();
        surface.fill(size.rect(), WHITE).unwrap();
        draw(&mut surface);
        surface.clear_changes();
        surface.keep_before(true);
        let old = surface.clone();
        Self { surface, finder: MoveFinder::default(), old }
    }

    /// Draws what stood at `source` in the last frame, as an application that repaints would.
    fn redraw(&mut self, source: (u16, u16), target: Rect) {
        let source = Rect::new(source.0, source.1, target.width, target.height);
        for y in 0..target.height {
            let row = self.old.row(source, y).to_vec();
            self.surface.store_row(target.x, target.y + y, &row);
        }
    }

    /// Ends a frame. Whatever was found must rebuild the picture.
    #[track_caller]
    fn frame(&mut self) -> Outcome {
        let area = |surface: &Surface| surface.changes().damage().iter().map(Rect::area).sum();
        let damaged_px = area(&self.surface);
        self.surface.explain(self.finder.find(&self.surface));
        let changes = self.surface.changes();
        let copies = changes.copies().to_vec();
        assert!(copies.len() <= FOUND_COPIES_MAX);
        for copy in &copies {
            self.old.copy(copy.source, copy.target).unwrap();
        }
        for rect in changes.damage().iter() {
            for y in 0..rect.height {
                self.old.store_row(rect.x, rect.y + y, self.surface.row(rect, y));
            }
        }
        assert!(self.old.bytes() == self.surface.bytes(), "not the picture: {copies:?}");
        let left_px = area(&self.surface);
        self.surface.clear_changes();
        Outcome { copies, damaged_px, left_px }
    }
}

fn vector(copy: &Copy) -> (i32, i32) {
    (
        i32::from(copy.target.x) - i32::from(copy.source.x),
        i32::from(copy.target.y) - i32::from(copy.source.y),
    )
}

#[test]
fn finds_scrolls_by_any_distance_in_either_direction() {
    for distance in [1, 20, 60, 333] {
        for is_up in [true, false] {
            let mut stage = Stage::new(SIZE, |s| scribbles(s, SIZE.rect(), 1));
            let height = SIZE.height - distance;
            let (from, to, new) = if is_up { (distance, 0, height) } else { (0, distance, 0) };
            stage.redraw((0, from), Rect::new(0, to, SIZE.width, height));
            scribbles(&mut stage.surface, Rect::new(0, new, SIZE.width, distance), 2);
            let outcome = stage.frame();
            let sign = if is_up { -1 } else { 1 };
            assert!(!outcome.copies.is_empty(), "{distance} {is_up}");
            assert!(outcome.copies.len() <= 3, "{distance} {is_up}: {:?}", outcome.copies);
            let wanted = |copy: &Copy| vector(copy) == (0, sign * i32::from(distance));
            assert!(outcome.copies.iter().all(wanted), "{:?}", outcome.copies);
            // No more than the new strip is left.
            let strip = u32::from(distance) * u32::from(SIZE.width);
            assert!(outcome.left_px <= strip, "{distance} {is_up}: {} px", outcome.left_px);
        }
    }
}

#[test]
fn finds_horizontal_scrolls() {
    for distance in [1_u16, 37, 64, 300] {
        let mut stage = Stage::new(SIZE, |s| scribbles(s, SIZE.rect(), 3));
        let width = SIZE.width - distance;
        stage.redraw((distance, 0), Rect::new(0, 0, width, SIZE.height));
        scribbles(&mut stage.surface, Rect::new(width, 0, distance, SIZE.height), 4);
        let outcome = stage.frame();
        let strip = u32::from(distance) * u32::from(SIZE.height);
        assert!(
            outcome.left_px <= strip,
            "{distance}: {} px, {:?}",
            outcome.left_px,
            outcome.copies
        );
    }
}

#[test]
fn finds_a_diagonal_pan() {
    let mut stage = Stage::new(SIZE, |s| noise(s, SIZE.rect(), 5));
    let target = Rect::new(0, 13, SIZE.width - 31, SIZE.height - 13);
    stage.redraw((31, 0), target);
    noise(&mut stage.surface, Rect::new(0, 0, SIZE.width, 13), 6);
    noise(&mut stage.surface, Rect::new(SIZE.width - 31, 13, 31, SIZE.height - 13), 7);
    let outcome = stage.frame();
    assert_eq!(outcome.copies.len(), 1);
    assert_eq!(outcome.copies[0], Copy { source: Point { x: 31, y: 0 }, target });
}

#[test]
fn finds_a_moved_window_over_a_background() {
    let background = |s: &mut Surface| gradient(s, SIZE.rect());
    let before = Rect::new(100, 90, 400, 300);
    let mut stage = Stage::new(SIZE, |s| {
        background(s);
        scribbles(s, before, 8);
    });
    let after = Rect::new(131, 107, 400, 300);
    background(&mut stage.surface);
    stage.redraw((before.x, before.y), after);
    // A store compares with what is held, so what was drawn twice may be damage; not the rest.
    let outcome = stage.frame();
    assert!(outcome.copies.iter().any(|copy| vector(copy) == (31, 17)));
    let uncovered = 400 * 17 + 300 * 31;
    // Damage is a rectangle a tile, so some covered pixels stay.
    assert!(outcome.left_px < 3 * uncovered, "{} px", outcome.left_px);
}

#[test]
fn a_sidebar_stays_and_does_not_hinder() {
    let pane = Rect::new(203, 40, 1000, 650);
    let mut stage = Stage::new(SIZE, |s| {
        scribbles(s, Rect::new(0, 0, 203, 720), 9);
        scribbles(s, pane, 10);
    });
    for frame in 0..4_u16 {
        let by = 30 + 7 * frame;
        stage.redraw((pane.x, pane.y + by), Rect::new(pane.x, pane.y, 1000, 650 - by));
        scribbles(&mut stage.surface, Rect::new(pane.x, 690 - by, 1000, by), frame.into());
        let outcome = stage.frame();
        assert!(!outcome.copies.is_empty());
        for copy in &outcome.copies {
            assert!(copy.target.x >= 192, "the sidebar does not move: {copy:?}");
        }
        assert!(outcome.left_px <= 1000 * u32::from(by), "{} px", outcome.left_px);
    }
}

#[test]
fn finds_two_panes_with_vectors_of_their_own() {
    let (left, right) = (Rect::new(10, 30, 600, 650), Rect::new(640, 30, 500, 650));
    let mut stage = Stage::new(SIZE, |s| {
        scribbles(s, left, 11);
        scribbles(s, right, 12);
    });
    for _ in 0..3 {
        stage.redraw((left.x, left.y + 40), Rect::new(left.x, left.y, 600, 610));
        stage.redraw((right.x, right.y), Rect::new(right.x, right.y + 24, 500, 626));
        scribbles(&mut stage.surface, Rect::new(left.x, left.y + 610, 600, 40), 13);
        scribbles(&mut stage.surface, Rect::new(right.x, right.y, 500, 24), 14);
        let outcome = stage.frame();
        for wanted in [(0, -40), (0, 24)] {
            assert!(
                outcome.copies.iter().any(|copy| vector(copy) == wanted),
                "{wanted:?}: {outcome:?}"
            );
        }
        assert!(outcome.left_px <= 600 * 40 + 500 * 24, "{} px", outcome.left_px);
    }
}

#[test]
fn repeated_blank_lines_have_no_vote() {
    // Short lines of text, most of which is paper or a ruler that repeats in every line.
    let draw = |surface: &mut Surface, rect: Rect, seed: u64, phase: u16| {
        let mut random = Random(seed);
        paint(surface, rect, |x, y| {
            let line = (y + phase) % 40;
            let is_ink = line < 12 && x < 400 && random.below(3) == 0;
            let is_ruler = line == 30;
            if is_ink {
                [20, 20, 60, 255]
            } else if is_ruler {
                [9; 4]
            } else {
                WHITE
            }
        });
    };
    let mut stage = Stage::new(SIZE, |s| draw(s, SIZE.rect(), 15, 0));
    stage.redraw((0, 90), Rect::new(0, 0, SIZE.width, 630));
    draw(&mut stage.surface, Rect::new(0, 630, SIZE.width, 90), 16, 90);
    let outcome = stage.frame();
    assert!(outcome.copies.iter().any(|copy| vector(copy) == (0, -90)));
    assert!(outcome.left_px <= 90 * u32::from(SIZE.width));
}

#[test]
fn swapped_halves_are_half_explained() {
    let (top, bottom) = (Rect::new(0, 0, 1280, 320), Rect::new(0, 320, 1280, 320));
    let mut stage = Stage::new(Size::new(1280, 640), |s| noise(s, Rect::new(0, 0, 1280, 640), 17));
    stage.redraw((0, 320), top);
    stage.redraw((0, 0), bottom);
    let outcome = stage.frame();
    assert_eq!(outcome.copies.len(), 1);
    assert_eq!(outcome.left_px, outcome.damaged_px / 2);
}

#[test]
fn leaves_small_damage_and_films_alone() {
    let mut stage = Stage::new(SIZE, |s| noise(s, SIZE.rect(), 18));
    stage.redraw((200, 220), Rect::new(200, 200, 200, 60));
    assert!(stage.frame().copies.is_empty());
    for seed in 0..30 {
        noise(&mut stage.surface, Rect::new(100, 100, 640, 360), 100 + seed);
        assert!(stage.frame().copies.is_empty());
    }
}

#[test]
fn a_scroll_after_a_film_is_found_soon() {
    let mut stage = Stage::new(SIZE, |s| noise(s, SIZE.rect(), 19));
    for seed in 0..30 {
        noise(&mut stage.surface, SIZE.rect(), 200 + seed);
        stage.frame();
    }
    let mut missed = 0;
    for seed in 0..20 {
        stage.redraw((0, 33), Rect::new(0, 0, SIZE.width, SIZE.height - 33));
        noise(&mut stage.surface, Rect::new(0, SIZE.height - 33, SIZE.width, 33), 300 + seed);
        missed += usize::from(stage.frame().copies.is_empty());
    }
    assert!(missed <= 8, "{missed} frames went by");
}

#[test]
fn works_without_an_older_picture_and_after_a_release() {
    let mut stage = Stage::new(SIZE, |s| noise(s, SIZE.rect(), 20));
    for round in 0..3 {
        stage.redraw((0, 25), Rect::new(0, 0, SIZE.width, SIZE.height - 25));
        if round == 1 {
            stage.surface.release_before();
            assert!(stage.frame().copies.is_empty());
        } else {
            stage.finder.release();
            assert_eq!(stage.frame().copies.len(), 1);
        }
    }
    // Copies that the remote told of come first; then nobody searches.
    stage.surface.copy(Point { x: 0, y: 25 }, Rect::new(0, 0, 1280, 600)).unwrap();
    noise(&mut stage.surface, Rect::new(0, 300, 1280, 400), 21);
    assert!(stage.finder.find(&stage.surface).is_empty());
}

/// Whatever is drawn, carrying out what was found and then painting what is left gives the new
/// picture; [`Stage::frame`] holds every frame to that.
#[test]
fn random_frames_are_rebuilt_exactly() {
    let mut found = 0;
    for seed in 0..60 {
        let mut random = Random(seed);
        let size = Size::new(400 + random.below(400), 400 + random.below(300));
        let mut stage = Stage::new(size, |s| match seed % 3 {
            0 => noise(s, size.rect(), seed),
            1 => scribbles(s, size.rect(), seed),
            _ => {}
        });
        for _ in 0..6 {
            for _ in 0..=random.below(4) {
                draw_something(&mut stage, &mut random);
            }
            found += stage.frame().copies.len();
        }
    }
    assert!(found > 100, "{found} copies");
}

fn draw_something(stage: &mut Stage, random: &mut Random) {
    let size = stage.surface.size();
    let (width, height) = (1 + random.below(size.width), 1 + random.below(size.height));
    let mut place =
        || (random.below(size.width - width + 1), random.below(size.height - height + 1));
    let ((x, y), source) = (place(), place());
    let target = Rect::new(x, y, width, height);
    match random.below(6) {
        0 => stage.surface.fill(target, [random.below(250) as u8, 7, 9, 255]).unwrap(),
        1 => noise(
            &mut stage.surface,
            Rect { height: height.min(90), ..target },
            random.next().into(),
        ),
        2 => stage.redraw((x, source.1), target),
        3 => stage.redraw((source.0, y), target),
        _ => stage.redraw(source, target),
    }
}
