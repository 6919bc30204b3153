//! A scripted remote over streams in memory.

#[path = "drive_tests/fake.rs"]
mod fake;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use fake::{Fake, nickname};
use porthole_pixels::{Size, Surface};
use porthole_remote::{Blame, Event, Input};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    time::Instant,
};

use super::{Driven, DrivenEvent, DrivenLimits};
use crate::{
    error::DialError,
    stream::BoxStream,
    tls::{TlsFault, TlsSettings, Verify},
};

fn surface() -> Surface {
    Surface::new(Size::default()).unwrap()
}

fn drive(stream: impl Into<BoxStream>, tls: TlsSettings) -> Driven {
    Driven::new(stream.into(), Box::new(Fake::default()), tls, DrivenLimits::default())
}

fn over(stream: DuplexStream) -> Driven {
    drive(Box::new(stream) as BoxStream, TlsSettings::default())
}

fn message(command: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![command, u8::try_from(body.len()).unwrap()];
    bytes.extend_from_slice(body);
    bytes
}

fn title(text: &str) -> DrivenEvent {
    DrivenEvent::Event(Event::Title(text.to_owned()))
}

/// A session may run on any thread.
#[test]
fn can_be_sent() {
    const fn check<T: Send>(_: &T) {}
    let (mut driven, mut surface) = (over(duplex(1).0), surface());
    check(&driven);
    check(&driven.next(&mut surface));
}

