//! From one rate to another: a polyphase filter, whose steps are exact fractions.
//!
//! Both rates are of a short list, so one table of a windowed sinc holds every phase there is, and
//! nothing is interpolated. What lies above half of the lower rate is filtered out.

use std::f64::consts::PI;

use crate::{CHANNELS_MAX, RATES_HZ, SoundError};

/// Zero crossings of the sinc on either side: how steep the filter is, and half of what it delays.
const CROSSINGS: usize = 16;

/// How much of the band passes unharmed.
const PASSED: f64 = 0.92;

/// A filter and what it remembers of each channel.
#[derive(Debug)]
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    /// Steps of output between two of input, in fractions of `up`.
    up: usize,
    down: usize,
    /// For each of `up` phases, the weights of as many samples.
    table: Vec<Vec<f32>>,
    taps: usize,
    /// Input that is still needed, one channel each.
    held: Vec<Vec<f32>>,
    phase: usize,
}

impl Resampler {
    /// A filter that has heard silence so far.
    ///
    /// # Errors
    ///
    /// [`SoundError::Rate`] and [`SoundError::Channels`].
    pub fn new(from_hz: u32, to_hz: u32, channels: u8) -> Result<Self, SoundError> {
        for rate_hz in [from_hz, to_hz] {
            if !RATES_HZ.contains(&rate_hz) {
                return Err(SoundError::Rate { rate_hz });
            }
        }
        if channels == 0 || channels > CHANNELS_MAX {
            return Err(SoundError::Channels { channels });
        }
        let common = greatest_common_divisor(from_hz, to_hz);
        let (up, down) = ((to_hz / common) as usize, (from_hz / common) as usize);
        // A lower rate is a wider sinc.
        let taps = 2 * CROSSINGS * down.div_ceil(up).max(1);
        let cutoff = PASSED * (f64::from(to_hz) / f64::from(from_hz)).min(1.0);
        let table = (0..up).map(|phase| weights(taps, as_float(phase) / as_float(up), cutoff));
        Ok(Self {
            from_hz,
            to_hz,
            up,
            down,
            table: table.collect(),
            taps,
            held: vec![vec![0.0; taps - 1]; channels.into()],
            phase: 0,
        })
    }

    /// How many channels it filters.
    pub fn channels(&self) -> usize {
        self.held.len()
    }

    /// Takes interleaved samples, as many for each channel, and appends what comes of them,
    /// interleaved too.
    pub fn push(&mut self, input: impl Iterator<Item = f32>, out: &mut Vec<f32>) {
        if self.from_hz == self.to_hz {
            return out.extend(input);
        }
        let channels = self.held.len();
        for (index, sample) in input.enumerate() {
            if let Some(held) = self.held.get_mut(index % channels) {
                held.push(sample);
            }
        }
        let len = self.held.last().map_or(0, Vec::len);
        let mut at = 0;
        while at + self.taps <= len
            && let Some(weights) = self.table.get(self.phase)
        {
            for held in &self.held {
                let window = held.get(at..).unwrap_or_default();
                out.push(weights.iter().zip(window).map(|(weight, sample)| weight * sample).sum());
            }
            self.phase += self.down;
            at += self.phase / self.up;
            self.phase %= self.up;
        }
        // A step is shorter than the filter, so it never leads beyond what has come.
        for held in &mut self.held {
            held.drain(..at.min(held.len()));
        }
    }
}

/// The filter's weights where the output lies `shift` of a sample after the middle of the window.
fn weights(taps: usize, shift: f64, cutoff: f64) -> Vec<f32> {
    let middle = as_float(taps / 2 - 1) + shift;
    let at = |index: usize| {
        let from = as_float(index) - middle;
        let angle = PI * cutoff * from;
        let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
        // Blackman's window: what it lets through of what it should not is below 16-bit noise.
        let place = (from / as_float(taps / 2)).clamp(-1.0, 1.0);
        sinc * (0.42 + 0.5 * (PI * place).cos() + 0.08 * (2.0 * PI * place).cos())
    };
    let raw: Vec<f64> = (0..taps).map(at).collect();
    let sum: f64 = raw.iter().sum();
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more precision")]
    raw.iter().map(|weight| (weight / sum) as f32).collect()
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[expect(clippy::cast_precision_loss, reason = "counts of taps and phases are small")]
const fn as_float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a second of samples"
)]
mod tests {
    use std::f64::consts::TAU;

