//! Moves packets from one device to the other, as late as the path between them says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tun_rs::SyncDevice;

use super::path::{Counts, Nature, Path};

/// Longest sleep, after which orders are looked at.
const LOOK_GAP: Duration = Duration::from_millis(20);

/// Longest packet: what a TUN device can hand out.
const PACKET_MAX_BYTES: usize = 65_535;

/// What the two directions and their owner share.
#[derive(Debug)]
pub(crate) struct Orders {
    began: Instant,
    stop: AtomicBool,
    /// Nanoseconds after `began`.
    dead_until: AtomicU64,
    counts: [Mutex<Counts>; 2],
}

impl Orders {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            stop: AtomicBool::new(false),
            dead_until: AtomicU64::new(0),
            counts: [Mutex::default(), Mutex::default()],
        }
    }

    /// Ends both directions.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Makes the network dead from now on for a time.
    pub(crate) fn kill_for(&self, time: Duration) {
        let until = (self.began.elapsed() + time).as_nanos();
        self.dead_until.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What became of the packets of both directions: towards the browser, and towards the server.
    pub(crate) fn counts(&self) -> [Counts; 2] {
        self.counts
            .each_ref()
            .map(|counts| counts.lock().map_or_else(|_| Counts::default(), |c| *c))
    }
}

/// Runs direction `number` until it is told to stop.
///
/// # Errors
///
/// The device cannot be waited for.
pub(crate) fn pump(
    orders: &Orders,
    number: usize,
    nature: Nature,
    (from, to): (&SyncDevice, &SyncDevice),
) -> Result<()> {
    let mut path = Path::new(nature, number as u64 + 1);
    let mut packet = vec![0; PACKET_MAX_BYTES];
    while !orders.stop.load(Ordering::Relaxed) {
        let now = orders.began.elapsed();
        while let Some(due) = path.take_due(now) {
            // A device whose side is being taken down refuses: for the sender the packet is lost.
            drop(to.send(&due));
        }
        let wait = path.next_due().map_or(LOOK_GAP, |due| due.saturating_sub(now).min(LOOK_GAP));
        let wait = Timespec::try_from(wait)?;
        match poll(&mut [PollFd::new(from, PollFlags::IN)], Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let now = orders.began.elapsed();
        path.kill_until(Duration::from_nanos(orders.dead_until.load(Ordering::Relaxed)));
        // Bounded by the device's own queue, and by `due` packets that must not wait.
        for _ in 0..64 {
            let Ok(bytes) = from.recv(&mut packet) else {
                break;
            };
            path.push(now, packet.get(..bytes).unwrap_or_default());
        }
        if let Some(Ok(mut counts)) = orders.counts.get(number).map(Mutex::lock) {
            *counts = path.counts;
        }
    }
    Ok(())
}
