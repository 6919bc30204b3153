//! VNC servers in this process, as many as are wanted: a thousand real ones would need more
//! memory and CPU time than what is to be measured.
//!
//! Each speaks RFB 3.8 without security and sends pixels raw, as a server on the same machine is
//! asked to. It never pushes: like a real server it answers requests, so changes that nobody
//! asks for wait, and their latency grows.

mod marks;
mod pictures;
mod protocol;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub(crate) use self::marks::Probe;
use self::server::Shared;

/// What happens in a number of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// A picture, and then nothing.
    Idle,
    /// A letter and a mark, ten times a second, in every session.
    Typing,
    /// 320x240 pixels that all change, and a mark, ten times a second, in one of ten sessions.
    /// Nothing happens in the others.
    Video,
}

/// Of so many sessions one shows a film.
const VIDEO_SHARE: usize = 10;

impl Mix {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Idle, Self::Typing, Self::Video];

    /// Its name on the command line and in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Typing => "typing",
            Self::Video => "video",
        }
    }

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// There is no such mix.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|mix| mix.name() == text);
        let Some(mix) = found else {
            bail!("no mix {text:?}; there are idle, typing and video");
        };
        Ok(mix)
    }

    /// Whether anything happens in the session of this number, counted from 0.
    pub(crate) const fn is_active(self, session: usize) -> bool {
        match self {
            Self::Idle => false,
            Self::Typing => true,
            Self::Video => session.is_multiple_of(VIDEO_SHARE),
        }
    }
}

/// Running servers. They end when this is dropped.
pub(crate) struct Servers {
    /// Every connection to it is a desktop on which something happens.
    pub(crate) active: SocketAddr,
    /// Every connection to it is a desktop on which nothing happens.
    pub(crate) still: SocketAddr,
    shared: Arc<Shared>,
    accepting: [JoinHandle<()>; 2],
}

impl Servers {
    /// Listens on two ports of the loopback address. Each connection is a desktop of its own.
    ///
    /// # Errors
    ///
    /// There is no port, or the screen is too small.
    pub(crate) fn start(runtime: &Runtime, mix: Mix, size: (u16, u16)) -> Result<Self> {
        let shared = Arc::new(Shared::new(size)?);
        let listen = |mix: Mix| {
            let shared = Arc::clone(&shared);
            let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            let address = listener.local_addr()?;
            anyhow::Ok((address, runtime.spawn(server::accept(listener, shared, mix))))
        };
        let (active, first) = listen(mix)?;
        let (still, second) = listen(Mix::Idle)?;
        Ok(Self { active, still, shared, accepting: [first, second] })
    }

    /// Somebody who looks at pictures of these servers' desktops.
    pub(crate) fn probe(&self) -> Probe {
        self.shared.marks.probe()
    }

    /// Changes that have happened so far, on all desktops.
    pub(crate) fn changes(&self) -> u64 {
        self.shared.changes.load(Ordering::Relaxed)
    }

    /// Fails when a client has broken the protocol.
    ///
    /// # Errors
    ///
    /// One has.
    pub(crate) fn check(&self) -> Result<()> {
        match self.shared.fault() {
            Some(fault) => Err(fault).context("a synthetic server"),
            None => Ok(()),
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for task in &self.accepting {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use porthole_testkit::servers::wait_until;

    use super::*;
    use crate::subject::{Direct, Subject as _};
    use crate::viewer::Sight;

    #[test]
    fn a_real_client_sees_every_change() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        for mix in [Mix::Typing, Mix::Video] {
            let servers = Servers::start(&runtime, mix, (1280, 720)).unwrap();
            let probe = servers.probe();
            probe.begin();
            let sight = Sight::Observed(probe.observer());
            let mut viewer = Direct.attach(&runtime, servers.active, sight).unwrap();
            viewer.wait_for_picture().unwrap();
            let limit = Duration::from_secs(20);
            wait_until("changes to be seen", limit, || {
                viewer.take_counts()?;
                Ok((probe.seen() > 3).then_some(()))
            })
            .unwrap();
            let mut still = Direct.attach(&runtime, servers.still, Sight::Counts).unwrap();
            still.wait_for_picture().unwrap();
            assert!(probe.take_latencies().len() > 3, "{mix:?}");
            assert!(servers.changes() > 3);
            servers.check().unwrap();
        }
    }

    #[test]
    fn one_in_ten_shows_a_film() {
        let active = |mix: Mix| (0..30).filter(|session| mix.is_active(*session)).count();
        assert_eq!(Mix::ALL.map(active), [0, 30, 3]);
        for mix in Mix::ALL {
            assert_eq!(Mix::parse(mix.name()).unwrap(), mix);
        }
        assert!(Mix::parse("").is_err());
    }
}
