//! The way to a server: over the network, and over other servers.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use porthole_dial::{
    BoxStream, Caller, DialError, Protocol, Step, Target, TargetPolicy, Timeouts, TlsSettings,
    Transport, dial,
};
use porthole_remote::Blame;
use russh::client::connect_stream;
use tokio::io::BufReader;

use crate::{
    algorithms::client_config,
    config::{Hop, Login, SshConfig},
    connection::{ConnectedVia, SshConnection, words},
    error::fault,
    handler::{Handler, fault_of},
    hosts::{HostKeys, Verifier},
    login::{Place, log_on, unlock},
    metered::Metered,
    shell::SshSession,
};

/// The port that SSH has where no other is named.
const SSH_PORT: u16 = 22;

/// Room for what is read of a server at a time. Longer packets do without it.
const READ_AHEAD_BYTES: usize = 16 << 10;

/// Reaches `target`, logs on, and starts its shell or command. Safe to drop at any time.
///
/// # Errors
///
/// [`DialError`]: as [`dial`], for the target and for each server on the way; a host key that is not
/// trusted; a log-on that was refused or lacks something; a server that gives no shell.
pub async fn open_shell(
    target: &Target,
    config: &SshConfig,
    policy: &TargetPolicy,
    timeouts: &Timeouts,
    caller: &Caller,
) -> Result<SshSession, DialError> {
    let connection = connect(target, config, policy, timeouts, caller).await?;
    connection.open_shell(&config.terminal).await
}

/// Reaches `target` and logs on, for channels other than a shell's. Safe to drop at any time.
///
/// # Errors
///
/// As [`open_shell`].
pub async fn connect(
    target: &Target,
    config: &SshConfig,
    policy: &TargetPolicy,
    timeouts: &Timeouts,
    caller: &Caller,
) -> Result<SshConnection, DialError> {
    let way = Way { policy, timeouts, caller, keepalive: config.keepalive };
    let mut before: Option<SshConnection> = None;
    for (index, hop) in config.hops.iter().enumerate() {
        let stop = Stop::at(hop, index + 1);
        caller.progress(format!("connecting to jump host {}", index + 1));
        let (stream, via) = match &before {
            None => way.dial(&stop.target()).await?,
            Some(before) => way.tunnel(before, &stop).await?,
        };
        before = Some(way.enter(stream, via, &stop).await?);
    }
    let stop = Stop::last(target, config)?;
    caller.progress("connecting");
    let (stream, via) = match &before {
        None => way.dial(target).await?,
        Some(before) => way.tunnel(before, &stop).await?,
    };
    way.enter(stream, via, &stop).await
}

/// A server that is logged on to: one on the way, or the target.
struct Stop<'a> {
    place: Place,
    host: String,
    port: u16,
    login: &'a Login,
    host_keys: &'a HostKeys,
    /// The agent that it may use in our name.
    agent: Option<&'a PathBuf>,
}

/// What all stops have in common.
struct Way<'a> {
    policy: &'a TargetPolicy,
    timeouts: &'a Timeouts,
    caller: &'a Caller,
    keepalive: Option<Duration>,
}

impl<'a> Stop<'a> {
    fn at(hop: &'a Hop, number: usize) -> Self {
        Self {
            place: Place::Hop(number),
            host: hop.host.clone(),
            port: hop.port,
            login: &hop.login,
            host_keys: &hop.host_keys,
            agent: None,
        }
    }

    fn last(target: &Target, config: &'a SshConfig) -> Result<Self, DialError> {
        let (host, port) = match &target.transport {
            Transport::Tcp { host, port } => (host.clone(), *port),
            _ if !config.hops.is_empty() => {
                let reason = "can be reached over jump hosts by its name and port only";
                return Err(DialError::BadTarget { field: "target", reason });
            }
            Transport::Unix { path } => (path.display().to_string(), SSH_PORT),
            Transport::WebSocket(socket) => (socket.url.clone(), SSH_PORT),
            _ => {
                let reason = "cannot be reached in this way by SSH";
                return Err(DialError::BadTarget { field: "target", reason });
            }
        };
        Ok(Self {
            place: Place::Target,
            host,
            port,
            login: &config.login,
            host_keys: &config.host_keys,
            agent: config.login.agent.as_ref().filter(|_| config.terminal.forward_agent),
        })
    }

