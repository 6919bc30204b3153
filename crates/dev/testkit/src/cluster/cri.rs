//! containerd alone: containers, and the streaming server that Kubernetes passes shells on from.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use super::containerd;
use super::images::SHELL_IMAGE;
use super::node::Node;
use super::processes::{self, PodProcess};
use super::protobuf::{Field, Message, field};
use crate::servers::output_of;

/// How long one request may take.
const REQUEST_MAX: Duration = Duration::from_secs(20);

/// Length of gRPC's prefix of a message, in bytes: a flag and the length of what follows.
const PREFIX_LEN_BYTES: usize = 5;

/// What the container runtime interface calls the network of the node.
const NODE_NETWORK: u64 = 2;

/// What it calls the state of a container that has ended.
const EXITED: u64 = 2;

/// A running containerd without Kubernetes. It needs root and control groups.
///
/// Its streaming server is the one that a Kubernetes node passes shells on from: URLs that are good
/// once, over WebSocket or SPDY, with the same subprotocols as the API server's.
#[derive(Debug)]
pub struct Containerd {
    node: Node,
}

/// A container by itself.
#[derive(Debug, Clone)]
pub struct Container {
    id: String,
}

impl Containerd {
    /// The one that all tests of this program share; the first to ask starts it. It ends with the
    /// program.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn shared() -> Result<&'static Self> {
        // Rust drops no statics, but the pipe on which the node's life hangs closes with us.
        static SHARED: OnceLock<Result<Containerd, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Self::start().map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Starts it, in namespaces of its own, with [`SHELL_IMAGE`].
    ///
    /// # Errors
    ///
    /// It does not start: its package is missing, or this is not root.
    pub fn start() -> Result<Self> {
        let node = Node::start()?;
        containerd::start(&node, &node.address().to_string())?;
        Ok(Self { node })
    }

    /// Runs a container of this name, with [`SHELL_IMAGE`], an open standard
    /// input, and a terminal if so asked for.
    ///
    /// # Errors
    ///
    /// containerd refuses.
    pub fn run(&self, name: &str, command: &[&str], has_terminal: bool) -> Result<Container> {
        let sandbox = self.sandbox_config(name);
        let answer = self.call("RunPodSandbox", Message::default().message(1, &sandbox))?;
        let sandbox_id = text(&answer, 1)?;
        let image = Message::default().text(1, SHELL_IMAGE);
        let config =
            Message::default().message(1, &Message::default().text(1, name)).message(2, &image);
        let config = command.iter().fold(config, |config, word| config.text(3, word));
        let config = config.number(12, 1).number(14, has_terminal.into());
        let request = Message::default()
            .text(1, &sandbox_id)
            .message(2, &config)
            .message(3, &self.sandbox_config(name));
        let id = text(&self.call("CreateContainer", request)?, 1)?;
        self.call("StartContainer", Message::default().text(1, &id))?;
        Ok(Container { id })
    }

    /// Where a client finds a command that is to run in the container: `http://` with the node's
    /// address, which the host reaches. It is good once, for a minute.
    ///
    /// # Errors
    ///
    /// containerd refuses.
    pub fn exec_url(
        &self,
        container: &Container,
        command: &[&str],
        has_terminal: bool,
    ) -> Result<String> {
        let request = Message::default().text(1, &container.id);
        let request = command.iter().fold(request, |request, word| request.text(2, word));
        // Terminals have no standard error of their own.
        let request = request
            .number(3, has_terminal.into())
            .number(4, 1)
            .number(5, 1)
            .number(6, (!has_terminal).into());
        text(&self.call("Exec", request)?, 1)
    }

    /// Where a client finds the container's own command. `has_terminal` is to be what the
    /// container was made with.
    ///
    /// # Errors
    ///
    /// containerd refuses.
    pub fn attach_url(&self, container: &Container, has_terminal: bool) -> Result<String> {
        let request = Message::default()
            .text(1, &container.id)
            .number(2, 1)
            .number(3, has_terminal.into())
            .number(4, 1)
            .number(5, (!has_terminal).into());
        text(&self.call("Attach", request)?, 1)
    }

    /// Kills what runs in the container.
    ///
    /// # Errors
    ///
    /// containerd refuses.
    pub fn stop(&self, container: &Container) -> Result<()> {
        self.call("StopContainer", Message::default().text(1, &container.id)).map(drop)
    }

    /// The status with which the container's command ended, if it has.
    ///
    /// # Errors
    ///
    /// containerd refuses.
    pub fn exit_code(&self, container: &Container) -> Result<Option<u64>> {
        let answer = self.call("ContainerStatus", Message::default().text(1, &container.id))?;
        let Some(Field::Bytes(status)) = field(&answer, 1) else { bail!("no status") };
        let number = |index| match field(status, index) {
            Some(Field::Number(number)) => number,
            // Zero is not sent.
            _ => 0,
        };
        Ok((number(3) == EXITED).then(|| number(7)))
    }

    /// What runs in the container now, its own command and what clients have started.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn processes(&self, container: &Container) -> Result<Vec<PodProcess>> {
        processes::below_group(&container.id)
    }

    /// Everything that containerd has logged so far.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self) -> Result<String> {
        self.node.log(containerd::LOG)
    }

    /// The folder that holds everything; it goes with the server.
    pub fn folder(&self) -> &Path {
        self.node.folder()
    }

    fn sandbox_config(&self, name: &str) -> Message {
        let metadata = Message::default().text(1, name).text(2, name).text(3, "tests");
        let namespaces = Message::default().number(1, NODE_NETWORK);
        let security = Message::default().message(1, &namespaces);
        let linux = Message::default().text(1, &self.node.control_group()).message(2, &security);
        Message::default().message(1, &metadata).message(8, &linux)
    }

    /// Asks containerd by gRPC; the answer.
    fn call(&self, method: &str, request: Message) -> Result<Vec<u8>> {
        let message = request.into_bytes();
        let mut body = vec![0];
        body.extend_from_slice(&u32::try_from(message.len())?.to_be_bytes());
        body.extend_from_slice(&message);
        let head = tempfile::NamedTempFile::new()?;
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--http2-prior-knowledge", "--noproxy", "*"])
            .args(["--unix-socket", &containerd::socket(&self.node), "--dump-header"])
            .arg(head.path())
            .args(["--header", "content-type: application/grpc", "--header", "te: trailers"])
            .args(["--data-binary", "@-"])
            .arg(format!("http://containerd/runtime.v1.RuntimeService/{method}"));
        let answer = output_of(&mut command, &body, REQUEST_MAX)?;
        let head = fs::read_to_string(head.path())?;
        ensure!(
            head.lines().any(|line| line.trim() == "grpc-status: 0"),
            "{method}: {}; the log: {}",
            head.trim(),
            self.node.log_tail(containerd::LOG)
        );
        let message = answer.get(PREFIX_LEN_BYTES..).context("an answer has a prefix")?;
        Ok(message.to_vec())
    }
}

impl Container {
    /// Its identifier.
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn text(message: &[u8], number: u64) -> Result<String> {
    match field(message, number) {
        Some(Field::Bytes(bytes)) => Ok(String::from_utf8(bytes.to_vec())?),
        _ => bail!("field {number} is not in the answer"),
    }
}
