//! What is to be opened, and as whom.

use std::{fmt, path::PathBuf, time::Duration};

use porthole_remote::Cells;
use secrecy::SecretString;

/// A container to open.
#[derive(Debug, Clone)]
pub struct KubernetesConfig {
    /// Which API server, and who we are there.
    pub access: Access,
    /// The namespace; else the access's own, else `default`.
    pub namespace: Option<String>,
    /// The pod.
    pub pod: PodChoice,
    /// The container; else the one that the pod names as its default, else its first.
    pub container: Option<String>,
    /// What to do there.
    pub run: Run,
    /// The terminal's size at first.
    pub size: Cells,
    /// What the terminal is called (`TERM`).
    pub term: String,
    /// How long to wait for a pod that is starting.
    pub wait_max: Duration,
    /// The container's files, if they are to be reached.
    pub files: Option<ContainerFiles>,
}

/// How to get to an API server.
#[derive(Clone, Default)]
pub enum Access {
    /// The target is the API server.
    #[default]
    Plain,
    /// The same, over TLS; with a bearer token if there is one. A client certificate is the target's.
    Tls {
        /// A service account's token, for example.
        token: Option<SecretString>,
    },
    /// A kubeconfig file says where it is and who we are; the target's place does not count. It is
    /// read anew for every session.
    Kubeconfig {
        /// Where the file is.
        path: PathBuf,
        /// Which of its contexts; else its current one.
        context: Option<String>,
    },
    /// The cluster that the gateway runs in, as the service account of its pod.
    InCluster,
}

impl fmt::Debug for Access {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("Plain"),
            Self::Tls { token } => write!(f, "Tls(token: {})", token.is_some()),
            Self::Kubeconfig { path, context } => {
                f.debug_tuple("Kubeconfig").field(path).field(context).finish()
            }
            Self::InCluster => f.write_str("InCluster"),
        }
    }
}

/// How the pod is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PodChoice {
    /// By its name.
    Name(String),
    /// By a label selector, as `kubectl get pods -l` takes it: a pod that is ready, the newest first.
    Labels(String),
    /// By what it belongs to.
    Owner(OwnerKind, String),
}

/// What pods belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// A deployment of `apps/v1`.
    Deployment,
    /// A stateful set of `apps/v1`.
    StatefulSet,
    /// A daemon set of `apps/v1`.
    DaemonSet,
    /// A replica set of `apps/v1`.
    ReplicaSet,
    /// A job of `batch/v1`.
    Job,
}

impl OwnerKind {
    /// Its word, in the singular and in lower case.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
            Self::ReplicaSet => "replicaset",
            Self::Job => "job",
        }
    }

    /// Reads its word, or the short form that `kubectl` has.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "deployment" | "deploy" => Self::Deployment,
            "statefulset" | "sts" => Self::StatefulSet,
            "daemonset" | "ds" => Self::DaemonSet,
            "replicaset" | "rs" => Self::ReplicaSet,
            "job" => Self::Job,
            _ => return None,
        })
    }
}

/// What to do in the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// Start this program, with its arguments, on a terminal. It is ended with the session.
    Exec(Vec<String>),
    /// Join the container's own program, and leave it alone afterwards.
    Attach,
    /// Read its log as it grows.
    Logs(LogView),
}

/// How a log is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogView {
    /// How many of the last lines to begin with; else all.
    pub tail: Option<u32>,
    /// The log of the container's run before this one, which does not grow.
    pub previous: bool,
    /// Whether each line begins with its time.
    pub timestamps: bool,
}

/// The files of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerFiles {
    /// The directory that is shown as the root: absolute.
    pub root: String,
    /// Most bytes of one file that is written.
    pub file_max_bytes: u64,
}
