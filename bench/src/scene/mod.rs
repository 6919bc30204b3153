//! What happens on the remote's screen: X programs of our own with deterministic content.

mod keys;
mod marked;
mod moving;
mod screen;
mod text;
mod turns;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

pub(crate) use keys::{KeyScene, SPOT};
pub(crate) use marked::run as play_marked;
pub(crate) use moving::Film;

use self::screen::Screen;
use crate::workload::Workload;

/// A program that draws something at a steady pace.
trait Scene {
    /// Draws the next step. Steps count from 0.
    fn step(&mut self, screen: &Screen, number: u64) -> Result<()>;
}

/// A scene that is being played, until it is dropped.
pub(crate) struct Playing {
    stop: Arc<AtomicBool>,
    steps: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Playing {
    /// Draws the first picture of `workload`; its steps begin when this returns.
    ///
    /// # Errors
    ///
    /// The display refuses.
    pub(crate) fn start(workload: Workload, display: &str) -> Result<Self> {
        let screen = Screen::connect(display)?;
        let mut scene: Box<dyn Scene + Send> = match workload {
            Workload::Idle => Box::new(text::Still::new(&screen)?),
            Workload::Typing => Box::new(text::Typing::new(&screen)?),
            Workload::Terminal => Box::new(text::Terminal::new(&screen)?),
            Workload::Page => Box::new(text::Page::new(&screen)?),
            Workload::Photos => Box::new(text::Page::of_photos(&screen)?),
            Workload::Video => Box::new(moving::Video::new(&screen)?),
            Workload::Switch => Box::new(moving::Switch::new(&screen)?),
            Workload::Drag => Box::new(moving::Drag::new(&screen)?),
        };
        screen.finish()?;
        let (stop, steps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = {
            let (stop, steps) = (Arc::clone(&stop), Arc::clone(&steps));
            let gap = workload.step_gap();
            std::thread::spawn(move || play(scene.as_mut(), &screen, gap, &stop, &steps))
        };
        Ok(Self { stop, steps, thread: Some(thread) })
    }

    /// Steps drawn so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Ends the scene.
    ///
    /// # Errors
    ///
    /// The display refused something meanwhile.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().context("a scene has a thread")?;
        thread.join().map_err(|_panic| anyhow::anyhow!("the scene's thread panicked"))?
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn play(
    scene: &mut dyn Scene,
    screen: &Screen,
    gap: Duration,
    stop: &AtomicBool,
    steps: &AtomicU64,
) -> Result<()> {
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        scene.step(screen, steps.load(Ordering::Relaxed))?;
        // A display that cannot keep up slows the scene instead of collecting its requests.
        screen.finish()?;
        steps.fetch_add(1, Ordering::Relaxed);
        // A late step is not made up for: nothing may come in bursts.
        due = (due + gap).max(Instant::now());
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
