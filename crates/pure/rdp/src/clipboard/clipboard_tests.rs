//! The clipboard's conversation.

use std::time::{Duration, Instant};

use porthole_clipboard::{dib, html};
use porthole_remote::{Clipboard as Content, Event, Output};

use super::messages::{HTML, PNG as PNG_FORMAT, format_list, message};
use super::{Clipboard, to_wire};
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::testing::epoch;
use crate::{LineEnds, RdpConfig};

const USER: User = User { id: 1002, io_channel: 1003 };
const MAX: usize = 1000;
const PNG: &[u8] = include_bytes!("../../../../../tests/vectors/dib/picture.png");
const BITMAP: &[u8] = include_bytes!("../../../../../tests/vectors/dib/imagemagick-24.dib");

/// One chunk with a whole message.
fn chunk(message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap();
    [&len.to_le_bytes()[..], &3_u32.to_le_bytes(), message].concat()
}

/// A clipboard, what it says and what it tells.
struct Talk {
    clipboard: Clipboard,
    outbox: Outbox,
    now: Instant,
}

impl Talk {
    fn new(config: RdpConfig) -> Self {
        let config = RdpConfig { clipboard_max_bytes: MAX, ..config };
        let clipboard = Clipboard::new(USER, 1005, &config);
        Self { clipboard, outbox: Outbox::default(), now: epoch() }
    }

    fn greeted(config: RdpConfig) -> Self {
        let mut talk = Self::new(config);
        let capabilities = [1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 2, 0, 0, 0];
        assert!(talk.hears(&message(7, 0, &capabilities)).0.is_empty());
        let (sent, _) = talk.hears(&message(1, 0, &[]));
        assert_eq!(sent, [message(7, 0, &capabilities), message(2, 0, &[])]);
        talk
    }

    /// What comes of a message.
    fn hears(&mut self, message: &[u8]) -> (Vec<Vec<u8>>, Vec<Event>) {
        self.clipboard.receive(self.now, &chunk(message), &mut self.outbox).unwrap();
        self.clipboard.answer(self.outbox.bytes());
        self.drain()
    }

    fn answers(&mut self, data: &[u8]) -> (Vec<Vec<u8>>, Vec<Event>) {
        self.hears(&message(5, 1, data))
    }

    fn offers(&mut self, content: Content) -> (Vec<Vec<u8>>, Vec<Event>) {
        self.clipboard.offer(content, &mut self.outbox);
        self.drain()
    }

    fn waits(&mut self, time: Duration) -> (Vec<Vec<u8>>, Vec<Event>) {
        self.now += time;
        self.clipboard.handle_timeout(self.now, &mut self.outbox);
        self.drain()
    }

    fn drain(&mut self) -> (Vec<Vec<u8>>, Vec<Event>) {
        let (mut sent, mut events) = (Vec::new(), Vec::new());
        while let Some(output) = self.outbox.take() {
            match output {
                Output::Send(mut bytes) => {
                    while let Some((_, len)) = crate::framing::whole_frame(&bytes).unwrap() {
                        // A long packet's length has a byte more. Eight bytes are the chunk's.
                        let header = if bytes[13] & 0x80 == 0 { 14 } else { 15 };
                        sent.push(bytes.split_to(len)[header + 8..].to_vec());
                    }
                }
                Output::Event(event) => events.push(event),
                other => panic!("{other:?}"),
            }
        }
        (sent, events)
    }
}

fn asks(format: u32) -> Vec<u8> {
    message(4, 0, &format.to_le_bytes())
}

fn announces(formats: &[(u32, &str)]) -> Vec<u8> {
    message(2, 0, &format_list(formats, true))
}

fn wire(text: &str) -> Vec<u8> {
    to_wire(text, LineEnds::Native)
}

#[test]
fn the_servers_formats_are_fetched_one_by_one_and_told_together() {
    let mut talk = Talk::greeted(RdpConfig::default());
    let list = announces(&[(0xd001, "HTML Format"), (8, ""), (1, ""), (13, "")]);
    assert_eq!(talk.hears(&list).0, [message(3, 1, &[]), asks(13)]);
    assert_eq!(talk.answers(&wire("gr\u{fc}\u{df}e\n")), (vec![asks(0xd001)], vec![]));
    assert_eq!(talk.answers(&html::encode("<b>x</b>")), (vec![asks(8)], vec![]));
    let want = Content {
        text: Some("gr\u{fc}\u{df}e\n".into()),
        html: Some("<b>x</b>".into()),
        png: Some(dib::to_png(BITMAP, MAX).unwrap().into()),
    };
    assert_eq!(talk.answers(BITMAP), (vec![], vec![Event::Clipboard(want)]));
    // Nobody asked for this.
    assert_eq!(talk.answers(&wire("pushed")), (vec![], vec![]));
}

