//! Files of an OpenSSH server beside a desktop: how it is trusted, and beside xrdp.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use porthole_link::{FileAct, FileNews};
use porthole_testkit::servers::{Picture, Sshd, Xrdp, XtigerVnc, XvncOptions};
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, Setup};

use crate::picture::wait_for_picture;

/// The size that a desktop of xrdp's has when nobody wishes for another.
const GEOMETRY: (u16, u16) = (1024, 768);

/// Bytes of a file.
const FILE_BYTES: usize = 3_000_000;

/// Parameters that lead to `server`, and those in `more`.
fn beside(server: &Sshd, more: &str) -> String {
    let (user, password) = server.login();
    format!(
        "\n[parameters]\nenable-sftp = true\nsftp-root-directory = \".\"\n\
         sftp-hostname = \"127.0.0.1\"\nsftp-port = {}\nsftp-username = \"{user}\"\n\
         sftp-password = \"{password}\"\n{more}\n",
        server.port()
    )
}

/// A link for the connection `box`, for a user who may do everything with files.
fn options(lab: &Lab) -> Result<ViewerOptions> {
    Ok(ViewerOptions::new(lab.address(), tokens::for_files_of("box")?))
}

/// What the root holds; or the cause, where it cannot be had.
async fn list(viewer: &mut Viewer) -> Result<Result<Vec<String>, String>> {
    let act = FileAct::List { path: String::new(), after: String::new() };
    match viewer.ask(act).await? {
        FileNews::Page(page) => Ok(Ok(page.entries.into_iter().map(|it| it.name).collect())),
        FileNews::Failed { cause, .. } => Ok(Err(cause)),
        other => bail!("no list: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desktop_of_xrdp_has_the_files_of_a_server_beside_it() -> Result<()> {
    let (desktop, server) = (Xrdp::start()?, Sshd::start()?);
    let (user, password) = desktop.login();
    let tls = "[tls]\nverify = \"off\"\n";
    let host_key = format!("sftp-host-key = \"{}\"", server.host_key()?);
    let lines = format!(
        "username = \"{user}\"\npassword = \"{password}\"\n{tls}{}",
        beside(&server, &host_key)
    );
    let mut lab = Setup::new().speaking("rdp", "box", desktop.address(), &lines).start()?;
    let mut viewer = Viewer::open(&options(&lab)?).await?;
    let display = desktop.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;

    let data: Bytes = (0..=250).cycle().take(FILE_BYTES).collect();
    viewer.upload("up.bin", &data, FILE_BYTES).await?;
    ensure!(fs::read(server.home().join("up.bin"))? == data, "other bytes went there");
    let read = viewer.download("up.bin", 0, FILE_BYTES as u64).await?;
    ensure!(read == data, "other bytes came");

    // The desktop goes on beside it.
    let card = Picture::test_card(GEOMETRY.0, GEOMETRY.1);
    display.paint_root(&card)?;
    wait_for_picture(&mut viewer, &card).await?;
    lab.check_sound(&[password])
}

fn known_hosts(file: &Path) -> String {
    format!("known_hosts = \"{}\"", file.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_known_or_met_first() -> Result<()> {
    let (server, other) = (Sshd::start()?, Sshd::start()?);
    let desktop = XtigerVnc::start(XvncOptions::default())?;
    fs::write(server.home().join("there"), "there")?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("known_hosts");
    let visit = async |more: &str| -> Result<_> {
        let setup = Setup::new().server(&known_hosts(&file));
        let lines = beside(&server, more);
        let mut lab = setup.connection("box", desktop.address(), &lines).start()?;
        let mut viewer = Viewer::open(&options(&lab)?).await?;
        let listed = list(&mut viewer).await?;
        let log = lab.log()?;
        drop(viewer);
        lab.check_sound(&[server.login().1])?;
        Ok((listed, log))
    };
    let has_files = |listed: &Result<Vec<String>, String>| {
        listed.as_ref().is_ok_and(|names| names.iter().any(|name| name == "there"))
    };

    // Nothing is known of it, and nobody said that the first one is the right one.
    let (listed, log) = visit("").await?;
    ensure!(listed == Err("unavailable".to_owned()), "{listed:?}");
    ensure!(log.contains("an unknown host key") && log.contains("SHA256:"), "{log}");
    ensure!(!file.exists(), "it was learned all the same");
    // It is met, and from then on it is known.
    for more in ["sftp-host-key-tofu = true", "sftp-host-key-tofu = true", ""] {
        let (listed, _) = visit(more).await?;
        ensure!(has_files(&listed), "{more:?}: {listed:?}");
        let learned = fs::read_to_string(&file)?;
        ensure!(learned.lines().count() == 1, "{learned}");
    }
    // Another one in its place is not it.
    let learned = fs::read_to_string(&file)?;
    let place = learned.split_once(' ').context("no line")?.0;
    fs::write(&file, format!("{place} {}\n", other.host_key()?))?;
    let (listed, log) = visit("sftp-host-key-tofu = true").await?;
    ensure!(listed == Err("unavailable".to_owned()), "{listed:?}");
    ensure!(log.contains("the host key has CHANGED"), "{log}");
    let (listed, _) = visit("sftp-ignore-host-key = true").await?;
    ensure!(has_files(&listed), "{listed:?}");
    Ok(())
}
