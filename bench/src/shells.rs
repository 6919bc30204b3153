//! Shells over SSH: what is typed and shown in them, and what they cost.
//!
//! One shell runs on a real OpenSSH server. Many run on a server within this program, because real ones
//! would need more memory and CPU time than what is to be measured.

mod crowd;
mod direct;
mod panel;
mod seat;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use porthole_testkit::servers::Sshd;
use tokio::runtime::Runtime;

use self::seat::Terminal;
use crate::account::{Sample, ratio};
use crate::files;
use crate::measure::{Settings, WARM_UP, whole};
use crate::remote::Place;
use crate::report::{ShellRow, Spread};
use crate::subject::{Candidate, GatewaySubject, Subject as _};
use crate::viewer::Sight;

/// What is run where keys are to be echoed and nothing else is to happen: the terminal echoes.
const ECHO: &str = "cat > /dev/null";

/// What is run where text is to come.
const SHELL: &str = "PS1='bench$ ' ENV= exec sh -i";

/// What that shell prompts with.
const PROMPT: &str = "bench$ ";

/// Keys pressed to warm up, and not counted.
const KEYS_FIRST: u16 = 20;

/// Bytes of the file that is shown.
const FILE_BYTES: usize = 100 << 20;

/// How long nothing has to come before the file has been shown.
const QUIET: Duration = Duration::from_secs(1);

/// How long a viewer looks away.
const AWAY: Duration = Duration::from_secs(5);

/// How often it interrupts what runs meanwhile.
const INTERRUPTS: usize = 5;

/// The peer that has a terminal.
const GUACD: &str = "guacd";

/// What can be measured of shells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShellTask {
    /// Time from a key to its echo.
    Echo,
    /// A large file shown to a viewer that keeps up.
    Flood,
    /// A flood for a viewer that does not read, and what it takes to stop it.
    Away,
    /// A file that goes up and down beside a shell.
    Files,
    /// Many shells in which nothing happens.
    Idle,
}

impl ShellTask {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Echo, Self::Flood, Self::Away, Self::Files, Self::Idle];

    /// Its name on the command line and in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Flood => "flood",
            Self::Away => "away",
            Self::Files => "files",
            Self::Idle => "idle",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// There is no such thing.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let Some(task) = Self::ALL.into_iter().find(|task| task.name() == text) else {
            let known = Self::ALL.map(Self::name).join(", ");
            bail!("nothing called {text:?} is measured of shells; there are {known}");
        };
        Ok(task)
    }
}

/// Whether `peer` is measured at `task` beside the gateway: websockify has no terminal.
pub(crate) fn is_measured(task: ShellTask, peer: &Candidate) -> bool {
    task == ShellTask::Echo && peer.name() == GUACD
}

/// Measures one thing.
///
/// # Errors
///
/// Something does not start, or ends too early.
pub(crate) fn measure(
    settings: &Settings,
    runtime: &Runtime,
    candidate: &Candidate,
    task: ShellTask,
    shells: usize,
) -> Result<ShellRow> {
    let numbers = match (task, candidate) {
        (ShellTask::Echo, _) => echo(settings, runtime, candidate)?,
        (_, Candidate::Peer(_)) => bail!("only the gateway is measured"),
        (ShellTask::Flood, _) => flood(settings, runtime)?,
        (ShellTask::Away, _) => away(settings, runtime)?,
        (ShellTask::Files, _) => panel::measure(settings, runtime)?,
        (ShellTask::Idle, _) => idle(settings, runtime, shells)?,
    };
    Ok(ShellRow { task: task.name(), subject: candidate.name(), numbers })
}

/// A shell's place, in which `command` runs.
fn place(server: &Sshd, command: &str) -> Result<Place> {
    Ok(Place::ssh(server.address(), server.login(), &server.host_key()?, Some(command)))
}

/// A gateway in front of it.
fn gateway(settings: &Settings, place: &Place) -> Result<GatewaySubject> {
    let places = std::slice::from_ref(place);
    GatewaySubject::start(&settings.gateway, places, settings.size, None)
}

fn echo(
    settings: &Settings,
    runtime: &Runtime,
    candidate: &Candidate,
) -> Result<Vec<(&'static str, f64)>> {
    let server = Sshd::start()?;
    let place = place(&server, ECHO)?;
    let keys = settings.keys.div_ceil(2);
    // In turns, so that what else the machine does meanwhile is spread over both.
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        direct.extend(runtime.block_on(direct::press_keys(&server, ECHO, keys))?);
        through.extend(match candidate {
            Candidate::Porthole(_) => {
                let gateway = gateway(settings, &place)?;
                runtime.block_on(press_keys(&gateway, &place, keys))?
            }
            Candidate::Peer(_) => {
                let subject = candidate.start(&place, settings.size)?;
                let mut viewer = subject.attach(runtime, place.address, Sight::Counts)?;
                viewer.wait_for_picture()?;
                std::thread::sleep(WARM_UP);
                let mut latencies = Vec::new();
                for number in 0..KEYS_FIRST + keys {
                    let latency = viewer.press()?;
                    if number >= KEYS_FIRST {
                        latencies.push(latency);
                    }
                    std::thread::sleep(gap(number));
                }
                latencies
            }
        });
    }
    let (direct, through) = (Spread::of(&mut direct), Spread::of(&mut through));
    Ok(vec![
        ("direct_p50_ms", direct.p50_ms),
        ("direct_p95_ms", direct.p95_ms),
        ("through_p50_ms", through.p50_ms),
        ("through_p95_ms", through.p95_ms),
        ("added_p50_ms", through.p50_ms - direct.p50_ms),
        ("added_p95_ms", through.p95_ms - direct.p95_ms),
    ])
}

