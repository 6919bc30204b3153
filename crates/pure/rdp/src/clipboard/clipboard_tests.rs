//! The clipboard's conversation.

use std::time::{Duration, Instant};

use bytes::Bytes;
use porthole_clipboard::{dib, html};
use porthole_remote::{
    Clipboard as Content, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, Event, Output,
};

use super::files::{Question, write_list};
use super::messages::{FILES, HTML, PNG as PNG_FORMAT, format_list, message};
use super::{Clipboard, to_wire};
use crate::mcs::User;
use crate::outbox::Outbox;
use crate::testing::epoch;
use crate::{DeviceConfig, DriveConfig, LineEnds, RdpConfig};

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

fn with_files() -> Talk {
    let drive = Some(DriveConfig { name: "files".into(), offers: true });
    let devices = DeviceConfig { drive, ..DeviceConfig::default() };
    let mut talk = Talk::new(RdpConfig { devices, ..RdpConfig::default() });
    let capabilities = [1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 0x3e, 0, 0, 0];
    talk.hears(&message(7, 0, &capabilities));
    assert_eq!(talk.hears(&message(1, 0, &[])).0[0], message(7, 0, &capabilities));
    talk
}

impl Talk {
    /// The one request about files that has just been made, answered.
    fn store(
        &mut self,
        events: &[Event],
        result: Result<DriveDone, DriveError>,
    ) -> (DriveAct, Vec<Vec<u8>>, Vec<Event>) {
        let [Event::Drive(request)] = events else { panic!("{events:?}") };
        let reply = DriveReply { number: request.number, result };
        assert!(Clipboard::asked_for(&reply));
        self.clipboard.handle_reply(&reply, &mut self.outbox);
        let (sent, events) = self.drain();
        (request.act.clone(), sent, events)
    }
}

const DONE: Result<DriveDone, DriveError> = Ok(DriveDone::Done);

fn opened() -> DriveDone {
    DriveDone::Opened(DriveEntry::default())
}

fn asks_piece(stream: u32, offset: u64, len: u32) -> Vec<u8> {
    message(8, 0, &Question { stream, index: 0, flags: 2, offset, len, lock: None }.write())
}

fn piece(stream: u32, data: &[u8]) -> Vec<u8> {
    message(9, 1, &[&stream.to_le_bytes(), data].concat())
}

#[test]
fn files_copied_on_the_remote_are_stored_and_offered() {
    let mut talk = with_files();
    assert_eq!(talk.hears(&announces(&[(0xd00f, FILES.1)])).0[1..], [asks(0xd00f)]);
    let (_, events) = talk.answers(&write_list([("a.txt", 70_000)].into_iter()));
    let (act, _, events) = talk.store(&events, Err(DriveError::Exists));
    assert_eq!(act, DriveAct::MakeDirectory("Clipboard".into()));
    let (act, sent, _) = talk.store(&events, Ok(opened()));
    assert!(matches!(act, DriveAct::Open { path, write: true, .. } if path == "Clipboard/a.txt"));
    assert_eq!(sent, [asks_piece(1, 0, 65536)]);
    let data = vec![7; 65536];
    // In chunks, as long messages come.
    let whole = piece(1, &data);
    let len = u32::try_from(whole.len()).unwrap();
    let mut events = Vec::new();
    for (index, part) in whole.chunks(1600).enumerate() {
        let flags = u32::from(index == 0) | u32::from(index == whole.len() / 1600) << 1;
        let chunk = [&len.to_le_bytes()[..], &flags.to_le_bytes(), part].concat();
        talk.clipboard.receive(talk.now, &chunk, &mut talk.outbox).unwrap();
        events.extend(talk.drain().1);
    }
    let (act, sent, _) = talk.store(&events, DONE);
    assert!(matches!(act, DriveAct::Write { offset: 0, data: written, .. } if written == data));
    assert_eq!(sent, [asks_piece(2, 65536, 4464)]);
    // An answer to another question is none.
    assert_eq!(talk.hears(&piece(1, b"late")), (vec![], vec![]));
    let (_, events) = talk.hears(&piece(2, &[8; 4464]));
    let (act, _, events) = talk.store(&events, DONE);
    assert!(matches!(act, DriveAct::Write { offset: 65536, .. }));
    let (act, _, events) = talk.store(&events, DONE);
    assert!(matches!(act, DriveAct::Close { remove: None, .. }));
    let (act, sent, events) = talk.store(&events, DONE);
    assert_eq!(act, DriveAct::Offer("Clipboard/a.txt".into()));
    assert!(sent.is_empty() && events.is_empty());
}

