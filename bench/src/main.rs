//! `cargo xtask bench`: what the gateway costs, measured.

fn main() -> anyhow::Result<()> {
    porthole_bench::run()
}
