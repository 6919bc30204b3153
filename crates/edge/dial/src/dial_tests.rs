//! From targets to streams, with a resolver that says what the test wants.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use porthole_remote::Blame;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream, UnixListener},
};

use super::{Dialled, Host, dial, dial_with};
use crate::{
    DialError, PolicyError, Protocol, Resolve, Resolving, Rule, Step, Target, TargetPolicy,
    Timeouts, TlsSettings, Transport, WebSocketTarget,
};

/// Loopback on any port.
fn loopback() -> TargetPolicy {
    let rule = Rule {
        protocols: vec![Protocol::Vnc],
        networks: vec!["127.0.0.0/8".parse().unwrap(), "192.0.2.0/24".parse().unwrap()],
        names: vec![],
        ports: vec![1..=u16::MAX],
        allow_special: true,
    };
    TargetPolicy { rules: vec![rule], unix_dirs: vec![] }
}

fn target(transport: Transport) -> Target {
    Target { protocol: Protocol::Vnc, transport, tls: TlsSettings::default() }
}

fn tcp(host: &str, port: u16) -> Target {
    target(Transport::Tcp { host: host.to_owned(), port })
}

/// Gives one answer after another, and fails when there are no more.
struct Script {
    answers: Vec<Vec<&'static str>>,
    asked: AtomicUsize,
}

impl Script {
    fn new(answers: &[&[&'static str]]) -> Self {
        Self {
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            asked: AtomicUsize::new(0),
        }
    }
}

impl Resolve for Script {
    fn resolve<'a>(&'a self, _host: &'a str, port: u16) -> Resolving<'a> {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let answer = self.answers.get(turn).ok_or(io::ErrorKind::NotFound)?;
            Ok(answer.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), port)).collect())
        })
    }
}

/// Never answers.
struct Silent;

impl Resolve for Silent {
    fn resolve<'a>(&'a self, _host: &'a str, _port: u16) -> Resolving<'a> {
        Box::pin(std::future::pending())
    }
}

async fn via(resolver: &dyn Resolve, host: &str, port: u16) -> Result<Dialled, DialError> {
    dial_with(resolver, &tcp(host, port), &loopback(), &Timeouts::default()).await
}

