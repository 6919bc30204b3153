//! One direction of a network: a queue before a wire of a certain rate, length and quality.

use std::collections::VecDeque;
use std::time::Duration;

use porthole_bench::canvas::Random;

/// Loss is drawn in steps of this part of one.
const LOSS_STEPS: u16 = 10_000;

/// Most bytes on their way when the rate is unlimited, so that memory stays bounded.
const FLIGHT_MAX_BYTES: u64 = 64 << 20;

/// What one direction is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Nature {
    /// Bits a second of IP packets; `None` for no limit.
    pub(crate) rate_bits: Option<u64>,
    /// From the end of the queue to the other side.
    pub(crate) delay: Duration,
    /// Bytes of IP packets that may wait for the wire; one that finds no room is dropped.
    pub(crate) queue_bytes: u64,
    /// The share of packets that the wire loses, 0 to 1.
    pub(crate) loss: f64,
}

impl Nature {
    /// How long `bytes` take to enter the wire.
    fn time_on(self, bytes: u64) -> Duration {
        match self.rate_bits {
            Some(rate) => {
                let nanos = u128::from(bytes) * 8_000_000_000 / u128::from(rate.max(1));
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
            None => Duration::ZERO,
        }
    }

    /// How many bytes enter the wire in a time.
    fn bytes_in(self, time: Duration) -> u64 {
        let rate = u128::from(self.rate_bits.unwrap_or_default());
        u64::try_from(time.as_nanos() * rate / 8_000_000_000).unwrap_or(u64::MAX)
    }
}

/// What became of the packets so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Delivered packets.
    pub(crate) packets: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Packets that found the queue full.
    pub(crate) dropped: u64,
    /// Packets that the wire lost.
    pub(crate) lost: u64,
    /// Packets that came while the network was dead.
    pub(crate) dead: u64,
}

/// One direction. Times count from any fixed moment and never run backwards.
#[derive(Debug)]
pub(crate) struct Path {
    nature: Nature,
    random: Random,
    /// When the wire has taken all that waits.
    free_at: Duration,
    /// Nothing enters before this.
    dead_until: Duration,
    /// Packets and when they arrive, which only grows.
    flight: VecDeque<(Duration, Vec<u8>)>,
    flight_bytes: u64,
    /// What became of the packets so far.
    pub(crate) counts: Counts,
}

impl Path {
    /// An empty path; `seed` decides which packets are lost.
    pub(crate) fn new(nature: Nature, seed: u64) -> Self {
        Self {
            nature,
            random: Random::new(seed),
            free_at: Duration::ZERO,
            dead_until: Duration::ZERO,
            flight: VecDeque::new(),
            flight_bytes: 0,
            counts: Counts::default(),
        }
    }

    /// Loses all that comes before `moment`. What is on its way still arrives.
    pub(crate) fn kill_until(&mut self, moment: Duration) {
        self.dead_until = moment;
    }

    /// Takes a packet in.
    pub(crate) fn push(&mut self, now: Duration, packet: &[u8]) {
        let bytes = packet.len() as u64;
        if now < self.dead_until {
            self.counts.dead += 1;
            return;
        }
        let waiting = self.nature.bytes_in(self.free_at.saturating_sub(now));
        if waiting + bytes > self.nature.queue_bytes || self.flight_bytes > FLIGHT_MAX_BYTES {
            self.counts.dropped += 1;
            return;
        }
        self.free_at = self.free_at.max(now) + self.nature.time_on(bytes);
        // The wire loses a packet after it has taken its time there.
        if f64::from(self.random.below(LOSS_STEPS)) < self.nature.loss * f64::from(LOSS_STEPS) {
            self.counts.lost += 1;
            return;
        }
        self.flight_bytes += bytes;
        self.flight.push_back((self.free_at + self.nature.delay, packet.to_vec()));
    }

    /// When the next packet arrives.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.flight.front().map(|(due, _)| *due)
    }

    /// A packet that has arrived.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Vec<u8>> {
        if self.next_due()? > now {
            return None;
        }
        let (_, packet) = self.flight.pop_front()?;
        let bytes = packet.len() as u64;
        self.flight_bytes -= bytes;
        self.counts.packets += 1;
        self.counts.bytes += bytes;
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn path(rate_bits: Option<u64>, queue_bytes: u64, loss: f64) -> Path {
        Path::new(Nature { rate_bits, delay: 20 * MS, queue_bytes, loss }, 1)
    }

    #[test]
    fn a_packet_takes_its_time_on_the_wire_and_the_way() {
        // 1000 bytes at 8 Mbit/s: one millisecond each.
        let mut path = path(Some(8_000_000), 10_000, 0.0);
        path.push(5 * MS, &[1; 1000]);
        path.push(5 * MS, &[2; 1000]);
        assert_eq!(path.next_due(), Some(26 * MS));
        assert_eq!(path.take_due(25 * MS), None);
        assert_eq!(path.take_due(26 * MS), Some(vec![1; 1000]));
        assert_eq!(path.take_due(26 * MS), None);
        assert_eq!(path.take_due(27 * MS), Some(vec![2; 1000]));
        path.push(100 * MS, &[3; 1000]);
        assert_eq!(path.next_due(), Some(121 * MS), "an idle wire takes a packet at once");
        assert_eq!(path.counts, Counts { packets: 2, bytes: 2000, ..Counts::default() });
    }

    #[test]
    fn a_full_queue_drops_what_comes_last() {
        let mut path = path(Some(8_000_000), 3000, 0.0);
        for _ in 0..5 {
            path.push(MS, &[0; 1000]);
        }
        assert_eq!(path.counts.dropped, 2);
        // Two of the three have left the queue.
        path.push(3 * MS, &[0; 1000]);
        path.push(3 * MS, &[0; 1000]);
        path.push(3 * MS, &[0; 1000]);
        assert_eq!(path.counts.dropped, 3);
    }

    #[test]
    fn a_dead_network_loses_what_comes_and_delivers_what_has_left() {
        let mut path = path(None, u64::MAX, 0.0);
        path.push(MS, &[1]);
        path.kill_until(10 * MS);
        path.push(2 * MS, &[2]);
        path.push(10 * MS, &[3]);
        assert_eq!(path.take_due(50 * MS), Some(vec![1]));
        assert_eq!(path.take_due(50 * MS), Some(vec![3]));
        assert_eq!((path.take_due(50 * MS), path.counts.dead), (None, 1));
    }

    #[test]
    fn loses_its_share_and_the_same_packets_each_time() {
        let lost = || {
            let mut path = path(None, u64::MAX, 0.01);
            for _ in 0..100_000 {
                path.push(MS, &[0]);
                path.take_due(30 * MS);
            }
            path.counts.lost
        };
        assert!((800..1200).contains(&lost()), "{}", lost());
        assert_eq!(lost(), lost());
    }

    #[test]
    fn what_is_on_its_way_is_bounded() {
        let mut path = path(None, u64::MAX, 0.0);
        let packet = vec![0; 65_535];
        for _ in 0..2000 {
            path.push(MS, &packet);
        }
        assert!(path.flight_bytes <= FLIGHT_MAX_BYTES + 65_535);
        assert!(path.counts.dropped > 900);
    }
}
