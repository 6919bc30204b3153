//! `cargo xtask bench`: the real binary, optimised, measured.

use anyhow::{Context as _, Result};

use crate::{client, setup, shell, workspace};

/// The first argument that asks for the browser's measurements instead of the gateway's.
const BROWSER: &str = "--browser";

/// Programs of the bench that the browser's measurements use, and the variables that name them.
const HELPERS: [(&str, &str); 2] =
    [("porthole-scene", "PORTHOLE_SCENE_BIN"), ("porthole-shape", "PORTHOLE_SHAPE_BIN")];

/// Builds the gateway and the bench program in release mode, and runs the second on the first.
///
/// # Errors
///
/// A build or the bench fails.
pub(crate) fn run(rest: &[String]) -> Result<()> {
    setup::ensure(setup::Group::ALL)?;
    let gateway = workspace::build_gateway(true)?;
    if let [first, rest @ ..] = rest
        && first == BROWSER
    {
        return run_browser(&gateway, rest);
    }
    shell::run(
        workspace::cargo("run")
            .env(workspace::GATEWAY_VARIABLE, gateway)
            .args(["--release", "--package", "porthole-bench", "--bin", "porthole-bench", "--"])
            .args(rest),
    )
}

/// Measures what a person sees in a browser.
fn run_browser(gateway: &std::path::Path, rest: &[String]) -> Result<()> {
    let mut build = workspace::cargo("build");
    build.args(["--release", "--package", "porthole-bench"]);
    for (name, _) in HELPERS {
        build.args(["--bin", name]);
    }
    shell::run(&mut build)?;
    let folder = workspace::root().join("bench/browser");
    client::install(&folder)?;
    let browser = setup::find_browser().context("no Chromium or Chrome on this machine")?;
    let mut bench = client::npm(&folder)?;
    bench
        .args(["run", "--silent", "bench", "--"])
        .args(rest)
        .env("PORTHOLE_BENCH_FROM", workspace::root())
        .env(workspace::GATEWAY_VARIABLE, gateway)
        .env(setup::BROWSER_VARIABLE, browser);
    let programs = workspace::target_dir()?.join("release");
    for (name, variable) in HELPERS {
        bench.env(variable, programs.join(name));
    }
    shell::run(&mut bench)
}
