//! Everything that goes in comes out of an independent decoder.

use super::{Deflater, Repeats};
use crate::inflate::inflate;
use crate::test_pictures::Random;

fn check(deflater: &mut Deflater, input: &[u8], row_bytes: usize) -> usize {
    let ways = [Repeats::ByteBefore, Repeats::Anywhere { row_bytes }];
    let lens = ways.map(|repeats| {
        let stream = deflater.deflate(input, repeats);
        let got = inflate("test", stream, input.len());
        assert!(got.as_deref() == Ok(input), "{} bytes, {repeats:?}", input.len());
        stream.len()
    });
    lens[0].max(lens[1])
}

#[test]
fn small_inputs() {
    let mut deflater = Deflater::new();
    for len in 0..300 {
        let same = vec![7; len];
        let different: Vec<u8> = (0..len).map(|at| (at * 37 + at / 256) as u8).collect();
        let alternating: Vec<u8> = (0..len).map(|at| (at % 5) as u8).collect();
        for input in [same, different, alternating] {
            let written = check(&mut deflater, &input, 16);
            assert!(written <= len + 6, "{written} bytes for {len}");
        }
    }
}

#[test]
fn every_length_and_many_distances() {
    let mut deflater = Deflater::new();
    let mut random = Random(2);
    for len in 3..=600 {
        let distance = 1 + usize::from(random.below(40_000)).max(len * usize::from(len % 2 == 0));
        let mut input: Vec<u8> = (0..distance).map(|_| random.next() as u8).collect();
        input.extend_from_within(..len.min(distance));
        input.push(random.next() as u8);
        check(&mut deflater, &input, distance);
    }
}

#[test]
fn many_blocks_of_every_kind() {
    let mut deflater = Deflater::new();
    let mut random = Random(77);
    for round in 0..30 {
        let mut input = Vec::new();
        for _ in 0..random.below(12) {
            let len = usize::from(random.below(60_000));
            match random.below(5) {
                0 => input.extend((0..len).map(|_| random.next() as u8)),
                1 => input.resize(input.len() + len, round),
                // Skewed: most symbols rare, so that the codes grow as long as they may.
                2 => input.extend((0..len).map(|_| random.next().trailing_zeros() as u8 * 9)),
                3 => input.extend((0..len).map(|at| (at % 97) as u8)),
                _ => input.extend_from_within(..len.min(input.len())),
            }
        }
        let rows = 1 + usize::from(random.below(u16::MAX));
        let written = check(&mut deflater, &input, rows);
        assert!(written <= input.len() + input.len() / 5000 + 16);
    }
}

#[test]
fn earlier_inputs_are_forgotten() {
    let mut deflater = Deflater::new();
    let input: Vec<u8> = (0..2000_u32).map(|at| ((at * at) >> 3) as u8).collect();
    let once = deflater.deflate(&input, Repeats::Anywhere { row_bytes: 100 }).to_vec();
    for _ in 0..3 {
        check(&mut deflater, &vec![5; 70_000], 100);
        assert_eq!(deflater.deflate(&input, Repeats::Anywhere { row_bytes: 100 }), once);
    }
}

#[test]
fn the_table_is_cleared_before_places_overflow() {
    let mut deflater = Deflater::new();
    let input: Vec<u8> = (0..2000_u32).map(|at| ((at * at) >> 3) as u8).collect();
    let once = deflater.deflate(&input, Repeats::Anywhere { row_bytes: 100 }).to_vec();
    for left in [0, 1, 40_000, 100_000] {
        deflater.searcher.next_base = u32::MAX - left;
        for _ in 0..3 {
            check(&mut deflater, &input, 100);
            assert_eq!(deflater.deflate(&input, Repeats::Anywhere { row_bytes: 100 }), once);
        }
    }
}
