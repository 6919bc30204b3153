use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
};

use super::site;
use crate::{
    App,
    config::{Config, testing},
    serve::Gateway,
};

/// A gateway on a port of its own.
struct Running {
    address: SocketAddr,
    app: Arc<App>,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start(config: &str) -> Self {
        Self::with(testing::config(config)).await
    }

    async fn with(mut config: Config) -> Self {
        config.server.listen = ([127, 0, 0, 1], 0).into();
        let gateway = Gateway::bind(Arc::new(config)).await.unwrap();
        let (address, app) = (gateway.local_addr().unwrap(), Arc::clone(gateway.app()));
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(gateway.run_until(async {
            drop(stopped.await);
        }));
        Self { address, app, stop, ended }
    }

    /// Sends one request, after which the server is to close, and reads the answer.
    async fn ask(&self, line: &str, headers: &str) -> Reply {
        let host = self.address;
        let request =
            format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
        self.send(&request).await
    }

    async fn send(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        Reply::parse(&bytes)
    }

    /// Asks for the link, with these headers beside those that every browser sends.
    async fn upgrade(&self, target: &str, headers: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: keep-alive, Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        }
        Reply::parse(&bytes)
    }
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

#[tokio::test]
async fn serves_the_client() {
    let gateway = Running::start("").await;
    for path in ["/", "/s", "/s?x=1"] {
        let page = gateway.ask(&format!("GET {path}"), "").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(page.header("cache-control"), Some("no-cache"));
        assert!(page.body.starts_with(b"<!doctype html>"));
        assert_eq!(page.header("content-length"), Some(page.body.len().to_string().as_str()));
    }
    let asset = site::any_immutable_path().unwrap();
    let found = gateway.ask(&format!("GET {asset}"), "").await;
    assert_eq!(found.status, 200);
    assert_eq!(found.header("cache-control"), Some("public, max-age=31536000, immutable"));
}

#[tokio::test]
async fn compresses_as_the_browser_likes() {
    let gateway = Running::start("").await;
    // The largest file is certainly worth compressing.
    let path = site::largest_path().unwrap();
    let line = format!("GET {path}");
    let plain = gateway.ask(&line, "").await;
    assert_eq!(plain.header("content-encoding"), None);
    let gzip = gateway.ask(&line, "accept-encoding: gzip\r\n").await;
    let brotli = gateway.ask(&line, "accept-encoding: gzip, deflate, br\r\n").await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    assert!(brotli.body.len() < gzip.body.len() && gzip.body.len() < plain.body.len());
    assert!(gzip.body.starts_with(&[0x1f, 0x8b]));
    for reply in [&plain, &gzip, &brotli] {
        assert_eq!(reply.header("vary"), Some("accept-encoding"));
    }
    assert_ne!(plain.header("etag"), gzip.header("etag"));
    assert_ne!(gzip.header("etag"), brotli.header("etag"));
}

#[tokio::test]
async fn knows_what_the_browser_has() {
    let gateway = Running::start("").await;
    let first = gateway.ask("GET /", "").await;
    let etag = first.header("etag").unwrap();
    for known in [etag.to_owned(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let again = gateway.ask("GET /", &format!("if-none-match: {known}\r\n")).await;
        assert_eq!(again.status, 304, "{known}");
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), Some(etag));
        assert!(again.header("content-security-policy").is_some());
    }
    let changed = gateway.ask("GET /", "if-none-match: \"x\"\r\n").await;
    assert_eq!(changed.status, 200);
    let head = gateway.ask("HEAD /", "").await;
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), first.header("content-length"));
    assert_eq!(head.header("etag"), Some(etag));
}

