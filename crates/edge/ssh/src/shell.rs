//! A shell, or a command, in a terminal of its server's.

mod control;
mod stream;

use porthole_dial::{BoxStream, DialError, ShellControl};
use porthole_remote::Blame;
use russh::{ChannelMsg, Pty};

use self::stream::ShellStream;
use crate::{
    config::TerminalConfig,
    connection::{ANSWER_MAX, Channel, SshConnection, silent},
    error::fault,
    handler::{closed, fault_of},
};

/// Most bytes of a program that are kept before its server has said that it runs.
const EARLY_MAX_BYTES: usize = 1 << 20;

/// A shell that has started.
pub struct SshSession {
    /// What it writes and reads: a terminal's bytes. Its standard error is among them.
    pub stream: BoxStream,
    /// Its terminal's size, and its end.
    pub control: Box<dyn ShellControl>,
    /// The connection that it runs on, for channels beside it.
    pub connection: SshConnection,
}

impl std::fmt::Debug for SshSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshSession").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Starts what `config` names. What the server said before the log-on is shown above it.
pub(crate) async fn open(
    connection: SshConnection,
    config: &TerminalConfig,
) -> Result<SshSession, DialError> {
    let mut channel = connection.open_session().await?;
    let starting = start(&mut channel, config, &connection);
    let early = tokio::time::timeout(ANSWER_MAX, starting).await.map_err(|_elapsed| silent())??;
    let banner = connection.take_banner();
    let mut first = Vec::with_capacity(banner.len() + early.len());
    for line in banner.lines() {
        first.extend_from_slice(line.as_bytes());
        first.extend_from_slice(b"\r\n");
    }
    first.extend_from_slice(&early);
    let (stream, control) = ShellStream::new(channel, first, config.size, &connection);
    Ok(SshSession { stream: Box::new(stream), control: Box::new(control), connection })
}

/// Asks for a terminal and a program at once, so that it costs one round trip; and what the program
/// wrote before it was said that it runs.
async fn start(
    channel: &mut Channel,
    config: &TerminalConfig,
    connection: &SshConnection,
) -> Result<Vec<u8>, DialError> {
    let asked = ask(channel, config).await;
    asked.map_err(|error| fault_of(connection.fate(), error))?;
    let mut early = Vec::new();
    for (cause, what) in [("ssh_no_terminal", "terminal"), ("ssh_no_shell", "shell or command")] {
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => break,
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) => {
                    let message = format!("the SSH server gives this user no {what}");
                    return Err(fault(cause, Blame::Remote, message).into());
                }
                Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                    // What has come is no longer in the window, though nobody has read it.
                    if early.len() + data.len() > EARLY_MAX_BYTES {
                        let message = format!(
                            "the SSH server writes more than {EARLY_MAX_BYTES} bytes before it says \
                             that the shell or command runs"
                        );
                        return Err(fault("ssh_early", Blame::Remote, message).into());
                    }
                    early.extend_from_slice(&data);
                }
                Some(_) => {}
                None => return Err(connection.fate().take_fault().unwrap_or_else(closed)),
            }
        }
    }
    Ok(early)
}

async fn ask(channel: &Channel, config: &TerminalConfig) -> Result<(), russh::Error> {
    let (columns, rows) = (config.size.columns.into(), config.size.rows.into());
    let modes = [(Pty::VERASE, config.erase.into()), (Pty::IUTF8, 1)];
    if config.forward_agent {
        channel.agent_forward(false).await?;
    }
    channel.request_pty(true, &config.term, columns, rows, 0, 0, &modes).await?;
    for (name, value) in &config.env {
        channel.set_env(false, name, value).await?;
    }
    match &config.command {
        Some(command) => channel.exec(true, command.as_bytes()).await,
        None => channel.request_shell(true).await,
    }
}
