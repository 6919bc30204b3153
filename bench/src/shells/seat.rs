//! A viewer of a shell that draws no cell of it.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use porthole_testkit::viewer::Viewer;

use crate::remote::Place;
use crate::subject::GatewaySubject;

/// How long anything that is waited for may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Columns and rows.
const SIZE: (u16, u16) = (80, 24);

/// Someone at a terminal.
#[derive(Debug)]
pub(super) struct Terminal(Viewer);

impl Terminal {
    /// Opens a session of its own, and waits for its screen.
    pub(super) async fn open(gateway: &GatewaySubject, place: &Place) -> Result<Self> {
        let mut viewer = Viewer::open(&gateway.text_options(place.address)?).await?;
        viewer.resize_terminal(SIZE.0, SIZE.1).await?;
        viewer.wait_until("a screen", LIMIT, |viewer| viewer.seen().text.screens > 0).await?;
        Ok(Self(viewer))
    }

    /// Types one letter, and waits for whatever is shown then.
    pub(super) async fn press(&mut self) -> Result<Duration> {
        let before = self.changes();
        let start = Instant::now();
        self.0.type_text("x").await?;
        while self.changes() == before {
            ensure!(start.elapsed() < LIMIT, "no echo in {LIMIT:?}");
            ensure!(self.0.next().await?, "the gateway closed the link: {:?}", self.0.seen());
        }
        Ok(start.elapsed())
    }

    pub(super) async fn type_in(&mut self, text: &str) -> Result<()> {
        self.0.type_text(text).await
    }

    /// Waits until `words` are shown.
    pub(super) async fn wait_for(&mut self, words: &str) -> Result<()> {
        self.0.wait_for_text(words, LIMIT).await
    }

    /// Waits until `words` are the last that is shown.
    pub(super) async fn wait_for_end(&mut self, words: &str) -> Result<()> {
        let ends = |viewer: &Viewer| viewer.seen().text.bytes.ends_with(words.as_bytes());
        self.0.wait_until(words, LIMIT, ends).await
    }

    /// From here on text and bytes of files are counted and not kept.
    pub(super) fn count_only(&mut self) {
        self.0.count_only();
    }

    /// For what else a viewer does.
    pub(super) const fn viewer(&mut self) -> &mut Viewer {
        &mut self.0
    }

    /// Bytes of text so far.
    pub(super) fn shown(&self) -> u64 {
        self.0.seen().text.total_bytes
    }

    /// Reads until nothing has been shown for so long; when the last was.
    pub(super) async fn read_until_quiet(&mut self, quiet: Duration) -> Result<Instant> {
        let mut last = Instant::now();
        loop {
            let before = self.changes();
            match tokio::time::timeout_at((last + quiet).into(), self.0.next()).await {
                Ok(open) => {
                    ensure!(open?, "the gateway closed the link: {:?}", self.0.seen());
                    if self.changes() != before {
                        last = Instant::now();
                    }
                }
                Err(_elapsed) => return Ok(last),
            }
        }
    }

    /// A number that changes with everything that is shown.
    fn changes(&self) -> u64 {
        let text = &self.0.seen().text;
        text.total_bytes + u64::from(text.screens)
    }
}
