//! The gateway itself, as operators run it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

use super::Process;
use super::process::{READY_MAX, wait_until};

/// The variable that names the gateway to test.
const BIN_VARIABLE: &str = "PORTHOLE_BIN";

/// The gateway that this build made: `PORTHOLE_BIN`, or the program beside the running test's
/// own folder, where Cargo puts it.
///
/// # Errors
///
/// There is none; `cargo build -p porthole-gateway` makes it.
pub fn gateway_bin() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(BIN_VARIABLE) {
        return Ok(named.into());
    }
    let test = std::env::current_exe().context("where is this program?")?;
    test.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("porthole"))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("no gateway: set {BIN_VARIABLE} or build porthole-gateway first"))
}

/// A running gateway, with a folder of its own for its configuration.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    process: Process,
    folder: TempDir,
}

impl Gateway {
    /// Writes `config_toml` to a file, runs `bin serve --config FILE` and waits until it says
    /// where it listens. The configuration should ask for port 0. The log is in JSON, whatever
    /// the configuration says.
    ///
    /// # Errors
    ///
    /// It ends, or does not say where it listens; its log is in the error.
    pub fn start(bin: &Path, config_toml: &str) -> Result<Self> {
        Self::start_with(bin, config_toml, |_command| {})
    }

    /// As [`start`](Self::start), after `adjust` has changed the command: its environment, say.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(
        bin: &Path,
        config_toml: &str,
        adjust: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("porthole.toml");
        std::fs::write(&config, config_toml)?;
        let mut command = Command::new(bin);
        command.arg("serve").arg("--config").arg(&config);
        // Its address is read from the log, so the log must be one that programs can read.
        command.env("PORTHOLE_LOG__FORMAT", "json");
        adjust(&mut command);
        let mut process = Process::start(&mut command)?;
        let address = wait_until("the gateway to listen", READY_MAX, || {
            // The log first: a gateway that ends right after its last line must not be missed.
            let address = find_address(&process.log()?, "http");
            process.check_running()?;
            Ok(address)
        })
        .with_context(|| format!("the log so far: {}", process.log_tail()))?;
        Ok(Self { address, process, folder })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves metrics. Only a configuration with `metrics.listen` has it do so.
    ///
    /// # Errors
    ///
    /// It does not say so in time, or it has ended.
    pub fn metrics_address(&mut self) -> Result<SocketAddr> {
        let process = &mut self.process;
        wait_until("the gateway to serve metrics", READY_MAX, || {
            let address = find_address(&process.log()?, "metrics");
            process.check_running()?;
            Ok(address)
        })
    }

    /// `http://ADDRESS` with `path` behind it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The folder of its configuration, which goes with the guard.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that it has logged so far.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self) -> Result<String> {
        self.process.log()
    }

    /// Asks it to end, with SIGTERM, and waits until it has.
    ///
    /// # Errors
    ///
    /// It does not end in time.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.process.terminate()
    }

    /// The gateway's process.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// The address in the log line that says that the listener of this name listens.
fn find_address(log: &str, listener: &str) -> Option<SocketAddr> {
    log.lines().find_map(|line| {
        let record: Value = serde_json::from_str(line).ok()?;
        let field = |name: &str| record.get(name).and_then(Value::as_str);
        let is_ours = field("message")? == "listening" && field("listener")? == listener;
        is_ours.then(|| field("address")?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn finds_each_listener() {
        let log = r#"not json
            {"message":"starting","listener":"http","address":"127.0.0.1:7"}
            {"message":"listening","listener":"http","address":"127.0.0.1:8"}
            {"message":"listening","listener":"metrics","address":"[::1]:9"}"#;
        assert_eq!(find_address(log, "http"), Some("127.0.0.1:8".parse().unwrap()));
        assert_eq!(find_address(log, "metrics"), Some("[::1]:9".parse().unwrap()));
        assert_eq!(find_address(log, "other"), None);
    }

    /// A script in the gateway's place.
    fn script(folder: &Path, body: &str) -> PathBuf {
        let path = folder.join("gateway.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn starts_reads_the_log_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let bin = script(
            folder.path(),
            r#"[ "$1 $2" = "serve --config" ] || exit 9
            grep -q hello "$3" || exit 8
            trap 'exit 7' TERM
            [ "$PORTHOLE_LOG__FORMAT" = json ] || exit 6
            echo '{"message":"listening","listener":"metrics","address":"127.0.0.1:1235"}' >&2
            echo '{"message":"listening","listener":"http","address":"127.0.0.1:1234"}' >&2
            while :; do sleep 0.05; done"#,
        );
        let mut gateway = Gateway::start(&bin, "hello = 1").unwrap();
        assert_eq!(gateway.url("/healthz"), "http://127.0.0.1:1234/healthz");
        assert_eq!(gateway.metrics_address().unwrap().port(), 1235);
        assert!(gateway.log().unwrap().contains("listening"));
        assert_eq!(gateway.terminate().unwrap().code(), Some(7));
    }

    #[test]
    fn failures_carry_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let bin = script(folder.path(), "echo 'bad configuration' >&2; exit 2");
        let error = format!("{:#}", Gateway::start(&bin, "").unwrap_err());
        assert!(error.contains("exit status: 2"), "{error}");
        assert!(error.contains("bad configuration"), "{error}");
    }
}
