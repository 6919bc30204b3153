use super::{Decoder, Item, SUBNEGOTIATION_MAX_BYTES, Verb};

/// A piece of the stream that owns its bytes; text that follows text is one piece.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Piece {
    Text(Vec<u8>),
    Command(u8),
    Negotiation(Verb, u8),
    Subnegotiation(Option<(u8, Vec<u8>)>),
}

fn text(bytes: &[u8]) -> Piece {
    Piece::Text(bytes.to_vec())
}

fn pieces<'a>(cuts: impl IntoIterator<Item = &'a [u8]>, binary: bool) -> Vec<Piece> {
    let mut decoder = Decoder::new();
    let mut pieces = Vec::new();
    for mut input in cuts {
        while let Some(item) = decoder.next(&mut input, binary) {
            let piece = match item {
                Item::Text(bytes) => {
                    if let Some(Piece::Text(before)) = pieces.last_mut() {
                        before.extend_from_slice(bytes);
                        continue;
                    }
                    text(bytes)
                }
                Item::Command(command) => Piece::Command(command),
                Item::Negotiation(verb, option) => Piece::Negotiation(verb, option),
                Item::Subnegotiation => {
                    let said = decoder.subnegotiation();
                    Piece::Subnegotiation(said.map(|(option, said)| (option, said.to_vec())))
                }
            };
            pieces.push(piece);
        }
        assert!(input.is_empty());
    }
    pieces
}

#[test]
fn takes_streams_apart() {
    let sub = |option, said: &[u8]| Piece::Subnegotiation(Some((option, said.to_vec())));
    let cases: [(&str, &[u8], Vec<Piece>); 15] = [
        ("plain", b"login: ", vec![text(b"login: ")]),
        ("a doubled IAC is a byte", b"a\xff\xffb", vec![text(b"a\xffb")]),
        ("the end of a line", b"a\r\nb", vec![text(b"a\r\nb")]),
        ("a carriage return alone", b"a\r\0b\r\0\r\0", vec![text(b"a\rb\r\r")]),
        ("a carriage return without its NUL", b"a\rb", vec![text(b"a\rb")]),
        ("only one NUL belongs to it", b"\r\0\0", vec![text(b"\r\0")]),
        ("a NUL of its own", b"a\0b", vec![text(b"a\0b")]),
        (
            "a command between a carriage return and its NUL",
            b"\r\xff\xf1\0x",
            vec![text(b"\r"), Piece::Command(0xf1), text(b"x")],
        ),
        ("a byte 255 is no carriage return", b"\r\xff\xff\0", vec![text(b"\r\xff\0")]),
        (
            "negotiations",
            b"\xff\xfb\x01\xff\xfc\x03\xff\xfd\xff\xff\xfe\x18",
            vec![
                Piece::Negotiation(Verb::Will, 1),
                Piece::Negotiation(Verb::Wont, 3),
                Piece::Negotiation(Verb::Do, 255),
                Piece::Negotiation(Verb::Dont, 24),
            ],
        ),
        ("Go Ahead, Data Mark", b"a\xff\xf9\xff\xf2", {
            vec![text(b"a"), Piece::Command(0xf9), Piece::Command(0xf2)]
        }),
        ("a subnegotiation", b"\xff\xfa\x18\x01\xff\xf0$", vec![sub(24, &[1]), text(b"$")]),
        ("IAC within one", b"\xff\xfa\x27\xff\xff\xff\xf0", vec![sub(39, &[255])]),
        ("an empty one", b"\xff\xfa\xff\xf0", vec![Piece::Subnegotiation(None)]),
        (
            "one that has no end",
            b"\xff\xfa\x18\x01\xff\xfb\x01x",
            vec![Piece::Negotiation(Verb::Will, 1), text(b"x")],
        ),
    ];
    for (name, bytes, want) in cases {
        assert_eq!(pieces([bytes], false), want, "{name}");
        assert_eq!(pieces(bytes.chunks(1), false), want, "{name}, byte by byte");
        for cut in 0..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(pieces([head, tail], false), want, "{name}, cut at {cut}");
        }
    }
}

#[test]
fn leaves_binary_text_alone() {
    assert_eq!(pieces([&b"\r\0\r\n\0\xff\xff"[..]], true), [text(b"\r\0\r\n\0\xff")]);
}

#[test]
fn passes_over_what_is_too_long() {
    let long = |len: usize| [b"\xff\xfa\x18", vec![b'x'; len].as_slice(), b"\xff\xf0ok"].concat();
    let fits = pieces([long(SUBNEGOTIATION_MAX_BYTES - 1).as_slice()], false);
    assert!(matches!(fits.first(), Some(Piece::Subnegotiation(Some(_)))));
    let wider = pieces([long(SUBNEGOTIATION_MAX_BYTES).as_slice()], false);
    assert_eq!(wider, [Piece::Subnegotiation(None), text(b"ok")]);
    // Without an end it takes no more memory either.
    let mut decoder = Decoder::new();
    let endless = long(1 << 20);
    let mut input = endless.get(..1 << 20).unwrap();
    assert_eq!(decoder.next(&mut input, false), None);
    assert!(decoder.subnegotiation.capacity() <= 2 * SUBNEGOTIATION_MAX_BYTES);
}