#[test]
fn a_png_file_comes_before_a_bitmap_and_the_bitmap_in_its_stead() {
    for bad in [message(5, 2, &[]), message(5, 1, b"no PNG file"), message(5, 1, &[0; MAX + 1])] {
        let mut talk = Talk::greeted(RdpConfig::default());
        let list = announces(&[(8, ""), (0xd002, "PNG")]);
        assert_eq!(talk.hears(&list).0[1..], [asks(0xd002)]);
        assert_eq!(talk.hears(&bad), (vec![asks(8)], vec![]));
        assert!(matches!(
            &talk.answers(BITMAP).1[..],
            [Event::Clipboard(Content { png: Some(_), .. })]
        ));
    }
    let mut talk = Talk::greeted(RdpConfig::default());
    talk.hears(&announces(&[(8, ""), (0xd002, "PNG")]));
    let (_, events) = talk.answers(PNG);
    let want = Content { png: Some(PNG.into()), ..Content::default() };
    assert_eq!(events, [Event::Clipboard(want)]);
}

#[test]
fn what_fails_or_is_too_long_is_left_out() {
    let mut talk = Talk::greeted(RdpConfig::default());
    talk.hears(&announces(&[(13, ""), (0xd001, "HTML Format"), (8, "")]));
    let (sent, events) = talk.answers(&wire(&"x".repeat(MAX + 1)));
    assert_eq!(sent, [asks(0xd001)]);
    assert!(matches!(&events[..], [Event::Notice(_)]), "{events:?}");
    assert_eq!(talk.answers(&html::encode("<i>y</i>")), (vec![asks(8)], vec![]));
    let (_, events) = talk.answers(b"no bitmap");
    let want = Content { html: Some("<i>y</i>".into()), ..Content::default() };
    assert!(matches!(&events[..], [Event::Notice(_), Event::Clipboard(got)] if *got == want));
    // Nothing at all is not told.
    talk.hears(&announces(&[(13, "")]));
    assert_eq!(talk.hears(&message(5, 2, &[])), (vec![], vec![]));
}

#[test]
fn an_announcement_takes_the_place_of_the_one_before() {
    let mut talk = Talk::greeted(RdpConfig::default());
    talk.hears(&announces(&[(13, ""), (8, "")]));
    assert_eq!(talk.hears(&announces(&[(13, "")])).0, [message(3, 1, &[])]);
    // This is the old text, and answers have no names.
    assert_eq!(talk.answers(&wire("old")), (vec![asks(13)], vec![]));
    let new = Event::Clipboard(Content::of_text("new"));
    assert_eq!(talk.answers(&wire("new")), (vec![], vec![new]));
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let mut talk = Talk::greeted(RdpConfig::default());
    talk.hears(&announces(&[(13, ""), (0xd001, "HTML Format"), (8, "")]));
    talk.answers(&wire("text"));
    let deadline = talk.clipboard.deadline().unwrap();
    assert_eq!(talk.waits(Duration::from_secs(1)), (vec![], vec![]));
    let wait = deadline - talk.now;
    let text = Event::Clipboard(Content::of_text("text"));
    assert_eq!(talk.waits(wait), (vec![], vec![text]));
    // The next copy waits for the late answer, but not for ever.
    assert_eq!(talk.hears(&announces(&[(13, "")])).0, [message(3, 1, &[])]);
    let wait = talk.clipboard.deadline().unwrap() - talk.now;
    assert_eq!(talk.waits(wait).0, [asks(13)]);
}

