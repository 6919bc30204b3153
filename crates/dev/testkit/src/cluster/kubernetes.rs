//! A cluster of one node, and what tests want of it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};

use super::api::Api;
use super::authority::{Authority, Identity};
use super::containerd;
use super::control::{self, API_PORT, COMPONENTS, NODE_NAME};
use super::images::SHELL_IMAGE;
use super::node::Node;
use super::processes::{self, PodProcess};
use crate::servers::wait_until;

/// How long the API server, and then the node, may take to become ready. Far more than they need on
/// an idle machine.
const READY_MAX: Duration = Duration::from_secs(60);

/// How long a pod may take to run, or to be gone.
const POD_MAX: Duration = Duration::from_secs(60);

/// A running Kubernetes of one node, with role-based access control. It needs root, control groups
/// and the programs that `PORTHOLE_KUBERNETES` names a folder of.
///
/// The host reaches the API server at [`address`](Self::address), and nobody else does. What runs
/// in a pod is seen from the host with [`pod_processes`](Self::pod_processes).
#[derive(Debug)]
pub struct Cluster {
    node: Node,
    api: Api,
    authority: Authority,
    namespaces: AtomicU32,
}

impl Cluster {
    /// The cluster that all tests of this program share; the first to ask starts it. It ends with
    /// the program. Tests keep apart by [`new_namespace`](Self::new_namespace).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn shared() -> Result<&'static Self> {
        // Rust drops no statics, but the pipe on which the node's life hangs closes with us.
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Self::start().map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Starts a cluster and waits until pods can run on it.
    ///
    /// # Errors
    ///
    /// A component ends or does not become ready; the end of its log is in the error.
    pub fn start() -> Result<Self> {
        let programs = control::programs()?;
        let node = Node::start()?;
        let place = node.folder().join("kubernetes");
        fs::create_dir(&place)?;
        let authority = Authority::new()?;
        control::write_settings(&node, &place, &authority)?;
        control::start_server(&node, &programs, &place)?;
        containerd::start(&node, "127.0.0.1")?;
        let api = Api::new((node.address(), API_PORT).into(), &place);
        let cluster = Self { node, api, authority, namespaces: AtomicU32::new(0) };
        cluster.wait("the API server", || {
            let answer = cluster.api.request("GET", "/readyz", None);
            Ok(answer.is_ok_and(|(status, _)| status == 200).then_some(()))
        })?;
        control::start_agents(&cluster.node, &programs, &place)?;
        cluster.wait("the node", || Ok(cluster.is_node_ready().unwrap_or(false).then_some(())))?;
        Ok(cluster)
    }

    /// Where the API server listens, over TLS.
    pub const fn address(&self) -> SocketAddr {
        self.api.address()
    }

    /// The certificate of the authority that signed the API server's, in PEM.
    pub fn authority_pem(&self) -> &str {
        self.authority.pem()
    }

    /// A client certificate for this user, in this group. No role speaks of either until a test
    /// makes one, but for the group `system:masters`, which may do everything.
    ///
    /// # Errors
    ///
    /// The names are not fit for a certificate.
    pub fn client_certificate(&self, user: &str, group: &str) -> Result<Identity> {
        self.authority.client(user, group)
    }

    /// A kubeconfig of this client. It is JSON, which YAML's readers take.
    pub fn kubeconfig(&self, who: &Identity) -> String {
        control::kubeconfig(self.node.address(), self.authority.pem(), who).to_string()
    }

    /// A kubeconfig of who bears this token.
    pub fn kubeconfig_with_token(&self, token: &str) -> String {
        let user = json!({ "token": token });
        control::kubeconfig_for(self.node.address(), self.authority.pem(), &user).to_string()
    }

