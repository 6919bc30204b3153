//! What the numbers were measured on.

use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use crate::canvas::{Canvas, Letters, PAPER};

/// Rounds of each calibration; the best counts.
const ROUNDS: usize = 8;

/// Bytes that are copied at a time: far more than fit the caches.
const COPY_LEN_BYTES: usize = 64 << 20;

/// A machine, at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_mb: u64,
    kernel: String,
    load: String,
    copy_mb_per_s: f64,
    jpeg_mpx_per_s: f64,
    commit: String,
    date: String,
}

impl Machine {
    /// Looks and calibrates, which takes a second or two.
    ///
    /// # Errors
    ///
    /// The calibration fails.
    pub(crate) fn look() -> Result<Self> {
        // The load comes first, before our own work adds to it.
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load: Vec<&str> = load.split_ascii_whitespace().take(3).collect();
        let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Ok(Self {
            cpu: cpu_model(&cpu_info),
            cores: std::thread::available_parallelism()?.get(),
            memory_mb: memory_mb(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            load: load.join(" "),
            copy_mb_per_s: copy_mb_per_s(),
            jpeg_mpx_per_s: jpeg_mpx_per_s()?,
            commit: commit(),
            date: first_line(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"])),
        })
    }

    /// For programs, and for reports.
    pub(crate) fn json(&self) -> Value {
        json!({
            "cpu": self.cpu,
            "cores": self.cores,
            "memory_mb": self.memory_mb,
            "kernel": self.kernel,
            "load_before": self.load,
            "copy_mb_per_s": self.copy_mb_per_s.round(),
            "jpeg_mpx_per_s": self.jpeg_mpx_per_s.round(),
            "commit": self.commit,
            "date": self.date,
        })
    }
}

fn cpu_model(info: &str) -> String {
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// Memory of the machine, in units of 1000000 bytes; 0 when it is not told.
fn memory_mb(info: &str) -> u64 {
    let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: Option<u64> = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok());
    kib.unwrap_or(0) * 1024 / 1_000_000
}

fn copy_mb_per_s() -> f64 {
    let source = vec![7_u8; COPY_LEN_BYTES];
    let mut target = vec![0_u8; COPY_LEN_BYTES];
    let time = best(|| {
        black_box(&mut target).copy_from_slice(black_box(&source));
        Ok(())
    });
    // Copying cannot fail.
    time.map_or(0.0, |time| 64.0 * 1.048_576 / time.as_secs_f64())
}

/// 1280x720 of words and a photograph, quality 75, colour at half the resolution.
fn jpeg_mpx_per_s() -> Result<f64> {
    let mut canvas = Canvas::new(1280, 720, PAPER);
    canvas.words(&Letters::new(), (0, 0), (640, 720), 1);
    canvas.photo((640, 0), (640, 720), 1);
    let mut compressor = Compressor::new()?;
    compressor.set_quality(75)?;
    compressor.set_subsamp(Subsamp::Sub2x2)?;
    let mut out = vec![0; turbojpeg::compressed_buf_len(1280, 720, Subsamp::Sub2x2)?];
    let time = best(|| {
        let image = Image {
            pixels: canvas.bytes.as_slice(),
            width: 1280,
            pitch: canvas.stride(),
            height: 720,
            format: PixelFormat::BGRX,
        };
        black_box(compressor.compress_to_slice(image, &mut out)?);
        Ok(())
    })?;
    Ok(1280.0 * 720.0 / 1e6 / time.as_secs_f64())
}

fn best(mut act: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        act()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

/// The commit that was checked out, and `+changes` when files differ from it.
fn commit() -> String {
    let commit = first_line(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]));
    let changes = first_line(Command::new("git").args(["status", "--porcelain"]));
    if changes.is_empty() { commit } else { format!("{commit}+changes") }
}

/// What a command prints first; nothing when it fails.
fn first_line(command: &mut Command) -> String {
    let output = command.output().context("cannot be started");
    let output = output.ok().filter(|output| output.status.success());
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.and_then(|text| text.lines().next().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_model() {
        assert_eq!(cpu_model("processor : 0\nmodel name\t: A: B\n"), "A: B");
        assert_eq!(cpu_model(""), std::env::consts::ARCH);
        assert_eq!(memory_mb("MemTotal:       1000000 kB\nMemFree: 1 kB\n"), 1024);
        assert_eq!(memory_mb(""), 0);
    }
}
