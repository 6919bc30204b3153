//! The binary `porthole`.

use std::process::ExitCode;

fn main() -> ExitCode {
    porthole_gateway::cli::run(std::env::args_os())
}
