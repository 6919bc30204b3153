//! A server that has let us in.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use porthole_dial::{BoxStream, DialError};
use porthole_remote::Blame;
use russh::client::{Handle, Msg};

use crate::{
    config::TerminalConfig,
    error::fault,
    handler::{Fate, Handler, closed, fault_of},
    shell::{self, SshSession},
};

/// How long a server may take to answer what is asked of a channel.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A channel of russh's.
pub type Channel = russh::Channel<Msg>;

/// How a connection came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedVia {
    /// What was connected to, for the log.
    pub peer: String,
    /// Whether the server is on this machine.
    pub is_local: bool,
}

/// A server that has let us in. Clones are the same connection, which ends with the last of them
/// and of its channels.
#[derive(Clone)]
pub struct SshConnection {
    handle: Arc<Handle<Handler>>,
    fate: Arc<Fate>,
    via: Arc<ConnectedVia>,
    /// What the server said before the log-on, until a shell shows it.
    banner: Arc<Mutex<String>>,
}

impl fmt::Debug for SshConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshConnection").field("peer", &self.via.peer).finish_non_exhaustive()
    }
}

impl SshConnection {
    pub(crate) fn new(
        handle: Handle<Handler>,
        fate: Arc<Fate>,
        via: ConnectedVia,
        banner: String,
    ) -> Self {
        let banner = Arc::new(Mutex::new(banner));
        Self { handle: Arc::new(handle), fate, via: Arc::new(via), banner }
    }

    /// How it came to be.
    pub fn via(&self) -> &ConnectedVia {
        &self.via
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    pub(crate) fn fate(&self) -> &Arc<Fate> {
        &self.fate
    }

    pub(crate) fn take_banner(&self) -> String {
        std::mem::take(&mut self.banner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts a shell, or the command that `config` names, in a terminal. The first one shows what
    /// the server said before the log-on.
    ///
    /// # Errors
    ///
    /// The server gives none, does not answer, or is gone.
    pub async fn open_shell(self, config: &TerminalConfig) -> Result<SshSession, DialError> {
        shell::open(self, config).await
    }

    /// Opens a session channel (RFC 4254 section 6.1), on which nothing runs yet.
    ///
    /// # Errors
    ///
    /// The server refuses it, does not answer, or is gone.
    pub async fn open_session(&self) -> Result<Channel, DialError> {
        let opened = tokio::time::timeout(ANSWER_MAX, self.handle.channel_open_session()).await;
        match opened.map_err(|_elapsed| silent())? {
            Ok(channel) => Ok(channel),
            Err(russh::Error::ChannelOpenFailure(reason)) => {
                let message = format!("the SSH server opens no channel: {}", words(&reason));
                Err(fault("ssh_no_channel", Blame::Remote, message).into())
            }
            Err(error) => Err(fault_of(&self.fate, error)),
        }
    }

    /// Opens a session channel and a subsystem in it, such as `sftp` (RFC 4254 section 6.5).
    ///
    /// # Errors
    ///
    /// As [`Self::open_session`]; or the server has no such subsystem.
    pub async fn open_subsystem(&self, name: &str) -> Result<Channel, DialError> {
        let mut channel = self.open_session().await?;
        channel.request_subsystem(true, name).await.map_err(|e| fault_of(&self.fate, e))?;
        let answered = async {
            loop {
                match channel.wait().await {
                    Some(russh::ChannelMsg::Success) => return Ok(()),
                    Some(russh::ChannelMsg::Failure | russh::ChannelMsg::Close) => {
                        let message = format!("the SSH server has no {name} subsystem");
                        return Err(fault("ssh_no_subsystem", Blame::Remote, message).into());
                    }
                    Some(_) => {}
                    None => return Err(self.fate.take_fault().unwrap_or_else(closed)),
                }
            }
        };
        tokio::time::timeout(ANSWER_MAX, answered).await.map_err(|_elapsed| silent())??;
        Ok(channel)
    }

    /// Has the server connect to another one (RFC 4254 section 7.2).
    pub(crate) async fn open_tcp(&self, host: &str, port: u16) -> Result<BoxStream, russh::Error> {
        let channel =
            self.handle.channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 0).await?;
        Ok(Box::new(channel.into_stream()))
    }
}

/// Why a channel was refused, in words.
pub(crate) fn words(reason: &russh::ChannelOpenFailure) -> String {
    use russh::ChannelOpenFailure as Failure;
    match reason {
        Failure::AdministrativelyProhibited => "it is not permitted".into(),
        Failure::ConnectFailed => "the connection failed".into(),
        Failure::UnknownChannelType => "it does not know such channels".into(),
        Failure::ResourceShortage => "it is short of something".into(),
        Failure::Other { reason, .. } => porthole_wire::text(reason.as_bytes()),
    }
}

/// A server that does not answer.
pub(crate) fn silent() -> DialError {
    let message = format!("the SSH server did not answer within {ANSWER_MAX:?}");
    fault("ssh_silent", Blame::Remote, message).into()
}
