//! Numbers written into pictures, to tell when a change arrives: which desktop it is, and how
//! many changes it has seen. They are black and white squares, so that they survive a lossy way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use porthole_pixels::{Rect, Surface};

use crate::canvas::Canvas;
use crate::viewer::Observer;

/// Side of the square that is one bit.
const BIT_PX: u16 = 8;

/// Squares in a row; there are two rows.
const COLUMNS: u16 = 8;

/// Columns and rows of a mark. It lies within one tile of 64 pixels.
const MARK_SIZE: (u16, u16) = (COLUMNS * BIT_PX, 2 * BIT_PX);

/// Where a desktop's number is.
pub(super) const DESKTOP_MARK: Rect = Rect::new(64, 64, MARK_SIZE.0, MARK_SIZE.1);

/// Where the number of changes is.
pub(super) const CHANGE_MARK: Rect = Rect::new(192, 64, MARK_SIZE.0, MARK_SIZE.1);

/// Most changes of a desktop that wait to be seen; older ones are forgotten.
const WAITING_MAX: usize = 256;

/// Most latencies that are kept.
const LATENCIES_MAX: usize = 200_000;

/// When changes happened that were not seen yet, oldest first, with their numbers.
#[derive(Debug, Default)]
struct Waiting(Mutex<VecDeque<(u16, Instant)>>);

/// The desktops, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Marks {
    desktops: Arc<Mutex<Vec<Arc<Waiting>>>>,
}

/// One desktop's changes.
#[derive(Debug)]
pub(super) struct Desktop {
    /// Its number.
    pub(super) number: u16,
    /// The number of its last change.
    pub(super) change: u16,
    waiting: Arc<Waiting>,
}

/// Looks for marks in pictures, and at the clock.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    desktops: Arc<Mutex<Vec<Arc<Waiting>>>>,
    latencies: Arc<Mutex<Vec<Duration>>>,
    measuring: Arc<AtomicBool>,
}

impl Marks {
    /// A new desktop; `None` when the numbers have run out.
    pub(super) fn add(&self) -> Option<Desktop> {
        let mut desktops = lock(&self.desktops);
        let number = u16::try_from(desktops.len()).ok()?;
        let waiting = Arc::new(Waiting::default());
        desktops.push(Arc::clone(&waiting));
        Some(Desktop { number, change: 0, waiting })
    }

    /// Somebody who looks.
    pub(super) fn probe(&self) -> Probe {
        Probe {
            desktops: Arc::clone(&self.desktops),
            latencies: Arc::default(),
            measuring: Arc::default(),
        }
    }
}

impl Desktop {
    /// A change happens now.
    pub(super) fn note_change(&mut self) {
        self.change = self.change.wrapping_add(1);
        let mut waiting = lock(&self.waiting.0);
        if waiting.len() == WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back((self.change, Instant::now()));
    }
}

impl Probe {
    /// Measures what is seen from now on.
    pub(crate) fn begin(&self) {
        self.measuring.store(true, Ordering::Relaxed);
    }

    /// Time from each change that was seen to the frame that showed it, or a later one.
    pub(crate) fn take_latencies(&self) -> Vec<Duration> {
        self.measuring.store(false, Ordering::Relaxed);
        std::mem::take(&mut lock(&self.latencies))
    }

    /// Changes that were seen and measured so far.
    #[cfg(test)]
    pub(super) fn seen(&self) -> usize {
        lock(&self.latencies).len()
    }

    /// Looks at the pictures of one viewer.
    pub(crate) fn observer(&self) -> Observer {
        let probe = self.clone();
        Box::new(move |picture| probe.look(picture, Instant::now()))
    }

    fn look(&self, picture: &Surface, now: Instant) {
        let Some(number) = read(picture, DESKTOP_MARK) else { return };
        let Some(change) = read(picture, CHANGE_MARK) else { return };
        let Some(waiting) = lock(&self.desktops).get(usize::from(number)).cloned() else { return };
        let mut waiting = lock(&waiting.0);
        while let Some((next, at)) = waiting.front().copied() {
            // Numbers begin again after the last.
            if change.wrapping_sub(next) > u16::MAX / 2 {
                break;
            }
            waiting.pop_front();
            let mut latencies = lock(&self.latencies);
            if self.measuring.load(Ordering::Relaxed) && latencies.len() < LATENCIES_MAX {
                latencies.push(now.saturating_duration_since(at));
            }
        }
    }
}

/// A mark as it is drawn.
pub(super) fn draw(number: u16) -> Canvas {
    let mut canvas = Canvas::new(MARK_SIZE.0, MARK_SIZE.1, [0; 3]);
    for bit in (0..16).filter(|bit| number >> bit & 1 == 1) {
        let at = (bit % COLUMNS * BIT_PX, bit / COLUMNS * BIT_PX);
        canvas.fill(at, (BIT_PX, BIT_PX), [255; 3]);
    }
    canvas
}

/// The number in the picture of a mark; `None` when the picture has no such place.
fn read(picture: &Surface, mark: Rect) -> Option<u16> {
    if !mark.fits(picture.size()) {
        return None;
    }
    let mut number = 0;
    for bit in 0..16 {
        let x = mark.x + bit % COLUMNS * BIT_PX + BIT_PX / 2;
        let y = mark.y + bit / COLUMNS * BIT_PX + BIT_PX / 2;
        let green = *picture.row(Rect::new(x, y, 1, 1), 0).get(1)?;
        number |= u16::from(green > 127) << bit;
    }
    Some(number)
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Size;

    use super::*;

    fn paint(picture: &mut Surface, mark: Rect, number: u16) {
        let canvas = draw(number);
        let grey = |byte: u8| if byte > 0 { 200 } else { 40 };
        let rgba: Vec<u8> = canvas.bytes.iter().map(|byte| grey(*byte)).collect();
        picture.store(mark, &rgba).unwrap();
    }

    #[test]
    fn marks_are_read_as_they_are_drawn() {
        let mut picture = Surface::new(Size::new(320, 128)).unwrap();
        for number in [0, 1, 0x8001, 0xA5F0, u16::MAX] {
            paint(&mut picture, CHANGE_MARK, number);
            assert_eq!(read(&picture, CHANGE_MARK), Some(number));
        }
        assert_eq!(read(&Surface::new(Size::new(64, 64)).unwrap(), CHANGE_MARK), None);
    }

    #[test]
    fn every_change_counts_until_it_is_seen() {
        let marks = Marks::default();
        let (_other, mut desktop) = (marks.add().unwrap(), marks.add().unwrap());
        desktop.change = u16::MAX - 1;
        let mut picture = Surface::new(Size::new(320, 128)).unwrap();
        paint(&mut picture, DESKTOP_MARK, desktop.number);
        let probe = marks.probe();
        probe.begin();
        for _ in 0..3 {
            desktop.note_change();
        }
        // The last of the three is not in the picture yet.
        paint(&mut picture, CHANGE_MARK, desktop.change.wrapping_sub(1));
        probe.look(&picture, Instant::now());
        probe.look(&picture, Instant::now());
        assert_eq!(probe.take_latencies().len(), 2);
        paint(&mut picture, CHANGE_MARK, desktop.change);
        probe.look(&picture, Instant::now());
        assert_eq!(probe.take_latencies().len(), 0, "nobody measures");
    }
}
