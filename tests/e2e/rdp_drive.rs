//! A drive in a session of xrdp's, through the gateway and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use porthole_link::FileNews;
use porthole_testkit::servers::Xrdp;
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{SOON, Setup, noise};
use tempfile::TempDir;

/// A few pieces of every kind of message that carries it.
const FILE_BYTES: u32 = 300_001;

/// How long a disk may take for one thing.
const DISK: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_xrdps_shares_files_with_viewers() -> Result<()> {
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
    // Who may only watch, uploads nothing.
    let options = ViewerOptions::new(lab.address(), tokens::for_files_of("desk")?);
    let mut viewer = Viewer::open(&options).await?;
    let up = noise(FILE_BYTES, 1);
    viewer.upload("up one.bin", &up, up.len()).await?;
    let drive = server.drives().join("Lab");
    wait_for(&mut viewer, &drive.join("Download"), true).await?;

    ensure!(read(root.path().join("ada/up one.bin")).await? == up, "other bytes were stored");
    ensure!(read(drive.join("up one.bin")).await? == up, "the session reads other bytes");

    // What the session leaves in this folder is for viewers.
    let down = noise(FILE_BYTES, 2);
    let (path, data) = (drive.join("Download/down one.bin"), down.clone());
    disk(move || std::fs::write(path, data)).await?;
    let got = download(&mut viewer, "Download/down one.bin").await?;
    ensure!(got == down, "{} bytes were downloaded, and others", got.len());

    let (from, to) = (drive.join("up one.bin"), drive.join("Download/moved.bin"));
    disk(move || std::fs::rename(from, to)).await?;
    ensure!(read(root.path().join("ada/Download/moved.bin")).await? == up, "it was not moved");
    ensure!(!root.path().join("ada/up one.bin").exists(), "it is in both places");
    let moved = drive.join("Download/moved.bin");
    ensure!(read(moved.clone()).await? == up, "other bytes were moved");
    disk(move || std::fs::remove_file(moved)).await?;
    let folder = drive.join("Download/folder");
    disk(move || std::fs::create_dir(&folder).and_then(|()| std::fs::remove_dir(folder))).await?;
    // What is removed goes when it is closed, which xrdp does after it has told the session.
    for gone in ["moved.bin", "folder"] {
        wait_for(&mut viewer, &root.path().join("ada/Download").join(gone), false).await?;
    }
    let (path, names) = (drive.join("Download"), ["down one.bin"]);
    let listed = disk(move || {
        let names = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name()));
        names.collect::<std::io::Result<Vec<_>>>()
    });
    let listed = listed.await?;
    ensure!(listed == names, "{listed:?} is left");
    lab.check_sound(&[password])
}

/// Waits until there is something at `path`, or nothing.
async fn wait_for(viewer: &mut Viewer, path: &Path, is_there: bool) -> Result<()> {
    for _ in 0..300 {
        let path: PathBuf = path.to_owned();
        if disk(move || Ok(path.exists())).await? == is_there {
            return Ok(());
        }
        viewer.read_for(Duration::from_millis(100)).await?;
    }
    anyhow::bail!("{}: never so that it is there = {is_there}", path.display())
}

/// Does something with files that may hang, as when the server does not answer.
async fn disk<T: Send + 'static>(
    act: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::time::timeout(DISK, tokio::task::spawn_blocking(act)).await;
    Ok(done.context("the session's disk hangs")???)
}

async fn read(path: PathBuf) -> Result<Vec<u8>> {
    let name = path.display().to_string();
    disk(move || std::fs::read(path)).await.context(name)
}

/// Waits until `path` is offered, and fetches it.
async fn download(viewer: &mut Viewer, path: &str) -> Result<Vec<u8>> {
    let wanted = FileNews::Offered { path: path.to_owned(), size: u64::from(FILE_BYTES) };
    let is_offered = |viewer: &Viewer| viewer.seen().files.iter().any(|it| it.news == wanted);
    viewer.wait_until("the offer", SOON, is_offered).await?;
    viewer.download(path, 0, FILE_BYTES.into()).await
}
