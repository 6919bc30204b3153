//! The VNC driver: a stream means the same however it is cut, and costs what it is worth.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_pixels::{Size, Surface};
use porthole_remote::{
    Clipboard, Credentials, Event, Input, Output, PeerIdentity, Remote, RemoteError,
};
use porthole_rfb::{ARRIVED_MAX_BYTES, RfbClient, RfbConfig, Seed};

use super::CutStream;

/// Columns and rows of the desktop in [`rfb_session`]. Not a multiple of any tile's side, and
/// larger than most of them.
pub(super) const DESKTOP: Size = Size::new(100, 70);

/// Bytes that the client may send unasked, and for each byte that arrives. The dearest message is
/// one byte that is answered with ten.
const SENT_BASE_MAX_BYTES: usize = 4096;
const SENT_FACTOR_MAX: usize = 64;

/// What a stream meant to the client.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    events: Vec<Event>,
    /// Size and pixels, when nothing went wrong: a fault may strike in the middle of a rectangle.
    picture: Option<(Size, Vec<u8>)>,
    /// How it ended: well, or with the name of a fault.
    ending: Result<(), &'static str>,
}

/// A session, past the handshake, means the same however the network cuts it, and the client
/// neither hoards nor babbles.
///
/// # Panics
///
/// When not.
pub fn rfb_session(case: &CutStream) {
    check_cuts(case, &opening(DESKTOP));
}

/// The same from the first byte on. TLS is taken to succeed whenever the client asks for it.
///
/// # Panics
///
/// When not.
pub fn rfb_handshake(case: &CutStream) {
    check_cuts(case, &[]);
}

pub(super) fn check_cuts(case: &CutStream, prefix: &[u8]) {
    let whole = replay(&[prefix, case.bytes()]);
    let cut = replay(&case.pieces(prefix));
    assert_eq!(cut.ending, whole.ending, "cutting the stream changed how it ends");
    assert_eq!(cut.events, whole.events, "cutting the stream changed its events");
    assert!(cut.picture == whole.picture, "cutting the stream changed the picture");
}

/// A handshake of version 3.8 without security, for a desktop without a name.
pub(super) fn opening(size: Size) -> Vec<u8> {
    let mut bytes = b"RFB 003.008\n\x01\x01\0\0\0\0".to_vec();
    bytes.extend(size.width.to_be_bytes());
    bytes.extend(size.height.to_be_bytes());
    // A pixel format, which the client replaces by its own, and the length of the name.
    bytes.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    bytes.extend([0; 4]);
    bytes
}

fn replay(pieces: &[&[u8]]) -> Meaning {
    let mut replay = Replay::new();
    let fed = pieces.iter().try_for_each(|piece| replay.feed(piece));
    let ended = fed.and_then(|()| replay.client.handle_end(replay.now));
    replay.drain();
    let ending = ended.map_err(|error| error.cause());
    assert!(
        replay.sent_bytes <= SENT_BASE_MAX_BYTES + SENT_FACTOR_MAX * replay.fed_bytes,
        "{} bytes were answered with {}",
        replay.fed_bytes,
        replay.sent_bytes
    );
    // What it was handed undecoded must come to the same, too.
    replay.surface.settle();
    let pixels = replay.surface.bytes();
    // Without a comparison for each pixel: a fuzzer would trace them all.
    let opacity = pixels.as_chunks().0.iter().fold(u8::MAX, |all, [_, _, _, alpha]| all & alpha);
    assert_eq!(opacity, u8::MAX, "not opaque");
    let picture = ending.is_ok().then(|| (replay.surface.size(), pixels.to_vec()));
    Meaning { events: replay.events, picture, ending }
}

/// Most bytes of a clipboard format.
const CLIPBOARD_MAX_BYTES: usize = 4096;

/// An image to offer.
const PNG: &[u8] = include_bytes!("../../../../../tests/vectors/dib/picture.png");

struct Replay {
    client: RfbClient,
    surface: Surface,
    arrived: BytesMut,
    events: Vec<Event>,
    now: Instant,
    fed_bytes: usize,
    sent_bytes: usize,
}

impl Replay {
    fn new() -> Self {
        let now = Instant::now();
        let config = RfbConfig {
            credentials: Credentials {
                username: Some("user".into()),
                password: Some("password".into()),
                ..Credentials::default()
            },
            allow_plaintext_password: true,
            clipboard_max_bytes: CLIPBOARD_MAX_BYTES,
            h264: true,
            measure_path: true,
            seed: Some(Seed::new([1; 32])),
            handshake_max: Duration::from_secs(10),
            ..RfbConfig::default()
        };
        Self {
            client: RfbClient::new(config, now),
            surface: Surface::default(),
            arrived: BytesMut::new(),
            events: Vec::new(),
            now,
            fed_bytes: 0,
            sent_bytes: 0,
        }
    }

    fn feed(&mut self, piece: &[u8]) -> Result<(), RemoteError> {
        self.fed_bytes += piece.len();
        self.arrived.extend_from_slice(piece);
        loop {
            self.client.handle_bytes(self.now, &mut self.arrived, &mut self.surface)?;
            let is_secured = self.drain();
            if !is_secured {
                break;
            }
            // What follows is read again, as if TLS had unwrapped it.
            self.client.handle_secured(self.now, &PeerIdentity::default())?;
            self.drain();
        }
        let hoard = self.arrived.len();
        assert!(hoard <= ARRIVED_MAX_BYTES, "{hoard} bytes are left in place");
        Ok(())
    }

    /// Polls until there is nothing more to do. True: the client asked for TLS.
    fn drain(&mut self) -> bool {
        let mut is_securing = false;
        loop {
            match self.client.poll() {
                Output::Send(bytes) => self.sent_bytes += bytes.len(),
                Output::Secure(_) => is_securing = true,
                Output::Event(event) => self.take(event),
                _ => return is_securing,
            }
        }
    }

    fn take(&mut self, event: Event) {
        if let Event::Clipboard(Clipboard { png: Some(png), .. }) = &event {
            assert!(png.starts_with(b"\x89PNG") && png.len() <= CLIPBOARD_MAX_BYTES);
        }
        if matches!(event, Event::Connected | Event::Clipboard(_)) {
            // Something that the server can ask for, and something that it can refuse.
            let content = Clipboard {
                text: Some("clip".into()),
                html: Some("<b>clip</b>".into()),
                png: Some(PNG.into()),
            };
            self.client.handle_input(self.now, Input::Clipboard(content));
            self.client.handle_input(self.now, Input::Resize(Size::new(64, 48).into()));
        }
        self.events.push(event);
    }
}
