//! The clipboard in whole sessions.

use bytes::BufMut;
use porthole_clipboard::{dib, html};
use porthole_pixels::Size;
use porthole_remote::{Clipboard, Event, Input};

use super::extended::{
    CAPS, DIB, HTML, NOTIFY, PEEK, PROVIDE, Provided, REQUEST, SERVED, TEXT, deflate, encode_text,
    read_formats,
};
use crate::RfbConfig;
use crate::testing::{Harness, check_cuts, hello};

const SIZE: Size = Size { width: 2, height: 2 };
const MAX: usize = 1000;

fn config() -> RfbConfig {
    RfbConfig { clipboard_max_bytes: MAX, ..RfbConfig::default() }
}

fn cut_text(text: &[u8]) -> Vec<u8> {
    let mut message = vec![3, 0, 0, 0];
    message.put_u32(u32::try_from(text.len()).unwrap());
    message.extend(text);
    message
}

fn extended(flags: u32, body: &[u8]) -> Vec<u8> {
    let mut message = vec![3, 0, 0, 0];
    message.put_i32(-i32::try_from(body.len() + 4).unwrap());
    message.put_u32(flags);
    message.extend(body);
    message
}

/// What the client sends: the same, but for its type.
fn to_server(mut message: Vec<u8>) -> Vec<u8> {
    message[0] = 6;
    message
}

fn connected() -> Harness {
    Harness::connected(config(), SIZE)
}

/// All that we serve; a bitmap on request alone.
fn our_capabilities() -> Vec<u8> {
    let flags = SERVED | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    extended(flags, &[0, 0, 3, 0xe8, 0, 0, 3, 0xe8, 0, 0, 0, 0])
}

/// Connected to a server that knows the extended clipboard and takes short texts unasked.
fn connected_extended(text_max: u32) -> Harness {
    let mut harness = connected();
    let all = TEXT | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    harness.feed(&extended(all, &text_max.to_be_bytes()));
    assert_eq!(harness.take_sent(), to_server(our_capabilities()));
    harness
}

/// The event that a text makes.
fn text(text: impl Into<String>) -> Event {
    Event::Clipboard(Clipboard::of_text(text))
}

/// The body that provides a text.
fn deflated(text: &str) -> Vec<u8> {
    deflate(&[encode_text(text)]).unwrap()
}

fn offer_all(harness: &mut Harness, content: Clipboard) -> Vec<u8> {
    harness.input(Input::Clipboard(content));
    harness.take_sent()
}

fn offer(harness: &mut Harness, text: &str) -> Vec<u8> {
    offer_all(harness, Clipboard::of_text(text))
}

#[test]
fn latin1_both_ways() {
    let mut harness = connected();
    harness.feed(&cut_text(b"caf\xe9\r\n"));
    assert_eq!(harness.take_events(), [text("caf\u{e9}\n")]);
    let sent = offer(&mut harness, "5 \u{20ac}, caf\u{e9}\n");
    assert_eq!(sent, to_server(cut_text(b"5 ?, caf\xe9\n")));
}

#[test]
fn long_text_is_passed_over_with_a_notice() {
    let stream = |len: usize| [hello(SIZE), cut_text(&vec![b'x'; len]), vec![2]].concat();
    let harness = check_cuts(&config(), &stream(MAX));
    assert_eq!(harness.heard.events[2..], [text("x".repeat(MAX)), Event::Bell]);
    let harness = check_cuts(&config(), &stream(MAX + 1));
    let notice = "the remote's clipboard content of 1001 bytes was left out: the limit is 1000";
    assert_eq!(harness.heard.events[2..], [Event::Notice(notice.into()), Event::Bell]);

    let mut harness = connected();
    assert_eq!(offer(&mut harness, &"x".repeat(MAX + 1)), []);
    assert!(matches!(&harness.heard.events[..], [Event::Notice(_)]));
}

#[test]
fn a_huge_length_costs_nothing() {
    for len in [[0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0]] {
        let mut harness = connected();
        harness.feed(&[&[3, 0, 0, 0][..], &len].concat());
        for _ in 0..100 {
            harness.feed(&[0; 5000]);
        }
        assert!(harness.arrived.is_empty());
        assert_eq!(harness.heard.error, None);
        assert!(matches!(&harness.heard.events[..], [Event::Notice(_)]));
    }
}

