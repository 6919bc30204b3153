//! What becomes of programs when sessions end, and of sessions when pods do.

use anyhow::{Result, ensure};
use porthole_testkit::servers::wait_until;
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};
use rustix::process::{Pid, Signal, kill_process};

use super::{Stage, view};

const SHELL: &str = "pod = \"one\"\nexec-command = \"sh\"";

/// A shell with two more programs behind it, of which one does not hear of being hung up.
async fn busy(stage: &Stage, lab: &Lab) -> Result<Viewer> {
    let mut viewer = view(lab).await?;
    viewer.wait_for_text("# ", SOON).await?;
    viewer.type_text("(trap '' HUP; exec sleep 987) & sleep 986 & echo o''k.\r").await?;
    viewer.wait_for_text("ok.\r\n", SOON).await?;
    wait_until("the programs", SOON, || Ok((stage.guests()?.len() >= 3).then_some(())))?;
    Ok(viewer)
}

fn wait_for_none(stage: &Stage) -> Result<()> {
    wait_until("the end of all", SOON, || Ok(stage.guests()?.is_empty().then_some(())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn nothing_stays_when_the_viewer_does_not_come_back() -> Result<()> {
    let stage = Stage::with_pod()?;
    let mut lab = stage.lab_with(Setup::new().session("linger_s = 1"), SHELL)?;
    let viewer = busy(&stage, &lab).await?;
    drop(viewer);
    wait_for_none(&stage)?;
    lab.check_sound(&[&stage.token])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn nothing_stays_when_the_gateway_stops() -> Result<()> {
    let stage = Stage::with_pod()?;
    let mut lab = stage.lab(SHELL)?;
    let mut viewer = busy(&stage, &lab).await?;
    let process = lab.gateway().process();
    let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
    kill_process(id.ok_or_else(|| anyhow::anyhow!("no process"))?, Signal::TERM)?;
    viewer.wait_for_error(SOON).await?;
    let status = lab.gateway().process().wait(SOON)?;
    ensure!(status.success(), "{status}; {}", lab.log()?);
    // It is the gateway that has ended them: nobody is left who could.
    ensure!(stage.guests()?.is_empty(), "{:?} stay; {}", stage.guests()?, lab.log()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_shell_that_ends_takes_its_programs_along() -> Result<()> {
    let stage = Stage::with_pod()?;
    let lab = stage.lab(SHELL)?;
    let mut viewer = busy(&stage, &lab).await?;
    viewer.type_text("exit 3\r").await?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "exited" && error.message.contains('3'), "{error:?}");
    wait_for_none(&stage)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_pod_that_is_deleted_is_told() -> Result<()> {
    let stage = Stage::with_pod()?;
    let mut lab = stage.lab(SHELL)?;
    let mut viewer = view(&lab).await?;
    viewer.wait_for_text("# ", SOON).await?;
    stage.cluster.delete_pod(&stage.namespace, "one")?;
    let (error, _) = viewer.wait_for_error(SOON).await?;
    ensure!(error.message.contains("the pod was deleted"), "{error:?}");
    lab.check_sound(&[&stage.token])
}
