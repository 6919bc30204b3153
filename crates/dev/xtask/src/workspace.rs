//! Where things are, as Cargo sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{client, shell};

/// The environment variable that hands the built gateway to tests and benches.
pub(crate) const GATEWAY_VARIABLE: &str = "PORTHOLE_BIN";

/// The folder of the clone.
pub(crate) fn root() -> PathBuf {
    // Fixed at build time: three folders above this crate.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).map_or_else(PathBuf::new, Into::into)
}

/// Whether this is a machine that tests once and forgets.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Cargo, started at the root.
///
/// Everything runs there so that `rust-toolchain.toml` and `.cargo/config.toml` apply.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root()).arg(subcommand);
    // Nobody builds a second time there, and what would make that quicker takes gigabytes.
    if is_ci() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    // What `cargo run` tells this program about itself is not true of what it starts.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// `cargo metadata` of the workspace that owns `manifest`, for this machine's platform.
///
/// # Errors
///
/// Cargo fails, or prints something unexpected.
pub(crate) fn metadata(manifest: &Path, with_dependencies: bool) -> Result<Value> {
    let mut command = cargo("metadata");
    command.args(["--format-version", "1", "--manifest-path"]).arg(manifest);
    if with_dependencies {
        command.args(["--filter-platform", &host_triple()?]);
    } else {
        command.arg("--no-deps");
    }
    serde_json::from_str(&shell::capture(&mut command)?).context("cargo metadata is not JSON")
}

/// The folder Cargo builds into; `CARGO_TARGET_DIR` moves it.
///
/// # Errors
///
/// As [`metadata`].
pub(crate) fn target_dir() -> Result<PathBuf> {
    let metadata = metadata(&root().join("Cargo.toml"), false)?;
    let path = metadata.get("target_directory").and_then(Value::as_str);
    Ok(path.context("cargo metadata names no target directory")?.into())
}

/// What is free on the disk that Cargo builds on.
///
/// # Errors
///
/// `df` fails.
pub(crate) fn free_gigabytes() -> Result<u64> {
    let mut command = Command::new("df");
    command.args(["--block-size=GB", "--output=avail"]).arg(target_dir()?);
    let table = shell::capture(&mut command)?;
    let free = table.lines().last().and_then(|line| line.trim().strip_suffix("GB"));
    free.and_then(|number| number.parse().ok()).with_context(|| format!("df printed {table}"))
}

/// The name of this machine's platform, such as `x86_64-unknown-linux-gnu`.
///
/// # Errors
///
/// The compiler cannot be asked.
pub(crate) fn host_triple() -> Result<String> {
    let about = shell::capture(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Builds every program, test and bench of the workspace; the path of the gateway.
///
/// One call for all of them: Cargo picks features by what it is asked to build, so asking for
/// the gateway alone would build many dependencies a second time.
///
/// # Errors
///
/// The build fails.
pub(crate) fn build_everything() -> Result<PathBuf> {
    client::ensure_built()?;
    shell::run(cargo("build").args(["--workspace", "--all-targets"]))?;
    gateway_in("debug")
}

/// Builds the gateway alone; its path.
///
/// # Errors
///
/// The build fails.
pub(crate) fn build_gateway(release: bool) -> Result<PathBuf> {
    client::ensure_built()?;
    let mut command = cargo("build");
    command.args(["--package", "porthole-gateway"]);
    if release {
        command.arg("--release");
    }
    shell::run(&mut command)?;
    gateway_in(if release { "release" } else { "debug" })
}

fn gateway_in(profile: &str) -> Result<PathBuf> {
    let path = target_dir()?.join(profile).join("porthole");
    anyhow::ensure!(path.is_file(), "the build left no {}", path.display());
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn asks_for_free_disk() {
        assert!(free_gigabytes().unwrap() < 1_000_000);
    }

    #[test]
    fn asks_the_compiler_for_the_host() {
        assert!(host_triple().unwrap().contains('-'));
    }
}
