//! Results, for people and for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::account::{Usage, ratio};
use crate::machine::Machine;
use crate::measure::{Settings, whole};
use crate::viewer::{Counts, Images};

/// What one workload cost.
#[derive(Debug, Clone)]
pub(crate) struct LoadRow {
    /// The workload's name.
    pub(crate) workload: &'static str,
    /// What was measured.
    pub(crate) subject: &'static str,
    /// How long it was measured.
    pub(crate) seconds: f64,
    /// Steps that the scene made meanwhile.
    pub(crate) steps: u64,
    /// CPU time of the subject's processes.
    pub(crate) usage: Usage,
    /// CPU time of the remote, in percent of one core.
    pub(crate) server_cpu_percent: f64,
    /// What the viewer got.
    pub(crate) counts: Counts,
    /// Resident memory of the subject at the end.
    pub(crate) rss_kib: u64,
    /// The most that it ever was.
    pub(crate) rss_peak_kib: u64,
    /// Threads of the subject at the end.
    pub(crate) threads: u64,
}

/// Key to pixel.
#[derive(Debug, Clone)]
pub(crate) struct LatencyRow {
    /// What was measured.
    pub(crate) subject: &'static str,
    /// With the viewer connected to the remote itself.
    pub(crate) direct: Spread,
    /// With the subject in between.
    pub(crate) through: Spread,
}

/// Many idle sessions.
#[derive(Debug, Clone)]
pub(crate) struct ManyRow {
    /// What was measured.
    pub(crate) subject: &'static str,
    /// How many.
    pub(crate) sessions: usize,
    /// Resident memory before the first.
    pub(crate) empty_rss_kib: u64,
    /// Resident memory with all of them.
    pub(crate) rss_kib: u64,
    /// Threads with all of them.
    pub(crate) threads: u64,
    /// CPU time of all of them, in percent of one core.
    pub(crate) cpu_percent: f64,
    /// Bytes to all viewers.
    pub(crate) bytes_per_s: f64,
}

/// How a set of times is spread.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Spread {
    /// How many.
    pub(crate) samples: usize,
    /// Half are below, in milliseconds.
    pub(crate) p50_ms: f64,
    /// Nineteen in twenty are below.
    pub(crate) p95_ms: f64,
    /// None is above.
    pub(crate) max_ms: f64,
}

impl Spread {
    /// Sorts the times on the way.
    pub(crate) fn of(times: &mut [Duration]) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let index = (times.len() * percent).div_ceil(100).max(1) - 1;
            times.get(index).map_or(0.0, |time| 1e3 * time.as_secs_f64())
        };
        Self { samples: times.len(), p50_ms: at(50), p95_ms: at(95), max_ms: at(100) }
    }

    fn json(self) -> Value {
        json!({
            "samples": self.samples,
            "p50_ms": round(self.p50_ms),
            "p95_ms": round(self.p95_ms),
            "max_ms": round(self.max_ms),
        })
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    /// One for each workload.
    pub(crate) loads: Vec<LoadRow>,
    /// Key to pixel, if it was measured.
    pub(crate) latencies: Vec<LatencyRow>,
    /// One for each number of sessions.
    pub(crate) many: Vec<ManyRow>,
}

impl Results {
    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        if !self.loads.is_empty() {
            let mut rows = vec![LoadRow::HEAD.map(str::to_owned)];
            rows.extend(self.loads.iter().map(LoadRow::cells));
            text.push_str(&aligned(&rows));
        }
        for row in &self.latencies {
            let mut rows =
                vec![["key to pixel, ms", "p50", "p95", "max", "keys"].map(str::to_owned)];
            let cells = |name: &str, spread: Spread| {
                let [p50, p95, max] =
                    [spread.p50_ms, spread.p95_ms, spread.max_ms].map(|ms| format!("{ms:.2}"));
                [name.to_owned(), p50, p95, max, spread.samples.to_string()]
            };
            rows.push(cells("straight to the remote", row.direct));
            rows.push(cells(&format!("through {}", row.subject), row.through));
            let [p50, p95] = row.added_ms().map(|ms| format!("{ms:+.2}"));
            rows.push(["difference".to_owned(), p50, p95, String::new(), String::new()]);
            text.push('\n');
            text.push_str(&aligned(&rows));
        }
        for row in &self.many {
            // The `String` never refuses.
            let _ = writeln!(
                text,
                "\n{} idle sessions of {}: {:.1} MB each ({:.1} MB without any, {:.1} MB with \
                 all), {} threads, {:.1} % CPU, {:.1} kB/s in all",
                row.sessions,
                row.subject,
                row.each_mb(),
                mb(row.empty_rss_kib),
                mb(row.rss_kib),
                row.threads,
                row.cpu_percent,
                row.bytes_per_s / 1e3,
            );
        }
        text
    }

    /// The same numbers for programs.
    pub(crate) fn json(&self, settings: &Settings, machine: &Machine) -> Value {
        json!({
            "machine": machine.json(),
            "size": [settings.size.0, settings.size.1],
            "parameters": settings.gateway.parameters,
            "workloads": self.loads.iter().map(LoadRow::json).collect::<Vec<_>>(),
            "latency": self.latencies.iter().map(LatencyRow::json).collect::<Vec<_>>(),
            "many": self.many.iter().map(ManyRow::json).collect::<Vec<_>>(),
        })
    }
}

impl LoadRow {
    const HEAD: [&'static str; 17] = [
        "workload",
        "steps/s",
        "frames/s",
        "gap p95",
        "CPU %",
        "of it sys",
        "ms/frame",
        "kB/s",
        "kB/frame",
        "jpeg",
        "palette",
        "rgb",
        "fill",
        "copy",
        "RSS MB",
        "threads",
        "server %",
    ];

