//! Tables, and three ways to write one.

use std::fmt::Write as _;

use serde_json::Value;

use super::read::{list, names, number, size, text};

/// A table. Its first column has names, the others numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// What it is about.
    pub(super) title: String,
    /// Names of its columns.
    pub(super) head: Vec<String>,
    /// As many cells in each as there are columns.
    pub(super) rows: Vec<Vec<String>>,
    /// What more is to be said.
    pub(super) note: &'static str,
}

impl Table {
    /// With spaces, for a terminal: the first column to the left, the others to the right.
    pub(super) fn text(&self) -> String {
        let lines = || std::iter::once(&self.head).chain(&self.rows);
        let mut widths = vec![0; self.head.len()];
        for row in lines() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut text = format!("{}\n", self.title);
        for row in lines() {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // The `String` never refuses, here and below.
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

    /// A section with a table.
    pub(super) fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule: Vec<&str> =
            (0..self.head.len()).map(|column| if column == 0 { "---" } else { "--:" }).collect();
        let mut text = format!("## {}\n\n{}|{}|\n", self.title, line(&self.head), rule.join("|"));
        self.rows.iter().for_each(|row| text.push_str(&line(row)));
        if !self.note.is_empty() {
            let _ = write!(text, "\n{}\n", self.note);
        }
        text
    }

    /// A section with a table.
    pub(super) fn html(&self) -> String {
        let cells = |row: &[String], tag: &str| {
            let cells = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let rows: String = self.rows.iter().map(|row| cells(row, "td")).collect();
        let mut text = format!(
            "<section>\n<h2>{}</h2>\n<div class=\"wide\"><table>\n<thead>{}</thead>\n<tbody>\n\
             {rows}</tbody>\n</table></div>\n",
            escape(&self.title),
            cells(&self.head, "th"),
        );
        if !self.note.is_empty() {
            let _ = writeln!(text, "<p class=\"note\">{}</p>", escape(self.note));
        }
        text.push_str("</section>\n");
        text
    }
}

/// Text that means nothing in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// So many digits behind the point; nothing when there is no number.
fn cell(value: Option<f64>, digits: usize) -> String {
    value.map(|value| format!("{value:.digits$}")).unwrap_or_default()
}

/// Names, paths and digits of the columns of numbers before the images.
const LOAD_COLUMNS: [(&str, &str, usize); 9] = [
    ("steps/s", "steps_per_s", 1),
    ("frames/s", "frames_per_s", 1),
    ("gap p95", "frame_gap.p95_ms", 0),
    ("CPU %", "cpu_percent", 1),
    ("of it sys", "cpu_system_percent_of_it", 0),
    ("ms/frame", "cpu_ms_per_frame", 2),
    ("kB/s", "kb_per_s", 1),
    ("kB/frame", "kb_per_frame", 1),
    ("PSNR dB", "psnr_db", 1),
];

/// The columns behind them.
const LOAD_COLUMNS_LAST: [(&str, &str, usize); 5] = [
    ("fill", "fills", 0),
    ("copy", "copies", 0),
    ("RSS MB", "rss_mb", 1),
    ("threads", "threads", 0),
    ("server %", "server_cpu_percent", 0),
];

/// One row for each workload and subject, subjects beside each other.
pub(super) fn loads(report: &Value) -> Table {
    let rows = list(report, "workloads");
    let mut kinds: Vec<&String> = Vec::new();
    for images in rows.iter().filter_map(|row| row.get("images").and_then(Value::as_object)) {
        let new: Vec<&String> = images.keys().filter(|kind| !kinds.contains(kind)).collect();
        kinds.extend(new);
    }
    let mut head = vec!["workload".to_owned(), "subject".to_owned()];
    head.extend(LOAD_COLUMNS.map(|(name, ..)| name.to_owned()));
    head.extend(kinds.iter().map(|kind| (*kind).clone()));
    head.extend(LOAD_COLUMNS_LAST.map(|(name, ..)| name.to_owned()));
    let mut table = Table { title: "Workloads".to_owned(), head, ..Table::default() };
    for workload in names(rows, "workload") {
        for row in rows.iter().filter(|row| text(row, "workload") == workload) {
            let mut cells = vec![workload.to_owned(), text(row, "subject").to_owned()];
            let numbers = |columns: &[(&str, &str, usize)]| -> Vec<String> {
                columns.iter().map(|(_, path, digits)| cell(number(row, path), *digits)).collect()
            };
            cells.extend(numbers(&LOAD_COLUMNS));
            cells.extend(
                kinds.iter().map(|kind| cell(number(row, &format!("images.{kind}.count")), 0)),
            );
            cells.extend(numbers(&LOAD_COLUMNS_LAST));
            table.rows.push(cells);
        }
    }
    table
}

/// Key to pixel: straight to the remote, through the subject, and the difference.
pub(super) fn latencies(report: &Value) -> Table {
    let head = ["key to pixel, ms", "p50", "p95", "p99", "max", "keys"].map(str::to_owned);
    let mut table = Table { title: "Latency".to_owned(), head: head.to_vec(), ..Table::default() };
    for row in list(report, "latency") {
        let subject = text(row, "subject");
        let mut add = |name: String, field: &str| {
            let at = |path: &str, digits| cell(number(row, &format!("{field}.{path}")), digits);
            let mut cells = vec![name];
            cells.extend(["p50_ms", "p95_ms", "p99_ms", "max_ms"].map(|path| at(path, 2)));
            cells.push(at("samples", 0));
            table.rows.push(cells);
        };
        let task = text(row, "task");
        let server = task.strip_suffix("latency").unwrap_or_default().replace('-', ": ");
        if row.get("direct").is_some() {
            add(format!("{server}straight to the remote"), "direct");
        }
        add(format!("{server}through {subject}"), "through");
        if row.get("added").is_some() {
            add(format!("{server}added by {subject}"), "added");
        }
    }
    table
}

/// Names, paths and digits of the columns of numbers.
const SCALE_COLUMNS: [(&str, &str, usize); 17] = [
    ("sessions", "sessions", 0),
    ("CPU %", "cpu_percent", 1),
    ("bench CPU %", "own_cpu_percent", 1),
    ("MB each", "rss_mb_each", 2),
    ("MB all", "rss_mb", 0),
    ("MB none", "rss_mb_without_any", 1),
    ("threads", "threads", 0),
    ("ramp-up s", "ramp_up_s", 1),
    ("connect p50", "connect.p50_ms", 0),
    ("p95", "connect.p95_ms", 0),
    ("changes/s", "changes_per_s", 0),
    ("frames/s", "frames_per_s", 0),
    ("kB/s", "kb_per_s", 0),
    ("latency p50", "latency.p50_ms", 2),
    ("p95", "latency.p95_ms", 2),
    ("p99", "latency.p99_ms", 2),
    ("max", "latency.max_ms", 1),
];

/// One row for each mix and number of sessions.
pub(super) fn scales(report: &Value) -> Table {
    let rows = list(report, "sessions");
    let mut head = vec!["mix".to_owned()];
    head.extend(SCALE_COLUMNS.map(|(name, ..)| name.to_owned()));
    let sizes: Vec<String> = rows.first().map(|row| size(row, "size")).into_iter().collect();
    let cells = |row: &Value| {
        let mut cells = vec![text(row, "mix").to_owned()];
        cells.extend(SCALE_COLUMNS.map(|(_, path, digits)| cell(number(row, path), digits)));
        cells
    };
    Table {
        title: format!("Sessions of {}", sizes.concat()),
        head,
        rows: rows.iter().map(cells).collect(),
        note: "Times are in milliseconds. Latency is from a change on the desktop to a frame \
               that shows it, on a sample of the sessions.",
    }
}

/// One row for each number that was measured of shells.
pub(super) fn shells(report: &Value) -> Table {
    let head = ["shells over SSH", "subject", "number", "value"].map(str::to_owned);
    let mut table = Table { title: "Shells".to_owned(), head: head.to_vec(), ..Table::default() };
    for row in list(report, "shells") {
        let Some(fields) = row.as_object() else { continue };
        for (name, value) in fields.iter().filter(|(_, value)| value.is_number()) {
            table.rows.push(vec![
                text(row, "task").to_owned(),
                text(row, "subject").to_owned(),
                name.replace('_', " "),
                cell(value.as_f64(), 2),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            title: "T".to_owned(),
            head: ["a", "bb"].map(str::to_owned).to_vec(),
            rows: vec![["ccc", "<|>"].map(str::to_owned).to_vec()],
            note: "",
        }
    }

    #[test]
    fn aligns() {
        assert_eq!(table().text(), "T\na     bb\nccc  <|>\n");
    }

    #[test]
    fn escapes() {
        let want = "## T\n\n| a | bb |\n|---|--:|\n| ccc | <\\|> |\n";
        assert_eq!(table().markdown(), want);
        assert!(table().html().contains("<tr><td>ccc</td><td>&lt;|&gt;</td></tr>"));
    }
}
