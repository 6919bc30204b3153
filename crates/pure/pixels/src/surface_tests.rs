//! The surface against a plain model of itself.

use crate::{Changes, Copy, PixelsError, Point, Rect, SURFACE_SIDE_MAX_PX, Size, Surface};

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];

fn surface(width: u16, height: u16) -> Surface {
    let mut surface = Surface::new(Size::new(width, height)).unwrap();
    surface.clear_changes();
    surface
}

fn damaged(surface: &Surface) -> Vec<Rect> {
    surface.changes().damage().iter().collect()
}

#[test]
fn a_pixel_drawn_again_is_not_damage() {
    let mut surface = surface(100, 100);
    surface.fill(Rect::new(10, 10, 5, 5), RED).unwrap();
    assert_eq!(damaged(&surface), [Rect::new(10, 10, 5, 5)]);
    surface.clear_changes();
    surface.fill(Rect::new(10, 10, 5, 5), RED).unwrap();
    assert!(surface.changes().is_none());
    surface.store_row(9, 12, &[[0, 0, 0, 7], RED, BLUE, RED].concat());
    assert_eq!(damaged(&surface), [Rect::new(11, 12, 1, 1)]);
}

#[test]
fn the_fourth_byte_is_made_canonical() {
    let mut surface = surface(4, 1);
    surface
        .store(Rect::new(0, 0, 4, 1), &[1, 2, 3, 0, 4, 5, 6, 9, 7, 8, 9, 255, 0, 0, 0, 0])
        .unwrap();
    assert_eq!(surface.bytes(), [1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 0, 0, 0, 255]);
}

#[test]
fn refuses_what_does_not_fit() {
    let mut held = surface(10, 10);
    let past = Rect::new(5, 5, 6, 1);
    assert_eq!(
        held.fill(past, RED),
        Err(PixelsError::Outside { rect: past, size: Size::new(10, 10) })
    );
    assert!(held.copy(Point { x: 9, y: 0 }, Rect::new(0, 0, 2, 2)).is_err());
    assert!(held.store(Rect::new(u16::MAX, 0, u16::MAX, 1), &[]).is_err());
    held.store_row(8, 9, &[RED; 40].concat());
    held.store_row(500, 500, &[RED; 40].concat());
    assert_eq!(damaged(&held), [Rect::new(8, 9, 2, 1)]);
    assert!(Surface::new(Size::new(SURFACE_SIDE_MAX_PX + 1, 1)).is_err());
    assert!(Surface::new(Size::new(16_000, 16_000)).is_err());
}

#[test]
fn a_resize_keeps_what_both_sizes_share() {
    let mut held = surface(3, 3);
    held.fill(Rect::new(0, 0, 3, 3), RED).unwrap();
    held.resize(Size::new(2, 4)).unwrap();
    assert_eq!(held.row(Rect::new(0, 2, 2, 1), 0), [RED, RED].concat());
    assert_eq!(held.row(Rect::new(0, 3, 2, 1), 0), [[0, 0, 0, 255]; 2].concat());
    assert_eq!(damaged(&held), [Rect::new(0, 0, 2, 4)]);
}

/// Random stores, fills and copies: carrying out the changes on an old picture must give the
/// new one, however they were interleaved and however many looks were merged.
#[test]
fn changes_rebuild_the_picture() {
    let size = Size::new(150, 140);
    let mut random = Random(7);
    let mut explained = 0;
    for round in 0..200 {
        let mut held = Surface::new(size).unwrap();
        scribble(&mut held, &mut random, 6);
        held.clear_changes();
        let old = held.clone();
        let mut pending = Changes::none(size);
        held.keep_before(true);
        for look in 0..3 {
            if (round + look) % 2 == 0 {
                scribble(&mut held, &mut random, 5);
            } else {
                explained += usize::from(move_untold(&mut held, &mut random));
            }
            pending.add_all(held.changes());
            held.clear_changes();
        }
        assert_eq!(replay(old, &pending, &held).bytes(), held.bytes(), "round {round}");
    }
    assert!(explained > 100, "{explained} looks had copies to find");
}

/// Moves pixels by plain stores, and explains those moves that can still be carried out on the
/// older picture. Whether there was such a one.
fn move_untold(surface: &mut Surface, random: &mut Random) -> bool {
    let old = surface.clone();
    let mut moves = Vec::new();
    for _ in 0..4 {
        let (source, target) = random_move(surface.size(), random);
        let copy = Copy { source, target };
        let pixels: Vec<u8> =
            (0..target.height).flat_map(|y| old.row(copy.source_rect(), y)).copied().collect();
        surface.store(target, &pixels).unwrap();
        moves.push(copy);
    }
    let mut replayed = old;
    moves.retain(|copy| {
        let mut next = replayed.clone();
        next.copy(copy.source, copy.target).unwrap();
        let rows = 0..copy.target.height;
        let is_right =
            rows.into_iter().all(|y| next.row(copy.target, y) == surface.row(copy.target, y));
        if is_right {
            replayed = next;
        }
        is_right
    });
    surface.explain(&moves);
    assert_eq!(surface.changes().copies(), moves);
    !moves.is_empty()
}

fn random_move(size: Size, random: &mut Random) -> (Point, Rect) {
    let (width, height) = (1 + random.below(90), 1 + random.below(90));
    let mut place =
        || Point { x: random.below(size.width - width), y: random.below(size.height - height) };
    let (source, target) = (place(), place());
    (source, Rect::new(target.x, target.y, width, height))
}

#[test]
fn explained_damage_is_gone() {
    let mut held = surface(200, 200);
    held.fill(Rect::new(0, 0, 100, 100), RED).unwrap();
    held.clear_changes();
    held.fill(Rect::new(100, 64, 100, 100), RED).unwrap();
    let copy = Copy { source: Point { x: 0, y: 0 }, target: Rect::new(100, 64, 100, 100) };
    held.explain(&[copy]);
    assert!(held.changes().damage().is_clean());
    assert_eq!(held.changes().copies(), [copy]);
    // Copies that the remote told of come in an order that nothing may be put before.
    held.explain(&[copy]);
    assert_eq!(held.changes().copies(), [copy]);
}

pub(super) fn replay(mut old: Surface, changes: &Changes, now: &Surface) -> Surface {
    for copy in changes.copies() {
        old.copy(copy.source, copy.target).unwrap();
    }
    for rect in changes.damage().iter() {
        for y in 0..rect.height {
            old.store_row(rect.x, rect.y + y, now.row(rect, y));
        }
    }
    old
}

pub(super) fn scribble(surface: &mut Surface, random: &mut Random, steps: usize) {
    let size = surface.size();
    for _ in 0..steps {
        let width = 1 + random.below(90);
        let height = 1 + random.below(90);
        let (x, y) = (random.below(size.width - width), random.below(size.height - height));
        let rect = Rect::new(x, y, width, height);
        if random.below(2) == 0 {
            let shade = random.below(250) as u8;
            surface.fill(rect, [shade, shade / 2, 9, 255]).unwrap();
        } else {
            let from = Point {
                x: random.below(size.width - width),
                y: random.below(size.height - height),
            };
            surface.copy(from, rect).unwrap();
        }
    }
}

/// A small generator with a fixed seed, so that a failure repeats.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u16) -> u16 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit.max(1))) as u16
    }
}
