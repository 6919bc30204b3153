//! Containers of an API server that behaves as real ones were seen to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::manual_assert,
    reason = "tests"
)]

use std::time::Duration;

use porthole_dial::{
    Caller, CallerNews, DialError, Protocol, Rule, Target, TargetPolicy, Timeouts, TlsSettings,
    Transport,
};
use porthole_files::{EntryKind, Store, StorePath, WriteMode};
use porthole_kubernetes::{
    Access, ContainerFiles, ContainerSession, Departures, KubernetesConfig, LogView, OwnerKind,
    PodChoice, Run, open,
};
use porthole_remote::{Cells, Ending};
use porthole_testkit::kubernetes::{FakeCluster, Release, running_pod, status_of};
use porthole_testkit::store_contract::check_places;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
    time::timeout,
};

/// Long enough for any machine, short enough to fail.
const LONG: Duration = Duration::from_secs(60);

fn policy() -> TargetPolicy {
    let rule = Rule {
        protocols: vec![Protocol::Kubernetes],
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        names: vec![],
        ports: vec![1..=u16::MAX],
        allow_special: true,
    };
    TargetPolicy { rules: vec![rule], unix_dirs: vec![] }
}

fn target(cluster: &FakeCluster) -> Target {
    let address = cluster.address();
    Target {
        protocol: Protocol::Kubernetes,
        transport: Transport::Tcp { host: address.ip().to_string(), port: address.port() },
        tls: TlsSettings::default(),
    }
}

fn config(run: Run) -> KubernetesConfig {
    KubernetesConfig {
        access: Access::Plain,
        namespace: None,
        pod: PodChoice::Name("web".to_owned()),
        container: None,
        run,
        size: Cells { columns: 100, rows: 30 },
        term: "xterm-256color".to_owned(),
        wait_max: Duration::from_secs(20),
        files: None,
    }
}

fn exec(words: &[&str]) -> KubernetesConfig {
    config(Run::Exec(words.iter().map(|word| (*word).to_owned()).collect()))
}

async fn opened(
    cluster: &FakeCluster,
    config: &KubernetesConfig,
) -> (Result<ContainerSession, DialError>, mpsc::Receiver<CallerNews>) {
    let (caller, news) = Caller::new();
    let (target, policy, timeouts) = (target(cluster), policy(), Timeouts::default());
    let departures = Departures::default();
    let opening = open(&target, config, &policy, &timeouts, &caller, &departures);
    (timeout(LONG, opening).await.expect("it opens in time"), news)
}

async fn with_pod(release: Release) -> FakeCluster {
    let cluster = FakeCluster::start(release).await;
    cluster.put_pod(running_pod("web"));
    cluster
}

