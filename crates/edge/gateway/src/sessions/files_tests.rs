//! A session, its desk and a directory, with a browser at the other end.

use std::{path::Path, sync::Arc, time::Instant};

use bytes::{Bytes, BytesMut};
use porthole_link::{
    FileAct, FileAnswer, FileNews, FilePage, FileRequest, Hello, Resume, ToBrowser, ToGateway,
    Welcome, records,
};
use porthole_session::{Attach, Output, Permissions, Session, SessionConfig, ViewerId};
use sha2::{Digest as _, Sha256};

use super::{super::place::Place, FileDesk};
use crate::{config::Drives, drive::DriveParameters};

const BOTH: Permissions = Permissions::FILES_IN.with(Permissions::FILES_OUT);
const LARGE: usize = 50 << 20;

struct Stage {
    session: Session,
    desk: FileDesk,
    viewer: ViewerId,
    secret: [u8; 32],
    news: std::collections::VecDeque<FileAnswer>,
}

impl Stage {
    fn new(root: &Path, permissions: Permissions) -> Self {
        let limits =
            porthole_files::Limits { bytes: 200 << 20, entries: 100, file_bytes: 100 << 20 };
        let drives = Drives { root: root.to_owned(), limits };
        let parameters = DriveParameters {
            enable: true,
            path: Some(String::new()),
            ..DriveParameters::default()
        };
        let drive = parameters.drive(Some(&drives)).unwrap();
        let config = SessionConfig { files: true, ..SessionConfig::default() };
        let mut stage = Self {
            session: Session::new(Instant::now(), 1, config),
            desk: FileDesk::new(Some(Arc::new(Place::new(drive, None, "test")))),
            viewer: ViewerId(1),
            secret: [1; 32],
            news: std::collections::VecDeque::new(),
        };
        stage.attach(permissions, None);
        stage
    }

    fn attach(&mut self, permissions: Permissions, resume: Option<Resume>) {
        let hello = Hello {
            features: 0,
            size: porthole_pixels::Size::default(),
            scale_percent: 100,
            view_only: false,
            resume,
            painted: None,
            cells: 0,
            time_zone: String::new(),
        };
        let (viewer, session, secret) = (self.viewer, [2; 16], self.secret);
        let attach = Attach { viewer, hello, permissions, session, secret };
        self.session.handle_attach(Instant::now(), &attach).unwrap();
        self.settle();
    }

    /// The socket is cut, and another one comes back.
    fn cut(&mut self) {
        self.session.handle_detach(Instant::now(), self.viewer);
        self.settle();
        self.news.clear();
        let resume = Resume { session: [2; 16], secret: self.secret };
        self.viewer = ViewerId(self.viewer.0 + 1);
        self.attach(Permissions::default(), Some(resume));
    }

    fn settle(&mut self) {
        loop {
            match self.session.poll(Instant::now()) {
                Output::Send { viewer, message } => {
                    self.session.handle_written(viewer, message.len());
                    for record in records(&message) {
                        match ToBrowser::decode(record.unwrap()).unwrap() {
                            Some(ToBrowser::File(answer)) => self.news.push_back(answer),
                            Some(ToBrowser::Welcome(Welcome { secret, .. })) => {
                                self.secret = secret;
                            }
                            _ => {}
                        }
                    }
                }
                Output::File(key, order) => self.desk.start(key, order),
                Output::Wait(_) => return,
                _ => {}
            }
        }
    }

    fn ask(&mut self, request: u32, act: FileAct) {
        // Through the bytes that a browser would send.
        let mut message = BytesMut::new();
        ToGateway::File(FileRequest { request, act }).encode(&mut message);
        for record in records(&message) {
            let said = ToGateway::decode(record.unwrap()).unwrap().unwrap();
            self.session.handle_message(Instant::now(), self.viewer, said);
        }
        self.settle();
    }

    /// What the browser is told next.
    async fn hear(&mut self) -> FileAnswer {
        loop {
            if let Some(answer) = self.news.pop_front() {
                return answer;
            }
            let (key, result, _written) = self.desk.next().await;
            self.session.handle_file(key, result);
            self.settle();
        }
    }

    /// The answer to a request that is not a transfer, or to the beginning of one.
    async fn answer(&mut self, request: u32, act: FileAct) -> FileNews {
        self.ask(request, act);
        loop {
            let answer = self.hear().await;
            if answer.request == request {
                return answer.news;
            }
        }
    }

