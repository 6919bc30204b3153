//! Text remotes with viewers that draw them, and with others.

use std::time::Duration;

use bytes::Bytes;
use porthole_link::{
    QuestionsRecord, RepliesRecord, TerminalRecord, TerminalWish, ToBrowser, ToGateway,
};
use porthole_pixels::Size;
use porthole_remote::{
    Cells, Event, Input, Question, Questions, SizeWish, TerminalInput, TerminalNews, TerminalScreen,
};
use secrecy::ExposeSecret as _;

use crate::testing::{ALL, Stage};
use crate::{Permissions, SessionConfig, ViewerId};

const WATCHING: Permissions = Permissions(0b100);
const MOMENT: Duration = Duration::from_millis(1);

fn stage() -> Stage {
    Stage::new(SessionConfig { text: true, ..SessionConfig::default() })
}

fn told(stage: &mut Stage, event: Event) {
    let now = stage.now;
    stage.session.handle_event(now, event);
    stage.pass(MOMENT);
}

fn text(words: &str) -> Event {
    Event::Terminal(TerminalNews::Text(Bytes::copy_from_slice(words.as_bytes())))
}

fn screen(words: &str) -> Event {
    let data = Bytes::copy_from_slice(words.as_bytes());
    Event::Terminal(TerminalNews::Screen(TerminalScreen { size: Cells::USUAL, data }))
}

fn asked(stage: &Stage) -> Vec<TerminalInput> {
    let inputs = stage.inputs.iter();
    inputs
        .filter_map(|input| match input {
            Input::Terminal(input) => Some(input.clone()),
            _ => None,
        })
        .collect()
}

fn shown(stage: &Stage, at: usize) -> Vec<String> {
    let told = stage.viewers[at].told.iter();
    told.filter_map(|record| match record {
        ToBrowser::Terminal(TerminalRecord::Screen(_, _, data)) => {
            Some(format!("[{}]", String::from_utf8_lossy(data)))
        }
        ToBrowser::Terminal(TerminalRecord::Text(data)) => {
            Some(String::from_utf8_lossy(data).into_owned())
        }
        _ => None,
    })
    .collect()
}

#[test]
fn a_viewer_gets_the_screen_and_then_the_text() {
    let mut stage = stage();
    stage.attach_drawing_text(1, ALL);
    stage.say(1, ToGateway::Terminal(TerminalWish::Resize(100, 0)));
    told(&mut stage, Event::Connected);
    let resize = TerminalInput::Resize(Cells { columns: 100, rows: 1 });
    assert_eq!(asked(&stage), [resize, TerminalInput::ScreenWanted]);
    told(&mut stage, text("before"));
    told(&mut stage, screen("$ "));
    told(&mut stage, text("ls"));
    assert_eq!(shown(&stage, 0), ["[$ ]", "ls"]);
    // One who comes later gets a screen of his own.
    stage.attach_drawing_text(2, ALL);
    stage.pass(MOMENT);
    assert_eq!(asked(&stage).last(), Some(&TerminalInput::ScreenWanted));
    told(&mut stage, screen("$ ls"));
    told(&mut stage, text("\r\n"));
    assert_eq!(shown(&stage, 0), ["[$ ]", "ls", "\r\n"]);
    assert_eq!(shown(&stage, 1), ["[$ ls]", "\r\n"]);
}

#[test]
fn a_slow_viewer_is_shown_where_things_stand() {
    let mut stage = stage();
    stage.attach_drawing_text(1, ALL);
    told(&mut stage, Event::Connected);
    told(&mut stage, screen("$ "));
    stage.viewers[0].acks = false;
    let line = "x".repeat(99_999) + "\n";
    for _ in 0..100 {
        told(&mut stage, text(&line));
    }
    let sent: usize = shown(&stage, 0).iter().map(String::len).sum();
    assert!(sent < 1 << 20, "{sent} bytes under way to one who does not read");
    let before = asked(&stage).len();
    let painted = stage.viewers[0].painted;
    stage.say(1, ToGateway::Ack(painted, 0));
    stage.pass(Duration::from_secs(1));
    assert_eq!(asked(&stage).len(), before + 1, "a screen is asked for once");
    told(&mut stage, screen("end"));
    stage.pass(Duration::from_secs(1));
    assert_eq!(shown(&stage, 0).last().map(String::as_str), Some("[end]"));
}

#[test]
fn only_who_may_types() {
    let mut stage = stage();
    stage.attach_drawing_text(1, WATCHING);
    told(&mut stage, Event::Connected);
    let before = asked(&stage).len();
    stage.say(1, ToGateway::Terminal(TerminalWish::Typed(Bytes::from_static(b"rm"))));
    stage.say(1, ToGateway::Terminal(TerminalWish::Resize(9, 9)));
    stage.pass(MOMENT);
    assert_eq!(asked(&stage).len(), before);
    stage.attach_drawing_text(2, ALL);
    stage.say(2, ToGateway::Terminal(TerminalWish::Typed(Bytes::from_static(b"ls"))));
    stage.pass(MOMENT);
    assert_eq!(asked(&stage).last(), Some(&TerminalInput::Typed(Bytes::from_static(b"ls"))));
}

