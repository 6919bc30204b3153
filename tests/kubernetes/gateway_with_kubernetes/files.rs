//! A container's files in the page's panel.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use porthole_link::{FileAct, FileNews, FileRequest, ToGateway};
use porthole_testkit::cluster::BARE_IMAGE;
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON};
use porthole_token::{Permission, Target};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Stage;

/// Some more than fits into the first credit.
const FILE_BYTES: u32 = 3_000_001;

const CREDIT_BYTES: u32 = 1 << 20;

/// A viewer who may do everything with files.
async fn view(lab: &Lab) -> Result<Viewer> {
    let mut claims = tokens::claims(Target::Connection { connection: "box".into() });
    let allowed = [Permission::Input, Permission::FilesIn, Permission::FilesOut];
    claims.porthole.allow = allowed.into_iter().collect();
    let options = ViewerOptions::new(lab.address(), tokens::mint(&claims)?);
    Viewer::open(&options.drawing_text()).await
}

/// Bytes of no order, so that nothing is mistaken for anything else.
fn content() -> Vec<u8> {
    let mut state = 7_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    (0..FILE_BYTES).map(next).collect()
}

async fn ask(viewer: &mut Viewer, request: u32, act: FileAct) -> Result<()> {
    viewer.send(&ToGateway::File(FileRequest { request, act })).await
}

/// What has been answered to this request.
fn news(viewer: &Viewer, request: u32) -> impl Iterator<Item = &FileNews> {
    let ours = viewer.seen().files.iter().filter(move |answer| answer.request == request);
    ours.map(|answer| &answer.news)
}

/// Waits for an answer that `is_it`, or for a failure.
async fn answer(
    viewer: &mut Viewer,
    request: u32,
    is_it: impl Fn(&FileNews) -> bool,
) -> Result<FileNews> {
    let found = |news: &FileNews| is_it(news) || matches!(news, FileNews::Failed { .. });
    viewer.wait_until("an answer", SOON, |viewer| news(viewer, request).any(&found)).await?;
    news(viewer, request).find(|news| found(news)).cloned().context("one was there")
}

async fn upload(viewer: &mut Viewer, request: u32, path: &str, data: &[u8]) -> Result<()> {
    let (path, size) = (path.to_owned(), data.len() as u64);
    let act = FileAct::Write { path, size, modified_ms: 1_000_000_000_000, replace: false };
    ask(viewer, request, act).await?;
    let opened = answer(viewer, request, |news| matches!(news, FileNews::Opened { .. })).await?;
    let FileNews::Opened { offset: 0, credit: first, .. } = opened else { bail!("{opened:?}") };
    let mut offset = 0;
    for piece in data.chunks(100_000) {
        let end = offset + piece.len() as u64;
        let credit = |viewer: &Viewer| {
            let more = news(viewer, request).map(|news| match news {
                FileNews::Credit(more) => u64::from(*more),
                _ => 0,
            });
            u64::from(first) + more.sum::<u64>()
        };
        viewer.wait_until("credit", SOON, |viewer| credit(viewer) >= end).await?;
        ask(viewer, request, FileAct::Data(offset, Bytes::copy_from_slice(piece))).await?;
        offset = end;
    }
    let done = answer(viewer, request, |news| *news == FileNews::Done).await?;
    ensure!(done == FileNews::Done, "{done:?}");
    Ok(())
}

async fn download(viewer: &mut Viewer, request: u32, path: &str) -> Result<Vec<u8>> {
    let act = FileAct::Read { path: path.to_owned(), offset: 0, credit: CREDIT_BYTES };
    ask(viewer, request, act).await?;
    let mut so_far = 0;
    loop {
        let len = |viewer: &Viewer| viewer.seen().downloads.get(&request).map_or(0, Vec::len);
        let ended = |news: &FileNews| matches!(news, FileNews::Done | FileNews::Failed { .. });
        let is_over = |viewer: &Viewer| news(viewer, request).any(ended);
        let has_come = |viewer: &Viewer| is_over(viewer) || len(viewer) > so_far;
        viewer.wait_until("more of the download", SOON, has_come).await?;
        if is_over(viewer) {
            ensure!(news(viewer, request).any(|news| *news == FileNews::Done));
            return Ok(viewer.seen().downloads.get(&request).cloned().unwrap_or_default());
        }
        let more = u32::try_from(len(viewer) - so_far)?;
        so_far = len(viewer);
        ask(viewer, request, FileAct::Credit(more)).await?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn files_go_up_and_down_whole() -> Result<()> {
    let stage = Stage::with_pod()?;
    let parameters =
        "pod = \"one\"\nexec-command = \"sh\"\nenable-files = true\nfiles-root = \"/tmp\"";
    let mut lab = stage.lab(parameters)?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("# ", SOON).await?;
    let content = content();
    upload(&mut viewer, 1, "up one.bin", &content).await?;
    let digest = Sha256::digest(&content);
    let digest = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    viewer.type_text("sha256sum '/tmp/up one.bin'; cd /tmp; mv up* down.bin; ls -a\r").await?;
    viewer.wait_for_text(&digest, SOON).await?;
    viewer.wait_for_text("down.bin", SOON).await?;
    ensure!(download(&mut viewer, 2, "down.bin").await? == content, "other bytes");

    let (path, after) = (String::new(), String::new());
    ask(&mut viewer, 3, FileAct::List { path, after }).await?;
    let listed = answer(&mut viewer, 3, |news| matches!(news, FileNews::Page(_))).await?;
    let FileNews::Page(page) = &listed else { bail!("{listed:?}") };
    let entries: Vec<_> = page.entries.iter().map(|entry| (&*entry.name, entry.size)).collect();
    ensure!(entries == [("down.bin", u64::from(FILE_BYTES))], "{entries:?}");
    ask(&mut viewer, 4, FileAct::Remove("down.bin".to_owned())).await?;
    let removed = answer(&mut viewer, 4, |news| *news == FileNews::Done).await?;
    ensure!(removed == FileNews::Done, "{removed:?}");
    let act = FileAct::Read { path: "../etc/passwd".to_owned(), offset: 0, credit: 1000 };
    ask(&mut viewer, 5, act).await?;
    let refused = answer(&mut viewer, 5, |news| *news == FileNews::Done).await?;
    ensure!(matches!(refused, FileNews::Failed { .. }), "{refused:?}");
    lab.check_sound(&[&stage.token])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_container_without_a_shell_has_no_files() -> Result<()> {
    let stage = Stage::new()?;
    let spec = json!({ "containers": [{ "name": "main", "image": BARE_IMAGE }] });
    stage.cluster.create_pod(&stage.namespace, "one", &spec)?;
    let parameters = "pod = \"one\"\nexec-command = \"/sleep 986\"\nenable-files = true";
    let mut lab = stage.lab(parameters)?;
    let mut viewer = view(&lab).await?;
    viewer.wait_until("the terminal", SOON, |v| v.seen().text.screens > 0).await?;
    let (path, after) = (String::new(), String::new());
    ask(&mut viewer, 1, FileAct::List { path, after }).await?;
    let refused = answer(&mut viewer, 1, |news| matches!(news, FileNews::Page(_))).await?;
    let FileNews::Failed { cause, message } = &refused else { bail!("{refused:?}") };
    ensure!(cause == "lacking" && message.contains("sh"), "{refused:?}");
    lab.check_sound(&[&stage.token])
}
