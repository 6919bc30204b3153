use bytes::Bytes;
use porthole_link::{
    Ability, FILE_REQUESTS_MAX, FileAct, FileAnswer, FileEntry, FileNews, FilePage, FileRequest,
    Resume, ToBrowser, ToGateway,
};

use super::{FileKey, FileOrder, FileResult};
use crate::testing::{ALL, Stage};
use crate::{Permissions, SessionConfig, ViewerId};

const BOTH: Permissions = ALL.with(Permissions::FILES_IN).with(Permissions::FILES_OUT);

fn stage(permissions: Permissions) -> Stage {
    let mut stage =
        Stage::connected_with(SessionConfig { files: true, ..SessionConfig::default() });
    stage.attach(1, permissions, None).unwrap();
    stage
}

impl Stage {
    fn ask(&mut self, request: u32, act: FileAct) {
        self.say(1, ToGateway::File(FileRequest { request, act }));
    }

    fn answer(&mut self, request: u32, result: FileResult) {
        self.session.handle_file(FileKey { viewer: ViewerId(1), request }, result);
        self.settle();
    }

    fn take_orders(&mut self) -> Vec<(u32, FileOrder)> {
        self.orders.drain(..).map(|(key, order)| (key.request, order)).collect()
    }

    fn news(&mut self) -> Vec<(u32, FileNews)> {
        let told = std::mem::take(&mut self.viewers[0].told);
        told.into_iter()
            .filter_map(|record| match record {
                ToBrowser::File(FileAnswer { request, news }) => Some((request, news)),
                _ => None,
            })
            .collect()
    }
}

fn read(offset: u64, credit: u32) -> FileAct {
    FileAct::Read { path: "f".into(), offset, credit }
}

fn write(size: u64) -> FileAct {
    FileAct::Write { path: "f".into(), size, modified_ms: 5, replace: false }
}

fn opened(offset: u64, size: u64) -> FileResult {
    FileResult::Opened { offset, size, modified_ms: 5 }
}

fn cause(news: &[(u32, FileNews)]) -> Vec<(u32, &str)> {
    let cause = |(request, news): &(u32, FileNews)| match news {
        FileNews::Failed { .. } => *request,
        other => panic!("{other:?}"),
    };
    let words = news.iter().map(|(_, news)| match news {
        FileNews::Failed { cause, .. } => cause.as_str(),
        _ => "",
    });
    news.iter().map(cause).zip(words).collect()
}

#[test]
fn there_are_files_only_where_somebody_keeps_them() {
    let mut stage = stage(BOTH);
    assert!(stage.viewers[0].told.contains(&ToBrowser::Abilities(Ability::FILES)));
    let resize = porthole_remote::Event::ResizeSupported(true);
    stage.session.handle_event(stage.now, resize);
    stage.settle();
    let both = Ability::FILES | Ability::RESIZE;
    assert!(stage.viewers[0].told.contains(&ToBrowser::Abilities(both)));

    let mut stage = Stage::connected();
    stage.attach(1, BOTH, None).unwrap();
    stage.ask(1, FileAct::Remove("f".into()));
    assert!(stage.take_orders().is_empty() && stage.news().is_empty());
}

#[test]
fn what_is_asked_is_ordered_and_answered() {
    let mut stage = stage(BOTH);
    stage.ask(1, FileAct::List { path: "d".into(), after: String::new() });
    stage.ask(2, FileAct::MakeDirectory("e".into()));
    stage.ask(3, FileAct::Rename { from: "e".into(), to: "g".into(), replace: false });
    let orders = stage.take_orders();
    assert_eq!(orders[0], (1, FileOrder::List { path: "d".into(), after: String::new() }));
    assert_eq!(orders.len(), 3);
    let failed = FileResult::Failed { cause: "exists", message: "it exists".into() };
    stage.answer(3, failed);
    let entry = FileEntry { directory: false, size: 3, modified_ms: 4, name: "n".into() };
    let page = FilePage { free: 9, more: false, entries: vec![entry] };
    stage.answer(1, FileResult::Page(page.clone()));
    stage.answer(2, FileResult::Done);
    // Nobody asked any more.
    stage.answer(2, FileResult::Done);
    stage.answer(77, FileResult::Done);
    let news = stage.news();
    assert_eq!(cause(&news[..1]), [(3, "exists")]);
    assert_eq!(news[1..], [(1, FileNews::Page(page)), (2, FileNews::Done)]);
}