#[test]
fn extended_text_arrives() {
    let words = "\u{65e5}\u{672c}\nzwei";
    let provide = extended(PROVIDE | TEXT, &deflated(words));
    let stream = [hello(SIZE), extended(NOTIFY | TEXT, &[]), provide].concat();
    let harness = check_cuts(&config(), &stream);
    assert_eq!(harness.heard.events[2..], [text(words)]);
    assert!(harness.heard.sent.ends_with(&to_server(extended(REQUEST | TEXT, &[]))));
}

#[test]
fn extended_text_that_is_too_long_is_noticed() {
    // It is short on the wire, and long when inflated.
    let provide = extended(PROVIDE | TEXT, &deflated(&"x".repeat(100_000)));
    let harness = check_cuts(&config(), &[hello(SIZE), provide, vec![2]].concat());
    assert!(matches!(&harness.heard.events[2..], [Event::Notice(_), Event::Bell]));
    let corrupt = extended(PROVIDE | TEXT, b"junk and more junk");
    let harness = check_cuts(&config(), &[hello(SIZE), corrupt].concat());
    assert_eq!(harness.cause(), Some("inflate"));
    let empty = [3, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe, 0, 0];
    assert_eq!(
        check_cuts(&config(), &[&hello(SIZE)[..], &empty].concat()).cause(),
        Some("bad_field")
    );
}

#[test]
fn other_formats_are_not_asked_for() {
    let mut harness = connected_extended(0);
    harness.feed(&extended(NOTIFY | 0b1_0010, &[]));
    harness.feed(&extended(PROVIDE | 0b1_0010, b"whatever"));
    assert_eq!(harness.take_sent(), []);
    assert_eq!(harness.take_events(), []);
}

#[test]
fn a_viewers_text_is_announced_and_then_provided() {
    let mut harness = connected_extended(0);
    let announced = to_server(extended(NOTIFY | TEXT, &[]));
    assert_eq!(offer(&mut harness, "eins\nzwei \u{20ac}"), announced);
    harness.feed(&extended(PEEK, &[]));
    assert_eq!(harness.take_sent(), announced);
    // Asked twice at once, it answers once.
    harness.feed(&[extended(REQUEST | TEXT, &[]), extended(REQUEST | TEXT, &[])].concat());
    let sent = harness.take_sent();
    let flags = PROVIDE | TEXT;
    assert_eq!(sent[8..12], flags.to_be_bytes());
    let len = i32::from_be_bytes(sent[4..8].try_into().unwrap());
    assert_eq!(usize::try_from(-len).unwrap(), sent.len() - 8);
    let want = Provided { text: Some("eins\nzwei \u{20ac}".into()), ..Provided::default() };
    assert_eq!(read_formats(TEXT, &sent[12..], MAX), Ok(want));
    // Taking the offer, the server lost what it had before.
    harness.feed(&[extended(NOTIFY, &[]), extended(REQUEST | TEXT, &[])].concat());
    assert_eq!(harness.take_sent()[8..12], flags.to_be_bytes());
    // It has something newer now.
    harness.feed(&extended(NOTIFY | TEXT, &[]));
    assert_eq!(harness.take_sent(), to_server(extended(REQUEST | TEXT, &[])));
    harness.feed(&extended(REQUEST | TEXT, &[]));
    assert_eq!(harness.take_sent(), []);
    harness.feed(&extended(PEEK, &[]));
    assert_eq!(harness.take_sent(), to_server(extended(NOTIFY, &[])));
}

#[test]
fn short_text_is_provided_at_once() {
    let mut harness = connected_extended(10);
    let sent = offer(&mut harness, "123456789");
    assert_eq!(sent[8..12], (PROVIDE | TEXT).to_be_bytes());
    assert_eq!(offer(&mut harness, "1234567890"), to_server(extended(NOTIFY | TEXT, &[])));
}

/// Connected to a server that knows every format.
fn connected_to_all() -> Harness {
    let mut harness = connected();
    let all = 0b1111 | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    harness.feed(&extended(all, &[0; 16]));
    assert_eq!(harness.take_sent(), to_server(our_capabilities()));
    harness
}

/// A picture as another program puts it on its clipboard, and as PNG.
const BITMAP: &[u8] = include_bytes!("../../../../../tests/vectors/dib/imagemagick-24.dib");
const PNG: &[u8] = include_bytes!("../../../../../tests/vectors/dib/picture.png");

fn everything() -> Clipboard {
    Clipboard {
        text: Some("x".into()),
        html: Some("<b>x</b>".into()),
        png: Some(dib::to_png(BITMAP, MAX).unwrap().into()),
    }
}

