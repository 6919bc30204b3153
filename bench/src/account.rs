//! What processes have used, as the system accounts it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// What a process and its descendants had used up at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    at: Instant,
    /// Nanoseconds on a core, by thread.
    ran_ns: BTreeMap<u32, u64>,
    user_ticks: u64,
    system_ticks: u64,
    /// Resident memory now.
    pub(crate) rss_kib: u64,
    /// The most that there ever was.
    pub(crate) rss_peak_kib: u64,
    /// Threads now.
    pub(crate) threads: u64,
}

/// What was used between two samples.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// CPU time, in milliseconds. Threads that ended meanwhile are left out.
    pub(crate) cpu_ms: f64,
    /// CPU time per time, in percent; 100 is one core.
    pub(crate) cpu_percent: f64,
    /// The part of it that the kernel used, in percent.
    pub(crate) system_percent: f64,
}

impl Sample {
    /// Looks at the process with this identifier and all its descendants.
    ///
    /// # Errors
    ///
    /// It has ended, or the system does not account threads.
    pub(crate) fn take(process_id: u32) -> Result<Self> {
        let mut sample = Self::take_alone(process_id)?;
        for descendant in descendants(process_id)? {
            // Those that end while we look are nobody's fault.
            let _ = sample.add(descendant);
        }
        Ok(sample)
    }

    /// Looks at the process with this identifier, and not at its descendants.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub(crate) fn take_alone(process_id: u32) -> Result<Self> {
        let mut sample = Self {
            at: Instant::now(),
            ran_ns: BTreeMap::new(),
            user_ticks: 0,
            system_ticks: 0,
            rss_kib: 0,
            rss_peak_kib: 0,
            threads: 0,
        };
        sample.add(process_id).with_context(|| format!("process {process_id} has no account"))?;
        Ok(sample)
    }

    /// What was used since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Usage {
        let ran_ns: u64 = self
            .ran_ns
            .iter()
            .map(|(id, ran)| ran.saturating_sub(earlier.ran_ns.get(id).copied().unwrap_or(0)))
            .sum();
        let cpu = Duration::from_nanos(ran_ns).as_secs_f64();
        let wall = (self.at - earlier.at).as_secs_f64();
        let ticks = |now: u64, then: u64| u32::try_from(now.saturating_sub(then)).unwrap_or(0);
        let user = f64::from(ticks(self.user_ticks, earlier.user_ticks));
        let system = f64::from(ticks(self.system_ticks, earlier.system_ticks));
        Usage {
            cpu_ms: 1e3 * cpu,
            cpu_percent: ratio(100.0 * cpu, wall),
            system_percent: ratio(100.0 * system, user + system),
        }
    }

    fn add(&mut self, process_id: u32) -> Result<()> {
        let folder = Path::new("/proc").join(process_id.to_string());
        for entry in fs::read_dir(folder.join("task"))? {
            let entry = entry?;
            let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else { continue };
            let id: u32 = entry.file_name().to_string_lossy().parse()?;
            let ran = text.split_ascii_whitespace().next().context("an empty schedstat")?;
            self.ran_ns.insert(id, ran.parse()?);
        }
        let stat = Stat::parse(&fs::read_to_string(folder.join("stat"))?)?;
        self.user_ticks += stat.user_ticks;
        self.system_ticks += stat.system_ticks;
        let status = fs::read_to_string(folder.join("status"))?;
        self.rss_kib += number_after(&status, "VmRSS:");
        self.rss_peak_kib += number_after(&status, "VmHWM:");
        self.threads += number_after(&status, "Threads:");
        Ok(())
    }
}

/// `part` of `whole`, or 0 when there is no whole.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// What we need of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    user_ticks: u64,
    system_ticks: u64,
}

impl Stat {
    fn parse(text: &str) -> Result<Self> {
        // The name comes second, in parentheses, and may hold anything.
        let (_, rest) = text.rsplit_once(')').context("a stat without a name")?;
        let mut fields = rest.split_ascii_whitespace();
        let mut field = |skip: usize| fields.nth(skip).context("a stat that is too short");
        Ok(Self {
            parent: field(1)?.parse()?,
            user_ticks: field(9)?.parse()?,
            system_ticks: field(0)?.parse()?,
        })
    }
}

/// The parent of a process; `None` when it has ended.
pub(crate) fn parent(process_id: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    Some(Stat::parse(&text).ok()?.parent)
}

/// Children of a process, their children, and so on.
fn descendants(process_id: u32) -> Result<Vec<u32>> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        parents.insert(id, Stat::parse(&text)?.parent);
    }
    let descends = |mut id: u32| {
        // A chain of parents is no longer than the list; the bound is for lists that changed.
        for _ in 0..parents.len() {
            match parents.get(&id) {
                Some(parent) if *parent == process_id => return true,
                Some(parent) => id = *parent,
                None => return false,
            }
        }
        false
    };
    Ok(parents.keys().copied().filter(|id| descends(*id)).collect())
}

/// The number that follows `name` at the start of a line; 0 when there is none.
fn number_after(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stat_with_any_name() {
        let stat = "7 (a) b) S 4 7 7 0 -1 4194560 1 2 3 4 55 66 0 0 20 0 3 0";
        let want = Stat { parent: 4, user_ticks: 55, system_ticks: 66 };
        assert_eq!(Stat::parse(stat).unwrap(), want);
        assert!(Stat::parse("7 (a) S 4").is_err());
        assert!(Stat::parse("").is_err());
    }

    #[test]
    fn accounts_this_process() {
        let first = Sample::take(std::process::id()).unwrap();
        assert!(first.rss_kib > 0 && first.rss_peak_kib >= first.rss_kib && first.threads > 0);
        let usage = Sample::take(std::process::id()).unwrap().since(&first);
        assert!(usage.cpu_ms >= 0.0 && usage.cpu_percent >= 0.0);
    }

    #[test]
    fn finds_children() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = descendants(std::process::id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found.contains(&child.id()));
    }
}