    async fn cause(&mut self, request: u32, act: FileAct) -> String {
        match self.answer(request, act).await {
            FileNews::Failed { cause, .. } => cause,
            other => panic!("{other:?}"),
        }
    }

    async fn list(&mut self, request: u32) -> FilePage {
        match self.answer(request, list("")).await {
            FileNews::Page(page) => page,
            other => panic!("{other:?}"),
        }
    }

    async fn names(&mut self, request: u32) -> Vec<String> {
        self.list(request).await.entries.into_iter().map(|entry| entry.name).collect()
    }

    /// Sends `data` up to `end`, as credit comes; the answer is where it began.
    async fn upload(&mut self, request: u32, path: &str, data: &Bytes, end: usize) -> usize {
        let opened = self.answer(request, write(path, data.len(), false)).await;
        let FileNews::Opened { offset, credit, .. } = opened else { panic!("{opened:?}") };
        let start = usize::try_from(offset).unwrap();
        let (mut at, mut credit) = (start, credit as usize);
        while at < end {
            let len = credit.min(256 << 10).min(end - at);
            if len > 0 {
                let piece = data.slice(at..at + len);
                self.ask(request, FileAct::Data(at as u64, piece));
                (at, credit) = (at + len, credit - len);
                continue;
            }
            match self.hear().await.news {
                FileNews::Credit(more) => credit += more as usize,
                other => panic!("{other:?}"),
            }
        }
        start
    }

    async fn done(&mut self, request: u32) {
        loop {
            match self.hear().await {
                FileAnswer { news: FileNews::Credit(_), .. } => {}
                answer => {
                    return assert_eq!(answer, FileAnswer { request, news: FileNews::Done });
                }
            }
        }
    }

