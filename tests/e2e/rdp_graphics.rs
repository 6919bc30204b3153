//! RDP's graphics pipeline, with a real server: H.264 that goes through the gateway undecoded,
//! H.264 that is decoded, and pictures without either.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource as _;
use porthole_link::{Feature, VideoRecord};
use porthole_pixels::{Rect, Size};
use porthole_rdp::{GraphicsConfig, H264Decoder, H264Fault, OpenDecoder, RdpConfig, YuvPicture};
use porthole_remote::{Credentials, Event, Input};
use porthole_testkit::rdp::RdpDesktop;
use porthole_testkit::servers::{Picture, RdpShadow, output_of};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

use crate::picture::wait_for_picture;

/// Neither side is a multiple of 16.
const GEOMETRY: (u16, u16) = (1000, 700);

/// What H.264 must come to, in decibels over all three colours.
const PSNR_MIN: f64 = 35.0;

/// The same of a picture that is more than the server's encoder has bits for: it makes 30 of it.
const HARD_PSNR_MIN: f64 = 26.0;

/// How well `pixels`, four bytes each, show `want`, in decibels. The fourth bytes do not count.
fn psnr(pixels: &[u8], want: &[u8]) -> f64 {
    if pixels.len() != want.len() {
        return 0.0;
    }
    let pairs = pixels.iter().zip(want).enumerate().filter(|(at, _)| at % 4 != 3);
    let squares: f64 = pairs.map(|(_, (a, b))| f64::from(a.abs_diff(*b)).powi(2)).sum();
    let count = f64::from(u32::try_from(pixels.len() / 4 * 3).unwrap_or(u32::MAX));
    10.0 * (255.0 * 255.0 * count / squares.max(1e-9)).log10()
}

/// What a stream's pictures come to where each is painted in its parts, as `ffmpeg` shows them,
/// which follows what the stream says of its colours: R, G, B and anything.
fn decoded(videos: &[VideoRecord], (width, height): (u16, u16)) -> Result<Vec<u8>> {
    let stream: Vec<u8> = videos.iter().flat_map(|video| video.data.to_vec()).collect();
    let mut command = Command::new("ffmpeg");
    // As many as came, not 25 a second; and what encoders fill up is cut off.
    command.args(["-loglevel", "error", "-f", "h264", "-i", "-", "-fps_mode", "passthrough"]);
    command.args(["-vf", &format!("crop={width}:{height}:0:0")]);
    command.args(["-f", "rawvideo", "-pix_fmt", "rgb0", "-"]);
    let pictures = output_of(&mut command, &stream, SOON)?;
    let stride = 4 * usize::from(width);
    let mut canvas = vec![0; stride * usize::from(height)];
    let pictures: Vec<&[u8]> = pictures.chunks(canvas.len()).collect();
    ensure!(pictures.len() == videos.len(), "{} of {} pictures", pictures.len(), videos.len());
    for (video, picture) in videos.iter().zip(pictures) {
        let whole = [Rect::new(0, 0, width, height)];
        let parts = if video.parts.is_empty() { &whole[..] } else { &video.parts };
        for part in parts {
            for y in part.y..part.y + part.height {
                let start = stride * usize::from(y) + 4 * usize::from(part.x);
                let row = start..start + 4 * usize::from(part.width);
                let picture = picture.get(row.clone()).context("a picture that is cut short")?;
                canvas.get_mut(row).context("a part beyond the picture")?.copy_from_slice(picture);
            }
        }
    }
    Ok(canvas)
}

/// Colours that change slowly: what H.264 shows well with few bytes, and in one picture.
fn soft(slope: u16) -> Picture {
    Picture::from_fn(GEOMETRY.0, GEOMETRY.1, |x, y| {
        [x / slope, y / 4, (GEOMETRY.0 - x + y) / 8].map(|shade| shade.to_le_bytes()[0])
    })
}

/// A gateway with connections to `server` of these names and parameters.
fn gateway(server: &RdpShadow, connections: &[(&str, &str)]) -> Result<Lab> {
    let setup = connections.iter().fold(Setup::new(), |setup, (name, parameters)| {
        let more = format!(
            "username = \"ada\"\npassword = \"geheim7\"\n\n[tls]\nverify = \"off\"\n\
             \n[parameters]\n{parameters}\n"
        );
        setup.speaking("rdp", name, server.address(), &more)
    });
    setup.start()
}

