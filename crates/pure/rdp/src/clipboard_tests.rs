//! The clipboard's conversation.

use porthole_remote::{Clipboard as Content, Event, Output};

use super::{Clipboard, from_wire, lists_text, to_wire};
use crate::mcs::User;
use crate::outbox::Outbox;

const USER: User = User { id: 1002, io_channel: 1003 };

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    [&kind.to_le_bytes()[..], &flags.to_le_bytes(), &len.to_le_bytes(), body].concat()
}

/// One chunk with a whole message.
fn chunk(message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap();
    [&len.to_le_bytes()[..], &3_u32.to_le_bytes(), message].concat()
}

/// What the clipboard says and tells in answer to a message.
fn answer(clipboard: &mut Clipboard, message: &[u8]) -> (Vec<Vec<u8>>, Vec<Event>) {
    let mut outbox = Outbox::default();
    clipboard.receive(&chunk(message), &mut outbox).unwrap();
    drain(&mut outbox)
}

fn drain(outbox: &mut Outbox) -> (Vec<Vec<u8>>, Vec<Event>) {
    let (mut sent, mut events) = (Vec::new(), Vec::new());
    while let Some(output) = outbox.take() {
        match output {
            Output::Send(mut bytes) => {
                while let Some((_, len)) = crate::framing::whole_frame(&bytes).unwrap() {
                    // Fifteen bytes of packet headers and eight of the chunk's.
                    sent.push(bytes.split_to(len)[23..].to_vec());
                }
            }
            Output::Event(event) => events.push(event),
            other => panic!("{other:?}"),
        }
    }
    (sent, events)
}

fn greeted() -> Clipboard {
    let mut clipboard = Clipboard::new(USER, 1005, 100);
    let capabilities = [1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 2, 0, 0, 0];
    assert!(answer(&mut clipboard, &message(7, 0, &capabilities)).0.is_empty());
    let (sent, _) = answer(&mut clipboard, &message(1, 0, &[]));
    assert_eq!(sent, [message(7, 0, &capabilities), message(2, 0, &[])]);
    clipboard
}

#[test]
fn the_servers_text_is_fetched_when_announced() {
    let mut clipboard = greeted();
    let list = [13, 0, 0, 0, 0, 0];
    let (sent, _) = answer(&mut clipboard, &message(2, 0, &list));
    assert_eq!(sent, [message(3, 1, &[]), message(4, 0, &[13, 0, 0, 0])]);
    let (sent, events) = answer(&mut clipboard, &message(5, 1, &to_wire("gr\u{fc}\u{df}e\n")));
    assert!(sent.is_empty());
    assert_eq!(events, [Event::Clipboard(Content::of_text("gr\u{fc}\u{df}e\n".to_owned()))]);
    // Nobody asked for this.
    assert!(answer(&mut clipboard, &message(5, 1, &to_wire("pushed"))).1.is_empty());
}

#[test]
fn a_viewers_text_is_announced_and_sent_when_asked_for() {
    let mut clipboard = greeted();
    let request = message(4, 0, &[13, 0, 0, 0]);
    assert_eq!(answer(&mut clipboard, &request).0, [message(5, 2, &[])]);
    let mut outbox = Outbox::default();
    clipboard.offer("a\nb".to_owned(), &mut outbox);
    assert_eq!(drain(&mut outbox).0, [message(2, 0, &[13, 0, 0, 0, 0, 0])]);
    assert_eq!(answer(&mut clipboard, &request).0, [message(5, 1, b"a\0\r\0\n\0b\0\0\0")]);
    assert_eq!(answer(&mut clipboard, &message(4, 0, &[1, 0, 0, 0])).0, [message(5, 2, &[])]);
}

#[test]
fn long_texts_are_left_out_with_a_notice() {
    let mut clipboard = greeted();
    let mut outbox = Outbox::default();
    clipboard.offer("x".repeat(50), &mut outbox);
    let (sent, events) = drain(&mut outbox);
    assert!(sent.is_empty() && matches!(&events[..], [Event::Notice(_)]), "{events:?}");
    let head = [&1_000_000_u32.to_le_bytes()[..], &3_u32.to_le_bytes()].concat();
    clipboard.receive(&head, &mut outbox).unwrap();
    assert!(matches!(&drain(&mut outbox).1[..], [Event::Notice(_)]));
}

#[test]
fn every_truncation_is_refused_or_harmless() {
    let list = message(2, 0, &[13, 0, 0, 0, 0, 0]);
    for cut in 0..list.len() {
        let mut outbox = Outbox::default();
        let result = greeted().receive(&chunk(&list[..cut]), &mut outbox);
        assert!(result.is_err(), "{cut}");
    }
}

#[test]
fn lists_are_read_in_both_forms() {
    let long = [&0xc0de_u32.to_le_bytes()[..], b"H\0T\0\0\0", &13_u32.to_le_bytes(), b"\0\0"];
    assert!(lists_text(&long.concat(), true));
    let short = [&0xc0de_u32.to_le_bytes()[..], &[7; 32], &13_u32.to_le_bytes(), &[0; 32]];
    assert!(lists_text(&short.concat(), false));
    assert!(!lists_text(&[1, 0, 0, 0], false));
    assert_eq!(from_wire(b"\x00\xd8a\0"), "\u{fffd}a");
}