    use super::Resampler;
    use crate::{RATES_HZ, SoundError};

    fn tone(rate_hz: u32, hz: f64, samples: usize) -> Vec<f32> {
        let sample = |at| (TAU * hz * at as f64 / f64::from(rate_hz)).sin() as f32;
        (0..samples).map(sample).collect()
    }

    /// How much of `samples` is a tone of `hz`, 1 for all of it.
    fn share(samples: &[f32], rate_hz: u32, hz: f64) -> f64 {
        let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
        for (at, sample) in samples.iter().enumerate() {
            let (sample, turns) = (f64::from(*sample), hz * at as f64 / f64::from(rate_hz));
            re += sample * (TAU * turns).cos();
            im += sample * (TAU * turns).sin();
            all += sample * sample;
        }
        2.0 * (re * re + im * im) / (all * samples.len() as f64)
    }

    #[test]
    fn tones_stay_what_they_are_at_every_rate() {
        for from_hz in RATES_HZ {
            for to_hz in RATES_HZ {
                let mut filter = Resampler::new(from_hz, to_hz, 1).unwrap();
                let mut out = Vec::new();
                for piece in tone(from_hz, 1000.0, from_hz as usize).chunks(777) {
                    filter.push(piece.iter().copied(), &mut out);
                }
                let want = to_hz as usize;
                assert!(out.len().abs_diff(want) <= want / 500 + 2, "{from_hz} {to_hz}");
                let settled = &out[want / 10..want * 9 / 10];
                let share = share(settled, to_hz, 1000.0);
                assert!(share > 0.9999, "{from_hz} {to_hz} {share}");
                let power = settled.iter().map(|it| it * it).sum::<f32>() / settled.len() as f32;
                assert!((power - 0.5).abs() < 0.005, "{from_hz} {to_hz} {power}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_gone() {
        let mut filter = Resampler::new(48_000, 8_000, 1).unwrap();
        let mut out = Vec::new();
        filter.push(tone(48_000, 6000.0, 48_000).into_iter(), &mut out);
        assert!(out[200..].iter().all(|sample| sample.abs() < 0.001));
    }

    #[test]
    fn channels_do_not_mix_and_pieces_do_not_show() {
        let left = tone(44_100, 440.0, 5000);
        let both: Vec<f32> = left.iter().flat_map(|sample| [*sample, 0.0]).collect();
        let mut whole = Vec::new();
        Resampler::new(44_100, 48_000, 2).unwrap().push(both.iter().copied(), &mut whole);
        let mut pieces = Vec::new();
        let mut filter = Resampler::new(44_100, 48_000, 2).unwrap();
        both.chunks(2).for_each(|pair| filter.push(pair.iter().copied(), &mut pieces));
        assert_eq!(whole, pieces);
        assert!(whole.iter().skip(1).step_by(2).all(|sample| *sample == 0.0));
        let mut alone = Vec::new();
        Resampler::new(44_100, 48_000, 1).unwrap().push(left.into_iter(), &mut alone);
        assert_eq!(whole.iter().step_by(2).copied().collect::<Vec<_>>(), alone);
    }

    #[test]
    fn other_rates_are_refused() {
        let refused = Resampler::new(44_099, 48_000, 1).unwrap_err();
        assert_eq!(refused, SoundError::Rate { rate_hz: 44_099 });
        assert!(Resampler::new(48_000, u32::MAX, 1).is_err());
        assert!(Resampler::new(48_000, 48_000, 0).is_err());
        assert!(Resampler::new(48_000, 48_000, 3).is_err());
    }
}
