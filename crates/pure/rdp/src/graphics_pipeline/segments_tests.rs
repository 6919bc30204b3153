use ironrdp_graphics::zgfx::{
    CompressionMode, Compressor, Decompressor, compress_and_wrap_egfx, wrap_uncompressed,
};

use super::{HISTORY_BYTES, Segments};
use crate::graphics_pipeline::GraphicsError;

/// Bytes that repeat themselves near and far, from a fixed generator.
fn sample(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut bytes: Vec<u8> = Vec::with_capacity(len);
    while bytes.len() < len {
        match next() % 4 {
            0 => bytes.extend((0..next() % 40).map(|_| next() as u8)),
            1 => bytes.extend(std::iter::repeat_n(next() as u8, next() % 300)),
            2 if !bytes.is_empty() => {
                let from = next() % bytes.len();
                let run = (next() % 900).min(bytes.len() - from);
                bytes.extend_from_within(from..from + run);
            }
            _ => bytes.extend_from_slice(b"\x00\x01\xff\x80<>;:"),
        }
    }
    bytes.truncate(len);
    bytes
}

fn open(segments: &mut Segments, payload: &[u8]) -> Result<Vec<u8>, GraphicsError> {
    let mut message = Vec::new();
    segments.open(payload, &mut message).map(|()| message)
}

#[test]
fn opens_what_another_compressor_made() {
    let (mut compressor, mut segments) = (Compressor::new(), Segments::new());
    let modes = [CompressionMode::Always, CompressionMode::Auto, CompressionMode::Never];
    // Together more than the history, so that the ring goes round.
    let lens = [1, 2, 100, 65_535, 65_536, 200_000, 900_000, 30, 1_500_000, 5_000];
    for (round, len) in lens.into_iter().cycle().take(20).enumerate() {
        let bytes = sample(round as u64, len);
        let payload = compress_and_wrap_egfx(&bytes, &mut compressor, modes[round % 2]).unwrap();
        assert!(open(&mut segments, &payload).unwrap() == bytes, "round {round}");
    }
    let bytes = sample(99, 70_000);
    assert_eq!(open(&mut segments, &wrap_uncompressed(&bytes)).unwrap(), bytes);
    assert_eq!(modes[2], CompressionMode::Never);
}

/// `[MS-RDPEGFX]` 4.1.2 has no such example; this is the one of IronRDP's own tests.
#[test]
fn opens_a_multipart_message() {
    let payload = [
        0xe1, 3, 0, 0x2b, 0, 0, 0, 0x11, 0, 0, 0, 0x04, b'T', b'h', b'e', b' ', b'q', b'u', b'i',
        b'c', b'k', b' ', b'b', b'r', b'o', b'w', b'n', b' ', 0x0e, 0, 0, 0, 0x04, b'f', b'o',
        b'x', b' ', b'j', b'u', b'm', b'p', b's', b' ', b'o', b'v', b'e', 0x10, 0, 0, 0, 0x24,
        0x39, 0x08, 0x0e, 0x91, 0xf8, 0xd8, 0x61, 0x3d, 0x1e, 0x44, 0x06, 0x43, 0x79, 0x9c, 0x02,
    ];
    let message = open(&mut Segments::new(), &payload).unwrap();
    assert_eq!(message, b"The quick brown fox jumps over the lazy dog");
    for len in 0..payload.len() {
        assert!(open(&mut Segments::new(), &payload[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn agrees_with_another_decompressor_on_noise() {
    let mut both_took = 0;
    for seed in 0..4_000 {
        let noise = sample(seed, 40);
        let payload = [&[0xe0, 0x24][..], &noise].concat();
        let mut theirs = Vec::new();
        let is_theirs = Decompressor::new().decompress(&payload, &mut theirs).is_ok();
        let ours = open(&mut Segments::new(), &payload);
        assert_eq!(ours.is_ok(), is_theirs, "seed {seed}: {ours:?}");
        if let Ok(ours) = ours {
            assert!(ours == theirs, "seed {seed}");
            both_took += 1;
        }
    }
    assert!(both_took > 10, "{both_took} were worth comparing");
}

#[test]
fn bounds_what_a_message_becomes() {
    // One zero, then matches of 16 MiB of it.
    let mut bits = String::from("11000");
    for _ in 0..8 {
        bits += "10001";
        bits += "00001";
        bits += &"1".repeat(23);
        bits += "0";
        bits += &"0".repeat(24);
    }
    let unused = bits.len().next_multiple_of(8) - bits.len();
    bits += &"0".repeat(unused);
    let mut payload = vec![0xe0, 0x24];
    for byte in bits.as_bytes().chunks(8) {
        payload.push(byte.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0')));
    }
    payload.push(unused as u8);
    let error = open(&mut Segments::new(), &payload).unwrap_err();
    assert!(matches!(error, GraphicsError::OverLimit { .. }), "{error}");
}

#[test]
fn refuses_what_no_compressor_makes() {
    let cases: [&[u8]; 7] = [
        &[],
        &[0xe2, 0x04],
        &[0xe0],
        // Another kind of compression.
        &[0xe0, 0x02, 1],
        // More padding than data.
        &[0xe0, 0x24, 7],
        // No token begins with 10000.
        &[0xe0, 0x24, 0b1000_0000, 0],
        // 100 MiB are declared.
        &[0xe1, 0, 0, 0, 0, 0x40, 6],
    ];
    for case in cases {
        assert!(open(&mut Segments::new(), case).is_err(), "{case:?}");
    }
    assert_eq!(open(&mut Segments::new(), &[0xe0, 0x24]), Ok(Vec::new()));
    assert_eq!(HISTORY_BYTES, 2_500_000);
}
