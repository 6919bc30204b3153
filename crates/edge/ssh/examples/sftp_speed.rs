//! How fast files go up and down through the store, in MB/s, over SSH to OpenSSH on the loopback
//! address. Run it with `--release`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use porthole_dial::{Protocol, Rule, Target, TargetPolicy, Timeouts, TlsSettings, Transport};
use porthole_files::{Source, Store, StorePath, Upload};
use porthole_remote::Credentials;
use porthole_ssh::{HostKeys, Login, SftpServer, SftpStore, SshConfig};
use porthole_testkit::servers::Sshd;

const FILE_BYTES: u64 = 512 << 20;
const PIECE_BYTES: usize = 256 << 10;

#[tokio::main]
async fn main() {
    let sshd = Sshd::start().unwrap();
    let rule = Rule {
        protocols: vec![Protocol::Ssh],
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        names: vec![],
        ports: vec![1..=65535],
        allow_special: true,
    };
    let (user, password) = sshd.login();
    let credentials = Credentials {
        username: Some(user.into()),
        password: Some(password.into()),
        ..Credentials::default()
    };
    let server = SftpServer {
        target: Target {
            protocol: Protocol::Ssh,
            transport: Transport::Tcp { host: "127.0.0.1".into(), port: sshd.port() },
            tls: TlsSettings::default(),
        },
        config: SshConfig {
            login: Login { credentials, ..Login::default() },
            host_keys: HostKeys::Pinned(vec![sshd.host_key().unwrap().parse().unwrap()]),
            ..SshConfig::default()
        },
        policy: Arc::new(TargetPolicy { rules: vec![rule], unix_dirs: vec![] }),
        timeouts: Timeouts::default(),
    };
    let store = SftpStore::of(server, ".");
    store.list(&StorePath::ROOT, None).await.unwrap();
    for run in 1..=3 {
        let place = StorePath::new(&format!("file{run}")).unwrap();
        let start = Instant::now();
        up(&store, &place).await;
        let up_time = start.elapsed();
        let start = Instant::now();
        down(&store, &place).await;
        let down_time = start.elapsed();
        store.remove(&place).await.unwrap();
        let rate = |time: std::time::Duration| u128::from(FILE_BYTES) / time.as_micros().max(1);
        println!("ssh, run {run}: up {} MB/s, down {} MB/s", rate(up_time), rate(down_time));
    }
}

async fn up(store: &dyn Store, place: &StorePath) {
    let source = Source { size: FILE_BYTES, modified_ms: 0 };
    let mut upload = Upload::begin(store, place.clone(), source, true).await.unwrap();
    let piece = Bytes::from(vec![7; PIECE_BYTES]);
    while !upload.is_whole() {
        upload.write(upload.written(), piece.clone()).await.unwrap();
    }
    upload.finish(store).await.unwrap();
}

async fn down(store: &dyn Store, place: &StorePath) {
    let file = store.open_read(place).await.unwrap();
    let mut at = 0;
    while at < FILE_BYTES {
        at += file.read_at(at, PIECE_BYTES).await.unwrap().len() as u64;
    }
}
