//! `cargo xtask fuzz`: libFuzzer on the stable toolchain, with nothing to install.
//!
//! `fuzz/` is a workspace of its own, because everything in it is compiled with coverage
//! counters and the address sanitizer. It builds one program, which is told what target to be.
//! Inputs to start from are in `fuzz/seeds/NAME`, and whatever has a folder there is a target.
//! What it discovers goes to `fuzz/corpus/NAME`, what breaks it to `fuzz/artifacts/NAME`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

use crate::{setup, shell, workspace};

/// Seconds for each target when the point is only that it works.
pub(crate) const SMOKE_S: u32 = 4;

/// Memory a target may take before that counts as a fault, in MiB.
const MEMORY_MAX_MIB: u32 = 2048;

/// Seconds one input may take before that counts as a fault.
const INPUT_MAX_S: u32 = 10;

/// What turns an ordinary build into one that libFuzzer can steer.
const RUST_FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Zsanitizer=address",
];

/// Fuzzes `only`, or every target, as many at a time as there are cores, for `seconds` each.
///
/// # Errors
///
/// There is no such target, the build fails, or a target finds a fault.
pub(crate) fn run(seconds: u32, only: Option<&str>) -> Result<()> {
    setup::ensure(&[setup::Group::Build])?;
    let folder = workspace::root().join("fuzz");
    let targets = choose(target_names(&folder)?, only)?;
    let program = build(&folder.join("Cargo.toml"))?;
    // Whoever waits for one target sees what it says at once.
    if let [name] = &targets[..] {
        return shell::run(&mut fuzz_command(&folder, name, &program, seconds)?)
            .with_context(|| place_of_fault(name));
    }
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    // Whoever finds a fault stops; the others go on with what is left.
    let fuzz_on = || -> Result<()> {
        while let Some(name) = next() {
            fuzz(&folder, name, &program, seconds)?;
        }
        Ok(())
    };
    let cores = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(fuzz_on)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

/// Runs one target of several, and prints what it said when it has ended.
fn fuzz(folder: &Path, name: &str, program: &Path, seconds: u32) -> Result<()> {
    println!("{name} for {seconds} s");
    let mut command = fuzz_command(folder, name, program, seconds)?;
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    // libFuzzer writes to standard error.
    println!("\n-- {name}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}: {}", place_of_fault(name), output.status);
    Ok(())
}

fn place_of_fault(name: &str) -> String {
    format!("fuzz target {name}: the input is in fuzz/artifacts/{name}")
}

fn choose(names: Vec<String>, only: Option<&str>) -> Result<Vec<String>> {
    if names.is_empty() {
        bail!("fuzz/seeds is empty");
    }
    match only {
        None => Ok(names),
        Some(only) if names.iter().any(|name| name == only) => Ok(vec![only.to_owned()]),
        Some(only) => bail!("no fuzz target {only}; there are: {}", names.join(", ")),
    }
}

/// The names of all targets, in order.
fn target_names(folder: &Path) -> Result<Vec<String>> {
    let seeds = folder.join("seeds");
    let unreadable = || format!("cannot read {}", seeds.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&seeds).with_context(unreadable)? {
        names.push(entry.with_context(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Builds the program of all targets; its path.
fn build(manifest: &Path) -> Result<PathBuf> {
    let host = workspace::host_triple()?;
    // Apart from the ordinary build, whose artefacts have other flags.
    let target_dir = workspace::target_dir()?.join("fuzz");
    let mut command = workspace::cargo("build");
    command
        .args(["--release", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target_dir)
        // Naming the platform keeps the flags away from build scripts and macros.
        .args(["--target", &host])
        // The sanitizer is not stable; this is what lets the pinned toolchain have it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", RUST_FLAGS.join(" "));
    shell::run(&mut command)?;
    Ok(target_dir.join(host).join("release/porthole-fuzz"))
}

fn fuzz_command(folder: &Path, name: &str, program: &Path, seconds: u32) -> Result<Command> {
    let corpus = folder.join("corpus").join(name);
    let artifacts = folder.join("artifacts").join(name);
    for needed in [&corpus, &artifacts] {
        std::fs::create_dir_all(needed)
            .with_context(|| format!("cannot make {}", needed.display()))?;
    }
    let mut command = Command::new(program);
    command
        .env("FUZZ_TARGET", name)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY_MAX_MIB}"))
        .arg(format!("-timeout={INPUT_MAX_S}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .arg("-verbosity=0")
        .arg(&corpus)
        .arg(folder.join("seeds").join(name));
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_what_has_seeds() {
        let names = target_names(&workspace::root().join("fuzz")).unwrap();
        assert!(names.is_sorted());
        assert!(names.iter().any(|name| name == "rfb_zrle"), "{names:?}");
        let error = target_names(Path::new("/nowhere")).unwrap_err().to_string();
        assert_eq!(error, "cannot read /nowhere/seeds");
    }

    #[test]
    fn chooses_all_or_one() {
        let names = || vec!["link".to_owned(), "rfb".to_owned()];
        assert_eq!(choose(names(), None).unwrap(), ["link", "rfb"]);
        assert_eq!(choose(names(), Some("rfb")).unwrap(), ["rfb"]);
        let error = choose(names(), Some("tea")).unwrap_err().to_string();
        assert_eq!(error, "no fuzz target tea; there are: link, rfb");
        assert!(choose(Vec::new(), None).is_err());
    }
}