#[test]
fn pictures_are_drawn_while_somebody_needs_them() {
    let mut stage = stage();
    stage.attach_drawing_text(1, ALL);
    told(&mut stage, Event::Connected);
    let wanted = |stage: &Stage| {
        let asked = asked(stage).into_iter().rev();
        asked.into_iter().find_map(|input| match input {
            TerminalInput::PicturesWanted(wanted) => Some(wanted),
            _ => None,
        })
    };
    assert_eq!(wanted(&stage), None);
    stage.attach(2, ALL, None).unwrap();
    stage.pass(MOMENT);
    assert_eq!(wanted(&stage), Some(Some(100)));
    stage.session.handle_detach(stage.now, ViewerId(2));
    stage.pass(MOMENT);
    assert_eq!(wanted(&stage), Some(None));
}

#[test]
fn pictures_are_as_fine_as_the_screen_of_the_last_one_who_tells() {
    let mut stage = stage();
    told(&mut stage, Event::Connected);
    let wanted = |stage: &mut Stage| {
        stage.pass(MOMENT);
        let asked = asked(stage).into_iter();
        let wanted: Vec<_> = asked
            .filter_map(|input| match input {
                TerminalInput::PicturesWanted(scale) => Some(scale),
                _ => None,
            })
            .collect();
        stage.inputs.clear();
        wanted
    };
    // The first one counts, even one who only watches; later ones only if they may give input.
    stage.attach_at_scale(1, WATCHING, 150);
    assert_eq!(wanted(&mut stage), [Some(150)]);
    stage.attach_at_scale(2, WATCHING, 200);
    stage.say(2, ToGateway::Resize(Size::default(), 200));
    assert_eq!(wanted(&mut stage), []);
    stage.attach_at_scale(3, ALL, 200);
    assert_eq!(wanted(&mut stage), [Some(200)]);
    stage.say(3, ToGateway::Resize(Size::default(), 125));
    stage.say(3, ToGateway::Resize(Size::default(), 125));
    assert_eq!(wanted(&mut stage), [Some(125)]);
    // Who draws text has no part in it.
    stage.attach_drawing_text(4, ALL);
    stage.say(4, ToGateway::Resize(Size::default(), 300));
    assert_eq!(wanted(&mut stage), []);
    for viewer in [3, 2, 1] {
        stage.session.handle_detach(stage.now, ViewerId(viewer));
    }
    assert_eq!(wanted(&mut stage), [None]);
    stage.attach_at_scale(5, WATCHING, 100);
    assert_eq!(wanted(&mut stage), [Some(100)]);
}

#[test]
fn room_for_cells_is_told_even_where_the_picture_keeps_its_size() {
    let mut stage = stage();
    stage.attach(1, ALL, None).unwrap();
    stage.session.surface_mut().resize(Size::new(800, 456)).unwrap();
    told(&mut stage, Event::Connected);
    told(&mut stage, Event::ResizeSupported(true));
    stage.inputs.clear();
    stage.say(1, ToGateway::Resize(Size::new(800, 456), 200));
    stage.pass(MOMENT);
    let want = [
        Input::Terminal(TerminalInput::PicturesWanted(Some(200))),
        Input::Resize(SizeWish { size: Size::new(800, 456), scale_percent: 200 }),
    ];
    assert_eq!(stage.inputs, want);
}

#[test]
fn questions_are_asked_of_those_who_may_answer() {
    let mut stage = stage();
    stage.attach_drawing_text(1, WATCHING);
    stage.attach_drawing_text(2, ALL);
    let question = Question { text: "Code: ".into(), echo: true };
    let questions = Questions { instruction: "Look.".into(), questions: vec![question] };
    stage.session.handle_questions(stage.now, questions);
    stage.pass(MOMENT);
    let seen = |stage: &Stage, at: usize| -> Vec<QuestionsRecord> {
        let told = stage.viewers[at].told.iter();
        told.filter_map(|record| match record {
            ToBrowser::Questions(questions) => Some(questions.clone()),
            _ => None,
        })
        .collect()
    };
    assert!(seen(&stage, 0).is_empty());
    let want = QuestionsRecord {
        open: true,
        questions: vec![(true, "Code: ".into())],
        instruction: "Look.".into(),
    };
    assert_eq!(seen(&stage, 1), [want]);
    let reply = |texts: &[&str]| {
        let texts = texts.iter().map(|text| (*text).to_owned().into()).collect();
        ToGateway::Replies(RepliesRecord(texts))
    };
    stage.say(1, reply(&["1"]));
    stage.say(2, reply(&[]));
    stage.pass(MOMENT);
    assert!(stage.replies.is_empty(), "not theirs, or not enough");
    stage.say(2, reply(&["123"]));
    stage.say(2, reply(&["456"]));
    stage.pass(MOMENT);
    let [replies] = &stage.replies[..] else { panic!("{} replies", stage.replies.len()) };
    assert_eq!(replies.0[0].expose_secret(), "123");
    assert_eq!(seen(&stage, 1).last(), Some(&QuestionsRecord::default()));
}
