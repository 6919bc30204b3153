//! Selectors and containers.

use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

use super::{After, container, look_after, place, selector_text};

#[test]
fn selectors_become_text() {
    let selector = serde_json::from_value(json!({
        "matchLabels": {"app": "web", "tier": "front"},
        "matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a", "b"]},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"},
            {"key": "kind", "operator": "NotIn", "values": ["x"]}
        ]
    }))
    .unwrap();
    let want = "app=web,tier=front,zone in (a,b),!old,new,kind notin (x)";
    assert_eq!(selector_text(&selector).unwrap(), want);
    assert_eq!(selector_text(&serde_json::from_value(json!({})).unwrap()), None);
}

fn pod(state: &serde_json::Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "uid": "u1", "annotations": {
            "kubectl.kubernetes.io/default-container": "second"}},
        "spec": {"containers": [{"name": "first"}, {"name": "second"}]},
        "status": {"containerStatuses": [{
            "name": "second", "image": "", "imageID": "", "ready": true, "restartCount": 0,
            "containerID": "c1", "state": state
        }]}
    }))
    .unwrap()
}

#[test]
fn the_authors_container_is_the_default() {
    let pod = pod(&json!({"running": {}}));
    assert_eq!(container(&pod, None).unwrap().name, "second");
    assert_eq!(container(&pod, Some("first")).unwrap().name, "first");
    let error = container(&pod, Some("third")).unwrap_err();
    assert_eq!(error.public_message(), "the pod has no such container; it has first, second");
}

#[test]
fn a_run_is_told_from_the_next() {
    let before = pod(&json!({"running": {}}));
    let place = place(&before, "default", "second");
    assert_eq!(look_after(&before, &place), After::Running);
    let ended = pod(&json!({"terminated": {"exitCode": 3, "containerID": "c1"}}));
    assert_eq!(look_after(&ended, &place), After::Exited(3));
    let others = pod(&json!({"terminated": {"exitCode": 3, "containerID": "c0"}}));
    assert_eq!(look_after(&others, &place), After::Unknown);
    let mut again = pod(&json!({"running": {}}));
    again.metadata.uid = Some("u2".to_owned());
    assert_eq!(look_after(&again, &place), After::Deleted);
}
