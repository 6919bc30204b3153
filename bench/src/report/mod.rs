//! Results, for people and for programs.
//!
//! Rows become JSON, and everything else is made from that: tables, Markdown and the page of
//! plots. So a run that was written to a file can be shown again, beside no machine at all.

mod html;
mod plot;
mod read;
mod rows;
mod table;
mod targets;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

pub(crate) use self::rows::{Account, LatencyRow, LoadRow, ScaleRow, ShellRow, Spread};
use self::table::Table;
use crate::machine::Machine;
use crate::measure::Settings;

/// Longest file of results that is read.
const RESULTS_MAX_BYTES: u64 = 16 << 20;

/// Everything that was measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Results {
    /// One for each workload and subject.
    pub(crate) loads: Vec<LoadRow>,
    /// Key to pixel, one for each subject.
    pub(crate) latencies: Vec<LatencyRow>,
    /// One for each mix and number of sessions.
    pub(crate) scales: Vec<ScaleRow>,
    /// One for each thing that was measured of shells, and each subject.
    pub(crate) shells: Vec<ShellRow>,
}

impl Results {
    /// The report on them.
    pub(crate) fn report(&self, settings: &Settings, machine: &Machine) -> Report {
        Report(json!({
            "machine": machine.json(),
            "size": [settings.size.0, settings.size.1],
            "seconds": settings.time.as_secs(),
            "parameters": settings.gateway.parameters,
            "workloads": self.loads.iter().map(LoadRow::json).collect::<Vec<_>>(),
            "latency": self.latencies.iter().map(LatencyRow::json).collect::<Vec<_>>(),
            "sessions": self.scales.iter().map(ScaleRow::json).collect::<Vec<_>>(),
            "shells": self.shells.iter().map(ShellRow::json).collect::<Vec<_>>(),
        }))
    }
}

/// Results as JSON, and what can be made of that.
#[derive(Debug, Clone)]
pub(crate) struct Report(Value);

impl Report {
    /// Reads results that [`json`](Self::json) has written.
    ///
    /// # Errors
    ///
    /// There is no such file, or something else is in it.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let len = std::fs::metadata(path).with_context(name)?.len();
        ensure!(len <= RESULTS_MAX_BYTES, "{} has {len} bytes: too many for results", name());
        let value: Value =
            serde_json::from_str(&std::fs::read_to_string(path)?).with_context(name)?;
        ensure!(value.get("machine").is_some(), "{} has no results of a bench", name());
        Ok(Self(value))
    }

    /// For programs.
    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(&self.0)? + "\n")
    }

    /// For a terminal.
    pub(crate) fn text(&self) -> String {
        let mut lines = read::machine_lines(&self.0);
        lines.push(self.conditions());
        let mut text = lines.join("\n") + "\n";
        for table in self.tables() {
            // The `String` never refuses, here and below.
            let _ = write!(text, "\n{}", table.text());
        }
        text
    }

    /// For a page of documentation.
    pub(crate) fn markdown(&self) -> String {
        let mut text = "# What the gateway costs\n\n".to_owned();
        for line in read::machine_lines(&self.0).iter().chain([&self.conditions()]) {
            let _ = writeln!(text, "- {line}");
        }
        for table in self.tables() {
            let _ = write!(text, "\n{}", table.markdown());
        }
        text
    }

    /// A page of plots and tables that needs nothing else.
    pub(crate) fn html(&self) -> String {
        html::page(&self.0, &self.conditions(), &self.tables())
    }

    /// What holds for all of it.
    fn conditions(&self) -> String {
        let size = read::size(&self.0, "size");
        let seconds = read::number(&self.0, "seconds").unwrap_or_default();
        let mut text = format!("{size}, {seconds} s each");
        for parameter in read::list(&self.0, "parameters") {
            let [name, value] = [0, 1].map(|index| parameter.get(index).and_then(Value::as_str));
            if let (Some(name), Some(value)) = (name, value) {
                let _ = write!(text, ", {name}={value}");
            }
        }
        text
    }

    fn tables(&self) -> Vec<Table> {
        let tables = [
            targets::table(&self.0),
            table::loads(&self.0),
            table::latencies(&self.0),
            table::scales(&self.0),
            table::shells(&self.0),
        ];
        tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
