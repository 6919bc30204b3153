//! What an operator counts.

use anyhow::{Result, ensure};
use porthole_testkit::servers::{Picture, XtigerVnc, XvncOptions, wait_until};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_is_counted() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions::default())?;
    server.display().paint_root(&Picture::test_card(300, 200))?;
    let mut lab =
        Setup::new().session("linger_s = 0").connection("lab", server.address(), "").start()?;
    let options = lab.options("lab")?;
    let mut viewer = Viewer::open(&options).await?;
    viewer.wait_until("images", SOON, |viewer| viewer.counts().images_all() > 0).await?;
    let spent = Viewer::open(&options).await;
    ensure!(spent.is_err(), "a token opened two sessions");

    for (name, value) in [
        ("porthole_sessions", 1),
        ("porthole_sessions_opened_total", 1),
        ("porthole_viewers", 1),
        ("porthole_viewers_attached_total", 1),
        ("porthole_tokens_rejected_total{cause=\"already_spent\"}", 1),
        ("porthole_links_failed_total{cause=\"already_spent\"}", 1),
    ] {
        ensure!(lab.metric(name)? == value, "{name} is {}", lab.metric(name)?);
    }
    // Counted when a frame is handed over, so they cannot be behind what has arrived.
    let counts = *viewer.counts();
    ensure!(lab.metric("porthole_frames_sent_total")? >= counts.frames, "{counts:?}");
    let images: u64 = ["jpeg", "palette", "rgb"]
        .iter()
        .map(|codec| lab.metric(&format!("porthole_images_sent_total{{codec=\"{codec}\"}}")))
        .sum::<Result<u64>>()?;
    ensure!(images >= counts.images_all(), "{images} images, and {counts:?}");
    wait_until("a latency", SOON, || {
        let count = lab.metric("porthole_frame_latency_seconds_count")?;
        Ok((count > 0).then_some(()))
    })?;

    drop(viewer);
    wait_until("the end of the session", SOON, || {
        let ended = lab.metric("porthole_sessions_ended_total{cause=\"abandoned\"}")?;
        Ok((ended == 1 && lab.metric("porthole_sessions")? == 0).then_some(()))
    })?;
    ensure!(lab.metric("porthole_viewers")? == 0, "a viewer is left");
    lab.check_sound(&[])
}