    /// Receives up to `end` bytes after `data`.
    async fn download(&mut self, request: u32, path: &str, data: &mut Vec<u8>, end: usize) {
        let read = FileAct::Read { path: path.into(), offset: data.len() as u64, credit: 1 << 20 };
        let opened = self.answer(request, read).await;
        assert!(matches!(opened, FileNews::Opened { .. }), "{opened:?}");
        while data.len() < end {
            match self.hear().await.news {
                FileNews::Data(offset, piece) => {
                    assert_eq!(offset, data.len() as u64);
                    data.extend_from_slice(&piece);
                    self.ask(request, FileAct::Credit(u32::try_from(piece.len()).unwrap()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn list(path: &str) -> FileAct {
    FileAct::List { path: path.into(), after: String::new() }
}

fn write(path: &str, size: usize, replace: bool) -> FileAct {
    FileAct::Write { path: path.into(), size: size as u64, modified_ms: 7, replace }
}

/// Bytes that repeat nowhere soon.
fn noise(len: usize) -> Bytes {
    let mut state = 1_u64;
    let words = (0..len.div_ceil(8)).flat_map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state ^ state >> 29).to_le_bytes()
    });
    words.take(len).collect::<Vec<u8>>().into()
}

#[tokio::test]
async fn large_files_arrive_whole_both_ways_and_after_cuts() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(root.path(), BOTH);
    let data = noise(LARGE);
    let hash = Sha256::digest(&data);

    assert_eq!(stage.upload(1, "large", &data, LARGE / 2).await, 0);
    stage.cut();
    // It goes on where it stood, and is nowhere to be seen until it is whole. What was under way
    // when the socket was cut may still be being written.
    let start = loop {
        match stage.answer(1, write("large", LARGE, false)).await {
            FileNews::Opened { offset, .. } => break usize::try_from(offset).unwrap(),
            FileNews::Failed { cause, .. } => assert_eq!(cause, "busy"),
            other => panic!("{other:?}"),
        }
    };
    assert!((LARGE / 2 - (4 << 20)..=LARGE / 2).contains(&start), "{start}");
    stage.cut();
    assert!(!root.path().join("large").exists());
    stage.upload(2, "large", &data, LARGE).await;
    stage.done(2).await;
    let stored = std::fs::read(root.path().join("large")).unwrap();
    assert_eq!(Sha256::digest(&stored), hash);

    let mut back = Vec::new();
    stage.download(3, "large", &mut back, LARGE / 3).await;
    stage.cut();
    stage.download(1, "large", &mut back, LARGE).await;
    stage.done(1).await;
    assert_eq!(Sha256::digest(&back), hash);
}

#[tokio::test]
async fn a_cancelled_upload_leaves_what_it_should() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(root.path(), BOTH);
    let data = noise(100_000);
    stage.upload(1, "f", &data, 50_000).await;
    // Nobody else writes it meanwhile.
    assert_eq!(stage.cause(2, write("f", 100_000, false)).await, "busy");
    stage.ask(1, FileAct::Cancel { discard: false });
    while !matches!(stage.hear().await.news, FileNews::Failed { .. }) {}
    let part = stage.names(3).await;
    assert_eq!(part.len(), 1);
    assert!(part[0].starts_with("f.") && part[0].contains(".part"), "{part:?}");
    assert_eq!(stage.upload(4, "f", &data, 60_000).await, 50_000);
    stage.ask(4, FileAct::Cancel { discard: true });
    while !matches!(stage.hear().await.news, FileNews::Failed { .. }) {}
    for request in 5..100 {
        if stage.names(request).await.is_empty() {
            return;
        }
    }
    panic!("the part is still there");
}

#[tokio::test]
async fn an_empty_file_is_done_at_once() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(root.path(), BOTH);
    assert_eq!(stage.answer(1, write("empty", 0, false)).await, FileNews::Done);
    assert_eq!(stage.cause(2, write("empty", 0, false)).await, "exists");
    assert_eq!(stage.answer(3, write("empty", 0, true)).await, FileNews::Done);
    let mut none = Vec::new();
    stage.download(4, "empty", &mut none, 0).await;
    stage.done(4).await;
    assert_eq!(stage.names(5).await, ["empty"]);
}

#[tokio::test]
async fn folders_are_made_renamed_and_removed() {
    let root = tempfile::tempdir().unwrap();
    let mut stage = Stage::new(root.path(), BOTH);
    assert_eq!(stage.answer(1, FileAct::MakeDirectory("d".into())).await, FileNews::Done);
    assert_eq!(stage.answer(2, write("d/f", 0, false)).await, FileNews::Done);
    let rename = FileAct::Rename { from: "d/f".into(), to: "g".into(), replace: false };
    assert_eq!(stage.answer(3, rename).await, FileNews::Done);
    assert_eq!(stage.answer(4, FileAct::Remove("d".into())).await, FileNews::Done);
    let page = stage.list(5).await;
    assert_eq!((page.entries.len(), page.entries[0].directory, page.more), (1, false, false));
    assert!((1..=200 << 20).contains(&page.free));
    assert_eq!(stage.cause(6, FileAct::Remove("d".into())).await, "not_found");
}

#[tokio::test]
async fn hostile_names_and_sizes_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let outside = root.path().with_extension("outside");
    std::fs::write(&outside, "secret").unwrap();
    let folder = root.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&outside, folder.join("link")).unwrap();
    let mut stage = Stage::new(&folder, BOTH);
    let name = outside.file_name().unwrap().to_str().unwrap();
    let read = |path: String| FileAct::Read { path, offset: 0, credit: 1 };
    let mut request = 0;
    for path in [
        format!("../../{name}"),
        outside.to_str().unwrap().to_owned(),
        format!("a/../../../{name}"),
        "..".into(),
        "a\0b".into(),
        "a\\..\\b".into(),
        "x".repeat(256),
        "txt\u{202e}exe".into(),
    ] {
        for act in [
            read(path.clone()),
            write(&path, 1, true),
            list(&path),
            FileAct::Remove(path.clone()),
            FileAct::MakeDirectory(path.clone()),
            FileAct::Rename { from: path.clone(), to: "x".into(), replace: true },
        ] {
            request += 1;
            assert_eq!(stage.cause(request, act).await, "bad_name", "{path}");
        }
    }
    assert_eq!(stage.cause(1000, read("link".into())).await, "denied");
    assert_eq!(stage.cause(1001, write("big", (100 << 20) + 1, false)).await, "too_large");
    assert_eq!(stage.names(1002).await, [""; 0]);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "secret");
    std::fs::remove_file(outside).unwrap();
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let mut stage = Stage::new(Path::new("/nonexistent/porthole"), BOTH);
    assert_eq!(stage.cause(1, list("")).await, "not_found");
    // It may be mounted later.
    assert_eq!(stage.cause(2, list("")).await, "not_found");
}