/// Reads until `words` have come, and gives everything.
async fn read_to(session: &mut ContainerSession, words: &str) -> String {
    let mut text = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&text).contains(words) {
            let mut piece = [0; 4096];
            match session.stream.read(&mut piece).await {
                Ok(0) => panic!("it ended: {}", String::from_utf8_lossy(&text)),
                Ok(len) => text.extend_from_slice(&piece[..len]),
                Err(error) => panic!("{error}"),
            }
        }
    };
    if timeout(LONG, reading).await.is_err() {
        panic!("no {words:?} in {}", String::from_utf8_lossy(&text));
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Reads to the end.
async fn read_all(session: &mut ContainerSession) -> (Vec<u8>, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let read =
        timeout(LONG, session.stream.read_to_end(&mut bytes)).await.expect("it ends in time");
    (bytes, read.map(drop))
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} did not come to be");
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Dead ones that nobody has waited for do not count.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[tokio::test]
async fn a_shell_is_opened_sized_and_ends_with_its_code() {
    for release in [Release::Old, Release::New] {
        let cluster = with_pod(release).await;
        let (session, _) = opened(&cluster, &exec(&["sh"])).await;
        let mut session = session.unwrap();
        assert!(session.is_local);
        session.stream.write_all(b"stty size; echo term=$TERM\r").await.unwrap();
        let text = read_to(&mut session, "term=xterm-256color").await;
        assert!(text.contains("30 100"), "{text}");
        assert!(!text.contains("porthole"), "{text}");
        session.control.resize(Cells { columns: 77, rows: 11 });
        until("the other size", || {
            cluster.frames().iter().any(|frame| frame.ends_with(b"{\"Width\":77,\"Height\":11}"))
        })
        .await;
        session.stream.write_all(b"stty size; exit 5\r").await.unwrap();
        let (rest, read) = read_all(&mut session).await;
        read.unwrap();
        assert!(String::from_utf8_lossy(&rest).contains("11 77"));
        assert_eq!(session.control.ending(), Some(Ending::Exited(5)));
        let offered = cluster.seen().iter().find_map(|seen| seen.protocols.clone()).unwrap();
        assert_eq!(offered, "v5.channel.k8s.io, v4.channel.k8s.io");
    }
}

#[tokio::test]
async fn nothing_stays_when_a_session_is_dropped() {
    let cluster = with_pod(Release::New).await;
    let (session, _) = opened(&cluster, &exec(&["sh"])).await;
    let mut session = session.unwrap();
    let command = b"(trap '' HUP; sleep 987) & a=$!; sleep 986 & echo pids=$$,$a,$!,e''nd\r";
    session.stream.write_all(command).await.unwrap();
    let text = read_to(&mut session, ",end").await;
    let pids = text.rsplit_once("pids=").unwrap().1.split_once(",end").unwrap().0.to_owned();
    let pids: Vec<String> = pids.split(',').map(str::to_owned).collect();
    assert_eq!(pids.len(), 3, "{text}");
    assert!(pids.iter().all(|pid| is_alive(pid)));
    drop(session);
    until("the end of all processes", || !pids.iter().any(|pid| is_alive(pid))).await;
}

#[tokio::test]
async fn nothing_stays_when_the_stream_is_cut() {
    let cluster = with_pod(Release::Old).await;
    let (session, _) = opened(&cluster, &exec(&["sh"])).await;
    let mut session = session.unwrap();
    session.stream.write_all(b"echo pid=$$,e''nd\r").await.unwrap();
    let text = read_to(&mut session, ",end").await;
    let pid = text.rsplit_once("pid=").unwrap().1.split_once(',').unwrap().0.to_owned();
    cluster.cut_streams();
    let (_, read) = read_all(&mut session).await;
    let fault = read.unwrap_err();
    assert!(fault.to_string().contains("was cut"), "{fault}");
    assert_eq!(session.control.ending(), None);
    until("the shell's end", || !is_alive(&pid)).await;
}

#[tokio::test]
async fn a_container_without_a_shell_is_entered_and_left() {
    for release in [Release::Old, Release::New] {
        let cluster = with_pod(release).await;
        cluster.remove_program("/bin/sh");
        let (session, _) = opened(&cluster, &exec(&["cat"])).await;
        let mut session = session.unwrap();
        session.stream.write_all(b"hello\r").await.unwrap();
        read_to(&mut session, "hello\r\nhello\r\n").await;
        // Nothing but the end of its input ends it.
        session.stream.shutdown().await.unwrap();
        if release == Release::Old {
            let (_, read) = read_all(&mut session).await;
            read.unwrap();
            assert_eq!(session.control.ending(), Some(Ending::Exited(0)));
        }
        cluster.remove_program("nothing");
        let (session, _) = opened(&cluster, &exec(&["nothing"])).await;
        let mut session = session.unwrap();
        read_all(&mut session).await.1.unwrap();
        let words = "the container has no such program".to_owned();
        assert_eq!(session.control.ending(), Some(Ending::Other(words)));
    }
}

#[tokio::test]
async fn floods_come_whole_and_input_passes_them() {
    let cluster = with_pod(Release::New).await;
    let flood = "stty raw -echo; head -c 3000000 /dev/zero | tr '\\0' x; echo end";
    let (session, _) = opened(&cluster, &exec(&["sh", "-c", flood])).await;
    let mut session = session.unwrap();
    let (bytes, read) = read_all(&mut session).await;
    read.unwrap();
    let marks = String::from_utf8_lossy(&bytes).matches('x').count();
    assert_eq!(marks, 3_000_000);
    // Nobody reads, and Ctrl-C still ends what writes.
    let (session, _) = opened(&cluster, &exec(&["yes"])).await;
    let mut session = session.unwrap();
    read_to(&mut session, "y\r\ny\r\n").await;
    session.stream.write_all(b"\x03").await.unwrap();
    let (_, read) = read_all(&mut session).await;
    read.unwrap();
    assert!(matches!(session.control.ending(), Some(Ending::Exited(_))));
}

#[tokio::test]
async fn attaching_tells_the_code_that_the_server_does_not() {
    let cluster = with_pod(Release::New).await;
    let (session, _) = opened(&cluster, &config(Run::Attach)).await;
    let mut session = session.unwrap();
    read_to(&mut session, "attached").await;
    let mut pod = running_pod("web");
    let ended = json!({"terminated": {"exitCode": 5, "containerID": "containerd://main"}});
    pod["status"]["containerStatuses"][0] = status_of("main", ended);
    cluster.put_pod(pod);
    cluster.end_attached();
    read_all(&mut session).await.1.unwrap();
    assert_eq!(session.control.ending(), Some(Ending::Exited(5)));
}

#[tokio::test]
async fn success_of_a_deleted_pod_is_told_as_its_deletion() {
    let cluster = with_pod(Release::New).await;
    let (session, _) = opened(&cluster, &config(Run::Attach)).await;
    let mut session = session.unwrap();
    read_to(&mut session, "attached").await;
    cluster.remove_pod("web");
    cluster.end_attached();
    read_all(&mut session).await.1.unwrap();
    let words = "the pod was deleted".to_owned();
    assert_eq!(session.control.ending(), Some(Ending::Other(words)));
}

#[tokio::test]
async fn a_starting_pod_is_waited_for_with_news() {
    let cluster = FakeCluster::start(Release::New).await;
    let mut pod = running_pod("web");
    pod["status"] = json!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
         "message": "0/1 nodes are available: 1 Insufficient cpu, asked 10.0.0.7:6443."}]});
    cluster.put_pod(pod.clone());
    cluster.put(
        "/api/v1/namespaces/default/events",
        json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": []}),
    );
    let (caller, mut news) = Caller::new();
    let (target, config) = (target(&cluster), exec(&["true"]));
    let opening = tokio::spawn(async move {
        open(&target, &config, &policy(), &Timeouts::default(), &caller, &Departures::default())
            .await
            .map(drop)
    });
    let mut progress = async || match timeout(LONG, news.recv()).await.unwrap() {
        Some(CallerNews::Progress(words)) => words,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        progress().await,
        "waiting for the pod: no node can take the pod: 0/1 nodes are available: 1 Insufficient \
         cpu, asked (address)"
    );
    let pull = json!({"metadata": {"name": "e"}, "involvedObject": {}, "reason": "Pulling",
        "message": "Pulling image", "lastTimestamp": "2026-01-01T00:00:00Z"});
    cluster.put(
        "/api/v1/namespaces/default/events",
        json!({"apiVersion": "v1", "kind": "EventList", "metadata": {}, "items": [pull]}),
    );
    pod["status"] = json!({"phase": "Pending", "containerStatuses": [
        status_of("main", json!({"waiting": {"reason": "ContainerCreating"}}))]});
    cluster.put_pod(pod);
    assert_eq!(progress().await, "waiting for the pod: pulling the image");
    cluster.put_pod(running_pod("web"));
    opening.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_pod_that_cannot_start_says_why() {
    let cluster = FakeCluster::start(Release::New).await;
    let mut pod = running_pod("web");
    let waiting = json!({"waiting": {"reason": "ImagePullBackOff",
        "message": "Back-off pulling image \"nowhere.example/x:1\""}});
    pod["status"] = json!({"phase": "Pending", "containerStatuses": [status_of("main", waiting)]});
    cluster.put_pod(pod);
    let error = opened(&cluster, &exec(&["sh"])).await.0.unwrap_err();
    assert_eq!(error.cause(), "kubernetes_image");
    assert_eq!(
        error.public_message(),
        "the container's image cannot be pulled: Back-off pulling image \"nowhere.example/x:1\""
    );
}

