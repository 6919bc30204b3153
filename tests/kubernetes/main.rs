//! Containers: what a real node and a real Kubernetes do, and what the gateway makes of it.
//!
//! They take root, and some of them programs that are built for them: `cargo xtask test` asks for
//! these tests by the names of their modules where it can, and says so where it cannot.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod gateway_with_kubernetes;
mod with_containerd;
mod with_kubernetes;

/// A shell's script for a container that somebody attaches to, which does `last` before it ends.
///
/// It says that it is there until it is told a line: an attachment's input may reach it before its
/// output has a way back, and then an answer would be lost. So would be what it says last if it
/// ended with that: it waits for another line.
fn heard(last: &str) -> String {
    format!(
        "(while :; do echo here; sleep 0.1; done) & \
         read line; kill $!; wait $!; echo got $line; {last}; read line; exit 5"
    )
}
