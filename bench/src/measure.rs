//! Plays each workload and measures it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::account::{Sample, Usage};
use crate::psnr::Gallery;
use crate::remote::Remote;
use crate::report::{Account, LatencyRow, LoadRow, Spread};
use crate::scene::{Film, KeyScene, Playing};
use crate::subject::{Candidate, Direct, GatewayOptions, Subject};
use crate::viewer::{Sight, Viewer};
use crate::workload::{Server, Task, Workload};

/// How long a scene plays before it is measured: first pictures and allocations are over then.
pub(crate) const WARM_UP: Duration = Duration::from_secs(2);

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

/// CPU time, bytes and frames of a subject while `workload` plays.
///
/// # Errors
///
/// Something does not start, or ends too early.
pub(crate) fn load(
    settings: &Settings,
    runtime: &Runtime,
    candidate: &Candidate,
    task: Task,
    workload: Workload,
) -> Result<LoadRow> {
    let mut server = Remote::start(task.server, settings.size, candidate.remote_port())?;
    let subject = candidate.start(&server.place(), settings.size)?;
    let mut logged_on = log_on(&server, subject.as_ref(), runtime)?;
    let playing = Playing::start(workload, &server.wait_for_display(settings.size)?)?;
    let mut viewer = match logged_on.take() {
        Some(viewer) => viewer,
        None => subject.attach(runtime, server.address(), Sight::Counts)?,
    };
    viewer.wait_for_picture()?;
    std::thread::sleep(WARM_UP);

    let subject_id = subject.process_id();
    let look = || subject_id.map(Sample::take).transpose();
    let server_id = server.process_id();
    let (before, server_before) = (look()?, Sample::take(server_id)?);
    let (start, steps_before) = (Instant::now(), playing.steps());
    viewer.take_counts()?;
    std::thread::sleep(settings.time);
    let counts = viewer.take_counts()?;
    let (seconds, steps) = (start.elapsed().as_secs_f64(), playing.steps() - steps_before);
    let (after, server_after) = (look()?, Sample::take(server_id)?);
    drop(viewer);
    let psnr_db = match workload {
        Workload::Video if candidate.has_pixels() => {
            film_psnr_db(settings, runtime, subject.as_ref(), server.address())?
        }
        _ => None,
    };
    playing.stop()?;

    let account = before.zip(after).map(|(before, after)| Account {
        usage: after.since(&before),
        rss_kib: after.rss_kib,
        rss_peak_kib: after.rss_peak_kib,
        threads: after.threads,
    });
    let Usage { cpu_percent: server_cpu_percent, .. } = server_after.since(&server_before);
    Ok(LoadRow {
        workload: task.name(),
        subject: candidate.name(),
        seconds,
        steps,
        account,
        server_cpu_percent,
        counts,
        psnr_db,
    })
}

/// Watches a remote that has no screen before somebody does.
fn log_on(remote: &Remote, subject: &dyn Subject, runtime: &Runtime) -> Result<Option<Viewer>> {
    if !remote.needs_logon() {
        return Ok(None);
    }
    Ok(Some(subject.attach(runtime, remote.address(), Sight::Counts)?))
}

/// How close the film is to what was drawn, for a viewer of its own that decodes: the one whose
/// bytes were counted did not, and the work of this one must not slow the subject down meanwhile.
fn film_psnr_db(
    settings: &Settings,
    runtime: &Runtime,
    subject: &dyn Subject,
    remote: SocketAddr,
) -> Result<Option<f64>> {
    let film = Film::on(settings.size);
    let gallery = Gallery::default();
    let sight = Sight::Observed(gallery.observer(film.area, WARM_UP));
    let mut viewer = subject.attach(runtime, remote, sight)?;
    viewer.wait_for_picture()?;
    std::thread::sleep(WARM_UP + Gallery::TIME);
    viewer.take_counts()?;
    drop(viewer);
    // Compared only now, when nobody is measured.
    Ok(gallery.psnr_db(&film.frames))
}

/// Time from a key to the pixels that answer it, without and with the subject, on one server. Over
/// RDP there is no viewer without the subject.
///
/// # Errors
///
/// Something does not start, or a key stays unanswered.
pub(crate) fn latency(
    settings: &Settings,
    runtime: &Runtime,
    candidate: &Candidate,
    task: Task,
) -> Result<LatencyRow> {
    let server = Remote::start(task.server, settings.size, candidate.remote_port())?;
    let subject = candidate.start(&server.place(), settings.size)?;
    let logged_on = log_on(&server, subject.as_ref(), runtime)?;
    let _scene = KeyScene::start(&server.wait_for_display(settings.size)?)?;
    drop(logged_on);
    // One after the other: a server with two viewers has more to do. Twice, in turns, so that
    // what else the machine does meanwhile is spread over both.
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        if task.server == Server::Vnc {
            direct.extend(press_keys(settings, &Direct, runtime, server.address())?);
        }
        through.extend(press_keys(settings, subject.as_ref(), runtime, server.address())?);
    }
    Ok(LatencyRow {
        task: task.name(),
        subject: candidate.name(),
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

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) const fn whole(count: u64) -> f64 {
    count as f64
}
