//! Which pod and container are meant, and what has become of them.

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1::Job,
        core::v1::{Container, ContainerState, ContainerStatus, Pod},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use kube::api::{Api, ListParams};
use porthole_dial::DialError;
use porthole_remote::Blame;

use crate::{
    config::{OwnerKind, PodChoice},
    error::{Doing, broken, fault},
    server::{Server, in_time},
    socket::Place,
};

/// The container that a pod's author means (`kubectl` reads it too).
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Most pods that are looked at for one selector.
const PODS_MAX: u32 = 200;

/// The pod that is meant, as it is now; `None` when there is none yet that a selector fits.
pub(crate) async fn find(
    server: &Server,
    namespace: &str,
    choice: &PodChoice,
) -> Result<Option<Pod>, DialError> {
    match choice {
        PodChoice::Name(name) => named(server, namespace, name).await.map(Some),
        PodChoice::Labels(selector) => best(server, namespace, selector).await,
        PodChoice::Owner(kind, name) => {
            let selector = selector_of(server, namespace, *kind, name).await?;
            best(server, namespace, &selector).await
        }
    }
}

/// A pod of this name.
pub(crate) async fn named(server: &Server, namespace: &str, name: &str) -> Result<Pod, DialError> {
    let thing = format!("pod {name}");
    let doing = Doing { what: "look at pods", needs: "get on pods", namespace, thing: &thing };
    let api = Api::<Pod>::namespaced(server.client(), namespace);
    in_time("answer", async { api.get(name).await.map_err(|error| doing.failed(error)) }).await
}

/// The pod that a selector fits best: one that is ready, then one that runs, and the newest of them.
async fn best(server: &Server, namespace: &str, selector: &str) -> Result<Option<Pod>, DialError> {
    let thing = "pod with these labels";
    let doing = Doing { what: "list pods", needs: "list on pods", namespace, thing };
    let api = Api::<Pod>::namespaced(server.client(), namespace);
    let asked = ListParams::default().labels(selector).limit(PODS_MAX);
    let found =
        in_time("answer", async { api.list(&asked).await.map_err(|error| doing.failed(error)) });
    let rank = |pod: &Pod| {
        let status = pod.status.as_ref();
        let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let is_ready = conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True");
        let is_running = status.is_some_and(|status| status.phase.as_deref() == Some("Running"));
        let born = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (pod.metadata.deletion_timestamp.is_none(), is_ready, is_running, born)
    };
    Ok(found.await?.items.into_iter().max_by_key(rank))
}

/// The selector of what pods belong to.
async fn selector_of(
    server: &Server,
    namespace: &str,
    kind: OwnerKind,
    name: &str,
) -> Result<String, DialError> {
    let client = server.client();
    let thing = format!("{} {name}", kind.word());
    let (what, needs) = match kind {
        OwnerKind::Deployment => ("look at deployments", "get on deployments.apps"),
        OwnerKind::StatefulSet => ("look at stateful sets", "get on statefulsets.apps"),
        OwnerKind::DaemonSet => ("look at daemon sets", "get on daemonsets.apps"),
        OwnerKind::ReplicaSet => ("look at replica sets", "get on replicasets.apps"),
        OwnerKind::Job => ("look at jobs", "get on jobs.batch"),
    };
    let asking = async {
        Ok(match kind {
            OwnerKind::Deployment => {
                let api = Api::<Deployment>::namespaced(client, namespace);
                Some(api.get(name).await?.spec.selector)
            }
            OwnerKind::StatefulSet => {
                let api = Api::<StatefulSet>::namespaced(client, namespace);
                Some(api.get(name).await?.spec.selector)
            }
            OwnerKind::DaemonSet => {
                let api = Api::<DaemonSet>::namespaced(client, namespace);
                Some(api.get(name).await?.spec.selector)
            }
            OwnerKind::ReplicaSet => {
                let api = Api::<ReplicaSet>::namespaced(client, namespace);
                Some(api.get(name).await?.spec.selector)
            }
            OwnerKind::Job => {
                let api = Api::<Job>::namespaced(client, namespace);
                api.get(name).await?.spec.and_then(|spec| spec.selector)
            }
        })
    };
    let doing = Doing { what, needs, namespace, thing: &thing };
    let found = in_time("answer", async { asking.await.map_err(|error| doing.failed(error)) });
    let text = found.await?.and_then(|selector| selector_text(&selector));
    // An empty selector would mean every pod.
    text.ok_or_else(|| broken("what the pod belongs to selects no pods"))
}

