use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::{ANSWER_MAX_BYTES, Kdc, KdcClient, KdcTransport};
use crate::{DialError, Protocol, Rule, TargetPolicy, Timeouts};

fn client(url: &str, is_open: bool) -> KdcClient {
    let rule = Rule {
        protocols: vec![Protocol::Rdp],
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        names: vec![],
        ports: vec![1..=u16::MAX],
        allow_special: true,
    };
    let rules = if is_open { vec![rule] } else { Vec::new() };
    let policy = Arc::new(TargetPolicy { rules, unix_dirs: vec![] });
    KdcClient::new(url.parse().unwrap(), Protocol::Rdp, policy, Timeouts::default())
}

#[test]
fn urls_are_read() {
    let cases = [
        ("tcp://dc", KdcTransport::Tcp, "dc", 88),
        ("udp://[::1]:8888", KdcTransport::Udp, "[::1]", 8888),
        ("https://proxy", KdcTransport::Https, "proxy", 443),
        ("https://proxy/a?b", KdcTransport::Https, "proxy", 443),
    ];
    for (url, transport, host, port) in cases {
        let kdc: Kdc = url.parse().unwrap();
        assert_eq!((kdc.transport(), kdc.host(), kdc.port()), (transport, host, port));
    }
    for url in ["", "dc", "dc:88", "http://dc", "tcp://a@dc", "tcp://dc/x", "ftp://dc", "tcp://"] {
        assert!(url.parse::<Kdc>().is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_stream_has_one_answer_of_bounded_length() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in [&b"\0\0\0\x02ok"[..], b"\x7f\xff\xff\xff", b"\0\0\0\x09cut"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 7];
            stream.read_exact(&mut question).await.unwrap();
            assert_eq!(&question, b"\0\0\0\x03ask");
            stream.write_all(answer).await.unwrap();
        }
    });
    let ask = || client(&url, true).ask(b"\0\0\0\x03ask".as_slice().into());
    assert_eq!(&ask().await.unwrap()[..], b"\0\0\0\x02ok");
    let giant = ask().await.unwrap_err();
    assert!(matches!(giant, DialError::OverLimit { limit, .. } if limit == ANSWER_MAX_BYTES));
    assert!(matches!(ask().await.unwrap_err(), DialError::Kdc { .. }));
}

#[tokio::test]
async fn what_is_too_long_for_a_datagram_comes_over_a_stream() {
    // The same port for both, as KDCs have it; another test may have taken it for one of them.
    let (socket, listener) = loop {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(listener) = TcpListener::bind(socket.local_addr().unwrap()).await {
            break (socket, listener);
        }
    };
    let url = format!("udp://{}", socket.local_addr().unwrap());
    tokio::spawn(async move {
        let mut question = [0; 16];
        for answer in [&b"small"[..], b"\x7e\x07\x30\x05\xa6\x03\x02\x01\x34"] {
            let (len, from) = socket.recv_from(&mut question).await.unwrap();
            assert_eq!(&question[..len], b"ask");
            socket.send_to(answer, from).await.unwrap();
        }
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 7];
        stream.read_exact(&mut question).await.unwrap();
        assert_eq!(&question, b"\0\0\0\x03ask");
        stream.write_all(b"\0\0\0\x05large").await.unwrap();
    });
    let ask = || client(&url, true).ask(b"ask".as_slice().into());
    assert_eq!(&ask().await.unwrap()[..], b"\0\0\0\x05small");
    assert_eq!(&ask().await.unwrap()[..], b"\0\0\0\x05large");
}

#[tokio::test]
async fn a_kdc_that_the_policy_does_not_open_is_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let refused = client(&url, false).ask(b"ask".as_slice().into()).await.unwrap_err();
    assert!(matches!(refused, DialError::Policy(_)));
}
