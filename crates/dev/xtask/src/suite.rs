//! `cargo xtask test`: every check and every test, in order, with the time each takes.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::{client, deploy, deps, fuzz, kubernetes, lint, setup, shell, workspace};

/// One part of the suite, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Section {
    /// Build the web client.
    Client,
    /// Everything of `cargo xtask lint`.
    Lint,
    /// Everything of `cargo xtask deps`.
    Deps,
    /// Build the workspace and run its Rust tests.
    Rust,
    /// What needs containers, and so root.
    Containers,
    /// What needs a whole Kubernetes.
    Kubernetes,
    /// The web client's unit tests, and the terminal's state against xterm.js.
    ClientTests,
    /// The client, and then the gateway and real servers, in a real browser.
    Browser,
    /// Each fuzz target for a few seconds.
    Fuzz,
}

impl Section {
    /// Why this part of a whole run is left out, if it is.
    fn why_not(self) -> Result<Option<String>> {
        match self {
            Self::Containers => kubernetes::why_no_containers(),
            Self::Kubernetes => kubernetes::why_not(),
            _ => Ok(None),
        }
    }

    fn run(self) -> Result<()> {
        match self {
            Self::Client => client::build(),
            Self::Lint => lint::run(),
            Self::Deps => deps::run(),
            Self::Rust => run_rust_tests(),
            Self::Containers => run_ignored_tests("with_containerd", None),
            Self::Kubernetes => run_ignored_tests("with_kubernetes", Some(&kubernetes::ensure()?)),
            Self::ClientTests => run_client_tests(),
            Self::Browser => run_browser_tests(),
            Self::Fuzz => fuzz::run(fuzz::SMOKE_S, None),
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// What became of one section.
#[derive(Debug)]
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    Skipped(String),
    NotRun,
}

/// Runs the sections in `only`, or all of them when it is empty, up to the first that fails.
///
/// # Errors
///
/// Installing or a section fails.
pub(crate) fn run(only: &[Section]) -> Result<()> {
    setup::ensure(setup::Group::ALL)?;
    let sections: Vec<Section> = Section::value_variants()
        .iter()
        .copied()
        .filter(|section| only.is_empty() || only.contains(section))
        .collect();

    let mut outcomes = Vec::with_capacity(sections.len());
    let mut failure = None;
    for section in sections {
        let name = section.name();
        if failure.is_some() {
            outcomes.push((name, Outcome::NotRun));
            continue;
        }
        println!("\n==== {name} ====");
        // Who asks for one by name wants to know why it cannot be run.
        if let Some(reason) = only.is_empty().then(|| section.why_not()).transpose()?.flatten() {
            let outcome = Outcome::Skipped(reason);
            println!("---- {} ----", line(&name, &outcome));
            outcomes.push((name, outcome));
            continue;
        }
        // A full disk shows up as a linker that crashes.
        println!("{} GB of disk are free", workspace::free_gigabytes()?);
        let started = Instant::now();
        let outcome = match section.run() {
            Ok(()) => Outcome::Passed(started.elapsed()),
            Err(error) => {
                eprintln!("error: {error:#}");
                failure = Some(error.context(format!("section {name} failed")));
                Outcome::Failed(started.elapsed())
            }
        };
        println!("---- {} ----", line(&name, &outcome));
        outcomes.push((name, outcome));
    }

    println!("\n{}", summary(&outcomes));
    failure.map_or(Ok(()), Err)
}

fn line(name: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed(time) => format!("passed   {name:<13}{:>7.1} s", time.as_secs_f64()),
        Outcome::Failed(time) => format!("FAILED   {name:<13}{:>7.1} s", time.as_secs_f64()),
        Outcome::Skipped(reason) => format!("SKIPPED  {name}: {reason}"),
        Outcome::NotRun => format!("not run  {name}"),
    }
}

fn summary(outcomes: &[(String, Outcome)]) -> String {
    let count = |wanted: fn(&Outcome) -> bool| {
        outcomes.iter().filter(|(_, outcome)| wanted(outcome)).count()
    };
    let passed = count(|outcome| matches!(outcome, Outcome::Passed(_)));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let mut lines: Vec<String> =
        outcomes.iter().map(|(name, outcome)| line(name, outcome)).collect();
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
    let skipped = if skipped > 0 { format!(", {skipped} SKIPPED") } else { String::new() };
    lines.push(format!("{passed} passed, {failed} failed{skipped}"));
    lines.join("\n")
}

fn run_rust_tests() -> Result<()> {
    let gateway = workspace::build_everything()?;
    deploy::check_example(&gateway)?;
    shell::run(
        workspace::cargo("test")
            .arg("--workspace")
            .env(workspace::GATEWAY_VARIABLE, gateway)
            .env(setup::BROWSER_VARIABLE, browser()?),
    )
}

/// The tests whose names contain `filter`, which a plain run leaves out and says so.
fn run_ignored_tests(filter: &str, programs: Option<&Path>) -> Result<()> {
    let gateway = workspace::build_everything()?;
    let mut command = workspace::cargo("test");
    // The whole workspace, because asking for less would build much of it again.
    command.args(["--workspace", "--lib", "--test", "kubernetes", "--test", "fake"]);
    command.args(["--", "--ignored", filter]);
    command.env(workspace::GATEWAY_VARIABLE, gateway);
    if let Some(folder) = programs {
        command.env(kubernetes::VARIABLE, folder);
    }
    shell::run(&mut command)
}

fn run_client_tests() -> Result<()> {
    client::install(&client::folder())?;
    shell::run(client::npm(&client::folder())?.arg("test"))?;
    run_terminal_tests()
}

/// Holds the terminal's state to xterm.js.
fn run_terminal_tests() -> Result<()> {
    const PROGRAM: &str = "against_xterm";
    shell::run(workspace::cargo("build").args(["-p", "porthole-terminal", "--example", PROGRAM]))?;
    let program = workspace::target_dir()?.join("debug/examples").join(PROGRAM);
    let folder = workspace::root().join("tests/terminal");
    client::install(&folder)?;
    shell::run(client::npm(&folder)?.arg("test").env("TERMINAL_CASES", program))
}

fn run_browser_tests() -> Result<()> {
    let folder = workspace::root().join("tests/browser");
    if !folder.join("package.json").is_file() {
        bail!("{} has no package.json", folder.display());
    }
    // First the client alone, against a scripted gateway; then everything.
    client::install(&client::folder())?;
    shell::run(
        client::npm(&client::folder())?
            .args(["run", "test:browser"])
            .env(setup::BROWSER_VARIABLE, browser()?),
    )?;
    let gateway = workspace::build_everything()?;
    client::install(&folder)?;
    shell::run(
        client::npm(&folder)?
            .arg("test")
            .env(workspace::GATEWAY_VARIABLE, gateway)
            .env(setup::BROWSER_VARIABLE, browser()?),
    )
}

fn browser() -> Result<std::path::PathBuf> {
    setup::find_browser().context("no Chromium or Chrome on this machine")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_counts_sections() {
        let second = Duration::from_secs(1);
        let outcomes = [
            ("client".to_owned(), Outcome::Passed(second)),
            ("lint".to_owned(), Outcome::Failed(second)),
            ("containers".to_owned(), Outcome::Skipped("not root".to_owned())),
            ("deps".to_owned(), Outcome::NotRun),
        ];
        let text = summary(&outcomes);
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.ends_with("\n1 passed, 1 failed, 1 SKIPPED"), "{text}");
        assert!(text.contains("FAILED   lint"), "{text}");
        assert!(text.contains("SKIPPED  containers: not root"), "{text}");
        assert!(text.contains("not run  deps"), "{text}");
    }

    #[test]
    fn sections_have_names_for_the_command_line() {
        let names: Vec<String> =
            Section::value_variants().iter().map(|section| section.name()).collect();
        assert_eq!(
            names,
            [
                "client",
                "lint",
                "deps",
                "rust",
                "containers",
                "kubernetes",
                "client-tests",
                "browser",
                "fuzz"
            ]
        );
    }
}
