//! Where streams for SFTP come from: a connection that is there, or one of their own.

use std::{fmt, sync::Arc};

use porthole_dial::{BoxStream, Caller, CallerNews, DialError, Target, TargetPolicy, Timeouts};
use porthole_files::{FilesError, Reply};

use super::{SftpOpener, SftpStore};
use crate::{SshConfig, SshConnection, connect};

/// The subsystem's name (RFC 4254 section 6.5).
const SUBSYSTEM: &str = "sftp";

/// An SSH server whose files are reached over a connection for them alone.
#[derive(Clone)]
pub struct SftpServer {
    /// Where it is.
    pub target: Target,
    /// Who we are to it, and how it proves who it is. Its terminal counts for nothing.
    pub config: SshConfig,
    /// Which places may be dialled.
    pub policy: Arc<TargetPolicy>,
    /// How long reaching it may take.
    pub timeouts: Timeouts,
}

impl fmt::Debug for SftpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SftpServer").field("target", &self.target).finish_non_exhaustive()
    }
}

impl SftpStore {
    /// The files below `root` on a server that is logged on to. The connection lasts as long as the
    /// store, if it is not lost.
    pub fn over(connection: SshConnection, root: impl Into<String>) -> Self {
        Self::new(Box::new(connection), root)
    }

    /// The files below `root` on a server that is connected to when they are first used.
    pub fn of(server: SftpServer, root: impl Into<String>) -> Self {
        Self::new(Box::new(server), root)
    }
}

impl SftpOpener for SshConnection {
    fn open(&self) -> Reply<'_, BoxStream> {
        Box::pin(async {
            let channel = self.open_subsystem(SUBSYSTEM).await;
            let channel = channel.map_err(|error| unavailable(&error))?;
            Ok(Box::new(channel.into_stream()) as BoxStream)
        })
    }
}

impl SftpOpener for SftpServer {
    fn open(&self) -> Reply<'_, BoxStream> {
        Box::pin(async {
            let (caller, mut news) = Caller::new();
            // Nobody is asked anything: a desktop is on the screen. What is dropped is not answered.
            let listening = tokio::spawn(async move {
                while let Some(news) = news.recv().await {
                    if let CallerNews::Unverified(words) = news {
                        tracing::warn!(words, "a server of files was not verified");
                    }
                }
            });
            let Self { target, config, policy, timeouts } = self;
            let connection = connect(target, config, policy, timeouts, &caller).await;
            drop((caller, listening));
            connection.map_err(|error| unavailable(&error))?.open().await
        })
    }
}

/// What the page may know of a connection that was not made.
fn unavailable(error: &DialError) -> FilesError {
    tracing::warn!(%error, "files over SFTP cannot be reached");
    let reason = match error {
        DialError::Remote(fault) => fault.to_string(),
        DialError::Policy(_) => "the gateway may not connect to that server".to_owned(),
        DialError::Unasked => "the server wants credentials that are not configured".to_owned(),
        DialError::Timeout { .. } => "the server does not answer in time".to_owned(),
        _ => "the SSH server cannot be reached".to_owned(),
    };
    FilesError::Unavailable { reason }
}
