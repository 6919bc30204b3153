//! The page of plots: one file, with nothing to load and nothing to run.

use std::fmt::Write as _;

use serde_json::Value;

use super::plot::{Group, Series, bars, lines};
use super::read::{list, machine_lines, names, number, text};
use super::table::{Table, escape};
use super::targets::{Metric, OURS, TARGETS, Target};

/// Colours for light and dark, and little else.
const STYLE: &str = include_str!("page.css");

/// Subjects, their classes, and what legends call them.
const SUBJECTS: [(&str, &str, &str); 3] = [
    (OURS, "ours", "Porthole"),
    ("websockify", "websockify", "websockify, this run"),
    ("guacd", "guacd", "guacd, this run"),
];

/// Mixes of sessions and their classes.
const MIXES: [(&str, &str); 3] =
    [("idle", "mix-idle"), ("typing", "mix-typing"), ("video", "mix-video")];

/// A plot, its name, and numbers that become one line for each mix. The second is dashed.
const SCALE_PLOTS: [(&str, &[&str]); 4] = [
    ("CPU of the gateway, % of one core", &["cpu_percent"]),
    ("Resident memory of a session, MB", &["rss_mb_each"]),
    (
        "Change to frame, ms: median, and 95th percentile dashed",
        &["latency.p50_ms", "latency.p95_ms"],
    ),
    (
        "First picture, ms: median, and 95th percentile dashed",
        &["connect.p50_ms", "connect.p95_ms"],
    ),
];

/// The whole page.
pub(super) fn page(report: &Value, conditions: &str, tables: &[Table]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>What the gateway costs</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>What the gateway costs</h1>\n<ul class=\"machine\">\n"
    );
    for line in machine_lines(report).iter().map(String::as_str).chain([conditions]) {
        // The `String` never refuses, here and below.
        let _ = writeln!(page, "<li>{}</li>", escape(line));
    }
    page.push_str("</ul>\n");
    page.push_str(&figures(report, "CPU time for each frame, ms", &[Metric::Cpu], true));
    page.push_str(&figures(report, "Bytes to the viewer, kB/s", &[Metric::Bytes], true));
    let added = [Metric::AddedP50, Metric::AddedP95];
    page.push_str(&figures(report, "Added between a key and its answer, ms", &added, false));
    let memory = [Metric::Memory, Metric::MemoryEach];
    page.push_str(&figures(report, "Resident memory of a session, MB", &memory, false));
    page.push_str(&scaling(report));
    for table in tables {
        page.push_str(&table.html());
    }
    page + "</body>\n</html>\n"
}

/// Bars for all figures of these kinds that were measured, with what is published beside them.
fn figures(report: &Value, title: &str, metrics: &[Metric], logarithmic: bool) -> String {
    let wanted = TARGETS.iter().filter(|target| metrics.contains(&target.metric));
    let groups: Vec<Group> = wanted.filter_map(|target| group(report, target)).collect();
    if groups.is_empty() {
        return String::new();
    }
    let is_shown =
        |class: &str| groups.iter().flat_map(|group| &group.bars).any(|(shown, _)| *shown == class);
    let published =
        [("guacd-was", "guacd, published"), ("websockify-was", "websockify + noVNC, published")];
    let known = SUBJECTS.map(|(_, class, name)| (class, name)).into_iter().chain(published);
    let mut legend: Vec<(&str, &str)> = known.filter(|(class, _)| is_shown(class)).collect();
    legend.push(("goal", "to reach"));
    section(
        title,
        if logarithmic { "The scale is logarithmic." } else { "" },
        &legend,
        &bars(title, &groups, logarithmic),
    )
}

/// The bars of one figure; nothing when nobody was measured.
fn group(report: &Value, target: &Target) -> Option<Group> {
    let measured = SUBJECTS
        .into_iter()
        .filter_map(|(subject, class, _)| Some((class, target.measured(report, subject)?)));
    let mut bars: Vec<(&'static str, f64)> = measured.collect();
    if bars.is_empty() {
        return None;
    }
    bars.extend(target.guacd.map(|value| ("guacd-was", value)));
    bars.extend(target.websockify.map(|value| ("websockify-was", value)));
    let name = match target.metric {
        Metric::Memory => "one session",
        _ => target.what,
    };
    Some(Group { name: name.to_owned(), bars, goal: Some(target.goal) })
}

/// What grows with the number of sessions.
fn scaling(report: &Value) -> String {
    let rows = list(report, "sessions");
    let mixes = names(rows, "mix");
    let known = || MIXES.into_iter().filter(|(mix, _)| mixes.contains(mix));
    let mut plots = String::new();
    for (title, paths) in SCALE_PLOTS {
        let mut series = Vec::new();
        for ((mix, class), (index, path)) in
            known().flat_map(|mix| paths.iter().enumerate().map(move |path| (mix, path)))
        {
            let of_mix = rows.iter().filter(|row| text(row, "mix") == mix);
            let mut points: Vec<(f64, f64)> = of_mix
                .filter_map(|row| Some((number(row, "sessions")?, number(row, path)?)))
                .collect();
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
            if !points.is_empty() {
                series.push(Series { class, dashed: index > 0, points });
            }
        }
        if !series.is_empty() {
            let _ = writeln!(
                plots,
                "<figure><figcaption>{title}</figcaption>{}</figure>",
                lines(title, &series)
            );
        }
    }
    if plots.is_empty() {
        return String::new();
    }
    let legend: Vec<(&str, &str)> = known().map(|(mix, class)| (class, mix)).collect();
    section("As sessions grow", "", &legend, &format!("<div class=\"plots\">\n{plots}</div>\n"))
}

fn section(title: &str, note: &str, legend: &[(&str, &str)], body: &str) -> String {
    let mut keys = String::new();
    for (class, name) in legend {
        let _ = write!(keys, "<li><i class=\"{class}\"></i>{}</li>", escape(name));
    }
    let note =
        if note.is_empty() { String::new() } else { format!("<p class=\"note\">{note}</p>\n") };
    format!(
        "<section>\n<h2>{}</h2>\n<ul class=\"legend\">{keys}</ul>\n{body}{note}</section>\n",
        escape(title)
    )
}
