//! Files up and down, as the file panel beside a shell sends them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use porthole_testkit::servers::Sshd;
use tokio::runtime::Runtime;

use super::seat::Terminal;
use super::{SHELL, gateway, place};
use crate::account::{Sample, ratio};
use crate::measure::{Settings, whole};
use crate::subject::Subject as _;

/// Bytes of the file.
const FILE_BYTES: usize = 256 << 20;

/// How often it goes each way.
const ROUNDS: u32 = 3;

/// Uploads and downloads a file over the connection of a shell.
///
/// # Errors
///
/// Something does not start, or ends too early.
pub(super) fn measure(settings: &Settings, runtime: &Runtime) -> Result<Vec<(&'static str, f64)>> {
    let server = Sshd::start()?;
    let mut place = place(&server, SHELL)?;
    place.keys.push_str("parameters.enable-sftp = true\nparameters.sftp-root-directory = \".\"\n");
    let gateway = gateway(settings, &place)?;
    let id = gateway.process_id().context("nothing to account")?;
    let data = Bytes::from(vec![7; FILE_BYTES]);
    let (up, down) = runtime.block_on(async {
        let mut terminal = Terminal::open(&gateway, &place).await?;
        terminal.count_only();
        let (mut up, mut down) = (Way::default(), Way::default());
        for round in 0..ROUNDS {
            let name = format!("file-{round}");
            let way = up.start(id)?;
            terminal.viewer().upload(&name, &data, FILE_BYTES).await?;
            way.end(id)?;
            let on_disk = std::fs::metadata(server.home().join(&name))?.len();
            ensure!(on_disk == FILE_BYTES as u64, "{on_disk} bytes were stored");
            let way = down.start(id)?;
            terminal.viewer().download(&name, 0, FILE_BYTES as u64).await?;
            way.end(id)?;
        }
        Ok::<_, anyhow::Error>((up, down))
    })?;
    Ok(vec![
        ("up_mb_per_s", up.mb_per_s()),
        ("up_cpu_ms_per_mb", up.cpu_ms_per_mb()),
        ("down_mb_per_s", down.mb_per_s()),
        ("down_cpu_ms_per_mb", down.cpu_ms_per_mb()),
    ])
}

/// What went one way, all rounds together.
#[derive(Default)]
struct Way {
    time: Duration,
    cpu_ms: f64,
    rounds: u32,
}

/// A round that has begun.
struct Round<'a> {
    way: &'a mut Way,
    before: Sample,
    start: Instant,
}

impl Way {
    fn start(&mut self, process_id: u32) -> Result<Round<'_>> {
        Ok(Round { before: Sample::take(process_id)?, start: Instant::now(), way: self })
    }

    fn mb(&self) -> f64 {
        whole(FILE_BYTES as u64 * u64::from(self.rounds)) / 1e6
    }

    fn mb_per_s(&self) -> f64 {
        ratio(self.mb(), self.time.as_secs_f64())
    }

    fn cpu_ms_per_mb(&self) -> f64 {
        ratio(self.cpu_ms, self.mb())
    }
}

impl Round<'_> {
    fn end(self, process_id: u32) -> Result<()> {
        self.way.time += self.start.elapsed();
        self.way.cpu_ms += Sample::take(process_id)?.since(&self.before).cpu_ms;
        self.way.rounds += 1;
        Ok(())
    }
}
