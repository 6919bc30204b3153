//! The 256 colours that programs name by number.

/// Where the foreground stands in a look's colours.
pub const FOREGROUND: usize = 256;

/// Where the background stands in a look's colours.
pub const BACKGROUND: usize = 257;

/// The first sixteen, as Apache Guacamole has them: black, red, green, brown, blue, magenta, cyan,
/// grey, and the same brighter.
const NAMED: [[u8; 3]; 16] = [
    [0x00, 0x00, 0x00],
    [0x99, 0x3e, 0x3e],
    [0x3e, 0x99, 0x3e],
    [0x99, 0x99, 0x3e],
    [0x3e, 0x3e, 0x99],
    [0x99, 0x3e, 0x99],
    [0x3e, 0x99, 0x99],
    [0x99, 0x99, 0x99],
    [0x3e, 0x3e, 0x3e],
    [0xff, 0x67, 0x67],
    [0x67, 0xff, 0x67],
    [0xff, 0xff, 0x67],
    [0x67, 0x67, 0xff],
    [0xff, 0x67, 0xff],
    [0x67, 0xff, 0xff],
    [0xff, 0xff, 0xff],
];

/// The colours of a terminal that nobody has given others: after the first sixteen a cube of
/// 6 by 6 by 6, 24 greys, and grey on black.
pub fn default_colors() -> Box<[[u8; 3]; 258]> {
    let mut colors = Box::new([[0; 3]; 258]);
    let cube = (0..216).map(|index| [level(index / 36), level(index / 6 % 6), level(index % 6)]);
    let grays = (0..24).map(|step| [8 + 10 * step; 3]);
    let all = NAMED.into_iter().chain(cube).chain(grays).chain([NAMED[7], NAMED[0]]);
    for (to, from) in colors.iter_mut().zip(all) {
        *to = from;
    }
    colors
}

/// One of the cube's six levels.
const fn level(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + 40 * step }
}
