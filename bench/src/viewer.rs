//! A viewer without a screen: what it counts, and how it is asked to press keys.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use porthole_pixels::Surface;
use tokio::runtime::Runtime;
use tokio::sync::mpsc as to_viewer;
use tokio::task::JoinHandle;

/// Keysym of the key that is pressed: the letter a.
const KEYSYM: u32 = 0x61;

/// How long a viewer may take to see its first frame, or the answer to a key.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Most gaps between frames that are kept: an hour at 60 frames a second.
const GAPS_MAX: usize = 3600 * 60;

/// What arrived at a viewer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// Frames.
    pub(crate) frames: u64,
    /// Bytes, without those of WebSocket and TCP headers.
    pub(crate) bytes: u64,
    /// Rectangles in one colour.
    pub(crate) fills: u64,
    /// Rectangles moved.
    pub(crate) copies: u64,
    /// Images and pieces of video by their kind, `jpeg`, `palette` and so on, and what was stored
    /// and recalled. Protocols that are not taken apart leave it empty.
    pub(crate) images: BTreeMap<&'static str, Images>,
    /// Time between one frame and the next.
    pub(crate) gaps: Vec<Duration>,
    last_frame: Option<Instant>,
}

impl Counts {
    /// Adds images of a kind.
    pub(crate) fn add_images(&mut self, kind: &'static str, new: Images) {
        if new.count == 0 {
            return;
        }
        let images = self.images.entry(kind).or_default();
        images.count += new.count;
        images.bytes += new.bytes;
        images.pixels += new.pixels;
    }
}

/// Looks at the picture after each frame.
pub(crate) type Observer = Box<dyn FnMut(&Surface) + Send>;

/// What a viewer does with what it gets.
pub(crate) enum Sight {
    /// It counts, and decodes nothing that it need not.
    Counts,
    /// It keeps the picture, and so can tell when the answer to a key is in it.
    Pixels,
    /// It keeps the picture and shows it to somebody after each frame.
    Observed(Observer),
}

impl Sight {
    /// Whether pixels are decoded.
    pub(crate) const fn has_pixels(&self) -> bool {
        !matches!(self, Self::Counts)
    }
}

/// Images of one kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Images {
    /// How many.
    pub(crate) count: u64,
    /// Bytes of all of them.
    pub(crate) bytes: u64,
    /// Pixels of all of them; 0 where the protocol does not tell.
    pub(crate) pixels: u64,
}

/// A viewer. It leaves when this is dropped.
pub(crate) struct Viewer {
    counts: Arc<Mutex<Counts>>,
    started: Instant,
    first_frame: Arc<OnceLock<Instant>>,
    presses: to_viewer::UnboundedSender<u32>,
    answers: mpsc::Receiver<Duration>,
    task: JoinHandle<Result<()>>,
    runtime: tokio::runtime::Handle,
}

/// The other side of a [`Viewer`]: its protocol reports here, and hears of keys.
pub(crate) struct Seat {
    counts: Arc<Mutex<Counts>>,
    first_frame: Arc<OnceLock<Instant>>,
    observer: Option<Observer>,
    presses: to_viewer::UnboundedReceiver<u32>,
    answers: mpsc::Sender<Duration>,
    pressed: Option<Instant>,
}

impl Viewer {
    /// Runs `watch` as a task. It is to end when [`Seat::next_press`] yields `None`.
    pub(crate) fn start<F>(runtime: &Runtime, sight: Sight, watch: impl FnOnce(Seat) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (presses, presses_out) = to_viewer::unbounded_channel();
        let (answers_in, answers) = mpsc::channel();
        let (started, first_frame) = (Instant::now(), Arc::new(OnceLock::new()));
        let seat = Seat {
            counts: Arc::clone(&counts),
            first_frame: Arc::clone(&first_frame),
            observer: match sight {
                Sight::Observed(observer) => Some(observer),
                Sight::Counts | Sight::Pixels => None,
            },
            presses: presses_out,
            answers: answers_in,
            pressed: None,
        };
        let watching: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(watch(seat));
        let task = runtime.spawn(watching);
        let runtime = runtime.handle().clone();
        Self { counts, started, first_frame, presses, answers, task, runtime }
    }

