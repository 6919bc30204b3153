//! Verifies tokens with keys that may rotate, and remembers which were used.

mod fetch;
mod jwks;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
pub use fetch::FetchError;
use porthole_token::{
    ENCRYPTED_TOKEN_MAX_BYTES, JtiStore, KeySet, MemoryJtis, Returning, TokenError, Verified,
    Verifier,
};

use crate::{config, tokens::jwks::Jwks};

/// Verifies tokens. Clones share keys and memory.
#[derive(Clone)]
pub struct TokenService {
    inner: Arc<Inner>,
}

struct Inner {
    /// The rules and the keys from files, which never change.
    fixed: Verifier,
    /// The same rules with every key that is known now.
    current: ArcSwap<Verifier>,
    jwks: Vec<Jwks>,
    spent: MemoryJtis,
    single_use: bool,
}

impl TokenService {
    /// Starts with the keys from files. Key sets are fetched by [`TokenService::keep_fresh`] and
    /// when a token asks for an unknown key.
    pub fn new(config: &config::Tokens) -> Self {
        let jwks = config.jwks.iter().cloned();
        let inner = Inner {
            fixed: config.verifier.clone(),
            current: ArcSwap::from_pointee(config.verifier.clone()),
            jwks: jwks.map(|source| Jwks::new(source, config.jwks_refresh)).collect(),
            spent: MemoryJtis::new(config.spent_max),
            single_use: config.single_use,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Fetches key sets when they are due. Never ends; drop it to stop.
    pub async fn keep_fresh(&self) {
        if self.inner.jwks.is_empty() {
            return std::future::pending().await;
        }
        loop {
            self.refresh(Jwks::refresh_if_due).await;
            let next = self.inner.jwks.iter().map(Jwks::due_at).min();
            match next {
                Some(next) => tokio::time::sleep_until(next).await,
                None => return std::future::pending().await,
            }
        }
    }

    /// Whether any key is known: without one every token is refused.
    pub fn is_ready(&self) -> bool {
        !self.inner.current.load().keys().is_empty()
    }

    /// Verifies `token` for opening a session. When its key is unknown, key sets are fetched
    /// again first, each at most every ten seconds.
    ///
    /// # Errors
    ///
    /// [`TokenError`], for whatever is wrong with the token.
    pub async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        self.with_fresh_keys(|verifier| verifier.verify(token, now_unix_s())).await
    }

    /// Verifies `token` for coming back to the session that it opened; it may have expired.
    ///
    /// # Errors
    ///
    /// [`TokenError`], for whatever else is wrong with the token.
    pub async fn verify_returning(&self, token: &str) -> Result<Returning, TokenError> {
        self.with_fresh_keys(|verifier| verifier.verify_returning(token, now_unix_s())).await
    }

    /// Uses the token up, unless the configuration lets tokens be used again.
    ///
    /// # Errors
    ///
    /// It was used before, or cannot be remembered; no session may be opened.
    pub fn spend(&self, verified: &Verified) -> Result<(), TokenError> {
        if self.inner.single_use {
            let store: &dyn JtiStore = &self.inner.spent;
            verified.spend(store, now_unix_s())?;
        }
        Ok(())
    }

    /// Runs `verify`, and once more with newer keys when it misses one.
    async fn with_fresh_keys<T>(
        &self,
        verify: impl Fn(&Verifier) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let before = self.inner.current.load_full();
        match verify(&before) {
            Err(error @ TokenError::UnknownKey { .. }) if !self.inner.jwks.is_empty() => {
                self.refresh(Jwks::refresh_for_unknown_key).await;
                let after = self.inner.current.load_full();
                // Another caller may have fetched meanwhile, so the keys themselves are compared.
                if Arc::ptr_eq(&before, &after) { Err(error) } else { verify(&after) }
            }
            other => other,
        }
    }

    /// Refreshes every key set with `refresh`, and publishes the keys if any set is new.
    async fn refresh(&self, refresh: impl AsyncFn(&Jwks) -> bool) {
        let mut changed = false;
        for jwks in &self.inner.jwks {
            changed |= refresh(jwks).await;
        }
        if changed {
            self.publish();
        }
    }

    fn publish(&self) {
        let mut keys: KeySet = self.inner.fixed.keys().clone();
        for jwks in &self.inner.jwks {
            if let Some(fetched) = &*jwks.keys()
                && let Err(error) = keys.add_all(fetched)
            {
                tracing::error!(source = %jwks.url(), %error, "the keys of this set are not used");
            }
        }
        self.inner.current.store(Arc::new(self.inner.fixed.with_keys(keys)));
    }
}

impl std::fmt::Debug for TokenService {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenService")
    }
}

/// Seconds since 1970. A clock before that counts as then, when every token has expired or is
/// not valid yet.
pub fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Finds the token in what a browser offers, if it is short enough to be one.
pub(crate) fn fits(token: &str) -> bool {
    !token.is_empty() && token.len() <= ENCRYPTED_TOKEN_MAX_BYTES
}

#[cfg(test)]
#[path = "tokens/tokens_tests.rs"]
mod tests;
