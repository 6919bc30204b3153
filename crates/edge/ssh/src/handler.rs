//! What a server tells us unasked.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use porthole_dial::DialError;
use porthole_remote::{Blame, RemoteError};
use russh::{
    Channel,
    client::{self, ChannelOpenHandle, DisconnectReason, Msg, Session},
    keys::PublicKeyOrCertificate,
};
use tokio::sync::Semaphore;

use crate::{
    agent,
    error::{fault, of_russh},
    hosts::{Verdict, Verifier},
};

/// Most of a server's words before the log-on that are kept, in bytes.
const BANNER_MAX_BYTES: usize = 2048;

/// Most channels that a server has open to the agent at once.
const AGENT_CHANNELS_MAX: usize = 8;

/// What is known of a connection beside its channels. Shared by everybody who has to do with it.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why it ended, or was refused.
    fault: Option<DialError>,
    /// What the server had to say before the log-on.
    banner: Vec<u8>,
    /// What was accepted without proof.
    unverified: Option<String>,
}

impl Fate {
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why the connection ended, if anybody knows and has not been told.
    pub(crate) fn take_fault(&self) -> Option<DialError> {
        self.with(|state| state.fault.take())
    }

    fn refuse(&self, error: impl Into<DialError>) {
        self.with(|state| {
            state.fault.get_or_insert(error.into());
        });
    }

    /// What the server had to say since the last call: lines fit to print, apart by `\n`.
    pub(crate) fn take_banner(&self) -> String {
        let bytes = self.with(|state| std::mem::take(&mut state.banner));
        printable_lines(&bytes)
    }

    /// What was accepted without proof, once.
    pub(crate) fn take_unverified(&self) -> Option<String> {
        self.with(|state| state.unverified.take())
    }
}

/// Lines that are fit to print, without those that are empty at the end.
pub(crate) fn printable_lines(bytes: &[u8]) -> String {
    let lines = bytes.split(|byte| *byte == b'\n').map(porthole_wire::text);
    let text = lines.collect::<Vec<_>>().join("\n");
    text.trim_end().to_owned()
}

/// Hears what a server says.
pub(crate) struct Handler {
    pub(crate) fate: Arc<Fate>,
    pub(crate) verifier: Arc<Verifier>,
    /// The agent that the server may use.
    pub(crate) agent: Option<PathBuf>,
    pub(crate) agent_channels: Arc<Semaphore>,
}

impl Handler {
    pub(crate) fn new(verifier: Verifier, agent: Option<PathBuf>) -> Self {
        Self {
            fate: Arc::default(),
            verifier: Arc::new(verifier),
            agent,
            agent_channels: Arc::new(Semaphore::new(AGENT_CHANNELS_MAX)),
        }
    }
}

impl client::Handler for Handler {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let verifier = Arc::clone(&self.verifier);
        let shown = match shown {
            PublicKeyOrCertificate::PublicKey { key, hash_alg } => {
                PublicKeyOrCertificate::PublicKey { key: key.clone(), hash_alg: *hash_alg }
            }
            PublicKeyOrCertificate::Certificate(it) => it.clone().into(),
        };
        // A key that is learned is written to a file, which may be slow.
        let judging = tokio::task::spawn_blocking(move || verifier.judge(&shown));
        match judging.await.map_err(io::Error::from)? {
            Verdict::Trusted => Ok(true),
            Verdict::Unverified(words) => {
                self.fate.with(|state| state.unverified = Some(words));
                Ok(true)
            }
            Verdict::Refused(error) => {
                self.fate.refuse(error);
                Ok(false)
            }
        }
    }

    async fn auth_banner(&mut self, text: &str, _: &mut Session) -> Result<(), russh::Error> {
        self.fate.with(|state| {
            let room = BANNER_MAX_BYTES.saturating_sub(state.banner.len());
            state.banner.extend(text.bytes().take(room));
        });
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<russh::Error>,
    ) -> Result<(), russh::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                let words = porthole_wire::text(info.message.as_bytes());
                let message = format!("the SSH server ended the connection: {words}");
                self.fate.refuse(RemoteError::new("ssh_disconnected", Blame::Remote, message));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.fate.refuse(of_russh(error));
                Ok(())
            }
        }
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(socket) = self.agent.clone() else { return Ok(()) };
        let Ok(permit) = Arc::clone(&self.agent_channels).try_acquire_owned() else {
            return Ok(());
        };
        reply.accept().await;
        tokio::spawn(async move {
            agent::serve(&socket, channel).await;
            drop(permit);
        });
        Ok(())
    }

    // A reply that is dropped refuses. Nothing was asked for that a server might open these for.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        Ok(())
    }
}

/// The fault of a connection that ended, from what is known of it or from `otherwise`.
pub(crate) fn fault_of(fate: &Fate, otherwise: russh::Error) -> DialError {
    fate.take_fault().unwrap_or_else(|| of_russh(otherwise))
}

/// A connection that ended, without a reason.
pub(crate) fn closed() -> DialError {
    let message = "the SSH server closed the connection";
    fault("ssh_closed", Blame::Remote, message).by_loss().into()
}
