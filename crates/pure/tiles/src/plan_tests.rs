//! Plans over drawn and random pictures.

use porthole_pixels::{Damage, Rect, SURFACE_SIDE_MAX_PX, Size, Surface};

use super::{PART_PIXELS_MAX, PARTS_MAX, Part, Plan, plan};
use crate::Class;
use crate::test_pictures::{Random, noise, scribbles};

const WHITE: Class = Class::Solid([255, 255, 255]);

fn blank(width: u16, height: u16) -> Surface {
    let size = Size::new(width, height);
    let mut surface = Surface::new(size).unwrap();
    surface.fill(size.rect(), [255; 4]).unwrap();
    surface
}

fn damage(surface: &Surface, rects: &[Rect]) -> Damage {
    let mut damage = Damage::clean(surface.size());
    for rect in rects {
        damage.add(*rect);
    }
    damage
}

/// Everything that [`Plan`] promises.
fn check(surface: &Surface, damage: &Damage) -> Plan {
    let planned = plan(surface, damage);
    let parts = &planned.parts;
    assert!(parts.len() <= PARTS_MAX, "{} parts", parts.len());
    for (index, part) in parts.iter().enumerate() {
        assert!(!part.rect.is_empty() && part.rect.fits(surface.size()), "{part:?}");
        match part.class {
            Class::Solid([red, green, blue]) => {
                let colour = [red, green, blue, 255];
                let mut pixels = (0..part.rect.height)
                    .flat_map(|y| surface.row(part.rect, y).as_chunks::<4>().0);
                assert!(pixels.all(|pixel| *pixel == colour), "{part:?}");
            }
            _ => assert!(part.rect.area() <= PART_PIXELS_MAX, "{part:?}"),
        }
        for other in &parts[index + 1..] {
            assert_eq!(part.rect.intersection(other.rect), None, "{part:?} and {other:?}");
        }
    }
    // Parts do not overlap, so what they share with a tile's damage adds up to it.
    for dirt in damage.iter() {
        let covered: u32 =
            parts.iter().filter_map(|part| part.rect.intersection(dirt)).map(Rect::area).sum();
        assert_eq!(covered, dirt.area(), "{dirt} is not covered");
    }
    planned
}

#[test]
fn nothing_changed() {
    let surface = blank(300, 200);
    assert_eq!(check(&surface, &Damage::clean(surface.size())), Plan::default());
    let none = Surface::default();
    assert_eq!(check(&none, &Damage::full(Size::default())), Plan::default());
}

#[test]
fn damage_outside_the_surface_is_left_out() {
    let surface = blank(100, 100);
    let planned = plan(&surface, &Damage::full(Size::new(300, 300)));
    assert_eq!(planned.parts, [Part { rect: Rect::new(0, 0, 100, 100), class: WHITE }]);
}

#[test]
fn a_line_of_text_is_one_part() {
    let mut surface = blank(1920, 1080);
    // Twenty rows, on both sides of the border between two rows of tiles.
    let line = Rect::new(0, 310, 1920, 20);
    scribbles(&mut surface, line, 3);
    let planned = check(&surface, &damage(&surface, &[line]));
    assert_eq!(planned.parts, [Part { rect: line, class: Class::Text }]);
}

#[test]
fn a_page_of_text_is_a_few_strips() {
    let mut surface = blank(1920, 1080);
    scribbles(&mut surface, Rect::new(0, 0, 1920, 1080), 4);
    let planned = check(&surface, &Damage::full(surface.size()));
    assert!(planned.parts.len() <= 10, "{:?}", planned.parts);
    assert!(planned.parts.iter().all(|part| part.class == Class::Text));
}

#[test]
fn a_photograph_is_a_few_strips() {
    let mut surface = blank(1920, 1080);
    noise(&mut surface, Rect::new(0, 0, 1920, 1080), 4);
    let planned = check(&surface, &Damage::full(surface.size()));
    assert_eq!(planned.parts.len(), 9, "{:?}", planned.parts);
    assert!(planned.parts.iter().all(|part| part.class == Class::Photo));
}

#[test]
fn a_cleared_screen_is_one_fill() {
    let surface = blank(1920, 1080);
    let whole = Part { rect: surface.size().rect(), class: WHITE };
    assert_eq!(check(&surface, &Damage::full(surface.size())).parts, [whole]);
    // The letters that went left ragged damage in every tile.
    let mut random = Random(3);
    let ragged: Vec<Rect> = (0..17 * 30)
        .map(|tile| {
            let (x, y) = (tile % 30 * 64, tile / 30 * 64);
            Rect::new(x + random.below(8), y + random.below(8), 40 + random.below(9), 40)
        })
        .collect();
    assert_eq!(check(&surface, &damage(&surface, &ragged)).parts, [whole]);
}

