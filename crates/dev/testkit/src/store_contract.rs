//! What every [`Store`] does alike, whatever is behind it: tests of stores run this.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use porthole_files::{EntryKind, File, FilesError, PAGE_MAX_ENTRIES, Store, StorePath, WriteMode};

/// 2001-09-09, in milliseconds: a time without parts of a second, which not all stores keep.
const A_TIME_MS: u64 = 1_000_000_000_000;

fn path(text: &str) -> Result<StorePath> {
    Ok(StorePath::new(text)?)
}

/// Makes sure that `result` is an error of this cause.
fn expect<T>(what: &str, result: Result<T, FilesError>, cause: &str) -> Result<()> {
    let found = result.err().map_or("none", |error| error.cause());
    ensure!(found == cause, "{what}: {found} instead of {cause}");
    Ok(())
}

/// A new file with these contents.
async fn put(store: &dyn Store, name: &str, contents: &'static [u8]) -> Result<()> {
    let file = store.open_write(&path(name)?, WriteMode::New).await?;
    file.write_at(0, Bytes::from_static(contents)).await?;
    Ok(file.settle().await?)
}

/// What the first page of the root shows.
async fn names(store: &dyn Store) -> Result<Vec<String>> {
    let page = store.list(&StorePath::ROOT, None).await?;
    Ok(page.entries.into_iter().map(|entry| entry.name).collect())
}

/// Directories and files are made, moved, put in each other's place and removed, and what cannot be
/// is refused for its reason. The store is left as it was.
///
/// # Errors
///
/// It does otherwise.
pub async fn check_places(store: &dyn Store) -> Result<()> {
    let before = names(store).await?;
    store.make_directory(&path("a")?).await?;
    expect("a again", store.make_directory(&path("a")?).await, "exists")?;
    put(store, "a/g", b"hello there").await?;
    let again = store.open_write(&path("a/g")?, WriteMode::New).await;
    expect("a new file in its place", again, "exists")?;

    store.rename(&path("a/g")?, &path("g")?, false).await?;
    let entry = store.stat(&path("g")?).await?;
    ensure!((entry.kind, entry.size) == (EntryKind::File, 11), "{entry:?}");
    ensure!(entry.modified_ms > 1_600_000_000_000, "{entry:?}");
    expect("what was moved", store.stat(&path("a/g")?).await, "not_found")?;
    put(store, "h", b"h").await?;
    expect("g over h", store.rename(&path("g")?, &path("h")?, false).await, "exists")?;
    store.rename(&path("g")?, &path("h")?, true).await?;
    ensure!(store.stat(&path("h")?).await?.size == 11, "g has taken the place of h");
    for (from, to, replace, cause) in [
        ("a", "a/b", false, "bad_name"),
        ("x", "y", false, "not_found"),
        ("h", "x/h", false, "not_found"),
        ("h", "h/x", false, "bad_name"),
        ("a", "h", true, "not_a_folder"),
        ("h", "a", true, "is_a_folder"),
        ("h", "a", false, "exists"),
    ] {
        let renamed = store.rename(&path(from)?, &path(to)?, replace).await;
        expect(&format!("{from} to {to}"), renamed, cause)?;
    }

    for place in ["a", "h"].map(path) {
        let place = place?;
        expect("in its own place", store.rename(&place, &place, false).await, "exists")?;
        store.rename(&place, &place, true).await?;
    }

    store.rename(&path("h")?, &path("a/h")?, false).await?;
    store.make_directory(&path("b")?).await?;
    expect("b over a", store.rename(&path("b")?, &path("a")?, true).await, "not_empty")?;
    expect("a with h", store.remove(&path("a")?).await, "not_empty")?;
    expect("h's list", store.list(&path("a/h")?, None).await, "not_a_folder")?;
    store.remove(&path("a/h")?).await?;
    store.rename(&path("b")?, &path("a")?, true).await?;
    store.remove(&path("a")?).await?;
    expect("a once more", store.remove(&path("a")?).await, "not_found")?;
    expect("a's list", store.list(&path("a")?, None).await, "not_found")?;
    ensure!(names(store).await? == before, "something is left");
    check_root(store).await
}

/// The root is listed, and nothing else is done with it.
async fn check_root(store: &dyn Store) -> Result<()> {
    let root = StorePath::ROOT;
    ensure!(store.stat(&root).await?.kind == EntryKind::Directory, "the root is a directory");
    expect("reading the root", store.open_read(&root).await, "is_a_folder")?;
    ensure!(store.open_write(&root, WriteMode::Keep).await.is_err(), "the root is written");
    ensure!(store.remove(&root).await.is_err(), "the root is removed");
    ensure!(store.rename(&root, &path("a")?, false).await.is_err(), "the root is moved");
    ensure!(store.rename(&path("a")?, &root, true).await.is_err(), "the root is replaced");
    ensure!(store.make_directory(&root).await.is_err(), "the root is made");
    Ok(())
}

