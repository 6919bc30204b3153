//! Running a script in a container.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use porthole_containers::{CLOSE_STDIN, Frame, Outcome, stdin};
use porthole_dial::DialError;
use tokio::time::timeout;

use crate::{
    error::{broken, late},
    server::Server,
    socket::{Arrived, Call, Place, Receiver, Sender, Socket},
};

/// Most that is read of what a script writes.
const OUTPUT_MAX_BYTES: usize = 16 << 20;

/// Most that is kept of what a script writes to its standard error.
const ERRORS_MAX_BYTES: usize = 4 << 10;

/// How long a script may take that moves no file.
const SCRIPT_MAX: Duration = Duration::from_secs(60);

/// What came of a script.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) output: BytesMut,
    pub(crate) errors: String,
}

/// Runs a script to its end.
pub(crate) async fn run_script(
    server: &Server,
    place: &Place,
    script: &str,
    arguments: &[&str],
) -> Result<Ran, DialError> {
    let running = async {
        let mut script = Running::start(server, place, script, arguments, false).await?;
        let mut output = BytesMut::new();
        while let Some(bytes) = script.next().await? {
            if output.len() + bytes.len() > OUTPUT_MAX_BYTES {
                return Err(broken("a script in the container wrote too much"));
            }
            output.extend_from_slice(&bytes);
        }
        let (outcome, errors) = script.ended();
        Ok(Ran { outcome, output, errors })
    };
    timeout(SCRIPT_MAX, running).await.unwrap_or_else(|_elapsed| Err(late("run a script")))
}

/// A script that runs.
pub(super) struct Running {
    sender: Sender,
    receiver: Receiver,
    errors: BytesMut,
    outcome: Option<Outcome>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl Running {
    pub(super) async fn start(
        server: &Server,
        place: &Place,
        script: &str,
        arguments: &[&str],
        has_input: bool,
    ) -> Result<Self, DialError> {
        let mut command = vec!["/bin/sh", "-c", script, "sh"];
        command.extend_from_slice(arguments);
        let call = Call::Pipes(&command, has_input);
        let (sender, receiver) = Socket::open(server, place, call).await?.split();
        Ok(Self { sender, receiver, errors: BytesMut::new(), outcome: None })
    }

    /// More of its output; `None` at its end. Not empty.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, DialError> {
        if self.outcome.is_some() {
            return Ok(None);
        }
        loop {
            match self.receiver.next().await? {
                Arrived::Frame(Frame::Output(bytes)) if !bytes.is_empty() => {
                    return Ok(Some(bytes));
                }
                Arrived::Frame(Frame::Errors(bytes)) => {
                    let room = ERRORS_MAX_BYTES.saturating_sub(self.errors.len());
                    self.errors.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                }
                Arrived::Frame(Frame::Status(status)) => {
                    self.outcome = Some(Outcome::read(&status));
                    return Ok(None);
                }
                Arrived::Closed => return Err(broken("a script's stream ended without a word")),
                Arrived::Frame(_) | Arrived::Pong => {}
            }
        }
    }

    /// Gives it input.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), DialError> {
        self.sender.send(stdin(bytes)).await
    }

    /// Says that no more input follows, where that can be said.
    pub(super) async fn close_input(&mut self) -> Result<(), DialError> {
        if self.sender.closes_stdin {
            self.sender.send(Bytes::from_static(&CLOSE_STDIN)).await
        } else {
            Ok(())
        }
    }

    /// How it ended, and what it complained of.
    pub(super) fn ended(&mut self) -> (Outcome, String) {
        let outcome =
            self.outcome.clone().unwrap_or(Outcome::Failed("it has not ended".to_owned()));
        (outcome, String::from_utf8_lossy(&self.errors).into_owned())
    }
}
