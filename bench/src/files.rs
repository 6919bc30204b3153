//! Open files: a thousand sessions need more than processes usually may have.

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that have nothing to do with sessions, and some to spare.
const SPARE: u64 = 256;

/// Sockets of one session: two of ours, for its viewer and its remote, and as many of the
/// gateway's, which inherits our limit.
const EACH: u64 = 2;

/// Raises this process's limit on open files, so that `sessions` fit. Children inherit it.
///
/// # Errors
///
/// The system does not allow so many.
pub(crate) fn make_room(sessions: usize) -> Result<()> {
    let wanted = EACH * sessions as u64 + SPARE;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is without limit.
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    ensure!(
        maximum.is_none_or(|maximum| maximum >= wanted),
        "{sessions} sessions need {wanted} open files, and this system allows {}: raise the hard \
         limit (ulimit -Hn)",
        maximum.unwrap_or_default()
    );
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_the_system_does_not_allow() {
        make_room(1).unwrap();
        if getrlimit(Resource::Nofile).maximum.is_some() {
            let error = make_room(usize::MAX / 4).unwrap_err().to_string();
            assert!(error.contains("ulimit -Hn"), "{error}");
        }
    }
}
