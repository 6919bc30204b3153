//! The programs that make a node a cluster, and what they are told.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use serde_json::{Value, json};

use super::authority::{Authority, Identity};
use super::containerd;
use super::node::Node;

/// The environment variable that names the folder with the programs.
pub(super) const PROGRAMS_VARIABLE: &str = "PORTHOLE_KUBERNETES";

/// The API server's port, in the node's own network.
pub(super) const API_PORT: u16 = 6443;

/// The node's name.
pub(super) const NODE_NAME: &str = "node";

/// The user with every right.
pub(super) const ADMINISTRATOR: (&str, &str) = ("admin", "system:masters");

/// The components, by the names of their logs.
pub(super) const COMPONENTS: &[&str] = &[
    "etcd",
    "kube-apiserver",
    containerd::LOG,
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
];

/// The folder with Kubernetes' programs.
pub(super) fn programs() -> Result<PathBuf> {
    let advice = "`cargo xtask test --kubernetes` builds Kubernetes and sets it";
    let folder = std::env::var_os(PROGRAMS_VARIABLE)
        .with_context(|| format!("{PROGRAMS_VARIABLE} is not set; {advice}"))?;
    let folder = PathBuf::from(folder);
    ensure!(
        folder.join("kube-apiserver").is_file(),
        "{PROGRAMS_VARIABLE} is {}, which has no kube-apiserver; {advice}",
        folder.display()
    );
    Ok(folder)
}

/// Writes every certificate and setting into `place`.
pub(super) fn write_settings(node: &Node, place: &Path, authority: &Authority) -> Result<()> {
    let address = node.address().to_string();
    let write = |name: &str, identity: &Identity| -> Result<()> {
        fs::write(place.join(format!("{name}.pem")), &identity.certificate_pem)?;
        fs::write(place.join(format!("{name}-key.pem")), &identity.key_pem)?;
        Ok(())
    };
    fs::write(place.join("authority.pem"), authority.pem())?;
    let names = [&address, "127.0.0.1", "10.96.0.1", "localhost", "kubernetes"];
    write("server", &authority.server(&names)?)?;
    write("admin", &authority.client(ADMINISTRATOR.0, ADMINISTRATOR.1)?)?;
    let tokens = KeyPair::generate()?;
    fs::write(place.join("tokens-key.pem"), tokens.serialize_pem())?;
    fs::write(place.join("tokens.pem"), tokens.public_key_pem())?;

    let users = [
        ("kube-controller-manager", ADMINISTRATOR.0, ADMINISTRATOR.1),
        ("kube-scheduler", "system:kube-scheduler", "system:kube-scheduler"),
        ("kubelet", &format!("system:node:{NODE_NAME}"), "system:nodes"),
    ];
    for (program, user, group) in users {
        let config = kubeconfig(node.address(), authority.pem(), &authority.client(user, group)?);
        fs::write(place.join(format!("{program}.json")), serde_json::to_vec(&config)?)?;
    }
    let settings = kubelet_settings(node, place);
    fs::write(place.join("kubelet-settings.json"), serde_json::to_vec(&settings)?)?;
    Ok(())
}

/// What kubectl would be given for this client. YAML's readers take JSON.
pub(super) fn kubeconfig(address: Ipv4Addr, authority_pem: &str, who: &Identity) -> Value {
    kubeconfig_for(
        address,
        authority_pem,
        &json!({
            "client-certificate-data": STANDARD.encode(&who.certificate_pem),
            "client-key-data": STANDARD.encode(&who.key_pem),
        }),
    )
}

/// The same for a user described as the format has it.
pub(super) fn kubeconfig_for(address: Ipv4Addr, authority_pem: &str, user: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "cluster", "cluster": {
            "server": format!("https://{address}:{API_PORT}"),
            "certificate-authority-data": STANDARD.encode(authority_pem),
        } }],
        "users": [{ "name": "user", "user": user }],
        "contexts": [{ "name": "context", "context": { "cluster": "cluster", "user": "user" } }],
        "current-context": "context",
    })
}

