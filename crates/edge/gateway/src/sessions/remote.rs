//! The remote's side of a session: first dialled, then driven.

use std::{pin::Pin, sync::Arc, time::Instant};

use porthole_dial::{
    DialError, Dialled, Driven, DrivenEvent, DrivenLimits, KdcClient, Target, Timeouts, dial,
};
use porthole_pixels::{Size, Surface};
use porthole_remote::Input;

use crate::{App, Plan, driver::DriverConfig, rdp::share_credentials};

type Dialling = Pin<Box<dyn Future<Output = Result<Dialled, DialError>> + Send>>;

/// A connection to a remote in any of its stages.
pub(super) enum RemoteSide {
    /// On its way.
    Dialling {
        dialling: Dialling,
        driver: DriverConfig,
        limits: DrivenLimits,
        kdc: Option<KdcClient>,
    },
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
        let dialling = Box::pin(async move { dial_any(&app, &targets, &timeouts).await });
        Self::Dialling { dialling, driver: plan.driver.clone(), limits, kdc }
    }

    /// The next thing the remote has to say. Cancel-safe; never ready once the remote is gone.
    ///
    /// # Errors
    ///
    /// The remote could not be reached, was lost, or broke its protocol.
    pub(super) async fn next(&mut self, surface: &mut Surface) -> Result<DrivenEvent, DialError> {
        if let Self::Dialling { dialling, driver, limits, kdc } = self {
            let dialled = match dialling.await {
                Ok(dialled) => dialled,
                Err(error) => {
                    *self = Self::Gone;
                    return Err(error);
                }
            };
            let remote = match driver.start(dialled.is_local, Instant::now()) {
                Ok(remote) => remote,
                Err(error) => {
                    *self = Self::Gone;
                    return Err(error.into());
                }
            };
            let mut driven = Driven::new(dialled.stream, remote, dialled.tls, *limits);
            if let Some(kdc) = kdc.take() {
                driven = driven.with_kdc(kdc);
            }
            *self = Self::Up(Box::new(driven));
        }
        match self {
            Self::Up(driven) => driven.next(surface).await,
            _ => std::future::pending().await,
        }
    }

    /// A viewer would like this size, and is in this time zone: see [`DriverConfig::wish`].
    pub(super) fn wish(&mut self, size: Size, scale_percent: u16, time_zone: &str) {
        if let Self::Dialling { driver, .. } = self {
            driver.wish(size, scale_percent);
            driver.set_time_zone(time_zone);
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
            Self::Dialling { .. } | Self::Gone => 0,
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
    timeouts: &Timeouts,
) -> Result<Dialled, DialError> {
    let mut last = DialError::NoAddresses;
    for target in targets {
        match dial(target, &app.policy, timeouts).await {
            Err(
                error @ (DialError::Resolve { .. }
                | DialError::NoAddresses
                | DialError::Connect { .. }
                | DialError::Timeout { .. }),
            ) => last = error,
            other => return other,
        }
    }
    Err(last)
}
