//! containerd, as Kubernetes uses it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::images::{self, BARE_IMAGE};
use super::node::Node;
use crate::servers::wait_until;

/// The name of its log.
pub(super) const LOG: &str = "containerd";

/// How long it may take to become ready.
const READY_MAX: Duration = Duration::from_secs(20);

/// How long unpacking the images may take.
const IMPORT_MAX: Duration = Duration::from_secs(30);

/// Starts containerd on this node, with the images. Its streaming server listens at `address`.
pub(super) fn start(node: &Node, streaming_address: &str) -> Result<()> {
    let folder = node.folder();
    let place = folder.join("containerd");
    fs::create_dir(&place)?;
    fs::create_dir(place.join("networks"))?;
    fs::write(place.join("networks/pods.conflist"), NETWORKS)?;
    let config = place.join("config.toml");
    fs::write(&config, settings(&place.to_string_lossy(), streaming_address))?;
    node.start_program(LOG, &["containerd", "--config", &config.to_string_lossy()])?;

    let archive = folder.join("images");
    fs::create_dir(&archive)?;
    let archive = images::write_archive(&archive)?;
    let socket = socket(node);
    wait_until("containerd", READY_MAX, || {
        node.check_running(&[LOG])?;
        let log = node.log(LOG).unwrap_or_default();
        Ok(log.contains("containerd successfully booted").then_some(()))
    })
    .with_context(|| format!("its log: {}", node.log_tail(LOG)))?;
    let import = ["ctr", "--address", &socket, "--namespace", "k8s.io", "images", "import"];
    let words: Vec<&str> =
        import.into_iter().chain(["--snapshotter", "native", &archive]).collect();
    node.run("ctr", &words, IMPORT_MAX)?;
    Ok(())
}

/// Its socket, under the same name on both sides.
pub(super) fn socket(node: &Node) -> String {
    node.folder().join("containerd/s").to_string_lossy().into_owned()
}

/// Pods reach the node, and nothing beyond it.
const NETWORKS: &str = r#"{
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [{
        "type": "ptp",
        "ipMasq": false,
        "ipam": {
            "type": "host-local",
            "ranges": [[{ "subnet": "198.19.255.0/24" }]],
            "dataDir": "/run/cni"
        }
    }]
}"#;

fn settings(place: &str, streaming_address: &str) -> String {
    // "native" copies files, and so works where an overlay upon an overlay does not. A machine may
    // forbid to make a process less likely to be killed when memory runs out, and AppArmor's
    // profiles are the whole machine's.
    format!(
        r#"version = 2
root = "{place}/root"
state = "{place}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{place}/s"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{BARE_IMAGE}"
stream_server_address = "{streaming_address}"
stream_server_port = "0"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{place}/networks"
"#
    )
}
