//! The command line.

mod check;
mod demo;
mod demo_remote;
mod demo_ssh;
mod demo_vnc;
mod demo_xrdp;
mod health;
mod token;

use std::{ffi::OsString, fmt, path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Parser, Subcommand};

use crate::{
    config::{Config, Problems},
    logging, serve,
    serve::ServeError,
};

/// Opens remote desktops in a browser tab.
#[derive(Debug, Parser)]
#[command(name = "porthole", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(ConfigArgs),
    /// Sign a token with the configured key and print a link that opens it.
    Token(token::TokenArgs),
    /// Check the configuration and everything that it names.
    Check(ConfigArgs),
    /// Start a desktop on this machine and print a link to it.
    Demo(demo::DemoArgs),
    /// Ask the running gateway whether it is well, for container health checks.
    Health(ConfigArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file.
    #[arg(long, env = "PORTHOLE_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

/// Why a command failed, and with which exit status.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// The configuration or an argument is wrong. Exit status 1.
    #[error("{0}")]
    Usage(String),
    /// The configuration is wrong. Exit status 1.
    #[error(transparent)]
    Config(#[from] Problems),
    /// The gateway could not run. Exit status 2.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Something else failed at run time. Exit status 2.
    #[error("{0}")]
    Run(String),
}

impl CliError {
    /// A failure at run time.
    fn run(what: &str, error: impl fmt::Display) -> Self {
        Self::Run(format!("{what}: {error}"))
    }

    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::Config(_) => ExitCode::from(1),
            Self::Serve(_) | Self::Run(_) => ExitCode::from(2),
        }
    }
}

/// Runs the command in `arguments`, whose first is the program's name. 0 is success, 1 a wrong
/// configuration or usage, 2 a failure at run time.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no failures. Nobody is left to tell if printing fails.
            let _printed = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let result = match cli.command {
        Command::Serve(arguments) => run_serve(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            error.exit_code()
        }
    }
}

fn run_serve(arguments: &ConfigArgs) -> Result<(), CliError> {
    let config = Arc::new(Config::load(&arguments.config)?);
    logging::start(&config.log);
    let runtime = runtime(config.server.worker_threads, config.server.encode_threads)?;
    let result = runtime.block_on(serve::run(config));
    // Tasks that are still there are links of a gateway that was told to leave at once.
    runtime.shutdown_background();
    Ok(result?)
}

/// A runtime with so many threads for tasks, or one a core, and at most so many for encoding.
fn runtime(
    worker_threads: Option<usize>,
    encode_threads: Option<usize>,
) -> Result<tokio::runtime::Runtime, CliError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(count) = worker_threads {
        builder.worker_threads(count);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Two more than cores, so that a name that resolves slowly does not hold up pictures.
    builder.max_blocking_threads(encode_threads.unwrap_or(cores + 2));
    let runtime = builder.enable_all().build();
    runtime.map_err(|error| CliError::run("cannot start threads", error))
}

/// Prints one line of a command's result.
fn say(line: impl fmt::Display) -> Result<(), CliError> {
    use std::io::Write as _;

    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| CliError::run("cannot write to standard output", error))
}

/// Prints what went wrong. Nobody is left to tell if that fails.
fn complain(error: &CliError) {
    use std::io::Write as _;

    let _printed = writeln!(std::io::stderr(), "porthole: {error}");
}
