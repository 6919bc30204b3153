//! Files of an OpenSSH server beside a desktop: how it is trusted, and beside xrdp.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use porthole_link::{FileAct, FileNews, FileRequest, ToGateway};
use porthole_testkit::servers::{Picture, Sshd, Xrdp, XtigerVnc, XvncOptions};
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, Setup};
use porthole_token::{Permission, Target};

use crate::picture::wait_for_picture;

/// The size that a desktop of xrdp's has when nobody wishes for another.
const GEOMETRY: (u16, u16) = (1024, 768);

/// Bytes of a file, few enough to travel before anything more is credited.
const FILE_BYTES: usize = 30_000;

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
    let mut claims = tokens::claims(Target::Connection { connection: "box".into() });
    let allowed = [Permission::Input, Permission::FilesIn, Permission::FilesOut];
    claims.porthole.allow = allowed.into_iter().collect();
    Ok(ViewerOptions::new(lab.address(), tokens::mint(&claims)?))
}

/// The first answer to a request, or the one that `is_wanted`.
async fn ask(
    viewer: &mut Viewer,
    request: u32,
    act: FileAct,
    is_wanted: fn(&FileNews) -> bool,
) -> Result<FileNews> {
    viewer.send(&ToGateway::File(FileRequest { request, act })).await?;
    let found = |viewer: &Viewer| {
        let of_it = viewer.seen().files.iter().filter(|answer| answer.request == request);
        of_it.map(|answer| &answer.news).find(|news| is_wanted(news)).cloned()
    };
    viewer.wait_until("an answer", SOON, |viewer| found(viewer).is_some()).await?;
    found(viewer).context("no answer")
}

/// What the root holds; or the cause, where it cannot be had.
async fn list(viewer: &mut Viewer) -> Result<Result<Vec<String>, String>> {
    let act = FileAct::List { path: String::new(), after: String::new() };
    match ask(viewer, 1, act, |_| true).await? {
        FileNews::Page(page) => Ok(Ok(page.entries.into_iter().map(|it| it.name).collect())),
        FileNews::Failed { cause, .. } => Ok(Err(cause)),
        other => bail!("no list: {other:?}"),
    }
}

const fn is_done(news: &FileNews) -> bool {
    matches!(news, FileNews::Done | FileNews::Failed { .. })
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

    let data: Vec<u8> = (0..=250).cycle().take(FILE_BYTES).collect();
    let (path, size) = ("up.bin".to_owned(), FILE_BYTES as u64);
    let act = FileAct::Write { path: path.clone(), size, modified_ms: 0, replace: false };
    let opened = ask(&mut viewer, 2, act, |_| true).await?;
    let FileNews::Opened { offset: 0, credit, .. } = opened else { bail!("{opened:?}") };
    ensure!(credit as usize >= FILE_BYTES, "{credit} bytes may be sent");
    let act = FileAct::Data(0, Bytes::from(data.clone()));
    let written = ask(&mut viewer, 2, act, is_done).await?;
    ensure!(written == FileNews::Done, "{written:?}");
    ensure!(fs::read(server.home().join(&path))? == data, "other bytes went there");
    let act = FileAct::Read { path, offset: 0, credit: u32::try_from(FILE_BYTES)? };
    let read = ask(&mut viewer, 3, act, is_done).await?;
    ensure!(read == FileNews::Done, "{read:?}");
    ensure!(viewer.seen().downloads.get(&3) == Some(&data), "other bytes came");

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