    fn cells(&self) -> [String; 17] {
        let counts = &self.counts;
        let [jpegs, palettes, rgbs, fills, copies] = [
            counts.jpeg.count,
            counts.palette.count,
            counts.rgb.count,
            counts.fills,
            counts.copies,
        ]
        .map(|count| count.to_string());
        [
            self.workload.to_owned(),
            format!("{:.1}", ratio(whole(self.steps), self.seconds)),
            format!("{:.1}", self.frames_per_s()),
            format!("{:.0}", self.gaps().p95_ms),
            format!("{:.1}", self.usage.cpu_percent),
            format!("{:.0}", self.usage.system_percent),
            format!("{:.2}", self.cpu_ms_per_frame()),
            format!("{:.1}", self.kb_per_s()),
            format!("{:.1}", ratio(whole(counts.bytes) / 1e3, whole(counts.frames))),
            jpegs,
            palettes,
            rgbs,
            fills,
            copies,
            format!("{:.1}", mb(self.rss_kib)),
            self.threads.to_string(),
            format!("{:.0}", self.server_cpu_percent),
        ]
    }

    fn json(&self) -> Value {
        let counts = &self.counts;
        json!({
            "workload": self.workload,
            "subject": self.subject,
            "seconds": round(self.seconds),
            "steps_per_s": round(ratio(whole(self.steps), self.seconds)),
            "frames": counts.frames,
            "frames_per_s": round(self.frames_per_s()),
            "frame_gap": self.gaps().json(),
            "cpu_percent": round(self.usage.cpu_percent),
            "cpu_system_percent_of_it": round(self.usage.system_percent),
            "cpu_ms_per_frame": round(self.cpu_ms_per_frame()),
            "kb_per_s": round(self.kb_per_s()),
            "images": {
                "jpeg": images(counts.jpeg),
                "palette": images(counts.palette),
                "rgb": images(counts.rgb),
            },
            "fills": counts.fills,
            "copies": counts.copies,
            "rss_mb": round(mb(self.rss_kib)),
            "rss_peak_mb": round(mb(self.rss_peak_kib)),
            "threads": self.threads,
            "server_cpu_percent": round(self.server_cpu_percent),
        })
    }

    fn frames_per_s(&self) -> f64 {
        ratio(whole(self.counts.frames), self.seconds)
    }

    fn kb_per_s(&self) -> f64 {
        ratio(whole(self.counts.bytes) / 1e3, self.seconds)
    }

    fn cpu_ms_per_frame(&self) -> f64 {
        ratio(self.usage.cpu_ms, whole(self.counts.frames))
    }

    fn gaps(&self) -> Spread {
        Spread::of(&mut self.counts.gaps.clone())
    }
}

impl LatencyRow {
    /// What the subject adds to the median and to the 95th percentile.
    fn added_ms(&self) -> [f64; 2] {
        [self.through.p50_ms - self.direct.p50_ms, self.through.p95_ms - self.direct.p95_ms]
    }

    fn json(&self) -> Value {
        let [p50, p95] = self.added_ms().map(round);
        json!({
            "subject": self.subject,
            "direct": self.direct.json(),
            "through": self.through.json(),
            "added": { "p50_ms": p50, "p95_ms": p95 },
        })
    }
}

impl ManyRow {
    fn each_mb(&self) -> f64 {
        let sessions = whole(self.sessions as u64);
        ratio(mb(self.rss_kib.saturating_sub(self.empty_rss_kib)), sessions)
    }

    fn json(&self) -> Value {
        json!({
            "subject": self.subject,
            "sessions": self.sessions,
            "rss_mb_without_any": round(mb(self.empty_rss_kib)),
            "rss_mb": round(mb(self.rss_kib)),
            "rss_mb_each": round(self.each_mb()),
            "threads": self.threads,
            "cpu_percent": round(self.cpu_percent),
            "kb_per_s": round(self.bytes_per_s / 1e3),
        })
    }
}

fn images(images: Images) -> Value {
    json!({
        "count": images.count,
        "kb": round(whole(images.bytes) / 1e3),
        "mpx": round(whole(images.pixels) / 1e6),
    })
}

fn mb(kib: u64) -> f64 {
    whole(kib) * 1024.0 / 1e6
}

/// Three digits behind the point are more than the numbers deserve.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// The first column to the left, the others to the right.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            // The `String` never refuses.
            let _ = if column == 0 {
                write!(line, "{cell:<width$}")
            } else {
                write!(line, "  {cell:>width$}")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        let spread = Spread::of(&mut times);
        let want = Spread { samples: 100, p50_ms: 50.0, p95_ms: 95.0, max_ms: 100.0 };
        assert_eq!(spread, want);
        assert_eq!(Spread::of(&mut []), Spread::default());
    }

    #[test]
    fn aligns() {
        let rows = [["a", "bb"], ["ccc", "d"]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "a    bb\nccc   d\n");
    }

    #[test]
    fn a_row_without_frames_divides_by_nothing() {
        let row = LoadRow {
            workload: "idle",
            subject: "porthole",
            seconds: 0.0,
            steps: 0,
            usage: Usage::default(),
            server_cpu_percent: 0.0,
            counts: Counts::default(),
            rss_kib: 0,
            rss_peak_kib: 0,
            threads: 0,
        };
        assert_eq!(row.json()["cpu_ms_per_frame"], 0.0);
        assert!(!row.cells().concat().contains("NaN"));
    }
}
