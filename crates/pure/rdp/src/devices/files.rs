//! What the server has open, and listings under way.

use std::collections::{HashMap, VecDeque};

use porthole_remote::{DriveEntry, DriveRequest};

use super::names::matches;

/// Files that may be open, in both devices together. A few are left for others.
pub(super) const OPEN_MAX: usize = DriveRequest::OPEN_MAX - 16;

/// Something that the server has opened.
#[derive(Debug)]
pub(super) struct Open {
    /// Which device it belongs to.
    pub(super) device: u32,
    /// Where it is now; empty for the root, and for print jobs.
    pub(super) path: String,
    pub(super) is_directory: bool,
    /// Whether anything was asked of it since it was opened.
    pub(super) is_used: bool,
    /// Whether it was opened to be written to.
    pub(super) write: bool,
    /// Whether it was written to.
    pub(super) is_written: bool,
    /// Whether it goes when it is closed.
    pub(super) deletes: bool,
    /// How much of a print job there is.
    pub(super) job_len: u64,
    pub(super) listing: Option<Listing>,
}

/// The entries of a directory that have not been told yet.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pattern: String,
    ready: VecDeque<DriveEntry>,
    after: Option<String>,
    has_more: bool,
    is_asked: bool,
    has_found: bool,
}

/// What to say of a listing next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Entry(DriveEntry),
    /// The page after this name is needed.
    Fetch(Option<String>),
    /// A page is on its way already.
    Busy,
    /// There are no more, or never were any.
    End {
        has_found: bool,
    },
}

impl Listing {
    pub(super) fn new(pattern: String) -> Self {
        Self { pattern, has_more: true, ..Self::default() }
    }

    /// The next entry that the pattern means, or what it takes.
    pub(super) fn next(&mut self) -> Turn {
        if self.is_asked {
            return Turn::Busy;
        }
        while let Some(entry) = self.ready.pop_front() {
            if matches(&self.pattern, &entry.name) {
                self.has_found = true;
                return Turn::Entry(entry);
            }
        }
        if !self.has_more {
            return Turn::End { has_found: self.has_found };
        }
        self.is_asked = true;
        Turn::Fetch(self.after.clone())
    }

    /// A page has come, or could not.
    pub(super) fn add(&mut self, entries: Vec<DriveEntry>, has_more: bool) {
        self.is_asked = false;
        // A page of nothing has nothing after it either.
        self.has_more = has_more && !entries.is_empty();
        self.after = entries.last().map(|entry| entry.name.clone());
        self.ready.extend(entries);
    }
}

/// Something moved, and what is open in it with it.
pub(super) fn follow(files: &mut HashMap<u32, Open>, from: &str, to: &str) {
    for open in files.values_mut() {
        let Some(rest) = open.path.strip_prefix(from) else { continue };
        if rest.is_empty() || rest.starts_with('/') {
            open.path = format!("{to}{rest}");
        }
    }
}
