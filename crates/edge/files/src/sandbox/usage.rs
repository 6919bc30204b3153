//! How much a directory holds, and whether more may come.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use cap_std::fs::Dir;

use super::Limits;
use crate::{FilesError, PATH_MAX_DEPTH};

/// How old a count may be before something is added: others may write here too.
const COUNT_AGE_MAX: Duration = Duration::from_secs(5);

/// What was counted, and what has been added since.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    bytes: u64,
    entries: u64,
}

/// The account of one directory.
#[derive(Debug)]
pub(super) struct Usage {
    limits: Limits,
    state: Mutex<(Count, Option<Instant>)>,
}

impl Usage {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::new((Count { bytes: 0, entries: 0 }, None)) }
    }

    pub(super) const fn limits(&self) -> Limits {
        self.limits
    }

    /// Makes room for more, or says why there is none.
    pub(super) fn add(&self, dir: &Dir, bytes: u64, entries: u64) -> Result<(), FilesError> {
        let mut state = self.fresh(dir)?;
        let count = &mut state.0;
        let after = Count {
            bytes: count.bytes.saturating_add(bytes),
            entries: count.entries.saturating_add(entries),
        };
        if bytes > 0 && after.bytes > self.limits.bytes {
            return Err(FilesError::OverQuota { limit: self.limits.bytes });
        }
        if entries > 0 && after.entries > self.limits.entries {
            return Err(FilesError::TooManyEntries { limit: self.limits.entries });
        }
        *count = after;
        Ok(())
    }

    /// Something is gone.
    pub(super) fn take(&self, bytes: u64, entries: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.bytes = state.0.bytes.saturating_sub(bytes);
        state.0.entries = state.0.entries.saturating_sub(entries);
    }

    /// How many bytes may be added.
    pub(super) fn left(&self, dir: &Dir) -> Result<u64, FilesError> {
        Ok(self.limits.bytes.saturating_sub(self.fresh(dir)?.0.bytes))
    }

    fn fresh(
        &self,
        dir: &Dir,
    ) -> Result<std::sync::MutexGuard<'_, (Count, Option<Instant>)>, FilesError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1.is_none_or(|at| at.elapsed() >= COUNT_AGE_MAX) {
            let mut count = Count::default();
            self.count(dir, PATH_MAX_DEPTH, &mut count)?;
            *state = (count, Some(Instant::now()));
        }
        Ok(state)
    }

    /// Adds up what is in `dir`, links not followed. It stops where there is too much anyway.
    fn count(&self, dir: &Dir, depth: usize, count: &mut Count) -> Result<(), FilesError> {
        for entry in dir.entries()? {
            let entry = entry?;
            if count.entries > self.limits.entries {
                break;
            }
            count.entries += 1;
            // What vanishes meanwhile, or is not ours to read, counts for nothing.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if depth > 0
                    && let Ok(below) = entry.open_dir()
                {
                    self.count(&below, depth - 1, count)?;
                }
            } else if metadata.is_file() {
                count.bytes = count.bytes.saturating_add(metadata.len());
            }
        }
        Ok(())
    }
}
