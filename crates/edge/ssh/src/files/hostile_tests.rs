//! The store on servers that are wrong, odd or silent: scripted ones.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use porthole_dial::BoxStream;
use porthole_files::{FilesError, Reply, Store as _, StorePath, WriteMode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::{SftpOpener, SftpStore};

const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// What a server says to a request: its type, its number, what follows. Nothing: it is silent.
type Script = dyn FnMut(u8, u32, &[u8]) -> Vec<u8> + Send;

/// Plays a script, once.
struct Scripted(Mutex<Option<(Vec<u8>, Box<Script>)>>);

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl SftpOpener for Scripted {
    fn open(&self) -> Reply<'_, BoxStream> {
        let script = self.0.lock().unwrap().take();
        Box::pin(async move {
            let gone = || FilesError::Unavailable { reason: "it was played".to_owned() };
            let (hello, script) = script.ok_or_else(gone)?;
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            tokio::spawn(play(theirs, hello, script));
            Ok(Box::new(ours) as BoxStream)
        })
    }
}

async fn play(mut stream: DuplexStream, hello: Vec<u8>, mut script: Box<Script>) {
    stream.write_all(&hello).await.unwrap();
    // The client's hello, then requests until it has enough.
    let mut first = [0; 9];
    stream.read_exact(&mut first).await.unwrap();
    while let Ok(len) = stream.read_u32().await {
        let mut packet = vec![0; len as usize];
        if stream.read_exact(&mut packet).await.is_err() {
            break;
        }
        let id = u32::from_be_bytes(packet[1..5].try_into().unwrap());
        if stream.write_all(&script(packet[0], id, &packet[5..])).await.is_err() {
            break;
        }
    }
}

fn store(script: impl FnMut(u8, u32, &[u8]) -> Vec<u8> + Send + 'static) -> SftpStore {
    store_with(&["statvfs@openssh.com", "2"], script)
}

fn store_with(
    extensions: &[&str],
    script: impl FnMut(u8, u32, &[u8]) -> Vec<u8> + Send + 'static,
) -> SftpStore {
    let mut body = vec![0, 0, 0, 3];
    extensions.iter().for_each(|word| string(&mut body, word.as_bytes()));
    let mut hello = u32::try_from(body.len() + 1).unwrap().to_be_bytes().to_vec();
    hello.push(2);
    hello.extend(body);
    SftpStore::new(Box::new(Scripted(Mutex::new(Some((hello, Box::new(script)))))), "/srv")
}

fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text);
}

fn packet(kind: u8, id: u32, body: &[u8]) -> Vec<u8> {
    let mut out = u32::try_from(body.len() + 5).unwrap().to_be_bytes().to_vec();
    out.push(kind);
    out.extend(id.to_be_bytes());
    out.extend(body);
    out
}

fn status(id: u32, code: u32) -> Vec<u8> {
    packet(101, id, &[&code.to_be_bytes()[..], b"\0\0\0\x07Failure\0\0\0\0"].concat())
}

fn handle(id: u32) -> Vec<u8> {
    packet(102, id, b"\0\0\0\x02\xff\xfe")
}

fn data(id: u32, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    string(&mut body, bytes);
    packet(103, id, &body)
}

fn names(id: u32, names: &[(&[u8], u32)]) -> Vec<u8> {
    let mut body = u32::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    for (name, mode) in names {
        string(&mut body, name);
        string(&mut body, b"whatever");
        body.extend([0, 0, 0, 4]);
        body.extend(mode.to_be_bytes());
    }
    packet(104, id, &body)
}

fn attributes(id: u32, mode: u32, size: u64) -> Vec<u8> {
    let flags_and_size = [&[0, 0, 0, 5][..], &size.to_be_bytes()].concat();
    packet(105, id, &[flags_and_size, mode.to_be_bytes().to_vec()].concat())
}

/// The path of a request.
fn path_of(body: &[u8]) -> &[u8] {
    let len = u32::from_be_bytes(body[..4].try_into().unwrap()) as usize;
    &body[4..4 + len]
}

/// A server that resolves a path by repeating it and has directories, `f`, a file of `size` bytes,
/// and `link`, a link.
fn tame(kind: u8, id: u32, body: &[u8], size: u64) -> Vec<u8> {
    match kind {
        3 | 11 => handle(id),
        4 => status(id, 0),
        7 | 17 if path_of(body).ends_with(b"f") => attributes(id, FILE, size),
        7 if path_of(body).ends_with(b"link") => attributes(id, LINK, 0),
        7 | 17 if path_of(body).ends_with(b"none") => status(id, 2),
        7 | 17 => attributes(id, DIRECTORY, 0),
        8 => attributes(id, FILE, size),
        16 => names(id, &[(path_of(body), 0)]),
        _ => status(id, 8),
    }
}

