use std::{fs, os::unix::fs::symlink, path::Path};

use bytes::Bytes;
use tempfile::{TempDir, tempdir};

use super::{Limits, SandboxedDir};
use crate::{
    EntryKind, FilesError, PAGE_MAX_ENTRIES, Store as _, StorePath, WriteMode, store::File,
};

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
async fn writes_reads_moves_and_removes() {
    let (_dir, store) = store();
    store.make_directory(&path("a")).await.unwrap();
    let file = store.open_write(&path("a/f"), WriteMode::New).await.unwrap();
    write(&*file, 0, b"hello").await.unwrap();
    write(&*file, 5, b" there").await.unwrap();
    assert_eq!(file.entry().size, 0);
    let again = store.open_write(&path("a/f"), WriteMode::New).await.unwrap_err();
    assert_eq!(again.cause(), "exists");
    let kept = store.open_write(&path("a/f"), WriteMode::Keep).await.unwrap();
    assert_eq!(kept.entry().size, 11);

    let read = store.open_read(&path("a/f")).await.unwrap();
    assert_eq!(read.entry().name, "f");
    assert_eq!(read.read_at(6, 100).await.unwrap(), "there");
    assert_eq!(read.read_at(11, 100).await.unwrap(), "");
    assert_eq!(read.read_at(0, 1 << 30).await.unwrap_err().cause(), "over_limit");

    store.rename(&path("a/f"), &path("g"), false).await.unwrap();
    let stat = store.stat(&path("g")).await.unwrap();
    assert_eq!((stat.kind, stat.size), (EntryKind::File, 11));
    assert!(stat.modified_ms > 1_600_000_000_000);
    assert_eq!(store.stat(&path("a/f")).await.unwrap_err().cause(), "not_found");
    store.open_write(&path("h"), WriteMode::New).await.unwrap();
    assert_eq!(store.rename(&path("g"), &path("h"), false).await.unwrap_err().cause(), "exists");
    store.rename(&path("g"), &path("h"), true).await.unwrap();
    assert_eq!(store.stat(&path("h")).await.unwrap().size, 11);
    let into_itself = store.rename(&path("a"), &path("a/b"), false).await.unwrap_err();
    assert_eq!(into_itself.cause(), "bad_name");

    store.rename(&path("h"), &path("a/h"), false).await.unwrap();
    assert_eq!(store.remove(&path("a")).await.unwrap_err().cause(), "not_empty");
    store.remove(&path("a/h")).await.unwrap();
    store.remove(&path("a")).await.unwrap();
    assert_eq!(store.list(&StorePath::ROOT, None).await.unwrap().entries, []);
}

#[tokio::test]
async fn the_root_is_only_listed() {
    let (_dir, store) = store();
    let root = StorePath::ROOT;
    assert_eq!(store.stat(&root).await.unwrap().kind, EntryKind::Directory);
    assert!(store.open_read(&root).await.is_err());
    assert!(store.open_write(&root, WriteMode::Keep).await.is_err());
    assert!(store.remove(&root).await.is_err());
    assert!(store.rename(&root, &path("a"), false).await.is_err());
    assert!(store.rename(&path("a"), &root, true).await.is_err());
    assert!(store.make_directory(&root).await.is_err());
}

#[tokio::test]
async fn lists_in_pages() {
    let (dir, store) = store();
    for number in 0..PAGE_MAX_ENTRIES * 2 + 3 {
        fs::write(dir.path().join(format!("{number:04}")), "x").unwrap();
    }
    let (mut names, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut pages = 0;
    loop {
        let page = store.list(&StorePath::ROOT, after.as_deref()).await.unwrap();
        assert!(page.entries.len() <= PAGE_MAX_ENTRIES);
        names.extend(page.entries.into_iter().map(|entry| entry.name));
        pages += 1;
        if !page.more {
            break;
        }
        after = names.last().cloned();
    }
    let want: Vec<String> =
        (0..PAGE_MAX_ENTRIES * 2 + 3).map(|number| format!("{number:04}")).collect();
    assert_eq!((pages, names), (3, want));
    assert_eq!(store.list(&path("0001"), None).await.unwrap_err().cause(), "not_a_folder");
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
async fn opens_what_is_there_and_sets_lengths_and_times() {
    let (dir, store) = store();
    let missing = store.open_write(&path("f"), WriteMode::Existing).await.unwrap_err();
    assert_eq!(missing.cause(), "not_found");
    fs::write(dir.path().join("f"), "hello there").unwrap();
    let file = store.open_write(&path("f"), WriteMode::Existing).await.unwrap();
    assert_eq!(file.entry().size, 11);
    file.set_len(5).await.unwrap();
    assert_eq!(file.read_at(0, 100).await.unwrap(), "hello");
    file.set_len(8).await.unwrap();
    assert_eq!(file.read_at(0, 100).await.unwrap(), "hello\0\0\0".as_bytes());
    assert_eq!(file.set_len(601).await.unwrap_err().cause(), "too_large");
    assert_eq!(store.free_bytes().await.unwrap(), 1000 - 8);
    assert_eq!(store.max_bytes(), 1000);
    // What lengthens a file counts as if it was written.
    let other = store.open_write(&path("g"), WriteMode::New).await.unwrap();
    other.set_len(600).await.unwrap();
    assert_eq!(file.set_len(600).await.unwrap_err().cause(), "over_quota");
    other.set_len(0).await.unwrap();
    file.set_len(600).await.unwrap();

    store.make_directory(&path("d")).await.unwrap();
    for name in ["f", "d", ""] {
        store.set_modified(&path(name), 1_234_567_890_123).await.unwrap();
        assert_eq!(store.stat(&path(name)).await.unwrap().modified_ms, 1_234_567_890_123);
    }
    let missing = store.set_modified(&path("x"), 0).await.unwrap_err();
    assert_eq!(missing.cause(), "not_found");
    assert!(store.set_modified(&path("f"), u64::MAX).await.is_err());
}
