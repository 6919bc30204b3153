//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::measure::Settings;
use crate::subject::GatewayOptions;
use crate::workload::Task;

/// Measures what the gateway costs: CPU time, bytes, frames, memory and latency.
#[derive(Debug, Parser)]
#[command(name = "porthole-bench")]
pub(crate) struct Options {
    /// What to measure, separated by commas: idle, typing, terminal, page, video, switch, drag,
    /// latency, many=N. Without it, everything but many=N.
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    workloads: Vec<String>,
    /// How long each workload is measured, after two seconds to warm up.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Size of the remote's screen, in pixels.
    #[arg(long, default_value = "1920x1080", value_name = "WIDTHxHEIGHT", value_parser = size)]
    size: (u16, u16),
    /// Keys pressed to measure latency, each way.
    #[arg(long, default_value_t = 120, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=5000))]
    keys: u16,
    /// A connection parameter for the gateway, by Guacamole's name, such as encodings=zrle.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// Write the results to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// What to measure.
    ///
    /// # Errors
    ///
    /// A name is unknown.
    pub(crate) fn tasks(&self) -> Result<Vec<Task>> {
        if self.workloads.is_empty() {
            return Ok(Task::usual());
        }
        self.workloads.iter().map(|name| Task::parse(name)).collect()
    }

    /// How to measure the gateway in `bin`.
    ///
    /// # Errors
    ///
    /// There is no such program.
    pub(crate) fn settings(&self, bin: PathBuf) -> Result<Settings> {
        ensure!(bin.is_file(), "{} is not there", bin.display());
        Ok(Settings {
            time: Duration::from_secs(self.seconds),
            size: self.size,
            keys: self.keys,
            gateway: GatewayOptions { bin, parameters: self.parameters.clone() },
        })
    }
}

/// `1920x1080`. Smaller screens have no room for what is shown, larger ones none for coordinates.
fn size(text: &str) -> Result<(u16, u16), String> {
    let side =
        |text: &str, least: u16| text.parse().ok().filter(|side| (least..=8192).contains(side));
    text.split_once('x')
        .and_then(|(width, height)| Some((side(width, 1024)?, side(height, 640)?)))
        .ok_or_else(|| "write it like 1920x1080, from 1024x640 to 8192x8192".to_owned())
}

/// `name=value`, in letters that need no quoting in the gateway's configuration.
fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it like encodings=zrle")?;
    let fits = |text: &str, more: &str| {
        text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
    };
    if name.is_empty() || !fits(name, "-") || !fits(value, "-_., ") {
        return Err("a name or value with letters that no parameter needs".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_command_line() {
        let read = |line: &str| Options::try_parse_from(line.split(' '));
        let options =
            read("x --workloads typing,many=2 --size 1280x720 --parameter a-b=1,2").unwrap();
        assert_eq!(options.tasks().unwrap().len(), 2);
        assert_eq!(options.size, (1280, 720));
        assert_eq!(options.parameters, [("a-b".to_owned(), "1,2".to_owned())]);
        assert_eq!(read("x").unwrap().tasks().unwrap(), Task::usual());
        for wrong in
            ["--size 10x10", "--size 1280", "--seconds 0", "--parameter =1", "--parameter a=\""]
        {
            assert!(read(&format!("x {wrong}")).is_err(), "{wrong}");
        }
    }
}
