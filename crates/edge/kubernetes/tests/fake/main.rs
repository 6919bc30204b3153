//! Containers of an API server that behaves as real ones were seen to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::manual_assert,
    reason = "tests"
)]

mod files;
mod stage;
mod with_containerd;

use porthole_dial::{Caller, CallerNews, TargetPolicy, Timeouts};
use porthole_kubernetes::{Departures, LogView, OwnerKind, PodChoice, Run, open};
use porthole_remote::{Cells, Ending};
use porthole_testkit::kubernetes::{FakeCluster, Release, running_pod, status_of};
use serde_json::json;
use stage::*;
use tokio::{io::AsyncWriteExt as _, time::timeout};

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