#[test]
fn directions_are_refused_without_a_permission() {
    let list = || FileAct::List { path: String::new(), after: String::new() };
    let writing = || {
        [
            write(1),
            FileAct::Remove("f".into()),
            FileAct::MakeDirectory("f".into()),
            FileAct::Rename { from: "f".into(), to: "g".into(), replace: true },
        ]
    };
    let mut none = stage(ALL);
    for (request, act) in (1..).zip(writing().into_iter().chain([list(), read(0, 1)])) {
        none.ask(request, act);
    }
    assert!(none.take_orders().is_empty());
    assert_eq!(cause(&none.news()).len(), 6);

    let mut out = stage(ALL.with(Permissions::FILES_OUT));
    writing().into_iter().zip(1..).for_each(|(act, request)| out.ask(request, act));
    assert_eq!(
        cause(&out.news()),
        [(1, "refused"), (2, "refused"), (3, "refused"), (4, "refused")]
    );
    out.ask(5, list());
    out.ask(6, read(0, 1));
    assert_eq!(out.take_orders().len(), 2);

    let mut into = stage(ALL.with(Permissions::FILES_IN));
    into.ask(1, read(0, 1));
    assert_eq!(cause(&into.news()), [(1, "refused")]);
    into.ask(2, list());
    into.ask(3, write(1));
    assert_eq!(into.take_orders().len(), 2);
}

#[test]
fn a_download_follows_credit_and_window() {
    let mut stage = stage(BOTH);
    stage.ask(1, read(10, 6000));
    assert_eq!(stage.take_orders(), [(1, FileOrder::OpenRead("f".into()))]);
    stage.answer(1, opened(0, 9010));
    let begins = FileNews::Opened { offset: 10, size: 9010, modified_ms: 5, credit: 0 };
    assert_eq!(stage.news(), [(1, begins)]);
    assert_eq!(stage.take_orders(), [(1, FileOrder::Read { offset: 10, len: 4096 })]);
    let data = Bytes::from(vec![7; 4096]);
    stage.answer(1, FileResult::Read(data.clone()));
    assert_eq!(stage.news(), [(1, FileNews::Data(10, data))]);
    // No more is read than may be sent.
    assert_eq!(stage.take_orders(), [(1, FileOrder::Read { offset: 4106, len: 1904 })]);
    stage.answer(1, FileResult::Read(Bytes::from(vec![8; 1904])));
    assert_eq!(stage.news().len(), 1);
    assert!(stage.take_orders().is_empty());
    stage.ask(1, FileAct::Credit(3000));
    assert_eq!(stage.take_orders(), [(1, FileOrder::Read { offset: 6010, len: 3000 })]);
    stage.answer(1, FileResult::Read(Bytes::from(vec![9; 3000])));
    let news = stage.news();
    assert_eq!(news.last(), Some(&(1, FileNews::Done)));
    assert_eq!(stage.take_orders(), [(1, FileOrder::Close { discard: false })]);
    // Late credit means nothing.
    stage.ask(1, FileAct::Credit(3000));
    assert!(stage.news().is_empty() && stage.take_orders().is_empty());
}

#[test]
fn a_download_waits_for_a_socket_that_does_not_drain() {
    let mut stage = stage(BOTH);
    stage.ask(1, read(0, u32::MAX));
    stage.answer(1, opened(0, 1 << 30));
    stage.viewers[0].reads = false;
    let before = stage.viewers[0].bytes;
    for _ in 0..100 {
        for (request, order) in stage.take_orders() {
            if let FileOrder::Read { len, .. } = order {
                stage.answer(request, FileResult::Read(Bytes::from(vec![0; len])));
            }
        }
    }
    assert!(stage.viewers[0].bytes - before <= 80 << 10, "{}", stage.viewers[0].bytes - before);
}

#[test]
fn a_file_that_shrinks_fails_and_one_past_the_end_does_not_begin() {
    let mut stage = stage(BOTH);
    stage.ask(1, read(11, 100));
    stage.answer(1, opened(0, 10));
    stage.ask(2, read(0, 100));
    stage.answer(2, opened(0, 10));
    stage.answer(2, FileResult::Read(Bytes::new()));
    let news = stage.news();
    assert_eq!(cause(&news[..1]), [(1, "wrong_offset")]);
    assert_eq!(cause(&news[2..]), [(2, "wrong_offset")]);
    let closed = |request| (request, FileOrder::Close { discard: false });
    let orders = stage.take_orders();
    assert!(orders.contains(&closed(1)) && orders.contains(&closed(2)), "{orders:?}");
    // One that is whole already is done at once.
    stage.ask(3, read(10, 100));
    stage.answer(3, opened(0, 10));
    assert_eq!(stage.news().last(), Some(&(3, FileNews::Done)));
}

#[test]
fn an_upload_is_written_in_order_and_credited() {
    let mut stage = stage(BOTH);
    stage.ask(1, write(300_010));
    let order =
        FileOrder::OpenWrite { path: "f".into(), size: 300_010, modified_ms: 5, replace: false };
    assert_eq!(stage.take_orders(), [(1, order)]);
    stage.answer(1, opened(10, 300_010));
    let begins = FileNews::Opened { offset: 10, size: 300_010, modified_ms: 5, credit: 2 << 20 };
    assert_eq!(stage.news(), [(1, begins)]);
    stage.ask(1, FileAct::Data(10, Bytes::from(vec![1; 200_000])));
    let orders = stage.take_orders();
    assert!(
        matches!(&orders[..], [(1, FileOrder::Write { offset: 10, data })] if data.len() == 200_000)
    );
    // One at a time; what comes meanwhile is put together.
    stage.ask(1, FileAct::Data(200_010, Bytes::from(vec![1; 50_000])));
    stage.ask(1, FileAct::Data(250_010, Bytes::from(vec![1; 50_000])));
    assert!(stage.take_orders().is_empty());
    stage.answer(1, FileResult::Written(200_000));
    assert_eq!(stage.news(), [(1, FileNews::Credit(200_000))]);
    let orders = stage.take_orders();
    assert!(
        matches!(&orders[..], [(1, FileOrder::Write { offset: 200_010, data })] if data.len() == 100_000)
    );
    stage.answer(1, FileResult::Done);
    assert_eq!(stage.news(), [(1, FileNews::Done)]);
}