#[tokio::test]
async fn refusals_are_told_in_the_users_words() {
    for (part, status, body, cause, words) in [
        (
            "/pods/web",
            401,
            "{\"message\":\"Unauthorized\",\"code\":401}",
            "kubernetes_unauthorized",
            "the token or",
        ),
        (
            "/exec",
            403,
            "pods \"web\" is forbidden",
            "kubernetes_forbidden",
            "this account may not run programs in pods in the namespace default (get and create on \
             pods/exec is needed)",
        ),
        ("/pods/web", 404, "gone", "kubernetes_not_found", "there is no pod web in the namespace"),
        ("/exec", 409, "busy", "kubernetes_conflict", "changing the pod web just now: busy"),
        ("/exec", 410, "old", "kubernetes_gone", "out of date"),
        (
            "/exec",
            500,
            "error dialing backend: dial tcp 10.1.2.3:10250: refused",
            "kubernetes_failed",
            "the cluster could not run programs in pods: error dialing backend: dial tcp (address) refused",
        ),
    ] {
        let cluster = with_pod(Release::New).await;
        cluster.refuse(part, status, body);
        let error = opened(&cluster, &exec(&["sh"])).await.0.unwrap_err();
        assert_eq!(error.cause(), cause);
        assert!(error.public_message().contains(words), "{}", error.public_message());
    }
    let cluster = FakeCluster::start(Release::New).await;
    let mut pod = running_pod("web");
    pod["spec"]["containers"][0]["name"] = json!("other");
    cluster.put_pod(pod);
    let mut named = exec(&["sh"]);
    named.container = Some("none".to_owned());
    let error = opened(&cluster, &named).await.0.unwrap_err();
    assert_eq!(error.public_message(), "the pod has no such container; it has other");
}

