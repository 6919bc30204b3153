//! Lines, blocks and triangles that have to join from cell to cell, drawn without a font: Unicode's
//! Box Drawing and Block Elements (U+2500 to U+259F) and Powerline's separators.

use super::mask::Mask;
use super::{braille, round};

/// The kinds of a box character's four arms, two bits each from the lowest: left, right, up, down.
/// 0 none, 1 light, 2 heavy, 3 double. Characters that are not made of arms have none.
const ARMS: [u8; 128] = [
    0x05, 0x0a, 0x50, 0xa0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x44, 0x48, 0x84, 0x88,
    0x41, 0x42, 0x81, 0x82, 0x14, 0x18, 0x24, 0x28, 0x11, 0x12, 0x21, 0x22, 0x54, 0x58, 0x64, 0x94,
    0xa4, 0x68, 0x98, 0xa8, 0x51, 0x52, 0x61, 0x91, 0xa1, 0x62, 0x92, 0xa2, 0x45, 0x46, 0x49, 0x4a,
    0x85, 0x86, 0x89, 0x8a, 0x15, 0x16, 0x19, 0x1a, 0x25, 0x26, 0x29, 0x2a, 0x55, 0x56, 0x59, 0x5a,
    0x65, 0x95, 0xa5, 0x66, 0x69, 0x96, 0x99, 0x6a, 0x9a, 0xa6, 0xa9, 0xaa, 0x00, 0x00, 0x00, 0x00,
    0x0f, 0xf0, 0x4c, 0xc4, 0xcc, 0x43, 0xc1, 0xc3, 0x1c, 0x34, 0x3c, 0x13, 0x31, 0x33, 0x5c, 0xf4,
    0xfc, 0x53, 0xf1, 0xf3, 0x4f, 0xc5, 0xcf, 0x1f, 0x35, 0x3f, 0x5f, 0xf5, 0xff, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x01, 0x10, 0x04, 0x40, 0x02, 0x20, 0x08, 0x80, 0x09, 0x90, 0x06, 0x60,
];

const LIGHT: u8 = 1;
const HEAVY: u8 = 2;
const DOUBLE: u8 = 3;

/// The picture of `c` in a cell of this size with lines of this thickness; `None` for characters
/// that a font has to draw.
pub(super) fn draw(c: char, (width, height): (u16, u16), light: u16) -> Option<Mask> {
    let mut mask = Mask::new(width, height);
    match c {
        '\u{2500}'..='\u{257f}' => lines(u32::from(c) - 0x2500, &mut mask, light.into()),
        '\u{2580}'..='\u{259f}' => blocks(u32::from(c) - 0x2580, &mut mask),
        '\u{2800}'..='\u{28ff}' => braille::draw(u32::from(c) - 0x2800, &mut mask),
        '\u{e0b0}'..='\u{e0b7}' => round::separator(u32::from(c) - 0xe0b0, &mut mask, light.into()),
        _ => return None,
    }
    Some(mask)
}

fn lines(index: u32, mask: &mut Mask, light: i32) {
    match index {
        0x04..=0x0b => {
            let count = if index < 0x08 { 3 } else { 4 };
            dashes(count, index & 2 != 0, index & 1 != 0, mask, light);
        }
        0x4c..=0x4f => dashes(2, index & 2 != 0, index & 1 != 0, mask, light),
        0x6d..=0x73 => round::line(index, mask, light),
        _ => {
            let arms = ARMS.get(index as usize).copied().unwrap_or(0);
            let [left, right, up, down] = [0, 2, 4, 6].map(|shift| arms >> shift & 3);
            let columns = Axis { side: mask.width, light };
            let rows = Axis { side: mask.height, light };
            let stretch = |mask: &mut Mask, across, along| mask.fill(along, across);
            arm(mask, (left, right), (up, down), (columns, rows), stretch);
            let stretch = |mask: &mut Mask, across, along| mask.fill(across, along);
            arm(mask, (up, down), (left, right), (rows, columns), stretch);
        }
    }
}

/// One way through the cell: where lines that cross it lie.
#[derive(Debug, Clone, Copy)]
struct Axis {
    side: i32,
    light: i32,
}

impl Axis {
    /// From where to where a line of this kind reaches.
    const fn line(self, kind: u8) -> (i32, i32) {
        let thick = match kind {
            HEAVY => 2 * self.light,
            DOUBLE => 3 * self.light,
            _ => self.light,
        };
        let start = (self.side - thick) / 2;
        (start, start + thick)
    }

    /// The first of a double line's two.
    const fn first(self) -> (i32, i32) {
        let (start, _) = self.line(DOUBLE);
        (start, start + self.light)
    }

