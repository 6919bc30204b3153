//! The oracles hold for what we have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{CutStream, TARGETS, rdp_handshake, rdp_session, rfb_handshake, rfb_session};
use crate::rdp_words;

fn fuzz_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz")
}

/// Every input that was saved under `fuzz/seeds`.
#[test]
fn seeds_hold() {
    for (name, check) in TARGETS {
        let mut count = 0;
        for file in std::fs::read_dir(fuzz_folder().join("seeds").join(name)).unwrap() {
            let path = file.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(path).unwrap());
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}

/// `cargo xtask fuzz` takes the names of the targets from there.
#[test]
fn every_folder_of_seeds_is_a_target() {
    let known: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders = std::fs::read_dir(fuzz_folder().join("seeds")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), known);
}

/// Noise from a fixed seed, so that every target runs even where nothing was saved.
#[test]
fn noise_holds() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for (name, check) in TARGETS {
        println!("{name}");
        for _ in 0..300 {
            let len = usize::try_from(next() % 200).unwrap();
            let bytes: Vec<u8> = (0..len).map(|_| next().to_le_bytes()[3]).collect();
            check(&bytes);
        }
    }
}

/// A session with a raw rectangle, a title and a bell.
fn session() -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 2];
    bytes.extend([0, 1, 0, 2, 0, 3, 0, 2, 0, 0, 0, 0]);
    bytes.extend((0..24).map(|value| value * 9));
    bytes.extend([0; 8]);
    bytes.extend((-307_i32).to_be_bytes());
    bytes.extend([0, 0, 0, 2, b'h', b'i']);
    bytes.push(2);
    bytes
}

#[test]
fn a_session_ignores_every_cut() {
    let whole = session();
    for cut in 0..=whole.len() {
        rfb_session(&CutStream::new(whole.clone(), vec![u16::try_from(cut).unwrap()]));
        rfb_session(&CutStream::new(whole[..cut].to_vec(), vec![1; 9]));
    }
}

#[test]
fn a_handshake_ignores_every_cut() {
    let cases: [&[u8]; 4] = [
        b"RFB 003.008\n\x01\x02sixteen letters.\0\0\0\0",
        b"RFB 003.003\n\0\0\0\x02sixteen letters.\0\0\0\x01",
        b"RFB 003.008\n\x01\x13\0\x02\0\x01\0\0\x01\x03\x01sixteen letters.",
        b"RFB 003.008\n\0\0\0\0\x05no, I",
    ];
    for whole in cases {
        for cut in 0..whole.len() {
            let cut = u16::try_from(cut).unwrap();
            rfb_handshake(&CutStream::new(whole.to_vec(), vec![cut, 1]));
        }
    }
}

/// A sound connection over RDP, cut off at each of its bytes, and cut into pieces.
#[test]
fn rdp_may_end_anywhere() {
    let together = |messages: Vec<(&'static str, Vec<u8>)>| {
        messages.into_iter().flat_map(|(_, message)| message).collect::<Vec<u8>>()
    };
    // However many channels there are, this is as much as the client has to bear.
    let opening = together(rdp_words::opening(3));
    for len in 0..opening.len() {
        rdp_handshake(&CutStream::new(opening[..len].to_vec(), Vec::new()));
    }
    let session = together(rdp_words::session());
    for len in 0..=session.len() {
        let piece_lens = vec![u16::try_from(len / 2).unwrap(); 2];
        rdp_session(&CutStream::new(session[..len].to_vec(), piece_lens));
    }
}
