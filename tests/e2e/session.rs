//! The life of a session: left, come back to, outlived, drained.

use std::time::Duration;

use anyhow::{Result, ensure};
use porthole_link::Category;
use porthole_testkit::servers::{Area, Picture, XtigerVnc, XvncOptions, wait_until};
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, Setup};
use porthole_token::Target;
use rustix::process::{Pid, Signal, kill_process};

use crate::picture::wait_for_picture;

const GEOMETRY: (u16, u16) = (320, 200);

fn server() -> Result<(XtigerVnc, Picture)> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    let picture = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&picture)?;
    Ok((server, picture))
}

const LOSSLESS: &str = "\n[parameters]\nforce-lossless = true\n";

fn expect_ended(error: &porthole_link::ErrorRecord, cause: &str) -> Result<()> {
    ensure!(error.category == Category::Ended && error.cause == cause, "{error:?}, not {cause}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_viewer_comes_back() -> Result<()> {
    let (server, picture) = server()?;
    let mut lab = Setup::new().connection("lab", server.address(), LOSSLESS).start()?;
    let options = lab.options("lab")?;
    let mut first = Viewer::open(&options).await?;
    wait_for_picture(&mut first, &picture).await?;
    let (name, old) = (first.welcome().map(|welcome| welcome.session), first.resume());
    drop(first);

    let mut second = Viewer::open(&options.clone().resuming(old.clone())).await?;
    ensure!(second.welcome().map(|welcome| welcome.session) == name, "another session");
    ensure!(second.resume() != old, "the secret was not renewed");
    wait_for_picture(&mut second, &picture).await?;

    // The old secret is void, while the new one is held and after it was left.
    for left in [false, true] {
        let mut thief = Viewer::connect(&options.clone().resuming(old.clone())).await?;
        let (error, code) = thief.wait_for_error(SOON).await?;
        expect_ended(&error, "session_ended")?;
        ensure!(code == 4007, "{code}");
        if !left {
            second.read_for(Duration::from_millis(1)).await?;
            ensure!(second.seen().close_code.is_none(), "the thief ended the session");
        }
    }

    // Another token does not open the session either, though the secret is right.
    let resume = second.resume();
    let other = lab.options("lab")?.resuming(resume.clone());
    let (error, _) = Viewer::connect(&other).await?.wait_for_error(SOON).await?;
    expect_ended(&error, "session_ended")?;

    // Coming back while the old socket still lives closes that one.
    let mut third = Viewer::open(&options.resuming(resume)).await?;
    let (error, _) = second.wait_for_error(SOON).await?;
    expect_ended(&error, "replaced")?;
    wait_for_picture(&mut third, &picture).await?;
    ensure!(lab.metric("porthole_sessions_opened_total")? == 1, "more than one session");
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_brings_one_back() -> Result<()> {
    let (server, picture) = server()?;
    let mut lab = Setup::new().connection("lab", server.address(), LOSSLESS).start()?;
    let mut claims = tokens::claims(Target::Connection { connection: "lab".into() });
    claims.exp = tokens::now_unix_s() + 2;
    let options = ViewerOptions::new(lab.address(), tokens::mint(&claims)?);
    let mut viewer = Viewer::open(&options).await?;
    wait_for_picture(&mut viewer, &picture).await?;
    let resume = viewer.resume();
    drop(viewer);
    wait_until("the token to expire", SOON, || {
        Ok((tokens::now_unix_s() > claims.exp).then_some(()))
    })?;
    let (error, _) = Viewer::connect(&options).await?.wait_for_error(SOON).await?;
    ensure!(error.cause == "expired", "{error:?}");
    let mut viewer = Viewer::open(&options.resuming(resume)).await?;
    wait_for_picture(&mut viewer, &picture).await?;
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_left_too_long_ends() -> Result<()> {
    let (server, _) = server()?;
    let mut lab =
        Setup::new().session("linger_s = 1").connection("lab", server.address(), "").start()?;
    let options = lab.options("lab")?;
    let viewer = Viewer::open(&options).await?;
    ensure!(viewer.welcome().is_some_and(|welcome| welcome.linger_ms == 1000), "linger");
    let resume = viewer.resume();
    drop(viewer);
    wait_until("the end of the session", SOON, || {
        Ok((lab.metric("porthole_sessions")? == 0).then_some(()))
    })?;
    let late = options.resuming(resume);
    let (error, _) = Viewer::connect(&late).await?.wait_for_error(SOON).await?;
    expect_ended(&error, "session_ended")?;
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_viewer_hinders_nobody() -> Result<()> {
    let (server, picture) = server()?;
    let mut lab = Setup::new().connection("lab", server.address(), LOSSLESS).start()?;
    let mut stalled = lab.view("lab").await?;
    stalled.set_acks(false).await?;
    let mut lively = lab.view("lab").await?;
    wait_for_picture(&mut lively, &picture).await?;
    let mut root = server.display().root()?;
    let before = lab.resident_bytes()?;
    for shift in 1..40 {
        // Noise in another place each time.
        let patch = Picture::test_card(GEOMETRY.0 - shift, GEOMETRY.1 - shift);
        root.draw(shift, shift, &patch)?;
        root.copy(Area { x: 0, y: 0, width: 50, height: 50 }, shift, 3)?;
        wait_for_picture(&mut lively, &root.read()?).await?;
    }
    let grown = lab.resident_bytes()?.saturating_sub(before);
    ensure!(grown < 32 << 20, "the stalled viewer cost {grown} bytes");
    // It was never sent what it did not acknowledge, and catches up in one go.
    stalled.read_for(Duration::from_millis(200)).await?;
    let (some, all) = (stalled.counts().bytes, lively.counts().bytes);
    ensure!(some < all / 4, "{some} bytes of {all} were sent to a viewer that acknowledged none");
    stalled.set_acks(true).await?;
    wait_for_picture(&mut stalled, &root.read()?).await?;
    lab.check_sound(&[])
}

fn ask_to_end(lab: &mut Lab) -> Result<()> {
    let id = i32::try_from(lab.gateway().process().id())?;
    let id = Pid::from_raw(id).ok_or_else(|| anyhow::anyhow!("a process has a number"))?;
    Ok(kill_process(id, Signal::TERM)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_gateway_tells_and_leaves() -> Result<()> {
    let (server, _) = server()?;
    let mut lab =
        Setup::new().server("drain_s = 3").connection("lab", server.address(), "").start()?;
    let mut viewer = lab.view("lab").await?;
    ask_to_end(&mut lab)?;
    viewer.wait_until("a notice", SOON, |viewer| !viewer.seen().notices.is_empty()).await?;
    let (status, _) = lab.get("/readyz")?;
    ensure!(status == 503, "ready while draining: {status}");
    let refused = Viewer::connect(&lab.options("lab")?).await?.wait_for_error(SOON).await?;
    ensure!(refused.0.cause == "draining" && refused.0.retry, "{refused:?}");
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.category == Category::Gateway && error.retry, "{error:?}");
    let status = lab.gateway().process().wait(SOON)?;
    ensure!(status.code() == Some(0), "{status}");
    let log = lab.log()?;
    ensure!(!log.contains("panicked"), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_gateway_leaves_at_once() -> Result<()> {
    let mut lab = Setup::new().server("drain_s = 300").start()?;
    ask_to_end(&mut lab)?;
    let status = lab.gateway().process().wait(SOON)?;
    ensure!(status.code() == Some(0), "{status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_runs_out() -> Result<()> {
    let (server, _) = server()?;
    let mut lab = Setup::new().connection("lab", server.address(), "").start()?;
    let mut claims = tokens::claims(Target::Connection { connection: "lab".into() });
    claims.porthole.session_max_s = Some(1);
    let token = tokens::mint(&claims)?;
    let mut viewer = Viewer::open(&ViewerOptions::new(lab.address(), token)).await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    expect_ended(&error, "time_up")?;
    lab.check_sound(&[])
}

/// The shortest time that the configuration takes is ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_uses_it() -> Result<()> {
    let (server, _) = server()?;
    let mut lab =
        Setup::new().session("idle_max_s = 10").connection("lab", server.address(), "").start()?;
    let mut viewer = lab.view("lab").await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    expect_ended(&error, "idle")?;
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_that_ends_is_told() -> Result<()> {
    let (mut server, picture) = server()?;
    let mut lab = Setup::new().connection("lab", server.address(), LOSSLESS).start()?;
    let mut viewer = lab.view("lab").await?;
    wait_for_picture(&mut viewer, &picture).await?;
    server.process().terminate()?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    let told = matches!(error.category, Category::Ended | Category::Remote);
    ensure!(told, "{error:?}");
    lab.check_sound(&[])
}