#[test]
fn all_formats_arrive_together() {
    let mut harness = connected_to_all();
    harness.feed(&extended(NOTIFY | 0b1111, &[]));
    assert_eq!(harness.take_sent(), to_server(extended(REQUEST | SERVED, &[])));
    let body = deflate(&[encode_text("x"), html::encode("<b>x</b>"), BITMAP.to_vec()]).unwrap();
    harness.feed(&extended(PROVIDE | SERVED, &body));
    assert_eq!(harness.take_events(), [Event::Clipboard(everything())]);
    // A server may have any of them alone.
    harness.feed(&extended(PROVIDE | HTML, &deflate(&[html::encode("<i>y</i>")]).unwrap()));
    let alone = Clipboard { html: Some("<i>y</i>".into()), ..Clipboard::default() };
    assert_eq!(harness.take_events(), [Event::Clipboard(alone)]);
    harness.feed(&extended(PROVIDE | DIB, &deflate(&[BITMAP.to_vec()]).unwrap()));
    let alone = Clipboard { text: None, html: None, ..everything() };
    assert_eq!(harness.take_events(), [Event::Clipboard(alone)]);
}

#[test]
fn an_image_that_is_none_is_noticed() {
    let mut harness = connected_to_all();
    for (bitmap, reason) in [
        (&BITMAP[..BITMAP.len() - 1], "it is damaged"),
        (b"\x08\0\0\0", "its form is not known"),
        (b"", "it is damaged"),
    ] {
        let body = deflate(&[encode_text("x"), bitmap.to_vec()]).unwrap();
        harness.feed(&extended(PROVIDE | TEXT | DIB, &body));
        let notice = format!("the remote's clipboard image was left out: {reason}");
        assert_eq!(harness.take_events(), [Event::Notice(notice), text("x")]);
    }
    let offered = Clipboard { png: Some("<html>".into()), ..everything() };
    let sent = offer_all(&mut harness, offered);
    assert_eq!(sent, to_server(extended(NOTIFY | TEXT | HTML, &[])));
    let notice = "the viewer's clipboard image was left out: it is damaged";
    assert_eq!(harness.take_events(), [Event::Notice(notice.into())]);
    assert_eq!(harness.heard.error, None);
}

#[test]
fn a_viewers_formats_are_announced_and_then_provided() {
    let mut harness = connected_to_all();
    let content = Clipboard { png: Some(PNG.into()), ..everything() };
    let announced = to_server(extended(NOTIFY | SERVED, &[]));
    assert_eq!(offer_all(&mut harness, content), announced);
    harness.feed(&extended(REQUEST | 0b1111, &[]));
    let sent = harness.take_sent();
    assert_eq!(sent[8..12], (PROVIDE | SERVED).to_be_bytes());
    let read = read_formats(SERVED, &sent[12..], MAX).unwrap();
    assert_eq!((read.text.as_deref(), read.html.as_deref()), (Some("x"), Some("<b>x</b>")));
    assert_eq!(read.dib, dib::from_png(PNG).ok());
    harness.feed(&extended(REQUEST | HTML, &[]));
    assert_eq!(harness.take_sent()[8..12], (PROVIDE | HTML).to_be_bytes());
    // What is offered next has no HTML and no image.
    offer(&mut harness, "y");
    harness.feed(&extended(REQUEST | HTML | DIB, &[]));
    assert_eq!(harness.take_sent(), []);
    let long = Clipboard { html: Some("x".repeat(MAX + 1)), ..Clipboard::default() };
    assert_eq!(offer_all(&mut harness, long), []);
    assert!(matches!(&harness.heard.events[..], [Event::Notice(_)]));
    harness.feed(&extended(REQUEST | TEXT, &[]));
    assert_eq!(harness.take_sent()[8..12], (PROVIDE | TEXT).to_be_bytes());
}

#[test]
fn only_what_the_server_takes_is_offered() {
    let mut harness = connected_extended(10);
    let sent = offer_all(&mut harness, everything());
    assert_eq!(sent[8..12], (PROVIDE | TEXT).to_be_bytes());
    let image = Clipboard { text: None, html: None, ..everything() };
    assert_eq!(offer_all(&mut harness, image.clone()), []);
    // One without the extension takes text, and no more.
    let mut harness = connected();
    assert_eq!(offer_all(&mut harness, everything()), to_server(cut_text(b"x")));
    assert_eq!(offer_all(&mut harness, image), []);
    // One that takes everything and never asks gets the text.
    harness.feed(&extended(0b1111 | CAPS | PROVIDE, &[0; 16]));
    harness.take_sent();
    assert_eq!(offer_all(&mut harness, everything())[8..12], (PROVIDE | TEXT).to_be_bytes());
}
