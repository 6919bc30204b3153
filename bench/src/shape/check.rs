//! Whether the network does what was asked of it: a round trip and a transfer, against the model.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::path::Nature;
use super::rooms::Room;

/// Round trips.
const PINGS: u32 = 40;

/// The transfer's whole time, and its beginning that does not count: TCP looks for the rate.
const TRANSFER: Duration = Duration::from_secs(8);
const WARM_UP: Duration = Duration::from_secs(3);

/// TCP's payload in a full IP packet of 1500 bytes, with timestamps.
const PAYLOAD_SHARE: f64 = 1448.0 / 1500.0;

/// How far from the model is still right.
const TOLERANCE: f64 = 0.05;

/// What a machine's timers may add to a round trip.
const TIMER_MS: f64 = 0.5;

/// Measures and prints both.
///
/// # Errors
///
/// A measurement is further off than five in a hundred.
pub(crate) fn run([near, far]: &[Room; 2], down: Nature, up: Nature) -> Result<()> {
    let wanted_ms = (down.delay + up.delay).as_secs_f64() * 1e3;
    let trip_ms = round_trip(near, far)?.as_secs_f64() * 1e3;
    println!("round trip {trip_ms:.2} ms, the model says {wanted_ms:.2}");
    ensure!(
        (trip_ms - wanted_ms).abs() <= wanted_ms * TOLERANCE + TIMER_MS,
        "the round trip is wrong"
    );
    let Some(rate) = down.rate_bits else {
        println!("the rate is not limited");
        return Ok(());
    };
    let wanted = mbit(rate) * PAYLOAD_SHARE;
    let got = transfer(near, far)?;
    println!("TCP carries {got:.2} Mbit/s, the model says {wanted:.2}");
    if down.loss > 0.0 {
        println!("with loss the kernel's TCP does not fill the wire: not compared");
        return Ok(());
    }
    ensure!((got - wanted).abs() <= wanted * TOLERANCE, "the rate is wrong");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "rates are far below 2^52 bits a second")]
fn mbit(bits: u64) -> f64 {
    bits as f64 / 1e6
}

/// The median of small packets there and back.
fn round_trip(near: &Room, far: &Room) -> Result<Duration> {
    let (here, there) = (near.address, far.address);
    let echo = far.inside(move || Ok(UdpSocket::bind((there, 0))?))?;
    echo.set_read_timeout(Some(Duration::from_secs(2)))?;
    let target = echo.local_addr()?;
    let answers = std::thread::spawn(move || {
        let mut packet = [0; 64];
        while let Ok((bytes, from)) = echo.recv_from(&mut packet) {
            drop(echo.send_to(packet.get(..bytes).unwrap_or_default(), from));
        }
    });
    let socket = near.inside(move || Ok(UdpSocket::bind((here, 0))?))?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut trips = Vec::new();
    for _ in 0..PINGS {
        let sent = Instant::now();
        socket.send_to(&[7; 32], target)?;
        // A lost one tells nothing about the time.
        if socket.recv(&mut [0; 64]).is_ok() {
            trips.push(sent.elapsed());
        }
    }
    drop(socket);
    drop(answers.join());
    trips.sort_unstable();
    trips.get(trips.len() / 2).copied().context("no packet came back")
}

/// Megabits a second of payload from the server's side to the browser's.
fn transfer(near: &Room, far: &Room) -> Result<f64> {
    let there = far.address;
    let listener = far.inside(move || Ok(TcpListener::bind((there, 0))?))?;
    let target = listener.local_addr()?;
    let sender = std::thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        let block = [0; 16_384];
        // It ends when the receiver leaves.
        while stream.write_all(&block).is_ok() {}
        Ok(())
    });
    let mut stream = near.inside(move || Ok(TcpStream::connect(target)?))?;
    let began = Instant::now();
    let (mut bytes, mut counted_from) = (0, None);
    let mut block = vec![0; 65_536];
    while began.elapsed() < TRANSFER {
        bytes += stream.read(&mut block)? as u64;
        if counted_from.is_none() && began.elapsed() >= WARM_UP {
            counted_from = Some((Instant::now(), bytes));
        }
    }
    let (since, before) = counted_from.context("nothing was transferred")?;
    let rate = mbit((bytes - before) * 8) / since.elapsed().as_secs_f64();
    drop(stream);
    drop(sender.join());
    Ok(rate)
}
