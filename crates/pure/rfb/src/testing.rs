//! Scripts for tests: what a server says, whole and in pieces, and what the client makes of it.

use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use porthole_pixels::{BYTES_PER_PIXEL, Pixel, Rect, Size, Surface};
use porthole_remote::{
    Credentials, Event, Input, Output, PeerIdentity, Remote, RemoteError, Secure,
};

use crate::{ARRIVED_MAX_BYTES, RfbClient, RfbConfig};

/// A moment to start from. Tests add to it and never look at the clock again.
#[allow(clippy::disallowed_methods, reason = "there is no other way to make the first moment")]
pub(crate) fn some_moment() -> Instant {
    Instant::now()
}

/// What a client had to say.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Heard {
    pub(crate) sent: Vec<u8>,
    pub(crate) events: Vec<Event>,
    pub(crate) secure: Vec<Secure>,
    pub(crate) error: Option<RemoteError>,
    pub(crate) is_closed: bool,
}

/// A client, and the driver it believes in.
pub(crate) struct Harness {
    pub(crate) client: RfbClient,
    pub(crate) surface: Surface,
    pub(crate) arrived: BytesMut,
    pub(crate) heard: Heard,
    pub(crate) now: Instant,
    pub(crate) wait: Option<Instant>,
}

impl Harness {
    pub(crate) fn new(config: RfbConfig) -> Self {
        let now = some_moment();
        let mut harness = Self {
            client: RfbClient::new(config, now),
            surface: Surface::default(),
            arrived: BytesMut::new(),
            heard: Heard::default(),
            now,
            wait: None,
        };
        harness.drain();
        harness
    }

    /// A client that is connected to a desktop of `size`; what it said so far is forgotten.
    pub(crate) fn connected(config: RfbConfig, size: Size) -> Self {
        let mut harness = Self::new(config);
        harness.feed(&hello(size));
        assert_eq!(harness.heard.error, None);
        harness.heard = Heard::default();
        harness
    }

    /// Hands over `bytes`, unless something went wrong before.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.heard.error.is_none() {
            self.arrived.put_slice(bytes);
            let result = self.client.handle_bytes(self.now, &mut self.arrived, &mut self.surface);
            self.heard.error = result.err();
            self.drain();
            assert!(self.arrived.len() <= ARRIVED_MAX_BYTES);
        }
    }

    pub(crate) fn secured(&mut self) {
        self.heard.error = self.client.handle_secured(self.now, &PeerIdentity::default()).err();
        self.drain();
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.client.handle_input(self.now, input);
        self.drain();
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.heard.error = self.client.handle_timeout(self.now).err();
        self.drain();
    }

    pub(crate) fn end(&mut self) {
        self.heard.error = self.client.handle_end(self.now).err();
        self.drain();
    }

    /// The name of what went wrong.
    pub(crate) fn cause(&self) -> Option<&'static str> {
        self.heard.error.as_ref().map(RemoteError::cause)
    }

    /// What was sent since this was last asked.
    pub(crate) fn take_sent(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.heard.sent)
    }

    /// What was noticed since this was last asked.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.heard.events)
    }

    fn drain(&mut self) {
        loop {
            match self.client.poll() {
                Output::Send(bytes) => self.heard.sent.extend_from_slice(&bytes),
                Output::Event(event) => self.heard.events.push(event),
                Output::Secure(secure) => self.heard.secure.push(secure),
                Output::Wait(until) => {
                    self.wait = until;
                    return;
                }
                other @ (Output::Exchange(_) | Output::Draw | Output::Resize(_)) => {
                    unreachable!("VNC does not want {other:?}")
                }
                Output::Closed => {
                    self.heard.is_closed = true;
                    return;
                }
            }
        }
    }
}

/// Feeds `stream` whole, byte by byte, cut once at (nearly) every place, and cut at random. All
/// must mean the same. Gives back what the whole meant.
pub(crate) fn check_cuts(config: &RfbConfig, stream: &[u8]) -> Harness {
    let whole = replay(config, stream, std::iter::empty());
    let check = |cuts: &mut dyn Iterator<Item = usize>, how: &str| {
        let pieces = replay(config, stream, cuts);
        assert_eq!(pieces.heard, whole.heard, "cut {how}");
        // After an error the picture is nobody's; how much of it was painted may differ.
        if whole.heard.error.is_none() {
            assert!(pieces.surface.bytes() == whole.surface.bytes(), "cut {how}");
            assert_eq!(pieces.arrived, whole.arrived, "cut {how}");
        }
    };
    check(&mut (1..stream.len()), "everywhere");
    for cut in (1..stream.len()).step_by(stream.len() / 500 + 1) {
        check(&mut std::iter::once(cut), &format!("at {cut}"));
    }
    let mut random = Random(stream.len() as u64);
    for round in 0..20 {
        let mut place = 0;
        let mut cuts = std::iter::from_fn(|| {
            place += 1 + random.below(40);
            Some(place)
        });
        check(&mut cuts, &format!("at random, round {round}"));
    }
    whole
}

fn replay(config: &RfbConfig, stream: &[u8], cuts: impl Iterator<Item = usize>) -> Harness {
    let mut harness = Harness::new(config.clone());
    let mut fed = 0;
    for cut in cuts.take_while(|cut| *cut < stream.len()) {
        harness.feed(&stream[fed..cut]);
        fed = cut;
    }
    harness.feed(&stream[fed..]);
    harness.surface.settle();
    harness
}

/// A small generator with a seed, so that a failure repeats.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// Credentials with what is given.
pub(crate) fn credentials(username: Option<&str>, password: Option<&str>) -> Credentials {
    let (username, password) = (username.map(str::to_owned), password.map(Into::into));
    Credentials { username, password, ..Credentials::default() }
}

/// All a 3.8 server says until its desktop of `size` is known, without security.
pub(crate) fn hello(size: Size) -> Vec<u8> {
    let mut stream = b"RFB 003.008\n\x01\x01\0\0\0\0".to_vec();
    stream.extend(server_init(size, b"desk"));
    stream
}

/// `ServerInit`.
pub(crate) fn server_init(size: Size, name: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    stream.put_u16(size.width);
    stream.put_u16(size.height);
    stream.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    stream.put_u32(u32::try_from(name.len()).unwrap());
    stream.extend(name);
    stream
}

/// A rectangle with its header.
pub(crate) fn rectangle(rect: Rect, encoding: i32, body: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for side in [rect.x, rect.y, rect.width, rect.height] {
        stream.put_u16(side);
    }
    stream.put_i32(encoding);
    stream.extend(body);
    stream
}

/// A `FramebufferUpdate` of `rectangles`.
pub(crate) fn update(rectangles: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = vec![0, 0];
    stream.put_u16(u16::try_from(rectangles.len()).unwrap());
    stream.extend(rectangles.concat());
    stream
}

/// The pixels of `rect` as the surface holds them.
pub(crate) fn pixels_of(surface: &Surface, rect: Rect) -> Vec<Pixel> {
    (0..rect.height)
        .flat_map(|y| surface.row(rect, y).as_chunks::<BYTES_PER_PIXEL>().0.to_vec())
        .collect()
}
