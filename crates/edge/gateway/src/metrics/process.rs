//! The process itself, as far as Linux tells cheaply.

use std::fmt::Write as _;

/// Adds memory, threads and open files. Adds nothing where `/proc` is absent.
pub(super) fn render(text: &mut String) {
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        if let Some(kilobytes) = field(&status, "VmRSS:") {
            let help = "Resident memory in bytes";
            gauge(text, "process_resident_memory_bytes", help, kilobytes.saturating_mul(1024));
        }
        if let Some(threads) = field(&status, "Threads:") {
            gauge(text, "process_threads", "Threads", threads);
        }
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        // Reading the directory has opened one more.
        let open = entries.count().saturating_sub(1);
        gauge(text, "process_open_fds", "Open file descriptors", open as u64);
    }
}

/// The number after `name` in a status file.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    // Writing to a string cannot fail.
    let _infallible = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn reads_numbers() {
        let status = "Name:\tx\nVmRSS:\t  1234 kB\nThreads:\t3\n";
        assert_eq!(field(status, "VmRSS:"), Some(1234));
        assert_eq!(field(status, "Threads:"), Some(3));
        assert_eq!(field(status, "VmSwap:"), None);
    }
}