    /// A namespace that nobody else has, ready for pods; its name.
    ///
    /// # Errors
    ///
    /// The API server refuses, or takes too long.
    pub fn new_namespace(&self) -> Result<String> {
        let name = format!("test-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        self.create("/api/v1/namespaces", &json!({ "metadata": { "name": name } }))?;
        // Pods are refused until their account has a token.
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        self.wait("the namespace's service account", || {
            let (status, answer) = self.api.request("GET", &account, None)?;
            Ok((status == 200 && answer.contains("\"secrets\"")).then_some(()))
        })?;
        Ok(name)
    }

    /// Creates a service account that may do what `rules` say, which are those of a `Role`; its
    /// bearer token, good for an hour.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub fn token_for(&self, namespace: &str, account: &str, rules: &Value) -> Result<String> {
        let core = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
        let roles = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}");
        let metadata = json!({ "name": account });
        self.create(&core, &json!({ "metadata": metadata }))?;
        self.create(&format!("{roles}/roles"), &json!({ "metadata": metadata, "rules": rules }))?;
        self.create(
            &format!("{roles}/rolebindings"),
            &json!({
                "metadata": metadata,
                "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account,
                },
            }),
        )?;
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "expirationSeconds": 3600 },
        });
        let answer = self.create(&format!("{core}/{account}/token"), &request)?;
        let token = answer.pointer("/status/token").and_then(Value::as_str);
        Ok(token.context("no token in the answer")?.to_owned())
    }

    /// Creates an object in the collection at `path`, as the administrator; what became of it.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub fn create(&self, path: &str, object: &Value) -> Result<Value> {
        self.api.object("POST", path, Some(object))
    }

    /// The object at `path`.
    ///
    /// # Errors
    ///
    /// The API server refuses, or there is none.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.api.object("GET", path, None)
    }

    /// Creates a pod with one container, `main`, of [`SHELL_IMAGE`], that runs
    /// `command`, and waits until it runs. `more` is merged into the container.
    ///
    /// # Errors
    ///
    /// It does not come to run.
    pub fn run_pod(
        &self,
        namespace: &str,
        name: &str,
        command: &[&str],
        more: &Value,
    ) -> Result<()> {
        let mut container = json!({ "name": "main", "image": SHELL_IMAGE, "command": command });
        if let (Some(container), Some(more)) = (container.as_object_mut(), more.as_object()) {
            container.extend(more.clone());
        }
        let spec = json!({ "containers": [container] });
        self.create_pod(namespace, name, &spec)?;
        self.wait_for_phase(namespace, name, &["Running"])
    }

    /// Creates a pod. It is killed without grace when it is deleted, unless `spec` says otherwise.
    ///
    /// # Errors
    ///
    /// The API server refuses.
    pub fn create_pod(&self, namespace: &str, name: &str, spec: &Value) -> Result<()> {
        let mut spec = spec.clone();
        if let Some(spec) = spec.as_object_mut() {
            spec.entry("terminationGracePeriodSeconds").or_insert(json!(0));
        }
        let pod = json!({
            "metadata": { "name": name, "labels": { "name": name } },
            "spec": spec,
        });
        self.create(&format!("/api/v1/namespaces/{namespace}/pods"), &pod).map(drop)
    }

    /// Waits until the pod is in one of these phases: `Running`, `Succeeded` and so on.
    ///
    /// # Errors
    ///
    /// It takes too long; its status is in the error.
    pub fn wait_for_phase(&self, namespace: &str, name: &str, phases: &[&str]) -> Result<()> {
        let path = pod_path(namespace, name);
        wait_until(&format!("{name} to be {phases:?}"), POD_MAX, || {
            let pod = self.get(&path)?;
            let phase = pod.pointer("/status/phase").and_then(Value::as_str);
            Ok(phase.is_some_and(|phase| phases.contains(&phase)).then_some(()))
        })
        .with_context(|| format!("{:?}; {}", self.get(&path), self.node.log_tail("kubelet")))
    }

    /// Deletes a pod and waits until it is gone.
    ///
    /// # Errors
    ///
    /// The API server refuses, or it takes too long.
    pub fn delete_pod(&self, namespace: &str, name: &str) -> Result<()> {
        let path = pod_path(namespace, name);
        self.api.object("DELETE", &path, None)?;
        wait_until(&format!("the end of {name}"), POD_MAX, || {
            Ok((self.api.request("GET", &path, None)?.0 == 404).then_some(()))
        })
    }

    /// What runs in the pod's containers now, their own commands and what clients have started.
    ///
    /// # Errors
    ///
    /// There is no such pod.
    pub fn pod_processes(&self, namespace: &str, name: &str) -> Result<Vec<PodProcess>> {
        let pod = self.get(&pod_path(namespace, name))?;
        let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
        let mut found = Vec::new();
        for status in statuses.map(Vec::as_slice).unwrap_or_default() {
            let id = status.get("containerID").and_then(Value::as_str).unwrap_or_default();
            if let Some(id) = id.strip_prefix("containerd://") {
                found.extend(processes::below_group(id)?);
            }
        }
        Ok(found)
    }

    /// Everything that a component has logged so far: `kube-apiserver`, `kubelet`, `etcd` and so
    /// on.
    ///
    /// # Errors
    ///
    /// There is no such component.
    pub fn log(&self, component: &str) -> Result<String> {
        self.node.log(component)
    }

    /// The folder that holds everything; it goes with the cluster.
    pub fn folder(&self) -> &Path {
        self.node.folder()
    }

    fn is_node_ready(&self) -> Result<bool> {
        let path = format!("/api/v1/nodes/{NODE_NAME}");
        let (status, answer) = self.api.request("GET", &path, None)?;
        if status == 404 {
            return Ok(false);
        }
        ensure!(status == 200, "{path}: status {status}: {answer}");
        let node: Value = serde_json::from_str(&answer)?;
        let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
        let ready = conditions.map(Vec::as_slice).unwrap_or_default().iter().any(|condition| {
            condition.get("type") == Some(&json!("Ready"))
                && condition.get("status") == Some(&json!("True"))
        });
        Ok(ready && node.pointer("/spec/taints").is_none())
    }

    /// Waits until `look` finds something, while every component that was started runs.
    fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        wait_until(what, READY_MAX, || {
            self.node.check_running(COMPONENTS)?;
            look()
        })
        .with_context(|| {
            let logs =
                COMPONENTS.iter().map(|name| format!("{name}: {}", self.node.log_tail(name)));
            logs.collect::<Vec<_>>().join("\n")
        })
    }
}

fn pod_path(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}