/// A selector as a query has it.
fn selector_text(selector: &LabelSelector) -> Option<String> {
    let labels = selector.match_labels.iter().flatten();
    let mut parts: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
    for wanted in selector.match_expressions.iter().flatten() {
        let values = wanted.values.as_deref().unwrap_or_default().join(",");
        parts.push(match wanted.operator.as_str() {
            "In" => format!("{} in ({values})", wanted.key),
            "NotIn" => format!("{} notin ({values})", wanted.key),
            "Exists" => wanted.key.clone(),
            "DoesNotExist" => format!("!{}", wanted.key),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

/// The container of `pod` that is meant.
///
/// # Errors
///
/// There is none of that name.
pub(crate) fn container<'a>(pod: &'a Pod, name: Option<&str>) -> Result<&'a Container, DialError> {
    let spec = pod.spec.as_ref().ok_or_else(|| broken("the pod has no specification"))?;
    let annotations = pod.metadata.annotations.as_ref();
    let meant = name.or_else(|| annotations?.get(DEFAULT_CONTAINER).map(String::as_str));
    let sidecars = spec.init_containers.iter().flatten();
    let mut all = spec.containers.iter().chain(sidecars);
    let found = match meant {
        Some(meant) => all.find(|container| container.name == meant),
        None => spec.containers.first(),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> =
            spec.containers.iter().map(|container| container.name.as_str()).collect();
        let words = porthole_wire::text(
            format!("the pod has no such container; it has {}", names.join(", ")).as_bytes(),
        );
        fault("kubernetes_no_container", Blame::Operator, words)
    })
}

/// What a pod says of one of its containers.
pub(crate) fn container_status<'a>(pod: &'a Pod, name: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let inits = status.init_container_statuses.iter().flatten();
    status.container_statuses.iter().flatten().chain(inits).find(|status| status.name == name)
}

/// The run of a container as a place to call.
pub(crate) fn place(pod: &Pod, namespace: &str, container: &str) -> Place {
    let status = container_status(pod, container);
    Place {
        namespace: namespace.to_owned(),
        pod: pod.metadata.name.clone().unwrap_or_default(),
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        container: container.to_owned(),
        container_id: status.and_then(|status| status.container_id.clone()).unwrap_or_default(),
    }
}

/// What has become of a run of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It still runs.
    Running,
    /// It ended with this code.
    Exited(u32),
    /// Its pod is gone, or about to go.
    Deleted,
    /// The cluster does not say.
    Unknown,
}

/// Asks what has become of a run of a container.
pub(crate) async fn after(server: &Server, place: &Place) -> After {
    match named(server, &place.namespace, &place.pod).await {
        Ok(pod) => look_after(&pod, place),
        Err(error) if error.cause() == "kubernetes_not_found" => After::Deleted,
        Err(error) => {
            tracing::debug!(%error, "what became of a container is not known");
            After::Unknown
        }
    }
}

fn look_after(pod: &Pod, place: &Place) -> After {
    let is_other = pod.metadata.uid.as_ref().is_some_and(|uid| *uid != place.uid);
    if is_other || pod.metadata.deletion_timestamp.is_some() {
        return After::Deleted;
    }
    let Some(status) = container_status(pod, &place.container) else { return After::Unknown };
    let exit_of = |state: &Option<ContainerState>| {
        let ended = state.as_ref()?.terminated.as_ref()?;
        let is_ours = ended.container_id.as_ref().is_none_or(|id| *id == place.container_id);
        is_ours.then(|| After::Exited(u32::try_from(ended.exit_code).unwrap_or(255)))
    };
    let is_same = status.container_id.as_ref() == Some(&place.container_id);
    let runs = status.state.as_ref().is_some_and(|state| state.running.is_some());
    let ended = exit_of(&status.state).or_else(|| exit_of(&status.last_state));
    match ended {
        _ if runs && is_same => After::Running,
        Some(ended) => ended,
        None => After::Unknown,
    }
}

#[cfg(test)]
#[path = "pods_tests.rs"]
mod tests;
