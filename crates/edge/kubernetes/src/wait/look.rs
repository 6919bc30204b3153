//! What a pod's status means for somebody who wants in.

use k8s_openapi::api::core::v1::{ContainerStateWaiting, Pod};
use porthole_containers::without_addresses;

use crate::{config::Run, pods::container_status};

/// What a container is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It has to run.
    Enter,
    /// It has to have run.
    Read,
    /// It has to have run before.
    ReadPrevious,
}

impl Purpose {
    pub(crate) const fn of(run: &Run) -> Self {
        match run {
            Run::Exec(_) | Run::Attach => Self::Enter,
            Run::Logs(view) if view.previous => Self::ReadPrevious,
            Run::Logs(_) => Self::Read,
        }
    }
}

/// What a pod's status means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// Come in.
    Ready,
    /// Not yet, and how far it is.
    Starting(String),
    /// It will not come to it: the cause, and the words for it.
    Failed(&'static str, String),
}

/// Looks at a pod.
pub(crate) fn look(pod: &Pod, container: &str, purpose: Purpose) -> Look {
    if pod.metadata.deletion_timestamp.is_some() && purpose == Purpose::Enter {
        return Look::Failed("kubernetes_pod_deleted", "the pod is being deleted".to_owned());
    }
    let Some(status) = container_status(pod, container) else { return unborn(pod) };
    let state = status.state.as_ref();
    let has_run = status.last_state.as_ref().is_some_and(|state| state.terminated.is_some());
    if purpose == Purpose::ReadPrevious {
        return if has_run {
            Look::Ready
        } else {
            let words = "the container has not run before".to_owned();
            Look::Failed("kubernetes_no_previous", words)
        };
    }
    if state.is_some_and(|state| state.running.is_some()) {
        return Look::Ready;
    }
    if let Some(ended) = state.and_then(|state| state.terminated.as_ref()) {
        return match purpose {
            Purpose::Enter if is_over(pod) => Look::Failed(
                "kubernetes_pod_over",
                format!("the container has ended, with code {}", ended.exit_code),
            ),
            Purpose::Enter => Look::Starting("the container is starting again".to_owned()),
            Purpose::Read | Purpose::ReadPrevious => Look::Ready,
        };
    }
    if purpose == Purpose::Read && has_run {
        return Look::Ready;
    }
    let waiting = state.and_then(|state| state.waiting.as_ref());
    waiting.map_or_else(|| unborn(pod), |waiting| is_waiting(pod, container, waiting))
}

/// Whether nothing of the pod will run again.
pub(crate) fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let policy = pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref());
    matches!(phase, Some("Succeeded" | "Failed")) || policy == Some("Never")
}

/// The container's state is not known yet.
fn unborn(pod: &Pod) -> Look {
    let status = pod.status.as_ref();
    if is_over(pod)
        && status
            .is_some_and(|status| matches!(status.phase.as_deref(), Some("Failed" | "Succeeded")))
    {
        let words =
            status.and_then(|status| status.message.as_deref().or(status.reason.as_deref()));
        let words = without_addresses(words.unwrap_or("no reason is given"));
        return Look::Failed("kubernetes_pod_over", format!("the pod has ended: {words}"));
    }
    let conditions = status.and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled");
    Look::Starting(match scheduled {
        Some(condition) if condition.status != "True" => {
            let words = without_addresses(condition.message.as_deref().unwrap_or_default());
            format!("no node can take the pod: {words}")
        }
        Some(_) => "it has a node and is being set up".to_owned(),
        None => "it has no node yet".to_owned(),
    })
}

fn is_waiting(pod: &Pod, container: &str, waiting: &ContainerStateWaiting) -> Look {
    let message = without_addresses(waiting.message.as_deref().unwrap_or_default());
    let failed = |cause, words: &str| {
        let colon = if message.is_empty() { "" } else { ": " };
        Look::Failed(cause, format!("{words}{colon}{message}"))
    };
    match waiting.reason.as_deref().unwrap_or_default() {
        "ImagePullBackOff"
        | "ErrImagePull"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "ImageInspectError"
        | "RegistryUnavailable" => {
            failed("kubernetes_image", "the container's image cannot be pulled")
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            failed("kubernetes_container", "the container cannot be started")
        }
        "CrashLoopBackOff" => {
            let ended = container_status(pod, container)
                .and_then(|status| status.last_state.as_ref()?.terminated.as_ref());
            let code = ended
                .map_or_else(String::new, |ended| format!(", last with code {}", ended.exit_code));
            let words = format!("the container ends again and again{code}");
            Look::Failed("kubernetes_crash_loop", words)
        }
        "PodInitializing" => Look::Starting("its first containers have to end before".to_owned()),
        _ => Look::Starting("the container is starting".to_owned()),
    }
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
