//! Waiting for a pod that is starting, and telling how far it has come.

mod look;

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use porthole_containers::without_addresses;
use porthole_dial::{Caller, DialError};
use porthole_remote::Blame;
use tokio::time::{Instant, sleep, timeout, timeout_at};

pub(crate) use self::look::is_over;
use self::look::{Look, Purpose, look};
use crate::{config::KubernetesConfig, error::fault, pods, server::Server};

/// How often the pod's events are asked for, and the pod itself where it cannot be watched.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Most events of a pod that are read.
const EVENTS_MAX: u32 = 100;

/// Waits until the container that is meant can be entered.
pub(crate) async fn ready(
    server: &Server,
    namespace: &str,
    config: &KubernetesConfig,
    caller: &Caller,
) -> Result<(Pod, String), DialError> {
    let deadline = Instant::now() + config.wait_max;
    let mut teller = Teller { caller, told: String::new() };
    let mut pod = first(server, namespace, config, deadline, &mut teller).await?;
    let container = pods::container(&pod, config.container.as_deref())?.name.clone();
    let purpose = Purpose::of(&config.run);
    let name = pod.metadata.name.clone().unwrap_or_default();
    let mut watching = Watching::Not;
    let mut events = Events { server, namespace, is_allowed: true };
    loop {
        match look(&pod, &container, purpose) {
            Look::Ready => return Ok((pod, container)),
            Look::Failed(cause, words) => return Err(fault(cause, Blame::Remote, words)),
            Look::Starting(words) => {
                let told = events.newest(&pod).await.unwrap_or(words);
                teller.tell(&told);
            }
        }
        if Instant::now() >= deadline {
            return Err(teller.too_late());
        }
        let next = watching.next(server, namespace, &name, &pod, deadline).await?;
        if let Some(next) = next {
            pod = next;
        }
    }
}

/// The pod that is meant, once there is one.
async fn first(
    server: &Server,
    namespace: &str,
    config: &KubernetesConfig,
    deadline: Instant,
    teller: &mut Teller<'_>,
) -> Result<Pod, DialError> {
    loop {
        if let Some(pod) = pods::find(server, namespace, &config.pod).await? {
            return Ok(pod);
        }
        teller.tell("there is no pod yet");
        if Instant::now() + ASK_EVERY >= deadline {
            let words = "no pod with these labels, or of this owner, is there";
            return Err(fault("kubernetes_no_pod", Blame::Operator, words));
        }
        sleep(ASK_EVERY).await;
    }
}

/// Says how far the pod has come, once for each thing.
struct Teller<'a> {
    caller: &'a Caller,
    told: String,
}

impl Teller<'_> {
    fn tell(&mut self, words: &str) {
        if self.told != words {
            words.clone_into(&mut self.told);
            self.caller.progress(format!("waiting for the pod: {words}"));
        }
    }

    fn too_late(&self) -> DialError {
        let words = format!("the pod did not start in time: {}", self.told);
        fault("kubernetes_pod_late", Blame::Remote, words)
    }
}

type PodStream = Pin<Box<dyn Stream<Item = kube::Result<WatchEvent<Pod>>> + Send>>;

/// A watch on a pod. Where it is not allowed, the pod is asked for again and again.
enum Watching {
    Not,
    On(PodStream),
    Refused,
}

impl Watching {
    /// The pod when it has changed; `None` when some time has passed.
    async fn next(
        &mut self,
        server: &Server,
        namespace: &str,
        name: &str,
        pod: &Pod,
        deadline: Instant,
    ) -> Result<Option<Pod>, DialError> {
        if matches!(self, Self::Not) {
            *self = Self::begin(server, namespace, name, pod).await;
        }
        let until = (Instant::now() + ASK_EVERY).min(deadline);
        let Self::On(stream) = self else {
            sleep(ASK_EVERY.min(deadline.saturating_duration_since(Instant::now()))).await;
            return pods::named(server, namespace, name).await.map(Some);
        };
        match timeout_at(until, stream.next()).await {
            Ok(Some(Ok(WatchEvent::Added(pod) | WatchEvent::Modified(pod)))) => Ok(Some(pod)),
            Ok(Some(Ok(WatchEvent::Bookmark(_)))) | Err(_) => Ok(None),
            Ok(Some(Ok(WatchEvent::Deleted(_)))) => {
                Err(fault("kubernetes_pod_deleted", Blame::Remote, "the pod was deleted"))
            }
            // A watch ends now and then, by a limit or because it is out of date.
            Ok(Some(Ok(WatchEvent::Error(_)) | Err(_)) | None) => {
                *self = Self::Not;
                sleep(Duration::from_millis(200)).await;
                pods::named(server, namespace, name).await.map(Some)
            }
        }
    }

    async fn begin(server: &Server, namespace: &str, name: &str, pod: &Pod) -> Self {
        let api = Api::<Pod>::namespaced(server.client(), namespace);
        let wanted = WatchParams::default().fields(&format!("metadata.name={name}"));
        let version = pod.metadata.resource_version.clone().unwrap_or_default();
        match timeout(ASK_EVERY * 2, api.watch(&wanted, &version)).await {
            Ok(Ok(stream)) => Self::On(Box::pin(stream)),
            other => {
                tracing::debug!(
                    refused = other.is_ok(),
                    "the pod cannot be watched, so it is asked for"
                );
                Self::Refused
            }
        }
    }
}

/// What the cluster says of a pod beside its status. Not everybody may read that.
struct Events<'a> {
    server: &'a Server,
    namespace: &'a str,
    is_allowed: bool,
}

impl Events<'_> {
    /// What the newest event means, if it means anything to whoever waits.
    async fn newest(&mut self, pod: &Pod) -> Option<String> {
        if !self.is_allowed {
            return None;
        }
        let uid = pod.metadata.uid.as_deref()?;
        let api = Api::<Event>::namespaced(self.server.client(), self.namespace);
        let wanted =
            ListParams::default().fields(&format!("involvedObject.uid={uid}")).limit(EVENTS_MAX);
        let Ok(Ok(found)) = timeout(ASK_EVERY, api.list(&wanted)).await else {
            self.is_allowed = false;
            return None;
        };
        let newest = found.items.into_iter().max_by_key(|event| {
            let last = event.last_timestamp.as_ref().map(|time| time.0);
            last.or_else(|| event.event_time.as_ref().map(|time| time.0))
        })?;
        let message = without_addresses(newest.message.as_deref().unwrap_or_default());
        match newest.reason.as_deref()? {
            "Pulling" => Some("pulling the image".to_owned()),
            "FailedScheduling" => Some(format!("no node can take the pod: {message}")),
            "FailedMount" | "FailedAttachVolume" => {
                Some(format!("a volume cannot be attached: {message}"))
            }
            "FailedCreatePodSandBox" => Some(format!("its surroundings cannot be made: {message}")),
            _ => None,
        }
    }
}