    /// Waits until the first frame is here.
    ///
    /// # Errors
    ///
    /// The viewer has failed, or no frame comes.
    pub(crate) fn wait_for_picture(&mut self) -> Result<()> {
        let end = Instant::now() + ANSWER_MAX;
        while self.first_frame.get().is_none() {
            self.check()?;
            if Instant::now() > end {
                bail!("no frame came in {ANSWER_MAX:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Time from the viewer's start to its first frame; `None` before that.
    pub(crate) fn first_frame_after(&self) -> Option<Duration> {
        Some(self.first_frame.get()?.duration_since(self.started))
    }

    /// What arrived since the last call.
    ///
    /// # Errors
    ///
    /// The viewer has failed.
    pub(crate) fn take_counts(&mut self) -> Result<Counts> {
        self.check()?;
        Ok(std::mem::take(&mut lock(&self.counts)))
    }

    /// Presses a key and lifts it again. Time from sending it to the first frame that paints
    /// [`crate::scene::SPOT`].
    ///
    /// # Errors
    ///
    /// The viewer has failed, or no such frame comes.
    pub(crate) fn press(&mut self) -> Result<Duration> {
        // What was painted before has nothing to do with this key.
        while self.answers.try_recv().is_ok() {}
        if self.presses.send(KEYSYM).is_err() {
            self.check()?;
        }
        if let Ok(latency) = self.answers.recv_timeout(ANSWER_MAX) {
            return Ok(latency);
        }
        self.check()?;
        bail!("no frame answered the key in {ANSWER_MAX:?}")
    }

    /// Fails when the viewer has ended, which it must not while it is wanted.
    fn check(&mut self) -> Result<()> {
        if !self.task.is_finished() {
            return Ok(());
        }
        let ended = self.runtime.block_on(&mut self.task).context("the viewer panicked")?;
        ended.context("the viewer failed")?;
        bail!("the viewer left")
    }
}

impl Seat {
    /// The keysym of the next key to press; `None` when it is time to leave. Safe to cancel.
    pub(crate) async fn next_press(&mut self) -> Option<u32> {
        self.presses.recv().await
    }

    /// Call this right before the key is sent.
    pub(crate) fn press(&mut self) {
        self.pressed = Some(Instant::now());
    }

    /// Counts something.
    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut lock(&self.counts));
    }

    /// Shows the picture to whoever observes it. Call this after each frame, if there are pixels.
    pub(crate) fn show(&mut self, picture: &Surface) {
        if let Some(observer) = &mut self.observer {
            observer(picture);
        }
    }

    /// A frame is complete. `spot_painted` says whether it painted [`crate::scene::SPOT`].
    pub(crate) fn frame_ended(&mut self, spot_painted: bool) {
        let now = Instant::now();
        // Only the first call does anything.
        let _ = self.first_frame.set(now);
        self.count(|counts| {
            counts.frames += 1;
            if let Some(last) = counts.last_frame.replace(now)
                && counts.gaps.len() < GAPS_MAX
            {
                counts.gaps.push(now - last);
            }
        });
        if let Some(pressed) = self.pressed.take_if(|_| spot_painted) {
            // The viewer may be leaving; then nobody needs the answer.
            let _ = self.answers.send(now - pressed);
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    }

    #[test]
    fn counts_frames_and_answers_keys() {
        let runtime = runtime();
        let mut viewer = Viewer::start(&runtime, Sight::Counts, |mut seat| async move {
            seat.frame_ended(true);
            while let Some(_keysym) = seat.next_press().await {
                seat.press();
                seat.frame_ended(false);
                seat.frame_ended(true);
            }
            Ok(())
        });
        viewer.wait_for_picture().unwrap();
        assert_eq!(viewer.take_counts().unwrap().frames, 1);
        viewer.press().unwrap();
        let counts = viewer.take_counts().unwrap();
        assert_eq!((counts.frames, counts.gaps.len()), (2, 1));
    }

    #[test]
    fn reports_a_viewer_that_fails() {
        let runtime = runtime();
        let mut viewer = Viewer::start(&runtime, Sight::Counts, |_seat| async { bail!("no way") });
        let error = format!("{:#}", viewer.wait_for_picture().unwrap_err());
        assert_eq!(error, "the viewer failed: no way");
    }
}
