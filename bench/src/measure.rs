//! Plays each workload and measures it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use porthole_testkit::servers::{XtigerVnc, XvncOptions};
use tokio::runtime::Runtime;

use crate::account::{Sample, ratio};
use crate::report::{LatencyRow, LoadRow, ManyRow, Spread};
use crate::scene::{KeyScene, Playing};
use crate::subject::{Direct, GatewayOptions, GatewaySubject, Sight, Subject};
use crate::viewer::Viewer;
use crate::workload::Workload;

/// How long a scene plays before it is measured: first pictures and allocations are over then.
const WARM_UP: Duration = Duration::from_secs(2);

/// Size of the screens of idle sessions.
const MANY_SIZE: (u16, u16) = (1280, 720);

/// Idle sessions that share a server.
const MANY_SHARE: usize = 50;

/// Keys pressed to warm up, and not counted.
const KEYS_FIRST: u16 = 5;

/// How to measure.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// How long each scene is measured.
    pub(crate) time: Duration,
    /// Columns and rows of the remote's screen.
    pub(crate) size: (u16, u16),
    /// Keys pressed to measure latency.
    pub(crate) keys: u16,
    /// The gateway.
    pub(crate) gateway: GatewayOptions,
}

/// CPU time, bytes and frames of the gateway while `workload` plays.
///
/// # Errors
///
/// Something does not start, or ends too early.
pub(crate) fn load(settings: &Settings, runtime: &Runtime, workload: Workload) -> Result<LoadRow> {
    let mut server = start_server(settings.size)?;
    let playing = Playing::start(workload, server.display())?;
    let mut subject = GatewaySubject::start(&settings.gateway, &[server.address()])?;
    let mut viewer = subject.attach(runtime, server.address(), Sight::Counts)?;
    viewer.wait_for_picture()?;
    std::thread::sleep(WARM_UP);

    let subject_id = subject.process_id().context("nothing to account")?;
    let server_id = server.process().id();
    let (before, server_before) = (Sample::take(subject_id)?, Sample::take(server_id)?);
    let (start, steps_before) = (Instant::now(), playing.steps());
    viewer.take_counts()?;
    std::thread::sleep(settings.time);
    let counts = viewer.take_counts()?;
    let (seconds, steps) = (start.elapsed().as_secs_f64(), playing.steps() - steps_before);
    let (after, server_after) = (Sample::take(subject_id)?, Sample::take(server_id)?);
    playing.stop()?;

    Ok(LoadRow {
        workload: workload.name(),
        subject: subject.name(),
        seconds,
        steps,
        usage: after.since(&before),
        server_cpu_percent: server_after.since(&server_before).cpu_percent,
        counts,
        rss_kib: after.rss_kib,
        rss_peak_kib: after.rss_peak_kib,
        threads: after.threads,
    })
}

/// Time from a key to the pixels that answer it, without and with the gateway, on one server.
///
/// # Errors
///
/// Something does not start, or a key stays unanswered.
pub(crate) fn latency(settings: &Settings, runtime: &Runtime) -> Result<LatencyRow> {
    let server = start_server(settings.size)?;
    let _scene = KeyScene::start(server.display())?;
    let subject = GatewaySubject::start(&settings.gateway, &[server.address()])?;
    // One after the other: a server with two viewers has more to do. Twice, in turns, so that
    // what else the machine does meanwhile is spread over both.
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        direct.extend(press_keys(settings, &Direct, runtime, server.address())?);
        through.extend(press_keys(settings, &subject, runtime, server.address())?);
    }
    Ok(LatencyRow {
        subject: subject.name(),
        direct: Spread::of(&mut direct),
        through: Spread::of(&mut through),
    })
}

/// Half of the keys that are wanted.
fn press_keys(
    settings: &Settings,
    subject: &dyn Subject,
    runtime: &Runtime,
    remote: SocketAddr,
) -> Result<Vec<Duration>> {
    let mut viewer = subject.attach(runtime, remote, Sight::Pixels)?;
    viewer.wait_for_picture()?;
    std::thread::sleep(WARM_UP);
    let mut latencies = Vec::new();
    for number in 0..KEYS_FIRST + settings.keys.div_ceil(2) {
        let latency = viewer.press()?;
        if number >= KEYS_FIRST {
            latencies.push(latency);
        }
        // Long enough for everything to come to rest, and never in step with anybody's clock.
        std::thread::sleep(Duration::from_millis(150 + u64::from(number * 7 % 23)));
    }
    Ok(latencies)
}

/// Memory and CPU time of `count` sessions on which nothing happens.
///
/// # Errors
///
/// Something does not start, or a session fails.
pub(crate) fn many(settings: &Settings, runtime: &Runtime, count: usize) -> Result<ManyRow> {
    let mut servers = Vec::new();
    for _ in 0..count.div_ceil(MANY_SHARE) {
        let server = start_server(MANY_SIZE)?;
        let playing = Playing::start(Workload::Idle, server.display())?;
        servers.push((server, playing));
    }
    let remotes: Vec<SocketAddr> = servers.iter().map(|(server, _)| server.address()).collect();
    let mut subject = GatewaySubject::start(&settings.gateway, &remotes)?;
    let subject_id = subject.process_id().context("nothing to account")?;
    let empty = Sample::take(subject_id)?;

    let mut viewers: Vec<Viewer> = Vec::with_capacity(count);
    for (_, remote) in (0..count).zip(remotes.iter().cycle()) {
        let mut viewer = subject.attach(runtime, *remote, Sight::Counts)?;
        viewer.wait_for_picture()?;
        viewers.push(viewer);
    }
    std::thread::sleep(WARM_UP);

    let before = Sample::take(subject_id)?;
    for viewer in &mut viewers {
        viewer.take_counts()?;
    }
    std::thread::sleep(settings.time);
    let after = Sample::take(subject_id)?;
    let mut bytes = 0;
    for viewer in &mut viewers {
        bytes += viewer.take_counts()?.bytes;
    }
    Ok(ManyRow {
        subject: subject.name(),
        sessions: count,
        empty_rss_kib: empty.rss_kib,
        rss_kib: after.rss_kib,
        threads: after.threads,
        cpu_percent: after.since(&before).cpu_percent,
        bytes_per_s: ratio(whole(bytes), settings.time.as_secs_f64()),
    })
}

fn start_server(geometry: (u16, u16)) -> Result<XtigerVnc> {
    XtigerVnc::start(XvncOptions { geometry, ..XvncOptions::default() })
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) const fn whole(count: u64) -> f64 {
    count as f64
}
