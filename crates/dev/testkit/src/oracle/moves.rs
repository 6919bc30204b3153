//! Moves: whatever is drawn, what is found in it rebuilds the picture.

use arbitrary::{Arbitrary, Result, Unstructured};
use porthole_pixels::{Pixel, Point, Rect, Size, Surface};
use porthole_tiles::{FOUND_COPIES_MAX, MoveFinder};

/// A side is from 128 to 639 pixels, so that there are enough tiles to search.
const SIDES_PX: (u16, u16) = (128, 512);

/// Most steps of a case.
const STEPS_MAX: usize = 64;

/// A picture, and what happens to it.
///
/// As a fuzz input: columns and rows in two bytes each, less 128 and modulo 512; the seed of the
/// first picture; and then steps of ten bytes: what is done (modulo 7), a byte of colour, and the
/// source's and the target's places as four fractions of the room there is, with two more for
/// the columns and rows; a fraction is a byte, of 255.
#[derive(Debug, Clone)]
pub struct MovesCase {
    size: Size,
    seed: u8,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
struct Step {
    kind: u8,
    shade: u8,
    source: [u8; 2],
    target: [u8; 2],
    size: [u8; 2],
    fine: [u8; 2],
}

impl<'a> Arbitrary<'a> for MovesCase {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let mut side = || Ok(SIDES_PX.0 + input.arbitrary::<u16>()? % SIDES_PX.1);
        let size = Size::new(side()?, side()?);
        let seed = input.arbitrary()?;
        let steps = input.arbitrary_iter()?.take(STEPS_MAX).collect::<Result<_>>()?;
        Ok(Self { size, seed, steps })
    }

    fn arbitrary_take_rest(mut input: Unstructured<'a>) -> Result<Self> {
        let mut side = || Ok(SIDES_PX.0 + input.arbitrary::<u16>()? % SIDES_PX.1);
        let size = Size::new(side()?, side()?);
        let seed = input.arbitrary()?;
        let mut steps = Vec::new();
        while input.len() >= size_of::<Step>() && steps.len() < STEPS_MAX {
            steps.push(input.arbitrary()?);
        }
        Ok(Self { size, seed, steps })
    }
}

/// After every frame the older picture is still there to read, and copies and damage rebuild the
/// current one.
///
/// # Panics
///
/// When not.
pub fn tiles_moves(case: &MovesCase) {
    let mut surface = Surface::new(case.size).expect("small enough");
    speckle(&mut surface, case.size.rect(), case.seed);
    surface.clear_changes();
    surface.keep_before(true);
    let mut old = surface.clone();
    let mut finder = MoveFinder::default();
    for step in &case.steps {
        let (source, target) = step.places(case.size);
        match step.kind % 7 {
            0 => end_frame(&mut surface, &mut finder, &mut old),
            1 => surface.fill(target, [step.shade, 9, 99, 0]).expect("it fits"),
            2 => surface.copy(source, target).expect("it fits"),
            3 => speckle(&mut surface, target, step.shade),
            // What an application that repaints does when it scrolls.
            _ => {
                let from = Rect::new(source.x, source.y, target.width, target.height);
                for y in 0..target.height {
                    surface.store_row(target.x, target.y + y, old.row(from, y));
                }
            }
        }
    }
    end_frame(&mut surface, &mut finder, &mut old);
}

impl Step {
    /// Where pixels come from, and the rectangle they go to.
    fn places(&self, size: Size) -> (Point, Rect) {
        let part = |room: u16, fraction: u8, fine: u8| {
            let part = u32::from(room) * u32::from(fraction) / 255 + u32::from(fine & 3);
            u16::try_from(part).unwrap_or(room).min(room)
        };
        let ([fine_x, fine_y], [columns, rows]) = (self.fine, self.size);
        let width = 1 + part(size.width - 1, columns, fine_x >> 4);
        let height = 1 + part(size.height - 1, rows, fine_y >> 4);
        let x = |fraction, fine| part(size.width - width, fraction, fine);
        let y = |fraction, fine| part(size.height - height, fraction, fine);
        let source = Point { x: x(self.source[0], 0), y: y(self.source[1], 0) };
        let target = Point { x: x(self.target[0], fine_x), y: y(self.target[1], fine_y) };
        (source, Rect::new(target.x, target.y, width, height))
    }
}

fn end_frame(surface: &mut Surface, finder: &mut MoveFinder, old: &mut Surface) {
    let before = surface.before().expect("it is kept, and the size is the same");
    let mut row = vec![0; surface.stride_bytes()];
    for y in 0..surface.size().height {
        assert_eq!(before.read_row(0, y, &mut row), row.len());
        assert!(row == old.row(Rect::new(0, y, surface.size().width, 1), 0), "row {y} before");
    }
    let copies = finder.find(surface);
    assert!(copies.len() <= FOUND_COPIES_MAX, "{} copies", copies.len());
    surface.explain(copies);
    for copy in surface.changes().copies() {
        old.copy(copy.source, copy.target).expect("it fits");
    }
    for rect in surface.changes().damage().iter() {
        for y in 0..rect.height {
            old.store_row(rect.x, rect.y + y, surface.row(rect, y));
        }
    }
    assert!(old.bytes() == surface.bytes(), "not the picture: {:?}", surface.changes().copies());
    surface.clear_changes();
}

/// Few colours in no order, from a fixed generator.
fn speckle(surface: &mut Surface, rect: Rect, seed: u8) {
    let mut state = 0x9E37_79B9_u32 ^ u32::from(seed);
    let mut row: Vec<Pixel> = vec![[0; 4]; rect.width.into()];
    for y in rect.y..rect.y + rect.height {
        for pixel in &mut row {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shade = if state >> 30 == 0 { seed } else { 240 };
            *pixel = [shade, shade, state.to_le_bytes()[3] & 0x80, 0];
        }
        surface.store_row(rect.x, y, row.as_flattened());
    }
}
