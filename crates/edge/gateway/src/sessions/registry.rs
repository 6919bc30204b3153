//! Which sessions live in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::task::Command;
use crate::{GatewayError, config::SessionLimits};

/// How long sessions have to tell their viewers once they are stopped.
const STOP_MAX: Duration = Duration::from_secs(3);

/// A session's name: 16 random bytes.
pub(super) type SessionId = [u8; 16];

/// How to reach a session, and who may.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    /// To its task.
    pub(super) commands: mpsc::Sender<Command>,
    /// `iss` of the token that opened it.
    pub(super) issuer: String,
    /// `jti` of the token that opened it.
    pub(super) jti: String,
}

/// Every session of this gateway.
#[derive(Debug)]
pub struct Registry {
    max: usize,
    sessions: Mutex<HashMap<SessionId, Handle>>,
    count: watch::Sender<usize>,
}

impl Registry {
    /// No sessions yet.
    pub fn new(limits: &SessionLimits) -> Self {
        Self { max: limits.max, sessions: Mutex::new(HashMap::new()), count: watch::Sender::new(0) }
    }

    /// Sessions that live.
    pub fn count(&self) -> usize {
        self.held().len()
    }

    /// Tells viewers that the gateway is about to leave, waits until every session has ended or
    /// `limit` has passed, and then ends those that are left.
    pub async fn drain(&self, limit: Duration) {
        self.tell_all(|| Command::Notice("the gateway is about to be restarted")).await;
        if !self.is_empty_within(limit).await {
            self.tell_all(|| Command::Stop).await;
            self.is_empty_within(STOP_MAX).await;
        }
    }

    /// Takes a place for a session.
    ///
    /// # Errors
    ///
    /// [`GatewayError::Full`].
    pub(super) fn enter(
        registry: &Arc<crate::App>,
        id: SessionId,
        handle: Handle,
    ) -> Result<Place, GatewayError> {
        let held = &registry.registry;
        let mut sessions = held.held();
        if sessions.len() >= held.max {
            return Err(GatewayError::Full { limit: held.max });
        }
        sessions.insert(id, handle);
        held.count.send_replace(sessions.len());
        Ok(Place { app: Arc::clone(registry), id })
    }

    /// The session of this name.
    pub(super) fn find(&self, id: &SessionId) -> Option<Handle> {
        self.held().get(id).cloned()
    }

    async fn tell_all(&self, command: impl Fn() -> Command) {
        let all: Vec<_> = self.held().values().map(|handle| handle.commands.clone()).collect();
        for commands in all {
            // A session that has just ended needs no telling.
            let _gone = commands.send(command()).await;
        }
    }

    async fn is_empty_within(&self, limit: Duration) -> bool {
        let mut count = self.count.subscribe();
        // The sender is `self`, so waiting cannot fail otherwise.
        timeout(limit, count.wait_for(|count| *count == 0)).await.is_ok()
    }

    /// The map holds nothing that a panic elsewhere could have left half done.
    fn held(&self) -> MutexGuard<'_, HashMap<SessionId, Handle>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's entry in the registry; dropping it, even by a panic, takes it out.
#[derive(Debug)]
pub(super) struct Place {
    app: Arc<crate::App>,
    id: SessionId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let registry = &self.app.registry;
        let mut sessions = registry.held();
        sessions.remove(&self.id);
        registry.count.send_replace(sessions.len());
    }
}
