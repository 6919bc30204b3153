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
    Verifier, is_encrypted,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{config, tokens::jwks::Jwks};

/// What looks at a token with the keys of a moment.
type Check<T> = fn(&Verifier, &str, u64) -> Result<T, TokenError>;

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
    /// For decrypting. Private keys take long, and anyone may send what looks like a token: no number
    /// of them keeps more than half of the processors from those who are in.
    decrypting: Semaphore,
}

impl TokenService {
    /// Starts with the keys from files. Key sets are fetched by [`TokenService::keep_fresh`] and
    /// when a token asks for an unknown key.
    pub fn new(config: &config::Tokens) -> Self {
        let jwks = config.jwks.iter().cloned();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let inner = Inner {
            fixed: config.verifier.clone(),
            current: ArcSwap::from_pointee(config.verifier.clone()),
            jwks: jwks.map(|source| Jwks::new(source, config.jwks_refresh)).collect(),
            spent: MemoryJtis::new(config.spent_max),
            single_use: config.single_use,
            decrypting: Semaphore::new(cores.div_ceil(2)),
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
        self.with_fresh_keys(token, Verifier::verify).await
    }

    /// Verifies `token` for coming back to the session that it opened; it may have expired.
    ///
    /// # Errors
    ///
    /// [`TokenError`], for whatever else is wrong with the token.
    pub async fn verify_returning(&self, token: &str) -> Result<Returning, TokenError> {
        self.with_fresh_keys(token, Verifier::verify_returning).await
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

    /// Runs `check`, and once more with newer keys when it misses one.
    async fn with_fresh_keys<T: Send + 'static>(
        &self,
        token: &str,
        check: Check<T>,
    ) -> Result<T, TokenError> {
        let before = self.inner.current.load_full();
        match self.check(Arc::clone(&before), token, check).await {
            Err(error @ TokenError::UnknownKey { .. }) if !self.inner.jwks.is_empty() => {
                self.refresh(Jwks::refresh_for_unknown_key).await;
                let after = self.inner.current.load_full();
                // Another caller may have fetched meanwhile, so the keys themselves are compared.
                if Arc::ptr_eq(&before, &after) {
                    return Err(error);
                }
                self.check(after, token, check).await
            }
            other => other,
        }
    }

    /// Runs `check` where it holds up nobody.
    async fn check<T: Send + 'static>(
        &self,
        verifier: Arc<Verifier>,
        token: &str,
        check: Check<T>,
    ) -> Result<T, TokenError> {
        if !is_encrypted(token) {
            return check(&verifier, token, now_unix_s());
        }
        let _turn = self.inner.decrypting.acquire().await;
        let token = token.to_owned();
        let checked = spawn_blocking(move || check(&verifier, &token, now_unix_s()));
        checked.await.unwrap_or(Err(TokenError::Undecryptable))
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
