//! What a remote has done with the session's files: the store's side of
//! [`porthole_remote::DriveRequest`].
//!
//! Every request is a task of its own, so that no disk keeps the session waiting. How many there
//! are, and how many files are open, is bounded; what is beyond is refused at once.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use porthole_files::{Entry, EntryKind, File, FilesError, Store, StorePath, WriteMode};
use porthole_remote::{
    Disposition, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Wanted,
};
use tokio::task::JoinSet;

use super::{place::Place, print_jobs::PrintJob};
use crate::printing::JOBS_MAX;

/// What is open under a number.
#[derive(Debug, Clone)]
enum Held {
    /// Its request is under way.
    Opening,
    File(Arc<dyn File>),
    Directory,
    Job(PrintJob),
}

/// What a request came to.
#[derive(Debug)]
struct Outcome {
    number: u32,
    held: Option<Held>,
    result: Result<DriveDone, DriveError>,
    offered: Option<Offered>,
}

/// What has happened at the desk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DriveNews {
    /// For the remote.
    Reply(DriveReply),
    /// For viewers.
    Offered(Offered),
    /// For viewers, too.
    Notice(&'static str),
}

/// A file that viewers may want to download.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) path: String,
    pub(super) size: u64,
}

/// The remote's files of one session.
#[derive(Debug)]
pub(super) struct DriveDesk {
    place: Option<Arc<Place>>,
    held: HashMap<u32, Held>,
    running: JoinSet<Outcome>,
    /// Jobs that are made documents of. They go on when the remote is gone.
    printing: JoinSet<DriveNews>,
    jobs_ever: u64,
    /// What has happened and was not told.
    news: VecDeque<DriveNews>,
}

impl DriveDesk {
    pub(super) fn new(place: Option<Arc<Place>>) -> Self {
        Self {
            place,
            held: HashMap::new(),
            running: JoinSet::new(),
            printing: JoinSet::new(),
            jobs_ever: 0,
            news: VecDeque::new(),
        }
    }

    /// Another connection begins: nothing of the last one is open or waited for.
    pub(super) fn reset(&mut self) {
        self.held.clear();
        self.running = JoinSet::new();
        self.news.clear();
    }

    /// The remote's own files are there.
    pub(super) fn offer(&self, store: Arc<dyn Store>) {
        if let Some(place) = &self.place {
            place.offer(store);
        }
    }

    /// Starts to carry out a request.
    pub(super) fn start(&mut self, request: DriveRequest) {
        let DriveRequest { number, act } = request;
        match self.check(number, &act) {
            Err(error) => self.answer(number, Err(error)),
            Ok(place) => self.begin(place, number, act),
        }
    }

    /// The next thing that has happened. Never ready while nothing is under way. Cancel-safe.
    pub(super) async fn next(&mut self) -> DriveNews {
        loop {
            if let Some(news) = self.news.pop_front() {
                return news;
            }
            let fault = tokio::select! {
                // A remote's answers do not wait for its documents.
                biased;
                Some(outcome) = self.running.join_next() => match outcome {
                    Ok(outcome) => {
                        self.note(outcome);
                        continue;
                    }
                    Err(fault) => fault,
                },
                Some(printed) = self.printing.join_next() => match printed {
                    Ok(news) => return news,
                    Err(fault) => fault,
                },
                else => std::future::pending().await,
            };
            tracing::error!(%fault, "a remote's request about files was not carried out");
        }
    }

    fn note(&mut self, outcome: Outcome) {
        let Outcome { number, held, result, offered } = outcome;
        if let Some(Held::Opening) = self.held.get(&number) {
            match held {
                Some(held) => drop(self.held.insert(number, held)),
                None => drop(self.held.remove(&number)),
            }
        }
        self.news.push_back(DriveNews::Reply(DriveReply { number, result }));
        self.news.extend(offered.map(DriveNews::Offered));
    }

    /// Refuses what is too much.
    fn check(&self, number: u32, act: &DriveAct) -> Result<Arc<Place>, DriveError> {
        let len = match act {
            DriveAct::Read { len, .. } => *len,
            DriveAct::Write { data, .. } => data.len(),
            _ => 0,
        };
        let is_open = matches!(act, DriveAct::Open { .. } | DriveAct::OpenJob { .. });
        if len > DriveRequest::DATA_MAX_BYTES
            || self.running.len() >= DriveRequest::UNDER_WAY_MAX
            || is_open && self.held.len() >= DriveRequest::OPEN_MAX
            || is_open && self.held.contains_key(&number)
            || matches!(act, DriveAct::OpenJob { .. }) && self.jobs() >= JOBS_MAX
        {
            return Err(DriveError::TooMany);
        }
        self.place.clone().ok_or(DriveError::Denied)
    }

