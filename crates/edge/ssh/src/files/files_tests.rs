//! The store on OpenSSH's own server program, over pipes.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    pin::Pin,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use porthole_dial::BoxStream;
use porthole_files::{File, FilesError, Reply, Source, Store as _, StorePath, Upload, WriteMode};
use porthole_testkit::store_contract::{check_files, check_pages, check_places};
use tempfile::{TempDir, tempdir};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use super::{SftpOpener, SftpStore};

/// Debian's place for it; the package is `openssh-sftp-server`.
const SERVER: &str = "/usr/lib/openssh/sftp-server";

/// Runs the server for each connection.
#[derive(Debug)]
struct Pipes {
    command: Vec<String>,
    opened: Arc<AtomicUsize>,
}

/// The server's two pipes, and the server, which goes with them.
struct PipeStream(
    ChildStdout,
    ChildStdin,
    #[expect(dead_code, reason = "it ends the server")] Child,
);

impl SftpOpener for Pipes {
    fn open(&self) -> Reply<'_, BoxStream> {
        Box::pin(async {
            self.opened.fetch_add(1, Ordering::Relaxed);
            let mut child = Command::new(&self.command[0])
                .args(&self.command[1..])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .expect("openssh-sftp-server is installed");
            let (output, input) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
            Ok(Box::new(PipeStream(output, input, child)) as BoxStream)
        })
    }
}

impl AsyncRead for PipeStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for PipeStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.1).poll_write(context, data)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.1).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.1).poll_shutdown(context)
    }
}

fn run(command: &[&str], root: impl Into<String>) -> (SftpStore, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let command = command.iter().copied().map(str::to_owned).collect();
    let pipes = Pipes { command, opened: Arc::clone(&opened) };
    (SftpStore::new(Box::new(pipes), root), opened)
}

fn store() -> (TempDir, SftpStore) {
    let dir = tempdir().unwrap();
    let store = run(&[SERVER], dir.path().to_str().unwrap()).0;
    (dir, store)
}

fn path(text: &str) -> StorePath {
    StorePath::new(text).unwrap()
}

async fn write(file: &dyn File, offset: u64, data: &'static [u8]) -> Result<(), FilesError> {
    file.write_at(offset, Bytes::from_static(data)).await
}

/// Bytes that tell their place.
fn pattern(len: usize) -> Vec<u8> {
    let word = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..len.div_ceil(8)).flat_map(word).take(len).collect()
}

async fn names(store: &SftpStore, place: &str) -> Vec<String> {
    let page = store.list(&path(place), None).await.unwrap();
    page.entries.into_iter().map(|entry| entry.name).collect()
}

#[tokio::test]
async fn it_is_a_store() {
    let (dir, store) = store();
    check_places(&store).await.unwrap();
    check_files(&store, dir.path()).await.unwrap();
    check_pages(&store, dir.path(), 20_000).await.unwrap();
    // What is there already has to be asked for: nothing of it is sure yet.
    store.open_write(&path("f"), WriteMode::New).await.unwrap();
    let kept = store.open_write(&path("f"), WriteMode::Keep).await.unwrap();
    assert_eq!(kept.sure_bytes(), 0);
}

#[tokio::test]
async fn links_do_not_lead_out_of_the_root() {
    let (dir, store) = store();
    let outside = tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("d/f"), "inside").unwrap();
    symlink("d", dir.path().join("link")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    symlink(outside.path(), dir.path().join("out")).unwrap();
    symlink(outside.path().join("secret"), dir.path().join("file")).unwrap();
    symlink(outside.path().join("new"), dir.path().join("dangling")).unwrap();
    symlink(dir.path().parent().unwrap(), dir.path().join("d/up")).unwrap();

    assert_eq!(names(&store, "").await, ["d", "link"]);
    assert_eq!(names(&store, "link").await, ["f"]);
    let file = store.open_read(&path("link/f")).await.unwrap();
    assert_eq!(file.read_at(0, 10).await.unwrap(), "inside");
    let written = store.open_write(&path("link/g"), WriteMode::Keep).await.unwrap();
    write(&*written, 0, b"more").await.unwrap();
    written.settle().await.unwrap();
    assert_eq!(fs::read(dir.path().join("d/g")).unwrap(), b"more");

    let list = |place| {
        let store = &store;
        async move { store.list(&path(place), None).await.map(drop) }
    };
    for result in [
        list("out").await,
        list("d/up").await,
        store.stat(&path("out/secret")).await.map(drop),
        store.stat(&path("file")).await.map(drop),
        store.open_read(&path("file")).await.map(drop),
        store.open_read(&path("out/secret")).await.map(drop),
        store.open_write(&path("file"), WriteMode::Truncate).await.map(drop),
        store.open_write(&path("out/new"), WriteMode::New).await.map(drop),
        store.open_write(&path("dangling"), WriteMode::Keep).await.map(drop),
        store.make_directory(&path("out/d")).await,
        store.remove(&path("out/secret")).await,
        store.rename(&path("d/f"), &path("out/f"), false).await,
        store.rename(&path("out/secret"), &path("stolen"), false).await,
        store.set_modified(&path("file"), 0).await,
    ] {
        let cause = result.unwrap_err().cause();
        assert!(cause == "denied" || cause == "exists", "{cause}");
    }
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    // A link is removed itself, not what it leads to.
    store.remove(&path("out")).await.unwrap();
    assert!(outside.path().exists());
}