/// What a file is opened to find, and its entry is the one of that moment.
async fn read(file: &dyn File, offset: u64, len: usize, want: &[u8]) -> Result<()> {
    let found = file.read_at(offset, len).await?;
    ensure!(found == want, "{len} from {offset}: {found:?} instead of {want:?}");
    Ok(())
}

/// Files are written and read anywhere, and get lengths and times. `dir` is the store's root.
///
/// # Errors
///
/// They do otherwise.
pub async fn check_files(store: &dyn Store, dir: &Path) -> Result<()> {
    let name = path("f")?;
    expect("no file", store.open_write(&name, WriteMode::Existing).await, "not_found")?;
    let file = store.open_write(&name, WriteMode::New).await?;
    file.write_at(0, Bytes::from_static(b"hello")).await?;
    file.write_at(5, Bytes::from_static(b" there")).await?;
    file.settle().await?;
    ensure!(file.entry().size == 0, "the entry is what was found");
    let kept = store.open_write(&name, WriteMode::Keep).await?;
    ensure!(kept.entry().size == 11, "{:?}", kept.entry());
    let opened = store.open_read(&name).await?;
    ensure!(opened.entry().name == "f", "{:?}", opened.entry());
    for (offset, len, want) in
        [(6, 100, "there"), (11, 100, ""), (0, 5, "hello"), (1 << 40, 100, "")]
    {
        read(&*opened, offset, len, want.as_bytes()).await?;
    }
    expect("too much at once", opened.read_at(0, 1 << 30).await, "over_limit")?;

    let file = store.open_write(&name, WriteMode::Existing).await?;
    file.set_len(5).await?;
    read(&*file, 0, 100, b"hello").await?;
    file.set_len(8).await?;
    read(&*file, 0, 100, b"hello\0\0\0").await?;
    file.write_at(3, Bytes::from_static(b"p")).await?;
    read(&*file, 0, 4, b"help").await?;
    let emptied = store.open_write(&name, WriteMode::Truncate).await?;
    ensure!(emptied.entry().size == 0, "{:?}", emptied.entry());
    ensure!(fs::metadata(dir.join("f")).context("the file")?.len() == 0, "it is empty");

    store.make_directory(&path("d")?).await?;
    for name in ["f", "d", ""] {
        store.set_modified(&path(name)?, A_TIME_MS).await?;
        ensure!(store.stat(&path(name)?).await?.modified_ms == A_TIME_MS, "the time of {name:?}");
    }
    expect("no file's time", store.set_modified(&path("x")?, 0).await, "not_found")?;
    ensure!(store.set_modified(&name, u64::MAX).await.is_err(), "a time without end");
    ensure!(store.free_bytes().await? > 0, "there is room");
    store.remove(&path("d")?).await?;
    Ok(store.remove(&name).await?)
}

/// A directory of `count` entries, more than fit into a page, is listed whole, in order and without
/// names that no path can say. `dir` is the store's root.
///
/// # Errors
///
/// It is not.
pub async fn check_pages(store: &dyn Store, dir: &Path, count: usize) -> Result<()> {
    use std::os::unix::ffi::OsStrExt as _;

    let want: Vec<String> = (0..count).map(|number| format!("{number:06}")).collect();
    for name in want.iter().rev() {
        fs::write(dir.join(name), "x")?;
    }
    for name in [&b"\xff"[..], b"a\nb", b"a\\b", "r\u{202e}evers".as_bytes()] {
        fs::write(dir.join(std::ffi::OsStr::from_bytes(name)), "x")?;
    }
    let mut names: Vec<String> = Vec::new();
    loop {
        let after = names.last().cloned();
        let page = store.list(&StorePath::ROOT, after.as_deref()).await?;
        ensure!(page.entries.len() <= PAGE_MAX_ENTRIES, "a page of {}", page.entries.len());
        names.extend(page.entries.into_iter().map(|entry| entry.name));
        if !page.more {
            break;
        }
        ensure!(names.len() <= count, "it does not end");
    }
    ensure!(names == want, "{} names instead of {count}", names.len());
    // A page that follows is of what is there, even when something has changed.
    let first = store.list(&StorePath::ROOT, None).await?;
    let last = first.entries.last().context("a page")?.name.clone();
    let next = want.get(first.entries.len()).context("another page")?;
    store.remove(&path(next)?).await?;
    let second = store.list(&StorePath::ROOT, Some(&last)).await?;
    ensure!(second.entries.iter().all(|entry| entry.name != *next), "{next} is gone");
    Ok(())
}
