use std::{fs, os::unix::fs::symlink, path::Path};

use bytes::Bytes;
use tempfile::{TempDir, tempdir};

use super::{Limits, SandboxedDir};
use crate::{FilesError, Store as _, StorePath, WriteMode, store::File};

const LIMITS: Limits = Limits { bytes: 1000, entries: 2000, file_bytes: 600 };

fn path(text: &str) -> StorePath {
    StorePath::new(text).unwrap()
}

fn store() -> (TempDir, SandboxedDir) {
    let dir = tempdir().unwrap();
    let store = SandboxedDir::open(dir.path(), &StorePath::ROOT, false, LIMITS).unwrap();
    (dir, store)
}

async fn write(file: &dyn File, offset: u64, data: &'static [u8]) -> Result<(), FilesError> {
    file.write_at(offset, Bytes::from_static(data)).await
}

#[tokio::test]
async fn holds_to_its_limits() {
    let (dir, store) = store();
    let file = store.open_write(&path("f"), WriteMode::New).await.unwrap();
    let too_large = file.write_at(0, Bytes::from(vec![0; 601])).await.unwrap_err();
    assert_eq!(too_large.cause(), "too_large");
    assert_eq!(write(&*file, u64::MAX, b"x").await.unwrap_err().cause(), "too_large");
    file.write_at(0, Bytes::from(vec![0; 600])).await.unwrap();
    // Writing over what is there takes nothing more.
    file.write_at(100, Bytes::from(vec![1; 500])).await.unwrap();
    assert_eq!(store.free_bytes().await.unwrap(), 400);
    let other = store.open_write(&path("g"), WriteMode::New).await.unwrap();
    let full = other.write_at(0, Bytes::from(vec![0; 401])).await.unwrap_err();
    assert_eq!(full.cause(), "over_quota");
    store.open_write(&path("f"), WriteMode::Truncate).await.unwrap();
    other.write_at(0, Bytes::from(vec![0; 401])).await.unwrap();
    store.remove(&path("g")).await.unwrap();
    assert_eq!(store.free_bytes().await.unwrap(), 1000);

    // What others did before counts.
    for number in 0..1999 {
        fs::write(dir.path().join(format!("x{number}")), "").unwrap();
    }
    let limits = Limits { entries: 2000, ..LIMITS };
    let full = SandboxedDir::open(dir.path(), &StorePath::ROOT, false, limits).unwrap();
    for refused in [
        full.make_directory(&path("d")).await.unwrap_err(),
        full.open_write(&path("n"), WriteMode::Keep).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(refused.cause(), "too_many_entries");
    }
    full.open_write(&path("f"), WriteMode::Keep).await.unwrap();
}

#[tokio::test]
async fn opens_nothing_but_files() {
    let (dir, store) = store();
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("pipe"), 0o600.into()).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
    for name in ["pipe", "socket"] {
        assert_eq!(store.stat(&path(name)).await.unwrap_err().cause(), "special", "{name}");
        assert_eq!(store.open_read(&path(name)).await.unwrap_err().cause(), "special", "{name}");
        let write = store.open_write(&path(name), WriteMode::Keep).await;
        assert_eq!(write.unwrap_err().cause(), "special", "{name}");
    }
    assert_eq!(store.list(&StorePath::ROOT, None).await.unwrap().entries, []);
}

#[tokio::test]
async fn follows_links_that_stay_inside() {
    let (dir, store) = store();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("d/f"), "inside").unwrap();
    symlink("d", dir.path().join("link")).unwrap();
    symlink("loop", dir.path().join("loop")).unwrap();
    symlink("/etc", dir.path().join("out")).unwrap();
    let file = store.open_read(&path("link/f")).await.unwrap();
    assert_eq!(file.read_at(0, 10).await.unwrap(), "inside");
    let listed = store.list(&StorePath::ROOT, None).await.unwrap().entries;
    let names: Vec<&str> = listed.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["d", "link"]);
    // A link is removed itself, not what it leads to.
    store.remove(&path("out")).await.unwrap();
    assert!(Path::new("/etc").exists());
}

#[tokio::test]
async fn its_own_directory_goes_with_it() {
    let root = tempdir().unwrap();
    let name = "session-00";
    let own = SandboxedDir::make_own(root.path(), name, LIMITS).unwrap();
    assert!(SandboxedDir::make_own(root.path(), name, LIMITS).is_err());
    assert!(SandboxedDir::make_own(root.path(), "../x", LIMITS).is_err());
    own.make_directory(&path("d")).await.unwrap();
    let file = own.open_write(&path("d/f"), WriteMode::New).await.unwrap();
    drop(own);
    assert!(root.path().join(name).exists(), "a file is still open");
    drop(file);
    for _ in 0..500 {
        if !root.path().join(name).exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the directory is still there");
}

#[test]
fn opens_only_below_the_root() {
    let root = tempdir().unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    symlink("/etc", root.path().join("out")).unwrap();
    let open = |text, make| SandboxedDir::open(root.path(), &path(text), make, LIMITS).map(drop);
    open("a", false).unwrap();
    assert_eq!(open("b/c", false).unwrap_err().cause(), "not_found");
    open("b/c", true).unwrap();
    assert_eq!(open("out", false).unwrap_err().cause(), "denied");
    assert_eq!(open("out/porthole-test", true).unwrap_err().cause(), "denied");
}

#[tokio::test]
async fn what_lengthens_a_file_counts_as_if_it_was_written() {
    let (_dir, store) = store();
    let file = store.open_write(&path("f"), WriteMode::New).await.unwrap();
    file.set_len(8).await.unwrap();
    assert_eq!(file.set_len(601).await.unwrap_err().cause(), "too_large");
    assert_eq!(store.free_bytes().await.unwrap(), 1000 - 8);
    assert_eq!(store.max_bytes(), 1000);
    let other = store.open_write(&path("g"), WriteMode::New).await.unwrap();
    other.set_len(600).await.unwrap();
    assert_eq!(file.set_len(600).await.unwrap_err().cause(), "over_quota");
    other.set_len(0).await.unwrap();
    file.set_len(600).await.unwrap();
}
