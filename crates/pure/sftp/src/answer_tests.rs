use bytes::BytesMut;

use super::{Abilities, Answer, take_answer, take_version};
use crate::{Kind, SftpError, StatusKind};

fn answer(bytes: &[u8]) -> Result<Option<(u32, Answer)>, SftpError> {
    take_answer(&mut BytesMut::from(bytes))
}

/// A packet with its length.
fn packet(body: &[u8]) -> Vec<u8> {
    let mut packet = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    packet.extend_from_slice(body);
    packet
}

#[test]
fn reads_versions() {
    let hello =
        packet(b"\x02\0\0\0\x03\0\0\0\x18posix-rename@openssh.com\0\0\0\x011\0\0\0\x01x\0\0\0\0");
    for cut in 0..hello.len() {
        assert_eq!(take_version(&mut BytesMut::from(&hello[..cut])), Ok(None), "{cut}");
    }
    let abilities = take_version(&mut BytesMut::from(&hello[..])).unwrap();
    assert_eq!(abilities, Some(Abilities { replaces: true, ..Abilities::default() }));
    let old = packet(b"\x02\0\0\0\x02");
    assert_eq!(take_version(&mut BytesMut::from(&old[..])), Err(SftpError::Version { version: 2 }));
    let words = take_version(&mut BytesMut::from(&b"Welcome!\n"[..])).unwrap_err();
    assert_eq!(words, SftpError::Words { words: "Welcome!".to_owned() });
}

#[test]
fn reads_answers() {
    let status = answer(&packet(b"\x65\0\0\0\x07\0\0\0\x03\0\0\0\x02no\0\0\0\0")).unwrap();
    let Some((7, Answer::Status(status))) = status else { panic!("{status:?}") };
    assert_eq!((status.kind, status.words.as_str()), (StatusKind::Denied, "no"));
    // Without words, as old servers have it, and with a code that no version has.
    let bare = answer(&packet(b"\x65\0\0\0\x07\0\0\0\x63")).unwrap();
    assert!(matches!(bare, Some((7, Answer::Status(status))) if status.kind == StatusKind::Failed));
    let data = answer(&packet(b"\x67\0\0\0\x01\0\0\0\x03abc")).unwrap();
    assert_eq!(data, Some((1, Answer::Data(b"abc"[..].into()))));

    // An entry with extended attributes, which are skipped, and one without any.
    let names = answer(&packet(
        b"\x68\0\0\0\x02\0\0\0\x02\
          \0\0\0\x01a\0\0\0\x02-r\x80\0\0\x05\0\0\0\0\0\0\0\x09\0\0\x81\xa4\0\0\0\x01\0\0\0\x01k\0\0\0\x01v\
          \0\0\0\x01\xff\0\0\0\0\0\0\0\0",
    ));
    let Some((2, Answer::Names(names))) = names.unwrap() else { panic!("no names") };
    assert_eq!((&names[0].name[..], &names[1].name[..]), (&b"a"[..], &b"\xff"[..]));
    assert_eq!(names[0].attributes.size, Some(9));
    assert_eq!(names[0].attributes.kind(), Some(Kind::File));
    assert_eq!(names[1].attributes.kind(), None);
}

#[test]
fn refuses_nonsense() {
    let huge = take_answer(&mut BytesMut::from(&b"\xff\xff\xff\xff"[..])).unwrap_err();
    assert!(matches!(huge, SftpError::OverLimit { field: "packet", .. }));
    for body in [
        &b""[..],
        b"\x65\0\0",
        b"\x65\0\0\0\x01\0",
        b"\x67\0\0\0\x01\0\0\0\x04abc",
        b"\x68\0\0\0\x01\xff\xff\xff\xff",
        b"\x68\0\0\0\x01\0\0\0\x01\0\0\0\x09a\0\0\0\0\0\0\0\0",
        b"\x69\0\0\0\x01\x40\0\0\0",
        b"\x69\0\0\0\x01\x80\0\0\0\xff\xff\xff\xff",
        b"\x01\0\0\0\x03",
    ] {
        assert!(answer(&packet(body)).is_err(), "{body:?}");
    }
    let long = [&b"\x66\0\0\0\x01\0\0\x01\x01"[..], &[7; 257]].concat();
    assert!(matches!(answer(&packet(&long)), Err(SftpError::OverLimit { field: "handle", .. })));
}

#[test]
fn reads_extensions() {
    let numbers = |numbers: &[u64]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    };
    let space = numbers(&[4096, 512, 100, 50, 40, 0, 0, 0, 0, 0, 255]);
    assert_eq!(Answer::free_bytes(&space), Some(40 * 512));
    assert_eq!(Answer::free_bytes(&numbers(&[1, 2])), None);
    assert_eq!(Answer::limits(&numbers(&[262_144, 261_120, 0, 64])), Some((261_120, 32_768)));
    assert_eq!(Answer::limits(&numbers(&[0, u64::MAX, 40_000])), Some((261_120, 40_000)));
    assert_eq!(Answer::limits(b"x"), None);
}