    /// The second.
    const fn second(self) -> (i32, i32) {
        let (_, end) = self.line(DOUBLE);
        (end - self.light, end)
    }
}

/// Draws two arms that lie on one line, `before` from the cell's start and `after` to its end, up to
/// where they meet the two that cross them. `stretch` fills what reaches from here to there across
/// and along the line.
fn arm(
    mask: &mut Mask,
    (before, after): (u8, u8),
    cross: (u8, u8),
    (along, across): (Axis, Axis),
    stretch: impl Fn(&mut Mask, (i32, i32), (i32, i32)),
) {
    for (own, opposite, is_after) in [(before, after, false), (after, before, true)] {
        // Which of a double line that crosses is met first, and which last.
        let (near, far) = if is_after {
            (along.second(), along.first())
        } else {
            (along.first(), along.second())
        };
        let reach = |meets: (i32, i32)| {
            if is_after { (meets.0, along.side) } else { (0, meets.1) }
        };
        match own {
            0 => {}
            DOUBLE => {
                for (line, beside, beyond) in
                    [(across.first(), cross.0, cross.1), (across.second(), cross.1, cross.0)]
                {
                    let meets = match (beside, opposite, beyond) {
                        (DOUBLE, _, _) => near,
                        (_, DOUBLE, _) => along.line(LIGHT),
                        (_, _, DOUBLE) => far,
                        _ => along.line(LIGHT),
                    };
                    stretch(mask, line, reach(meets));
                }
            }
            own => {
                let meets = match cross {
                    (DOUBLE, DOUBLE) if opposite == 0 => near,
                    (DOUBLE, DOUBLE) => along.line(LIGHT),
                    (DOUBLE, _) | (_, DOUBLE) => far,
                    (one, other) => along.line(one.max(other).max(LIGHT)),
                };
                stretch(mask, across.line(own), reach(meets));
            }
        }
    }
}

fn dashes(count: i32, is_vertical: bool, is_heavy: bool, mask: &mut Mask, light: i32) {
    let kind = if is_heavy { HEAVY } else { LIGHT };
    let (long, short) =
        if is_vertical { (mask.height, mask.width) } else { (mask.width, mask.height) };
    let across = Axis { side: short, light }.line(kind);
    let gap = (long / (count * 3)).max(1);
    for index in 0..count {
        // Half of the gap at each end, so that the next cell goes on in step.
        let along = (long * index / count + gap / 2, long * (index + 1) / count - (gap - gap / 2));
        if is_vertical {
            mask.fill(across, along);
        } else {
            mask.fill(along, across);
        }
    }
}

fn blocks(index: u32, mask: &mut Mask) {
    let (width, height) = (mask.width, mask.height);
    let eighths = |side: i32, count: i32| (side * count + 4) / 8;
    let (columns, rows) = ((0, width), (0, height));
    match index as i32 {
        // Upper and lower halves meet where the rows do not come out even.
        0x00 => mask.fill(columns, (0, height - eighths(height, 4))),
        // From one eighth at the bottom to the whole cell.
        count @ 0x01..=0x08 => mask.fill(columns, (height - eighths(height, count), height)),
        // From seven eighths at the left to one.
        count @ 0x09..=0x0f => mask.fill((0, eighths(width, 0x10 - count)), rows),
        0x10 => mask.fill((eighths(width, 4), width), rows),
        count @ 0x11..=0x13 => mask.fill_with((64 * (count - 0x10)) as u8, columns, rows),
        0x14 => mask.fill(columns, (0, eighths(height, 1))),
        0x15 => mask.fill((width - eighths(width, 1), width), rows),
        count => quadrants(count - 0x16, mask),
    }
}

/// The ten characters made of quarters: bits for upper left, upper right, lower left, lower right.
fn quadrants(index: i32, mask: &mut Mask) {
    const QUARTERS: [u8; 10] = [0x4, 0x8, 0x1, 0xd, 0x9, 0x7, 0xb, 0x2, 0x6, 0xe];
    let bits = QUARTERS.get(index as usize).copied().unwrap_or(0);
    let (x, y) = ((mask.width * 4 + 4) / 8, mask.height - (mask.height * 4 + 4) / 8);
    let places = [
        ((0, x), (0, y)),
        ((x, mask.width), (0, y)),
        ((0, x), (y, mask.height)),
        ((x, mask.width), (y, mask.height)),
    ];
    for (bit, (columns, rows)) in places.into_iter().enumerate() {
        if bits >> bit & 1 == 1 {
            mask.fill(columns, rows);
        }
    }
}

#[cfg(test)]
#[path = "boxes_tests.rs"]
mod tests;