fn path(text: &str) -> StorePath {
    StorePath::new(text).unwrap()
}

fn words(result: Result<impl Sized, FilesError>) -> String {
    let error = result.map(drop).unwrap_err();
    format!("{}: {error}", error.cause())
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_given_up() {
    let silent = store(|_, _, _| Vec::new());
    assert!(words(silent.list(&StorePath::ROOT, None).await).contains("does not answer"));

    // It answers everything but this, for five minutes.
    let mut pings = 0;
    let busy = store(move |kind, id, body| match kind {
        17 if pings > 0 && path_of(body).ends_with(b"f") => Vec::new(),
        kind => {
            pings += 1;
            tame(kind, id, body, 0)
        }
    });
    busy.stat(&path("d")).await.unwrap();
    let (lost, ()) = tokio::join!(busy.set_modified(&path("f"), 0), async {
        for _ in 0..400 {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let _may_fail = busy.stat(&path("d")).await;
        }
    });
    assert!(lost.is_err());

    let opener = Scripted(Mutex::new(Some((Vec::new(), Box::new(|_, _, _| Vec::new())))));
    let mute = SftpStore::new(Box::new(opener), "/");
    assert!(words(mute.free_bytes().await).contains("does not answer"));
}

#[tokio::test]
async fn nonsense_ends_the_connection_and_nothing_hangs() {
    type Plain = fn(u8, u32, &[u8]) -> Vec<u8>;
    let cases: [(&str, Plain); 5] = [
        ("not asked", |_, id, _| status(id.wrapping_add(1000), 0)),
        ("type 99", |_, id, _| packet(99, id, b"")),
        ("the limit is", |_, _, _| vec![0x7f; 64]),
        ("makes no sense", |_, id, _| packet(104, id, &[0xff; 4])),
        ("root directory", |_, id, _| data(id, b"x")),
    ];
    for (want, script) in cases {
        let error = words(store(script).list(&StorePath::ROOT, None).await);
        assert!(error.starts_with("unavailable") && error.contains(want), "{want}: {error}");
    }
    for root in [&b"srv"[..], b"/srv/../etc", b"", b"/srv\0"] {
        let script = move |kind, id, body: &[u8]| match kind {
            16 => names(id, &[(root, 0)]),
            _ => tame(kind, id, body, 0),
        };
        let error = words(store(script).list(&StorePath::ROOT, None).await);
        assert!(error.contains("root"), "{root:?}: {error}");
    }
}

#[tokio::test]
async fn endless_listings_are_refused_and_strange_names_left_out() {
    let mut number = 0_u64;
    let endless = store(move |kind, id, body| match kind {
        12 => {
            let found: Vec<Vec<u8>> = (0..500)
                .map(|_| {
                    number += 1;
                    number.to_string().into_bytes()
                })
                .collect();
            let found: Vec<(&[u8], u32)> = found.iter().map(|name| (&name[..], FILE)).collect();
            names(id, &found)
        }
        kind => tame(kind, id, body, 0),
    });
    let error = words(endless.list(&StorePath::ROOT, None).await);
    assert!(error.starts_with("too_many_entries"), "{error}");

    let long = [b'x'; 256];
    let mut reads = 0;
    let strange = store(move |kind, id, body| match kind {
        12 if reads == 0 => {
            reads += 1;
            names(
                id,
                &[
                    (b"z f", FILE),
                    (b".", DIRECTORY),
                    (b"..", DIRECTORY),
                    (b"", FILE),
                    (b"a/b", FILE),
                    (b"/etc/passwd", FILE),
                    (b"a\\b", FILE),
                    (b"a\0b", FILE),
                    (b"a\x1b[2J", FILE),
                    (b"\xff\xfe", FILE),
                    (&long, FILE),
                    (b"device", 0o020_644),
                    (b"link", LINK),
                    (b"a f", FILE),
                    (b"a f", FILE),
                ],
            )
        }
        12 => status(id, 1),
        kind => tame(kind, id, body, 0),
    });
    let page = strange.list(&StorePath::ROOT, None).await.unwrap();
    let found: Vec<&str> = page.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!((found, page.more), (vec!["a f", "z f"], false));
}

#[tokio::test]
async fn a_server_that_only_tidies_paths_is_looked_over() {
    let store = store(|kind, id, body| tame(kind, id, body, 5));
    for result in [
        store.stat(&path("link/f")).await.map(drop),
        store.open_read(&path("link/f")).await.map(drop),
        store.open_write(&path("link/none"), WriteMode::Keep).await.map(drop),
        store.make_directory(&path("link/none")).await,
        store.list(&path("d/link"), None).await.map(drop),
        store.remove(&path("link/f")).await,
        store.rename(&path("f"), &path("link/g"), true).await,
    ] {
        assert_eq!(result.unwrap_err().cause(), "denied");
    }
    store.open_read(&path("d/f")).await.unwrap();
}

#[tokio::test]
async fn a_link_that_comes_while_a_file_is_opened_is_seen() {
    let mut is_open = false;
    let store = store(move |kind, id, body| match kind {
        3 => {
            is_open = true;
            handle(id)
        }
        16 if is_open => names(id, &[(b"/etc/f", 0)]),
        kind => tame(kind, id, body, 5),
    });
    assert_eq!(store.open_read(&path("f")).await.unwrap_err().cause(), "denied");
}

#[tokio::test]
async fn reads_a_little_at_a_time_and_no_more_than_asked() {
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let want = all.clone();
    let little = store(move |kind, id, body| match kind {
        5 => {
            let at = usize::try_from(u64::from_be_bytes(body[6..14].try_into().unwrap())).unwrap();
            let len = u32::from_be_bytes(body[14..18].try_into().unwrap()) as usize;
            if at >= all.len() {
                return status(id, 1);
            }
            data(id, &all[at..(at + len.min(777)).min(all.len())])
        }
        kind => tame(kind, id, body, 100_000),
    });
    let file = little.open_read(&path("f")).await.unwrap();
    assert_eq!(file.read_at(10, 60_000).await.unwrap(), want[10..60_010]);
    assert_eq!(file.read_at(60_010, 60_000).await.unwrap(), want[60_010..]);

    let much = store(|kind, id, body| match kind {
        5 => data(id, &[0; 200]),
        kind => tame(kind, id, body, 100),
    });
    let file = much.open_read(&path("f")).await.unwrap();
    assert_eq!(file.read_at(0, 100).await.unwrap_err().cause(), "remote");
}

#[tokio::test]
async fn a_full_disk_is_called_one() {
    let mut writes = 0;
    let store = store(move |kind, id, body| match kind {
        6 => {
            writes += 1;
            status(id, if writes > 3 { 4 } else { 0 })
        }
        200 => packet(201, id, &[0; 88]),
        kind => tame(kind, id, body, 0),
    });
    let file = store.open_write(&path("f"), WriteMode::Existing).await.unwrap();
    file.write_at(0, Bytes::from(vec![0; 65_536])).await.unwrap();
    file.settle().await.unwrap();
    let mut failed = Ok(());
    for at in 1..4 {
        failed = failed.and(file.write_at(at * 65_536, Bytes::from(vec![0; 65_536])).await);
    }
    assert_eq!(failed.and(file.settle().await).unwrap_err().cause(), "no_space");
    // What was not taken stays not taken.
    assert!(file.settle().await.is_err());
    assert!(file.write_at(0, Bytes::from_static(b"x")).await.is_err());
    assert_eq!(store.free_bytes().await.unwrap(), 0);
}

#[tokio::test]
async fn renames_without_the_extension() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let store = store_with(&[], move |kind, id, body| {
        heard.lock().unwrap().push(kind);
        match kind {
            13 | 18 => status(id, 0),
            kind => tame(kind, id, body, 1),
        }
    });
    store.rename(&path("f"), &path("d/f"), true).await.unwrap();
    assert!(asked.lock().unwrap().ends_with(&[13, 18]));
    assert_eq!(store.rename(&path("f"), &path("d/f"), false).await.unwrap_err().cause(), "exists");
    store.rename(&path("f"), &path("none"), false).await.unwrap();
    assert!(asked.lock().unwrap().ends_with(&[7, 18]));
    assert_eq!(store.free_bytes().await.unwrap(), u64::MAX);
}

#[tokio::test]
async fn what_nobody_waits_for_is_closed() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    // Files are opened only when something else is asked after them.
    let mut opening = None;
    let store = store(move |kind, id, body| {
        heard.lock().unwrap().push(kind);
        match (kind, opening.take()) {
            (3, _) => {
                opening = Some(id);
                Vec::new()
            }
            (kind, Some(open)) => [handle(open), tame(kind, id, body, 1)].concat(),
            (kind, None) => tame(kind, id, body, 1),
        }
    });
    tokio::select! {
        biased;
        _ = store.open_read(&path("f")) => panic!("it is not open"),
        () = async {
            while !asked.lock().unwrap().contains(&3) {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    while !asked.lock().unwrap().contains(&4) {
        store.stat(&path("d")).await.unwrap();
    }
}
