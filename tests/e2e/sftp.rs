//! The file panel's requests on real OpenSSH servers: over a shell's connection, and beside a desktop.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use porthole_link::{FileAct, ToGateway};
use porthole_testkit::servers::{Sshd, XtigerVnc, XvncOptions};
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, Setup};
use porthole_token::Permission;

/// Much more than may be on its way, which a broken upload is not sure of.
const FILE_BYTES: usize = 12_000_001;

/// Where an upload is broken off.
const CUT_BYTES: usize = 9_000_000;

const FILES: &str = "enable-sftp = true\nsftp-root-directory = \".\"\n";

/// Loses the link, and comes back to the same session.
async fn come_back(viewer: Viewer, options: &mut ViewerOptions) -> Result<Viewer> {
    *options = options.clone().resuming(viewer.resume());
    drop(viewer);
    Viewer::open(options).await
}

fn list(path: &str) -> FileAct {
    FileAct::List { path: path.to_owned(), after: String::new() }
}

fn read(path: &str) -> FileAct {
    FileAct::Read { path: path.to_owned(), offset: 0, credit: 1000 }
}

fn write(path: &str, size: usize) -> FileAct {
    let (path, size) = (path.to_owned(), size as u64);
    FileAct::Write { path, size, modified_ms: 1_000_000_000_000, replace: false }
}

fn rename(from: &str, to: &str) -> FileAct {
    FileAct::Rename { from: from.to_owned(), to: to.to_owned(), replace: false }
}

/// Bytes that tell their place.
fn content() -> Bytes {
    let word = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..FILE_BYTES.div_ceil(8)).flat_map(word).take(FILE_BYTES).collect()
}

/// A link for the connection `box`, for a user who may do this beside typing.
fn options(lab: &Lab, files: &[Permission]) -> Result<ViewerOptions> {
    let allowed = [&[Permission::Input][..], files].concat();
    Ok(ViewerOptions::new(lab.address(), tokens::for_connection_with("box", &allowed)?))
}

const BOTH: [Permission; 2] = [Permission::FilesIn, Permission::FilesOut];

/// A shell, its keys `more`, and files.
fn shell(server: &Sshd, more: &str) -> Result<Setup> {
    let (user, host_key) = (server.login().0, server.host_key()?);
    let lines = format!("username = \"{user}\"\n{more}host-key = \"{host_key}\"\n{FILES}");
    Ok(Setup::new().speaking("ssh", "box", server.address(), &lines))
}

