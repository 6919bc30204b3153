//! What the gateway costs, measured.
//!
//! In: a built gateway, and the X and VNC servers of the system's packages. Out: a table and
//! JSON. `README.md` beside this crate says how to run it and how to read the results. Nothing
//! here judges the numbers: a bench that fails on a slow day teaches people to ignore it.

mod account;
pub mod canvas;
mod machine;
mod measure;
mod options;
mod report;
mod scene;
mod subject;
mod viewer;
mod workload;

use anyhow::{Context as _, Result};
use clap::Parser as _;

use crate::machine::Machine;
use crate::measure::Settings;
use crate::options::Options;
use crate::report::Results;
use crate::workload::Task;

/// Threads for the viewers.
const VIEWER_THREADS: usize = 2;

/// Reads the command line, measures, prints.
///
/// # Errors
///
/// Something does not start, or ends too early.
pub fn run() -> Result<()> {
    let options = Options::parse();
    let tasks = options.tasks()?;
    let settings = options.settings(porthole_testkit::servers::gateway_bin()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(VIEWER_THREADS)
        .enable_all()
        .build()?;
    let machine = Machine::look()?;
    println!("{}", machine.lines());

    let mut results = Results::default();
    for task in tasks {
        measure_one(&settings, &runtime, task, &mut results)?;
    }
    let (width, height) = settings.size;
    println!("\n{width}x{height}, {} s each\n", settings.time.as_secs());
    print!("{}", results.table());
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&results.json(&settings, &machine))?;
        std::fs::write(path, text + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn measure_one(
    settings: &Settings,
    runtime: &tokio::runtime::Runtime,
    task: Task,
    results: &mut Results,
) -> Result<()> {
    match task {
        Task::Load(workload) => {
            eprintln!("{} ...", workload.name());
            let row = measure::load(settings, runtime, workload).context(workload.name())?;
            results.loads.push(row);
        }
        Task::Latency => {
            eprintln!("latency ...");
            results.latencies.push(measure::latency(settings, runtime).context("latency")?);
        }
        Task::Many(count) => {
            eprintln!("many={count} ...");
            results.many.push(measure::many(settings, runtime, count).context("many")?);
        }
    }
    Ok(())
}
