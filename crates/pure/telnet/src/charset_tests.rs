use bytes::BytesMut;

use super::{Charset, FromServer, ToServer};

#[test]
fn knows_character_sets_that_telnet_can_carry() {
    for name in ["utf-8", "UTF-8", "iso-8859-1", "latin1", "cp437", "IBM437", "gbk", "shift_jis"] {
        assert!(Charset::named(name).is_ok(), "{name}");
    }
    for name in ["", "utf-16", "iso-2022-jp", "hz-gb-2312", "klingon"] {
        assert!(Charset::named(name).is_err(), "{name}");
    }
    assert_eq!(Charset::named("utf8"), Ok(Charset::UTF_8));
    let named = Charset::named(&"x".repeat(1 << 20)).unwrap_err().to_string();
    assert!(named.len() < 300, "{named}");
}

#[test]
fn translates_both_ways_however_it_is_cut() {
    let cases: [(&str, &[u8], &str); 7] = [
        ("utf-8", "é \u{1f600}".as_bytes(), "é \u{1f600}"),
        ("iso-8859-1", b"caf\xe9 \x1b[31m", "café \u{1b}[31m"),
        ("iso-8859-15", b"\xa4", "€"),
        ("cp437", b"\xc9\xcd\xbb\xe1\x7f", "╔═╗ß\u{7f}"),
        ("koi8-r", b"\xd0\xd2", "пр"),
        ("gbk", b"\xc4\xe3\xba\xc3", "你好"),
        ("shift_jis", b"\x83\x65\x83\x58", "テス"),
    ];
    for (name, written, shown) in cases {
        let charset = Charset::named(name).unwrap();
        for len in 1..=written.len() {
            let (mut decoder, mut text) = (FromServer::new(charset), BytesMut::new());
            written.chunks(len).for_each(|piece| decoder.decode(piece, &mut text));
            assert_eq!(text, shown, "{name}, {len} at a time");
        }
        for len in 1..=shown.len() {
            let mut encoder = ToServer::new(charset);
            let sent: Vec<u8> =
                shown.as_bytes().chunks(len).flat_map(|piece| encoder.encode(piece)).collect();
            assert_eq!(sent, written, "{name}, {len} at a time");
        }
    }
}

#[test]
fn replaces_what_the_server_cannot_read() {
    let mut encoder = ToServer::new(Charset::named("iso-8859-1").unwrap());
    assert_eq!(encoder.encode("a\u{1f600}b".as_bytes()), b"a?b");
    assert_eq!(encoder.encode(b"\xff\xc3(\xe2\x82"), b"??(");
    assert_eq!(encoder.encode(b"x"), b"?x", "the rest of a character never came");
    assert_eq!(encoder.encode(b""), b"");
}

#[test]
fn decodes_long_text_whole() {
    let (mut decoder, mut text) =
        (FromServer::new(Charset::named("iso-8859-1").unwrap()), BytesMut::new());
    decoder.decode(&vec![0xe9; 100_000], &mut text);
    assert_eq!(text, "é".repeat(100_000));
}