fn known(server: &Sshd) -> String {
    format!("password = \"{}\"\n[parameters]\n", server.login().1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shells_files_go_both_ways_and_on_after_a_cut() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = shell(&server, &known(&server))?.start()?;
    let mut options = options(&lab, &BOTH)?.drawing_text();
    let mut viewer = Viewer::open(&options).await?;
    viewer.wait_for_text("ready$ ", SOON).await?;
    let (home, data) = (server.home(), content());

    viewer.ask_done(FileAct::MakeDirectory("Ordner \u{fc}".into())).await?;
    let place = "Ordner \u{fc}/\u{65e5}\u{672c}.bin";
    viewer.upload(place, &data, CUT_BYTES).await?;
    let mut viewer = come_back(viewer, &mut options).await?;
    ensure!(!home.join(place).exists(), "half a file has its place");
    // The gateway puts the broken upload away when it hears that the link is lost.
    let mut from = Err(anyhow::anyhow!("never tried"));
    for _time in 0..100 {
        from = viewer.upload(place, &data, data.len()).await;
        match &from {
            Err(error) if error.to_string().contains("busy") => {
                viewer.read_for(Duration::from_millis(50)).await?;
            }
            _ => break,
        }
    }
    let from = from?;
    ensure!((1..=CUT_BYTES).contains(&from), "it went on at {from}");
    ensure!(fs::read(home.join(place))? == data, "other bytes went there");

    let mut got = viewer.download(place, 0, 1_000_000).await?;
    let mut viewer = come_back(viewer, &mut options).await?;
    got.extend(viewer.download(place, got.len() as u64, FILE_BYTES as u64).await?);
    ensure!(got == data, "{} bytes came, and others", got.len());

    viewer.ask_done(rename(place, "moved.bin")).await?;
    ensure!(viewer.list("").await?.contains(&"moved.bin".to_owned()), "it was not moved");
    ensure!(viewer.list("Ordner \u{fc}").await?.is_empty(), "something is left");
    ensure!(fs::read(home.join("moved.bin"))? == data, "other bytes were moved");
    viewer.ask_done(FileAct::Remove("moved.bin".into())).await?;
    viewer.ask_done(FileAct::Remove("Ordner \u{fc}".into())).await?;
    ensure!(!home.join("moved.bin").exists(), "it was not removed");

    // The shell is as it was.
    viewer.type_text("echo still-$((40 + 2))\r").await?;
    viewer.wait_for_text("still-42", SOON).await?;
    lab.check_sound(&[server.login().1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leads_out_of_the_root() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = shell(&server, &known(&server))?.start()?;
    symlink("/etc", server.home().join("out"))?;
    symlink("/etc/passwd", server.home().join("file"))?;
    let mut viewer = Viewer::open(&options(&lab, &BOTH)?.drawing_text()).await?;
    viewer.wait_for_text("ready$ ", SOON).await?;
    let names = viewer.list("").await?;
    ensure!(!names.iter().any(|name| name == "out" || name == "file"), "{names:?}");
    let tries = [
        read("file"),
        read("out/passwd"),
        list("out"),
        write("out/new", 10),
        rename("out/passwd", "mine"),
        FileAct::Remove("out/passwd".into()),
        FileAct::MakeDirectory("out/new".into()),
    ];
    for act in tries {
        let cause = viewer.ask_refused(act.clone()).await?;
        ensure!(cause == "denied", "{act:?}: {cause}");
    }
    for act in [read("../x"), list("a/../.."), read("/etc/passwd")] {
        let cause = viewer.ask_refused(act.clone()).await?;
        ensure!(cause == "bad_name", "{act:?}: {cause}");
    }
    lab.check_sound(&[server.login().1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directions_are_closed_by_links_and_connections() -> Result<()> {
    let server = Sshd::start()?;
    fs::write(server.home().join("there"), "there")?;
    let changes = || {
        [
            write("new", 10),
            rename("there", "gone"),
            FileAct::Remove("there".into()),
            FileAct::MakeDirectory("new".into()),
        ]
    };
    let closed: [(&str, &[Permission]); 4] = [
        ("sftp-disable-upload = true\n", &BOTH),
        ("", &[Permission::FilesOut]),
        ("sftp-disable-download = true\n", &BOTH),
        ("", &[Permission::FilesIn]),
    ];
    for (at, (more, allowed)) in closed.into_iter().enumerate() {
        let mut lab = shell(&server, &format!("{}{more}", known(&server)))?.start()?;
        let mut viewer = Viewer::open(&options(&lab, allowed)?.drawing_text()).await?;
        viewer.wait_for_text("ready$ ", SOON).await?;
        let (may_read, may_write) = (at < 2, at >= 2);
        if may_write {
            viewer.upload(&format!("up{at}"), &Bytes::from_static(b"0123456789"), 10).await?;
        } else {
            for act in changes() {
                let cause = viewer.ask_refused(act.clone()).await?;
                ensure!(cause == "refused", "{act:?} with {more:?} {allowed:?}: {cause}");
            }
        }
        if may_read {
            ensure!(viewer.download("there", 0, 5).await? == b"there", "other bytes");
        } else {
            let cause = viewer.ask_refused(read("there")).await?;
            ensure!(cause == "refused", "{more:?} {allowed:?}: {cause}");
        }
        lab.check_sound(&[server.login().1])?;
    }
    ensure!(fs::read(server.home().join("there"))? == b"there", "it was changed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_files_before_the_shell() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = shell(&server, "[parameters]\n")?.start()?;
    let mut viewer = Viewer::open(&options(&lab, &BOTH)?.drawing_text()).await?;
    let is_asked = |viewer: &Viewer| !viewer.seen().prompts.is_empty();
    viewer.wait_until("a question", SOON, is_asked).await?;
    for act in [list(""), read("x"), write("x", 10)] {
        let cause = viewer.ask_refused(act.clone()).await?;
        ensure!(cause == "unavailable", "{act:?}: {cause}");
    }
    let (username, password) = server.login();
    let (username, domain) = (username.to_owned(), String::new());
    let answer = porthole_link::Answer { username, password: password.to_owned().into(), domain };
    viewer.send(&ToGateway::Answer(answer)).await?;
    viewer.wait_for_text("ready$ ", SOON).await?;
    viewer.list("").await?;
    lab.check_sound(&[password])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_has_the_files_of_a_server_beside_it() -> Result<()> {
    let server = Sshd::start()?;
    let desktop = XtigerVnc::start(XvncOptions::default())?;
    let ((user, password), host_key) = (server.login(), server.host_key()?);
    let lines = format!(
        "\n[parameters]\n{FILES}sftp-hostname = \"127.0.0.1\"\nsftp-port = {}\n\
         sftp-username = \"{user}\"\nsftp-password = \"{password}\"\nsftp-host-key = \"{host_key}\"\n",
        server.port()
    );
    let mut lab = Setup::new().connection("box", desktop.address(), &lines).start()?;
    let mut viewer = Viewer::open(&options(&lab, &BOTH)?).await?;
    let data = content();
    viewer.upload("up.bin", &data, data.len()).await?;
    ensure!(fs::read(server.home().join("up.bin"))? == data, "other bytes went there");
    ensure!(viewer.download("up.bin", 0, FILE_BYTES as u64).await? == data, "other bytes came");
    lab.check_sound(&[password])?;
    drop(viewer);
    drop(lab);

    // A server that is not the one that is known has none, and the desktop is there all the same.
    let other = Sshd::start()?.host_key()?;
    let lines = lines.replace(&host_key, &other);
    let mut lab = Setup::new().connection("box", desktop.address(), &lines).start()?;
    let mut viewer = Viewer::open(&options(&lab, &BOTH)?).await?;
    let cause = viewer.ask_refused(list("")).await?;
    ensure!(cause == "unavailable", "{cause}");
    let size = |viewer: &Viewer| viewer.picture().size().width > 1;
    viewer.wait_until("the desktop", SOON, size).await?;
    lab.check_sound(&[password])
}
