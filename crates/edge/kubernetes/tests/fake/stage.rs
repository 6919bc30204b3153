//! Opening containers of a fake API server, and reading what they say.

use std::time::Duration;

use porthole_dial::{
    Caller, CallerNews, DialError, Protocol, Rule, Target, TargetPolicy, Timeouts, TlsSettings,
    Transport,
};
use porthole_kubernetes::{
    Access, ContainerSession, Departures, KubernetesConfig, PodChoice, Run, open,
};
use porthole_remote::Cells;
use porthole_testkit::kubernetes::{FakeCluster, Release, running_pod};
use tokio::{io::AsyncReadExt as _, sync::mpsc, time::timeout};

/// Long enough for any machine, short enough to fail.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn policy() -> TargetPolicy {
    let rule = Rule {
        protocols: vec![Protocol::Kubernetes],
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        names: vec![],
        ports: vec![1..=u16::MAX],
        allow_special: true,
    };
    TargetPolicy { rules: vec![rule], unix_dirs: vec![] }
}

pub(crate) fn target(cluster: &FakeCluster) -> Target {
    let address = cluster.address();
    Target {
        protocol: Protocol::Kubernetes,
        transport: Transport::Tcp { host: address.ip().to_string(), port: address.port() },
        tls: TlsSettings::default(),
    }
}

pub(crate) fn config(run: Run) -> KubernetesConfig {
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

pub(crate) fn exec(words: &[&str]) -> KubernetesConfig {
    config(Run::Exec(words.iter().map(|word| (*word).to_owned()).collect()))
}

pub(crate) async fn opened(
    cluster: &FakeCluster,
    config: &KubernetesConfig,
) -> (Result<ContainerSession, DialError>, mpsc::Receiver<CallerNews>) {
    let (caller, news) = Caller::new();
    let (target, policy, timeouts) = (target(cluster), policy(), Timeouts::default());
    let departures = Departures::default();
    let opening = open(&target, config, &policy, &timeouts, &caller, &departures);
    (timeout(LONG, opening).await.expect("it opens in time"), news)
}

pub(crate) async fn with_pod(release: Release) -> FakeCluster {
    let cluster = FakeCluster::start(release).await;
    cluster.put_pod(running_pod("web"));
    cluster
}

/// Reads until `words` have come, and gives everything.
pub(crate) async fn read_to(session: &mut ContainerSession, words: &str) -> String {
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
pub(crate) async fn read_all(session: &mut ContainerSession) -> (Vec<u8>, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let read =
        timeout(LONG, session.stream.read_to_end(&mut bytes)).await.expect("it ends in time");
    (bytes, read.map(drop))
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} did not come to be");
}

pub(crate) fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Dead ones that nobody has waited for do not count.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
