//! Containers: what a real node and a real Kubernetes do, and what the gateway makes of it.
//!
//! They take root, and some of them programs that are built for them: `cargo xtask test` asks for
//! these tests by the names of their modules where it can, and says so where it cannot.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod gateway_with_kubernetes;
mod with_containerd;
mod with_kubernetes;
