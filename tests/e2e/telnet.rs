//! Telnet servers of the system's packages, and one that negotiates without end.

use anyhow::{Result, ensure};
use porthole_link::{Answer, Phase, ToGateway};
use porthole_testkit::hostile::{HostileServer, Script};
use porthole_testkit::servers::{TelnetKind, Telnetd, wait_until};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

const KINDS: [TelnetKind; 2] = [TelnetKind::Inetutils, TelnetKind::Busybox];

/// What the gateway has to know to log on.
const LOGIN: &str = "username = \"ada\"\npassword = \"correct horse\"\n";

/// What tells it whether it is in.
const VERDICT: &str = "[parameters]\nlogin-success-regex = \"ready[$] \"\n\
                       login-failure-regex = \"incorrect\"\n";

fn lab(server: &Telnetd, more: &str) -> Result<Lab> {
    Setup::new().speaking("telnet", "device", server.address(), more).start()
}

async fn open(lab: &Lab) -> Result<Viewer> {
    Viewer::open(&lab.options("device")?.drawing_text()).await
}

/// Types a command and waits for what it writes. The words are put together by the shell, so that
/// they are not found in what is typed.
async fn run(viewer: &mut Viewer, command: &str, writes: &str) -> Result<()> {
    viewer.type_text(&format!("{command}\r")).await?;
    viewer.wait_for_text(writes, SOON).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_logs_on_by_hand() -> Result<()> {
    for kind in KINDS {
        let server = Telnetd::start(kind)?;
        let mut lab = lab(&server, "")?;
        let mut viewer = open(&lab).await?;
        viewer.wait_for_text("login: ", SOON).await?;
        viewer.type_text(&format!("{}\r", Telnetd::USER)).await?;
        viewer.wait_for_text("Password: ", SOON).await?;
        viewer.type_text(&format!("{}\r", Telnetd::PASSWORD)).await?;
        viewer.wait_for_text(Telnetd::PROMPT, SOON).await?;
        let text = viewer.seen().text.text();
        ensure!(!text.contains(Telnetd::PASSWORD), "{kind:?} shows the password: {text}");

        // The size, letters of several bytes, and an interrupt.
        viewer.resize_terminal(101, 37).await?;
        viewer
            .wait_until("the size", SOON, |viewer| viewer.seen().text.size == Some((101, 37)))
            .await?;
        run(&mut viewer, "echo size=$(stty size)", "size=37 101").await?;
        run(&mut viewer, "printf '<%s>\\n' grüße-\u{1f600}", "<grüße-\u{1f600}>").await?;
        // A shell on its way to another program may miss an interrupt: this one stays.
        run(&mut viewer, "sh -c 'echo up-$((1 + 1)); read line'", "up-2").await?;
        viewer.type_text("\x03").await?;
        // What is typed before the prompt is back may still be read by who was interrupted.
        viewer
            .wait_until("the prompt after the interrupt", SOON, |viewer| {
                let text = viewer.seen().text.text();
                text.rsplit_once("^C").is_some_and(|(_, after)| after.contains(Telnetd::PROMPT))
            })
            .await?;
        run(&mut viewer, "echo still-$((40 + 2))", "still-42").await?;

        // It ends for us when it ends, and it ends when the session does.
        ensure!(server.connections() == 1, "{}", server.connections());
        viewer.type_text("exit\r").await?;
        let (error, _) = viewer.wait_for_error(SOON).await?;
        ensure!(error.cause == "remote_closed", "{error:?}");
        wait_until("the server to end", SOON, || Ok((server.connections() == 0).then_some(())))?;
        lab.check_sound(&[Telnetd::PASSWORD])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_logs_on_by_what_it_reads() -> Result<()> {
    for kind in KINDS {
        let server = Telnetd::start(kind)?;
        let mut lab = lab(&server, &format!("{LOGIN}{VERDICT}"))?;
        let mut viewer = open(&lab).await?;
        viewer.wait_for_text(Telnetd::PROMPT, SOON).await?;
        run(&mut viewer, "echo in-$((1 + 1))", "in-2").await?;
        let text = viewer.seen().text.text();
        ensure!(!text.contains(Telnetd::PASSWORD), "{kind:?} shows the password: {text}");
        lab.check_sound(&[Telnetd::PASSWORD])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_asked_for_again() -> Result<()> {
    let server = Telnetd::start(TelnetKind::Inetutils)?;
    let more = format!("username = \"ada\"\npassword = \"guess\"\n{VERDICT}");
    let mut lab = lab(&server, &more)?;
    let mut viewer = open(&lab).await?;
    viewer.wait_until("a question", SOON, |viewer| !viewer.seen().prompts.is_empty()).await?;
    let text = viewer.seen().text.text();
    ensure!(!text.contains("ogin"), "what was held back is shown: {text:?}");
    // It is not connected beneath the question, and it is again with the answer.
    let is_connecting = |viewer: &Viewer| viewer.seen().phase == Some(Phase::Connecting);
    viewer.wait_until("the phase of a question", SOON, is_connecting).await?;
    let (username, password) = (Telnetd::USER.to_owned(), Telnetd::PASSWORD.to_owned().into());
    let answer = Answer { username, password, domain: String::new() };
    viewer.send(&ToGateway::Answer(answer)).await?;
    viewer.wait_for_text(Telnetd::PROMPT, SOON).await?;
    ensure!(viewer.seen().phase == Some(Phase::Connected), "{:?}", viewer.seen().phase);
    run(&mut viewer, "echo in-$((1 + 1))", "in-2").await?;
    lab.check_sound(&["guess", Telnetd::PASSWORD])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_negotiates_without_end() -> Result<()> {
    let ask: &[u8] = b"\xff\xfd\x18\xff\xfd'\xff\xfb\x01\xff\xfc\x01\xff\xfa\x18\x01\xff\xf0\
                       \xff\xfa'\x01\xff\xf0\xff\xfd\x22\xff\xfb&\xff\xfa\x18";
    let script = Script::new().send(*b"hello\r\n").repeat(ask, 2_000_000);
    let server = HostileServer::playing(script).await?;
    let mut lab = Setup::new().speaking("telnet", "device", server.address(), "").start()?;
    let mut viewer = open(&lab).await?;
    viewer.wait_for_text("hello", SOON).await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(!error.cause.is_empty(), "{error:?}");
    lab.check_sound(&[])
}
