//! `porthole-scene`: plays one of the bench's workloads with marks that a program can read.

fn main() -> anyhow::Result<()> {
    porthole_bench::play_marked_scene()
}
