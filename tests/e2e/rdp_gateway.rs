//! RDP through the gateway: the real binary between a viewer and real servers.

use anyhow::{Result, ensure};
use porthole_link::{Answer, Category, PromptField, ToGateway};
use porthole_testkit::servers::{Picture, RdpShadow, Xrdp};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};

use crate::input::{Folder, terminal};
use crate::picture::wait_for_picture;
use crate::rdp::HELLO;
use crate::refuse::expect;

/// The size that a desktop has when nobody wishes for another.
const GEOMETRY: (u16, u16) = (1024, 768);

/// Certificates of servers here are their own makers'.
pub(crate) const ANY_CERTIFICATE: &str = "\n[tls]\nverify = \"off\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_of_xrdp_is_exact_and_takes_input() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let pin = server.certificate().sha256_hex()?;
    let lines = format!("username = \"{user}\"\npassword = \"{password}\"\n");
    let pinned = format!("{lines}[tls]\nverify = \"pin\"\npins = [\"{pin}\"]\n");
    let mut lab = Setup::new().speaking("rdp", "desk", server.address(), &pinned).start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    // The log-on screen gives way to the session's.
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    display.paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;
    viewer.point(100, 90, 0).await?;
    let place = || display.xdotool(&["getmouselocation", "--shell"]).unwrap_or_default();
    viewer.wait_until("the pointer", SOON, |_| place().contains("X=100\nY=90\n")).await?;

    let folder = Folder::new("rdp-gateway")?;
    let file = folder.file();
    let _window = terminal(display, &file)?;
    for (keysym, scancode) in HELLO {
        viewer.press(keysym, scancode).await?;
    }
    let typed = || std::fs::read_to_string(&file).unwrap_or_default();
    viewer.wait_until("the line", SOON, |_| typed() == "hello\n").await?;
    lab.check_sound(&[password])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_are_missing_are_asked_for() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, Some(("ada", "geheim7")))?;
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    server.display().paint_root(&card)?;
    let mut lab =
        Setup::new().speaking("rdp", "desk", server.address(), ANY_CERTIFICATE).start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    for (asked, password) in [(1, "wrong"), (3, "geheim7")] {
        // Every question but the first comes after the end of the one before.
        let asks = |viewer: &Viewer| viewer.seen().prompts.len() >= asked;
        viewer.wait_until("the question", SOON, asks).await?;
        let (username, domain) = ("ada".to_owned(), String::new());
        let answer = Answer { username, password: password.to_owned().into(), domain };
        viewer.send(&ToGateway::Answer(answer)).await?;
    }
    wait_for_picture(&mut viewer, &card).await?;
    let fields = PromptField::USERNAME | PromptField::PASSWORD;
    let asked: Vec<_> =
        viewer.seen().prompts.iter().map(|one| (one.fields, one.reason.is_empty())).collect();
    ensure!(asked == [(fields, true), (0, true), (fields, false), (0, true)], "{asked:?}");
    lab.check_sound(&["geheim7"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn desktops_that_cannot_be_had() -> Result<()> {
    let server = RdpShadow::start(GEOMETRY, Some(("ada", "geheim7")))?;
    let login = |password: &str| format!("username = \"ada\"\npassword = \"{password}\"\n");
    let pin = format!("[tls]\nverify = \"pin\"\npins = [\"{}\"]\n", "ab".repeat(32));
    let at = server.address();
    let mut lab = Setup::new()
        .speaking("rdp", "wrong", at, &(login("nonsense") + ANY_CERTIFICATE))
        .speaking("rdp", "unpinned", at, &(login("geheim7") + &pin))
        .speaking("rdp", "unknown", at, &login("geheim7"))
        .speaking(
            "rdp",
            "tls",
            at,
            &(login("geheim7") + ANY_CERTIFICATE + "[parameters]\nsecurity = \"tls\"\n"),
        )
        .start()?;
    let cases = [
        ("wrong", Category::Credentials, "authentication_failed"),
        ("unpinned", Category::Policy, "tls_not_pinned"),
        ("unknown", Category::Policy, "tls_unknown_issuer"),
        ("tls", Category::Policy, "security_not_allowed"),
    ];
    for (name, category, cause) in cases {
        expect(&lab, &lab.options(name)?, category, cause).await?;
    }
    lab.check_sound(&["geheim7", "nonsense"])
}
