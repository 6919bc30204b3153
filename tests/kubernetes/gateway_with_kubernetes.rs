//! The gateway against a real API server, in a viewer that draws text.

mod endings;
mod files;
mod shells;
mod starting;

use anyhow::Result;
use porthole_testkit::cluster::Cluster;
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, Setup};
use serde_json::{Value, json};

/// Where the testkit's clusters are.
const CLUSTERS: &str = "198.18.0.0/15";

/// A namespace with an account that may do what the manual says it has to.
struct Stage {
    cluster: &'static Cluster,
    namespace: String,
    token: String,
}

/// The role of `docs/kubernetes.md`.
fn role() -> Value {
    json!([
        { "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"] },
        { "apiGroups": [""], "resources": ["pods/exec", "pods/attach"], "verbs": ["get", "create"] },
        { "apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"] },
        { "apiGroups": [""], "resources": ["events"], "verbs": ["list"] },
        { "apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get"] },
        { "apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"] },
    ])
}

impl Stage {
    fn new() -> Result<Self> {
        let cluster = Cluster::shared()?;
        let namespace = cluster.new_namespace()?;
        let token = cluster.token_for(&namespace, "porthole", &role())?;
        Ok(Self { cluster, namespace, token })
    }

    /// With a pod `one` that sleeps.
    fn with_pod() -> Result<Self> {
        let stage = Self::new()?;
        stage.cluster.run_pod(&stage.namespace, "one", &["sleep", "100000"], &json!({}))?;
        Ok(stage)
    }

    /// A connection of this name, as who bears `token`.
    fn connect(&self, setup: Setup, name: &str, token: &str, parameters: &str) -> Setup {
        let (namespace, authority) = (&self.namespace, self.cluster.authority_pem());
        let more = format!(
            "password = \"{token}\"\n[parameters]\nuse-ssl = true\nca-cert = '''\n{authority}'''\n\
             namespace = \"{namespace}\"\n{parameters}\n"
        );
        setup.speaking("kubernetes", name, self.cluster.address(), &more)
    }

    /// A gateway with the connection `box`, which has these parameters.
    fn lab(&self, parameters: &str) -> Result<Lab> {
        self.lab_with(Setup::new(), parameters)
    }

    fn lab_with(&self, setup: Setup, parameters: &str) -> Result<Lab> {
        let setup = setup.allowing("kubernetes", CLUSTERS);
        self.connect(setup, "box", &self.token, parameters).start()
    }

    /// What runs in the pod `one` beside its own program.
    fn guests(&self) -> Result<Vec<String>> {
        let found = self.cluster.pod_processes(&self.namespace, "one")?;
        let commands = found.into_iter().map(|process| process.command);
        // The dead have none; a container's first program need not wait for them.
        Ok(commands.filter(|it| !it.is_empty() && it != "sleep 100000").collect())
    }
}

async fn view(lab: &Lab) -> Result<Viewer> {
    Viewer::open(&lab.options("box")?.drawing_text()).await
}
