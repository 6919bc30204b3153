//! From rows to every form of report.

use std::time::Duration;

use super::*;
use crate::viewer::{Counts, Images};

fn load_row(subject: &'static str, account: Option<Account>) -> LoadRow {
    let mut counts = Counts::default();
    (counts.frames, counts.bytes) = (300, 5_000_000);
    counts.add_images("jpeg", Images { count: 7, bytes: 9, pixels: 11 });
    LoadRow {
        workload: "video".to_owned(),
        subject,
        seconds: 10.0,
        steps: 300,
        account,
        server_cpu_percent: 12.0,
        counts,
        psnr_db: account.map(|_| 34.5),
    }
}

fn results() -> Results {
    let spread = Spread::of(&mut [Duration::from_millis(3)]);
    Results {
        loads: vec![load_row("porthole", Some(Account::default())), load_row("websockify", None)],
        latencies: vec![LatencyRow {
            task: "latency".to_owned(),
            subject: "porthole",
            direct: spread,
            through: spread,
        }],
        shells: vec![ShellRow {
            task: "echo",
            subject: "porthole",
            numbers: vec![("added_p50_ms", 0.15)],
        }],
        scales: vec![ScaleRow {
            mix: "idle",
            sessions: 200,
            size: (1280, 720),
            ramp_up: Duration::from_secs(2),
            connect: spread,
            empty_rss_kib: 1000,
            rss_kib: 401_000,
            threads: 9,
            cpu_percent: 1.5,
            own_cpu_percent: 2.5,
            changes_per_s: 0.0,
            frames_per_s: 0.0,
            bytes_per_s: 0.0,
            latency: Spread::default(),
        }],
    }
}

fn report() -> Report {
    let rows = results();
    Report(json!({
        "machine": {"cpu": "a <CPU>", "cores": 2},
        "size": [1920, 1080],
        "seconds": 10,
        "parameters": [["encodings", "zrle"]],
        "workloads": rows.loads.iter().map(LoadRow::json).collect::<Vec<_>>(),
        "latency": rows.latencies.iter().map(LatencyRow::json).collect::<Vec<_>>(),
        "sessions": rows.scales.iter().map(ScaleRow::json).collect::<Vec<_>>(),
        "shells": rows.shells.iter().map(ShellRow::json).collect::<Vec<_>>(),
    }))
}

#[test]
fn spreads() {
    let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
    let want = Spread { samples: 100, p50_ms: 50.0, p95_ms: 95.0, p99_ms: 99.0, max_ms: 100.0 };
    assert_eq!(Spread::of(&mut times), want);
    assert_eq!(Spread::of(&mut []), Spread::default());
}

#[test]
fn every_form_has_every_number() {
    let report = report();
    let [text, markdown, html] = [report.text(), report.markdown(), report.html()];
    for form in [&text, &markdown, &html] {
        for want in ["1920x1080, 10 s each, encodings=zrle", "34.5", "websockify", "2.05"] {
            assert!(form.contains(want), "{want} is missing in {form}");
        }
        assert!(!form.contains("NaN") && !form.contains("null"), "{form}");
    }
    assert!(markdown.contains("| video: PSNR, dB | 34.5 | 32 | yes |"), "{markdown}");
    assert!(html.contains("a &lt;CPU&gt;") && !html.contains("<CPU>"), "{html}");
    assert_eq!(html.matches("<svg ").count(), html.matches("</svg>").count());
    assert!(html.contains("class=\"mix-idle\""), "{html}");
    assert!(!html.contains("http"), "the page loads something: {html}");
}

#[test]
fn a_subject_that_cannot_be_seen_has_no_account() {
    let row = load_row("websockify", None).json();
    assert_eq!(row.get("cpu_percent"), None);
    let row = LoadRow { seconds: 0.0, counts: Counts::default(), ..load_row("x", None) };
    assert_eq!(row.json()["kb_per_frame"], 0.0);
}

#[test]
fn results_come_back_from_a_file() {
    let file = std::env::temp_dir().join(format!("porthole-bench-{}.json", std::process::id()));
    std::fs::write(&file, report().json().unwrap()).unwrap();
    let loaded = Report::load(&file);
    std::fs::write(&file, "{}").unwrap();
    let foreign = Report::load(&file);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(loaded.unwrap().text(), report().text());
    assert!(foreign.is_err());
}
