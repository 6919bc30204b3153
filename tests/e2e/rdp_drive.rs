//! A drive in a session of xrdp's, through the gateway and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use porthole_link::{FileAct, FileNews, FileRequest, ToGateway};
use porthole_testkit::servers::Xrdp;
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{SOON, Setup};
use porthole_token::{Permission, Target};
use tempfile::TempDir;

/// A few pieces of every kind of message that carries it.
const FILE_BYTES: u32 = 1_500_001;

/// How long a disk may take for one thing.
const DISK: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn xrdp_shows_the_drive_that_viewers_upload_to() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let root = TempDir::new()?;
    let lines = format!(
        "username = \"{user}\"\npassword = \"{password}\"\n[tls]\nverify = \"off\"\n\
         [parameters]\nenable-drive = true\ndrive-name = \"Lab\"\ndrive-path = \"ada\"\n\
         create-drive-path = true\n"
    );
    let mut lab = Setup::new()
        .files(root.path())
        .speaking("rdp", "desk", server.address(), &lines)
        .start()?;
    let mut claims = tokens::claims(Target::Connection { connection: "desk".into() });
    // Who may only watch, uploads nothing.
    let allowed = [Permission::Input, Permission::FilesIn, Permission::FilesOut];
    claims.porthole.allow = allowed.into_iter().collect();
    let options = ViewerOptions::new(lab.address(), tokens::mint(&claims)?);
    let mut viewer = Viewer::open(&options).await?;
    let display = server.display();
    viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
    let drive = server.drives().join("Lab");
    // Before the session looks: xrdp keeps what it has once found in a folder.
    let up = content(1);
    upload(&mut viewer, "up one.bin", &up).await?;
    wait_for(&mut viewer, &drive.join("Download")).await?;

    let stored = std::fs::read(root.path().join("ada/up one.bin"))?;
    ensure!(stored == up, "{} bytes were stored, and others", stored.len());
    lab.check_sound(&[password])
}

/// Bytes of no order, so that nothing is mistaken for anything else.
fn content(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    (0..FILE_BYTES).map(next).collect()
}

/// Waits until the session sees `path`.
async fn wait_for(viewer: &mut Viewer, path: &Path) -> Result<()> {
    for _ in 0..300 {
        let path: PathBuf = path.to_owned();
        if disk(move || Ok(path.exists())).await? {
            return Ok(());
        }
        viewer.read_for(Duration::from_millis(100)).await?;
    }
    anyhow::bail!("{} never was there", path.display())
}

/// Does something with files that may hang, as when the server does not answer.
async fn disk<T: Send + 'static>(
    act: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::time::timeout(DISK, tokio::task::spawn_blocking(act)).await;
    Ok(done.context("the session's disk hangs")???)
}

async fn upload(viewer: &mut Viewer, path: &str, data: &[u8]) -> Result<()> {
    let act = FileAct::Write {
        path: path.to_owned(),
        size: data.len() as u64,
        modified_ms: 1_000_000_000_000,
        replace: false,
    };
    viewer.send(&ToGateway::File(FileRequest { request: 1, act })).await?;
    let news = |viewer: &Viewer, wanted: fn(&FileNews) -> bool| {
        viewer.seen().files.iter().any(|answer| answer.request == 1 && wanted(&answer.news))
    };
    let opened = |news: &FileNews| matches!(news, FileNews::Opened { .. });
    viewer.wait_until("the upload's beginning", SOON, |viewer| news(viewer, opened)).await?;
    // All of it is within the first credit.
    let mut offset = 0;
    for piece in data.chunks(100_000) {
        let act = FileAct::Data(offset, Bytes::copy_from_slice(piece));
        viewer.send(&ToGateway::File(FileRequest { request: 1, act })).await?;
        offset += piece.len() as u64;
    }
    let done = |news: &FileNews| matches!(news, FileNews::Done);
    viewer.wait_until("the upload's end", SOON, |viewer| news(viewer, done)).await
}
