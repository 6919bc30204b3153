//! Shells on a real OpenSSH server, in a viewer that draws text.

use std::path::Path;

use anyhow::{Result, ensure};
use porthole_link::{Answer, Category, PromptField, ToGateway};
use porthole_testkit::servers::{Sshd, SshdOptions};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

/// A connection's keys: who logs on, and the host key.
fn more(server: &Sshd, keys: &str, parameters: &str) -> Result<String> {
    let host_key = server.host_key()?;
    Ok(format!("{keys}\n[parameters]\nhost-key = \"{host_key}\"\n{parameters}\n"))
}

fn known(server: &Sshd, parameters: &str) -> Result<String> {
    let (user, password) = server.login();
    more(server, &format!("username = \"{user}\"\npassword = \"{password}\""), parameters)
}

fn lab(server: &Sshd, more: &str) -> Result<Lab> {
    Setup::new().speaking("ssh", "box", server.address(), more).start()
}

async fn view(lab: &Lab) -> Result<Viewer> {
    Viewer::open(&lab.options("box")?.drawing_text()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_has_the_viewers_size_and_ends_with_its_code() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = lab(&server, &known(&server, "locale = \"C.UTF-8\"")?)?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("ready$ ", SOON).await?;
    viewer.resize_terminal(101, 37).await?;
    viewer
        .type_text(
            "while [ \"$(stty size)\" != '37 101' ]; do sleep 0.01; done; echo $LANG si''zed\r",
        )
        .await?;
    viewer.wait_for_text("C.UTF-8 sized", SOON).await?;
    viewer.type_text("printf '%s\\n' gr\u{fc}n | rev; exit 7\r").await?;
    viewer.wait_for_text("n\u{fc}rg", SOON).await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "exited" && error.message.contains('7'), "{error:?}");
    lab.check_sound(&[server.login().1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_asked_for_until_it_is_right() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = lab(&server, &more(&server, "", "")?)?;
    let mut viewer = view(&lab).await?;
    let fields = PromptField::USERNAME | PromptField::PASSWORD;
    for (asked, password) in ["wrong", server.login().1].into_iter().enumerate() {
        // One that is over says so with no fields.
        let prompts = |viewer: &Viewer| {
            viewer.seen().prompts.iter().filter(|prompt| prompt.fields == fields).count()
        };
        viewer.wait_until("a question", SOON, |viewer| prompts(viewer) > asked).await?;
        let (username, domain) = (server.login().0.to_owned(), String::new());
        let answer = Answer { username, password: password.to_owned().into(), domain };
        viewer.send(&ToGateway::Answer(answer)).await?;
    }
    viewer.wait_for_text("ready$ ", SOON).await?;
    lab.check_sound(&["correct horse"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_questions_reach_the_page() -> Result<()> {
    let lines = ["KbdInteractiveAuthentication yes", "PasswordAuthentication no"];
    let options = SshdOptions {
        lines: lines.map(str::to_owned).to_vec(),
        second_factor: true,
        ..SshdOptions::default()
    };
    let server = Sshd::start_with(&options)?;
    let mut lab = lab(&server, &more(&server, "username = \"tester\"", "")?)?;
    let mut viewer = view(&lab).await?;
    for (asked, reply) in [server.login().1, Sshd::CODES[0]].into_iter().enumerate() {
        let is_asked = |viewer: &Viewer| {
            viewer.seen().questions.iter().filter(|questions| questions.open).count() > asked
        };
        viewer.wait_until("a question", SOON, is_asked).await?;
        viewer.reply(&[reply]).await?;
    }
    viewer.wait_for_text("ready$ ", SOON).await?;
    lab.check_sound(&["correct horse", Sshd::CODES[0]])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_host_key_is_refused_and_a_first_one_learned() -> Result<()> {
    let (server, other) = (Sshd::start()?, Sshd::start()?);
    let lab = lab(&server, &known(&other, "")?)?;
    let mut viewer = view(&lab).await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "host_key_changed" && error.category == Category::Policy, "{error:?}");
    ensure!(!error.message.contains("SHA256"), "{error:?}");
    ensure!(lab.log()?.contains("SHA256:"), "the log does not have the fingerprint");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("known_hosts");
    let (user, password) = server.login();
    let keys = format!("username = \"{user}\"\npassword = \"{password}\"");
    let keys = format!("{keys}\n[parameters]\nhost-key-tofu = true\n");
    let start = || {
        let setup = Setup::new().server(&known_hosts(&file));
        setup.speaking("ssh", "box", server.address(), &keys).start()
    };
    for _time in 0..2 {
        let lab = start()?;
        view(&lab).await?.wait_for_text("ready$ ", SOON).await?;
    }
    let learned = std::fs::read_to_string(&file)?;
    ensure!(learned.lines().count() == 1, "{learned}");
    Ok(())
}

fn known_hosts(file: &Path) -> String {
    format!("known_hosts = \"{}\"", file.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_interrupted_and_leaves_no_trace() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = lab(&server, &known(&server, "")?)?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("ready$ ", SOON).await?;
    viewer.type_text("yes flooded\r").await?;
    viewer.wait_for_text("flooded\r\nflooded", SOON).await?;
    viewer.type_text("\x03").await?;
    viewer.type_text("echo do''ne\r").await?;
    viewer.wait_for_text("done\r\n", SOON).await?;
    ensure!(lab.resident_bytes()? < 512 << 20, "{}", lab.resident_bytes()?);
    lab.check_sound(&[])
}
