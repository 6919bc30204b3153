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
async fn a_drive_of_xrdp_takes_files_both_ways() -> Result<()> {
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
    wait_for(&mut viewer, &drive.join("Download")).await?;

    let up = content(1);
    upload(&mut viewer, "up one.bin", &up).await?;
    let there = drive.join("up one.bin");
    let read = disk(move || std::fs::read(there)).await?;
    ensure!(read == up, "the session reads {} bytes, and others", read.len());

    let down = content(2);
    let (place, data) = (drive.join("Download/down.bin"), down.clone());
    disk(move || std::fs::write(place, data)).await?;
    let offered = |viewer: &Viewer| {
        viewer.seen().files.iter().any(|answer| {
            let size = u64::from(FILE_BYTES);
            matches!(&answer.news, FileNews::Offered { path, size: told }
                if path == "Download/down.bin" && *told == size)
        })
    };
    viewer.wait_until("the offer", SOON, offered).await?;
    let got = download(&mut viewer, 2, "Download/down.bin").await?;
    ensure!(got == down, "{} bytes were downloaded, and others", got.len());

    // What else a session does with files.
    let place = drive.clone();
    let names = disk(move || {
        std::fs::create_dir(place.join("d"))?;
        std::fs::rename(place.join("up one.bin"), place.join("d/moved.bin"))?;
        std::fs::remove_file(place.join("Download/down.bin"))?;
        let names = std::fs::read_dir(&place)?.map(|entry| Ok(entry?.file_name()));
        names.collect::<std::io::Result<Vec<_>>>()
    })
    .await?;
    let mut names: Vec<String> =
        names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    ensure!(names == ["Download", "d"], "{names:?}");
    let moved = std::fs::read(root.path().join("ada/d/moved.bin"))?;
    ensure!(moved == up, "the file was not moved as it was");
    ensure!(!root.path().join("ada/Download/down.bin").exists(), "it is still there");
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

async fn download(viewer: &mut Viewer, request: u32, path: &str) -> Result<Vec<u8>> {
    let act = FileAct::Read { path: path.to_owned(), offset: 0, credit: u32::MAX };
    viewer.send(&ToGateway::File(FileRequest { request, act })).await?;
    let is_over = |viewer: &Viewer| {
        viewer.seen().files.iter().any(|answer| {
            answer.request == request
                && matches!(answer.news, FileNews::Done | FileNews::Failed { .. })
        })
    };
    viewer.wait_until("the download", SOON, is_over).await?;
    Ok(viewer.seen().downloads.get(&request).cloned().unwrap_or_default())
}
