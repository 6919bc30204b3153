//! RDP connections that are made anew under a session that goes on.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use porthole_link::{Phase, ToGateway};
use porthole_pixels::Size;
use porthole_testkit::servers::{Picture, RdpShadow, Xrdp};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};

use crate::picture::wait_for_picture;

/// The size of screens that are shared.
const GEOMETRY: (u16, u16) = (1024, 768);

/// Certificates of servers here are their own makers'.
const ANY_CERTIFICATE: &str = "\n[tls]\nverify = \"off\"\n";

/// A desktop of xrdp's that is left and dialled again for another size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_of_xrdp_gets_its_size_by_dialling_again() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let more = format!(
        "username = \"{user}\"\npassword = \"{password}\"\n{ANY_CERTIFICATE}\
         [parameters]\nresize-method = \"reconnect\"\n"
    );
    let mut lab = Setup::new().speaking("rdp", "desk", server.address(), &more).start()?;
    let (first, second) = (Size::new(900, 700), Size::new(1120, 640));
    let mut viewer = Viewer::open(&lab.options("desk")?.wishing(first)).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let card = Picture::test_card(first.width, first.height);
    display.paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;

    // Nobody dials while the window is dragged: only the last of these counts.
    for width in [1000, 1050, second.width] {
        viewer.send(&ToGateway::Resize(Size::new(width, second.height), 100)).await?;
    }
    viewer.wait_until("the other size", SOON, |viewer| viewer.size() == second).await?;
    viewer
        .wait_until("the session's size", SOON, |_| {
            display.read_root().is_ok_and(|root| root.width == second.width)
        })
        .await?;
    let card = Picture::test_card(second.width, second.height);
    display.paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;
    let log = lab.gateway().log()?;
    let dialled = log.matches("dialling again for another size").count();
    ensure!(dialled == 1, "{dialled} times");
    lab.check_sound(&[password])
}

/// A server that crashes while it draws is dialled until it is there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashed_is_dialled_until_it_is_back() -> Result<()> {
    let mut server = RdpShadow::start(GEOMETRY, Some(("ada", "geheim7")))?;
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card)?;
    let login = "username = \"ada\"\npassword = \"geheim7\"\n".to_owned();
    let mut lab = Setup::new()
        .speaking("rdp", "desk", server.address(), &(login + ANY_CERTIFICATE))
        .start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    wait_for_picture(&mut viewer, &card).await?;
    // It is killed amid a drawing.
    let other = Picture::from_fn(GEOMETRY.0, GEOMETRY.1, |x, y| {
        let [red, green, blue] = card.pixel(y, x).unwrap_or_default();
        [blue, red, green]
    });
    server.display().paint_root(&other)?;
    server.kill()?;
    let phase = |wanted| move |viewer: &Viewer| viewer.seen().phase == Some(wanted);
    viewer.wait_until("the loss", SOON, phase(Phase::Connecting)).await?;
    ensure!(viewer.size() == Size::new(GEOMETRY.0, GEOMETRY.1), "the canvas stays");
    // A first try finds nobody.
    viewer.read_for(Duration::from_millis(500)).await?;
    server.revive()?;
    viewer.wait_until("the return", SOON, phase(Phase::Connected)).await?;
    wait_for_picture(&mut viewer, &other).await?;
    lab.check_sound(&["geheim7"])
}

/// Credentials that somebody typed are not kept: they are asked for again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_typed_is_asked_for_again() -> Result<()> {
    use porthole_link::Answer;

    let mut server = RdpShadow::start(GEOMETRY, Some(("ada", "geheim7")))?;
    let mut lab =
        Setup::new().speaking("rdp", "desk", server.address(), ANY_CERTIFICATE).start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    for asked in [1, 3] {
        let asks = |viewer: &Viewer| viewer.seen().prompts.len() >= asked;
        viewer.wait_until("the question", SOON, asks).await?;
        let reason = viewer.seen().prompts.last().context("a question")?.reason.clone();
        ensure!(reason.is_empty(), "{reason}");
        let (username, domain) = ("ada".to_owned(), String::new());
        let answer = Answer { username, password: "geheim7".to_owned().into(), domain };
        viewer.send(&ToGateway::Answer(answer)).await?;
        let is_up = |viewer: &Viewer| viewer.seen().phase == Some(Phase::Connected);
        viewer.wait_until("the desktop", SOON, is_up).await?;
        if asked == 1 {
            server.kill()?;
            server.revive()?;
        }
    }
    lab.check_sound(&["geheim7"])
}

/// A user who logs off does not come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_off_is_not_logged_on_again() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let more = format!("username = \"{user}\"\npassword = \"{password}\"\n{ANY_CERTIFICATE}");
    let mut lab = Setup::new().speaking("rdp", "desk", server.address(), &more).start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    server.log_off()?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "remote_closed", "{error:?}");
    lab.check_sound(&[password])
}
