//! Taking numbers out of results. What is missing is `None`, never a fault: results may come
//! from a file that an older bench wrote.

use serde_json::Value;

/// The number at a path such as `latency.p50_ms`.
pub(super) fn number(value: &Value, path: &str) -> Option<f64> {
    path.split('.').try_fold(value, |value, name| value.get(name))?.as_f64()
}

/// The text of a field; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The elements of a list; none when there is no list.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `1920x1080`.
pub(super) fn size(value: &Value, name: &str) -> String {
    let sides: Vec<String> = list(value, name).iter().map(Value::to_string).collect();
    sides.join("x")
}

/// The names in a field of all rows, each once, in the order in which they come.
pub(super) fn names<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().map(|row| text(row, field)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What the machine is.
pub(super) fn machine_lines(report: &Value) -> Vec<String> {
    let machine = report.get("machine").unwrap_or(&Value::Null);
    let rounded = |name: &str| format!("{:.0}", number(machine, name).unwrap_or_default());
    vec![
        format!(
            "{}, {} cores, {} MB of memory, Linux {}; load before: {}",
            text(machine, "cpu"),
            rounded("cores"),
            rounded("memory_mb"),
            text(machine, "kernel"),
            text(machine, "load_before"),
        ),
        format!(
            "One core copies {} MB/s and writes JPEG at {} Mpx/s",
            rounded("copy_mb_per_s"),
            rounded("jpeg_mpx_per_s"),
        ),
        format!("commit {}, {}", text(machine, "commit"), text(machine, "date")),
    ]
}
