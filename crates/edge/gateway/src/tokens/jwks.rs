//! One key set on a web server: when to fetch it, and what to use until then.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use hyper::Uri;
use porthole_token::KeySet;
use tokio::{sync::Mutex, time::Instant};

use super::fetch;
use crate::config::JwksSource;

/// Shortest time between two fetches that unknown keys cause: anyone can send a token with a
/// key's name that nobody has.
const UNKNOWN_KEY_GAP_MIN: Duration = Duration::from_secs(10);

/// How long after a failed fetch the next one is due.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// A key set that is fetched again and again. A failure keeps the old set.
pub(super) struct Jwks {
    source: JwksSource,
    refresh: Duration,
    /// The last set that was fetched well.
    keys: ArcSwap<Option<KeySet>>,
    /// When the next fetch is due.
    due_at: ArcSwap<Instant>,
    /// When the last fetch began. Held while fetching, so that fetches never run side by side.
    last_began: Mutex<Option<Instant>>,
}

impl Jwks {
    pub(super) fn new(source: JwksSource, refresh: Duration) -> Self {
        Self {
            source,
            refresh,
            keys: ArcSwap::from_pointee(None),
            due_at: ArcSwap::from_pointee(Instant::now()),
            last_began: Mutex::new(None),
        }
    }

    pub(super) const fn url(&self) -> &Uri {
        &self.source.url
    }

    pub(super) fn keys(&self) -> Arc<Option<KeySet>> {
        self.keys.load_full()
    }

    pub(super) fn due_at(&self) -> Instant {
        **self.due_at.load()
    }

    /// Fetches the set if it is due; whether there is a new one.
    pub(super) async fn refresh_if_due(&self) -> bool {
        let mut last_began = self.last_began.lock().await;
        let now = Instant::now();
        if now < self.due_at() {
            return false;
        }
        *last_began = Some(now);
        self.fetch().await
    }

    /// Fetches the set unless that was done just now; whether there may be a new one.
    pub(super) async fn refresh_for_unknown_key(&self) -> bool {
        let asked_at = Instant::now();
        let mut last_began = self.last_began.lock().await;
        match *last_began {
            // Somebody else's fetch began while we waited for the lock: its keys are ours too.
            Some(began) if began >= asked_at => return true,
            Some(began) if asked_at < began + UNKNOWN_KEY_GAP_MIN => return false,
            _ => {}
        }
        *last_began = Some(Instant::now());
        self.fetch().await
    }

    async fn fetch(&self) -> bool {
        let fetched = fetch::fetch(&self.source).await;
        let next = if fetched.is_ok() { self.refresh } else { RETRY_AFTER.min(self.refresh) };
        self.due_at.store(Arc::new(Instant::now() + next));
        // The query is left out of the log, where some servers expect a credential.
        let url = fetch::without_query(&self.source.url);
        match fetched {
            Ok(jwks) => {
                for skipped in &jwks.skipped {
                    tracing::warn!(%url, kid = ?skipped.kid, error = %skipped.error, "a key is not used");
                }
                tracing::debug!(%url, keys = jwks.keys.len(), "fetched the key set");
                self.keys.store(Arc::new(Some(jwks.keys)));
                true
            }
            Err(error) => {
                let kept = self.keys.load().as_ref().as_ref().map_or(0, KeySet::len);
                tracing::error!(%url, %error, kept, "fetching the key set failed");
                false
            }
        }
    }
}
