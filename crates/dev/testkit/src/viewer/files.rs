//! The file panel of a viewer: what it asks, and files up and down.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use porthole_link::{FileAct, FileNews, FileRequest, ToGateway};

use super::Viewer;

/// How long anything that is waited for may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Most bytes of one record.
const PIECE_MAX_BYTES: usize = 256 << 10;

/// Bytes that a download may have on its way, as the client has it.
const WINDOW_BYTES: u32 = 4 << 20;

/// What came of one transfer.
#[derive(Debug, Default)]
pub(super) struct SeenTransfer {
    /// Where it begins, in bytes.
    from: u64,
    /// Bytes that the gateway has said that it takes, all together.
    credit: u64,
    /// Bytes that came, and are not kept any more or never were.
    passed: u64,
    /// The bytes that came.
    data: Vec<u8>,
}

impl SeenTransfer {
    pub(super) fn open(&mut self, from: u64, credit: u32) {
        self.from = from;
        self.credit = credit.into();
    }

    pub(super) fn add_credit(&mut self, bytes: u32) {
        self.credit += u64::from(bytes);
    }

    pub(super) fn push(&mut self, offset: u64, data: &[u8], is_counted: bool) -> Result<()> {
        let expected = self.from + self.received();
        ensure!(offset == expected, "file data for byte {offset}, not {expected}");
        if is_counted {
            self.passed += data.len() as u64;
        } else {
            self.data.extend_from_slice(data);
        }
        Ok(())
    }

    fn received(&self) -> u64 {
        self.passed + self.data.len() as u64
    }
}

impl Viewer {
    /// Sends a request of its own, and says its number.
    ///
    /// # Errors
    ///
    /// The link is closed.
    pub async fn begin(&mut self, act: FileAct) -> Result<u32> {
        self.asked += 1;
        self.send_act(self.asked, act).await?;
        Ok(self.asked)
    }

    /// Asks for something, and waits for the first answer, of whatever kind.
    ///
    /// # Errors
    ///
    /// The link is closed, or there is no answer.
    pub async fn ask(&mut self, act: FileAct) -> Result<FileNews> {
        let request = self.begin(act).await?;
        self.wait_for_news(request, |_| true).await
    }

    /// Asks for something that is to be done.
    ///
    /// # Errors
    ///
    /// As [`Self::ask`], or it is not done.
    pub async fn ask_done(&mut self, act: FileAct) -> Result<()> {
        match self.ask(act.clone()).await? {
            FileNews::Done => Ok(()),
            other => bail!("{act:?} comes to {other:?}"),
        }
    }

    /// Asks for something that is to be refused; the cause.
    ///
    /// # Errors
    ///
    /// As [`Self::ask`], or it is not refused.
    pub async fn ask_refused(&mut self, act: FileAct) -> Result<String> {
        match self.ask(act.clone()).await? {
            FileNews::Failed { cause, .. } => Ok(cause),
            other => bail!("{act:?} is not refused: {other:?}"),
        }
    }

    /// The names of the first page of a directory.
    ///
    /// # Errors
    ///
    /// As [`Self::ask`], or there is no list.
    pub async fn list(&mut self, path: &str) -> Result<Vec<String>> {
        let (path, after) = (path.to_owned(), String::new());
        match self.ask(FileAct::List { path, after }).await? {
            FileNews::Page(page) => Ok(page.entries.into_iter().map(|it| it.name).collect()),
            other => bail!("no list: {other:?}"),
        }
    }

    /// Uploads the bytes of `data` before `end` to `path`, from where the gateway has them begin,
    /// which is returned. With all of them it waits until the file is whole.
    ///
    /// # Errors
    ///
    /// The link is closed, or the gateway refuses.
    pub async fn upload(&mut self, path: &str, data: &Bytes, end: usize) -> Result<usize> {
        let (path, size) = (path.to_owned(), data.len() as u64);
        let act = FileAct::Write { path, size, modified_ms: 1_000_000_000_000, replace: false };
        let request = self.begin(act).await?;
        let opened = self.wait_for_news(request, |_| true).await?;
        let FileNews::Opened { offset, .. } = opened else { bail!("{opened:?}") };
        let start = usize::try_from(offset)?;
        let room = move |viewer: &Self| {
            let credit = viewer.seen().transfers.get(&request).map_or(0, |it| it.credit);
            usize::try_from(offset + credit).unwrap_or(usize::MAX)
        };
        let mut sent = start;
        while sent < end {
            let is_ready = |viewer: &Self| room(viewer) > sent || viewer.is_over(request);
            self.wait_until("credit", LIMIT, is_ready).await?;
            let next = end.min(room(self)).min(sent + PIECE_MAX_BYTES);
            ensure!(next > sent, "{:?}", self.news(request).last());
            self.send_act(request, FileAct::Data(sent as u64, data.slice(sent..next))).await?;
            sent = next;
        }
        if end == data.len() {
            let last = self.wait_for_news(request, is_last).await?;
            ensure!(last == FileNews::Done, "{last:?}");
        }
        Ok(start)
    }

    /// Downloads `path` from byte `from` on, up to its end or until `bytes` have come at least;
    /// what came, or nothing where bytes are only counted.
    ///
    /// # Errors
    ///
    /// The link is closed, or the gateway refuses.
    pub async fn download(&mut self, path: &str, from: u64, bytes: u64) -> Result<Vec<u8>> {
        let credit = u32::try_from(bytes).unwrap_or(u32::MAX).min(WINDOW_BYTES);
        let act = FileAct::Read { path: path.to_owned(), offset: from, credit };
        let request = self.begin(act).await?;
        let received = move |viewer: &Self| {
            viewer.seen().transfers.get(&request).map_or(0, SeenTransfer::received)
        };
        let mut so_far = 0;
        while so_far < bytes && !self.is_over(request) {
            let is_more = |viewer: &Self| received(viewer) > so_far || viewer.is_over(request);
            self.wait_until("more of the file", LIMIT, is_more).await?;
            // What is not credited is taken to be on its way still.
            let more = u32::try_from(received(self) - so_far)?;
            so_far = received(self);
            self.send_act(request, FileAct::Credit(more)).await?;
        }
        if let Some(failed @ FileNews::Failed { .. }) = self.news(request).last() {
            bail!("{path}: {failed:?}");
        }
        let transfer = self.seen.transfers.remove(&request).context("nothing came")?;
        Ok(transfer.data)
    }

    async fn send_act(&mut self, request: u32, act: FileAct) -> Result<()> {
        self.send(&ToGateway::File(FileRequest { request, act })).await
    }

    /// What was said about a request, but for credit and bytes.
    fn news(&self, request: u32) -> impl Iterator<Item = &FileNews> {
        let of_it = self.seen().files.iter().filter(move |answer| answer.request == request);
        of_it.map(|answer| &answer.news)
    }

    fn is_over(&self, request: u32) -> bool {
        self.news(request).any(is_last)
    }

    async fn wait_for_news(
        &mut self,
        request: u32,
        is_wanted: fn(&FileNews) -> bool,
    ) -> Result<FileNews> {
        let is_there = |viewer: &Self| viewer.news(request).any(is_wanted);
        self.wait_until("an answer", LIMIT, is_there).await?;
        self.news(request).find(|news| is_wanted(news)).cloned().context("gone")
    }
}

const fn is_last(news: &FileNews) -> bool {
    matches!(news, FileNews::Done | FileNews::Failed { .. })
}