#[tokio::test]
async fn the_whole_server_can_be_the_root() {
    let dir = tempdir().unwrap();
    let place = dir.path().to_str().unwrap().trim_start_matches('/');
    fs::write(dir.path().join("f"), "hello").unwrap();
    symlink("f", dir.path().join("link")).unwrap();
    symlink("gone", dir.path().join("dangling")).unwrap();
    let store = run(&[SERVER], "/").0;
    assert_eq!(names(&store, place).await, ["f", "link"]);
    let read = store.open_read(&path(&format!("{place}/link"))).await.unwrap();
    assert_eq!(read.read_at(0, 9).await.unwrap(), "hello");
    store.make_directory(&path(&format!("{place}/d"))).await.unwrap();
    store.remove(&path(&format!("{place}/d"))).await.unwrap();
    let root = store.list(&StorePath::ROOT, None).await.unwrap();
    assert!(root.entries.iter().any(|entry| entry.name == "usr"));
    assert_eq!(store.open_read(&path("dev/null")).await.unwrap_err().cause(), "special");
}

#[tokio::test]
async fn says_when_its_root_cannot_be_used() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("f"), "").unwrap();
    for (name, words) in [("none", "no such"), ("f", "not a folder")] {
        let store = run(&[SERVER], dir.path().join(name).to_str().unwrap()).0;
        let error = store.list(&StorePath::ROOT, None).await.unwrap_err();
        assert_eq!(error.cause(), "unavailable");
        assert!(error.to_string().contains(words), "{error}");
    }
    let store = run(&["/bin/echo", "Welcome to this host"], "/").0;
    let error = store.list(&StorePath::ROOT, None).await.unwrap_err();
    assert!(error.to_string().contains("Welcome to this host"), "{error}");
    let store = run(&["/bin/true"], "/").0;
    let error = store.list(&StorePath::ROOT, None).await.unwrap_err();
    assert_eq!(error.cause(), "unavailable");
}

#[tokio::test]
async fn opens_nothing_but_files() {
    let (dir, store) = store();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for name in ["pipe", "socket"] {
        assert_eq!(store.stat(&path(name)).await.unwrap_err().cause(), "special", "{name}");
        assert_eq!(store.open_read(&path(name)).await.unwrap_err().cause(), "special", "{name}");
        let write = store.open_write(&path(name), WriteMode::Keep).await;
        assert_eq!(write.unwrap_err().cause(), "special", "{name}");
    }
    assert_eq!(names(&store, "").await, [""; 0]);
}

#[tokio::test]
async fn carries_large_files_and_pieces_of_them() {
    let (dir, store) = store();
    let bytes = Bytes::from(pattern(9_000_001));
    let file = store.open_write(&path("f"), WriteMode::New).await.unwrap();
    for start in (0..bytes.len()).step_by(100_003) {
        let piece = bytes.slice(start..bytes.len().min(start + 100_003));
        file.write_at(start as u64, piece).await.unwrap();
    }
    file.settle().await.unwrap();
    assert!(fs::read(dir.path().join("f")).unwrap() == bytes);

    let file = store.open_read(&path("f")).await.unwrap();
    let mut read = Vec::new();
    for len in (1..).map(|step| (step * 7919) % 262_144 + 1) {
        let piece = file.read_at(read.len() as u64, len).await.unwrap();
        if piece.is_empty() {
            break;
        }
        assert!(piece.len() == len || read.len() + piece.len() == bytes.len());
        read.extend_from_slice(&piece);
    }
    assert!(read == bytes);
    // Anywhere, in any order.
    for at in [8_999_990, 5, 4_000_000, 4_000_100, 9_000_001, 0, 1 << 40] {
        let want = bytes.get(at..(at + 100).min(bytes.len())).unwrap_or_default();
        assert_eq!(file.read_at(at as u64, 100).await.unwrap(), want, "{at}");
    }
}

