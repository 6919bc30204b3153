//! Desktops behind an RD Gateway: a scripted one, in front of a real xrdp.

use anyhow::{Result, ensure};
use porthole_link::{Answer, Category, PromptField, ToGateway};
use porthole_testkit::rd_gateway::{Manner, RdGateway, Scheme};
use porthole_testkit::servers::{Picture, Xrdp, free_port};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};

use crate::picture::wait_for_picture;
use crate::refuse::expect;

/// Who the gateways here let in.
const LOGIN: (&str, &str) = ("gate-ada", "Gitter 9");

/// How to get through `gate`: its parameters, and how its certificate is checked. `login` is left
/// out where the desktop's serves.
fn through(gate: &RdGateway, login: Option<(&str, &str)>) -> String {
    let authority = gate.certificate().authority_file();
    let check = format!("verify = \"ca\"\nca_file = \"{}\"\n", authority.display());
    trusting(gate, login, &check)
}

/// The same, its certificate checked as `check` says.
fn trusting(gate: &RdGateway, login: Option<(&str, &str)>, check: &str) -> String {
    let address = gate.address();
    let login = login.map(|(user, password)| {
        format!("gateway-username = \"{user}\"\ngateway-password = \"{password}\"\n")
    });
    format!(
        "\n[tls]\nverify = \"off\"\n[gateway_tls]\n{check}[parameters]\n\
         gateway-hostname = \"{}\"\ngateway-port = {}\n{}",
        address.ip(),
        address.port(),
        login.unwrap_or_default()
    )
}

