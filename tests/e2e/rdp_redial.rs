//! RDP connections that are made anew under a session that goes on.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use porthole_link::{Answer, Category, Phase, ToGateway};
use porthole_pixels::Size;
use porthole_testkit::rdp_relay::{
    DEMAND_ACTIVE, Edit, Editor, Heard, RdpRelay, packet_like, share_kind,
};
use porthole_testkit::servers::{Picture, RdpShadow, Xrdp};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};

use crate::input::Folder;
use crate::picture::wait_for_picture;
use crate::refuse::expect;

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

fn short_len(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

/// A message of the share that sends its client to `host`, or with a token to the same place.
fn redirection(host: Option<&str>, token: Option<&str>) -> Vec<u8> {
    let mut fields = Vec::new();
    let mut flags = 0_u32;
    if let Some(host) = host {
        flags |= 1;
        let text: Vec<u8> = host.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        fields.extend(u32::from(short_len(&text)).to_le_bytes());
        fields.extend(text);
    }
    if let Some(token) = token {
        flags |= 2;
        fields.extend(u32::from(short_len(token.as_bytes())).to_le_bytes());
        fields.extend(token.as_bytes());
    }
    let len = short_len(&fields) + 12;
    let mut message = (len + 8).to_le_bytes().to_vec();
    message.extend([0x1a, 0, 0xea, 3, 0, 0, 0, 4]);
    message.extend(len.to_le_bytes());
    message.extend(7_u32.to_le_bytes());
    message.extend(flags.to_le_bytes());
    message.extend(fields);
    message
}

/// Says `message` in the place of what begins a share, on the connections for which `when` is true.
fn instead(message: Vec<u8>, when: impl Fn(usize) -> bool + Send + 'static) -> Editor {
    Box::new(move |connection, packet| {
        if when(connection) && share_kind(packet) == Some(DEMAND_ACTIVE) {
            Edit::Replace(packet_like(packet, &message))
        } else {
            Edit::Pass
        }
    })
}

/// The server's port at another address of the loopback.
fn beside(server: &Xrdp) -> SocketAddr {
    (Ipv4Addr::new(127, 0, 0, 2), server.address().port()).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirection_is_followed_to_another_host() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let login = format!("username = \"{user}\"\npassword = \"{password}\"\n");
    let message = redirection(Some("127.0.0.1"), None);
    let relay =
        RdpRelay::start(beside(&server), server.address(), instead(message, |_| true)).await?;
    let mut lab = Setup::new()
        .speaking("rdp", "desk", beside(&server), &(login + ANY_CERTIFICATE))
        .start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    display.paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;
    ensure!(relay.heard().len() == 1, "the broker is asked once");
    lab.check_sound(&[password])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balancers_token_comes_back_to_it() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let login = format!("username = \"{user}\"\npassword = \"{password}\"\n");
    let message = redirection(None, Some("Cookie: msts=3640205228.15629.0000\r\n"));
    let edit = instead(message, |connection| connection == 0);
    let relay = RdpRelay::start(beside(&server), server.address(), edit).await?;
    let mut lab = Setup::new()
        .speaking("rdp", "desk", beside(&server), &(login + ANY_CERTIFICATE))
        .start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    let is_up = |viewer: &Viewer| viewer.seen().phase == Some(Phase::Connected);
    viewer.wait_until("the desktop", SOON, is_up).await?;
    let heard = relay.heard();
    let [_, second] = &heard[..] else { anyhow::bail!("{} connections", heard.len()) };
    let request = String::from_utf8_lossy(&second.request);
    ensure!(request.contains("Cookie: msts=3640205228.15629.0000\r\n"), "{request:?}");
    lab.check_sound(&[password])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirection_opens_nothing_that_the_operator_did_not() -> Result<()> {
    let server = Xrdp::start()?;
    // A loop, and places that the policy does not open.
    for (last, host, category, cause) in [
        (2, "127.0.0.2", Category::Remote, "redirected"),
        (3, "10.1.2.3", Category::Policy, "policy"),
        (4, "169.254.169.254", Category::Policy, "policy"),
    ] {
        let at = (Ipv4Addr::new(127, 0, 0, last), server.address().port()).into();
        let edit = instead(redirection(Some(host), None), |_| true);
        let relay = RdpRelay::start(at, server.address(), edit).await?;
        let mut lab = Setup::new().speaking("rdp", "desk", at, ANY_CERTIFICATE).start()?;
        expect(&lab, &lab.options("desk")?, category, cause).await?;
        ensure!(relay.heard().len() <= 6, "{} connections", relay.heard().len());
        lab.check_sound(&[])?;
    }
    Ok(())
}

/// A server's cookie, in a Save Session Info PDU.
fn cookie_message() -> Vec<u8> {
    let mut body = vec![3, 0, 0, 0, 38, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28, 0, 0, 0, 1, 0, 0, 0];
    body.extend([9, 0, 0, 0]);
    body.extend([0x5a; 16]);
    let len = short_len(&body);
    let mut message = (len + 18).to_le_bytes().to_vec();
    message.extend([0x17, 0, 0xea, 3, 0, 0, 1, 0, 0, 1]);
    message.extend(len.to_le_bytes());
    message.extend([0x26, 0, 0, 0]);
    message.extend(body);
    message
}

/// The stream is cut once the desktop is there: the next connection proves that it has the cookie.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_taken_up_with_the_servers_cookie() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let login = format!("username = \"{user}\"\npassword = \"{password}\"\n");
    let mut shares = 0;
    let edit: Editor = Box::new(move |connection, packet| {
        // The font map is the last word of a connection sequence (2.2.1.22), and xrdp's fourth
        // message of share data.
        shares += u32::from(connection == 0 && share_kind(packet) == Some(7));
        if connection == 0 && shares == 5 {
            Edit::Cut(packet_like(packet, &cookie_message()))
        } else {
            Edit::Pass
        }
    });
    let relay = RdpRelay::start(beside(&server), server.address(), edit).await?;
    let mut lab = Setup::new()
        .speaking("rdp", "desk", beside(&server), &(login + ANY_CERTIFICATE))
        .start()?;
    let mut options = lab.options("desk")?;
    options.hello.time_zone = "Asia/Kolkata".to_owned();
    let mut viewer = Viewer::open(&options).await?;
    let again = |_: &Viewer| relay.heard().len() == 2;
    viewer.wait_until("the second connection", SOON, again).await?;
    let is_up = |viewer: &Viewer| viewer.seen().phase == Some(Phase::Connected);
    viewer.wait_until("the desktop", SOON, is_up).await?;
    // ARC_CS_PRIVATE_PACKET (2.2.4.3): length, version, the log-on's number.
    let packet = [28, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0];
    let heard = relay.heard();
    let has_it = |heard: &Heard| heard.secured.windows(packet.len()).any(|bytes| bytes == packet);
    ensure!(!has_it(&heard[0]) && has_it(&heard[1]), "who has the cookie");
    // TS_TIME_ZONE_INFORMATION (2.2.1.11.1.1.1.1): minutes to add for Greenwich's time, and a name.
    let name = "Asia/Kolkata".encode_utf16().flat_map(u16::to_le_bytes);
    let zone: Vec<u8> = (-330_i32).to_le_bytes().into_iter().chain(name).collect();
    let has_zone =
        |heard: &Heard| heard.secured.windows(zone.len()).any(|bytes| bytes == &zone[..]);
    ensure!(heard.iter().all(has_zone), "whose time it is");
    ensure!(!heard[1].secured.windows(16).any(|bytes| bytes == [0x5a; 16]), "it is not told");
    lab.check_sound(&[password])
}

/// The certificate that a server has when it is first met is its own from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_trusted_on_first_use_alone() -> Result<()> {
    let server = Xrdp::start()?;
    let folder = Folder::new("first-use")?;
    let known = folder.file();
    let mut lab = Setup::new()
        .server(&format!("known_certificates = {known:?}"))
        .speaking("rdp", "desk", beside(&server), "\n[parameters]\ncert-tofu = true\n")
        .start()?;
    let relay = || RdpRelay::start(beside(&server), server.address(), Box::new(|_, _| Edit::Pass));
    let first = relay().await?;
    for _again in 0..2 {
        let mut viewer = Viewer::open(&lab.options("desk")?).await?;
        let is_up = |viewer: &Viewer| viewer.seen().phase == Some(Phase::Connected);
        viewer.wait_until("the desktop", SOON, is_up).await?;
    }
    let kept = std::fs::read_to_string(&known)?;
    ensure!(kept.starts_with(&format!("{} ", beside(&server))), "{kept}");
    ensure!(kept.lines().count() == 1, "{kept}");
    first.stop().await;
    let _second = relay().await?;
    expect(&lab, &lab.options("desk")?, Category::Policy, "tls_changed").await?;
    let (_, sha256) = kept.trim().split_once(' ').context("a fingerprint")?;
    ensure!(lab.log()?.contains(&format!("its sha-256 was {sha256} and is ")), "both are named");
    ensure!(std::fs::read_to_string(&known)? == kept, "it stays");
    lab.check_sound(&[])
}