#[test]
fn a_file_that_cannot_be_had_is_removed_again() {
    for answer in [message(9, 2, &1_u32.to_le_bytes()), piece(1, &[0; 8]), piece(1, &[])] {
        let mut talk = with_files();
        talk.hears(&announces(&[(0xd00f, FILES.1)]));
        let (_, events) = talk.answers(&write_list([("a.txt", 7)].into_iter()));
        let (_, _, events) = talk.store(&events, DONE);
        talk.store(&events, Ok(opened()));
        let (_, events) = talk.hears(&answer);
        let [Event::Notice(_), Event::Drive(request)] = &events[..] else { panic!("{events:?}") };
        let remove = Some("Clipboard/a.txt".to_owned());
        assert!(matches!(&request.act, DriveAct::Close { remove: it, .. } if *it == remove));
    }
}

#[test]
fn another_copy_ends_the_one_before() {
    let mut talk = with_files();
    talk.hears(&announces(&[(0xd00f, FILES.1)]));
    let (_, events) = talk.answers(&write_list([("a.txt", 7)].into_iter()));
    let (_, _, opening) = talk.store(&events, DONE);
    talk.hears(&announces(&[(13, "")]));
    // It was under way, and is closed once it is open.
    let (_, sent, events) = talk.store(&opening, Ok(opened()));
    assert!(sent.is_empty());
    let (act, ..) = talk.store(&events, DONE);
    assert!(matches!(act, DriveAct::Close { remove: None, .. }));
}

#[test]
fn too_many_bytes_of_files_are_left_out() {
    let mut talk = with_files();
    talk.hears(&announces(&[(0xd00f, FILES.1)]));
    let (_, events) = talk.answers(&write_list([("a", 1 << 40), ("b", u64::MAX)].into_iter()));
    assert!(matches!(&events[..], [Event::Notice(_)]), "{events:?}");
    let mut talk = Talk::greeted(RdpConfig::default());
    assert_eq!(talk.hears(&announces(&[(0xd00f, FILES.1)])).0.len(), 1, "there is no store");
}

#[test]
fn files_of_a_viewer_are_announced_and_read_when_asked_for() {
    let mut talk = with_files();
    for (name, size) in [("eins.txt", 3), ("zwei.txt", 300_000)] {
        let path = format!("Clipboard/1/{name}");
        talk.clipboard.offer_file(path, size, &mut talk.outbox);
        assert_eq!(talk.drain().0, [announces(&[FILES])]);
    }
    let list = write_list([("eins.txt", 3), ("zwei.txt", 300_000)].into_iter());
    assert_eq!(talk.hears(&asks(FILES.0)).0.concat().len(), list.len() + 8);
    let ask = |index, flags, offset, len| {
        let question = Question { stream: 5, index, flags, offset, len, lock: Some(1) };
        message(8, 0, &question.write())
    };
    assert_eq!(talk.hears(&ask(1, 1, 0, 8)).0, [piece(5, &300_000_u64.to_le_bytes())]);
    assert_eq!(talk.hears(&ask(2, 1, 0, 8)).0, [message(9, 2, &5_u32.to_le_bytes())]);
    // A list that is locked outlives the next copy.
    talk.hears(&message(10, 0, &1_u32.to_le_bytes()));
    talk.offers(Content::of_text("else"));
    let (_, events) = talk.hears(&ask(0, 2, 1, 100));
    let (act, _, events) = talk.store(&events, Ok(opened()));
    assert!(
        matches!(act, DriveAct::Open { path, write: false, .. } if path == "Clipboard/1/eins.txt")
    );
    let (act, _, events) = talk.store(&events, Ok(DriveDone::Data(Bytes::from_static(b"bc"))));
    assert!(matches!(act, DriveAct::Read { offset: 1, len: 100, .. }));
    let [Event::Drive(read)] = &events[..] else { panic!("{events:?}") };
    assert!(matches!(read.act, DriveAct::Read { offset: 3, len: 98, .. }));
    let reply = DriveReply { number: read.number, result: Ok(DriveDone::Data(Bytes::new())) };
    talk.clipboard.handle_reply(&reply, &mut talk.outbox);
    let (sent, events) = talk.drain();
    assert_eq!(sent, [piece(5, b"bc")]);
    assert!(matches!(&events[..], [Event::Drive(it)] if matches!(it.act, DriveAct::Close { .. })));
    talk.hears(&message(11, 0, &1_u32.to_le_bytes()));
    assert_eq!(talk.hears(&ask(0, 2, 1, 100)).0, [message(9, 2, &5_u32.to_le_bytes())]);
}

#[test]
fn questions_about_files_are_bounded() {
    let mut talk = with_files();
    talk.clipboard.offer_file("Clipboard/1/a".into(), 9, &mut talk.outbox);
    talk.drain();
    let refused = (0..100).filter(|_| {
        let (sent, events) = talk.hears(&asks_piece(1, 0, u32::MAX));
        assert!(events.len() <= 1);
        !sent.is_empty()
    });
    assert_eq!(refused.count(), 100 - 1 - super::super::limits::CLIPBOARD_QUESTIONS_MAX);
}