/// Calls `next` and drops it after one poll, until it has something to say.
async fn next_impatiently(driven: &mut Driven, surface: &mut Surface) -> DrivenEvent {
    loop {
        tokio::select! {
            biased;
            event = driven.next(surface) => return event.unwrap(),
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn dropping_next_loses_and_repeats_nothing() {
    // Room for a few bytes only, so that reads and writes are always partial.
    let (ours, theirs) = duplex(5);
    let (mut reader, mut writer) = tokio::io::split(theirs);
    let names: Vec<String> = (0..300).map(|n| format!("message {n}")).collect();
    let sent: Vec<u8> = names.iter().flat_map(|name| message(b'e', name.as_bytes())).collect();
    let peer = tokio::spawn(async move {
        for piece in sent.chunks(7) {
            writer.write_all(piece).await.unwrap();
        }
        writer
    });
    let echoes = tokio::spawn(async move {
        let mut bytes = vec![0; (0..300).map(|n| format!("message {n}").len()).sum()];
        reader.read_exact(&mut bytes).await.unwrap();
        bytes
    });

    let (mut driven, mut surface) = (over(ours), surface());
    for name in &names {
        assert_eq!(next_impatiently(&mut driven, &mut surface).await, title(name));
    }
    let mut rest = Box::pin(async { driven.next(&mut surface).await });
    let echoed = tokio::select! {
        event = &mut rest => panic!("{event:?}"),
        echoed = echoes => echoed.unwrap(),
    };
    assert_eq!(String::from_utf8(echoed).unwrap(), names.concat());
    drop(peer.await.unwrap());
}

#[tokio::test]
async fn reading_goes_on_while_nobody_reads_us() {
    let (ours, mut theirs) = duplex(64);
    let (mut driven, mut surface) = (over(ours), surface());
    driven.handle_input(Input::Text("x".repeat(10_000)));
    for n in 0..50 {
        let name = format!("still here {n}");
        theirs.write_all(&message(b'e', name.as_bytes())).await.unwrap();
        assert_eq!(driven.next(&mut surface).await.unwrap(), title(&name));
    }
}

#[tokio::test(start_paused = true)]
async fn a_remote_that_reads_nothing_is_given_up() {
    let (ours, mut theirs) = duplex(64);
    let (mut driven, mut surface) = (over(ours), surface());
    driven.handle_input(Input::Text("x".repeat(200)));
    let began = Instant::now();
    // Progress, however small, starts the wait anew.
    let stalls = async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        theirs.read_exact(&mut [0; 10]).await.unwrap();
        std::future::pending::<()>().await;
    };
    let error = tokio::select! {
        result = driven.next(&mut surface) => result.unwrap_err(),
        () = stalls => unreachable!(),
    };
    assert!(matches!(error, DialError::WriteStalled { .. }), "{error}");
    assert!(began.elapsed() >= Duration::from_secs(35), "{:?}", began.elapsed());
    assert_eq!(driven.next(&mut surface).await.unwrap(), DrivenEvent::Closed);
}

#[tokio::test]
async fn input_is_never_dropped_in_silence() {
    let (ours, _theirs) = duplex(64);
    let limits = DrivenLimits { out_max_bytes: 1000, ..DrivenLimits::default() };
    let mut driven =
        Driven::new(Box::new(ours), Box::new(Fake::default()), TlsSettings::default(), limits);
    for _ in 0..4 {
        driven.handle_input(Input::Text("x".repeat(300)));
    }
    let error = driven.next(&mut surface()).await.unwrap_err();
    assert!(matches!(error, DialError::OverLimit { value: 1200, limit: 1000, .. }), "{error}");
}

#[tokio::test]
async fn panics_stay_inside() {
    let (ours, mut theirs) = duplex(64);
    let (mut driven, mut surface) = (over(ours), surface());
    theirs.write_all(&message(b'p', b"!")).await.unwrap();
    let error = driven.next(&mut surface).await.unwrap_err();
    assert_eq!(error.to_string(), "the driver panicked: cannot take [33]");
    assert_eq!((error.cause(), error.blame()), ("panicked", Blame::Remote));
    assert_eq!(driven.next(&mut surface).await.unwrap(), DrivenEvent::Closed);

    let (ours, _theirs) = duplex(64);
    let mut driven = over(ours);
    driven.handle_input(Input::Text("panic".to_owned()));
    driven.handle_input(Input::Text("not handed on".to_owned()));
    let error = driven.next(&mut surface).await.unwrap_err();
    assert!(matches!(error, DialError::RemotePanicked { .. }), "{error}");
}

#[tokio::test]
async fn events_come_before_the_fault_that_follows_them() {
    let (ours, mut theirs) = duplex(64);
    let (mut driven, mut surface) = (over(ours), surface());
    theirs.write_all(&message(b'e', b"first")).await.unwrap();
    assert_eq!(driven.next(&mut surface).await.unwrap(), title("first"));
    theirs.write_all(&message(b'?', b"")).await.unwrap();
    let error = driven.next(&mut surface).await.unwrap_err();
    assert_eq!((error.cause(), error.to_string().as_str()), ("fake", "bad command"));
    assert_eq!(error.public_message(), "bad command");
    assert_eq!(driven.next(&mut surface).await.unwrap(), DrivenEvent::Closed);
}

#[tokio::test]
async fn a_remote_that_leaves_ends_it() {
    let (ours, mut theirs) = duplex(64);
    let (mut driven, mut surface) = (over(ours), surface());
    theirs.write_all(&message(b'e', b"last words")).await.unwrap();
    drop(theirs);
    // Writing fails at once; what the remote had to say is heard all the same.
    driven.handle_input(Input::Text("too late".to_owned()));
    assert_eq!(driven.next(&mut surface).await.unwrap(), title("last words"));
    assert_eq!(driven.next(&mut surface).await.unwrap(), DrivenEvent::Closed);
    assert_eq!(driven.next(&mut surface).await.unwrap(), DrivenEvent::Closed);
}

#[tokio::test]
async fn the_last_bytes_are_written_before_the_end() {
    let (ours, mut theirs) = duplex(2);
    let (mut driven, mut surface) = (over(ours), surface());
    let peer = tokio::spawn(async move {
        theirs.write_all(&message(b'q', b"")).await.unwrap();
        let mut bytes = Vec::new();
        theirs.read_to_end(&mut bytes).await.unwrap();
        bytes
    });
    assert_eq!(driven.next(&mut surface).await.unwrap(), DrivenEvent::Closed);
    assert_eq!(peer.await.unwrap(), b"bye");

    let (ours, mut theirs) = duplex(2);
    let mut driven = over(ours);
    driven.handle_input(Input::Text("key up".to_owned()));
    let mut bytes = Vec::new();
    let ((), read) = tokio::join!(driven.shutdown(), theirs.read_to_end(&mut bytes));
    read.unwrap();
    assert_eq!(bytes, b"key up");
}

#[tokio::test(start_paused = true)]
async fn goodbyes_do_not_wait_for_ever() {
    let (ours, _theirs) = duplex(2);
    let mut driven = over(ours);
    driven.handle_input(Input::Text("nobody reads this".to_owned()));
    driven.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_kept() {
    let (ours, mut theirs) = duplex(64);
    let (mut driven, mut surface) = (over(ours), surface());
    let began = Instant::now();
    for turn in 1..=2 {
        theirs.write_all(&message(b'd', b"")).await.unwrap();
        assert_eq!(driven.next(&mut surface).await.unwrap(), title(&format!("timeout {turn}")));
    }
    assert!(began.elapsed() >= Duration::from_secs(14));
}

/// A stream on which a message that means nothing is always waiting.
struct Flood;

impl AsyncRead for Flood {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while buffer.remaining() >= 2 {
            buffer.put_slice(&message(b'.', b""));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_flood_leaves_others_their_turn() {
    let mut driven = drive(Box::new(Flood) as BoxStream, TlsSettings::default());
    let mut turns = 0;
    let mut surface = surface();
    let mut next = Box::pin(driven.next(&mut surface));
    while turns < 10 {
        tokio::select! {
            biased;
            event = &mut next => panic!("{event:?}"),
            () = tokio::task::yield_now() => turns += 1,
        }
    }
}

#[tokio::test]
async fn repeats_are_merged_and_floods_bounded() {
    let (ours, mut theirs) = duplex(1 << 20);
    let (mut driven, mut surface) = (over(ours), surface());
    theirs.write_all(&message(b'b', b"").repeat(1000)).await.unwrap();
    theirs.write_all(&message(b'q', b"")).await.unwrap();
    let mut bells = 0;
    while driven.next(&mut surface).await.unwrap() == DrivenEvent::Event(Event::Bell) {
        bells += 1;
    }
    assert!((1..10).contains(&bells), "{bells}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_holds_little() {
    let (ours, mut theirs) = duplex(1 << 20);
    let (mut driven, mut surface) = (over(ours), surface());
    theirs.write_all(&message(b'.', &[0; 254]).repeat(4000)).await.unwrap();
    theirs.write_all(b"e\x03ab").await.unwrap();
    let wait = tokio::time::timeout(Duration::from_secs(1), driven.next(&mut surface)).await;
    assert!(wait.is_err());
    assert!(driven.arrivals.bytes().capacity() > 16 << 10);
    let wait = tokio::time::timeout(Duration::from_secs(5), driven.next(&mut surface)).await;
    assert!(wait.is_err());
    assert!(driven.arrivals.bytes().capacity() <= 8 << 10);
    // The half message is still there.
    theirs.write_all(b"c").await.unwrap();
    assert_eq!(driven.next(&mut surface).await.unwrap(), title("abc"));
}

/// A TLS server's side of `stream`, and settings that trust it.
fn tls_server() -> (tokio_rustls::TlsAcceptor, TlsSettings) {
    use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};
    let made = rcgen::generate_simple_self_signed(vec!["desktop.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let pin = Sha256::digest(&certificate).into();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], made.signing_key.into())
        .unwrap();
    let settings = TlsSettings {
        verify: Verify::Pinned(vec![pin]),
        server_name: None,
        ..TlsSettings::default()
    };
    (Arc::new(config).into(), settings)
}

#[tokio::test]
async fn turns_into_tls_midway() {
    let (ours, mut theirs) = duplex(100);
    let (acceptor, tls) = tls_server();
    let Verify::Pinned(pins) = &tls.verify else { panic!("the settings pin it") };
    let pin = pins[0];
    let peer = tokio::spawn(async move {
        theirs.write_all(&message(b'e', b"plain")).await.unwrap();
        theirs.write_all(&message(b's', b"")).await.unwrap();
        let mut bytes = [0; 11];
        theirs.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"plainplease");
        let mut theirs = acceptor.accept(theirs).await.unwrap();
        theirs.write_all(&message(b'e', b"hidden")).await.unwrap();
        theirs.flush().await.unwrap();
        // What was typed during the handshake comes out inside it.
        let mut bytes = [0; 12];
        theirs.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"typed hidden");
        theirs.write_all(&message(b'q', b"")).await.unwrap();
        theirs.shutdown().await.unwrap();
    });

    let mut surface = surface();
    let mut driven = drive(Box::new(ours) as BoxStream, tls);
    assert_eq!(next_impatiently(&mut driven, &mut surface).await, title("plain"));
    while !matches!(driven.link, super::Link::Securing(_)) {
        tokio::select! {
            biased;
            event = driven.next(&mut surface) => panic!("{event:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    driven.handle_input(Input::Text("typed ".to_owned()));
    // The remote is told whose certificate it is.
    let shown = nickname(&pin);
    for name in [shown.as_str(), "hidden"] {
        assert_eq!(next_impatiently(&mut driven, &mut surface).await, title(name));
    }
    assert_eq!(next_impatiently(&mut driven, &mut surface).await, DrivenEvent::Closed);
    peer.await.unwrap();
}

#[tokio::test]
async fn plain_text_cannot_slip_into_tls() {
    let (ours, mut theirs) = duplex(1000);
    let mut bytes = message(b's', b"");
    bytes.extend(message(b'e', b"injected before the handshake"));
    theirs.write_all(&bytes).await.unwrap();
    let (_acceptor, tls) = tls_server();
    let mut driven = drive(Box::new(ours) as BoxStream, tls);
    let error = driven.next(&mut surface()).await.unwrap_err();
    assert!(matches!(error, DialError::Tls { fault: TlsFault::NotTls, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_hangs_is_given_up() {
    let (ours, mut theirs) = duplex(1000);
    theirs.write_all(&message(b's', b"")).await.unwrap();
    let (_acceptor, tls) = tls_server();
    let mut driven = drive(Box::new(ours) as BoxStream, tls);
    let error = driven.next(&mut surface()).await.unwrap_err();
    assert_eq!(error.cause(), "tls_timeout");
}

#[tokio::test]
async fn partial_messages_are_bounded() {
    let (ours, mut theirs) = duplex(1000);
    let limits = DrivenLimits { arrived_max_bytes: 100, ..DrivenLimits::default() };
    let mut driven =
        Driven::new(Box::new(ours), Box::new(Fake::default()), TlsSettings::default(), limits);
    theirs.write_all(&message(b'e', &[0; 200])[..150]).await.unwrap();
    let error = driven.next(&mut surface()).await.unwrap_err();
    assert!(matches!(error, DialError::OverLimit { value: 150, limit: 100, .. }), "{error}");
}

#[test]
fn prefixes_come_first() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut ours, theirs) = duplex(64);
        ours.write_all(b"def").await.unwrap();
        drop(ours);
        let mut prefixed = crate::prefixed::Prefixed::new(Bytes::from_static(b"abc"), theirs);
        let mut bytes = BytesMut::new();
        while prefixed.read_buf(&mut bytes).await.unwrap() > 0 {}
        assert_eq!(bytes.chunk(), b"abcdef");
    });
}