#[test]
fn a_viewers_content_is_announced_and_sent_when_asked_for() {
    let mut talk = Talk::greeted(RdpConfig::default());
    assert_eq!(talk.hears(&asks(13)).0, [message(5, 2, &[])]);
    let content =
        Content { text: Some("a\nb".into()), html: Some("<b>c</b>".into()), png: Some(PNG.into()) };
    let list = [(13, ""), HTML, PNG_FORMAT, (8, "")];
    assert_eq!(talk.offers(content).0, [announces(&list)]);
    let cases: [(u32, Option<Vec<u8>>); 5] = [
        (13, Some(b"a\0\r\0\n\0b\0\0\0".to_vec())),
        (HTML.0, Some(html::encode("<b>c</b>"))),
        (PNG_FORMAT.0, Some(PNG.to_vec())),
        (8, dib::from_png(PNG).ok()),
        (1, None),
    ];
    for (format, want) in cases {
        let want = want.map_or(message(5, 2, &[]), |data| message(5, 1, &data));
        assert_eq!(talk.hears(&asks(format)).0, [want], "{format:#x}");
    }
    // An empty list may echo ours; another means that it is gone.
    talk.hears(&announces(&[]));
    assert_eq!(talk.hears(&asks(1)).0, [message(5, 2, &[])]);
    assert_ne!(talk.hears(&asks(13)).0, [message(5, 2, &[])]);
    talk.hears(&announces(&[(1, "")]));
    assert_eq!(talk.hears(&asks(13)).0, [message(5, 2, &[])]);
}

#[test]
fn many_questions_at_once_get_one_long_answer() {
    let mut talk = Talk::greeted(RdpConfig::default());
    talk.offers(Content::of_text("x".repeat(MAX)));
    for _ in 0..10 {
        talk.clipboard.receive(talk.now, &chunk(&asks(13)), &mut talk.outbox).unwrap();
    }
    talk.clipboard.answer(talk.outbox.bytes());
    let (sent, _) = talk.drain();
    assert_eq!(sent.iter().filter(|message| message.len() > 8).count(), 2, "in two chunks");
    assert_eq!(sent[..9], vec![message(5, 2, &[]); 9]);
}

#[test]
fn what_a_viewer_may_not_offer_is_left_out_with_a_notice() {
    let mut talk = Talk::greeted(RdpConfig::default());
    let content = Content {
        text: Some("x".repeat(MAX + 1)),
        html: None,
        png: Some(b"no PNG file"[..].into()),
    };
    let (sent, events) = talk.offers(content);
    assert!(sent.is_empty() && matches!(&events[..], [Event::Notice(_), Event::Notice(_)]));
}

#[test]
fn each_direction_can_be_closed() {
    let mut talk = Talk::greeted(RdpConfig { clipboard_out: false, ..RdpConfig::default() });
    assert_eq!(talk.hears(&announces(&[(13, "")])).0, [message(3, 1, &[])]);
    assert_eq!(talk.offers(Content::of_text("in")).0, [announces(&[(13, "")])]);
    let mut talk = Talk::greeted(RdpConfig { clipboard_in: false, ..RdpConfig::default() });
    assert_eq!(talk.offers(Content::of_text("in")), (vec![], vec![]));
    assert_eq!(talk.hears(&asks(13)).0, [message(5, 2, &[])]);
    assert_eq!(talk.hears(&announces(&[(13, "")])).0[1..], [asks(13)]);
}

#[test]
fn answers_are_passed_over_by_their_length_alone() {
    let mut talk = Talk::greeted(RdpConfig::default());
    talk.hears(&announces(&[(13, "")]));
    let head = [&1_000_000_000_u32.to_le_bytes()[..], &3_u32.to_le_bytes()].concat();
    talk.clipboard.receive(talk.now, &head, &mut talk.outbox).unwrap();
    assert!(matches!(&talk.drain().1[..], [Event::Notice(_)]));
    // Nobody waits for this one, so that nobody hears of it.
    talk.clipboard.receive(talk.now, &head, &mut talk.outbox).unwrap();
    assert!(talk.drain().1.is_empty());
}

#[test]
fn every_truncation_is_refused_or_harmless() {
    for message in [announces(&[(13, "")]), message(7, 0, &[1, 0, 0, 0, 1, 0, 12, 0]), asks(13)] {
        for cut in 0..message.len() {
            let mut talk = Talk::greeted(RdpConfig::default());
            let result =
                talk.clipboard.receive(talk.now, &chunk(&message[..cut]), &mut talk.outbox);
            assert!(result.is_err(), "{cut}");
        }
    }
}
