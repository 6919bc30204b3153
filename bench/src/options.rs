//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;

use crate::measure::Settings;
use crate::scale::SESSIONS_MAX;
use crate::shells::ShellTask;
use crate::subject::{Candidate, GatewayOptions, Peer, PeerOptions};
use crate::synthetic::Mix;
use crate::workload::Task;

/// Measures what the gateway costs: CPU time, bytes, frames, memory and latency.
#[derive(Debug, Parser)]
#[command(name = "porthole-bench")]
pub(crate) struct Options {
    /// What to measure on a real VNC server, separated by commas: idle, typing, terminal, page, photos,
    /// video, switch, drag, latency; behind xrdp- and shadow- the same on RDP servers, such as
    /// xrdp-typing. Without it, everything that has a target, unless --sessions is there.
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    workloads: Vec<String>,
    /// How long each workload is measured, after two seconds to warm up.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Size of the remote's screen, in pixels. [default: 1920x1080, and 1280x720 for --sessions]
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    size: Option<(u16, u16)>,
    /// Keys pressed to measure latency, each way.
    #[arg(long, default_value_t = 120, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=5000))]
    keys: u16,
    /// A connection parameter for the gateway and guacd, by Guacamole's name, such as
    /// encodings=zrle.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// A key of the gateway's [pacing], such as `pass_jpeg=false`.
    #[arg(long = "pacing", value_name = "NAME=VALUE", value_parser = pacing)]
    pacing: Vec<(String, String)>,
    /// Measure the workloads through another program too: websockify, which is started for it,
    /// websockify=HOST:PORT or guacd=HOST:PORT. May be given more than once.
    #[arg(long = "peer", value_name = "PEER")]
    peers: Vec<String>,
    /// The port of 127.0.0.1 that websockify=HOST:PORT was started in front of.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..))]
    peer_remote_port: Option<u16>,
    /// The process of the only peer, if it cannot be found by its port.
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    peer_pid: Option<u32>,
    /// Measure so many sessions at a time of servers within this program, separated by commas,
    /// such as 50,200,1000.
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = sessions)]
    sessions: Vec<usize>,
    /// What happens in them: idle, typing, video, or a list.
    #[arg(
        long = "mix",
        value_delimiter = ',',
        value_name = "LIST",
        default_value = "idle",
        requires = "sessions"
    )]
    mixes: Vec<String>,
    /// What to measure of shells over SSH, separated by commas: echo, flood, away, files, idle. Without it,
    /// everything, unless --workloads or --sessions is there.
    #[arg(long, value_delimiter = ',', value_name = "LIST")]
    shells: Vec<String>,
    /// How many shells are idle at a time.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = sessions)]
    pub(crate) idle_shells: usize,
    /// Measure nothing; read the results that --json has written.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["workloads", "sessions", "shells", "peers", "json"])]
    pub(crate) from: Option<PathBuf>,
    /// Write the results to this file too, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a report to this file too, as Markdown.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write a page of plots to this file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// The remote's screen, unless another is wished.
const SIZE: (u16, u16) = (1920, 1080);

/// The screens of many sessions, unless others are wished.
const SESSIONS_SIZE: (u16, u16) = (1280, 720);

/// A number of sessions to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowd {
    /// What happens in them.
    pub(crate) mix: Mix,
    /// How many.
    pub(crate) count: usize,
    /// Columns and rows of each.
    pub(crate) size: (u16, u16),
}

impl Options {
    /// What to measure on a real server.
    ///
    /// # Errors
    ///
    /// A name is unknown.
    pub(crate) fn tasks(&self) -> Result<Vec<Task>> {
        if self.workloads.is_empty() {
            let is_all = self.sessions.is_empty() && self.shells.is_empty();
            return Ok(if is_all { Task::all() } else { Vec::new() });
        }
        self.workloads.iter().map(|name| Task::parse(name)).collect()
    }

    /// What to measure of shells.
    ///
    /// # Errors
    ///
    /// A name is unknown.
    pub(crate) fn shell_tasks(&self) -> Result<Vec<ShellTask>> {
        if self.shells.is_empty() && self.workloads.is_empty() && self.sessions.is_empty() {
            return Ok(ShellTask::ALL.to_vec());
        }
        self.shells.iter().map(|name| ShellTask::parse(name)).collect()
    }

    /// The numbers of sessions to measure.
    ///
    /// # Errors
    ///
    /// A mix is unknown.
    pub(crate) fn crowds(&self) -> Result<Vec<Crowd>> {
        let size = self.size.unwrap_or(SESSIONS_SIZE);
        let mut crowds = Vec::new();
        for mix in &self.mixes {
            let mix = Mix::parse(mix)?;
            crowds.extend(self.sessions.iter().map(|count| Crowd { mix, count: *count, size }));
        }
        Ok(crowds)
    }