    /// What is dialled, if we dial it.
    fn target(&self) -> Target {
        Target {
            protocol: Protocol::Ssh,
            transport: Transport::Tcp { host: self.host.clone(), port: self.port },
            tls: TlsSettings::default(),
        }
    }
}

impl Way<'_> {
    async fn dial(&self, target: &Target) -> Result<(BoxStream, ConnectedVia), DialError> {
        let dialled = dial(target, self.policy, self.timeouts).await?;
        let via = ConnectedVia { peer: dialled.peer, is_local: dialled.is_local };
        Ok((dialled.stream, via))
    }

    /// Has the server `before` connect to `stop`, if the policy permits that.
    async fn tunnel(
        &self,
        before: &SshConnection,
        stop: &Stop<'_>,
    ) -> Result<(BoxStream, ConnectedVia), DialError> {
        let name = self.policy.check_behind(Protocol::Ssh, &stop.host, stop.port)?;
        let limit = self.timeouts.connect;
        let opening = before.open_tcp(name.host(), name.port());
        let peer = format!("{name} behind {}", before.via().peer);
        let opened = tokio::time::timeout(limit, opening).await.map_err(|_elapsed| {
            DialError::Timeout { step: Step::Connect, peer: peer.clone(), limit }
        })?;
        let stream = opened.map_err(|error| match error {
            russh::Error::ChannelOpenFailure(reason) => {
                let words = words(&reason);
                tracing::warn!(peer, words, "a jump host opens no connection");
                let message = format!("the jump host opens no connection to the next: {words}");
                fault("jump_refused", Blame::Remote, message).into()
            }
            error => fault_of(before.fate(), error),
        })?;
        Ok((stream, ConnectedVia { peer, is_local: false }))
    }

    /// Meets the server at the other end of `stream`, and logs on.
    async fn enter(
        &self,
        stream: BoxStream,
        via: ConnectedVia,
        stop: &Stop<'_>,
    ) -> Result<SshConnection, DialError> {
        let verifier = self.verifier(stop).await?;
        let keys = unlock(stop.login, stop.place, self.caller).await?;
        let config = client_config(&verifier, self.keepalive);
        let handler = Handler::new(verifier, stop.agent.cloned());
        let fate = Arc::clone(&handler.fate);
        let (stream, trusted) = Metered::new(stream);
        // russh reads a packet's length and then the packet: together that is one read.
        let stream = BufReader::with_capacity(READ_AHEAD_BYTES, stream);
        let limit = self.timeouts.connect;
        let met = tokio::time::timeout(limit, connect_stream(config, stream, handler)).await;
        let mut handle = match met {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => return Err(fault_of(&fate, error)),
            Err(_elapsed) => {
                let message = format!("the SSH server did not exchange keys within {limit:?}");
                return Err(fault("ssh_timeout", Blame::Remote, message).into());
            }
        };
        if let Some(words) = fate.take_unverified() {
            self.caller.unverified(words).await;
        }
        let banner = log_on(&mut handle, &fate, stop.login, keys, stop.place, self.caller).await?;
        trusted.store(true, Ordering::Relaxed);
        Ok(SshConnection::new(handle, fate, via, banner))
    }

    /// What is known of the server's host key.
    async fn verifier(&self, stop: &Stop<'_>) -> Result<Verifier, DialError> {
        let (host, port, keys) = (stop.host.clone(), stop.port, stop.host_keys.clone());
        let reading = tokio::task::spawn_blocking(move || Verifier::read(&host, port, &keys));
        reading.await.map_err(|stopping| DialError::Broken(stopping.into()))?
    }
}
