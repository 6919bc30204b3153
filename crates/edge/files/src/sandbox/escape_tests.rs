//! Whatever is asked, by whatever names and while whatever links change: nothing gets out.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use proptest::prelude::*;

use super::{Limits, SandboxedDir};
use crate::{EntryKind, Store as _, StorePath, WriteMode};

const LIMITS: Limits = Limits { bytes: 1 << 20, entries: 10_000, file_bytes: 1 << 20 };
/// A name that nothing is called inside.
const MARK: &str = "mark";
/// A time long ago, which nothing outside may be given.
const OLD_MS: u64 = 1_000_000_000_000;
const SECRET: &str = "nobody may read this";

/// A root to stay in, and beside it what must stay as it is.
struct World {
    outer: tempfile::TempDir,
    store: SandboxedDir,
}

impl World {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let (root, outside) = (outer.path().join("root"), outer.path().join("outside"));
        fs::create_dir_all(root.join("d/e")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), SECRET).unwrap();
        fs::write(outside.join(MARK), "").unwrap();
        fs::write(root.join("f"), "inside").unwrap();
        symlink("../outside", root.join("up")).unwrap();
        symlink(&outside, root.join("abs")).unwrap();
        symlink("../../outside/secret", root.join("d/secret")).unwrap();
        symlink("d/../../outside", root.join("winding")).unwrap();
        symlink("up", root.join("twice")).unwrap();
        symlink("/", root.join("slash")).unwrap();
        symlink("/proc/self/root", root.join("magic")).unwrap();
        symlink("../outside/made", root.join("dangling")).unwrap();
        let store = SandboxedDir::open(&root, &StorePath::ROOT, false, LIMITS).unwrap();
        Self { outer, store }
    }

    fn check(&self) {
        let outside = self.outer.path().join("outside");
        assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), SECRET);
        for place in [&outside, &outside.join("secret")] {
            let age = fs::metadata(place).unwrap().modified().unwrap().elapsed().unwrap();
            assert!(age < std::time::Duration::from_secs(86_400), "{place:?}");
        }
        assert_eq!(fs::read_dir(outside).unwrap().count(), 2);
        assert_eq!(fs::read_dir(self.outer.path()).unwrap().count(), 2);
    }

    /// Does everything that can be done with two places.
    async fn try_all(&self, a: &StorePath, b: &StorePath) {
        let store = &self.store;
        if let Ok(file) = store.open_read(a).await {
            assert_ne!(file.read_at(0, 100).await.unwrap(), SECRET, "{a}");
        }
        let modes = [WriteMode::Existing, WriteMode::New, WriteMode::Keep, WriteMode::Truncate];
        for mode in modes {
            if let Ok(file) = store.open_write(a, mode).await {
                assert_ne!(file.read_at(0, 100).await.unwrap(), SECRET, "{a}");
                let _full = file.set_len(7).await;
                let _full = file.write_at(0, Bytes::from_static(b"overwritten")).await;
            }
        }
        if let Ok(entry) = store.stat(a).await {
            assert!(entry.kind == EntryKind::Directory || entry.size != SECRET.len() as u64);
        }
        if let Ok(page) = store.list(a, None).await {
            assert!(page.entries.iter().all(|entry| entry.name != MARK), "{a}");
        }
        let _refused = store.make_directory(b).await;
        let _refused = store.set_modified(a, OLD_MS).await;
        let _refused = store.rename(a, b, false).await;
        let _refused = store.rename(b, a, true).await;
        let _refused = store.remove(b).await;
    }
}

/// Paths of names that mean something here, and of nonsense.
fn any_path() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        8 => prop::sample::select(vec![
            "d", "e", "f", "up", "abs", "twice", "winding", "slash", "magic", "dangling", "secret",
            "outside", "root", "..", ".", "", "new", "swap",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ];
    (any::<bool>(), prop::collection::vec(name, 0..7)).prop_map(|(absolute, names)| {
        format!("{}{}", if absolute { "/" } else { "" }, names.join("/"))
    })
}

fn run(world: &World, paths: &[(String, String)], path: impl Fn(&str) -> Option<StorePath>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for (a, b) in paths {
            if let (Some(a), Some(b)) = (path(a), path(b)) {
                world.try_all(&a, &b).await;
            }
        }
    });
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_path_leads_out(paths in prop::collection::vec((any_path(), any_path()), 1..12)) {
        run(&World::new(), &paths, |text| StorePath::new(text).ok());
    }

    /// Even if the names were never checked.
    #[test]
    fn no_text_leads_out(paths in prop::collection::vec((any_path(), any_path()), 1..12)) {
        run(&World::new(), &paths, |text| Some(StorePath::unchecked(text)));
    }
}

/// Somebody swaps a directory for a link that leads out, again and again, while it is used.
#[test]
fn no_race_leads_out() {
    let world = World::new();
    let root = world.outer.path().join("root");
    let done = Arc::new(AtomicBool::new(false));
    let racer = {
        let done = Arc::clone(&done);
        std::thread::spawn(move || swap(&root, &done))
    };
    let paths: Vec<_> = ["swap/secret", "swap/new", "swap/../f", "swap"]
        .into_iter()
        .cycle()
        .take(400)
        .map(|text| (text.to_owned(), "swap/made".to_owned()))
        .collect();
    run(&world, &paths, |text| StorePath::new(text).ok());
    done.store(true, Ordering::Relaxed);
    racer.join().unwrap();
    world.check();
}

fn swap(root: &Path, done: &AtomicBool) {
    let (swap, held) = (root.join("swap"), root.join("held"));
    symlink("../outside", &held).unwrap();
    while !done.load(Ordering::Relaxed) {
        // The store removes and renames what it finds there, so either may be missing.
        let _gone = fs::create_dir(&swap);
        let _gone = rustix::fs::renameat_with(
            rustix::fs::CWD,
            &swap,
            rustix::fs::CWD,
            &held,
            rustix::fs::RenameFlags::EXCHANGE,
        );
    }
}
