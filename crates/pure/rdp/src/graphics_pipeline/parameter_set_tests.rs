use super::{Bits, coded_size, describe_colours, next_unit, read_form, unescape, unit_len};

/// x264's parameter sets for pictures of 320x180, in the baseline and in the high profile, with
/// what it says of usability.
const BASELINE: [u8; 28] = [
    0x67, 0x42, 0xc0, 0x0c, 0xd9, 0x01, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
    0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80, 0x00, 0x00, 0x00,
];
const HIGH: [u8; 26] = [
    0x67, 0x64, 0x00, 0x0c, 0xac, 0xd9, 0x41, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
    0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0x99, 0x60,
];
const PICTURE: [u8; 9] = [0, 0, 1, 0x68, 0xcb, 0, 0, 1, 0x65];

fn stream(set: &[u8]) -> Vec<u8> {
    [&[9, 9, 0, 0, 0, 1][..], set, &PICTURE].concat()
}

/// All bits behind `vui_parameters_present_flag` of the first unit.
fn usability(stream: &[u8]) -> String {
    let (from, kind) = next_unit(stream, 0).unwrap();
    assert_eq!(kind, 7);
    let unit = &stream[from..from + unit_len(&stream[from..])];
    let plain = unescape(unit);
    let mut bits = Bits { bytes: &plain, at: 8 };
    read_form(&mut bits).unwrap();
    std::iter::from_fn(|| bits.take(1)).map(|bit| if bit == 1 { '1' } else { '0' }).collect()
}

#[test]
fn tells_of_colours_and_order_whatever_was_there() {
    for (set, references) in [(&BASELINE[..], "00100"), (&HIGH[..], "00101")] {
        let whole = stream(set);
        let told = describe_colours(&whole);
        let usability = usability(&told);
        let want = format!(
            "1001{}{}{}{}{}",
            "10111", "000000010000110100000001", "00000", "11110000100010000100011", references,
        );
        assert!(usability.starts_with(&want), "{usability}\n{want}");
        assert_eq!(usability[want.len()..].trim_end_matches('0'), "1");
        assert!(told.starts_with(&[9, 9, 0, 0, 0, 1, 0x67]) && told.ends_with(&PICTURE));
        assert_eq!(coded_size(&told), Some((320, 192)));
        assert_eq!(coded_size(&whole), Some((320, 192)));
        assert_eq!(describe_colours(&told), told, "once is enough");
    }
}

#[test]
fn what_makes_no_sense_stays_as_it_is() {
    for len in 0..HIGH.len() {
        let stream = stream(&HIGH[..len]);
        // Without its end a set may still say what it has to.
        if len < 10 {
            assert_eq!(describe_colours(&stream), stream, "{len} bytes");
            assert_eq!(coded_size(&stream), None);
        } else {
            describe_colours(&stream);
        }
    }
    for stream in [
        &[][..],
        &[0, 0, 1],
        &[0, 0, 1, 0x67],
        b"no start code",
        // A picture comes first.
        &[&[0, 0, 1, 0x41, 9][..], &[0, 0, 1], &HIGH].concat(),
        &[&[0, 0, 1, 0x67][..], &[0xff; 5_000]].concat(),
        &[&[0, 0, 1, 0x67][..], &[1, 0, 0, 3].repeat(300)].concat(),
    ] {
        assert_eq!(describe_colours(stream), stream);
        assert_eq!(coded_size(stream), None);
    }
}
