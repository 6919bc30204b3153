//! Each server is started, greeted and ended.

use std::net::TcpStream;
use std::time::Duration;

use super::*;

/// Whether the process with this identifier still exists.
fn exists(id: u32) -> bool {
    std::path::Path::new(&format!("/proc/{id}")).exists()
}

#[test]
fn tigervnc_greets_and_ends() {
    let server = XtigerVnc::start(XvncOptions::default()).unwrap();
    assert_eq!(read_banner(server.address()).unwrap(), "RFB 003.008\n");
    let mut server = server;
    let id = server.process().id();
    drop(server);
    assert!(!exists(id));
}

#[test]
fn tigervnc_takes_a_certificate() {
    let certificate = Certificate::for_localhost().unwrap();
    assert_eq!(certificate.sha256_hex().unwrap().len(), 64);
    let server = XtigerVnc::start(XvncOptions {
        security_types: &["X509Vnc", "TLSVnc", "VncAuth"],
        certificate: Some(&certificate),
        ..XvncOptions::default()
    })
    .unwrap();
    assert_eq!(read_banner(server.address()).unwrap(), "RFB 003.008\n");
}

#[test]
fn errors_carry_the_servers_words() {
    let options = XvncOptions { extra: &["-no-such-option"], ..XvncOptions::default() };
    let error = format!("{:#}", XtigerVnc::start(options).unwrap_err());
    assert!(error.contains("no-such-option"), "{error}");
}

#[test]
fn x11vnc_greets() {
    for password in [None, Some("secret")] {
        let server = X11Vnc::start((640, 480), password, &[]).unwrap();
        assert_eq!(read_banner(server.address()).unwrap(), "RFB 003.008\n");
    }
}

#[test]
fn tightvnc_greets() {
    let server = TightVnc::start((640, 480), "secret", &[]).unwrap();
    assert_eq!(read_banner(server.address()).unwrap(), "RFB 003.008\n");
    let picture = server.display().read_root().unwrap();
    assert_eq!((picture.width, picture.height), (640, 480));
}

#[test]
fn websockify_listens() {
    let target = XtigerVnc::start(XvncOptions::default()).unwrap();
    let mut bridge = Websockify::start(target.address()).unwrap();
    TcpStream::connect(bridge.address()).unwrap();
    bridge.process().check_running().unwrap();
}

#[test]
fn painted_pictures_are_exact() {
    let card = Picture::test_card(640, 480);
    let options = XvncOptions { geometry: (640, 480), ..XvncOptions::default() };
    let xvfb = Xvfb::start((640, 480)).unwrap();
    let tiger = XtigerVnc::start(options).unwrap();
    let tight = TightVnc::start((640, 480), "secret", &[]).unwrap();
    for display in [xvfb.display(), tiger.display(), tight.display()] {
        display.paint_root(&card).unwrap();
        let shown = display.read_root().unwrap();
        assert_eq!((shown.width, shown.height), (640, 480));
        assert_eq!(shown.first_difference(&card), None, "{}", display.name());
    }
}

#[test]
fn draws_and_copies_in_place() {
    let screen = Xvfb::start((200, 100)).unwrap();
    let mut root = screen.display().root().unwrap();
    assert_eq!(root.size().unwrap(), (200, 100));
    root.paint(&Picture::from_fn(200, 100, |_, _| [9, 9, 9])).unwrap();
    let patch = Picture::test_card(30, 20);
    root.draw(10, 5, &patch).unwrap();
    root.copy(Area { x: 10, y: 5, width: 30, height: 20 }, 100, 50).unwrap();
    let want = Picture::from_fn(200, 100, |x, y| {
        let inside = |left: u16, top: u16| {
            let place = (x.checked_sub(left)?, y.checked_sub(top)?);
            patch.pixel(place.0, place.1).ok()
        };
        inside(10, 5).or_else(|| inside(100, 50)).unwrap_or([9, 9, 9])
    });
    assert_eq!(root.read().unwrap().first_difference(&want), None);
}

#[test]
fn clipboard_and_input_reach_the_display() {
    let screen = Xvfb::start((640, 480)).unwrap();
    let display = screen.display();
    let owner = display.own_clipboard("grüße, 世界").unwrap();
    assert_eq!(display.clipboard().unwrap(), "grüße, 世界");
    drop(owner);
    assert!(display.clipboard().is_err());

    display.xdotool(&["mousemove", "123", "45"]).unwrap();
    let place = display.xdotool(&["getmouselocation", "--shell"]).unwrap();
    assert!(place.contains("X=123\nY=45\n"), "{place}");
}

#[test]
fn clients_end_with_their_guard() {
    let screen = Xvfb::start((320, 200)).unwrap();
    let mut client = screen.display().run_client("xeyes", &[]).unwrap();
    wait_until("a window", Duration::from_secs(20), || {
        client.check_running()?;
        Ok(screen.display().xdotool(&["search", "--name", "xeyes"]).ok())
    })
    .unwrap();
    let id = client.id();
    drop(client);
    assert!(!exists(id));
}

#[test]
fn commands_are_bounded() {
    let mut command = std::process::Command::new("sleep");
    let error = output_of(command.arg("60"), &[], Duration::from_millis(50)).unwrap_err();
    assert!(format!("{error:#}").contains("the end of sleep"), "{error:#}");
    let echoed = output_of(&mut std::process::Command::new("cat"), b"abc", READY);
    assert_eq!(echoed.unwrap(), b"abc");
}

const READY: Duration = Duration::from_secs(20);