#[test]
fn solid_gaps_between_words_are_taken_along() {
    let mut surface = blank(640, 64);
    for x in [0, 192, 384] {
        scribbles(&mut surface, Rect::new(x, 0, 128, 64), 5);
    }
    let planned = check(&surface, &Damage::full(surface.size()));
    let text = Part { rect: Rect::new(0, 0, 512, 64), class: Class::Text };
    let rest = Part { rect: Rect::new(512, 0, 128, 64), class: WHITE };
    assert_eq!(planned.parts, [text, rest]);
}

#[test]
fn wide_solid_gaps_are_fills() {
    let mut surface = blank(640, 64);
    scribbles(&mut surface, Rect::new(0, 0, 64, 64), 5);
    scribbles(&mut surface, Rect::new(576, 0, 64, 64), 5);
    let planned = check(&surface, &Damage::full(surface.size()));
    let classes: Vec<Class> = planned.parts.iter().map(|part| part.class).collect();
    assert_eq!(classes, [Class::Text, WHITE, Class::Text]);
}

#[test]
fn text_and_photograph_stay_apart() {
    let mut surface = blank(640, 320);
    scribbles(&mut surface, Rect::new(0, 0, 320, 320), 5);
    noise(&mut surface, Rect::new(320, 0, 320, 320), 6);
    let planned = check(&surface, &Damage::full(surface.size()));
    assert_eq!(
        planned.parts,
        [
            Part { rect: Rect::new(0, 0, 320, 320), class: Class::Text },
            Part { rect: Rect::new(320, 0, 320, 320), class: Class::Photo },
        ]
    );
}

#[test]
fn little_damage_is_never_a_photograph() {
    let mut surface = blank(640, 320);
    noise(&mut surface, Rect::new(0, 0, 640, 320), 6);
    let small = Rect::new(40, 40, 45, 45);
    let planned = check(&surface, &damage(&surface, &[small]));
    assert_eq!(planned.parts, [Part { rect: small, class: Class::Text }]);
    // Beside a large change elsewhere, it is one as soon as a JPEG of it is not mostly header.
    let large = Rect::new(320, 128, 192, 192);
    let sliver = Rect::new(40, 40, 5, 45);
    for (small, class) in [(small, Class::Photo), (sliver, Class::Text)] {
        let planned = check(&surface, &damage(&surface, &[small, large]));
        let classes: Vec<Class> = planned.parts.iter().map(|part| part.class).collect();
        assert_eq!(classes, [class, Class::Photo]);
    }
}

#[test]
fn specks_far_apart_stay_apart() {
    let surface = blank(1920, 1080);
    let specks = [Rect::new(0, 0, 40, 40), Rect::new(1800, 1000, 40, 40)];
    assert_eq!(check(&surface, &damage(&surface, &specks)).parts.len(), 2);
}

#[test]
fn very_wide_rows_are_cut() {
    let mut surface = blank(SURFACE_SIDE_MAX_PX, 70);
    noise(&mut surface, Rect::new(0, 0, SURFACE_SIDE_MAX_PX, 70), 8);
    let planned = check(&surface, &Damage::full(surface.size()));
    assert!(planned.parts.len() <= 8, "{}", planned.parts.len());
}

#[test]
fn a_chequered_screen_still_gives_a_bounded_plan() {
    let mut surface = blank(7680, 4320);
    for row in 0..68 {
        for column in 0..120 {
            let tile = Rect::new(column * 64, row * 64, 64, 64)
                .intersection(surface.size().rect())
                .unwrap();
            match (row + column) % 3 {
                0 => noise(&mut surface, tile, u64::from(row)),
                1 => scribbles(&mut surface, tile, u64::from(row)),
                _ => surface.fill(tile, [column as u8, row as u8, 0, 255]).unwrap(),
            }
        }
    }
    let planned = check(&surface, &Damage::full(surface.size()));
    assert!(planned.parts.iter().all(|part| part.class == Class::Text));
}

#[test]
fn random_damage_to_random_pictures() {
    let mut random = Random(21);
    for round in 0..60 {
        let size = Size::new(1 + random.below(900), 1 + random.below(600));
        let mut surface = blank(size.width, size.height);
        let some_rect = |random: &mut Random| {
            let (width, height) = (1 + random.below(size.width), 1 + random.below(size.height));
            let x = random.below(size.width - width + 1);
            Rect::new(x, random.below(size.height - height + 1), width, height)
        };
        for step in 0..random.below(8) {
            let rect = some_rect(&mut random);
            match step % 3 {
                0 => noise(&mut surface, rect, round),
                1 => scribbles(&mut surface, rect, round),
                _ => surface.fill(rect, [9, 9, round as u8, 255]).unwrap(),
            }
        }
        let rects: Vec<Rect> = (0..=random.below(30)).map(|_| some_rect(&mut random)).collect();
        // Much of it, or little specks.
        let rects: Vec<Rect> = if round % 2 == 0 {
            rects
        } else {
            rects
                .iter()
                .map(|rect| Rect { width: rect.width.min(50), height: rect.height.min(9), ..*rect })
                .collect()
        };
        check(&surface, &damage(&surface, &rects));
    }
}
