//! A configuration in the making.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use porthole_testkit::servers::{Gateway, gateway_bin};
use porthole_testkit::tokens;

use crate::Lab;

/// A configuration in the making. It accepts the testkit's tokens and, unless told otherwise,
/// opens every port of the loopback address.
#[derive(Debug)]
pub struct Setup {
    /// Keys of `[server]`, `[session]`, `[pacing]` and `[timeouts]`, a line each.
    server: String,
    session: String,
    pacing: String,
    timeouts: String,
    files: String,
    /// Further tables of `[tokens]`.
    tokens: String,
    is_loopback_open: bool,
    /// Further rules of the policy.
    rules: String,
    connections: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// No connections yet.
    pub const fn new() -> Self {
        Self {
            server: String::new(),
            session: String::new(),
            pacing: String::new(),
            timeouts: String::new(),
            files: String::new(),
            tokens: String::new(),
            is_loopback_open: true,
            rules: String::new(),
            connections: String::new(),
        }
    }

    /// Adds a line to `[server]`.
    #[must_use]
    pub fn server(mut self, line: &str) -> Self {
        add_line(&mut self.server, line);
        self
    }

    /// Adds a line to `[session]`.
    #[must_use]
    pub fn session(mut self, line: &str) -> Self {
        add_line(&mut self.session, line);
        self
    }

    /// Adds a line to `[pacing]`.
    #[must_use]
    pub fn pacing(mut self, line: &str) -> Self {
        add_line(&mut self.pacing, line);
        self
    }

    /// Adds a line to `[timeouts]`.
    #[must_use]
    pub fn timeouts(mut self, line: &str) -> Self {
        add_line(&mut self.timeouts, line);
        self
    }

    /// With folders for files in `root`.
    #[must_use]
    pub fn files(mut self, root: &Path) -> Self {
        self.files = format!("[files]\nroot = \"{}\"\n", root.display());
        self
    }

    /// Taking encrypted tokens too, with the key in this file.
    #[must_use]
    pub fn decrypting(mut self, key_file: &Path) -> Self {
        self.tokens = tokens::decryption_toml(key_file);
        self
    }

    /// With no target allowed at all.
    #[must_use]
    pub const fn closed(mut self) -> Self {
        self.is_loopback_open = false;
        self
    }

    /// Allows this protocol in `network` as well, on every port.
    #[must_use]
    pub fn allowing(mut self, protocol: &str, network: &str) -> Self {
        self.rules.push_str(&rule(protocol, network));
        self
    }

    /// A connection of this name. `more` is TOML: further keys first, then tables relative to
    /// the connection, such as `[parameters]`.
    #[must_use]
    pub fn connection(self, name: &str, address: SocketAddr, more: &str) -> Self {
        self.speaking("vnc", name, address, more)
    }

    /// The same, for a remote that speaks `protocol`.
    #[must_use]
    pub fn speaking(self, protocol: &str, name: &str, address: SocketAddr, more: &str) -> Self {
        let place = format!("hostname = \"{}\"\nport = {}", address.ip(), address.port());
        self.placeless(protocol, name, &format!("{place}\n{more}"))
    }

    /// The same, for a remote whose place is only in `more`.
    #[must_use]
    pub fn placeless(mut self, protocol: &str, name: &str, more: &str) -> Self {
        let table = format!("connections.{name}");
        // Writing to a string cannot fail.
        let _infallible = write!(
            self.connections,
            "[{table}]\nprotocol = \"{protocol}\"{}\n",
            format!("\n{more}").replace("\n[", &format!("\n[{table}."))
        );
        self
    }

    /// Runs the gateway with it.
    ///
    /// # Errors
    ///
    /// There is no gateway, or it does not take the configuration.
    pub fn start(&self) -> Result<Lab> {
        let mut gateway = Gateway::start(&porthole_bin()?, &self.toml())?;
        let metrics = gateway.metrics_address()?;
        Ok(Lab { gateway, metrics })
    }

    fn toml(&self) -> String {
        let loopback =
            ["vnc", "rdp", "ssh", "telnet"].map(|protocol| rule(protocol, "127.0.0.0/8"));
        // A test that does not say otherwise is done with its sessions when it ends.
        let drain = if self.server.contains("drain_s") { "" } else { "drain_s = 0\n" };
        format!(
            "[server]\n{drain}listen = \"127.0.0.1:0\"\n{}\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [log]\nlevel = \"debug\"\n{}\n{}\n{}\n[session]\n{}\n[pacing]\n{}\n[timeouts]\n{}\n{}\n{}",
            self.server,
            tokens::config_toml(),
            self.tokens,
            if self.is_loopback_open { loopback.concat() } else { String::new() } + &self.rules,
            self.session,
            self.pacing,
            self.timeouts,
            self.files,
            self.connections,
        )
    }
}

fn rule(protocol: &str, network: &str) -> String {
    format!(
        "[[policy.allow]]\nprotocol = \"{protocol}\"\nnetworks = [\"{network}\"]\n\
         ports = [\"1-65535\"]\nallow_special = true\n"
    )
}

fn add_line(section: &mut String, line: &str) {
    section.push_str(line);
    section.push('\n');
}

/// The gateway under test; built first when nobody has.
///
/// # Errors
///
/// It cannot be built.
pub fn porthole_bin() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| find_or_build().map_err(|error| format!("{error:#}")));
    built.clone().map_err(anyhow::Error::msg)
}

fn find_or_build() -> Result<PathBuf> {
    if let Ok(found) = gateway_bin() {
        return Ok(found);
    }
    // This program is in TARGET/PROFILE/deps.
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).context("no target folder")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "porthole-gateway", "--target-dir"]).arg(target);
    let status = command.status().context("cannot run cargo")?;
    ensure!(status.success(), "building the gateway failed: {status}");
    gateway_bin()
}
