//! Covered surfaces against surfaces that decode at once.

use bytes::Bytes;

use crate::surface::tests::{Random, replay};
use crate::{COVER_BYTES_MAX, COVERS_MAX, Changes, Cover, PixelsError, Point, Rect, Size, Surface};

const SIZE: Size = Size::new(150, 140);

/// A file is its pixels; one that begins with 99 does not decode.
fn decode(file: &[u8], size: Size, pixels: &mut Vec<u8>) -> Result<(), String> {
    if file.first() == Some(&99) {
        return Err("no picture".to_owned());
    }
    assert_eq!(file.len(), size.area() as usize * 4);
    pixels.extend_from_slice(file);
    Ok(())
}

/// Must not be called.
fn never(_file: &[u8], _size: Size, _pixels: &mut Vec<u8>) -> Result<(), String> {
    panic!("decoded")
}

fn file(rect: Rect, seed: u16) -> Bytes {
    let shade = |index: u16| [(index / 7 + seed) as u8 % 90, seed as u8, (index % 5) as u8, 1];
    (0..rect.area() as u16).flat_map(shade).collect()
}

fn surface() -> Surface {
    let mut surface = Surface::new(SIZE).unwrap();
    surface.clear_changes();
    surface.keep_before(true);
    surface
}

#[test]
fn is_decoded_only_when_somebody_looks() {
    let mut held = surface();
    let (rect, beside) = (Rect::new(10, 20, 30, 30), Rect::new(70, 20, 30, 30));
    held.cover(rect, file(rect, 1), never).unwrap();
    held.cover(beside, file(beside, 2), decode).unwrap();
    assert!(!held.is_settled() && held.before().is_none());
    assert_eq!(held.changes().damage().iter().next(), Some(Rect::new(10, 20, 30, 30)));
    // Beside, around and all over it, there is nothing to decode.
    held.store_row(40, 20, &[7; 40]);
    held.settle_within(Rect::new(40, 0, 90, 140));
    held.cover(rect, file(rect, 3), never).unwrap();
    held.fill(Rect::new(0, 0, 45, 140), [5, 5, 5, 255]).unwrap();
    assert!(held.is_settled() && held.before().is_some());
    assert_eq!(held.row(beside, 0), surface_of(beside, 2).row(beside, 0));
    assert_eq!(held.covers().map(Cover::rect).collect::<Vec<_>>(), [beside]);
    held.release_covers();
    assert_eq!(held.covers().count(), 0);
}

fn surface_of(rect: Rect, seed: u16) -> Surface {
    let mut surface = surface();
    surface.store(rect, &file(rect, seed)).unwrap();
    surface
}

#[test]
fn keeps_its_file_until_it_is_drawn_on() {
    let mut held = surface();
    let rect = Rect::new(10, 20, 30, 30);
    held.cover(rect, file(rect, 1), decode).unwrap();
    held.settle();
    let files: Vec<_> = held.covers().map(|cover| (cover.rect(), cover.is_settled())).collect();
    assert_eq!(files, [(rect, true)]);
    assert_eq!(held.covers().next().unwrap().file(), &file(rect, 1));
    held.clear_changes();
    // The same again changes nothing; another pixel does.
    held.cover(rect, file(rect, 1), never).unwrap();
    assert!(held.changes().is_none());
    held.store_row(39, 49, &[9; 4]);
    assert_eq!(held.covers().count(), 0);
    assert_eq!(held.changes().damage().iter().collect::<Vec<_>>(), [Rect::new(39, 49, 1, 1)]);
}

#[test]
fn a_bad_file_is_the_drivers_to_report() {
    let mut held = surface();
    let rect = Rect::new(0, 0, 20, 20);
    held.cover(rect, Bytes::from_static(&[99]), decode).unwrap();
    held.clear_changes();
    assert_eq!(held.take_cover_fault(), None);
    held.settle();
    assert_eq!(held.take_cover_fault().as_deref(), Some("no picture"));
    assert_eq!(held.take_cover_fault(), None);
    // What is there now is told as a change, and is not what was there before.
    assert_eq!(held.changes().damage().iter().collect::<Vec<_>>(), [rect]);
    assert!(!held.before().unwrap().row_is(0, 0, &[0, 0, 0, 255]));
    assert!(held.before().unwrap().row_is(20, 0, &[0, 0, 0, 255]));
    held.cover(rect, Bytes::from_static(&[1, 2]), |_, _, pixels| {
        pixels.push(1);
        Ok(())
    })
    .unwrap();
    held.settle();
    assert!(held.take_cover_fault().is_some());
}