async fn press_keys(gateway: &GatewaySubject, place: &Place, keys: u16) -> Result<Vec<Duration>> {
    let mut terminal = Terminal::open(gateway, place).await?;
    tokio::time::sleep(WARM_UP).await;
    let mut latencies = Vec::new();
    for number in 0..KEYS_FIRST + keys {
        let latency = terminal.press().await?;
        if number >= KEYS_FIRST {
            latencies.push(latency);
        }
        tokio::time::sleep(gap(number)).await;
    }
    Ok(latencies)
}

/// Time from one key to the next: never in step with anybody's clock.
fn gap(number: u16) -> Duration {
    Duration::from_millis(20 + u64::from(number * 7 % 23))
}

fn flood(settings: &Settings, runtime: &Runtime) -> Result<Vec<(&'static str, f64)>> {
    let server = Sshd::start()?;
    let place = place(&server, SHELL)?;
    let file = server.home().join("large");
    let line = [b"x".repeat(78).as_slice(), b"\n"].concat();
    std::fs::write(&file, line.repeat(FILE_BYTES / line.len()))?;
    let gateway = gateway(settings, &place)?;
    let id = gateway.process_id().context("nothing to account")?;
    let show = format!("cat {}\r", file.display());
    let (direct, seconds, shown, usage) = runtime.block_on(async {
        let direct = direct::flood(&server, SHELL, &show, QUIET).await?;
        let mut terminal = Terminal::open(&gateway, &place).await?;
        terminal.wait_for(PROMPT).await?;
        terminal.count_only();
        let (before, shown_before) = (Sample::take(id)?, terminal.shown());
        let start = Instant::now();
        terminal.type_in(&show).await?;
        let last = terminal.read_until_quiet(QUIET).await?;
        let usage = Sample::take(id)?.since(&before);
        let shown = terminal.shown() - shown_before;
        Ok::<_, anyhow::Error>((direct.as_secs_f64(), (last - start).as_secs_f64(), shown, usage))
    })?;
    // Its terminal makes two bytes of each line's end.
    let sent = whole((FILE_BYTES / line.len() * (line.len() + 1)) as u64) / 1e6;
    Ok(vec![
        ("direct_mb_per_s", ratio(sent, direct)),
        ("mb_per_s", ratio(sent, seconds)),
        ("cpu_ms_per_mb", ratio(usage.cpu_ms, sent)),
        ("shown_percent", ratio(100.0 * whole(shown) / 1e6, sent)),
    ])
}

fn away(settings: &Settings, runtime: &Runtime) -> Result<Vec<(&'static str, f64)>> {
    let server = Sshd::start()?;
    let place = place(&server, SHELL)?;
    let gateway = gateway(settings, &place)?;
    let id = gateway.process_id().context("nothing to account")?;
    let (mut interrupts, rss_kib, peak_kib) = runtime.block_on(async {
        let mut terminal = Terminal::open(&gateway, &place).await?;
        terminal.wait_for(PROMPT).await?;
        let mut interrupts = Vec::new();
        let mut rss_kib = 0;
        for _ in 0..INTERRUPTS {
            terminal.type_in("yes\r").await?;
            terminal.wait_for_end("y\r\n").await?;
            // Nobody reads.
            tokio::time::sleep(AWAY).await;
            rss_kib = Sample::take(id)?.rss_kib.max(rss_kib);
            let start = Instant::now();
            terminal.type_in("\x03").await?;
            terminal.wait_for_end(PROMPT).await?;
            interrupts.push(start.elapsed());
        }
        let peak = Sample::take(id)?.rss_peak_kib;
        Ok::<_, anyhow::Error>((interrupts, rss_kib, peak))
    })?;
    let interrupts = Spread::of(&mut interrupts);
    Ok(vec![
        ("interrupt_p50_ms", interrupts.p50_ms),
        ("interrupt_max_ms", interrupts.max_ms),
        ("rss_mb", whole(rss_kib) * 1024.0 / 1e6),
        ("rss_peak_mb", whole(peak_kib) * 1024.0 / 1e6),
    ])
}

fn idle(settings: &Settings, runtime: &Runtime, shells: usize) -> Result<Vec<(&'static str, f64)>> {
    files::make_room(shells)?;
    let server = runtime.block_on(crowd::Server::start())?;
    let place = server.place();
    let gateway = GatewaySubject::start(
        &settings.gateway,
        std::slice::from_ref(&place),
        settings.size,
        Some(shells),
    )?;
    let id = gateway.process_id().context("nothing to account")?;
    let empty = Sample::take(id)?;
    let start = Instant::now();
    let mut terminals = runtime.block_on(crowd::open(&gateway, &place, shells))?;
    let opened = start.elapsed();
    std::thread::sleep(WARM_UP);
    let before = Sample::take(id)?;
    std::thread::sleep(settings.time);
    let after = Sample::take(id)?;
    // They are still there, and answer.
    for terminal in &mut terminals {
        let latency = runtime.block_on(terminal.press()).context("a shell of many")?;
        ensure!(latency < Duration::from_secs(5), "an echo took {latency:?}");
    }
    let grown = after.rss_kib.saturating_sub(empty.rss_kib);
    Ok(vec![
        ("shells", whole(shells as u64)),
        ("rss_mb_each", ratio(whole(grown) * 1024.0 / 1e6, whole(shells as u64))),
        ("cpu_percent", after.since(&before).cpu_percent),
        ("open_s", opened.as_secs_f64()),
        ("threads", whole(after.threads)),
    ])
}

#[cfg(test)]
mod tests {
    use super::ShellTask;

    #[test]
    fn reads_names() {
        for task in ShellTask::ALL {
            assert_eq!(ShellTask::parse(task.name()).unwrap(), task);
        }
        assert!(ShellTask::parse("typing").is_err());
    }
}