#[tokio::test]
async fn every_answer_is_secured() {
    let gateway = Running::start("[server]\nframe_ancestors = [\"https://a.example\"]\n").await;
    for line in ["GET /", "GET /absent", "GET /healthz", "GET /link", "POST /", "HEAD /s"] {
        let reply = gateway.ask(line, "").await;
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("; script-src 'self' 'sha256-"), "{policy}");
        assert!(policy.ends_with("frame-ancestors https://a.example"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{line}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"));
        assert!(reply.header("permissions-policy").unwrap().contains("clipboard-read=(self)"));
        assert_eq!(reply.header("strict-transport-security"), None);
        assert_eq!(reply.header("location"), None);
    }
}

#[tokio::test]
async fn the_policy_allows_what_stands_in_the_page() {
    let gateway = Running::start("").await;
    let page = gateway.ask("GET /", "").await;
    let policy = page.header("content-security-policy").unwrap();
    let text = std::str::from_utf8(&page.body).unwrap();
    for element in ["script", "style"] {
        let (_, part) = text.split_once(&format!("<{element}>")).unwrap();
        let (inside, _) = part.split_once(&format!("</{element}>")).unwrap();
        let hash = STANDARD.encode(Sha256::digest(inside));
        let allowed = format!("; {element}-src 'self' 'sha256-{hash}';");
        assert!(policy.contains(&allowed), "{policy}");
    }
}

#[tokio::test]
async fn hello_may_come_with_the_request() {
    let gateway = Running::start("").await;
    let answer = async |hello: &[u8], want: &str| {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let request = format!(
            "GET /link HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: porthole.v1, porthole.token.a.b.c, porthole.hello.{}\r\n\r\n",
            gateway.address,
            URL_SAFE_NO_PAD.encode(hello),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // Without another word from this side.
        while !String::from_utf8_lossy(&bytes).contains(want) {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
        }
        let Reply { status, head, .. } = Reply::parse(&bytes);
        assert_eq!(status, 101, "{head}");
        assert!(!head.contains("hello"), "{head}");
    };
    let hello = [1, 13, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0];
    answer(&hello, "malformed").await;
    let mut newer = hello;
    newer[4] = 2;
    answer(&newer, "link_version").await;
    // A record of another kind, and none.
    answer(&[7, 0, 0, 0], "no_hello").await;
    answer(&[], "no_hello").await;

    let junk = "sec-websocket-protocol: porthole.v1, porthole.hello.!\r\n";
    assert_eq!(gateway.upgrade("/link", junk).await.status, 400);
    let long =
        format!("sec-websocket-protocol: porthole.v1, porthole.hello.{}\r\n", "A".repeat(1028));
    assert_eq!(gateway.upgrade("/link", &long).await.status, 400);
}

#[tokio::test]
async fn refuses_what_it_does_not_serve() {
    let gateway = Running::start("").await;
    for (line, status, allow) in [
        ("GET /absent", 404, None),
        ("GET /index.htm", 404, None),
        ("GET //evil.example/", 404, None),
        ("GET //evil.example/%2f..", 404, None),
        ("GET /..%2f..%2fetc/passwd", 404, None),
        ("GET /assets/../index.html", 404, None),
        ("GET /assets/", 404, None),
        ("GET /s/", 404, None),
        ("DELETE /absent", 404, None),
        ("POST /", 405, Some("GET, HEAD")),
        ("POST /healthz", 405, Some("GET, HEAD")),
        ("PUT /readyz", 405, Some("GET, HEAD")),
        ("POST /link", 405, Some("GET")),
        ("HEAD /link", 405, Some("GET")),
        ("GET /metrics", 404, None),
        ("GET http://evil.example/", 400, None),
        ("OPTIONS *", 400, None),
        ("GET /healthz", 200, None),
        ("GET /readyz", 200, None),
    ] {
        let reply = gateway.ask(line, "").await;
        assert_eq!(reply.status, status, "{line}");
        assert_eq!(reply.header("allow"), allow, "{line}");
        assert!(reply.body.len() < 200);
    }
    let malformed = gateway.send("GET / HTTP/1.1\r\nbroken header\r\n\r\n").await;
    assert_eq!(malformed.status, 400);
    let huge = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(300 << 10));
    assert_eq!(gateway.send(&huge).await.status, 431);
}

#[tokio::test]
async fn opens_the_link() {
    let gateway = Running::start("").await;
    let offered = "sec-websocket-protocol: porthole.v1, porthole.token.a.b.c\r\n";
    let reply = gateway.upgrade("/link", offered).await;
    assert_eq!(reply.status, 101, "{}", reply.head);
    assert_eq!(reply.header("sec-websocket-protocol"), Some("porthole.v1"));
    // The key and its answer are those of RFC 6455 §1.3.
    assert_eq!(reply.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(!reply.head.contains("a.b.c"));

    let by_query = gateway.upgrade("/link?token=a.b.c", "").await;
    assert_eq!(by_query.status, 101);
    assert_eq!(by_query.header("sec-websocket-protocol"), None);
    let own = format!("origin: http://{}\r\n", gateway.address);
    assert_eq!(gateway.upgrade("/link", &own).await.status, 101);
}

#[tokio::test]
async fn refuses_bad_upgrades() {
    let gateway = Running::start("").await;
    for origin in ["http://evil.example", "null", &format!("https://{}", gateway.address)] {
        let reply = gateway.upgrade("/link", &format!("origin: {origin}\r\n")).await;
        assert_eq!(reply.status, 403, "{origin}");
    }
    let other = "sec-websocket-protocol: binary\r\n";
    assert_eq!(gateway.upgrade("/link", other).await.status, 400);

    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    let key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "sec-websocket-version: 13\r\n";
    for (headers, status) in [
        (String::new(), 426),
        (format!("{key}{version}"), 426),
        (format!("connection: upgrade\r\n{key}{version}"), 426),
        (format!("connection: upgrade\r\nupgrade: h2c\r\n{key}{version}"), 426),
        (format!("{upgrade}{key}"), 426),
        (format!("{upgrade}{key}sec-websocket-version: 8\r\n"), 426),
        (format!("{upgrade}{version}"), 400),
        (format!("{upgrade}{version}sec-websocket-key: short\r\n"), 400),
    ] {
        let request = format!("GET /link HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = vec![0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        assert_eq!(Reply::parse(&bytes[..read]).status, status, "{headers}");
    }
    let text = gateway.app.metrics.render();
    assert!(text.contains("porthole_links_refused_total{cause=\"origin\"} 3"), "{text}");
}

#[tokio::test]
async fn draining_is_told_before_the_end() {
    let gateway = Running::start("[server]\ndrain_s = 0\n").await;
    assert_eq!(gateway.ask("GET /readyz", "").await.status, 200);
    gateway.app.draining.start();
    assert_eq!(gateway.ask("GET /readyz", "").await.status, 503);
    assert_eq!(gateway.ask("GET /healthz", "").await.status, 200);
    // An idle connection does not hold the gateway back.
    let _idle = TcpStream::connect(gateway.address).await.unwrap();
    gateway.stop.send(()).unwrap();
    gateway.ended.await.unwrap();
    assert!(TcpStream::connect(gateway.address).await.is_err());
}

#[tokio::test]
async fn speaks_tls() {
    let dir = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["desk.example".to_owned()]).unwrap();
    std::fs::write(dir.path().join("c"), pair.cert.pem()).unwrap();
    std::fs::write(dir.path().join("k"), pair.signing_key.serialize_pem()).unwrap();
    let text = format!("[server.tls]\ncert_file = \"c\"\nkey_file = \"k\"\n{}", testing::TOKENS);
    let config = Config::from_text(&dir.path().join("f"), &text, []).unwrap();
    let gateway = Running::with(config).await;

    let settings = porthole_dial::TlsSettings {
        verify: porthole_dial::Verify::Ca(vec![pair.cert.der().clone()]),
        server_name: Some("desk.example".to_owned()),
        ..porthole_dial::TlsSettings::default()
    };
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let kind = porthole_remote::Secure::Certificate;
    let mut stream =
        porthole_dial::secure(Box::new(stream), &settings, kind, Duration::from_secs(10))
            .await
            .unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: desk.example\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let reply = Reply::parse(&bytes);
    assert_eq!(reply.status, 200);
    assert!(reply.header("strict-transport-security").is_some());
}

#[tokio::test]
async fn keeps_to_its_number_of_connections() {
    let gateway = Running::start("[server]\nconnections_max = 1\n").await;
    let mut first = TcpStream::connect(gateway.address).await.unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut bytes = [0; 16];
    first.read_exact(&mut bytes).await.unwrap();
    let mut second = TcpStream::connect(gateway.address).await.unwrap();
    // Closed by the gateway; whether the system calls that an end or an error is its affair.
    assert_eq!(second.read(&mut bytes).await.unwrap_or(0), 0);
    assert!(gateway.app.metrics.render().contains("porthole_connections_refused_total 1"));
}

#[tokio::test]
async fn serves_metrics_on_a_listener_of_their_own() {
    let app = Arc::new(App::new(Arc::new(testing::config(""))).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { super::serve_metrics(&app, listener).await });
    for (path, status, want) in
        [("/metrics", 200, "porthole_sessions 0"), ("/healthz", 200, "ok"), ("/", 404, "/metrics")]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let reply = Reply::parse(&bytes);
        assert_eq!(reply.status, status);
        assert!(String::from_utf8(reply.body).unwrap().contains(want), "{path}");
    }
    serving.abort();
}
