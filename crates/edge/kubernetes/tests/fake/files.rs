//! Files of containers of a fake API server.

use porthole_files::{EntryKind, Store, StorePath, WriteMode};
use porthole_kubernetes::{ContainerFiles, KubernetesConfig};
use porthole_testkit::kubernetes::Release;
use porthole_testkit::store_contract::check_places;

use crate::stage::*;

#[tokio::test]
async fn the_files_of_a_container_are_a_store() {
    for release in [Release::Old, Release::New] {
        let cluster = with_pod(release).await;
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_str().unwrap().to_owned();
        let files = Some(ContainerFiles { root, file_max_bytes: 1 << 20 });
        let config = KubernetesConfig { files, ..exec(&["sleep", "300"]) };
        let session = opened(&cluster, &config).await.0.unwrap();
        check_places(session.files.clone().unwrap().as_ref()).await.unwrap();
    }
}

#[tokio::test]
async fn files_go_in_and_out() {
    for release in [Release::Old, Release::New] {
        let cluster = with_pod(release).await;
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let root = dir.path().join("root");
        std::fs::write(dir.path().join("secret"), "outside").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
        std::os::unix::fs::symlink("..", root.join("up")).unwrap();
        let mut config = exec(&["sleep", "300"]);
        let text = root.to_str().unwrap().to_owned();
        config.files = Some(ContainerFiles { root: text, file_max_bytes: 1 << 20 });
        let (session, _) = opened(&cluster, &config).await;
        let session = session.unwrap();
        let store = session.files.clone().unwrap();
        let path = |text: &str| StorePath::new(text).unwrap();

        store.make_directory(&path("a b")).await.unwrap();
        assert_eq!(store.make_directory(&path("a b")).await.unwrap_err().cause(), "exists");
        let file = store.open_write(&path("a b/$(x) 'f'"), WriteMode::New).await.unwrap();
        let content: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[1]).collect();
        let (first, rest) = content.split_at(200_001);
        file.write_at(0, first.to_vec().into()).await.unwrap();
        let wrong = file.write_at(5, "x".into()).await.unwrap_err();
        assert_eq!(wrong.cause(), "wrong_offset");
        file.write_at(200_001, rest.to_vec().into()).await.unwrap();
        drop(file);
        let page = store.list(&path("a b"), None).await.unwrap();
        assert_eq!((page.entries.len(), page.more), (1, false));
        assert_eq!(page.entries[0].name, "$(x) 'f'");
        assert_eq!((page.entries[0].size, page.entries[0].kind), (300_000, EntryKind::File));

        let file = store.open_read(&path("a b/$(x) 'f'")).await.unwrap();
        assert_eq!(file.entry().size, 300_000);
        let mut read = Vec::new();
        while read.len() < content.len() {
            let piece = file.read_at(read.len() as u64, 70_000).await.unwrap();
            assert!(!piece.is_empty());
            read.extend_from_slice(&piece);
        }
        assert!(read == content);
        assert!(file.read_at(300_000, 10).await.unwrap().is_empty());
        assert!(file.read_at(299_990, 100).await.unwrap() == content[299_990..]);
        assert!(file.read_at(7, 10).await.unwrap() == content[7..17]);

        move_and_change(store.as_ref()).await;
        assert_links_lead_nowhere(store.as_ref()).await;
        assert_eq!(std::fs::read_to_string(dir.path().join("secret")).unwrap(), "outside");

        assert_eq!(store.remove(&path("nothing")).await.unwrap_err().cause(), "not_found");
        std::fs::write(root.join("a b/.hidden"), "").unwrap();
        assert_eq!(store.remove(&path("a b")).await.unwrap_err().cause(), "not_empty");
        for name in ["a b/.hidden", "a b", "moved", "link"] {
            store.remove(&path(name)).await.unwrap();
        }
        assert_eq!(store.list(&path("moved"), None).await.unwrap_err().cause(), "not_found");
        assert_eq!(store.open_read(&StorePath::ROOT).await.unwrap_err().cause(), "is_a_folder");
    }
}

#[tokio::test]
async fn a_container_without_a_shell_has_no_files() {
    let cluster = with_pod(Release::New).await;
    cluster.remove_program("/bin/sh");
    let mut config = exec(&["sleep", "300"]);
    config.files = Some(ContainerFiles { root: "/".to_owned(), file_max_bytes: 1 });
    let session = opened(&cluster, &config).await.0.unwrap();
    let error = session.files.unwrap().list(&StorePath::ROOT, None).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no sh there, and it is needed for this");
}

async fn move_and_change(store: &dyn Store) {
    let path = |text: &str| StorePath::new(text).unwrap();
    let (from, to) = (path("a b/$(x) 'f'"), path("moved"));
    store.rename(&from, &to, false).await.unwrap();
    assert_eq!(store.stat(&to).await.unwrap().size, 300_000);
    assert_eq!(store.stat(&from).await.unwrap_err().cause(), "not_found");
    assert_eq!(store.rename(&to, &path("a b"), true).await.unwrap_err().cause(), "is_a_folder");
    let over = store.open_write(&to, WriteMode::Keep).await.unwrap();
    assert_eq!(over.entry().size, 300_000);
    let large = over.write_at((1 << 20) - 1, "xx".into()).await.unwrap_err();
    assert_eq!(large.cause(), "too_large");
    over.set_len(10).await.unwrap();
    over.write_at(10, "more".into()).await.unwrap();
    assert_eq!(store.stat(&to).await.unwrap().size, 14);
    store.set_modified(&to, 1_234_567_000).await.unwrap();
    assert_eq!(store.stat(&to).await.unwrap().modified_ms, 1_234_567_000);
    assert!(store.free_bytes().await.unwrap() > 0);
}

async fn assert_links_lead_nowhere(store: &dyn Store) {
    let path = |text: &str| StorePath::new(text).unwrap();
    // Links lead nowhere, and are not shown.
    assert_eq!(store.open_read(&path("link")).await.unwrap_err().cause(), "denied");
    assert_eq!(store.stat(&path("link")).await.unwrap_err().cause(), "denied");
    assert_eq!(store.list(&path("up"), None).await.unwrap_err().cause(), "denied");
    assert_eq!(store.open_read(&path("up/secret")).await.unwrap_err().cause(), "denied");
    let write = store.open_write(&path("link"), WriteMode::Truncate).await;
    assert_eq!(write.unwrap_err().cause(), "denied");
    let names: Vec<String> = store
        .list(&StorePath::ROOT, None)
        .await
        .unwrap()
        .entries
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["a b", "moved"]);
}
