//! Requests to the API server, by curl.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::servers::output_of;

/// How long one request may take.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// The same for curl itself, in seconds: a little less, so that it says what it waited for.
const CURL_MAX_S: &str = "10";

/// The API server, as its administrator sees it.
#[derive(Debug)]
pub(super) struct Api {
    address: SocketAddr,
    /// Holds the authority's certificate and the administrator's, with its key.
    folder: PathBuf,
}

impl Api {
    /// One whose folder has `authority.pem`, `admin.pem` and `admin-key.pem`.
    pub(super) fn new(address: SocketAddr, folder: &Path) -> Self {
        Self { address, folder: folder.to_owned() }
    }

    /// Where it is.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The status, and the answer's body.
    pub(super) fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, String)> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", CURL_MAX_S]);
        command.arg("--cacert").arg(self.folder.join("authority.pem"));
        command.arg("--cert").arg(self.folder.join("admin.pem"));
        command.arg("--key").arg(self.folder.join("admin-key.pem"));
        command.args(["--request", method, "--write-out", "\n%{http_code}"]);
        let mut sent = Vec::new();
        if let Some(body) = body {
            sent = serde_json::to_vec(body)?;
            command.args(["--header", "content-type: application/json", "--data-binary", "@-"]);
        }
        command.arg(format!("https://{}{path}", self.address));
        let answer = String::from_utf8(output_of(&mut command, &sent, REQUEST_MAX)?)?;
        let (body, status) = answer.rsplit_once('\n').context("curl prints the status")?;
        Ok((status.parse()?, body.to_owned()))
    }

    /// The object that is the answer.
    pub(super) fn object(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, answer) = self.request(method, path, body)?;
        ensure!((200..300).contains(&status), "{method} {path}: status {status}: {answer}");
        serde_json::from_str(&answer).with_context(|| format!("{method} {path}: {answer}"))
    }
}
