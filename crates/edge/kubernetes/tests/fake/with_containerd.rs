//! Containers of a real containerd, whose streaming server the API server's fake passes calls on to.

use std::{sync::Arc, time::Duration};

use porthole_files::{StorePath, WriteMode};
use porthole_kubernetes::{ContainerFiles, ContainerSession, KubernetesConfig};
use porthole_remote::{Cells, Ending};
use porthole_testkit::{
    cluster::{Container, Containerd},
    kubernetes::{FakeCluster, Release},
    store_contract::check_places,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};

use crate::stage::{LONG, exec, opened, read_to, with_pod};

struct Stage {
    cluster: FakeCluster,
    containerd: Arc<Containerd>,
    container: Container,
}

async fn stage() -> Stage {
    let cluster = with_pod(Release::Old).await;
    let (containerd, container) = tokio::task::spawn_blocking(|| {
        let containerd = Arc::new(Containerd::start().unwrap());
        let container = containerd.run("web", &["sleep", "1000"], false).unwrap();
        (containerd, container)
    })
    .await
    .unwrap();
    let (runtime, place) = (Arc::clone(&containerd), container.clone());
    cluster.relay_execs(Arc::new(move |command, tty| {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        runtime.exec_url(&place, &words, tty)
    }));
    Stage { cluster, containerd, container }
}

impl Stage {
    async fn open(&self, words: &[&str]) -> ContainerSession {
        let files = Some(ContainerFiles { root: "/tmp".to_owned(), file_max_bytes: 1 << 30 });
        let config =
            KubernetesConfig { term: "xterm".to_owned(), wait_max: LONG, files, ..exec(words) };
        opened(&self.cluster, &config).await.0.unwrap()
    }

    fn processes(&self) -> Vec<String> {
        let found = self.containerd.processes(&self.container).unwrap();
        // The dead have no command; a container's first program need not wait for them.
        let commands = found.into_iter().map(|process| process.command);
        commands.filter(|command| !command.is_empty()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn shells_are_sized_end_with_their_code_and_leave_nothing() {
    let stage = stage().await;
    let mut session = stage.open(&["sh"]).await;
    session.stream.write_all(b"stty size; echo $TERM.\r").await.unwrap();
    let text = read_to(&mut session, "xterm.").await;
    assert!(text.contains("30 100"), "{text}");
    session.control.resize(Cells { columns: 77, rows: 11 });
    // The size takes its own way, so the first look may come before it.
    let look = b"until stty size | grep '11 77'; do sleep 0.05; done; exit 5\r";
    session.stream.write_all(look).await.unwrap();
    read_to(&mut session, "\n11 77\r\n").await;
    let mut rest = Vec::new();
    timeout(LONG, session.stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(session.control.ending(), Some(Ending::Exited(5)));

    let mut session = stage.open(&["sh"]).await;
    session.stream.write_all(b"(trap '' HUP; sleep 987) & sleep 986 & echo o''k.\r").await.unwrap();
    read_to(&mut session, "ok.\r\n").await;
    assert!(stage.processes().len() >= 4, "{:?}", stage.processes());
    drop(session);
    for _ in 0..300 {
        if stage.processes().len() == 1 {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?} stay", stage.processes());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: `cargo xtask test` runs it"]
async fn files_go_in_and_out_by_busybox() {
    let stage = stage().await;
    let session = stage.open(&["sh"]).await;
    let store = session.files.clone().unwrap();
    let path = |text: &str| StorePath::new(text).unwrap();
    let content: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let file = store.open_write(&path("f x"), WriteMode::New).await.unwrap();
    file.write_at(0, content[..123_457].to_vec().into()).await.unwrap();
    file.write_at(123_457, content[123_457..].to_vec().into()).await.unwrap();
    drop(file);
    let page = store.list(&StorePath::ROOT, None).await.unwrap();
    assert!(page.entries.iter().any(|entry| entry.name == "f x" && entry.size == 200_000));
    let file = store.open_read(&path("f x")).await.unwrap();
    let read = file.read_at(0, 200_000).await.unwrap();
    assert!(read == content);
    assert!(file.read_at(150_000, 10).await.unwrap() == content[150_000..150_010]);
    store.rename(&path("f x"), &path("g"), false).await.unwrap();
    store.remove(&path("g")).await.unwrap();
    assert_eq!(store.stat(&path("g")).await.unwrap_err().cause(), "not_found");
    assert!(store.free_bytes().await.unwrap() > 0);
    check_places(store.as_ref()).await.unwrap();
}