    fn begin(&mut self, place: Arc<Place>, number: u32, act: DriveAct) {
        match act {
            DriveAct::Open { path, wanted, disposition, write } => {
                self.held.insert(number, Held::Opening);
                self.running.spawn(async move {
                    match open(&place, &path, wanted, disposition, write).await {
                        Ok((held, entry)) => Outcome {
                            held: Some(held),
                            ..outcome(number, Ok(DriveDone::Opened(told(entry))))
                        },
                        Err(error) => outcome(number, Err(error)),
                    }
                });
            }
            DriveAct::OpenJob { title } => self.open_job(place, number, title),
            DriveAct::Read { file, offset, len } => self.with_file(number, file, async move |it| {
                Ok(DriveDone::Data(it.read_at(offset, len).await?))
            }),
            DriveAct::Write { file, offset, data } => {
                if let Some(Held::Job(job)) = self.held.get(&file) {
                    job.grew(offset.saturating_add(data.len() as u64));
                }
                self.with_file(number, file, async move |it| {
                    it.write_at(offset, data).await?;
                    Ok(DriveDone::Done)
                });
            }
            DriveAct::SetLen { file, len } => self.with_file(number, file, async move |it| {
                it.set_len(len).await?;
                Ok(DriveDone::Done)
            }),
            DriveAct::Close { file, remove } => match (self.held.remove(&file), remove) {
                (None, _) => self.answer(number, Err(DriveError::NotOpen)),
                (Some(Held::Job(job)), None) => {
                    self.printing.spawn(job.print(place));
                    self.answer(number, Ok(DriveDone::Done));
                }
                (Some(Held::Job(job)), Some(_)) => {
                    self.running.spawn(async move {
                        job.discard(&place).await;
                        outcome(number, Ok(DriveDone::Done))
                    });
                }
                (Some(_), None) => self.answer(number, Ok(DriveDone::Done)),
                (Some(_), Some(path)) => self.begin(place, number, DriveAct::Remove(path)),
            },
            DriveAct::Offer(path) => {
                self.running.spawn(async move {
                    match offer(&place, path).await {
                        Ok(offered) => Outcome {
                            offered: Some(offered),
                            ..outcome(number, Ok(DriveDone::Done))
                        },
                        Err(error) => outcome(number, Err(error)),
                    }
                });
            }
            act => {
                self.running.spawn(async move { outcome(number, plain(&place, act).await) });
            }
        }
    }

    fn open_job(&mut self, place: Arc<Place>, number: u32, title: String) {
        self.held.insert(number, Held::Opening);
        self.jobs_ever += 1;
        let job = self.jobs_ever;
        self.running.spawn(async move {
            match PrintJob::begin(&place, job, title).await {
                Ok(job) => Outcome {
                    held: Some(Held::Job(job)),
                    ..outcome(number, Ok(DriveDone::Opened(DriveEntry::default())))
                },
                Err(error) => outcome(number, Err(refusal(error))),
            }
        });
    }

    /// How many print jobs are not documents yet.
    fn jobs(&self) -> usize {
        let held = self.held.values().filter(|held| matches!(held, Held::Job(_))).count();
        held + self.printing.len()
    }

    /// Does something with an open file, as a task.
    fn with_file<F: Future<Output = Result<DriveDone, FilesError>> + Send + 'static>(
        &mut self,
        number: u32,
        file: u32,
        act: impl FnOnce(Arc<dyn File>) -> F,
    ) {
        match self.held.get(&file) {
            Some(Held::File(file) | Held::Job(PrintJob { file, .. })) => {
                let done = act(Arc::clone(file));
                self.running.spawn(async move { outcome(number, done.await.map_err(refusal)) });
            }
            Some(Held::Directory) => self.answer(number, Err(DriveError::IsADirectory)),
            Some(Held::Opening) | None => self.answer(number, Err(DriveError::NotOpen)),
        }
    }

    fn answer(&mut self, number: u32, result: Result<DriveDone, DriveError>) {
        self.running.spawn(std::future::ready(outcome(number, result)));
    }
}

const fn outcome(number: u32, result: Result<DriveDone, DriveError>) -> Outcome {
    Outcome { number, held: None, result, offered: None }
}

async fn open(
    place: &Arc<Place>,
    path: &str,
    wanted: Wanted,
    disposition: Disposition,
    write: bool,
) -> Result<(Held, Entry), DriveError> {
    let store = place.store().await.map_err(refusal)?;
    let path = StorePath::new(path).map_err(refusal)?;
    let there = match store.stat(&path).await {
        Ok(entry) => Some(entry),
        Err(FilesError::NotFound) => None,
        Err(error) => return Err(refusal(error)),
    };
    let makes = matches!(disposition, Disposition::New | Disposition::Either | Disposition::Fresh);
    match (there, wanted) {
        (None, _) if !makes => Err(DriveError::NotFound),
        (None, Wanted::Directory) => {
            store.make_directory(&path).await.map_err(refusal)?;
            Ok((Held::Directory, store.stat(&path).await.map_err(refusal)?))
        }
        (Some(_), _) if disposition == Disposition::New => Err(DriveError::Exists),
        (Some(entry), wanted) if entry.kind == EntryKind::Directory => match wanted {
            Wanted::File => Err(DriveError::IsADirectory),
            Wanted::Any | Wanted::Directory => Ok((Held::Directory, entry)),
        },
        (Some(_), Wanted::Directory) => Err(DriveError::NotADirectory),
        (_, Wanted::Any | Wanted::File) => {
            let file = open_file(&*store, &path, disposition, write).await.map_err(refusal)?;
            let entry = file.entry().clone();
            Ok((Held::File(Arc::from(file)), entry))
        }
    }
}