#[tokio::test]
async fn uploads_go_on_where_they_were_cut() {
    let (dir, store) = store();
    let bytes = Bytes::from(pattern(5_000_000));
    let source = Source { size: bytes.len() as u64, modified_ms: 7 };
    let place = path("Grüße/日本 2.bin");
    store.make_directory(&path("Grüße")).await.unwrap();
    let mut upload = Upload::begin(&store, place.clone(), source, false).await.unwrap();
    for start in (0..4_000_000).step_by(250_000) {
        upload.write(start as u64, bytes.slice(start..start + 250_000)).await.unwrap();
    }
    let part = upload.part().clone();
    // The bytes that were taken are there, though not every answer was.
    drop(upload);
    while fs::metadata(dir.path().join(part.as_str())).unwrap().len() < 4_000_000 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut upload = Upload::begin(&store, place.clone(), source, false).await.unwrap();
    let from = usize::try_from(upload.written()).unwrap();
    assert_eq!(from, 4_000_000 - (2 << 20));
    for start in (from..bytes.len()).step_by(250_000) {
        let end = bytes.len().min(start + 250_000);
        upload.write(start as u64, bytes.slice(start..end)).await.unwrap();
    }
    upload.finish(&store).await.unwrap();
    assert!(fs::read(dir.path().join(place.as_str())).unwrap() == bytes);
    assert_eq!(names(&store, "Grüße").await, ["日本 2.bin"]);
    // Nothing, and one byte.
    for (name, bytes) in [("nothing", &b""[..]), ("one", b"1")] {
        let source = Source { size: bytes.len() as u64, modified_ms: 0 };
        let mut upload = Upload::begin(&store, path(name), source, false).await.unwrap();
        if !upload.is_whole() {
            upload.write(0, Bytes::from_static(bytes)).await.unwrap();
        }
        upload.finish(&store).await.unwrap();
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), bytes);
    }
}

#[tokio::test]
async fn comes_back_after_the_server_is_lost() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("f"), pattern(3_000_000)).unwrap();
    let (store, opened) = run(&[SERVER], dir.path().to_str().unwrap());
    let file = store.open_read(&path("f")).await.unwrap();
    file.read_at(0, 1000).await.unwrap();
    let session = store.session().await.unwrap();
    // As if the connection broke: the server sees its input end, and its output is gone.
    session.line.cut();
    let error = loop {
        match file.read_at(2_900_000, 1000).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.cause(), "unavailable");
    let again = store.open_read(&path("f")).await.unwrap();
    assert_eq!(again.read_at(0, 8).await.unwrap(), &pattern(8)[..]);
    assert_eq!(opened.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn says_what_is_not_allowed() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("f"), "hello").unwrap();
    // The server refuses every change.
    let store = run(&[SERVER, "-R"], dir.path().to_str().unwrap()).0;
    assert_eq!(names(&store, "").await, ["f"]);
    for result in [
        store.open_write(&path("f"), WriteMode::Existing).await.map(drop),
        store.open_write(&path("g"), WriteMode::Keep).await.map(drop),
        store.make_directory(&path("d")).await,
        store.remove(&path("f")).await,
        store.rename(&path("f"), &path("g"), false).await,
        store.rename(&path("f"), &path("g"), true).await,
        store.set_modified(&path("f"), 0).await,
    ] {
        assert_eq!(result.unwrap_err().cause(), "denied");
    }
    let mode = fs::metadata(dir.path().join("f")).unwrap().mode();
    assert_eq!(mode & 0o170_000, 0o100_000);
}

#[tokio::test]
async fn a_full_disk_is_called_one() {
    let dir = tempdir().unwrap();
    let place = dir.path().to_str().unwrap();
    // A small disk that this server alone sees.
    let user = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let script = format!("mount -t tmpfs -o size=1m tmpfs {place} && exec {SERVER}");
    let store = run(&["unshare", user, "sh", "-c", &script], place).0;
    assert!(store.free_bytes().await.unwrap() <= 1 << 20);
    let file = store.open_write(&path("f"), WriteMode::New).await.unwrap();
    let mut result = Ok(());
    for at in 0..10 {
        result = result.and(file.write_at(at * 262_144, Bytes::from(pattern(262_144))).await);
    }
    assert_eq!(result.and(file.settle().await).unwrap_err().cause(), "no_space");
    let source = Source { size: 9 << 20, modified_ms: 0 };
    let upload = Upload::begin(&store, path("g"), source, false).await.map(drop);
    assert_eq!(upload.unwrap_err().cause(), "no_space");
    assert_eq!(names(&store, "").await, ["f"]);
}
