//! Shells, attached programs and logs.

use anyhow::{Result, ensure};
use porthole_testkit::cluster::SHELL_IMAGE;
use porthole_tests::{SOON, Setup};
use serde_json::json;

use super::{CLUSTERS, Stage, view};
use crate::heard;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_shell_has_the_viewers_size_and_ends_with_its_code() -> Result<()> {
    let stage = Stage::with_pod()?;
    let mut lab =
        stage.lab("pod = \"one\"\nexec-command = \"/bin/sh\"\nterminal-type = \"linux\"")?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("# ", SOON).await?;
    ensure!(!viewer.seen().text.contains("porthole"), "{:?}", viewer.seen().text.text());
    viewer.resize_terminal(101, 37).await?;
    let words = "until [ \"$(stty size)\" = '37 101' ]; do sleep 0.05; done; echo $TERM si''zed\r";
    viewer.type_text(words).await?;
    viewer.wait_for_text("linux sized", SOON).await?;
    viewer.type_text("hostname\r").await?;
    viewer.wait_for_text("\r\none\r\n", SOON).await?;
    viewer.type_text("exit 7\r").await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "exited" && error.message.contains('7'), "{error:?}");
    lab.check_sound(&[&stage.token])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_kubeconfig_leads_where_the_policy_lets_it() -> Result<()> {
    let stage = Stage::with_pod()?;
    let who = stage.cluster.client_certificate("admin", "system:masters")?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    std::fs::write(&file, stage.cluster.kubeconfig(&who))?;
    let more = format!(
        "[parameters]\nkubeconfig = \"{}\"\nnamespace = \"{}\"\npod = \"one\"\n\
         exec-command = \"echo admin\"",
        file.display(),
        stage.namespace
    );
    let setup = Setup::new().placeless("kubernetes", "box", &more);
    let closed = setup.start()?;
    let (error, _) = view(&closed).await?.wait_for_error(SOON).await?;
    ensure!(error.cause == "policy", "{error:?}");
    let mut open = setup.allowing("kubernetes", CLUSTERS).start()?;
    let mut viewer = view(&open).await?;
    viewer.wait_for_text("admin\r\n", SOON).await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "remote_closed", "{error:?}");
    open.check_sound(&["PRIVATE KEY"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn an_attached_program_tells_its_own_code() -> Result<()> {
    let stage = Stage::new()?;
    let spec = json!({ "restartPolicy": "Never", "containers": [{
        "name": "main", "image": SHELL_IMAGE, "stdin": true, "tty": true,
        "command": ["sh", "-c", heard("stty size")],
    }] });
    stage.cluster.create_pod(&stage.namespace, "one", &spec)?;
    let lab = stage.lab("pod = \"one\"")?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("here\r\n", SOON).await?;
    viewer.type_text("words\r").await?;
    viewer.wait_for_text("got words\r\n", SOON).await?;
    viewer.wait_for_text("24 80\r\n", SOON).await?;
    viewer.type_text("\r").await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "exited" && error.message.contains('5'), "{error:?}");

    // Whoever comes now learns that it is over.
    let (error, _) = view(&lab).await?.wait_for_error(SOON).await?;
    ensure!(error.cause == "kubernetes_pod_over" && error.message.contains('5'), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_log_grows_and_is_only_read() -> Result<()> {
    let stage = Stage::new()?;
    let script = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.1; done";
    let command = ["sh", "-c", script];
    stage.cluster.run_pod(&stage.namespace, "one", &command, &json!({}))?;
    let lab = stage.lab("pod = \"one\"\nlogs = true")?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("line 1\r\nline 2\r\n", SOON).await?;
    let permissions = viewer.welcome().map_or(0, |welcome| welcome.permissions);
    ensure!(permissions & 1 == 0, "{permissions:#x}");
    let last = viewer.seen().text.text().lines().count();
    viewer.type_text("typed\r").await?;
    viewer.wait_for_text(&format!("line {}\r\n", last + 20), SOON).await?;
    ensure!(!viewer.seen().text.contains("typed"));
    stage.cluster.delete_pod(&stage.namespace, "one")?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.message.contains("deleted"), "{error:?}");
    Ok(())
}
