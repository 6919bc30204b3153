//! What is covered, and what opens it.

use crate::{Point, Rect, Size, Surface, Veil};

const SIZE: Size = Size { width: 200, height: 100 };
const FILM: Rect = Rect { x: 50, y: 10, width: 100, height: 70 };
const BLACK: [u8; 4] = [0, 0, 0, 255];
const WHITE: [u8; 4] = [255; 4];

fn covered() -> Surface {
    let mut surface = Surface::new(SIZE).unwrap();
    surface.clear_changes();
    surface.fill(Rect::new(40, 0, 40, 40), WHITE).unwrap();
    surface.draw_veil(FILM).unwrap();
    surface
}

fn damage(surface: &Surface) -> Vec<Rect> {
    surface.changes().damage().iter().collect()
}

#[test]
fn a_cover_takes_damage_away() {
    let surface = covered();
    // As far as one rectangle a tile can say it.
    assert_eq!(damage(&surface), [Rect::new(40, 0, 24, 40), Rect::new(64, 0, 16, 10)]);
    let veil = surface.veil().unwrap();
    assert_eq!(
        veil.open_parts(Rect::new(40, 0, 24, 40)).unwrap(),
        [Rect::new(40, 0, 24, 10), Rect::new(40, 10, 10, 30)]
    );
    assert!(veil.touches(Rect::new(0, 0, 1, 1)) && veil.touches(Rect::new(149, 99, 1, 1)));
    assert!(!veil.touches(Rect::new(192, 0, 8, 99)));
    assert!(veil.hides(FILM) && !veil.hides(Rect::new(49, 10, 2, 2)));
    assert_eq!(veil.tiles().count(), 6);
    assert_eq!(veil.tiles().last(), Some(Rect::new(128, 64, 64, 36)));
    assert_eq!(surface.veils_count(), 1);
    assert!(Surface::new(SIZE).unwrap().draw_veil(Rect::new(150, 0, 60, 10)).is_err());
}

#[test]
fn what_is_torn_is_covered_until_it_is_drawn() {
    let mut surface = covered();
    let tile = Rect::new(0, 0, 64, 64);
    surface.tear(tile);
    assert!(surface.veil().unwrap().hides(tile));
    assert_eq!((damage(&surface), surface.veils_count()), (vec![Rect::new(64, 0, 16, 10)], 1));
    surface.fill(tile, WHITE).unwrap();
    assert!(!surface.veil().unwrap().touches(tile));
    assert!(damage(&surface).contains(&tile));
    let mut bare = Surface::new(SIZE).unwrap();
    bare.tear(tile);
    assert!(bare.veil().is_none());
}

#[test]
fn what_is_drawn_opens_it_even_in_the_same_colour() {
    let mut surface = covered();
    surface.clear_changes();
    // Black was there, beneath the film, and so were white and black in the second rectangle.
    surface.fill(Rect::new(100, 30, 20, 10), BLACK).unwrap();
    surface.fill(Rect::new(45, 38, 10, 4), BLACK).unwrap();
    assert_eq!(damage(&surface), [Rect::new(45, 38, 10, 4), Rect::new(100, 30, 20, 10)],);
    let veil = surface.veil().unwrap();
    assert_eq!(veil.open_parts(Rect::new(64, 20, 64, 44)).unwrap(), [Rect::new(100, 30, 20, 10)]);
    assert_eq!(veil.open_parts(Rect::new(192, 0, 8, 64)).unwrap(), [Rect::new(192, 0, 8, 64)]);
    // Once all of it is open, it was covered until somebody has looked.
    surface.fill(FILM, WHITE).unwrap();
    let veil = surface.veil().unwrap();
    assert!(!veil.touches(SIZE.rect()) && veil.touched(FILM));
    assert!(!veil.touched(Rect::new(192, 0, 8, 99)));
    surface.clear_changes();
    assert!(surface.veil().is_none());
}

#[test]
fn a_copy_of_something_covered_tears() {
    let mut surface = covered();
    surface.clear_changes();
    surface.copy(Point { x: 140, y: 0 }, Rect::new(0, 0, 20, 20)).unwrap();
    assert!(surface.changes().is_none());
    assert!(surface.veil().unwrap().hides(Rect::new(0, 0, 20, 20)));
    assert_eq!(surface.take_torn(), Some(Rect::new(0, 0, 20, 20)));
    assert_eq!(surface.take_torn(), None);
    // One of something open opens what it covers.
    surface.copy(Point { x: 160, y: 0 }, Rect::new(0, 0, 20, 20)).unwrap();
    assert_eq!(surface.changes().copies().len(), 1);
    assert_eq!(
        surface.veil().unwrap().open_parts(Rect::new(0, 0, 20, 20)).unwrap(),
        [Rect::new(0, 0, 20, 20)]
    );
    assert_eq!(surface.take_torn(), None);
    surface.resize(Size::new(300, 100)).unwrap();
    assert!(surface.veil().is_none());
}

#[test]
fn a_tile_in_tatters_is_given_up() {
    let mut surface = Surface::new(SIZE).unwrap();
    surface.draw_veil(Rect::new(0, 0, 64, 64)).unwrap();
    for y in 0..8 {
        surface.fill(Rect::new(0, 8 * y, 3, 2), WHITE).unwrap();
        surface.fill(Rect::new(9, 8 * y, 3, 2), WHITE).unwrap();
    }
    let tile = Rect::new(0, 0, 64, 64);
    assert_eq!(surface.veil().unwrap().open_parts(tile).unwrap().len(), 16);
    surface.fill(Rect::new(60, 63, 1, 1), WHITE).unwrap();
    assert_eq!(surface.veil().unwrap().open_parts(tile), None);
}

#[test]
fn overlaps_are_exact() {
    let mut surface = Surface::new(SIZE).unwrap();
    surface.draw_veil(FILM).unwrap();
    let covered = surface.veil().unwrap();
    let mut lacks = covered.clone();
    assert_eq!(lacks.overlap(covered), Some(Rect::new(0, 0, 192, 100)));
    lacks.uncover(Rect::new(50, 10, 99, 70));
    assert_eq!(lacks.overlap(covered), Some(Rect::new(128, 0, 64, 100)));
    lacks.uncover(Rect::new(149, 0, 500, 500));
    assert_eq!(lacks.overlap(covered), None);
    lacks.cover(Rect::new(40, 0, 20, 10));
    assert_eq!(lacks.overlap(covered), None, "beside it");
    assert_eq!(Veil::new(Size::new(9, 9)).overlap(covered), None);
}
