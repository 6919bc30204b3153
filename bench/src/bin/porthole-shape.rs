//! `porthole-shape`: a slow, far and lossy network between two namespaces of this machine.

#[path = "../shape/mod.rs"]
mod shape;

fn main() -> std::process::ExitCode {
    shape::run()
}
