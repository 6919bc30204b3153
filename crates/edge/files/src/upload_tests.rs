use bytes::Bytes;
use tempfile::{TempDir, tempdir};

use super::{Source, Upload};
use crate::{FilesError, Limits, SandboxedDir, Store as _, StorePath};

const SOURCE: Source = Source { size: 10, modified_ms: 5 };

fn store() -> (TempDir, SandboxedDir) {
    let dir = tempdir().unwrap();
    let limits = Limits { bytes: 1000, entries: 10, file_bytes: 600 };
    let store = SandboxedDir::open(dir.path(), &StorePath::ROOT, false, limits).unwrap();
    (dir, store)
}

async fn begin(store: &SandboxedDir, source: Source, replace: bool) -> Result<Upload, FilesError> {
    Upload::begin(store, StorePath::new("f").unwrap(), source, replace).await
}

async fn names(store: &SandboxedDir) -> Vec<String> {
    let page = store.list(&StorePath::ROOT, None).await.unwrap();
    page.entries.into_iter().map(|entry| entry.name).collect()
}

#[tokio::test]
async fn is_there_only_once_it_is_whole() {
    let (dir, store) = store();
    let mut upload = begin(&store, SOURCE, false).await.unwrap();
    upload.write(0, Bytes::from_static(b"hello")).await.unwrap();
    assert_eq!(names(&store).await, [upload.part().as_str()]);
    let wrong = upload.write(6, Bytes::from_static(b"x")).await.unwrap_err();
    assert_eq!(wrong.cause(), "wrong_offset");
    let long = upload.write(5, Bytes::from_static(b"123456")).await.unwrap_err();
    assert_eq!(long.cause(), "too_large");
    upload.write(5, Bytes::from_static(b"world")).await.unwrap();
    assert!(upload.is_whole());
    upload.finish(&store).await.unwrap();
    assert_eq!(names(&store).await, ["f"]);
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"helloworld");
}

#[tokio::test]
async fn goes_on_with_the_same_source_only() {
    let (dir, store) = store();
    let mut upload = begin(&store, SOURCE, false).await.unwrap();
    upload.write(0, Bytes::from_static(b"hello")).await.unwrap();
    drop(upload);
    let other = begin(&store, Source { modified_ms: 6, ..SOURCE }, false).await.unwrap();
    assert_eq!(other.written(), 0);
    other.discard(&store).await.unwrap();
    let mut upload = begin(&store, SOURCE, false).await.unwrap();
    assert_eq!(upload.written(), 5);
    assert_eq!(upload.write(0, Bytes::new()).await.unwrap_err().cause(), "wrong_offset");
    upload.write(5, Bytes::from_static(b"world")).await.unwrap();
    upload.finish(&store).await.unwrap();
    assert_eq!(std::fs::read(dir.path().join("f")).unwrap(), b"helloworld");
}

#[tokio::test]
async fn replaces_only_when_told_and_at_the_end() {
    let (dir, store) = store();
    let place = dir.path().join("f");
    std::fs::write(&place, "old").unwrap();
    assert_eq!(begin(&store, SOURCE, false).await.unwrap_err().cause(), "exists");
    let mut upload = begin(&store, SOURCE, true).await.unwrap();
    upload.write(0, Bytes::from_static(b"helloworld")).await.unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"old");
    upload.finish(&store).await.unwrap();
    assert_eq!(std::fs::read(&place).unwrap(), b"helloworld");

    // Somebody else takes the place meanwhile.
    std::fs::remove_file(&place).unwrap();
    let upload = begin(&store, Source { size: 0, modified_ms: 0 }, false).await.unwrap();
    std::fs::write(&place, "new").unwrap();
    assert_eq!(upload.finish(&store).await.unwrap_err().cause(), "exists");
    assert_eq!(std::fs::read(&place).unwrap(), b"new");
    std::fs::remove_file(&place).unwrap();
    std::fs::create_dir(&place).unwrap();
    assert_eq!(begin(&store, SOURCE, true).await.unwrap_err().cause(), "exists");
}

#[tokio::test]
async fn refuses_at_once_what_cannot_fit() {
    let (dir, store) = store();
    let large = Source { size: 601, modified_ms: 0 };
    assert_eq!(begin(&store, large, false).await.unwrap_err().cause(), "too_large");
    std::fs::write(dir.path().join("g"), vec![0; 900]).unwrap();
    let much = Source { size: 101, modified_ms: 0 };
    assert_eq!(begin(&store, much, false).await.unwrap_err().cause(), "no_space");
    assert_eq!(names(&store).await, ["g"]);
    let unfinished = begin(&store, SOURCE, false).await.unwrap();
    assert_eq!(unfinished.finish(&store).await.unwrap_err().cause(), "wrong_offset");
}

#[tokio::test]
async fn long_names_are_cut_to_fit() {
    let (_dir, store) = store();
    for name in ["x".repeat(255), "é".repeat(127), "日".repeat(85)] {
        let place = StorePath::new(&name).unwrap();
        let upload = Upload::begin(&store, place, SOURCE, false).await.unwrap();
        assert!(upload.part().as_str().len() <= 255);
        upload.discard(&store).await.unwrap();
    }
}
