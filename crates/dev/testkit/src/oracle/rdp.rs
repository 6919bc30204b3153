//! The RDP driver: a stream means the same however it is cut, and costs what it is worth.

use std::time::Instant;

use bytes::BytesMut;
use porthole_pixels::{Point, Size, Surface};
use porthole_rdp::{ARRIVED_MAX_BYTES, RdpClient, RdpConfig, SecurityMode};
use porthole_remote::{Buttons, Event, Input, Output, PeerIdentity, Remote, RemoteError};

use super::CutStream;
use crate::rdp_words::{channels_asked, confirm, fast_path, opening};

/// Bytes that the client may send unasked, and for each byte that arrives: a short marker of a
/// frame is answered in a packet of its own.
const SENT_BASE_MAX_BYTES: usize = 16 << 10;
const SENT_FACTOR_MAX: usize = 64;

/// A bitmap update (fast-path code 1), and the longest that [`fast_path`] makes of it.
const BITMAP: u8 = 1;
const BODY_MAX_BYTES: usize = 16_000;

/// A session, past the connection sequence, means the same however the network cuts it, and the
/// client neither hoards nor babbles.
///
/// # Panics
///
/// When not.
pub fn rdp_session(case: &CutStream) {
    let whole = replay(&case.pieces(&[]), false);
    let cut = replay(&[case.bytes()], false);
    assert_eq!(cut.ending, whole.ending, "cutting the stream changed how it ends");
    assert_eq!(cut.events, whole.events, "cutting the stream changed its events");
    assert!(cut.picture == whole.picture, "cutting the stream changed the picture");
}

/// The same for the connection sequence, from the first word inside TLS on.
///
/// # Panics
///
/// When not.
pub fn rdp_handshake(case: &CutStream) {
    let whole = replay(&case.pieces(&[]), true);
    let cut = replay(&[case.bytes()], true);
    assert_eq!(cut.ending, whole.ending, "cutting the stream changed how it ends");
    assert_eq!(cut.events, whole.events, "cutting the stream changed its events");
}

/// A bitmap update from its count of rectangles on is refused or drawn, and the session goes on as
/// if it had been any other.
///
/// # Panics
///
/// When not.
pub fn rdp_bitmaps(update: &[u8]) {
    let body = [&[1, 0][..], update.get(..BODY_MAX_BYTES).unwrap_or(update)].concat();
    replay(&[&fast_path(BITMAP, &body)], false);
}

/// A pointer update of any kind: the first byte chooses it.
///
/// # Panics
///
/// When not.
pub fn rdp_pointers(update: &[u8]) {
    let Some((kind, body)) = update.split_first() else { return };
    let code = 5 + kind % 8;
    let body = body.get(..BODY_MAX_BYTES).unwrap_or(body);
    // Twice, and then from where it was kept.
    let message = fast_path(code, body);
    replay(&[&message, &message, &fast_path(10, &[0, 0])], false);
}

/// What a stream meant to the client.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    /// All but where frames end, which is where nothing more had arrived.
    events: Vec<Event>,
    /// Size and pixels, when nothing went wrong.
    picture: Option<(Size, Vec<u8>)>,
    ending: Result<(), &'static str>,
}

struct Replay {
    client: RdpClient,
    surface: Surface,
    arrived: BytesMut,
    events: Vec<Event>,
    /// What the client said, until it has been listened to.
    said: Vec<u8>,
    now: Instant,
    fed_bytes: usize,
    sent_bytes: usize,
}

fn replay(pieces: &[&[u8]], is_handshake: bool) -> Meaning {
    let mut replay = Replay::new();
    if !is_handshake {
        let channels = channels_asked(&replay.said).expect("the client asks for channels");
        for (what, message) in opening(channels) {
            replay.feed(&message).expect(what);
        }
        assert!(replay.events.contains(&Event::Connected), "{:?}", replay.events);
    }
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
    let pixels = replay.surface.bytes();
    let opacity = pixels.as_chunks().0.iter().fold(u8::MAX, |all, [_, _, _, alpha]| all & alpha);
    assert_eq!(opacity, u8::MAX, "not opaque");
    let picture = ending.is_ok().then(|| (replay.surface.size(), pixels.to_vec()));
    Meaning { events: replay.events, picture, ending }
}

impl Replay {
    /// A client that has just been secured.
    fn new() -> Self {
        let now = Instant::now();
        let config = RdpConfig { security: SecurityMode::Tls, ..RdpConfig::default() };
        let mut replay = Self {
            client: RdpClient::new(config, now).expect("the configuration is sound"),
            surface: Surface::default(),
            arrived: BytesMut::new(),
            events: Vec::new(),
            said: Vec::new(),
            now,
            fed_bytes: 0,
            sent_bytes: 0,
        };
        replay.drain();
        replay.feed(&confirm()).expect("TLS is what the client wants");
        replay
    }

    fn feed(&mut self, piece: &[u8]) -> Result<(), RemoteError> {
        self.fed_bytes += piece.len();
        self.arrived.extend_from_slice(piece);
        loop {
            self.client.handle_bytes(self.now, &mut self.arrived, &mut self.surface)?;
            if !self.drain() {
                break;
            }
            // What follows is read again, as if TLS had unwrapped it.
            self.client.handle_secured(self.now, &PeerIdentity::default())?;
            self.said.clear();
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
                Output::Send(bytes) => {
                    self.sent_bytes += bytes.len();
                    self.said.extend_from_slice(&bytes);
                }
                Output::Secure(_) => is_securing = true,
                // Nobody here answers for a KDC.
                Output::Event(Event::FrameEnd)
                | Output::Exchange(_)
                | Output::Draw
                | Output::Resize(_) => {}
                Output::Event(event) => self.take(event),
                Output::Wait(_) | Output::Closed => return is_securing,
            }
        }
    }

    fn take(&mut self, event: Event) {
        if event == Event::Connected {
            // Something of each kind, on its way to a server that does not care.
            let at = Point { x: 3, y: 4 };
            self.client.handle_input(self.now, Input::Pointer { at, buttons: Buttons::default() });
            self.client.handle_input(self.now, Input::Text("a".to_owned()));
            self.client.handle_input(self.now, Input::Resize(Size::new(640, 480).into()));
        }
        self.events.push(event);
    }
}