#[test]
fn an_upload_that_breaks_the_rules_fails() {
    let much = Bytes::from(vec![0; 256 << 10]);
    let cases: [(&str, Vec<FileAct>); 3] = [
        ("wrong_offset", vec![FileAct::Data(5, much.clone())]),
        ("wrong_offset", vec![FileAct::Data(0, much.clone()), FileAct::Data(0, much.clone())]),
        ("over_credit", (0..9).map(|at| FileAct::Data(at << 18, much.clone())).collect()),
    ];
    for (want, acts) in cases {
        let mut stage = stage(BOTH);
        stage.ask(1, write(1 << 40));
        stage.answer(1, opened(0, 1 << 40));
        stage.news();
        acts.into_iter().for_each(|act| stage.ask(1, act));
        assert_eq!(cause(&stage.news()), [(1, want)]);
        let orders = stage.take_orders();
        assert_eq!(orders.last(), Some(&(1, FileOrder::Close { discard: false })));
        stage.ask(1, FileAct::Data(0, Bytes::from_static(b"late")));
        stage.answer(1, FileResult::Written(1));
        assert!(stage.news().is_empty() && stage.take_orders().is_empty());
    }
    let mut stage = stage(BOTH);
    stage.ask(1, write(3));
    stage.answer(1, opened(0, 3));
    stage.news();
    stage.ask(1, FileAct::Data(0, Bytes::from_static(b"long")));
    assert_eq!(cause(&stage.news()), [(1, "wrong_offset")]);
}

#[test]
fn cancelling_and_leaving_close_what_is_open() {
    let mut stage = stage(BOTH);
    stage.ask(1, write(10));
    stage.answer(1, opened(0, 10));
    stage.ask(2, read(0, 10));
    stage.take_orders();
    stage.news();
    stage.ask(1, FileAct::Cancel { discard: true });
    assert_eq!(stage.take_orders(), [(1, FileOrder::Close { discard: true })]);
    assert_eq!(cause(&stage.news()), [(1, "cancelled")]);
    stage.ask(1, FileAct::Cancel { discard: true });
    assert!(stage.news().is_empty());

    let secret = stage.viewers[0].secret;
    stage.session.handle_detach(stage.now, ViewerId(1));
    stage.settle();
    assert_eq!(stage.take_orders(), [(2, FileOrder::Close { discard: false })]);
    // It opens after all: nobody is there.
    stage.answer(2, opened(0, 10));
    assert!(stage.take_orders().is_empty());
    // Coming back, a viewer may do what it could before.
    stage.viewers.clear();
    stage.attach(2, Permissions::default(), Some(Resume { session: [9; 16], secret })).unwrap();
    let act = FileAct::Remove("f".into());
    stage.say(2, ToGateway::File(FileRequest { request: 1, act }));
    assert_eq!(stage.take_orders(), [(1, FileOrder::Remove("f".into()))]);
}

#[test]
fn requests_are_bounded() {
    let mut stage = stage(BOTH);
    for request in 0..100 {
        stage.ask(request, FileAct::Remove("f".into()));
    }
    assert_eq!(stage.take_orders().len(), FILE_REQUESTS_MAX);
    assert!(stage.news().is_empty());

    let mut stage = self::stage(BOTH);
    (0..10).for_each(|request| stage.ask(request, read(0, 1)));
    assert_eq!(stage.take_orders().len(), 8);
    assert_eq!(cause(&stage.news()), [(8, "too_many"), (9, "too_many")]);

    // Refusals that nobody reads do not pile up.
    let mut stage = self::stage(ALL);
    stage.viewers[0].reads = false;
    (0..10_000).for_each(|request| stage.ask(request, read(0, 1)));
    stage.read(0, None);
    assert!(stage.news().len() < 100);
}

#[test]
fn an_offer_reaches_those_who_may_take_it() {
    let mut stage = stage(BOTH);
    stage.session.handle_file_offered("d/f", 7);
    stage.settle();
    assert_eq!(stage.news(), [(0, FileNews::Offered { path: "d/f".into(), size: 7 })]);
    let mut stage = self::stage(ALL.with(Permissions::FILES_IN));
    stage.session.handle_file_offered("d/f", 7);
    stage.settle();
    assert!(stage.news().is_empty());
}
