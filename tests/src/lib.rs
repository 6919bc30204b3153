//! The real binary against real servers.
//!
//! A [`Setup`] is a configuration in the making, a [`Lab`] the gateway that runs with it. The
//! tests are in `e2e/`.

mod http;
mod setup;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use porthole_testkit::servers::Gateway;
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Viewer, ViewerOptions};
pub use setup::{Setup, porthole_bin};

/// How long anything may take that should happen soon. Far more than it needs on an idle machine.
pub const SOON: Duration = Duration::from_secs(30);

/// Bytes of no order, so that nothing is mistaken for anything else.
pub fn noise(len: u32, seed: u32) -> Bytes {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    (0..len).map(next).collect()
}

/// A running gateway with what it was given.
#[derive(Debug)]
pub struct Lab {
    gateway: Gateway,
    metrics: SocketAddr,
}

impl Lab {
    /// Where browsers connect.
    pub const fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// The gateway itself.
    pub const fn gateway(&mut self) -> &mut Gateway {
        &mut self.gateway
    }

    /// A viewer's options, with a fresh token for the connection of this name.
    ///
    /// # Errors
    ///
    /// The name is out of bounds.
    pub fn options(&self, connection: &str) -> Result<ViewerOptions> {
        Ok(ViewerOptions::new(self.address(), tokens::for_connection(connection)?))
    }

    /// A viewer of a new session on the connection of this name; Welcome has come.
    ///
    /// # Errors
    ///
    /// The gateway refuses.
    pub async fn view(&self, connection: &str) -> Result<Viewer> {
        Viewer::open(&self.options(connection)?).await
    }

    /// Asks the gateway for a page: status and body.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        http::get(self.address(), path)
    }

    /// The metrics page.
    ///
    /// # Errors
    ///
    /// The gateway does not serve it.
    pub fn metrics(&self) -> Result<String> {
        let (status, body) = http::get(self.metrics, "/metrics")?;
        ensure!(status == 200, "metrics: status {status}");
        Ok(body)
    }

    /// One count of the metrics page, such as `porthole_sessions` or one with its labels; 0 when
    /// it is not there.
    ///
    /// # Errors
    ///
    /// The gateway does not serve the page, or the sample is no whole number.
    pub fn metric(&self, name: &str) -> Result<u64> {
        let page = self.metrics()?;
        let found = page.lines().filter_map(|line| line.rsplit_once(' '));
        let value = found.into_iter().find_map(|(found, value)| (found == name).then_some(value));
        value.map_or(Ok(0), |value| value.parse().with_context(|| value.to_owned()))
    }

    /// Memory that the gateway's process holds, in bytes.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn resident_bytes(&mut self) -> Result<u64> {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.gateway.process().id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 =
            line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?.parse()?;
        Ok(kib << 10)
    }

    /// Everything logged so far.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self) -> Result<String> {
        self.gateway.log()
    }

    /// That the gateway still serves, has not panicked, and that neither the tests' secret nor any
    /// token or `secrets` is in the log.
    ///
    /// # Errors
    ///
    /// One of these does not hold.
    pub fn check_sound(&mut self, secrets: &[&str]) -> Result<()> {
        self.gateway.process().check_running()?;
        let (status, body) = self.get("/healthz")?;
        ensure!(status == 200, "healthz: {status} {body}");
        let log = self.log()?;
        ensure!(!log.contains("panicked"), "a panic in the log: {log}");
        // Every JWT begins with `{"` in base64.
        for secret in secrets.iter().chain(&[tokens::SECRET, "eyJ"]) {
            ensure!(!log.contains(secret), "{secret:?} is in the log: {log}");
        }
        Ok(())
    }
}
