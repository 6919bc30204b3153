//! What is to be reached, and what others have been measured at.
//!
//! The figures come from the project's issues on its display engine and on RDP: guacd 1.6.1 in its best
//! setting, and websockify with noVNC, measured on two cores at 1920x1080 over a TigerVNC server
//! with one viewer, everything on one machine. They were not measured by this bench, nor on the
//! machine that a report is about: compare orders of magnitude, or run the peers.

use serde_json::Value;

use super::read::{list, number, text};
use super::table::Table;

/// Our own name in results.
pub(super) const OURS: &str = "porthole";

/// One figure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// The workload, or what else is measured.
    pub(super) what: &'static str,
    /// Which of its numbers.
    pub(super) metric: Metric,
    /// What is to be reached.
    pub(super) goal: f64,
    /// guacd's.
    pub(super) guacd: Option<f64>,
    /// websockify's, with noVNC.
    pub(super) websockify: Option<f64>,
}

/// What a figure measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    /// CPU time for each frame, in milliseconds.
    Cpu,
    /// Bytes to the viewer, in kB/s.
    Bytes,
    /// Closeness of the film, in dB: more is better.
    Closeness,
    /// Resident memory of a session, in MB, from the workload that is named.
    Memory,
    /// Added to the median between a key and its answer, in milliseconds.
    AddedP50,
    /// Added to the 95th percentile.
    AddedP95,
    /// The median between a key and its answer, the server's part included, in milliseconds.
    KeyP50,
    /// Frames a second: more is better.
    Frames,

    /// Resident memory of each of 200 idle sessions, in MB.
    MemoryEach,
    /// A number that was measured of shells, by its name, and whether more is better.
    Shell(&'static str, bool),
}

/// Sessions of the figure on many idle ones.
const IDLE_SESSIONS: f64 = 200.0;

const fn target(
    what: &'static str,
    metric: Metric,
    goal: f64,
    guacd: Option<f64>,
    websockify: Option<f64>,
) -> Target {
    Target { what, metric, goal, guacd, websockify }
}

/// All figures.
pub(super) const TARGETS: [Target; 34] = [
    target("typing", Metric::Cpu, 0.3, Some(1.0), None),
    target("typing", Metric::Bytes, 2.0, Some(4.1), Some(1.5)),
    target("terminal", Metric::Cpu, 3.0, Some(28.0), None),
    target("terminal", Metric::Bytes, 150.0, Some(2394.0), Some(344.0)),
    target("page", Metric::Cpu, 8.0, Some(29.0), None),
    target("page", Metric::Bytes, 400.0, Some(2773.0), Some(18656.0)),
    target("video", Metric::Cpu, 8.0, Some(41.0), None),
    target("video", Metric::Bytes, 4000.0, Some(5832.0), Some(7426.0)),
    target("video", Metric::Closeness, 32.0, None, None),
    target("switch", Metric::Cpu, 10.0, Some(473.0), None),
    target("switch", Metric::Bytes, 60.0, Some(5602.0), Some(5200.0)),
    target("drag", Metric::Cpu, 2.0, Some(10.0), None),
    target("drag", Metric::Bytes, 150.0, Some(1079.0), Some(796.0)),
    target("key to pixel, p50", Metric::AddedP50, 1.0, Some(11.5), Some(0.2)),
    target("key to pixel, p95", Metric::AddedP95, 2.0, Some(14.0), Some(2.0)),
    target("idle", Metric::Memory, 14.0, Some(41.0), Some(70.0)),
    target("200 idle sessions", Metric::MemoryEach, 5.0, Some(32.0), None),
    target("xrdp-typing", Metric::Cpu, 0.5, Some(2.0), None),
    target("xrdp-typing", Metric::Memory, 20.0, Some(77.0), None),
    target("xrdp-terminal", Metric::Cpu, 8.0, Some(162.0), None),
    target("xrdp-terminal", Metric::Frames, 30.0, Some(6.0), None),
    target("xrdp-video", Metric::Cpu, 10.0, Some(80.0), None),
    target("xrdp-video", Metric::Frames, 30.0, Some(11.0), None),
    target("shadow-video", Metric::Cpu, 1.5, Some(75.0), None),
    target("shadow-video", Metric::Frames, 30.0, Some(8.6), None),
    target("xrdp-latency", Metric::KeyP50, 12.0, Some(20.9), None),
    target("echo", Metric::Shell("added_p50_ms", false), 0.2, Some(1.1), None),
    target("flood", Metric::Shell("mb_per_s", true), 60.0, None, None),
    target("away", Metric::Shell("interrupt_p50_ms", false), 100.0, None, None),
    target("away", Metric::Shell("interrupt_max_ms", false), 100.0, None, None),
    target("files", Metric::Shell("up_mb_per_s", true), 200.0, None, None),
    target("files", Metric::Shell("down_mb_per_s", true), 200.0, None, None),
    target("idle", Metric::Shell("rss_mb_each", false), 3.0, None, None),
    target("idle", Metric::Shell("shells", true), 1000.0, None, None),
];

