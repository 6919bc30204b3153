//! Box characters join at every size, and blocks fill what they say.

use super::*;

const SIZES: [(u16, u16, u16); 6] =
    [(8, 16, 1), (10, 19, 1), (7, 13, 1), (19, 37, 2), (26, 51, 3), (3, 5, 1)];

fn art(c: char, width: u16, height: u16, light: u16) -> Vec<String> {
    let mask = draw(c, (width, height), light).unwrap();
    let to_char = |cover: &u8| match cover {
        0 => '.',
        255 => '#',
        _ => '+',
    };
    mask.data.chunks(width.into()).map(|row| row.iter().map(to_char).collect()).collect()
}

/// The kinds of a character's arms: left, right, up, down.
fn arms(c: char) -> [u8; 4] {
    let arms = match c {
        '\u{256d}' => 0x44,
        '\u{256e}' => 0x41,
        '\u{256f}' => 0x11,
        '\u{2570}' => 0x14,
        _ => ARMS[c as usize - 0x2500],
    };
    [0, 2, 4, 6].map(|shift| arms >> shift & 3)
}

/// The covered pixels of one edge: left, right, up, down.
fn edge(mask: &Mask, side: usize) -> Vec<u8> {
    let at = |x: i32, y: i32| mask.data[(y * mask.width + x) as usize];
    match side {
        0 => (0..mask.height).map(|y| at(0, y)).collect(),
        1 => (0..mask.height).map(|y| at(mask.width - 1, y)).collect(),
        2 => (0..mask.width).map(|x| at(x, 0)).collect(),
        _ => (0..mask.width).map(|x| at(x, mask.height - 1)).collect(),
    }
}

#[test]
fn arms_of_one_kind_meet() {
    for (width, height, light) in SIZES {
        for side in [0, 1, 2, 3] {
            let opposite = side ^ 1;
            // What each kind of arm leaves at the edge, the same one in each character.
            let mut edges: [Option<Vec<u8>>; 4] = Default::default();
            for c in '\u{2500}'..='\u{257f}' {
                let mask = draw(c, (width, height), light).unwrap();
                for (side, arm) in [(side, arms(c)[side]), (opposite, arms(c)[opposite])] {
                    let is_made_of_arms = arms(c) != [0; 4];
                    // In cells of a few pixels lines lie on the edge across.
                    if !is_made_of_arms || width < 7 {
                        continue;
                    }
                    let got = edge(&mask, side);
                    let want = edges[usize::from(arm)].get_or_insert_with(|| got.clone());
                    assert_eq!(&got, want, "{c} at {width}x{height}, side {side}");
                }
            }
        }
    }
}

#[test]
fn doubles_meet_without_stubs() {
    let want = |rows: [&str; 9]| rows.map(str::to_owned).to_vec();
    let cases = [
        (
            '\u{2554}',
            [
                "........", "........", "........", "..######", "..#.....", "..#.####", "..#.#...",
                "..#.#...", "..#.#...",
            ],
        ),
        (
            '\u{256c}',
            [
                "..#.#...", "..#.#...", "..#.#...", "###.####", "........", "###.####", "..#.#...",
                "..#.#...", "..#.#...",
            ],
        ),
        (
            '\u{255f}',
            [
                "..#.#...", "..#.#...", "..#.#...", "..#.#...", "..#.####", "..#.#...", "..#.#...",
                "..#.#...", "..#.#...",
            ],
        ),
        (
            '\u{2564}',
            [
                "........", "........", "........", "########", "........", "########", "...#....",
                "...#....", "...#....",
            ],
        ),
        (
            '\u{2552}',
            [
                "........", "........", "........", "...#####", "...#....", "...#####", "...#....",
                "...#....", "...#....",
            ],
        ),
        (
            '\u{2518}',
            [
                "...#....", "...#....", "...#....", "...#....", "####....", "........", "........",
                "........", "........",
            ],
        ),
    ];
    for (c, rows) in cases {
        assert_eq!(art(c, 8, 9, 1), want(rows), "{c}");
    }
}

#[test]
fn blocks_fill_their_part() {
    let count = |c: char| {
        let mask = draw(c, (8, 16), 1).unwrap();
        mask.data.iter().map(|cover| u32::from(*cover)).sum::<u32>() / 255
    };
    for (c, want) in [
        ('\u{2580}', 64),
        ('\u{2581}', 16),
        ('\u{2584}', 64),
        ('\u{2588}', 128),
        ('\u{2589}', 112),
        ('\u{258f}', 16),
        ('\u{2590}', 64),
        ('\u{2594}', 16),
        ('\u{2595}', 16),
        ('\u{2596}', 32),
        ('\u{2599}', 96),
        ('\u{259a}', 64),
        ('\u{2592}', 64),
        ('\u{2800}', 0),
        ('\u{28ff}', 32),
    ] {
        assert_eq!(count(c), want, "{c}");
    }
    assert_eq!(art('\u{2598}', 4, 4, 1), ["##..", "##..", "....", "...."]);
    assert_eq!(art('\u{2597}', 4, 4, 1), ["....", "....", "..##", "..##"]);
}

#[test]
fn halves_make_a_whole() {
    for (width, height, light) in SIZES {
        for (one, other) in [
            ('\u{2580}', '\u{2584}'),
            ('\u{258c}', '\u{2590}'),
            ('\u{2598}', '\u{259f}'),
            ('\u{259a}', '\u{259e}'),
            ('\u{259b}', '\u{2597}'),
        ] {
            let one_mask = draw(one, (width, height), light).unwrap();
            let other_mask = draw(other, (width, height), light).unwrap();
            let sums = one_mask.data.iter().zip(&other_mask.data).map(|(a, b)| a ^ b);
            assert!(sums.into_iter().all(|cover| cover == 255), "{one} {other} {width}x{height}");
        }
    }
}

#[test]
fn triangles_reach_their_edges() {
    for (width, height, light) in SIZES {
        let right = draw('\u{e0b0}', (width, height), light).unwrap();
        let left = draw('\u{e0b2}', (width, height), light).unwrap();
        let mirrored: Vec<u8> = left
            .data
            .chunks(width.into())
            .flat_map(|row| row.iter().rev().copied().collect::<Vec<_>>())
            .collect();
        assert_eq!(right.data, mirrored);
        assert!(edge(&right, 0).iter().all(|cover| *cover > 100), "{width}x{height}");
    }
    assert!(draw('a', (8, 16), 1).is_none());
    assert!(draw('\u{25a0}', (8, 16), 1).is_none());
}