async fn view(lab: &Lab, connection: &str, shows_video: bool) -> Result<Viewer> {
    let mut options = lab.options(connection)?;
    if shows_video {
        options.hello.features |= Feature::VIDEO;
    }
    Viewer::open(&options).await
}

/// Waits until the stream shows `want` well enough.
async fn wait_for_film(viewer: &mut Viewer, want: &Picture) -> Result<()> {
    let (mut seen, mut best) = (0, 0.0);
    let geometry = (want.width, want.height);
    let shown = viewer
        .wait_until("the film", SOON, |viewer| {
            let count = viewer.counts().videos;
            if count == seen {
                return false;
            }
            seen = count;
            let picture = decoded(viewer.videos(), geometry);
            best = picture.map_or(0.0, |picture| psnr(&picture, &want.rgba));
            best >= PSNR_MIN
        })
        .await;
    shown.with_context(|| format!("{best:.1} dB after {seen} pieces"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_goes_through_undecoded() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, None)?;
    let mut lab = gateway(&server, &[("desk", "")])?;
    let first = soft(7);
    server.display().paint_root(&first)?;
    let mut viewer = view(&lab, "desk", true).await?;
    wait_for_film(&mut viewer, &first).await?;
    let rect = viewer.videos().first().context("no piece")?.rect;
    ensure!(rect.size() == Size::new(GEOMETRY.0, GEOMETRY.1), "{rect}");
    // It goes on from there.
    let second = soft(4);
    server.display().paint_root(&second)?;
    wait_for_film(&mut viewer, &second).await?;
    lab.check_sound(&["geheim7"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_show_h264_gets_exact_pictures() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, None)?;
    let exact = [("desk", ""), ("plain", "disable-gfx = true"), ("exact", "force-lossless = true")];
    let mut lab = gateway(&server, &exact)?;
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card)?;
    for (connection, shows_video) in [("desk", false), ("plain", true), ("exact", true)] {
        let mut viewer = view(&lab, connection, shows_video).await?;
        let shown = wait_for_picture(&mut viewer, &card).await;
        shown.with_context(|| connection.to_owned())?;
        ensure!(viewer.counts().videos == 0, "{connection} has video");
    }
    lab.check_sound(&["geheim7"])
}

/// Without a decoder, the server is asked for another picture, and not for H.264 again: its encoder
/// would go on where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_ends_when_somebody_comes_who_cannot_show_it() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, None)?;
    let mut lab = gateway(&server, &[("desk", "")])?;
    let first = soft(7);
    server.display().paint_root(&first)?;
    let mut options = lab.options("desk")?;
    options.hello.features |= Feature::VIDEO;
    let mut viewer = Viewer::open(&options).await?;
    wait_for_film(&mut viewer, &first).await?;
    // The same session, without H.264.
    let mut options = options.resuming(viewer.resume());
    options.hello.features &= !Feature::VIDEO;
    drop(viewer);
    let mut viewer = Viewer::open(&options).await?;
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;
    let mut options = options.resuming(viewer.resume());
    options.hello.features |= Feature::VIDEO;
    drop(viewer);
    let mut viewer = Viewer::open(&options).await?;
    server.display().paint_root(&first)?;
    wait_for_picture(&mut viewer, &first).await?;
    ensure!(viewer.counts().videos == 0, "it is back");
    lab.check_sound(&["geheim7"])
}

/// A decoder, and how many pictures it has had.
struct OpenH264(Decoder, Arc<AtomicUsize>);

impl H264Decoder for OpenH264 {
    fn decode(
        &mut self,
        annex_b: &[u8],
        show: &mut dyn FnMut(&YuvPicture<'_>),
    ) -> Result<(), H264Fault> {
        let picture = self.0.decode(annex_b).map_err(|error| H264Fault(error.to_string()))?;
        if let Some(picture) = picture {
            self.1.fetch_add(1, Ordering::Relaxed);
            let side = |side: usize| u16::try_from(side).unwrap_or(u16::MAX);
            let ((width, height), strides) = (picture.dimensions(), picture.strides());
            show(&YuvPicture {
                size: Size::new(side(width), side(height)),
                y: picture.y(),
                u: picture.u(),
                v: picture.v(),
                luma_stride: strides.0,
                chroma_stride: strides.1,
            });
        }
        Ok(())
    }
}

/// What takes H.264 and decodes it; and how many pictures were.
fn deciphering(passes_video: bool) -> (RdpConfig, Arc<AtomicUsize>) {
    let decoded = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&decoded);
    let open = OpenDecoder::new(move || {
        let decoder = Decoder::new().map_err(|error| H264Fault(error.to_string()))?;
        Ok(Box::new(OpenH264(decoder, Arc::clone(&count))))
    });
    let config = RdpConfig {
        credentials: Credentials {
            username: Some("ada".to_owned()),
            password: Some("secret".into()),
            ..Credentials::default()
        },
        server_name: "localhost".to_owned(),
        graphics: Some(GraphicsConfig { passes_video, open_decoder: Some(open) }),
        ..RdpConfig::default()
    };
    (config, decoded)
}