    /// The gateway, and what it is compared with.
    ///
    /// # Errors
    ///
    /// A peer is unknown, or its options do not fit.
    pub(crate) fn candidates(&self, settings: &Settings) -> Result<Vec<Candidate>> {
        ensure!(
            self.peer_pid.is_none() || self.peers.len() == 1,
            "--peer-pid is for one --peer, and there are {}",
            self.peers.len()
        );
        let mut candidates = vec![Candidate::Porthole(settings.gateway.clone())];
        for text in &self.peers {
            let options = PeerOptions {
                process_id: self.peer_pid,
                remote_port: self.peer_remote_port,
                parameters: self.parameters.clone(),
            };
            candidates.push(Candidate::Peer(Peer::parse(text, options)?));
        }
        Ok(candidates)
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
            size: self.size.unwrap_or(SIZE),
            keys: self.keys,
            gateway: GatewayOptions {
                bin,
                parameters: self.parameters.clone(),
                pacing: self.pacing.clone(),
            },
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

/// A number of sessions.
fn sessions(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=SESSIONS_MAX).contains(count));
    count.ok_or_else(|| format!("numbers from 1 to {SESSIONS_MAX} are wanted"))
}

/// `name=value`, in letters that need no quoting in the gateway's configuration.
fn parameter(text: &str) -> Result<(String, String), String> {
    assignment(text, "encodings=zrle", ["-", "-_., "])
}

/// The same for a key, whose value is a number, `true` or `false`.
fn pacing(text: &str) -> Result<(String, String), String> {
    assignment(text, "lossy=false", ["_", ""])
}

fn assignment(text: &str, example: &str, more: [&str; 2]) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or(format!("write it like {example}"))?;
    let [name_more, value_more] = more;
    let fits = |text: &str, more: &str| {
        text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
    };
    if name.is_empty() || !fits(name, name_more) || !fits(value, value_more) {
        return Err("a name or value with letters that none needs".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(line.split(' '))
    }

    #[test]
    fn reads_the_command_line() {
        let options =
            read("x --workloads typing,latency --size 1280x720 --parameter a-b=1,2 --pacing c_d=5")
                .unwrap();
        assert_eq!(options.tasks().unwrap().len(), 2);
        assert_eq!(options.size, Some((1280, 720)));
        assert_eq!(options.parameters, [("a-b".to_owned(), "1,2".to_owned())]);
        assert_eq!(options.pacing, [("c_d".to_owned(), "5".to_owned())]);
        assert_eq!(read("x").unwrap().tasks().unwrap(), Task::all());
        assert_eq!(read("x").unwrap().crowds().unwrap(), []);
        for wrong in [
            "--size 10x10",
            "--size 1280",
            "--seconds 0",
            "--parameter =1",
            "--pacing a-b=1",
            "--pacing a=\"b\"",
            "--parameter a=\"",
            "--sessions 0",
            "--sessions 2001",
            "--mix idle --workloads idle",
            "--from a.json --json b.json",
            "--peer-remote-port 80",
        ] {
            assert!(read(&format!("x {wrong}")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sessions_come_alone_unless_workloads_are_named() {
        let options = read("x --sessions 50,200 --mix idle,video").unwrap();
        assert_eq!(options.tasks().unwrap(), []);
        let crowds = options.crowds().unwrap();
        assert_eq!(crowds.len(), 4);
        assert_eq!(crowds[3], Crowd { mix: Mix::Video, count: 200, size: (1280, 720) });
        let options = read("x --sessions 5 --workloads idle").unwrap();
        assert_eq!((options.tasks().unwrap().len(), options.crowds().unwrap().len()), (1, 1));
        assert!(read("x --sessions 5 --mix busy").unwrap().crowds().is_err());
    }

    #[test]
    fn peers_follow_the_gateway() {
        let settings = |options: &Options| options.settings(std::env::current_exe().unwrap());
        let options = read("x --peer websockify --peer guacd=127.0.0.1:4822").unwrap();
        let candidates = options.candidates(&settings(&options).unwrap()).unwrap();
        let names: Vec<&str> = candidates.iter().map(Candidate::name).collect();
        assert_eq!(names, ["porthole", "websockify", "guacd"]);
        let options = read("x --peer-pid 7 --peer websockify --peer guacd=127.0.0.1:1").unwrap();
        assert!(options.candidates(&settings(&options).unwrap()).is_err());
    }
}
