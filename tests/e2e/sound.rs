//! Sound through the gateway, in both directions: a real xrdp, whose channel server is given a tone as a sound server
//! would give it, and asked for what a viewer said.

use std::f64::consts::TAU;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use opusic_c::{Channels, Decoder, ErrorCode, SampleRate};
use porthole_link::{SoundCodec, SoundNews, SoundWish, ToGateway};
use porthole_testkit::servers::Xrdp;
use porthole_testkit::tokens;
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};
use porthole_token::Permission;

/// What xrdp plays and records: 44.1 kHz, 16 bits, two channels.
const RATE_HZ: u32 = 44_100;

/// The tone that is played, and one that is not.
const TONE_HZ: f64 = 1000.0;
const OTHER_HZ: f64 = 1300.0;

/// 20 ms at 48 kHz.
const FRAME_SAMPLES: usize = 960;

fn lab(server: &Xrdp, parameters: &str) -> Result<Lab> {
    let (user, password) = server.login();
    let pin = server.certificate().sha256_hex()?;
    let lines = format!(
        "username = \"{user}\"\npassword = \"{password}\"\n[parameters]\n{parameters}\n\
         [tls]\nverify = \"pin\"\npins = [\"{pin}\"]\n"
    );
    Setup::new().speaking("rdp", "desk", server.address(), &lines).start()
}

#[expect(clippy::cast_possible_truncation, reason = "within 16 bits")]
fn tone(rate_hz: u32, hz: f64, samples: u32) -> Vec<i16> {
    let sample = |at: u32| (TAU * hz * f64::from(at) / f64::from(rate_hz)).sin() * 12_000.0;
    (0..samples).map(|at| sample(at) as i16).collect()
}

/// How loud a tone of `hz` is, 1 for full scale (Goertzel).
fn loudness(samples: &[f64], rate_hz: u32, hz: f64) -> f64 {
    let step = 2.0 * (TAU * hz / f64::from(rate_hz)).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (sample + step * last - before, last);
    }
    let power = last * last + before * before - step * last * before;
    let count = u32::try_from(samples.len()).map_or(f64::INFINITY, f64::from);
    2.0 * power.max(0.0).sqrt() / count
}

/// Whether the tone, and no other, is in most tenths of a second: a machine that is busy loses some sound, as it may.
fn check_tone(samples: &[f64], rate_hz: u32) -> Result<()> {
    let parts = samples.chunks_exact(usize::try_from(rate_hz / 10)?);
    let heard: Vec<_> = parts
        .map(|part| (loudness(part, rate_hz, TONE_HZ), loudness(part, rate_hz, OTHER_HZ)))
        .collect();
    let is_good = |(there, other): &&(f64, f64)| (0.3..0.42).contains(there) && *other < 0.03;
    let good = heard.iter().filter(is_good).count();
    ensure!(good * 3 >= heard.len() * 2, "{good} of {}: {heard:?}", heard.len());
    Ok(())
}

/// Plays a tone in the session, as a sound server does: so much of it a message, when it is time.
async fn play(server: &Xrdp, viewer: &mut Viewer, time: Duration) -> Result<()> {
    viewer.wait_until("the sound socket", SOON, |_| server.sound_socket().is_some()).await?;
    let mut socket = UnixStream::connect(server.sound_socket().context("it was there")?)?;
    let steps = RATE_HZ * u32::try_from(time.as_millis())? / 1000;
    let samples = tone(RATE_HZ, TONE_HZ, steps);
    let pcm: Vec<u8> = samples.iter().flat_map(|it| [it.to_le_bytes(); 2]).flatten().collect();
    let piece = Duration::from_millis(40);
    for part in pcm.chunks(7056) {
        let len = u32::try_from(part.len() + 8)?;
        socket.write_all(&[&0_u32.to_le_bytes()[..], &len.to_le_bytes(), part].concat())?;
        viewer.read_for(piece).await?;
    }
    socket.write_all(&[1, 0, 0, 0, 8, 0, 0, 0])?;
    Ok(())
}

