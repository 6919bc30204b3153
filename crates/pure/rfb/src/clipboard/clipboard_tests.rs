//! The clipboard in whole sessions.

use bytes::BufMut;
use porthole_pixels::Size;
use porthole_remote::{Event, Input};

use super::extended::{
    CAPS, HTML, NOTIFY, PEEK, PROVIDE, Provided, REQUEST, TEXT, deflate, read_formats,
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

/// Connected to a server that knows the extended clipboard and takes short texts unasked.
fn connected_extended(text_max: u32) -> Harness {
    let mut harness = connected();
    let all = TEXT | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    harness.feed(&extended(all, &text_max.to_be_bytes()));
    assert_eq!(harness.take_sent(), to_server(extended(all, &[0, 0, 3, 0xe8])));
    harness
}

fn offer(harness: &mut Harness, text: &str) -> Vec<u8> {
    harness.input(Input::ClipboardText(text.into()));
    harness.take_sent()
}

#[test]
fn latin1_both_ways() {
    let mut harness = connected();
    harness.feed(&cut_text(b"caf\xe9\r\n"));
    assert_eq!(harness.take_events(), [Event::ClipboardText("caf\u{e9}\n".into())]);
    let sent = offer(&mut harness, "5 \u{20ac}, caf\u{e9}\n");
    assert_eq!(sent, to_server(cut_text(b"5 ?, caf\xe9\n")));
}

#[test]
fn long_text_is_passed_over_with_a_notice() {
    let stream = |len: usize| [hello(SIZE), cut_text(&vec![b'x'; len]), vec![2]].concat();
    let harness = check_cuts(&config(), &stream(MAX));
    assert_eq!(harness.heard.events[2..], [Event::ClipboardText("x".repeat(MAX)), Event::Bell]);
    let harness = check_cuts(&config(), &stream(MAX + 1));
    let notice = "the remote's clipboard text of 1001 bytes was left out: the limit is 1000";
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
    let text = "\u{65e5}\u{672c}\nzwei";
    let provide = extended(PROVIDE | TEXT, &deflate(Some(text), None).unwrap());
    let stream = [hello(SIZE), extended(NOTIFY | TEXT, &[]), provide].concat();
    let harness = check_cuts(&config(), &stream);
    assert_eq!(harness.heard.events[2..], [Event::ClipboardText(text.into())]);
    assert!(harness.heard.sent.ends_with(&to_server(extended(REQUEST | TEXT, &[]))));
}

#[test]
fn extended_text_that_is_too_long_is_noticed() {
    // It is short on the wire, and long when inflated.
    let provide = extended(PROVIDE | TEXT, &deflate(Some(&"x".repeat(100_000)), None).unwrap());
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
    harness.feed(&extended(NOTIFY | 0b110, &[]));
    harness.feed(&extended(PROVIDE | 0b110, b"whatever"));
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
    assert_eq!(read_formats(TEXT, &sent[12..], TEXT, MAX), Ok(want));
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

/// Connected, with HTML, to a server that knows every format.
fn connected_html() -> Harness {
    let config = RfbConfig { clipboard_html: true, ..config() };
    let mut harness = Harness::connected(config, SIZE);
    let all = 0b1111 | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    harness.feed(&extended(all, &[0; 16]));
    let ours = TEXT | HTML | CAPS | REQUEST | PEEK | NOTIFY | PROVIDE;
    assert_eq!(harness.take_sent(), to_server(extended(ours, &[0, 0, 3, 0xe8, 0, 0, 3, 0xe8])));
    harness
}

#[test]
fn html_arrives_after_its_text() {
    let mut harness = connected_html();
    harness.feed(&extended(NOTIFY | 0b1111, &[]));
    assert_eq!(harness.take_sent(), to_server(extended(REQUEST | TEXT | HTML, &[])));
    let body = deflate(Some("x"), Some("<b>x</b>")).unwrap();
    harness.feed(&extended(PROVIDE | TEXT | HTML, &body));
    let want = [Event::ClipboardText("x".into()), Event::ClipboardHtml("<b>x</b>".into())];
    assert_eq!(harness.take_events(), want);
    // A server may have HTML alone.
    harness.feed(&extended(PROVIDE | HTML, &deflate(None, Some("<i>y</i>")).unwrap()));
    assert_eq!(harness.take_events(), [Event::ClipboardHtml("<i>y</i>".into())]);
}

#[test]
fn a_viewers_html_is_offered_beside_its_text() {
    let mut harness = connected_html();
    assert_eq!(offer(&mut harness, "x"), to_server(extended(NOTIFY | TEXT, &[])));
    harness.input(Input::ClipboardHtml("<b>x</b>".into()));
    assert_eq!(harness.take_sent(), to_server(extended(NOTIFY | TEXT | HTML, &[])));
    harness.feed(&extended(REQUEST | TEXT | HTML | 2, &[]));
    let sent = harness.take_sent();
    assert_eq!(sent[8..12], (PROVIDE | TEXT | HTML).to_be_bytes());
    let read = read_formats(TEXT | HTML, &sent[12..], TEXT | HTML, MAX).unwrap();
    assert_eq!((read.text.as_deref(), read.html.as_deref()), (Some("x"), Some("<b>x</b>")));
    harness.feed(&extended(REQUEST | HTML, &[]));
    assert_eq!(harness.take_sent()[8..12], (PROVIDE | HTML).to_be_bytes());
    // A new text has no HTML until that is offered too.
    offer(&mut harness, "y");
    harness.feed(&extended(REQUEST | HTML, &[]));
    assert_eq!(harness.take_sent(), []);
    harness.input(Input::ClipboardHtml("x".repeat(MAX + 1)));
    assert!(matches!(&harness.heard.events[..], [Event::Notice(_)]));
    assert_eq!(harness.take_sent(), []);
}

#[test]
fn html_is_not_offered_to_who_takes_text_alone() {
    let mut harness = connected_extended(0);
    offer(&mut harness, "x");
    harness.input(Input::ClipboardHtml("<b>x</b>".into()));
    assert_eq!(harness.take_sent(), []);
}
