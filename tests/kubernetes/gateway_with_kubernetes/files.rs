//! A container's files in the page's panel.

use anyhow::{Result, bail, ensure};
use porthole_link::{FileAct, FileNews};
use porthole_testkit::cluster::BARE_IMAGE;
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, noise};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Stage;

/// Some more than fits into the first credit.
const FILE_BYTES: u32 = 3_000_001;

/// A viewer who may do everything with files.
async fn view(lab: &Lab) -> Result<Viewer> {
    let options = ViewerOptions::new(lab.address(), tokens::for_files_of("box")?);
    Viewer::open(&options.drawing_text()).await
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
    let content = noise(FILE_BYTES, 7);
    viewer.upload("up one.bin", &content, content.len()).await?;
    let digest = Sha256::digest(&content);
    let digest = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    viewer
        .type_text("sha256sum '/tmp/up one.bin'; cd /tmp; mv up* down.bin; echo mo''ved\r")
        .await?;
    viewer.wait_for_text(&digest, SOON).await?;
    viewer.wait_for_text("moved\r\n", SOON).await?;
    ensure!(viewer.download("down.bin", 0, FILE_BYTES.into()).await? == content, "other bytes");

    let (path, after) = (String::new(), String::new());
    let listed = viewer.ask(FileAct::List { path, after }).await?;
    let FileNews::Page(page) = &listed else { bail!("{listed:?}") };
    let entries: Vec<_> = page.entries.iter().map(|entry| (&*entry.name, entry.size)).collect();
    ensure!(entries == [("down.bin", u64::from(FILE_BYTES))], "{entries:?}");
    viewer.ask_done(FileAct::Remove("down.bin".to_owned())).await?;
    let act = FileAct::Read { path: "../etc/passwd".to_owned(), offset: 0, credit: 1000 };
    viewer.ask_refused(act).await?;
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
    let refused = viewer.ask(FileAct::List { path, after }).await?;
    let FileNews::Failed { cause, message } = &refused else { bail!("{refused:?}") };
    ensure!(cause == "lacking" && message.contains("sh"), "{refused:?}");
    lab.check_sound(&[&stage.token])
}
