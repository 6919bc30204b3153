//! A real API server, as kube's client sees it: what the gateway has to live with.

use anyhow::{Context as _, Result, bail};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, AttachedProcess};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use porthole_testkit::cluster::Cluster;
use porthole_testkit::servers::wait_until;
use porthole_tests::SOON;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use crate::heard;

/// The pods of this namespace, as who bears the token sees them; the administrator without one.
async fn pods(cluster: &Cluster, namespace: &str, token: Option<&str>) -> Result<Api<Pod>> {
    let text = match token {
        Some(token) => cluster.kubeconfig_with_token(token),
        None => cluster.kubeconfig(&cluster.client_certificate("admin", "system:masters")?),
    };
    let config = Kubeconfig::from_yaml(&text)?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    Ok(Api::namespaced(Client::try_from(config)?, namespace))
}

/// A pod of its own that sleeps, in a namespace of its own; the namespace.
fn sleeper(cluster: &Cluster) -> Result<String> {
    let namespace = cluster.new_namespace()?;
    cluster.run_pod(&namespace, "one", &["sleep", "100000"], &json!({}))?;
    Ok(namespace)
}

fn streams() -> AttachParams {
    AttachParams::default().stdin(true).stdout(true).stderr(true)
}

/// Everything it says on its standard output, and its status.
async fn finish(mut process: AttachedProcess) -> Result<(String, Option<Value>)> {
    let stdout = process.stdout().context("standard output")?;
    finish_reading(process, stdout).await
}

/// The same, from here on.
async fn finish_reading(
    mut process: AttachedProcess,
    mut stdout: impl AsyncRead + Unpin,
) -> Result<(String, Option<Value>)> {
    let status = process.take_status().context("one status")?;
    let mut said = String::new();
    let finishing = async {
        stdout.read_to_string(&mut said).await?;
        anyhow::Ok(status.await)
    };
    let status = tokio::time::timeout(SOON, finishing).await.context("too slow")??;
    Ok((said, status.map(serde_json::to_value).transpose()?))
}

fn http_status<T>(result: kube::Result<T>) -> Result<u16> {
    match result {
        Err(kube::Error::UpgradeConnection(error)) => match error {
            kube::client::UpgradeConnectionError::ProtocolSwitch(status) => Ok(status.as_u16()),
            other => bail!("{other}"),
        },
        Err(kube::Error::Api(status)) => Ok(status.code),
        Err(other) => bail!("{other}"),
        Ok(_) => bail!("not refused"),
    }
}

#[tokio::test]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn an_exec_tells_its_exit_code() -> Result<()> {
    let cluster = Cluster::shared()?;
    let pods = pods(cluster, &sleeper(cluster)?, None).await?;
    let process = pods.exec("one", ["sh", "-c", "echo out; exit 7"], &streams()).await?;
    let (said, status) = finish(process).await?;
    assert_eq!(said, "out\n");
    let status = status.context("a status")?;
    assert_eq!(status["reason"], "NonZeroExitCode");
    assert_eq!(status["details"]["causes"][0]["message"], "7");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_process_survives_its_client() -> Result<()> {
    let cluster = Cluster::shared()?;
    let namespace = sleeper(cluster)?;
    let pods = pods(cluster, &namespace, None).await?;
    let words = ["sh", "-c", "echo here; exec sleep 777"];
    let mut process = pods.exec("one", words, &streams()).await?;
    let mut said = [0; 5];
    process.stdout().context("standard output")?.read_exact(&mut said).await?;
    process.abort();
    drop(process);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let left = cluster.pod_processes(&namespace, "one")?;
    assert!(left.iter().any(|process| process.command.ends_with("sleep 777")), "{left:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn an_attach_calls_every_ending_a_success() -> Result<()> {
    let cluster = Cluster::shared()?;
    let namespace = cluster.new_namespace()?;
    let spec = json!({ "restartPolicy": "Never", "containers": [{
        "name": "main", "image": porthole_testkit::cluster::SHELL_IMAGE, "stdin": true,
        "command": ["sh", "-c", heard(":")],
    }] });
    cluster.create_pod(&namespace, "one", &spec)?;
    cluster.wait_for_phase(&namespace, "one", &["Running"])?;
    let pods = pods(cluster, &namespace, None).await?;
    let mut process = pods.attach("one", &streams()).await?;
    let mut stdout = process.stdout().context("standard output")?;
    let mut stdin = process.stdin().context("standard input")?;
    for (wanted, typed) in [("here\n", "typed\n"), ("got typed\n", "\n")] {
        let mut text = String::new();
        while !text.ends_with(wanted) {
            let read = tokio::time::timeout(SOON, stdout.read_u8()).await;
            text.push(char::from(read.context("too slow")??));
        }
        stdin.write_all(typed.as_bytes()).await?;
    }
    let (said, status) = finish_reading(process, stdout).await?;
    assert_eq!(said, "");
    assert_eq!(status.context("a status")?["status"], "Success");
    cluster.wait_for_phase(&namespace, "one", &["Failed"])?;
    let pod = cluster.get(&format!("/api/v1/namespaces/{namespace}/pods/one"))?;
    let code = pod.pointer("/status/containerStatuses/0/state/terminated/exitCode");
    assert_eq!(code, Some(&json!(5)));

    // Whoever attaches now finds nothing that runs, and is not told so in JSON.
    let status = http_status(pods.attach("one", &streams()).await)?;
    assert_eq!(status, 500);
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_pod_that_is_deleted_ends_an_exec() -> Result<()> {
    let cluster = Cluster::shared()?;
    let namespace = sleeper(cluster)?;
    let pods = pods(cluster, &namespace, None).await?;
    let mut process = pods.exec("one", ["sleep", "1000"], &streams()).await?;
    let status = process.take_status().context("one status")?;
    wait_until("the process", SOON, || {
        let found = cluster.pod_processes(&namespace, "one")?;
        Ok(found.iter().any(|process| process.command == "sleep 1000").then_some(()))
    })?;
    cluster.delete_pod(&namespace, "one")?;
    let status = tokio::time::timeout(SOON, status).await.context("too slow")?;
    let status = serde_json::to_value(status.context("a status")?)?;
    // 128 and the number of SIGKILL.
    assert_eq!(status["details"]["causes"][0]["message"], "137", "{status}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn an_exec_takes_the_right_to_get_it() -> Result<()> {
    let cluster = Cluster::shared()?;
    let namespace = sleeper(cluster)?;
    let rules = |verb: &str| json!([{ "apiGroups": [""], "resources": ["pods/exec", "pods/attach"], "verbs": [verb] }]);
    let words = ["true"];
    let creator = cluster.token_for(&namespace, "creator", &rules("create"))?;
    let pods_of_creator = pods(cluster, &namespace, Some(&creator)).await?;
    assert_eq!(http_status(pods_of_creator.exec("one", words, &streams()).await)?, 403);

    let getter = cluster.token_for(&namespace, "getter", &rules("get"))?;
    let pods_of_getter = pods(cluster, &namespace, Some(&getter)).await?;
    let (_, status) = finish(pods_of_getter.exec("one", words, &streams()).await?).await?;
    assert_eq!(status.context("a status")?["status"], "Success");

    // A name that nobody has is asked for first, and found missing, by who may.
    assert_eq!(http_status(pods_of_getter.exec("two", words, &streams()).await)?, 404);
    Ok(())
}