async fn shows_the_desktop(scheme: Scheme, manner: Manner) -> Result<RdGateway> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let gate = RdGateway::start(scheme, LOGIN, manner).await?;
    let lines = format!("username = \"{user}\"\npassword = \"{password}\"\n");
    let lines = lines + &through(&gate, Some(LOGIN));
    let mut lab = Setup::new().speaking("rdp", "desk", server.address(), &lines).start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let card = Picture::test_card(1024, 768);
    display.paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;
    viewer.point(100, 90, 0).await?;
    let place = || display.xdotool(&["getmouselocation", "--shell"]).unwrap_or_default();
    viewer.wait_until("the pointer", SOON, |_| place().contains("X=100\nY=90\n")).await?;
    ensure!(gate.asked().channels == [server.address().to_string()], "{:?}", gate.asked());
    if manner == Manner::WantRenewal {
        let renewed = |_: &Viewer| gate.asked().renewals == [0x0123_4567_89ab_cdef];
        viewer.wait_until("the renewal", SOON, renewed).await?;
        // The desktop goes on all the while.
        let second =
            Picture::from_fn(1024, 768, |x, y| [x.to_le_bytes()[0], y.to_le_bytes()[0], 90]);
        display.paint_root(&second)?;
        wait_for_picture(&mut viewer, &second).await?;
    }
    lab.check_sound(&[password, LOGIN.1])?;
    Ok(gate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_behind_a_gateway_is_exact_and_lives_on() -> Result<()> {
    shows_the_desktop(Scheme::Ntlm, Manner::WantRenewal).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_wants_the_password_itself_gets_it_over_checked_tls() -> Result<()> {
    shows_the_desktop(Scheme::Basic, Manner::Serve).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_for_gateway_and_desktop_are_asked_for_once() -> Result<()> {
    let server = Xrdp::start()?;
    let login = server.login();
    let gate = RdGateway::start(Scheme::Negotiate, login, Manner::Serve).await?;
    let lines = through(&gate, None);
    let mut lab = Setup::new().speaking("rdp", "desk", server.address(), &lines).start()?;
    let mut viewer = Viewer::open(&lab.options("desk")?).await?;
    for (asked, password) in [(1, "wrong"), (3, login.1)] {
        let asks = |viewer: &Viewer| viewer.seen().prompts.len() >= asked;
        viewer.wait_until("the question", SOON, asks).await?;
        let (username, domain) = (login.0.to_owned(), String::new());
        let answer = Answer { username, password: password.to_owned().into(), domain };
        viewer.send(&ToGateway::Answer(answer)).await?;
    }
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let fields = PromptField::USERNAME | PromptField::PASSWORD;
    let asked: Vec<_> =
        viewer.seen().prompts.iter().map(|one| (one.fields, one.reason.is_empty())).collect();
    ensure!(asked.starts_with(&[(fields, true), (0, true), (fields, false)]), "{asked:?}");
    ensure!(gate.asked().refused == 1, "{:?}", gate.asked());
    lab.check_sound(&[login.1])
}

/// What a gateway does, and what comes of it.
const FAULTS: [(Manner, Category, &str); 6] = [
    (Manner::RefuseChannel(0x8007_59da), Category::Policy, "gateway_desktop_denied"),
    (Manner::RefuseChannel(0x8007_59dd), Category::Remote, "gateway_desktop_unreachable"),
    (Manner::Say(b"\x09\0\0\0\x0a\0\0\0\0\0"), Category::Remote, "gateway_protocol"),
    (Manner::Say(b"\x09\0\0\0\xff\xff\xff\xff"), Category::Remote, "over_limit"),
    (Manner::Say(b"\x09\0\0\0"), Category::Remote, "gateway_ended"),
    (Manner::Say(b"\x0a\0\0\0\x0b\0\0\0\x01\0x"), Category::Remote, "gateway_protocol"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_that_refuse_or_mean_harm() -> Result<()> {
    // Nothing is behind them, so nothing may ask.
    let nowhere = format!("127.0.0.1:{}", free_port()?).parse()?;
    let login = "username = \"ada\"\npassword = \"geheim7\"\n";
    for (manner, category, cause) in FAULTS {
        let gate = RdGateway::start(Scheme::Ntlm, LOGIN, manner).await?;
        let lines = login.to_owned() + &through(&gate, Some(LOGIN));
        let mut lab = Setup::new().speaking("rdp", "desk", nowhere, &lines).start()?;
        expect(&lab, &lab.options("desk")?, category, cause).await?;
        lab.check_sound(&["geheim7", LOGIN.1])?;
    }
    let gate = RdGateway::start(Scheme::Ntlm, LOGIN, Manner::Serve).await?;
    let basic = RdGateway::start(Scheme::Basic, LOGIN, Manner::Serve).await?;
    let wrong = login.to_owned() + &through(&gate, Some(("gate-ada", "nonsense")));
    let unknown = login.to_owned() + &trusting(&gate, Some(LOGIN), "");
    let bare = login.to_owned() + &trusting(&basic, Some(LOGIN), "verify = \"off\"\n");
    let mut lab = Setup::new()
        .speaking("rdp", "wrong", nowhere, &wrong)
        .speaking("rdp", "unknown", nowhere, &unknown)
        .speaking("rdp", "bare", nowhere, &bare)
        .start()?;
    for (name, category, cause) in [
        // The gateway's own credentials are the operator's.
        ("wrong", Category::Policy, "gateway_logon_refused"),
        ("unknown", Category::Policy, "tls_unknown_issuer"),
        ("bare", Category::Policy, "gateway_basic_unverified"),
    ] {
        expect(&lab, &lab.options(name)?, category, cause).await?;
    }
    ensure!(gate.asked().channels.is_empty() && basic.asked().refused == 0);
    lab.check_sound(&["geheim7", LOGIN.1, "nonsense"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_leaves_in_the_middle() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let gate = RdGateway::start(Scheme::Ntlm, LOGIN, Manner::LeaveAfter(3000)).await?;
    let lines = format!("username = \"{user}\"\npassword = \"{password}\"\n");
    let lines = lines + &through(&gate, Some(LOGIN));
    let mut lab = Setup::new().speaking("rdp", "desk", server.address(), &lines).start()?;
    expect(&lab, &lab.options("desk")?, Category::Remote, "gateway_ended").await?;
    lab.check_sound(&[password, LOGIN.1])
}
