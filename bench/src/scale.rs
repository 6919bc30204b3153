//! Many sessions at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

use crate::account::{Sample, ratio};
use crate::files;
use crate::measure::{Settings, WARM_UP, whole};
use crate::options::Crowd;
use crate::report::{ScaleRow, Spread};
use crate::subject::{GatewaySubject, Subject as _};
use crate::synthetic::{Mix, Probe, Servers};
use crate::viewer::{Sight, Viewer};

/// Most sessions. Each takes memory for one picture in the gateway.
pub(crate) const SESSIONS_MAX: usize = 2000;

/// Most sessions whose viewers keep a picture, to measure latency. The others only count, so
/// that neither their memory nor their work grows with pictures.
const PROBES_MAX: usize = 32;

/// Viewers that open their sessions at the same time.
const OPENING_MAX: usize = 16;

/// What a number of sessions costs.
///
/// # Errors
///
/// Something does not start, or a session fails.
pub(crate) fn sessions(
    settings: &Settings,
    runtime: &Runtime,
    Crowd { mix, count, size }: Crowd,
) -> Result<ScaleRow> {
    files::make_room(count)?;
    let servers = Servers::start(runtime, mix, size)?;
    let remotes = [servers.active, servers.still].map(crate::remote::Place::vnc);
    let gateway = GatewaySubject::start(&settings.gateway, &remotes, size, Some(count))?;
    let gateway_id = gateway.process_id().context("nothing to account")?;
    let empty = Sample::take(gateway_id)?;
    let probe = servers.probe();
    let start = Instant::now();
    let mut viewers = open(&gateway, runtime, &seats(&servers, &probe, mix, count))
        .and_then(|viewers| servers.check().map(|()| viewers))?;
    let ramp_up = start.elapsed();
    std::thread::sleep(WARM_UP);

    let own_id = std::process::id();
    let (before, own_before) = (Sample::take(gateway_id)?, Sample::take_alone(own_id)?);
    let (changes, start) = (servers.changes(), Instant::now());
    for viewer in &mut viewers {
        viewer.take_counts()?;
    }
    probe.begin();
    std::thread::sleep(settings.time);
    let mut latencies = probe.take_latencies();
    let (after, own_after) = (Sample::take(gateway_id)?, Sample::take_alone(own_id)?);
    let (changes, seconds) = (servers.changes() - changes, start.elapsed().as_secs_f64());
    let (mut bytes, mut frames) = (0, 0);
    for viewer in &mut viewers {
        let counts = viewer.take_counts()?;
        bytes += counts.bytes;
        frames += counts.frames;
    }
    servers.check()?;
    let mut connects: Vec<Duration> =
        viewers.iter().filter_map(Viewer::first_frame_after).collect();
    Ok(ScaleRow {
        mix: mix.name(),
        sessions: count,
        size,
        ramp_up,
        connect: Spread::of(&mut connects),
        empty_rss_kib: empty.rss_kib,
        rss_kib: after.rss_kib,
        threads: after.threads,
        cpu_percent: after.since(&before).cpu_percent,
        own_cpu_percent: own_after.since(&own_before).cpu_percent,
        changes_per_s: ratio(whole(changes), seconds),
        frames_per_s: ratio(whole(frames), seconds),
        bytes_per_s: ratio(whole(bytes), seconds),
        latency: Spread::of(&mut latencies),
    })
}

/// Where a viewer goes, and who looks over its shoulder.
struct Place {
    remote: SocketAddr,
    probe: Option<Arc<Probe>>,
}

/// Places for `count` viewers, with probes spread evenly over the desktops that change.
fn seats(servers: &Servers, probe: &Probe, mix: Mix, count: usize) -> Vec<Place> {
    let probe = Arc::new(probe.clone());
    let active = (0..count).filter(|session| mix.is_active(*session)).count();
    let step = active.div_ceil(PROBES_MAX).max(1);
    let mut seen = 0;
    let place = |session| {
        if !mix.is_active(session) {
            return Place { remote: servers.still, probe: None };
        }
        seen += 1;
        let is_probed = (seen - 1) % step == 0;
        Place { remote: servers.active, probe: is_probed.then(|| Arc::clone(&probe)) }
    };
    (0..count).map(place).collect()
}

/// Opens all sessions, a few at a time, and waits until each shows a picture.
fn open(gateway: &GatewaySubject, runtime: &Runtime, places: &[Place]) -> Result<Vec<Viewer>> {
    let mut viewers: Vec<Viewer> = Vec::with_capacity(places.len());
    for batch in places.chunks(OPENING_MAX) {
        let first = viewers.len();
        for place in batch {
            let sight = match &place.probe {
                Some(probe) => Sight::Observed(probe.observer()),
                None => Sight::Counts,
            };
            viewers.push(gateway.attach(runtime, place.remote, sight)?);
        }
        for (index, viewer) in viewers.iter_mut().enumerate().skip(first) {
            viewer.wait_for_picture().with_context(|| format!("session {}", index + 1))?;
        }
    }
    Ok(viewers)
}
