//! Opens containers of Kubernetes: shells, logs and files.
//!
//! Job: reach an API server through [`porthole_dial`], find the pod that is meant, wait until it runs,
//! and turn what runs in its container into a byte stream with a size and an ending. In: a target, a
//! [`KubernetesConfig`]. Out: a [`ContainerSession`]. It does not know what the bytes mean, or who
//! looks at them.
//!
//! INVARIANT: every connection is dialled through [`porthole_dial::dial()`], so nothing is reached that
//! the operator's policy has not checked; that holds for where a kubeconfig file leads, too.
//!
//! INVARIANT: a program that a session started is ended with it, whoever lets go of it, as far as the
//! container has a shell to do that with. A program that a session attached to is left alone.

mod access;
mod config;
mod departures;
mod error;
mod files;
mod log;
mod open;
mod pods;
mod server;
mod shell;
mod socket;
mod wait;

pub use config::{Access, ContainerFiles, KubernetesConfig, LogView, OwnerKind, PodChoice, Run};
pub use departures::Departures;
pub use open::{ContainerSession, open};