async fn wait_for_psnr(desktop: &mut RdpDesktop, want: &Picture, least: f64) -> Result<()> {
    let mut best = 0.0_f64;
    let shown = desktop
        .wait_until("the picture", SOON, |desktop| {
            best = best.max(psnr(desktop.surface().bytes(), &want.rgba));
            best >= least
        })
        .await;
    shown.with_context(|| {
        format!("{best:.1} dB; {}", wrong_pixels(desktop.surface().bytes(), &want.rgba))
    })
}

/// Which pixels are another colour altogether, for a test that fails: how many, and between which.
fn wrong_pixels(pixels: &[u8], want: &[u8]) -> String {
    let pairs = pixels.chunks_exact(4).zip(want.chunks_exact(4)).enumerate();
    let is_wrong = |(a, b): &(&[u8], &[u8])| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 64);
    let wrong: Vec<_> = pairs.filter(|(_, pair)| is_wrong(pair)).map(|(at, _)| at).collect();
    let place = |at: usize| (at % usize::from(GEOMETRY.0), at / usize::from(GEOMETRY.0));
    let (first, last) = (wrong.first().map(|at| place(*at)), wrong.last().map(|at| place(*at)));
    format!("{} wrong pixels from {first:?} to {last:?}", wrong.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_in_444_is_decoded() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, None)?;
    let (config, decoded) = deciphering(false);
    let mut desktop = RdpDesktop::connect(server.address(), config).await?;
    let is_up = |desktop: &RdpDesktop| desktop.events().contains(&Event::Connected);
    desktop.wait_until("the desktop", SOON, is_up).await?;
    // What is there before the server knows that it may send H.264 comes in another way.
    for slope in 4.. {
        server.display().paint_root(&soft(slope))?;
        let is_in_use = |_: &RdpDesktop| decoded.load(Ordering::Relaxed) > 0;
        if desktop.wait_until("H.264", Duration::from_secs(1), is_in_use).await.is_ok() {
            break;
        }
        ensure!(slope < 34, "the server sends no H.264");
    }
    // Two colours next to each other: in 4:2:0 that is 13 dB. They change every few columns: one of
    // the colours eight columns off comes to 22.
    let stripes = Picture::from_fn(GEOMETRY.0, GEOMETRY.1, |x, y| {
        let strong = if x / 40 % 2 == 0 { 230 } else { 130 };
        if (x + y / 9) % 2 == 0 { [strong, 20, 20] } else { [20, 20, strong] }
    });
    let before = decoded.load(Ordering::Relaxed);
    server.display().paint_root(&stripes)?;
    wait_for_psnr(&mut desktop, &stripes, HARD_PSNR_MIN).await?;
    ensure!(decoded.load(Ordering::Relaxed) > before, "it came in another way");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decoder_takes_over_what_was_passed_on() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, None)?;
    let first = soft(7);
    server.display().paint_root(&first)?;
    let mut desktop = RdpDesktop::connect(server.address(), deciphering(true).0).await?;
    let is_up = |desktop: &RdpDesktop| desktop.events().contains(&Event::Connected);
    desktop.wait_until("the desktop", SOON, is_up).await?;
    desktop.input(Input::VideoWelcome(true));
    let is_passed = |desktop: &RdpDesktop| {
        desktop.events().iter().any(|event| matches!(event, Event::Video(_)))
    };
    desktop.wait_until("a piece of H.264", SOON, is_passed).await?;
    let passed = |desktop: &RdpDesktop| {
        desktop.events().iter().filter(|event| matches!(event, Event::Video(_))).count()
    };
    let before = passed(&desktop);
    let second = soft(4);
    server.display().paint_root(&second)?;
    desktop.wait_until("another", SOON, |desktop| passed(desktop) > before).await?;
    let shown = psnr(desktop.surface().bytes(), &second.rgba);
    ensure!(shown < PSNR_MIN, "{shown} dB: somebody decoded it");
    desktop.input(Input::VideoWelcome(false));
    wait_for_psnr(&mut desktop, &second, PSNR_MIN).await
}
