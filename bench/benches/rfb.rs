//! Mpx/s of decoding, on one thread: what a real server sends for a full screen, recorded at the
//! start and then decoded over and over.
//!
//! `cargo bench -p porthole-bench --bench rfb`. Each line is the best of several rounds, so that
//! what else the machine does matters little. The server is `TigerVNC`'s.
#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench stops at the first surprise, and its numbers are small"
)]

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use porthole_bench::canvas::{Canvas, Letters, PAPER};
use porthole_pixels::{Size, Surface};
use porthole_remote::{Event, Output, Remote};
use porthole_rfb::{EncodingKind, RfbClient, RfbConfig};
use porthole_testkit::servers::{Picture, XtigerVnc, XvncOptions};

const SIZE: Size = Size::new(1920, 1080);
const ROUNDS: usize = 15;

/// As much as is read from a socket at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// How long the server may take to send a screen.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What is asked for: a name, an encoding, and a JPEG quality.
const CASES: [(&str, EncodingKind, Option<u8>); 6] = [
    ("raw", EncodingKind::Raw, None),
    ("hextile", EncodingKind::Hextile, None),
    ("zrle", EncodingKind::Zrle, None),
    ("tight, lossless", EncodingKind::Tight, None),
    ("tight, quality 8", EncodingKind::Tight, Some(8)),
    ("tight, quality 5", EncodingKind::Tight, Some(5)),
];

fn main() {
    println!("{:<28}{:>9}{:>10}{:>9}{:>10}", "", "Mpx/s", "ms", "KB", "MB/s in");
    let server = XtigerVnc::start(XvncOptions {
        geometry: (SIZE.width, SIZE.height),
        ..XvncOptions::default()
    })
    .expect("a server");
    for (picture_name, canvas) in pictures() {
        server.display().paint_root(&picture_of(&canvas)).expect("a painted screen");
        for (name, encoding, quality) in CASES {
            let config = RfbConfig {
                encodings: vec![encoding],
                quality,
                compression: Some(2),
                ..RfbConfig::default()
            };
            let (sent, frames) = record(&server, &config);
            // Kept from round to round, so that no round pays for fresh memory.
            let mut surface = Surface::new(SIZE).expect("a surface");
            let time = best(|| replay(&config, &sent, frames, &mut surface));
            println!(
                "{:<28}{:>9.0}{:>10.3}{:>9}{:>10.0}",
                format!("{picture_name}: {name}"),
                f64::from(SIZE.area()) / time.as_secs_f64() / 1e6,
                1e3 * time.as_secs_f64(),
                sent.len() / 1000,
                sent.len() as f64 / time.as_secs_f64() / 1e6,
            );
        }
    }
}

fn pictures() -> [(&'static str, Canvas); 3] {
    let letters = Letters::new();
    let size = (SIZE.width, SIZE.height);
    let blank = || Canvas::new(SIZE.width, SIZE.height, PAPER);
    let (mut text, mut photo, mut mixed) = (blank(), blank(), blank());
    text.words(&letters, (0, 0), size, 1);
    photo.photo((0, 0), size, 1);
    mixed.words(&letters, (40, 50), (1000, 900), 1);
    mixed.photo((1101, 203), (700, 500), 1);
    [("text", text), ("photo", photo), ("mixed", mixed)]
}

fn picture_of(canvas: &Canvas) -> Picture {
    let pixels = canvas.bytes.as_chunks::<4>().0.iter();
    let rgba = pixels.flat_map(|[blue, green, red, _]| [*red, *green, *blue, u8::MAX]).collect();
    Picture { width: canvas.width, height: canvas.height, rgba }
}

/// Everything that the server sends until its whole screen is here, and in how many frames.
fn record(server: &XtigerVnc, config: &RfbConfig) -> (Vec<u8>, usize) {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(ANSWER_MAX)).expect("a time limit");
    let mut surface = Surface::new(SIZE).expect("a surface");
    let mut run = Run::new(config, &mut surface);
    let mut sent = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        for bytes in run.settle() {
            stream.write_all(&bytes).expect("a server that listens");
        }
        if run.is_complete {
            return (sent, run.frames);
        }
        let read = stream.read(&mut chunk).expect("a server that answers");
        let new = chunk.get(..read).unwrap_or_default();
        assert!(!new.is_empty(), "the server left");
        sent.extend_from_slice(new);
        run.take(new);
    }
}

/// Decodes what was recorded, as it would arrive.
fn replay(config: &RfbConfig, sent: &[u8], frames: usize, surface: &mut Surface) {
    let mut run = Run::new(config, surface);
    for chunk in sent.chunks(CHUNK_BYTES) {
        black_box(run.settle());
        run.take(chunk);
    }
    run.settle();
    assert_eq!(run.frames, frames, "the screen is not complete");
    // JPEG files are decoded when somebody looks.
    run.surface.settle();
    black_box(run.surface);
}

/// A client and its surface.
struct Run<'a> {
    client: RfbClient,
    surface: &'a mut Surface,
    arrived: BytesMut,
    frames: usize,
    /// The whole screen has come.
    is_complete: bool,
}

impl<'a> Run<'a> {
    fn new(config: &RfbConfig, surface: &'a mut Surface) -> Self {
        let client = RfbClient::new(config.clone(), Instant::now());
        Self { client, surface, arrived: BytesMut::new(), frames: 0, is_complete: false }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.arrived.extend_from_slice(bytes);
        let now = Instant::now();
        self.client.handle_bytes(now, &mut self.arrived, self.surface).expect("good bytes");
    }

    /// Polls until the client waits; what it wants to send.
    fn settle(&mut self) -> Vec<bytes::Bytes> {
        let mut out = Vec::new();
        loop {
            match self.client.poll() {
                Output::Send(bytes) => out.push(bytes),
                Output::Event(Event::Connected | Event::Resized(_)) => self.surface.clear_changes(),
                Output::Event(Event::FrameEnd) => {
                    self.frames += 1;
                    self.is_complete = self.is_covered();
                }
                Output::Event(_) => {}
                Output::Wait(_) => return out,
                _ => {
                    unreachable!("a server without security")
                }
            }
        }
    }

    /// Whether something was drawn on every tile.
    fn is_covered(&self) -> bool {
        let damage = self.surface.changes().damage();
        let (columns, rows) = damage.grid();
        damage.dirty_count() == columns * rows
    }
}

fn best(mut act: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        act();
        best = best.min(start.elapsed());
    }
    best
}