#[test]
fn is_bounded() {
    let mut held = surface();
    assert!(matches!(
        held.cover(Rect::new(149, 0, 2, 1), Bytes::new(), never),
        Err(PixelsError::Outside { .. })
    ));
    held.cover(Rect::new(3, 3, 0, 9), Bytes::new(), never).unwrap();
    assert_eq!(held.covers().count(), 0);
    let count = COVERS_MAX as u16 + 20;
    for at in 0..count {
        let rect = Rect::new(at % 50 * 3, at / 50 * 3, 3, 3);
        held.cover(rect, file(rect, at), decode).unwrap();
    }
    assert_eq!(held.covers().count(), COVERS_MAX);
    assert_eq!(held.covers().filter(|cover| cover.is_settled()).count(), 0);
    let rect = Rect::new(0, 100, 9, 9);
    let large = Bytes::from(vec![99; COVER_BYTES_MAX + 1]);
    held.cover(rect, large, decode).unwrap();
    // It alone is too much: all are decoded and gone.
    assert!(held.is_settled() && held.covers().count() == 0);
    assert!(held.take_cover_fault().is_some());
}

/// The surface with covers, its twin without, and both as they were at the last look.
struct Twins {
    covered: Surface,
    plain: Surface,
    old: Surface,
}

impl Twins {
    fn step(&mut self, random: &mut Random) {
        let size = self.plain.size();
        let (width, height) = (1 + random.below(70), 1 + random.below(70));
        let (x, y) = (random.below(size.width - width), random.below(size.height - height));
        let rect = Rect::new(x, y, width, height);
        let seed = random.below(250);
        let (covered, plain) = (&mut self.covered, &mut self.plain);
        match random.below(12) {
            0..5 => {
                covered.cover(rect, file(rect, seed), decode).unwrap();
                plain.store(rect, &file(rect, seed)).unwrap();
            }
            5 => {
                // A film: the same place again.
                for seed in seed..seed + 3 {
                    covered.cover(rect, file(rect, seed), decode).unwrap();
                    plain.store(rect, &file(rect, seed)).unwrap();
                }
            }
            6 => {
                let source = Point {
                    x: random.below(size.width - width),
                    y: random.below(size.height - height),
                };
                covered.copy(source, rect).unwrap();
                plain.copy(source, rect).unwrap();
            }
            7 => {
                covered.fill(rect, [seed as u8, 1, 2, 255]).unwrap();
                plain.fill(rect, [seed as u8, 1, 2, 255]).unwrap();
            }
            8 => {
                covered.store(rect, &file(rect, seed)).unwrap();
                plain.store(rect, &file(rect, seed)).unwrap();
            }
            9 => {
                let pixels = [[1, seed as u8, 2, 3]; 40].concat();
                covered.store_row(x, y, &pixels);
                plain.store_row(x, y, &pixels);
            }
            10 => covered.settle_within(rect),
            _ if seed < 20 => covered.uncover(rect),
            _ if seed < 40 => covered.release_covers(),
            _ => (),
        }
    }

    /// The changes rebuild the picture, and the older one is right as far as it is known.
    fn check(&mut self) -> usize {
        self.covered.settle();
        assert!(self.covered.bytes() == self.plain.bytes());
        let rebuilt = replay(self.old.clone(), self.covered.changes(), &self.plain);
        assert!(rebuilt.bytes() == self.plain.bytes());
        let Some(before) = self.covered.before() else { return 0 };
        let mut unknown = 0;
        for y in 0..SIZE.height {
            for (x, width) in [(0, 150), (3, 60), (64, 64), (100, 50), (20, 1)] {
                let want = self.old.row(Rect::new(x, y, width, 1), 0);
                let mut got = vec![0; want.len()];
                match before.read_row(x, y, &mut got) {
                    0 => unknown += 1,
                    len => assert!(len == want.len() && got == want),
                }
                assert_eq!(before.row_is(x, y, want), before.read_row(x, y, &mut got) > 0);
                got.copy_from_slice(want);
                got[0] ^= 1;
                assert!(!before.row_is(x, y, &got));
            }
        }
        unknown
    }
}

#[test]
fn is_as_if_it_had_been_decoded_at_once() {
    let mut random = Random(11);
    let (mut unknown, mut pending_looks) = (0, 0);
    for _ in 0..400 {
        let mut twins = Twins { covered: surface(), plain: surface(), old: surface() };
        let mut pending = Changes::none(SIZE);
        let start = twins.plain.clone();
        for _ in 0..5 {
            for _ in 0..=random.below(6) {
                twins.step(&mut random);
            }
            if random.below(2) == 0 {
                unknown += twins.check();
            }
            pending.add_all(twins.covered.changes());
            twins.covered.clear_changes();
            pending_looks += usize::from(!twins.covered.is_settled());
            twins.old = twins.plain.clone();
        }
        // However many looks were merged, and whatever was decoded only later.
        let rebuilt = replay(start, &pending, &twins.plain);
        assert!(rebuilt.bytes() == twins.plain.bytes());
        twins.check();
    }
    assert!(unknown > 200 && pending_looks > 500, "{unknown} {pending_looks}");
}

#[test]
fn a_new_size_leaves_no_cover() {
    let mut held = surface();
    let rect = Rect::new(100, 100, 40, 40);
    held.cover(rect, file(rect, 4), decode).unwrap();
    held.resize(Size::new(120, 130)).unwrap();
    assert!(held.is_settled() && held.covers().count() == 0);
    assert_eq!(held.row(Rect::new(100, 100, 20, 1), 0), &surface_of(rect, 4).row(rect, 0)[..80]);
}
