//! The RDP driver against real servers, over the gateway's own dialling, without a gateway yet.

use std::time::Duration;

use anyhow::Result;
use porthole_pixels::{Point, Size};
use porthole_rdp::{ColorDepth, RdpConfig, SecurityMode};
use porthole_remote::{Buttons, Credentials, Event, Input};
use porthole_testkit::rdp::{DialError, RdpDesktop, replay};
use porthole_testkit::servers::{Picture, RdpShadow, Xrdp};
use porthole_tests::SOON;

/// Making a session takes an X server's start.
const SESSION_MAX: Duration = Duration::from_secs(60);

/// The screens here.
const GEOMETRY: (u16, u16) = (800, 600);

pub(crate) fn config((user, password): (&str, &str)) -> RdpConfig {
    RdpConfig {
        credentials: Credentials {
            username: Some(user.to_owned()),
            password: Some(password.into()),
            ..Credentials::default()
        },
        server_name: "localhost".to_owned(),
        size: Size::new(GEOMETRY.0, GEOMETRY.1),
        remote_fx: false,
        ..RdpConfig::default()
    }
}

fn shows(desktop: &RdpDesktop, picture: &Picture) -> bool {
    desktop.surface().bytes() == picture.rgba
}

async fn until_connected(desktop: &mut RdpDesktop) -> Result<()> {
    desktop
        .wait_until("the desktop", SESSION_MAX, |desktop| {
            desktop.events().contains(&Event::Connected)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadowed_screen_is_exact() {
    let server = RdpShadow::start(GEOMETRY, None).unwrap();
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card).unwrap();
    let mut desktop =
        RdpDesktop::connect(server.address(), config(("ada", "secret"))).await.unwrap();
    until_connected(&mut desktop).await.unwrap();
    desktop.wait_until("the card", SOON, |desktop| shows(desktop, &card)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn network_level_authentication_lets_in_who_knows_the_password() {
    let server = RdpShadow::start(GEOMETRY, Some(("ada", "secret"))).unwrap();
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card).unwrap();
    for security in [SecurityMode::Any, SecurityMode::Nla] {
        let config = RdpConfig { security, ..config(("ada", "secret")) };
        let mut desktop = RdpDesktop::connect(server.address(), config).await.unwrap();
        until_connected(&mut desktop).await.unwrap();
        desktop.wait_until("the card", SOON, |desktop| shows(desktop, &card)).await.unwrap();
    }
}

/// The cause of the fault that ends a connection before its desktop is there.
async fn refusal(server: &RdpShadow, config: RdpConfig) -> Result<&'static str> {
    let mut desktop = RdpDesktop::connect(server.address(), config).await?;
    let Err(error) = until_connected(&mut desktop).await else { return Ok("none") };
    match error.downcast_ref::<DialError>() {
        Some(fault) => Ok(fault.cause()),
        None => Err(error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_apart() {
    let server = RdpShadow::start(GEOMETRY, Some(("ada", "secret"))).unwrap();
    assert_eq!(refusal(&server, config(("ada", "wrong"))).await.unwrap(), "authentication_failed");
    assert_eq!(refusal(&server, config(("eve", "secret"))).await.unwrap(), "authentication_failed");
    let nobody = RdpConfig { credentials: Credentials::default(), ..config(("", "")) };
    assert_eq!(refusal(&server, nobody).await.unwrap(), "credentials_missing");
    let tls = RdpConfig { security: SecurityMode::Tls, ..config(("ada", "secret")) };
    assert_eq!(refusal(&server, tls).await.unwrap(), "security_not_allowed");
}

/// A session of xrdp's whose screen is there and painted in one colour.
pub(crate) async fn session(server: &Xrdp, config: RdpConfig) -> Result<RdpDesktop> {
    let mut desktop = RdpDesktop::connect(server.address(), config).await?;
    until_connected(&mut desktop).await?;
    // The log-on screen gives way to the session's, which is empty.
    let display = server.display();
    desktop.wait_until("the session", SESSION_MAX, |_| display.root().is_ok()).await?;
    Ok(desktop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_xrdp_is_exact() {
    let server = Xrdp::start().unwrap();
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    for color_depth in [ColorDepth::Bits24, ColorDepth::Bits32] {
        for compression in [false, true] {
            let config = RdpConfig { color_depth, compression, ..config(server.login()) };
            let mut desktop = session(&server, config).await.unwrap();
            server.display().paint_root(&card).unwrap();
            desktop.wait_until("the card", SOON, |desktop| shows(desktop, &card)).await.unwrap();
            let blank = Picture::from_fn(GEOMETRY.0, GEOMETRY.1, |_, _| [0x12, 0x34, 0x56]);
            server.display().paint_root(&blank).unwrap();
            desktop.wait_until("no card", SOON, |desktop| shows(desktop, &blank)).await.unwrap();
        }
    }
}

/// Keys with their places on a US keyboard: keysym and XT set 1 scan code.
pub(crate) const HELLO: [(u32, u16); 6] =
    [(0x68, 0x23), (0x65, 0x12), (0x6c, 0x26), (0x6c, 0x26), (0x6f, 0x18), (0xff0d, 0x1c)];

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_xrdp_takes_input() {
    let server = Xrdp::start().unwrap();
    let mut desktop = session(&server, config(server.login())).await.unwrap();
    let folder = crate::input::Folder::new("rdp").unwrap();
    let file = folder.file();
    let _window = crate::input::terminal(server.display(), &file).unwrap();

    desktop.input(Input::Pointer { at: Point { x: 100, y: 90 }, buttons: Buttons::default() });
    let place = || server.display().xdotool(&["getmouselocation", "--shell"]).unwrap_or_default();
    let is_there = |_: &RdpDesktop| place().contains("X=100\nY=90\n");
    desktop.wait_until("the pointer", SOON, is_there).await.unwrap();

    for (keysym, scancode) in HELLO {
        desktop.input(Input::Key { down: true, keysym, scancode });
        desktop.input(Input::Key { down: false, keysym, scancode });
    }
    desktop.input(Input::Text("Grand Total: 42%\n".to_owned()));
    let want = "hello\nGrand Total: 42%\n";
    let typed = || std::fs::read_to_string(&file).unwrap_or_default();
    let found = desktop.wait_until("the lines", SOON, |_| typed() == want).await;
    found.unwrap_or_else(|error| panic!("{error:#}; {:?}", typed()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_cut_anywhere_ends_in_order() {
    let server = Xrdp::start().unwrap();
    let config = config(server.login());
    let mut desktop = session(&server, config.clone()).await.unwrap();
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card).unwrap();
    desktop.wait_until("the card", SOON, |desktop| shows(desktop, &card)).await.unwrap();
    let record = desktop.record();
    let len = record.secured.len();
    assert!(len > 10_000, "{len}");
    // Every byte of the connection sequence, and a sample of the pictures after it.
    let cuts = (0..6_000).chain((6_000..len).step_by(len / 500 + 1)).chain([len]);
    let mut taken_before = 0;
    for cut in cuts.filter(|cut| *cut <= len) {
        let taken = replay(&record, config.clone(), cut).unwrap();
        assert!((taken_before..=cut).contains(&taken), "{taken} of {cut}");
        taken_before = taken;
    }
    assert_eq!(taken_before, len);
}
