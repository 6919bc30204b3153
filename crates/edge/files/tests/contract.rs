//! The sandbox does what every store does.

#![allow(clippy::unwrap_used, reason = "tests")]

use porthole_files::{Limits, PAGE_MAX_ENTRIES, SandboxedDir, StorePath};
use porthole_testkit::store_contract::{check_files, check_pages, check_places};

#[tokio::test]
async fn the_sandbox_is_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { bytes: 1 << 20, entries: 10_000, file_bytes: 1 << 20 };
    let store = SandboxedDir::open(dir.path(), &StorePath::ROOT, false, limits).unwrap();
    check_places(&store).await.unwrap();
    check_files(&store, dir.path()).await.unwrap();
    check_pages(&store, dir.path(), 2 * PAGE_MAX_ENTRIES + 3).await.unwrap();
}