/// The frames that a viewer has been sent, and how they are packed in how many channels.
fn frames(viewer: &Viewer) -> (Option<(SoundCodec, u8)>, Vec<&[u8]>) {
    let mut format = None;
    let mut frames = Vec::new();
    for news in &viewer.seen().sound {
        match news {
            SoundNews::Format { codec, channels, rate_hz: 48_000 } => {
                format = Some((*codec, *channels));
            }
            SoundNews::Frame(_, data) => frames.push(&data[..]),
            _ => {}
        }
    }
    (format, frames)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_xrdp_plays_is_heard() -> Result<()> {
    let server = Xrdp::start()?;
    let mut lab = lab(&server, "")?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;

    viewer.send(&ToGateway::Sound(SoundWish::Listen(Some(SoundCodec::Opus)))).await?;
    play(&server, &mut viewer, Duration::from_secs(2)).await?;
    viewer.wait_until("most of it", SOON, |viewer| frames(viewer).1.len() >= 80).await?;
    let (format, heard) = frames(&viewer);
    ensure!(format == Some((SoundCodec::Opus, 2)), "{format:?}");
    ensure!(heard.iter().all(|data| data.len() < 600), "these are not packed");
    let failed = |code: ErrorCode| anyhow!("opus: {}", code.message());
    let mut decoder = Decoder::new(Channels::Stereo, SampleRate::Hz48000).map_err(failed)?;
    let mut samples = Vec::new();
    for data in &heard {
        let mut frame = vec![0.0; 2 * FRAME_SAMPLES];
        let len = decoder.decode_float_to_slice(data, &mut frame, false).map_err(failed)?;
        ensure!(len == FRAME_SAMPLES, "a frame of {len} samples");
        samples.extend(frame.iter().step_by(2).map(|sample| f64::from(*sample)));
    }
    let steady = samples.get(9_600..57_600).context("less than 1.2 s")?;
    check_tone(steady, 48_000)?;

    // A browser without Opus.
    viewer.send(&ToGateway::Sound(SoundWish::Listen(Some(SoundCodec::Pcm)))).await?;
    let before = frames(&viewer).1.len();
    play(&server, &mut viewer, Duration::from_secs(1)).await?;
    viewer.wait_until("more of it", SOON, |it| frames(it).1.len() >= before + 30).await?;
    let (format, heard) = frames(&viewer);
    ensure!(format == Some((SoundCodec::Pcm, 2)), "{format:?}");
    let plain = heard.get(before..).unwrap_or_default().iter().filter(|it| it.len() == 3840);
    let pcm: Vec<u8> = plain.flat_map(|data| data.to_vec()).collect();
    let samples: Vec<f64> = pcm
        .chunks_exact(4)
        .map(|step| f64::from(i16::from_le_bytes([step[0], step[1]])) / 32_768.0)
        .collect();
    check_tone(samples.get(4_800..28_800).context("less than 0.6 s")?, 48_000)?;

    // Muted.
    viewer.send(&ToGateway::Sound(SoundWish::Listen(None))).await?;
    viewer.read_for(Duration::from_millis(200)).await?;
    let before = frames(&viewer).1.len();
    play(&server, &mut viewer, Duration::from_millis(400)).await?;
    ensure!(frames(&viewer).1.len() == before, "it is heard although muted");
    lab.check_sound(&[server.login().1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_that_is_not_to_be_heard_is_not() -> Result<()> {
    let server = Xrdp::start()?;
    let mut lab = lab(&server, "disable-audio = true")?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let welcome = viewer.seen().welcome.as_ref().context("no welcome")?;
    ensure!(welcome.permissions & 1 << 5 == 0, "{welcome:?}");
    viewer.send(&ToGateway::Sound(SoundWish::Listen(Some(SoundCodec::Opus)))).await?;
    viewer.read_for(Duration::from_millis(500)).await?;
    ensure!(viewer.seen().sound.is_empty() && server.sound_socket().is_none(), "there is sound");
    lab.check_sound(&[server.login().1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_viewer_says_is_recorded_where_allowed() -> Result<()> {
    let server = Xrdp::start()?;
    let mut lab = lab(&server, "enable-audio-input = true")?;
    let mut options = lab.options("desk")?;
    let allowed = [Permission::Input, Permission::Microphone];
    options.token = Some(tokens::for_connection_with("desk", &allowed)?);
    let mut viewer = Viewer::open(&options).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    viewer.wait_until("the socket", SOON, |_| server.microphone_socket().is_some()).await?;
    let mut socket = UnixStream::connect(server.microphone_socket().context("it was there")?)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let ask = |command: u8, bytes: u16| {
        let [low, high] = bytes.to_le_bytes();
        [0, 0, 0, 0, 11, 0, 0, 0, command, low, high]
    };
    // Begin to record.
    socket.write_all(&ask(1, 0))?;
    let records =
        |on: bool| move |it: &Viewer| it.seen().sound.last() == Some(&SoundNews::Recording(on));
    viewer.wait_until("word that the remote records", SOON, records(true)).await?;

    let mut said = tone(48_000, TONE_HZ, 96_000).into_iter();
    let mut recorded = Vec::new();
    for _ in 0..100 {
        let pcm: Vec<u8> = said.by_ref().take(FRAME_SAMPLES).flat_map(i16::to_le_bytes).collect();
        let said = SoundWish::Said { rate_hz: 48_000, pcm: pcm.into() };
        viewer.send(&ToGateway::Sound(said)).await?;
        viewer.read_for(Duration::from_millis(20)).await?;
        socket.write_all(&ask(3, 16_384))?;
        let mut len = [0; 2];
        socket.read_exact(&mut len)?;
        let mut data = vec![0; u16::from_le_bytes(len).into()];
        socket.read_exact(&mut data)?;
        recorded.extend(data);
    }
    let steps = recorded.chunks_exact(4);
    let left: Vec<f64> =
        steps.map(|it| f64::from(i16::from_le_bytes([it[0], it[1]])) / 32_768.0).collect();
    check_tone(left.get(8_820..52_920).context("less than 1.2 s")?, RATE_HZ)?;

    socket.write_all(&ask(2, 0))?;
    viewer.wait_until("word that it does not any more", SOON, records(false)).await?;
    lab.check_sound(&[server.login().1])
}
