//! The remote's side of a session: first dialled, then driven.

use std::{pin::Pin, sync::Arc, time::Instant};

use porthole_dial::{
    Caller, CallerNews, DialError, Driven, DrivenEvent, DrivenLimits, KdcClient, Target, Timeouts,
    dial,
};
use porthole_files::Store;
use porthole_pixels::Surface;
use porthole_remote::{Ending, Event, Input, Questions, Replies, SizeWish};
use tokio::sync::{mpsc, oneshot};

use crate::{App, Plan, driver::DriverConfig, rdp::share_credentials, text::Opened};

type Dialling = Pin<Box<dyn Future<Output = Result<Opened, DialError>> + Send>>;

/// What a remote has to say.
pub(super) enum RemoteNews {
    /// For the session.
    Event(Event),
    /// The connection is on its way, so far.
    Progress(String),
    /// Somebody is to answer: see [`RemoteSide::answer`].
    Questions(Questions),
    /// The remote's own files are there.
    Files(Arc<dyn Store>),
    /// It ended in good order; and how, where that is known.
    Closed(Option<Ending>),
}

/// A connection that is on its way, and what it is to be driven with.
pub(super) struct Dial {
    dialling: Dialling,
    driver: DriverConfig,
    limits: DrivenLimits,
    kdc: Option<KdcClient>,
    news: mpsc::Receiver<CallerNews>,
    /// Who waits for an answer.
    asked: Option<oneshot::Sender<Replies>>,
}

/// A connection to a remote in any of its stages.
pub(super) enum RemoteSide {
    /// On its way.
    Dialling(Box<Dial>),
    /// Up.
    Up(Box<Driven>),
    /// Never came up, or is no more.
    Gone,
}

impl RemoteSide {
    /// Starts dialling what the plan names.
    pub(super) fn dial(app: &Arc<App>, plan: &Plan) -> Self {
        let (app, mut targets) = (Arc::clone(app), plan.targets());
        for target in &mut targets {
            share_credentials(target, plan.driver.credentials());
        }
        let limits = DrivenLimits { tls: app.config.timeouts.tls, ..DrivenLimits::default() };
        let everywhere = app.config.timeouts;
        let connect = plan.connect_max.unwrap_or(everywhere.connect);
        let timeouts = Timeouts { connect, ..everywhere };
        let kdc = plan.kdc.clone().map(|kdc| {
            KdcClient::new(kdc, plan.target.protocol, Arc::clone(&app.policy), timeouts)
        });
        let (caller, news) = Caller::new();
        let driver = plan.driver.clone();
        let dialling =
            Box::pin(async move { dial_any(&app, &targets, &driver, &timeouts, &caller).await });
        let driver = plan.driver.clone();
        Self::Dialling(Box::new(Dial { dialling, driver, limits, kdc, news, asked: None }))
    }

    /// The next thing the remote has to say. Cancel-safe; never ready once the remote is gone.
    ///
    /// # Errors
    ///
    /// The remote could not be reached, was lost, or broke its protocol.
    pub(super) async fn next(&mut self, surface: &mut Surface) -> Result<RemoteNews, DialError> {
        loop {
            match self {
                Self::Dialling(dial) => tokio::select! {
                    biased;
                    Some(news) = dial.news.recv() => return Ok(match news {
                        CallerNews::Progress(words) => RemoteNews::Progress(words),
                        CallerNews::Unverified(words) => {
                            RemoteNews::Event(Event::Unverified(words))
                        }
                        CallerNews::Ask(questions, answer) => {
                            dial.asked = Some(answer);
                            RemoteNews::Questions(questions)
                        }
                    }),
                    opened = &mut dial.dialling => {
                        if let Some(files) = self.drive(opened)? {
                            return Ok(RemoteNews::Files(files));
                        }
                    }
                },
                Self::Up(driven) => {
                    return Ok(match driven.next(surface).await? {
                        DrivenEvent::Event(event) => RemoteNews::Event(event),
                        DrivenEvent::Closed => RemoteNews::Closed(driven.ending()),
                    });
                }
                Self::Gone => return std::future::pending().await,
            }
        }
    }

    /// Starts the driver over what has been opened; what came beside it is the answer.
    fn drive(
        &mut self,
        opened: Result<Opened, DialError>,
    ) -> Result<Option<Arc<dyn Store>>, DialError> {
        let Self::Dialling(dial) = std::mem::replace(self, Self::Gone) else {
            return Ok(None);
        };
        let Dial { driver, limits, kdc, .. } = *dial;
        let Opened { dialled, control, files } = opened?;
        let remote = driver.start(dialled.is_local, Instant::now())?;
        let mut driven = Driven::new(dialled.stream, remote, dialled.tls, limits);
        if let Some(kdc) = kdc {
            driven = driven.with_kdc(kdc);
        }
        if let Some(control) = control {
            driven = driven.with_control(control);
        }
        *self = Self::Up(Box::new(driven));
        Ok(files)
    }

    /// Answers what [`RemoteNews::Questions`] asked; `None`: nobody will.
    pub(super) fn answer(&mut self, replies: Option<Replies>) {
        if let Self::Dialling(dial) = self
            && let (Some(asked), Some(replies)) = (dial.asked.take(), replies)
        {
            // A connection that failed meanwhile says so by itself.
            let _late = asked.send(replies);
        }
    }

    /// A viewer would like this, and is in this time zone: see [`DriverConfig::wish`].
    pub(super) fn wish(&mut self, wish: SizeWish, time_zone: &str) {
        if let Self::Dialling(dial) = self {
            dial.driver.wish(wish);
            dial.driver.set_time_zone(time_zone);
        }
    }

    /// Hands input on. The session sends none before the remote is up.
    pub(super) fn handle_input(&mut self, input: Input) {
        if let Self::Up(driven) = self {
            driven.handle_input(input);
        }
    }

    /// How much waits for the remote to read it, in bytes.
    pub(super) fn waiting_bytes(&self) -> usize {
        match self {
            Self::Up(driven) => driven.waiting_bytes(),
            Self::Dialling(_) | Self::Gone => 0,
        }
    }

    /// Says goodbye while others go on, and is gone.
    pub(super) fn leave(&mut self) {
        tokio::spawn(std::mem::replace(self, Self::Gone).shutdown());
    }

    /// Says goodbye, for at most two seconds.
    pub(super) async fn shutdown(self) {
        if let Self::Up(driven) = self {
            driven.shutdown().await;
        }
    }
}

/// The first of several ways to one machine that leads there. What the policy refuses ends the
/// search: what a remote named beside it is not to be trusted either.
async fn dial_any(
    app: &App,
    targets: &[Target],
    driver: &DriverConfig,
    timeouts: &Timeouts,
    caller: &Caller,
) -> Result<Opened, DialError> {
    let mut last = DialError::NoAddresses;
    for target in targets {
        if let DriverConfig::Text(text) = driver
            && let Some(opened) =
                text.open(target, &app.policy, timeouts, caller, &app.departures).await?
        {
            return Ok(opened);
        }
        match dial(target, &app.policy, timeouts).await {
            Err(
                error @ (DialError::Resolve { .. }
                | DialError::NoAddresses
                | DialError::Connect { .. }
                | DialError::Timeout { .. }),
            ) => last = error,
            other => return other.map(Opened::from),
        }
    }
    Err(last)
}
