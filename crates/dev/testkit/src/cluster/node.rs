//! A machine of its own for programs: namespaces, a cable to the host, a folder.

use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::servers::{Process, wait_until};

/// What makes the namespaces, serves them and tidies up after them.
const SCRIPT: &str = include_str!("node.sh");

/// How long making the namespaces may take.
const FURNISHED_MAX: Duration = Duration::from_secs(10);

/// How long ending everything may take.
const END_MAX: Duration = Duration::from_secs(20);

/// Where the cables' addresses begin: a network for measurements of networks (RFC 2544), which no
/// machine routes.
const NETWORK: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);

/// Cables that fit into it, of four addresses each.
const CABLES: u32 = 1 << 15;

/// Most of a log that is put into an error, in lines from its end.
const LOG_LINES_SHOWN: usize = 25;

/// Namespaces in which programs run. Dropping it ends them all; so does the end of this process,
/// because they live only while a pipe that it holds is open.
#[derive(Debug)]
pub(super) struct Node {
    process: Process,
    orders: Mutex<Option<ChildStdin>>,
    folder: PathBuf,
    address: Ipv4Addr,
}

impl Node {
    /// Makes the namespaces. It takes root.
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("porthole-node-").tempdir()?;
        for name in ["logs", "ended"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let mut command = Command::new("sh");
        // Ctrl-C is not for the script, which would then leave its tidying.
        command.args(["-c", SCRIPT, "node"]).arg(folder.path()).process_group(0);
        let (process, mut orders) = Process::start_with_stdin(&mut command)?;
        // From here on the script deletes it, also when nobody is left to drop a guard.
        let folder = folder.keep();
        let first = u32::from(NETWORK) + process.id() % CABLES * 4;
        let (host, address) = (Ipv4Addr::from(first + 1), Ipv4Addr::from(first + 2));
        writeln!(orders, "{host}/30 {address}/30")?;
        let mut node = Self { process, orders: Mutex::new(Some(orders)), folder, address };
        let furnished = node.folder.join("furnished");
        wait_until("namespaces for a node", FURNISHED_MAX, || {
            node.process.check_running()?;
            Ok(furnished.exists().then_some(()))
        })
        .with_context(|| format!("the log so far: {}", node.process.log_tail()))?;
        Ok(node)
    }

    /// The folder for everything, under the same name on both sides.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The node's address, which the host reaches.
    pub(super) const fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The control group, below each hierarchy, for what runs here.
    pub(super) fn control_group(&self) -> String {
        format!("/porthole-{}", self.process.id())
    }

    /// Starts a program in the namespaces; its output goes to the log of this name.
    pub(super) fn start_program(&self, name: &str, words: &[&str]) -> Result<()> {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let folder = quoted(&self.folder.to_string_lossy());
        let order = format!(
            "{{ {}; echo $? >{folder}/ended/{name}; }} >>{folder}/logs/{name} 2>&1 </dev/null &\n",
            words.join(" ")
        );
        ensure!(order.lines().count() == 1, "a command of one line");
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = orders.as_mut().context("the node has ended")?;
        orders.write_all(order.as_bytes()).context("the node has ended")
    }

    /// Runs a program in the namespaces to its end, for at most `limit`; its output.
    pub(super) fn run(&self, name: &str, words: &[&str], limit: Duration) -> Result<String> {
        self.start_program(name, words)?;
        let status = wait_until(name, limit, || self.status(name))?;
        ensure!(status == "0", "{name} failed with status {status}: {}", self.log_tail(name));
        self.log(name)
    }

    /// Fails, with the log, when one of these programs has ended.
    pub(super) fn check_running(&self, names: &[&str]) -> Result<()> {
        for name in names {
            if let Some(status) = self.status(name)? {
                bail!("{name} ended with status {status}; its log: {}", self.log_tail(name));
            }
        }
        Ok(())
    }

    /// Everything that the program of this name has written so far.
    pub(super) fn log(&self, name: &str) -> Result<String> {
        let path = self.folder.join("logs").join(name);
        let bytes = fs::read(&path).with_context(|| format!("{name} has no log"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The last lines of that.
    pub(super) fn log_tail(&self, name: &str) -> String {
        let log = self.log(name).unwrap_or_else(|error| format!("{error:#}"));
        let lines: Vec<&str> = log.lines().collect();
        let shown = lines.len().saturating_sub(LOG_LINES_SHOWN);
        lines.get(shown..).unwrap_or_default().join("\n")
    }

    /// The status with which a program ended, if it has.
    fn status(&self, name: &str) -> Result<Option<String>> {
        match fs::read_to_string(self.folder.join("ended").join(name)) {
            Ok(status) if status.ends_with('\n') => Ok(Some(status.trim().to_owned())),
            // It is being written.
            Ok(_) => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The end of the pipe is the end of the namespaces, and of everything in them.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.process.wait(END_MAX);
    }
}

/// A word as the shell takes it for one, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_for_the_shell() {
        assert_eq!(quoted("a b$c"), "'a b$c'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
