//! Against a WebSocket server in memory.

use futures_util::{SinkExt, StreamExt};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Bytes, Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{HeaderValue, StatusCode},
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use super::{MESSAGE_MAX_BYTES, Upgrade, WebSocketBytes};
use crate::{error::DialError, target::WebSocketTarget};

type Server = WebSocketStream<DuplexStream>;

/// What the server thinks of a request.
type Answer = fn(&Request, Response) -> Result<Response, ErrorResponse>;

#[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "the library's signature")]
fn binary(_request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("binary"));
    Ok(response)
}

#[expect(clippy::result_large_err, reason = "the library's signature")]
fn unauthorized(_request: &Request, _response: Response) -> Result<Response, ErrorResponse> {
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    Err(refusal)
}

async fn upgrade(
    target: &WebSocketTarget,
    answer: Answer,
) -> (Result<WebSocketBytes, DialError>, Option<Server>) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let upgrade = Upgrade::of(target).unwrap();
    let (client, server) =
        tokio::join!(upgrade.run(Box::new(ours)), accept_hdr_async(theirs, answer));
    (client, server.ok())
}

async fn pair() -> (WebSocketBytes, Server) {
    let (client, server) = upgrade(&WebSocketTarget::new("ws://desk.example/"), binary).await;
    (client.map_err(|error| error.to_string()).unwrap(), server.unwrap())
}

async fn read(client: &mut WebSocketBytes, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    client.read_exact(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn messages_are_one_stream() {
    let (mut client, mut server) = pair().await;
    for message in [&b"RFB 0"[..], b"", b"03.008\n"] {
        server.send(Message::Binary(Bytes::from_static(message))).await.unwrap();
    }
    assert_eq!(read(&mut client, 12).await, b"RFB 003.008\n");

    client.write_all(b"RFB 003.008\n").await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap().into_data(), &b"RFB 003.008\n"[..]);
}

#[tokio::test]
async fn fragments_are_joined() {
    let (mut client, mut server) = pair().await;
    let frames = [
        Frame::message(&b"ab"[..], OpCode::Data(Data::Binary), false),
        Frame::message(&b"cd"[..], OpCode::Data(Data::Continue), false),
        Frame::message(&b"ef"[..], OpCode::Data(Data::Continue), true),
    ];
    for frame in frames {
        server.send(Message::Frame(frame)).await.unwrap();
    }
    assert_eq!(read(&mut client, 6).await, b"abcdef");
}

#[tokio::test]
async fn large_writes_become_several_messages() {
    let (mut client, mut server) = pair().await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let wrote = bytes.clone();
    let writer = tokio::spawn(async move {
        client.write_all(&wrote).await.unwrap();
        client.flush().await.unwrap();
        client
    });
    let mut got = Vec::new();
    while got.len() < bytes.len() {
        got.extend_from_slice(&server.next().await.unwrap().unwrap().into_data());
    }
    assert_eq!(got, bytes);
    writer.await.unwrap();
}

#[tokio::test]
async fn pings_are_answered_while_reading() {
    let (mut client, mut server) = pair().await;
    // More of them than one poll looks at.
    for n in 0..100_u8 {
        server.send(Message::Ping(Bytes::copy_from_slice(&[n]))).await.unwrap();
    }
    server.send(Message::Binary(Bytes::from_static(b"x"))).await.unwrap();
    assert_eq!(read(&mut client, 1).await, b"x");
    assert!(matches!(server.next().await.unwrap().unwrap(), Message::Pong(_)));
}

#[tokio::test]
async fn goodbyes_end_the_stream() {
    let (mut client, mut server) = pair().await;
    server.send(Message::Binary(Bytes::from_static(b"last"))).await.unwrap();
    server.close(None).await.unwrap();
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"last");

    let (mut client, server) = pair().await;
    drop(server);
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    assert!(client.write_all(b"x").await.is_err());
}

#[tokio::test]
async fn shutdown_says_goodbye() {
    let (mut client, mut server) = pair().await;
    let (done, heard) = tokio::join!(client.shutdown(), server.next());
    done.unwrap();
    assert!(matches!(heard.unwrap().unwrap(), Message::Close(_)));
}