#[tokio::test]
async fn the_policy_holds() {
    let cluster = with_pod(Release::New).await;
    let (caller, _news) = Caller::new();
    let nothing = TargetPolicy { rules: vec![], unix_dirs: vec![] };
    let (target, config, timeouts) = (target(&cluster), exec(&["sh"]), Timeouts::default());
    let departures = Departures::default();
    let opening = open(&target, &config, &nothing, &timeouts, &caller, &departures);
    assert_eq!(opening.await.unwrap_err().cause(), "policy");
    assert!(cluster.seen().is_empty());
}

#[tokio::test]
async fn pods_are_found_by_labels_and_owners() {
    let cluster = with_pod(Release::New).await;
    let mut other = running_pod("starting");
    other["metadata"]["labels"]["app"] = json!("web");
    other["metadata"]["creationTimestamp"] = json!("2026-02-02T00:00:00Z");
    other["status"] = json!({"phase": "Pending"});
    cluster.put_pod(other);
    let selector = json!({"matchLabels": {"app": "web"}});
    for (kind, path) in [
        (OwnerKind::Deployment, "/apis/apps/v1/namespaces/default/deployments/front"),
        (OwnerKind::StatefulSet, "/apis/apps/v1/namespaces/default/statefulsets/front"),
        (OwnerKind::Job, "/apis/batch/v1/namespaces/default/jobs/front"),
    ] {
        let template = json!({"spec": {"containers": []}});
        let spec = json!({"selector": selector, "template": template, "serviceName": "x"});
        cluster.put(path, json!({"metadata": {"name": "front"}, "spec": spec}));
        let mut owned = exec(&["true"]);
        owned.pod = PodChoice::Owner(kind, "front".to_owned());
        opened(&cluster, &owned).await.0.unwrap();
    }
    let mut labelled = exec(&["true"]);
    labelled.pod = PodChoice::Labels("app=web".to_owned());
    opened(&cluster, &labelled).await.0.unwrap();
    let calls = cluster.seen();
    let execs: Vec<_> = calls.iter().filter(|seen| seen.path.contains("/exec")).collect();
    assert!(execs.len() >= 4 && execs.iter().all(|seen| seen.path.contains("/pods/web/")));
    labelled.pod = PodChoice::Owner(OwnerKind::Deployment, "back".to_owned());
    let error = opened(&cluster, &labelled).await.0.unwrap_err();
    assert!(error.public_message().contains("there is no deployment back"));
}

#[tokio::test]
async fn logs_follow_a_container_through_its_restart() {
    let cluster = with_pod(Release::New).await;
    cluster.push_log("2026-01-01T00:00:01Z one\n2026-01-01T00:00:02Z two\n", false);
    cluster.push_log("2026-01-01T00:00:02Z two\n2026-01-01T00:00:03Z three\n", true);
    let view = LogView { tail: Some(10), ..LogView::default() };
    let (session, _) = opened(&cluster, &config(Run::Logs(view))).await;
    let mut session = session.unwrap();
    session.stream.write_all(b"typed to nobody").await.unwrap();
    let text = read_to(&mut session, "three\r\n").await;
    assert_eq!(text, "one\r\ntwo\r\nthree\r\n");
    let asked: Vec<String> = cluster.seen().into_iter().map(|seen| seen.path).collect();
    let of_logs: Vec<&String> = asked.iter().filter(|path| path.contains("/log?")).collect();
    assert!(of_logs[0].contains("tailLines=10") && of_logs[0].contains("follow=true"));
    assert!(of_logs[1].contains("sinceTime=2026-01-01T00%3A00%3A02Z"));
    cluster.remove_pod("web");
    cluster.cut_streams();
    read_all(&mut session).await.1.unwrap();
    assert_eq!(session.control.ending(), Some(Ending::Other("the pod was deleted".to_owned())));
}

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
