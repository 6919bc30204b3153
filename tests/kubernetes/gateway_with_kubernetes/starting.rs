//! Finding pods, waiting for them, and what is said when there is no way in.

use anyhow::{Result, ensure};
use porthole_link::Category;
use porthole_testkit::cluster::SHELL_IMAGE;
use porthole_testkit::viewer::Viewer;
use porthole_tests::{SOON, Setup};
use serde_json::json;

use super::{CLUSTERS, Stage, view};

fn has_told(viewer: &Viewer, words: &str) -> bool {
    viewer.seen().progress.iter().any(|told| told.contains(words))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_pod_is_waited_for_until_it_is_up() -> Result<()> {
    let stage = Stage::new()?;
    let lab = stage.lab("pod-selector = \"name=one\"\nexec-command = \"sh\"")?;
    let mut viewer = view(&lab).await?;
    viewer.wait_until("news", SOON, |v| has_told(v, "there is no pod yet")).await?;

    // It cannot start before its secret is there.
    let spec = json!({
        "containers": [{
            "name": "main", "image": SHELL_IMAGE,
            "volumeMounts": [{ "name": "later", "mountPath": "/later" }],
        }],
        "volumes": [{ "name": "later", "secret": { "secretName": "later" } }],
    });
    stage.cluster.create_pod(&stage.namespace, "one", &spec)?;
    viewer.wait_until("more", SOON, |v| v.seen().progress.len() > 1).await?;
    viewer.wait_until("the volume", SOON, |v| has_told(v, "a volume cannot be")).await?;
    let secret = json!({ "metadata": { "name": "later" }, "stringData": { "word": "now" } });
    stage.cluster.create(&format!("/api/v1/namespaces/{}/secrets", stage.namespace), &secret)?;
    viewer.wait_for_text("# ", SOON * 2).await?;
    viewer.type_text("cat /later/word\r").await?;
    viewer.wait_for_text("now", SOON).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn a_deployment_has_a_pod_with_a_container_that_is_meant() -> Result<()> {
    let stage = Stage::new()?;
    let container = |name: &str| {
        let env = [json!({ "name": "WHICH", "value": name })];
        json!({ "name": name, "image": SHELL_IMAGE, "env": env })
    };
    let labels = json!({ "app": "web" });
    let annotations = json!({ "kubectl.kubernetes.io/default-container": "second" });
    let deployment = json!({
        "metadata": { "name": "web" },
        "spec": { "selector": { "matchLabels": labels }, "template": {
            "metadata": { "labels": labels, "annotations": annotations },
            "spec": {
                "terminationGracePeriodSeconds": 0,
                "containers": [container("first"), container("second")],
            },
        } },
    });
    let place = format!("/apis/apps/v1/namespaces/{}/deployments", stage.namespace);
    stage.cluster.create(&place, &deployment)?;
    let command = "exec-command = \"sh -c 'echo $(hostname) $WHICH.'\"";
    for (name, more) in [("second", ""), ("first", "container = \"first\"")] {
        let lab = stage.lab(&format!("pod-owner = \"deployment/web\"\n{more}\n{command}"))?;
        let mut viewer = view(&lab).await?;
        viewer.wait_for_text(&format!(" {name}.\r\n"), SOON).await?;
        ensure!(viewer.seen().text.contains("web-"), "{:?}", viewer.seen().text.text());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: `cargo xtask test --kubernetes` runs it"]
async fn refusals_say_what_to_do() -> Result<()> {
    let stage = Stage::with_pod()?;
    let rules = json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }]);
    let looker = stage.cluster.token_for(&stage.namespace, "looker", &rules)?;
    let spec = json!({ "containers": [{
        "name": "main", "image": "porthole.test/none:1", "imagePullPolicy": "Never",
    }] });
    stage.cluster.create_pod(&stage.namespace, "unpulled", &spec)?;
    let shell = "exec-command = \"sh\"";
    let one = &format!("pod = \"one\"\n{shell}");
    let cases: [(&str, &str, &str, &str); 7] = [
        (&stage.token, &format!("{one}\ncontainer = \"other\""), "no_container", "it has main"),
        (&stage.token, &format!("pod = \"two\"\n{shell}"), "not_found", "there is no pod two"),
        (&stage.token, &format!("pod-owner = \"job/x\"\n{shell}"), "not_found", "job x"),
        (&stage.token, &format!("pod = \"unpulled\"\n{shell}"), "image", "cannot be pulled"),
        (&looker, one, "forbidden", "pods/exec"),
        (&looker, &format!("pod-selector = \"name=one\"\n{shell}"), "forbidden", "list on pods"),
        ("not-a-token", one, "unauthorized", "the token or the certificate is wrong"),
    ];
    let mut setup = Setup::new().allowing("kubernetes", CLUSTERS);
    for (number, (token, parameters, ..)) in cases.iter().enumerate() {
        setup = stage.connect(setup, &format!("box{number}"), token, parameters);
    }
    let mut lab = setup.start()?;
    for (number, (_, parameters, cause, words)) in cases.iter().enumerate() {
        let options = lab.options(&format!("box{number}"))?.drawing_text();
        let (error, _) = Viewer::open(&options).await?.wait_for_error(SOON).await?;
        ensure!(error.cause == format!("kubernetes_{cause}"), "{error:?} for {parameters}");
        ensure!(error.message.contains(words), "{error:?} for {parameters}");
        ensure!(!error.message.contains("198.1"), "{error:?} for {parameters}");
        let is_ours = *cause != "image";
        ensure!((error.category == Category::Policy) == is_ours, "{error:?} for {parameters}");
    }
    lab.check_sound(&[&looker, &stage.token])
}