#[test]
fn tells_addresses_from_names() {
    let address = |text: &str| Host::Address(text.parse().unwrap());
    assert_eq!(Host::parse("127.0.0.1").unwrap(), address("127.0.0.1"));
    assert_eq!(Host::parse("::1").unwrap(), address("::1"));
    assert_eq!(Host::parse("[::1]").unwrap(), address("::1"));
    assert_eq!(Host::parse("my_host-1.example").unwrap().to_string(), "my_host-1.example");
    let long = "a".repeat(254);
    for bad in ["", "a b", "a\n", "a/b", "a@b", "[::1", "fe80::1%lo", "b\u{fc}cher", &long] {
        assert!(matches!(Host::parse(bad), Err(DialError::BadTarget { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn connects_to_what_was_checked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let script = Script::new(&[&["127.0.0.1"]]);
    let mut dialled = via(&script, "desk.example", addr.port()).await.unwrap();
    assert_eq!(dialled.peer, addr.to_string());
    assert_eq!(dialled.tls.server_name.as_deref(), Some("desk.example"));
    let (mut stream, _) = listener.accept().await.unwrap();
    dialled.stream.write_all(b"hi").await.unwrap();
    let mut bytes = [0; 2];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hi");
}

#[tokio::test]
async fn a_name_is_looked_up_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // A second look would find another address.
    let script = Script::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    assert!(via(&script, "rebinding.example", port).await.is_ok());
    assert_eq!(script.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn only_permitted_answers_are_dialled() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Script::new(&[&["169.254.169.254", "10.0.0.1", "127.0.0.1"]]);
    let dialled = via(&script, "mixed.example", port).await.unwrap();
    assert_eq!(dialled.peer, format!("127.0.0.1:{port}"));

    let refused: [&[&str]; 3] = [&["10.0.0.1"], &["::ffff:10.0.0.1"], &["169.254.169.254"]];
    for answer in refused {
        let error = via(&Script::new(&[answer]), "mixed.example", port).await.unwrap_err();
        assert!(matches!(error, DialError::Policy(_)), "{error}");
        assert_eq!(error.blame(), Blame::Operator);
        // The log gets the address, the page does not.
        assert!(error.to_string().contains(&port.to_string()), "{error}");
        assert!(!error.public_message().contains("10.0"), "{}", error.public_message());
    }
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nobody listens on 127.0.0.2.
    let script = Script::new(&[&["127.0.0.2", "127.0.0.1"]]);
    let dialled = via(&script, "two.example", port).await.unwrap();
    assert_eq!(dialled.peer, format!("127.0.0.1:{port}"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_address_leaves_time_for_the_next() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let full = TcpSocket::new_v4().unwrap();
    full.bind(SocketAddr::from(([127, 0, 0, 2], port))).unwrap();
    let full = full.listen(1).unwrap();
    // Once the queue is full, the kernel drops further requests without a word.
    let mut waiting = Vec::new();
    let pause = Duration::from_millis(100);
    while let Ok(stream) =
        tokio::time::timeout(pause, TcpStream::connect(full.local_addr().unwrap())).await
    {
        waiting.push(stream.unwrap());
    }
    let timeouts = Timeouts { connect: Duration::from_millis(800), ..Timeouts::default() };
    let both = Script::new(&[&["127.0.0.2", "127.0.0.1"]]);
    let dialled = dial_with(&both, &tcp("two.example", port), &loopback(), &timeouts).await;
    assert_eq!(dialled.unwrap().peer, format!("127.0.0.1:{port}"));

    let one = Script::new(&[&["127.0.0.2"]]);
    let dialled = dial_with(&one, &tcp("one.example", port), &loopback(), &timeouts).await;
    let error = dialled.unwrap_err();
    assert!(matches!(error, DialError::Timeout { step: Step::Connect, .. }), "{error}");
}

#[tokio::test]
async fn refusals_are_told() {
    // Bound and not listening: taken, so that nobody else can answer, and refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    let error = dial(&tcp("127.0.0.1", port), &loopback(), &Timeouts::default()).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("connect", Blame::Remote));
    assert_eq!(error.public_message(), "the remote refused the connection");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");

    let error = via(&Script::new(&[]), "absent.example", port).await.unwrap_err();
    assert_eq!(error.cause(), "resolve");
    assert!(error.to_string().contains("absent.example"), "{error}");
    let error = via(&Script::new(&[&[]]), "empty.example", port).await.unwrap_err();
    assert!(matches!(error, DialError::NoAddresses));
}

#[tokio::test(start_paused = true)]
async fn lookups_time_out() {
    let error = via(&Silent, "slow.example", 5900).await.unwrap_err();
    assert!(matches!(error, DialError::Timeout { step: Step::Resolve, .. }), "{error}");
    assert!(!error.public_message().contains("slow.example"));
}

#[tokio::test]
async fn many_answers_cost_no_more_than_a_few() {
    struct Many;
    impl Resolve for Many {
        fn resolve<'a>(&'a self, _host: &'a str, port: u16) -> Resolving<'a> {
            let answers = (0..100_000_u32).map(move |low| {
                SocketAddr::from((std::net::Ipv4Addr::from_bits(0x0a00_0000 + low), port))
            });
            Box::pin(async move {
                let last = SocketAddr::from(([127, 0, 0, 1], port));
                Ok(answers.chain([last]).collect())
            })
        }
    }
    let error = via(&Many, "many.example", 5900).await.unwrap_err();
    assert!(matches!(error, DialError::Policy(PolicyError::NotPermitted { .. })), "{error}");
}

#[tokio::test]
async fn unix_sockets_are_reached() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vnc.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let policy = TargetPolicy { rules: vec![], unix_dirs: vec![dir.path().to_owned()] };
    let unix = |path: PathBuf| target(Transport::Unix { path });

    let mut dialled = dial(&unix(path.clone()), &policy, &Timeouts::default()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(b"RFB").await.unwrap();
    let mut bytes = [0; 3];
    dialled.stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"RFB");

    let error = dial(&unix(path), &loopback(), &Timeouts::default()).await.unwrap_err();
    assert!(matches!(error, DialError::Policy(PolicyError::UnixOutside { .. })), "{error}");
    assert!(!error.public_message().contains("vnc.sock"));
}

#[tokio::test]
async fn websockets_pass_through_the_policy() {
    for (url, cause) in [
        ("ws://10.0.0.1:5900/", "policy"),
        ("wss://169.254.169.254/", "policy"),
        ("ws://[::ffff:169.254.169.254]/", "policy"),
        ("ws://user:secret@127.0.0.1/", "bad_target"),
        ("http://127.0.0.1/", "bad_target"),
        ("ws:///path", "bad_target"),
        ("127.0.0.1", "bad_target"),
    ] {
        let target = target(Transport::WebSocket(WebSocketTarget::new(url)));
        let error = dial(&target, &loopback(), &Timeouts::default()).await.unwrap_err();
        assert_eq!(error.cause(), cause, "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_silent_websocket_server_times_out() {
    // The system accepts for a listener that never does.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let target = target(Transport::WebSocket(WebSocketTarget::new(url)));
    let timeouts = Timeouts { connect: Duration::from_millis(200), ..Timeouts::default() };
    let error = dial(&target, &loopback(), &timeouts).await.unwrap_err();
    assert!(matches!(error, DialError::Timeout { step: Step::WebSocket, .. }), "{error}");
}