async fn open_file(
    store: &dyn Store,
    path: &StorePath,
    disposition: Disposition,
    write: bool,
) -> Result<Box<dyn File>, FilesError> {
    match disposition {
        Disposition::Existing if !write => store.open_read(path).await,
        Disposition::Existing => store.open_write(path, WriteMode::Existing).await,
        Disposition::New => store.open_write(path, WriteMode::New).await,
        Disposition::Either => store.open_write(path, WriteMode::Keep).await,
        Disposition::Fresh => store.open_write(path, WriteMode::Truncate).await,
        Disposition::Emptied => {
            // Only what is there may be emptied, and it may vanish meanwhile.
            store.open_write(path, WriteMode::Existing).await?.set_len(0).await?;
            store.open_write(path, WriteMode::Existing).await
        }
    }
}

async fn offer(place: &Arc<Place>, path: String) -> Result<Offered, DriveError> {
    let store = place.store().await.map_err(refusal)?;
    let entry = store.stat(&StorePath::new(&path).map_err(refusal)?).await.map_err(refusal)?;
    if entry.kind == EntryKind::Directory {
        return Err(DriveError::IsADirectory);
    }
    tracing::info!(session = place.session(), path, size = entry.size, "file is offered");
    Ok(Offered { path, size: entry.size })
}

/// A request that needs no open file.
async fn plain(place: &Arc<Place>, act: DriveAct) -> Result<DriveDone, DriveError> {
    let store = place.store().await.map_err(refusal)?;
    carry_out(&*store, act).await.map_err(refusal)
}

async fn carry_out(store: &dyn Store, act: DriveAct) -> Result<DriveDone, FilesError> {
    match act {
        DriveAct::List { path, after } => {
            let page = store.list(&StorePath::new(&path)?, after.as_deref()).await?;
            let entries = page.entries.into_iter().map(told).collect();
            return Ok(DriveDone::Page { entries, more: page.more });
        }
        DriveAct::Stat(path) => {
            return Ok(DriveDone::Entry(told(store.stat(&StorePath::new(&path)?).await?)));
        }
        DriveAct::Space => {
            let (free_bytes, total_bytes) = (store.free_bytes().await?, store.max_bytes());
            return Ok(DriveDone::Space { free_bytes, total_bytes });
        }
        DriveAct::Rename { from, to, replace } => {
            store.rename(&StorePath::new(&from)?, &StorePath::new(&to)?, replace).await?;
        }
        DriveAct::Remove(path) => store.remove(&StorePath::new(&path)?).await?,
        DriveAct::MakeDirectory(path) => store.make_directory(&StorePath::new(&path)?).await?,
        DriveAct::SetModified { path, modified_ms } => {
            store.set_modified(&StorePath::new(&path)?, modified_ms).await?;
        }
        // `DriveDesk::begin` deals with these.
        DriveAct::Open { .. }
        | DriveAct::OpenJob { .. }
        | DriveAct::Read { .. }
        | DriveAct::Write { .. }
        | DriveAct::SetLen { .. }
        | DriveAct::Close { .. }
        | DriveAct::Offer(_) => {}
    }
    Ok(DriveDone::Done)
}

fn told(entry: Entry) -> DriveEntry {
    let Entry { name, kind, size, modified_ms } = entry;
    DriveEntry { name, is_directory: kind == EntryKind::Directory, size, modified_ms }
}

/// What the remote is told. What the system said stays in the log.
fn refusal(error: FilesError) -> DriveError {
    match error {
        FilesError::BadName { .. } => DriveError::BadName,
        FilesError::NotFound => DriveError::NotFound,
        FilesError::Exists => DriveError::Exists,
        FilesError::NotADirectory => DriveError::NotADirectory,
        FilesError::IsADirectory => DriveError::IsADirectory,
        FilesError::NotEmpty => DriveError::NotEmpty,
        FilesError::Special | FilesError::Denied => DriveError::Denied,
        FilesError::OverQuota { .. }
        | FilesError::TooManyEntries { .. }
        | FilesError::FileTooLarge { .. }
        | FilesError::NoSpace => DriveError::NoSpace,
        error => {
            tracing::warn!(%error, "a remote could not use a file");
            DriveError::Io
        }
    }
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
