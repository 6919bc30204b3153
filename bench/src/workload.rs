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
    /// 1280x720 at thirty pictures a second.
    Video,
    /// Two full-screen windows, in turn, twice a second.
    Switch,
    /// An 800x600 window moves sixty times a second.
    Drag,
}

impl Workload {
    const ALL: [Self; 7] = [
        Self::Idle,
        Self::Typing,
        Self::Terminal,
        Self::Page,
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
            Self::Video => "video",
            Self::Switch => "switch",
            Self::Drag => "drag",
        }
    }

    /// Time from one step of the scene to the next.
    pub(crate) const fn step_gap(self) -> Duration {
        match self {
            Self::Idle | Self::Typing => Duration::from_millis(100),
            Self::Terminal | Self::Page | Self::Video => Duration::from_micros(33_333),
            Self::Switch => Duration::from_millis(500),
            Self::Drag => Duration::from_micros(16_667),
        }
    }
}

/// One thing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// CPU time, bytes and frames while something happens.
    Load(Workload),
    /// Time from a key to the pixels that answer it.
    Latency,
    /// Memory and CPU time of so many sessions on which nothing happens.
    Many(usize),
}

/// Most sessions of `many=N`. Each takes two sockets of the gateway and one or two of ours.
const MANY_MAX: usize = 400;

impl Task {
    /// Everything that is measured when nothing is named.
    pub(crate) fn usual() -> Vec<Self> {
        Workload::ALL.into_iter().map(Self::Load).chain([Self::Latency]).collect()
    }

    /// Reads `typing`, `latency` or `many=200`.
    ///
    /// # Errors
    ///
    /// There is no such thing, or too many sessions are asked for.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Some(count) = text.strip_prefix("many=") {
            return match count.parse() {
                Ok(count) if (1..=MANY_MAX).contains(&count) => Ok(Self::Many(count)),
                _ => bail!("many={count}: a number from 1 to {MANY_MAX} is wanted"),
            };
        }
        if text == "latency" {
            return Ok(Self::Latency);
        }
        let found = Workload::ALL.into_iter().find(|workload| workload.name() == text);
        let Some(workload) = found else {
            let known: Vec<&str> = Workload::ALL.into_iter().map(Workload::name).collect();
            bail!("no workload {text:?}; there are {}, latency and many=N", known.join(", "));
        };
        Ok(Self::Load(workload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names() {
        for workload in Workload::ALL {
            assert_eq!(Task::parse(workload.name()).unwrap(), Task::Load(workload));
        }
        assert_eq!(Task::parse("latency").unwrap(), Task::Latency);
        assert_eq!(Task::parse("many=7").unwrap(), Task::Many(7));
        for wrong in ["", "many", "many=", "many=0", "many=401", "Idle"] {
            assert!(Task::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
