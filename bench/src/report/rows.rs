//! One row for each thing that was measured.

use std::time::Duration;

use serde_json::{Value, json};

use crate::account::{Usage, ratio};
use crate::measure::whole;
use crate::viewer::{Counts, Images};

/// What one workload cost.
#[derive(Debug, Clone)]
pub(crate) struct LoadRow {
    /// The workload's name, behind that of the server if it is not TigerVNC.
    pub(crate) workload: String,
    /// What was measured.
    pub(crate) subject: &'static str,
    /// How long it was measured.
    pub(crate) seconds: f64,
    /// Steps that the scene made meanwhile.
    pub(crate) steps: u64,
    /// What the subject's processes used; `None` when they could not be seen.
    pub(crate) account: Option<Account>,
    /// CPU time of the remote, in percent of one core.
    pub(crate) server_cpu_percent: f64,
    /// What the viewer got.
    pub(crate) counts: Counts,
    /// How close the film was to what was drawn, where there is one.
    pub(crate) psnr_db: Option<f64>,
}

/// What processes used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Account {
    /// CPU time.
    pub(crate) usage: Usage,
    /// Resident memory at the end.
    pub(crate) rss_kib: u64,
    /// The most that it ever was.
    pub(crate) rss_peak_kib: u64,
    /// Threads at the end.
    pub(crate) threads: u64,
}

/// Key to pixel.
#[derive(Debug, Clone)]
pub(crate) struct LatencyRow {
    /// `latency`, behind the name of the server if it is not TigerVNC.
    pub(crate) task: String,
    /// What was measured.
    pub(crate) subject: &'static str,
    /// With the viewer connected to the remote itself.
    pub(crate) direct: Spread,
    /// With the subject in between.
    pub(crate) through: Spread,
}

/// Many sessions at a time, of the gateway.
#[derive(Debug, Clone)]
pub(crate) struct ScaleRow {
    /// What happens in them.
    pub(crate) mix: &'static str,
    /// How many.
    pub(crate) sessions: usize,
    /// Columns and rows of each.
    pub(crate) size: (u16, u16),
    /// How long it took to open all of them.
    pub(crate) ramp_up: Duration,
    /// Time from opening a session to its first frame.
    pub(crate) connect: Spread,
    /// Resident memory before the first.
    pub(crate) empty_rss_kib: u64,
    /// Resident memory with all of them.
    pub(crate) rss_kib: u64,
    /// Threads with all of them.
    pub(crate) threads: u64,
    /// CPU time of all of them, in percent of one core.
    pub(crate) cpu_percent: f64,
    /// CPU time of servers and viewers, in percent of one core.
    pub(crate) own_cpu_percent: f64,
    /// Changes on all desktops.
    pub(crate) changes_per_s: f64,
    /// Frames to all viewers.
    pub(crate) frames_per_s: f64,
    /// Bytes to all viewers.
    pub(crate) bytes_per_s: f64,
    /// Time from a change to a frame that shows it.
    pub(crate) latency: Spread,
}

/// What was measured of shells.
#[derive(Debug, Clone)]
pub(crate) struct ShellRow {
    /// What happened in them.
    pub(crate) task: &'static str,
    /// What was measured.
    pub(crate) subject: &'static str,
    /// The numbers; their units are in their names.
    pub(crate) numbers: Vec<(&'static str, f64)>,
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
    /// Ninety-nine in a hundred are below.
    pub(crate) p99_ms: f64,
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
        Self {
            samples: times.len(),
            p50_ms: at(50),
            p95_ms: at(95),
            p99_ms: at(99),
            max_ms: at(100),
        }
    }

    /// Null when there are no samples.
    fn json(self) -> Value {
        if self.samples == 0 {
            return Value::Null;
        }
        json!({
            "samples": self.samples,
            "p50_ms": round(self.p50_ms),
            "p95_ms": round(self.p95_ms),
            "p99_ms": round(self.p99_ms),
            "max_ms": round(self.max_ms),
        })
    }
}

impl LoadRow {
    pub(super) fn json(&self) -> Value {
        let counts = &self.counts;
        let images: serde_json::Map<String, Value> =
            counts.images.iter().map(|(kind, each)| ((*kind).to_owned(), images(*each))).collect();
        let mut row = json!({
            "workload": self.workload,
            "subject": self.subject,
            "seconds": round(self.seconds),
            "steps_per_s": round(ratio(whole(self.steps), self.seconds)),
            "frames": counts.frames,
            "frames_per_s": round(ratio(whole(counts.frames), self.seconds)),
            "frame_gap": Spread::of(&mut counts.gaps.clone()).json(),
            "kb_per_s": round(ratio(whole(counts.bytes) / 1e3, self.seconds)),
            "kb_per_frame": round(ratio(whole(counts.bytes) / 1e3, whole(counts.frames))),
            "images": images,
            "fills": counts.fills,
            "copies": counts.copies,
            "server_cpu_percent": round(self.server_cpu_percent),
        });
        let mut add = |name: &str, value: f64| {
            if let Value::Object(fields) = &mut row {
                fields.insert(name.to_owned(), round(value).into());
            }
        };
        if let Some(db) = self.psnr_db {
            add("psnr_db", db);
        }
        if let Some(account) = self.account {
            let usage = account.usage;
            add("cpu_percent", usage.cpu_percent);
            add("cpu_system_percent_of_it", usage.system_percent);
            add("cpu_ms_per_frame", ratio(usage.cpu_ms, whole(counts.frames)));
            add("rss_mb", mb(account.rss_kib));
            add("rss_peak_mb", mb(account.rss_peak_kib));
            add("threads", whole(account.threads));
        }
        row
    }
}

impl LatencyRow {
    pub(super) fn json(&self) -> Value {
        let (direct, through) = (self.direct, self.through);
        if direct.samples == 0 {
            return json!({
                "task": self.task,
                "subject": self.subject,
                "through": through.json(),
            });
        }
        json!({
            "task": self.task,
            "subject": self.subject,
            "direct": direct.json(),
            "through": through.json(),
            "added": {
                "p50_ms": round(through.p50_ms - direct.p50_ms),
                "p95_ms": round(through.p95_ms - direct.p95_ms),
            },
        })
    }
}

impl ScaleRow {
    pub(super) fn json(&self) -> Value {
        let sessions = whole(self.sessions as u64);
        let grown = self.rss_kib.saturating_sub(self.empty_rss_kib);
        json!({
            "mix": self.mix,
            "sessions": self.sessions,
            "size": [self.size.0, self.size.1],
            "ramp_up_s": round(self.ramp_up.as_secs_f64()),
            "connect": self.connect.json(),
            "rss_mb_without_any": round(mb(self.empty_rss_kib)),
            "rss_mb": round(mb(self.rss_kib)),
            "rss_mb_each": round(ratio(mb(grown), sessions)),
            "threads": self.threads,
            "cpu_percent": round(self.cpu_percent),
            "own_cpu_percent": round(self.own_cpu_percent),
            "changes_per_s": round(self.changes_per_s),
            "frames_per_s": round(self.frames_per_s),
            "kb_per_s": round(self.bytes_per_s / 1e3),
            "latency": self.latency.json(),
        })
    }
}

impl ShellRow {
    pub(super) fn json(&self) -> Value {
        let mut row = json!({"task": self.task, "subject": self.subject});
        if let Value::Object(fields) = &mut row {
            for (name, value) in &self.numbers {
                fields.insert((*name).to_owned(), round(*value).into());
            }
        }
        row
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