#[tokio::test]
async fn text_is_a_fault() {
    let (mut client, mut server) = pair().await;
    server.send(Message::text("UkZCIDAwMw==")).await.unwrap();
    let error = client.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn huge_frames_are_refused_by_their_header() {
    let (mut client, mut server) = pair().await;
    // FIN and binary, then a 64-bit length.
    let mut header = vec![0x82, 127];
    header.extend_from_slice(&(MESSAGE_MAX_BYTES as u64 + 1).to_be_bytes());
    server.get_mut().write_all(&header).await.unwrap();
    assert!(client.read(&mut [0; 8]).await.is_err());
}

#[tokio::test]
async fn sends_the_headers_it_was_given() {
    #[expect(clippy::result_large_err, reason = "the library's signature")]
    fn check(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let headers = request.headers();
        assert_eq!(headers["authorization"], "Bearer secret");
        assert_eq!(headers["host"], "desk.example:8443");
        assert_eq!(headers["sec-websocket-protocol"], "plain.kubevirt.io, binary");
        assert_eq!(request.uri().to_string(), "/apis/vnc?x=1");
        binary(request, response)
    }
    let mut target = WebSocketTarget::new("ws://desk.example:8443/apis/vnc?x=1");
    target.subprotocols.insert(0, "plain.kubevirt.io".to_owned());
    target.headers.push(("Authorization".to_owned(), SecretString::from("Bearer secret")));
    let (client, _server) = upgrade(&target, check).await;
    assert!(client.is_ok());
    let shown = format!("{target:?}");
    assert!(!shown.contains("secret") && !shown.contains("x=1"), "{shown}");
}

#[tokio::test]
async fn refusals_carry_their_status() {
    let (client, _) = upgrade(&WebSocketTarget::new("ws://desk.example/"), unauthorized).await;
    let error = client.err().unwrap();
    assert!(matches!(error, DialError::WebSocketRefused { status: 401, .. }), "{error}");
    assert_eq!(error.blame(), porthole_remote::Blame::Credentials);
}

#[tokio::test]
async fn offered_subprotocols_have_to_be_taken_up() {
    #[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "the library's")]
    fn silent(_request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        Ok(response)
    }
    let mut target = WebSocketTarget::new("ws://desk.example/");
    let (client, _) = upgrade(&target, silent).await;
    assert!(matches!(client.err().unwrap(), DialError::WebSocket { .. }));
    target.subprotocols.clear();
    let (client, _) = upgrade(&target, silent).await;
    assert!(client.is_ok());
}

#[test]
fn bad_targets_are_refused() {
    let bad_header = |name: &str, value: &str| {
        let mut target = WebSocketTarget::new("ws://desk.example/");
        target.headers.push((name.to_owned(), SecretString::from(value)));
        target
    };
    let mut bad_subprotocol = WebSocketTarget::new("ws://desk.example/");
    bad_subprotocol.subprotocols.push("a\r\nb".to_owned());
    let targets = [
        WebSocketTarget::new("desk.example"),
        WebSocketTarget::new("ftp://desk.example/"),
        WebSocketTarget::new("ws://user@desk.example/"),
        bad_subprotocol,
        bad_header("Authorization", "two\r\nlines"),
        bad_header("bad name", "x"),
        bad_header("Host", "elsewhere.example"),
        bad_header("Sec-WebSocket-Key", "x"),
    ];
    for target in targets {
        assert!(matches!(Upgrade::of(&target), Err(DialError::BadTarget { .. })), "{target:?}");
    }
}

#[test]
fn ports_follow_the_scheme() {
    let cases = [
        ("ws://desk.example/", 80, false),
        ("wss://desk.example", 443, true),
        ("wss://[2001:db8::1]:6080/websockify", 6080, true),
    ];
    for (url, port, secure) in cases {
        let upgrade = Upgrade::of(&WebSocketTarget::new(url)).unwrap();
        assert_eq!((upgrade.port(), upgrade.is_secure()), (port, secure), "{url}");
    }
}
