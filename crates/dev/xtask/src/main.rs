//! Every developer command: `cargo xtask demo`, `cargo xtask test`, and the pieces they are made of.
//!
//! `.ci/run` calls `cargo xtask test` and nothing else, so what passes on a laptop passes there.
//! This crate is the first thing that a fresh clone compiles; it stays small for that reason.

mod bench;
mod client;
mod demo;
mod deny;
mod deploy;
mod deps;
mod fuzz;
mod kubernetes;
mod lint;
mod node;
mod setup;
mod shell;
mod size;
mod suite;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::suite::Section;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Every developer command of Porthole.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what is missing, build, start a desktop or a shell and print a link to it. Ctrl-C ends all.
    Demo {
        /// Build with optimisations: slower to start, faster to use.
        #[arg(long)]
        release: bool,
        /// A desktop of xrdp's in place of one over VNC.
        #[arg(long)]
        rdp: bool,
        /// A shell over SSH in place of a desktop.
        #[arg(long, conflicts_with = "rdp")]
        ssh: bool,
        /// Passed on to `porthole demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Install what is missing, then run every check and every test. Stops at the first failure.
    Test {
        /// Run this section alone; may be given more than once.
        #[arg(long, value_enum)]
        only: Vec<Section>,
        /// Run the tests against a real Kubernetes, which is built first where nobody has.
        #[arg(long)]
        kubernetes: bool,
    },
    /// Build the Kubernetes that tests use, and keep it outside the clone.
    Kubernetes,
    /// Format, Clippy, rustdoc, licences, file sizes, the service unit, the web client's checks.
    Lint,
    /// Compare the crates' dependencies with the table in ARCHITECTURE.md.
    Deps,
    /// Build the web client.
    Client,
    /// Fuzz one target, or all, as many at a time as there are cores.
    Fuzz {
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// A few seconds for each target: enough to see that it builds, runs and survives its corpus.
        #[arg(long, conflicts_with = "seconds")]
        smoke: bool,
        /// One target; without it, all of them.
        target: Option<String>,
    },
    /// Build with optimisations and measure.
    Bench {
        /// Passed on to the bench program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Install the packages that the other commands need.
    Setup,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Test { mut only, kubernetes } => {
            only.extend(kubernetes.then_some(Section::Kubernetes));
            suite::run(&only)
        }
        Task::Kubernetes => kubernetes::ensure().map(drop),
        Task::Demo { release, rdp, ssh, rest } => {
            let shown = match (rdp, ssh) {
                (true, _) => demo::Shown::Rdp,
                (_, true) => demo::Shown::Ssh,
                _ => demo::Shown::Vnc,
            };
            demo::run(release, shown, &rest)
        }
        Task::Lint => lint::run(),
        Task::Deps => deps::run(),
        Task::Client => setup::ensure(&[setup::Group::Build]).and_then(|()| client::build()),
        Task::Fuzz { seconds, smoke, target } => {
            let seconds = if smoke { fuzz::SMOKE_S } else { seconds };
            fuzz::run(seconds, target.as_deref())
        }
        Task::Bench { rest } => bench::run(&rest),
        Task::Setup => setup::ensure(setup::Group::ALL),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
