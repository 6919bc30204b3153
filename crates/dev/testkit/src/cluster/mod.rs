//! A real Kubernetes of one node, and containerd alone, for tests.
//!
//! Everything runs in namespaces of its own, on an address that only this machine reaches, with
//! images that are made on the spot. It needs root, control groups, and the system's packages.

mod api;
pub(crate) mod authority;
mod containerd;
mod control;
mod cri;
mod images;
mod kubernetes;
mod node;
mod processes;
mod protobuf;

pub use authority::Identity;
pub use cri::{Container, Containerd};
pub use images::{BARE_IMAGE, SHELL_IMAGE};
pub use kubernetes::Cluster;
pub use processes::PodProcess;

#[cfg(test)]
mod tests;
