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

/// One thing to measure on a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// CPU time, bytes and frames while something happens.
    Load(Workload),
    /// Time from a key to the pixels that answer it.
    Latency,
}

impl Task {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        Workload::ALL.into_iter().map(Self::Load).chain([Self::Latency]).collect()
    }

    /// Its name on the command line and in results.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Load(workload) => workload.name(),
            Self::Latency => "latency",
        }
    }

    /// Reads `typing` or `latency`.
    ///
    /// # Errors
    ///
    /// There is no such thing.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let found = Self::all().into_iter().find(|task| task.name() == text);
        let Some(task) = found else {
            let known: Vec<&str> = Self::all().into_iter().map(Self::name).collect();
            bail!("no workload {text:?}; there are {}", known.join(", "));
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
            assert_eq!(Task::parse(task.name()).unwrap(), task);
        }
        for wrong in ["", "many=7", "Idle"] {
            assert!(Task::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
