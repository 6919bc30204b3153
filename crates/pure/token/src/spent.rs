//! Which tokens have been used.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::TokenError;

/// Remembers used tokens by issuer and `jti`. Asking and recording are one step: of two callers
/// with the same token, one is refused.
pub trait JtiStore: Send + Sync {
    /// Records that the token `jti` of `issuer` has been used, until `until_unix_s`: from then on
    /// it is no longer accepted for its age. Times are seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`TokenError::AlreadySpent`] when it was used before; [`TokenError::SpentFull`] or
    /// [`TokenError::SpentFailed`] when it cannot be recorded. The caller then opens no session.
    fn spend(
        &self,
        jti: &str,
        issuer: &str,
        until_unix_s: u64,
        now_unix_s: u64,
    ) -> Result<(), TokenError>;
}

/// Used tokens in the memory of one gateway. A restart forgets them, so tokens should live for
/// minutes, not days.
#[derive(Debug)]
pub struct MemoryJtis {
    capacity: usize,
    spent: Mutex<Spent>,
}

/// Most entries that one call forgets, so that no caller waits for everyone else's.
const FORGOTTEN_PER_CALL_MAX: usize = 256;

type Identity = (Box<str>, Box<str>);

/// INVARIANT: `known` and the values of `by_end` hold the same identities.
#[derive(Debug, Default)]
struct Spent {
    known: HashSet<Arc<Identity>>,
    /// By end and a number that tells entries of the same end apart.
    by_end: BTreeMap<(u64, u64), Arc<Identity>>,
    entries_made: u64,
    /// What ended by this time may have been forgotten.
    forgotten_until_unix_s: u64,
}

impl MemoryJtis {
    /// Remembers at most `capacity` tokens that are still alive. An entry takes about 200 bytes and
    /// the lengths of issuer and `jti`.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, spent: Mutex::new(Spent::default()) }
    }
}

impl Default for MemoryJtis {
    /// Room for 65,536 tokens.
    fn default() -> Self {
        Self::new(1 << 16)
    }
}

impl JtiStore for MemoryJtis {
    fn spend(
        &self,
        jti: &str,
        issuer: &str,
        until_unix_s: u64,
        now_unix_s: u64,
    ) -> Result<(), TokenError> {
        // No step below can leave the maps half changed, so a poisoned lock is as good as another.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.forget(now_unix_s);
        let identity: Identity = (issuer.into(), jti.into());
        // A clock that was set back must not revive a token whose entry has been forgotten.
        let may_be_forgotten = until_unix_s <= spent.forgotten_until_unix_s;
        if may_be_forgotten || spent.known.contains(&identity) {
            return Err(TokenError::AlreadySpent);
        }
        if spent.known.len() >= self.capacity {
            return Err(TokenError::SpentFull { limit: self.capacity });
        }
        spent.remember(Arc::new(identity), until_unix_s);
        Ok(())
    }
}

impl Spent {
    fn forget(&mut self, now_unix_s: u64) {
        for _ in 0..FORGOTTEN_PER_CALL_MAX {
            let Some(first) = self.by_end.first_entry() else { return };
            let (end_unix_s, _) = *first.key();
            if end_unix_s > now_unix_s {
                return;
            }
            self.forgotten_until_unix_s = self.forgotten_until_unix_s.max(end_unix_s);
            self.known.remove(&first.remove());
        }
    }

    fn remember(&mut self, identity: Arc<Identity>, until_unix_s: u64) {
        self.entries_made += 1;
        self.by_end.insert((until_unix_s, self.entries_made), Arc::clone(&identity));
        self.known.insert(identity);
    }
}

#[cfg(test)]
mod tests {
    use super::{JtiStore as _, MemoryJtis};
    use crate::TokenError;

    const SPENT: Result<(), TokenError> = Err(TokenError::AlreadySpent);

    #[test]
    fn a_token_is_used_once() {
        let store = MemoryJtis::default();
        assert_eq!(store.spend("a", "portal", 200, 100), Ok(()));
        assert_eq!(store.spend("a", "portal", 200, 100), SPENT);
        assert_eq!(store.spend("a", "portal", 900, 199), SPENT);
        assert_eq!(store.spend("b", "portal", 200, 100), Ok(()));
        // Issuers choose their names without asking each other.
        assert_eq!(store.spend("a", "other", 200, 100), Ok(()));
        // No pair of strings may pass for another by being run together.
        assert_eq!(store.spend("ap", "ortal", 200, 100), Ok(()));
    }

    #[test]
    fn a_full_store_refuses_until_a_token_ends() {
        let store = MemoryJtis::new(2);
        assert_eq!(store.spend("a", "portal", 200, 100), Ok(()));
        assert_eq!(store.spend("b", "portal", 300, 100), Ok(()));
        assert_eq!(store.spend("c", "portal", 300, 199), Err(TokenError::SpentFull { limit: 2 }));
        assert_eq!(store.spend("a", "portal", 200, 199), SPENT);
        assert_eq!(store.spend("c", "portal", 300, 200), Ok(()));
        assert_eq!(store.spend("b", "portal", 300, 200), SPENT);
    }

    #[test]
    fn a_clock_set_back_revives_nothing() {
        let store = MemoryJtis::default();
        assert_eq!(store.spend("a", "portal", 200, 100), Ok(()));
        assert_eq!(store.spend("b", "portal", 900, 500), Ok(()));
        assert_eq!(store.spend("a", "portal", 200, 100), SPENT);
        assert_eq!(store.spend("new", "portal", 201, 100), Ok(()));
    }

    #[test]
    fn forgets_a_bounded_number_at_a_time() {
        let store = MemoryJtis::new(1000);
        for n in 0..1000 {
            assert_eq!(store.spend(&n.to_string(), "portal", 200, 100), Ok(()));
        }
        assert_eq!(store.spend("x", "portal", 400, 300), Ok(()));
        assert_eq!(store.spent.lock().unwrap().known.len(), 1000 - 256 + 1);
        for n in 0..4 {
            assert_eq!(store.spend(&format!("y{n}"), "portal", 400, 300), Ok(()));
        }
        assert_eq!(store.spent.lock().unwrap().known.len(), 5);
        assert_eq!(store.spent.lock().unwrap().by_end.len(), 5);
    }

    #[test]
    fn of_two_at_once_one_wins() {
        let store = MemoryJtis::default();
        let wins = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..8).map(|_| scope.spawn(|| store.spend("a", "portal", 200, 100))).collect();
            tries.into_iter().filter_map(|one| one.join().unwrap().ok()).count()
        });
        assert_eq!(wins, 1);
    }
}
