//! The older picture against a clone of it.

use crate::{Point, Rect, Size, Surface};

const RED: [u8; 4] = [255, 0, 0, 255];
const SIZE: Size = Size::new(150, 140);

fn surface() -> Surface {
    let mut surface = Surface::new(SIZE).unwrap();
    surface.clear_changes();
    surface.keep_before(true);
    surface
}

/// Holds `surface.before()` to `old`, read in every way.
#[track_caller]
fn assert_before(surface: &Surface, old: &Surface) {
    let before = surface.before().unwrap();
    assert_eq!(before.size(), old.size());
    let row_bytes = 4 * usize::from(SIZE.width);
    for (y, want) in (0..SIZE.height).zip(old.bytes().chunks_exact(row_bytes)) {
        let segments: Vec<u8> =
            (0..4).flat_map(|column| before.segment(column, y)).copied().collect();
        assert!(segments == want, "row {y} by segments");
        for (x, width) in [(0, 150), (63, 2), (64, 64), (100, 50), (149, 1), (30, 110)] {
            let want = &want[4 * usize::from(x)..4 * usize::from(x + width)];
            let mut got = vec![0; want.len()];
            assert_eq!(before.read_row(x, y, &mut got), want.len());
            assert!(got == want, "row {y} from {x}");
            assert!(before.row_is(x, y, want));
            got[want.len() - 2] ^= 1;
            assert!(!before.row_is(x, y, &got));
        }
    }
}

#[test]
fn shows_the_picture_before_stores_fills_and_copies() {
    let mut held = surface();
    held.fill(Rect::new(10, 20, 100, 90), RED).unwrap();
    held.clear_changes();
    let old = held.clone();
    assert_before(&held, &old);
    held.store_row(60, 30, &[[1, 2, 3, 4]; 70].concat());
    held.store_row(60, 30, &[[5, 2, 3, 4]; 70].concat());
    assert_before(&held, &old);
    held.copy(Point { x: 5, y: 5 }, Rect::new(30, 40, 110, 80)).unwrap();
    held.fill(Rect::new(140, 130, 10, 10), RED).unwrap();
    assert_before(&held, &old);
    held.clear_changes();
    assert_before(&held, &held.clone());
}

#[test]
fn outside_there_is_nothing() {
    let mut held = surface();
    held.fill(SIZE.rect(), RED).unwrap();
    let before = held.before().unwrap();
    assert_eq!(before.segment(2, 0).len(), 4 * 22);
    assert!(before.segment(3, 0).is_empty());
    assert!(before.segment(0, 140).is_empty());
    assert_eq!(before.read_row(149, 139, &mut [0; 16]), 4);
    assert_eq!(before.read_row(150, 139, &mut [0; 16]), 0);
    assert_eq!(before.read_row(u16::MAX, u16::MAX, &mut [0; 16]), 0);
    assert!(!before.row_is(149, 139, &[0; 8]));
    assert!(before.row_is(0, 0, &[]));
}

#[test]
fn is_only_there_when_it_is_whole() {
    let mut held = Surface::new(SIZE).unwrap();
    assert!(held.before().is_none());
    // Everything is damage, so the older picture is unknown until it is cleared.
    held.keep_before(true);
    assert!(held.before().is_none());
    held.clear_changes();
    assert!(held.before().is_some());
    held.release_before();
    assert!(held.before().is_some());
    held.fill(Rect::new(0, 0, 9, 9), RED).unwrap();
    assert_before(&held, &surface());
    held.release_before();
    assert!(held.before().is_none());
    held.clear_changes();
    assert!(held.before().is_some());
    held.resize(Size::new(300, 10)).unwrap();
    assert!(held.before().is_none());
    held.clear_changes();
    assert_eq!(held.before().unwrap().size(), Size::new(300, 10));
    held.keep_before(false);
    held.clear_changes();
    assert!(held.before().is_none());
}