/// Starts what keeps the cluster's state and serves it.
pub(super) fn start_server(node: &Node, programs: &Path, place: &Path) -> Result<()> {
    let (client, peer) = ("http://127.0.0.1:2379", "http://127.0.0.1:2380");
    let data = node.folder().join("etcd");
    start(
        node,
        "etcd",
        Path::new("etcd"),
        &[
            ("data-dir", &data.to_string_lossy()),
            ("listen-client-urls", client),
            ("advertise-client-urls", client),
            ("listen-peer-urls", peer),
            ("initial-advertise-peer-urls", peer),
            ("initial-cluster", &format!("default={peer}")),
        ],
    )?;
    let file = |name: &str| place.join(name).to_string_lossy().into_owned();
    start(
        node,
        "kube-apiserver",
        &programs.join("kube-apiserver"),
        &[
            ("etcd-servers", client),
            ("bind-address", "0.0.0.0"),
            ("advertise-address", &node.address().to_string()),
            ("secure-port", &API_PORT.to_string()),
            ("authorization-mode", "Node,RBAC"),
            ("service-cluster-ip-range", "10.96.0.0/24"),
            ("client-ca-file", &file("authority.pem")),
            ("tls-cert-file", &file("server.pem")),
            ("tls-private-key-file", &file("server-key.pem")),
            // Nobody resolves the node's name.
            ("kubelet-preferred-address-types", "InternalIP"),
            ("kubelet-client-certificate", &file("admin.pem")),
            ("kubelet-client-key", &file("admin-key.pem")),
            ("service-account-issuer", "https://kubernetes.default.svc"),
            ("service-account-key-file", &file("tokens.pem")),
            ("service-account-signing-key-file", &file("tokens-key.pem")),
        ],
    )
}

/// Starts what acts upon that state, the node's own agent included.
pub(super) fn start_agents(node: &Node, programs: &Path, place: &Path) -> Result<()> {
    let file = |name: &str| place.join(name).to_string_lossy().into_owned();
    start(
        node,
        "kube-controller-manager",
        &programs.join("kube-controller-manager"),
        &[
            ("kubeconfig", &file("kube-controller-manager.json")),
            ("leader-elect", "false"),
            ("port", "0"),
            ("root-ca-file", &file("authority.pem")),
            ("service-account-private-key-file", &file("tokens-key.pem")),
            ("node-monitor-period", "1s"),
        ],
    )?;
    start(
        node,
        "kube-scheduler",
        &programs.join("kube-scheduler"),
        &[("kubeconfig", &file("kube-scheduler.json")), ("leader-elect", "false"), ("port", "0")],
    )?;
    start(
        node,
        "kubelet",
        &programs.join("kubelet"),
        &[
            ("kubeconfig", &file("kubelet.json")),
            ("config", &file("kubelet-settings.json")),
            ("hostname-override", NODE_NAME),
            ("node-ip", &node.address().to_string()),
            ("root-dir", &node.folder().join("kubelet").to_string_lossy()),
            ("cert-dir", &node.folder().join("kubelet/pki").to_string_lossy()),
            ("container-runtime", "remote"),
            ("container-runtime-endpoint", &format!("unix://{}", containerd::socket(node))),
        ],
    )
}

fn start(node: &Node, name: &str, program: &Path, options: &[(&str, &str)]) -> Result<()> {
    let program = program.to_string_lossy();
    let options: Vec<String> =
        options.iter().map(|(name, value)| format!("--{name}={value}")).collect();
    let words: Vec<&str> =
        std::iter::once(&*program).chain(options.iter().map(String::as_str)).collect();
    node.start_program(name, &words)
}

fn kubelet_settings(node: &Node, place: &Path) -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": false },
            "x509": { "clientCAFile": place.join("authority.pem") },
        },
        "authorization": { "mode": "AlwaysAllow" },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.control_group(),
        "cgroupsPerQOS": false,
        "enforceNodeAllocatable": [],
        // A machine may forbid to make a process less likely to be killed.
        "oomScoreAdj": 0,
        "failSwapOn": false,
        "makeIPTablesUtilChains": false,
        "resolvConf": "",
        // How full the machine's disk is says nothing about the tests.
        "evictionHard": {
            "memory.available": "0%",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "nodeStatusUpdateFrequency": "1s",
    })
}
