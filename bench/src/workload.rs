//! What can be measured, by name.

use std::time::Duration;

use anyhow::{Result, bail};

/// Something that happens on the remote's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Nothing moves.
    Idle,
    /// Ten letters a second.
    Typing,
    /// Thirty lines a second scroll through a full-screen terminal.
    Terminal,
    /// A page is drawn anew thirty times a second, 60 rows further on.
    Page,
    /// The same of photographs edge to edge.
    Photos,
    /// 1280x720 at thirty pictures a second.
    Video,
    /// Two full-screen windows, in turn, twice a second.
    Switch,
    /// An 800x600 window moves sixty times a second.
    Drag,
}

impl Workload {
    const ALL: [Self; 8] = [
        Self::Idle,
        Self::Typing,
        Self::Terminal,
        Self::Page,
        Self::Photos,
        Self::Video,
        Self::Switch,
        Self::Drag,
    ];

    /// Its name on the command line and in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Typing => "typing",
            Self::Terminal => "terminal",
            Self::Page => "page",
            Self::Photos => "photos",
            Self::Video => "video",
            Self::Switch => "switch",
            Self::Drag => "drag",
        }
    }

    /// Time from one step of the scene to the next.
    pub(crate) const fn step_gap(self) -> Duration {
        match self {
            Self::Idle | Self::Typing => Duration::from_millis(100),
            Self::Terminal | Self::Page | Self::Photos | Self::Video => {
                Duration::from_micros(33_333)
            }
            Self::Switch => Duration::from_millis(500),
            Self::Drag => Duration::from_micros(16_667),
        }
    }
}

/// What shows the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// TigerVNC.
    Vnc,
    /// xrdp, with a session of its own.
    Xrdp,
    /// `FreeRDP`'s shadow server.
    Shadow,
}

impl Server {
    const ALL: [Self; 3] = [Self::Vnc, Self::Xrdp, Self::Shadow];

    /// What names begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Vnc => "",
            Self::Xrdp => "xrdp-",
            Self::Shadow => "shadow-",
        }
    }
}

/// What there is to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measured {
    /// CPU time, bytes and frames while something happens.
    Load(Workload),
    /// Time from a key to the pixels that answer it.
    Latency,
}

/// One thing to measure on a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Task {
    /// What shows the screen.
    pub(crate) server: Server,
    /// What is measured.
    pub(crate) what: Measured,
}

impl Task {
    /// What is measured when nothing is named: everything over VNC, and of RDP what has a target.
    pub(crate) fn all() -> Vec<Self> {
        let over_rdp = [
            (Server::Xrdp, Measured::Load(Workload::Typing)),
            (Server::Xrdp, Measured::Load(Workload::Terminal)),
            (Server::Xrdp, Measured::Load(Workload::Video)),
            (Server::Xrdp, Measured::Latency),
            (Server::Shadow, Measured::Load(Workload::Video)),
        ];
        let over_rdp = over_rdp.into_iter().map(|(server, what)| Self { server, what });
        Self::of(Server::Vnc).chain(over_rdp).collect()
    }

    fn of(server: Server) -> impl Iterator<Item = Self> {
        let all = Workload::ALL.into_iter().map(Measured::Load).chain([Measured::Latency]);
        all.map(move |what| Self { server, what })
    }

    /// Its name on the command line and in results.
    pub(crate) fn name(self) -> String {
        let name = match self.what {
            Measured::Load(workload) => workload.name(),
            Measured::Latency => "latency",
        };
        format!("{}{name}", self.server.prefix())
    }

    /// Reads `typing`, `latency` or `xrdp-typing`.
    ///
    /// # Errors
    ///
    /// There is no such thing.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let found = Server::ALL.into_iter().flat_map(Self::of).find(|task| task.name() == text);
        let Some(task) = found else {
            let known: Vec<String> = Self::of(Server::Vnc).map(Self::name).collect();
            bail!(
                "no workload {text:?}; there are {}, and the same behind xrdp- and shadow-",
                known.join(", ")
            );
        };
        Ok(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names() {
        for task in Task::all() {
            assert_eq!(Task::parse(&task.name()).unwrap(), task);
        }
        let want = Task { server: Server::Shadow, what: Measured::Load(Workload::Drag) };
        assert_eq!(Task::parse("shadow-drag").unwrap(), want);
        for wrong in ["", "many=7", "Idle", "xrdp", "vnc-idle", "xrdp-shadow-idle"] {
            assert!(Task::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
