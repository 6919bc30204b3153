//! What the gateway costs, measured.
//!
//! In: a built gateway, and the X and VNC servers of the system's packages. Out: a table and
//! JSON. `README.md` beside this crate says how to run it and how to read the results. Nothing
//! here judges the numbers: a bench that fails on a slow day teaches people to ignore it.

mod account;
pub mod canvas;
mod files;
mod machine;
mod measure;
mod options;
mod psnr;
mod remote;
mod report;
mod scale;
mod scene;
mod shells;
mod subject;
mod synthetic;
mod viewer;
mod workload;

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use tokio::runtime::Runtime;

use crate::machine::Machine;
use crate::measure::Settings;
use crate::options::Options;
use crate::report::{Report, Results};
use crate::subject::Candidate;
use crate::workload::{Measured, Server, Task};

/// Threads for the viewers, and for servers within this program.
const VIEWER_THREADS: usize = 2;

/// Reads the command line, measures, prints.
///
/// # Errors
///
/// Something does not start, or ends too early.
pub fn run() -> Result<()> {
    let options = Options::parse();
    let report = match &options.from {
        Some(path) => Report::load(path)?,
        None => measure_all(&options)?,
    };
    print!("{}", report.text());
    if let Some(path) = &options.json {
        write(path, &report.json()?)?;
    }
    if let Some(path) = &options.markdown {
        write(path, &report.markdown())?;
    }
    if let Some(path) = &options.html {
        write(path, &report.html())?;
    }
    Ok(())
}

/// Plays a scene whose steps carry their numbers, for a bench that looks at another screen.
///
/// # Errors
///
/// The display refuses, or an order is not known.
pub fn play_marked_scene() -> Result<()> {
    scene::play_marked()
}

fn measure_all(options: &Options) -> Result<Report> {
    let (tasks, crowds, shell_tasks) =
        (options.tasks()?, options.crowds()?, options.shell_tasks()?);
    let settings = options.settings(porthole_testkit::servers::gateway_bin()?)?;
    let candidates = options.candidates(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(VIEWER_THREADS)
        .enable_all()
        .build()?;
    let machine = Machine::look()?;
    let mut results = Results::default();
    for task in tasks {
        // Peers are measured on VNC servers alone.
        let has_peers = task.server == Server::Vnc;
        for candidate in candidates.iter().filter(|it| has_peers || it.is_ours()) {
            eprintln!("{}, {} ...", task.name(), candidate.name());
            measure_one(&settings, &runtime, candidate, task, &mut results)
                .with_context(|| format!("{}, {}", task.name(), candidate.name()))?;
        }
    }
    for crowd in crowds {
        let name = format!("{} sessions, {}", crowd.count, crowd.mix.name());
        eprintln!("{name} ...");
        results.scales.push(scale::sessions(&settings, &runtime, crowd).context(name)?);
    }
    for task in shell_tasks {
        for candidate in
            candidates.iter().filter(|it| it.is_ours() || shells::is_measured(task, it))
        {
            let name = format!("shells: {}, {}", task.name(), candidate.name());
            eprintln!("{name} ...");
            let row = shells::measure(&settings, &runtime, candidate, task, options.idle_shells);
            results.shells.push(row.context(name)?);
        }
    }
    Ok(results.report(&settings, &machine))
}

fn measure_one(
    settings: &Settings,
    runtime: &Runtime,
    candidate: &Candidate,
    task: Task,
    results: &mut Results,
) -> Result<()> {
    match task.what {
        Measured::Load(workload) => {
            results.loads.push(measure::load(settings, runtime, candidate, task, workload)?);
        }
        Measured::Latency => {
            results.latencies.push(measure::latency(settings, runtime, candidate, task)?);
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}
