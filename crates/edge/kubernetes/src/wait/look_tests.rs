//! Pods in all their states.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::{Look, Purpose, look};

fn pod(status: &Value) -> Pod {
    let spec = json!({"containers": [{"name": "main"}], "restartPolicy": "Always"});
    serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec, "status": status}))
        .unwrap()
}

fn with_state(state: &Value, last: &Value) -> Pod {
    pod(&json!({"phase": "Running", "containerStatuses": [{
        "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 3,
        "state": state, "lastState": last
    }]}))
}

fn waiting(reason: &str, message: &str) -> Pod {
    let last = json!({"terminated": {"exitCode": 7}});
    with_state(&json!({"waiting": {"reason": reason, "message": message}}), &last)
}

#[test]
fn states_have_meanings() {
    let enter = |pod: &Pod| look(pod, "main", Purpose::Enter);
    let none = json!({});
    assert_eq!(enter(&with_state(&json!({"running": {}}), &none)), Look::Ready);
    for (reason, cause, words) in [
        ("ErrImagePull", "kubernetes_image", "cannot be pulled: no https"),
        ("InvalidImageName", "kubernetes_image", "cannot be pulled"),
        ("CreateContainerConfigError", "kubernetes_container", "cannot be started"),
        ("CrashLoopBackOff", "kubernetes_crash_loop", "again and again, last with code 7"),
    ] {
        let Look::Failed(found, said) = enter(&waiting(reason, "no https")) else {
            panic!("{reason} is no fault");
        };
        assert_eq!(found, cause);
        assert!(said.contains(words), "{said}");
    }
    for starting in [
        waiting("ContainerCreating", ""),
        waiting("PodInitializing", ""),
        pod(&json!({"phase": "Pending"})),
        with_state(&json!({"terminated": {"exitCode": 1}}), &none),
    ] {
        assert!(matches!(enter(&starting), Look::Starting(_)), "{starting:?}");
    }
    let over =
        json!({"phase": "Failed", "reason": "Evicted", "message": "out of disk at 10.0.0.1"});
    let words = "the pod has ended: out of disk at (address)".to_owned();
    assert_eq!(enter(&pod(&over)), Look::Failed("kubernetes_pod_over", words));
}

#[test]
fn logs_are_there_before_and_after() {
    let ended = with_state(&json!({"terminated": {"exitCode": 1}}), &json!({}));
    assert_eq!(look(&ended, "main", Purpose::Read), Look::Ready);
    assert_eq!(look(&waiting("CrashLoopBackOff", ""), "main", Purpose::Read), Look::Ready);
    assert_eq!(look(&waiting("CrashLoopBackOff", ""), "main", Purpose::ReadPrevious), Look::Ready);
    let first = look(&ended, "main", Purpose::ReadPrevious);
    assert!(matches!(first, Look::Failed("kubernetes_no_previous", _)));
}
