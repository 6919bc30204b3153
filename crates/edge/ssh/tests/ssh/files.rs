//! Files on a real OpenSSH server, over the connection of a shell and over one of their own.

use std::{fs, sync::Arc};

use crate::support::{Heard, config, open, policy, target};
use bytes::Bytes;
use porthole_dial::Timeouts;
use porthole_files::{FilesError, Source, Store, StorePath, Upload};
use porthole_ssh::{HostKeys, SftpServer, SftpStore};
use porthole_testkit::servers::Sshd;

const PIECE_BYTES: usize = 256 << 10;

fn path(text: &str) -> StorePath {
    StorePath::new(text).unwrap()
}

/// Bytes that tell their place.
fn pattern(len: usize) -> Bytes {
    let word = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..len.div_ceil(8)).flat_map(word).take(len).collect()
}

async fn put(store: &dyn Store, place: &str, bytes: &Bytes) -> Result<(), FilesError> {
    let source = Source { size: bytes.len() as u64, modified_ms: 1 };
    let mut upload = Upload::begin(store, path(place), source, false).await?;
    while !upload.is_whole() {
        let start = usize::try_from(upload.written()).unwrap();
        let end = bytes.len().min(start + PIECE_BYTES);
        upload.write(start as u64, bytes.slice(start..end)).await?;
    }
    upload.finish(store).await
}

async fn get(store: &dyn Store, place: &str) -> Result<Vec<u8>, FilesError> {
    let file = store.open_read(&path(place)).await?;
    let mut read = Vec::new();
    loop {
        let piece = file.read_at(read.len() as u64, PIECE_BYTES).await?;
        if piece.is_empty() {
            return Ok(read);
        }
        read.extend_from_slice(&piece);
    }
}

fn beside(server: &Sshd) -> SftpServer {
    SftpServer {
        target: target(server.port()),
        config: config(server),
        policy: Arc::new(policy()),
        timeouts: Timeouts::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_both_ways_beside_a_shell() {
    let server = Sshd::start().unwrap();
    let session = open(server.port(), &config(&server), &Heard::default()).await.unwrap();
    // Without an absolute root, the user's home.
    let store = SftpStore::over(session.connection.clone(), ".");
    store.make_directory(&path("Ordner ü")).await.unwrap();
    for (name, len) in [("nothing", 0), ("one", 1), ("Ordner ü/日本 😀.bin", 100_000_000)] {
        let bytes = pattern(len);
        put(&store, name, &bytes).await.unwrap();
        assert!(fs::read(server.home().join(name)).unwrap() == bytes, "{name} went otherwise");
        assert!(get(&store, name).await.unwrap() == bytes, "{name} came otherwise");
    }
    store.rename(&path("one"), &path("Ordner ü/eins"), false).await.unwrap();
    store.remove(&path("nothing")).await.unwrap();
    let page = store.list(&path("Ordner ü"), None).await.unwrap();
    let names: Vec<&str> = page.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["eins", "日本 😀.bin"]);
}

#[tokio::test]
async fn files_have_a_connection_of_their_own() {
    let server = Sshd::start().unwrap();
    let home = server.home();
    let store = SftpStore::of(beside(&server), home.to_str().unwrap());
    put(&store, "f", &pattern(300_000)).await.unwrap();
    // Nothing leads out, whoever made the link.
    std::os::unix::fs::symlink("/etc", home.join("out")).unwrap();
    let denied = store.open_read(&path("out/passwd")).await.unwrap_err();
    assert_eq!(denied.cause(), "denied");
    // What not even the server's user may do, who is root, is said so.
    let all = SftpStore::of(beside(&server), "/");
    assert_eq!(all.make_directory(&path("sys/new")).await.unwrap_err().cause(), "denied");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_or_permitted_has_no_files() {
    let server = Sshd::start().unwrap();
    let wrong = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU".parse().unwrap();
    let mut untrusted = beside(&server);
    untrusted.config.host_keys = HostKeys::Pinned(vec![wrong]);
    let mut forbidden = beside(&server);
    forbidden.policy = Arc::new(porthole_dial::TargetPolicy { rules: vec![], unix_dirs: vec![] });
    let mut unknown = beside(&server);
    unknown.config.login.credentials.password = Some("wrong".into());
    for server in [untrusted, forbidden, unknown] {
        let store = SftpStore::of(server, "/");
        let error = store.list(&StorePath::ROOT, None).await.unwrap_err();
        assert_eq!(error.cause(), "unavailable");
    }
}

#[tokio::test]
async fn a_server_that_goes_ends_what_is_under_way() {
    let mut server = Sshd::start().unwrap();
    let store = SftpStore::of(beside(&server), ".");
    put(&store, "f", &pattern(3_000_000)).await.unwrap();
    let file = store.open_read(&path("f")).await.unwrap();
    file.read_at(0, 1000).await.unwrap();
    server.process().kill().unwrap();
    let error = loop {
        match file.read_at(0, 1000).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.cause(), "unavailable");
    assert_eq!(store.stat(&path("f")).await.unwrap_err().cause(), "unavailable");
}