impl Metric {
    /// Its name, with its unit.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "ms CPU a frame",
            Self::Bytes => "kB/s",
            Self::Closeness => "PSNR, dB",
            Self::Memory => "resident MB",
            Self::AddedP50 | Self::AddedP95 => "added ms",
            Self::MemoryEach => "resident MB each",
            Self::KeyP50 => "ms from key to pixel, p50",
            Self::Frames => "frames/s",
            Self::Shell(name, _) => name,
        }
    }
}

impl Target {
    /// What `subject` was measured at.
    pub(super) fn measured(&self, report: &Value, subject: &str) -> Option<f64> {
        let of_workload = |path: &str| {
            let mut rows = list(report, "workloads").iter();
            let row = rows.find(|row| {
                text(row, "workload") == self.what && text(row, "subject") == subject
            })?;
            number(row, path)
        };
        let of_latency = |task: &str, path: &str| {
            let mut rows = list(report, "latency").iter();
            let row = rows.find(|row| {
                // Before there were several servers, results did not name them.
                let named = Some(text(row, "task")).filter(|name| !name.is_empty());
                named.unwrap_or("latency") == task && text(row, "subject") == subject
            })?;
            number(row, path)
        };
        match self.metric {
            Metric::Cpu => of_workload("cpu_ms_per_frame"),
            Metric::Bytes => of_workload("kb_per_s"),
            Metric::Closeness => of_workload("psnr_db"),
            Metric::Memory => of_workload("rss_mb"),
            Metric::AddedP50 => of_latency("latency", "added.p50_ms"),
            Metric::AddedP95 => of_latency("latency", "added.p95_ms"),
            Metric::KeyP50 => of_latency(self.what, "through.p50_ms"),
            Metric::Frames => of_workload("frames_per_s"),

            // Only the gateway is measured with many sessions.
            Metric::MemoryEach if subject == OURS => {
                let mut rows = list(report, "sessions").iter();
                let row = rows.find(|row| {
                    text(row, "mix") == "idle" && number(row, "sessions") == Some(IDLE_SESSIONS)
                })?;
                number(row, "rss_mb_each")
            }
            Metric::MemoryEach => None,
            Metric::Shell(name, _) => {
                let mut rows = list(report, "shells").iter();
                let row = rows.find(|row| {
                    text(row, "task") == self.what && text(row, "subject") == subject
                })?;
                number(row, name)
            }
        }
    }

    /// What is measured, for people.
    fn name(&self) -> String {
        match self.metric {
            Metric::Shell(name, _) => format!("shells, {}: {}", self.what, name.replace('_', " ")),
            metric => format!("{}: {}", self.what, metric.name()),
        }
    }

    const fn is_reached(&self, measured: f64) -> bool {
        match self.metric {
            Metric::Closeness | Metric::Shell(_, true) => measured >= self.goal,
            // Thirty pictures a second, whenever the clock was read.
            Metric::Frames => measured >= 0.97 * self.goal,
            _ => measured <= self.goal,
        }
    }
}

/// What was measured beside what is to be reached. Figures that were not measured are left out.
pub(super) fn table(report: &Value) -> Table {
    let head = ["figure", "measured", "to reach", "reached", "guacd", "websockify + noVNC"];
    let mut table = Table {
        title: "Beside the targets".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: Vec::new(),
        note: "Targets, and the columns of guacd 1.6.1 and websockify, are published figures from \
               another machine of two cores at 1920x1080. They are not part of this run.",
    };
    let plain = |value: Option<f64>| value.map(short).unwrap_or_default();
    for target in &TARGETS {
        let Some(measured) = target.measured(report, OURS) else { continue };
        table.rows.push(vec![
            target.name(),
            short(measured),
            short(target.goal),
            if target.is_reached(measured) { "yes" } else { "no" }.to_owned(),
            plain(target.guacd),
            plain(target.websockify),
        ]);
    }
    table
}

/// A number with as many digits as people need.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    let digits = if size >= 100.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn compares_what_was_measured() {
        let report = json!({
            "workloads": [
                {"workload": "video", "subject": "guacd", "kb_per_s": 1.0},
                {"workload": "video", "subject": "porthole", "kb_per_s": 5000.4, "psnr_db": 33.25},
            ],
            "latency": [{"subject": "porthole", "added": {"p50_ms": -0.123, "p95_ms": 2.5}}],
            "sessions": [{"mix": "idle", "sessions": 200, "rss_mb_each": 4.0}],
        });
        let rows = table(&report).rows;
        let row = |what: &str, unit: &str| {
            let found = rows.iter().find(|row| row[0] == format!("{what}: {unit}"));
            found.unwrap()[1..].join(" ")
        };
        assert_eq!(row("video", "kB/s"), "5000 4000 no 5832 7426");
        assert_eq!(row("video", "PSNR, dB"), "33.2 32 yes  ");
        assert_eq!(row("key to pixel, p50", "added ms"), "-0.12 1 yes 11.5 0.2");
        assert_eq!(row("key to pixel, p95", "added ms"), "2.5 2 no 14 2");
        assert_eq!(row("200 idle sessions", "resident MB each"), "4 5 yes 32 ");
        assert_eq!(rows.len(), 5);
    }

    #[test]
    fn shortens() {
        assert_eq!([0.3, 12.0, 0.0, 473.4, 100.0].map(short), ["0.3", "12", "0", "473", "100"]);
    }
}
