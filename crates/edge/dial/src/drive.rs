//! Stop 1 of the pixel path: runs a [`Remote`] over a byte stream.

mod arrivals;
mod driver;
mod outgoing;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use porthole_pixels::Surface;
use porthole_remote::{Ending, Event, Input, PeerIdentity, Remote};
use tokio::{
    io::AsyncWrite,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    drive::{arrivals::Arrivals, driver::Driver, outgoing::Outgoing},
    error::DialError,
    kdc::{Answering, KdcClient},
    prefixed::Prefixed,
    shell::ShellControl,
    stream::BoxStream,
    tls::{TlsSettings, secure_and_identify},
};

/// How long a goodbye may take: the last bytes, TLS's notice, WebSocket's close.
const GOODBYE_MAX: Duration = Duration::from_secs(2);

/// What a [`Driven`] is willing to hold and to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrivenLimits {
    /// How long the remote may read nothing while there is something for it.
    pub write_stall: Duration,
    /// Bytes that wait for the remote to read them.
    pub out_max_bytes: usize,
    /// Bytes of a partial message. Drivers have limits of their own, well below this one.
    pub arrived_max_bytes: usize,
    /// How long turning the stream into TLS may take.
    pub tls: Duration,
}

impl Default for DrivenLimits {
    /// 20 seconds, 4 MiB, 32 MiB, 10 seconds.
    fn default() -> Self {
        Self {
            write_stall: Duration::from_secs(20),
            out_max_bytes: 4 << 20,
            arrived_max_bytes: 32 << 20,
            tls: Duration::from_secs(10),
        }
    }
}

/// What [`Driven::next`] has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrivenEvent {
    /// Pass this on to the session.
    Event(Event),
    /// The connection ended in good order. So will every later call.
    Closed,
}

/// A [`Remote`] running over a stream, for use in a session's own loop.
///
/// INVARIANT: everything that is under way lives here, not in a future, so [`Self::next`] may
/// be dropped at any point and called again, and nothing is lost or repeated.
pub struct Driven {
    link: Link,
    driver: Driver,
    arrivals: Arrivals,
    out: Outgoing,
    /// A fault to report once the events before it have been.
    fault: Option<DialError>,
    /// Writing failed. The remote's last words may still be readable, and say why.
    write_fault: Option<DialError>,
    /// Set while saying goodbye: when to stop waiting for it.
    goodbye_until: Option<Instant>,
    tls: TlsSettings,
    limits: DrivenLimits,
    timer: Option<Pin<Box<Sleep>>>,
    kdc: Option<KdcClient>,
    exchanging: Option<Answering>,
    control: Option<Box<dyn ShellControl>>,
}

/// A TLS handshake under way.
type Securing = Pin<Box<dyn Future<Output = Result<(BoxStream, PeerIdentity), DialError>> + Send>>;

/// What there is to read from and to write to.
enum Link {
    Open(BoxStream),
    Securing(Securing),
    Gone,
}

/// What one step led to.
enum Step {
    /// There is more to do at once.
    Again,
    /// Others should run before there is more to do.
    Yield,
    /// Only the outside can bring more.
    Wait,
    /// Nothing will ever come again.
    Closed,
}

impl Driven {
    /// Starts `remote` over `stream`. `tls` is for when it asks for TLS; it comes filled in
    /// from [`crate::Dialled`].
    pub fn new(
        stream: BoxStream,
        remote: Box<dyn Remote>,
        tls: TlsSettings,
        limits: DrivenLimits,
    ) -> Self {
        let mut driven = Self {
            link: Link::Open(stream),
            driver: Driver::new(remote),
            arrivals: Arrivals::new(limits.arrived_max_bytes),
            out: Outgoing::new(limits.out_max_bytes),
            fault: None,
            write_fault: None,
            goodbye_until: None,
            tls,
            limits,
            timer: None,
            kdc: None,
            exchanging: None,
            control: None,
        };
        // Some protocols have the client speak first.
        let started = driven.driver.start(&mut driven.out);
        driven.note(started);
        driven
    }

    /// With what a shell's transport has beside its stream.
    #[must_use]
    pub fn with_control(self, control: Box<dyn ShellControl>) -> Self {
        Self { control: Some(control), ..self }
    }

    /// How the remote's program ended, where the transport tells; once.
    pub fn ending(&mut self) -> Option<Ending> {
        self.control.as_mut()?.ending()
    }

    /// With somebody who asks the KDC when the remote wants it asked.
    #[must_use]
    pub fn with_kdc(self, kdc: KdcClient) -> Self {
        Self { kdc: Some(kdc), ..self }
    }

    /// Moves bytes both ways, lets the remote draw into `surface`, and returns the next event.
    ///
    /// Cancel-safe. `surface` is touched only while bytes are being handled.
    ///
    /// # Errors
    ///
    /// [`DialError`], once, after every event that came before it. The connection is over;
    /// later calls return [`DrivenEvent::Closed`].
    pub async fn next(&mut self, surface: &mut Surface) -> Result<DrivenEvent, DialError> {
        // A flooding remote makes every call ready at once; the caller's other work gets a turn.
        tokio::task::consume_budget().await;
        poll_fn(|context| self.poll_next(context, surface)).await
    }

    /// Hands input to the remote. What it answers is written by [`Self::next`].
    ///
    /// Input is never dropped while the connection lives: if the remote has stopped reading and
    /// too much is waiting for it, the connection ends with [`DialError::OverLimit`].
    pub fn handle_input(&mut self, input: Input) {
        if !self.is_over() {
            let handled = self.driver.handle_input(input, &mut self.out);
            self.note(handled);
        }
    }

    /// How much waits for the remote to read it, in bytes. Whoever has much for it, and can wait,
    /// does so while this is much.
    pub fn waiting_bytes(&self) -> usize {
        self.out.len()
    }

    /// Ends the connection from this side: writes what is waiting and says goodbye, for at
    /// most two seconds.
    pub async fn shutdown(mut self) {
        self.driver.end();
        poll_fn(|context| match self.poll_goodbye(context) {
            Step::Closed => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }

    /// Whether the remote is to be called no more.
    fn is_over(&self) -> bool {
        self.fault.is_some() || self.driver.is_ended() || matches!(self.link, Link::Gone)
    }

    /// Keeps the first fault; from there on the remote is left alone.
    fn note(&mut self, result: Result<(), DialError>) {
        if let Err(fault) = result {
            self.driver.end();
            self.fault.get_or_insert(fault);
        }
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        surface: &mut Surface,
    ) -> Poll<Result<DrivenEvent, DialError>> {
        loop {
            // Before the events: the caller may take its time over one, and the remote waits
            // for our requests.
            self.write(context);
            self.tell_size();
            if let Some(event) = self.driver.take_event() {
                return Poll::Ready(Ok(DrivenEvent::Event(event)));
            }
            if let Some(fault) = self.fault.take() {
                self.link = Link::Gone;
                return Poll::Ready(Err(fault));
            }
            match self.step(context, surface) {
                Ok(Step::Again) => {}
                Ok(Step::Yield) if self.driver.has_events() || self.fault.is_some() => {}
                Ok(Step::Yield) => {
                    self.write(context);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(Step::Wait) => return Poll::Pending,
                Ok(Step::Closed) => {
                    self.link = Link::Gone;
                    return Poll::Ready(Ok(DrivenEvent::Closed));
                }
                Err(fault) => self.note(Err(fault)),
            }
        }
    }

    /// Tells the transport the terminal's size.
    fn tell_size(&mut self) {
        if let Some(size) = self.driver.take_resize()
            && let Some(control) = &mut self.control
        {
            control.resize(size);
        }
    }

    /// Writes what the stream takes now.
    fn write(&mut self, context: &mut Context<'_>) {
        let Link::Open(stream) = &mut self.link else { return };
        if self.write_fault.is_none()
            && let Err(error) = self.out.write(stream, context)
        {
            self.out.clear();
            self.write_fault = Some(DialError::broken(error));
        }
    }

    fn step(
        &mut self,
        context: &mut Context<'_>,
        surface: &mut Surface,
    ) -> Result<Step, DialError> {
        if self.driver.is_ended() {
            return Ok(self.poll_goodbye(context));
        }
        if self.poll_exchange(context)? || self.driver.draw(surface, &mut self.out)? {
            return Ok(Step::Again);
        }
        match &mut self.link {
            Link::Gone => return Ok(Step::Closed),
            Link::Securing(securing) => {
                if let Poll::Ready(secured) = securing.as_mut().poll(context) {
                    let (stream, peer) = secured?;
                    self.link = Link::Open(stream);
                    self.out.release();
                    self.driver.handle_secured(&peer, &mut self.out)?;
                    return Ok(Step::Again);
                }
            }
            // What arrives from here on belongs to TLS, so there is no reading.
            Link::Open(_) if self.driver.wants_secure() && self.write_fault.is_none() => {
                if self.out.is_written() {
                    self.start_securing();
                    return Ok(Step::Again);
                }
            }
            Link::Open(stream) => match self.arrivals.poll_read(stream, context) {
                Poll::Ready(Ok(0)) => {
                    self.driver.handle_end(&mut self.out)?;
                    self.driver.end();
                    // Nobody is left to read it.
                    self.out.clear();
                    return Ok(Step::Again);
                }
                Poll::Ready(Ok(_)) => {
                    let arrived = self.arrivals.bytes();
                    self.driver.handle_bytes(arrived, surface, &mut self.out)?;
                    self.arrivals.check_limit()?;
                    return Ok(Step::Yield);
                }
                Poll::Ready(Err(error)) => return Err(DialError::broken(error)),
                Poll::Pending => {}
            },
        }
        if let Some(fault) = self.write_fault.take() {
            return Err(fault);
        }
        self.poll_timers(context)
    }

    /// Has the KDC asked what the remote would know. Whether there is an answer.
    fn poll_exchange(&mut self, context: &mut Context<'_>) -> Result<bool, DialError> {
        if let Some(question) = self.driver.take_exchange() {
            let Some(kdc) = &self.kdc else {
                let answer = Err("there is none".to_owned());
                self.driver.handle_exchanged(answer, &mut self.out)?;
                return Ok(true);
            };
            self.exchanging = Some(kdc.ask(question));
        }
        let Some(exchanging) = &mut self.exchanging else { return Ok(false) };
        let Poll::Ready(answer) = exchanging.as_mut().poll(context) else { return Ok(false) };
        self.exchanging = None;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "the KDC could not be asked");
            error.public_message()
        });
        self.driver.handle_exchanged(answer, &mut self.out)?;
        Ok(true)
    }

    /// Gives the stream, and what of it was read too early, to a TLS handshake.
    fn start_securing(&mut self) {
        let Some(kind) = self.driver.take_secure() else { return };
        if let Link::Open(stream) = std::mem::replace(&mut self.link, Link::Gone) {
            let stream: BoxStream = Box::new(Prefixed::new(self.arrivals.take(), stream));
            let (tls, limit) = (self.tls.clone(), self.limits.tls);
            self.link = Link::Securing(Box::pin(async move {
                secure_and_identify(stream, &tls, kind, limit).await
            }));
        }
    }

    /// Does what is due by now, and sees to it that somebody wakes us for what is due next.
    fn poll_timers(&mut self, context: &mut Context<'_>) -> Result<Step, DialError> {
        let now = Instant::now();
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);

        let stalled_at = self.out.stalled_since().map(|since| since + self.limits.write_stall);
        if is_due(stalled_at) {
            return Err(DialError::WriteStalled { limit: self.limits.write_stall });
        }
        if is_due(self.driver.deadline()) {
            self.driver.handle_timeout(&mut self.out)?;
            return Ok(Step::Yield);
        }
        if is_due(self.arrivals.idle_at()) {
            self.arrivals.shrink(now);
        }
        let next = [stalled_at, self.driver.deadline(), self.arrivals.idle_at()];
        Ok(match next.into_iter().flatten().min() {
            Some(at) if self.poll_timer(at, context).is_ready() => Step::Again,
            _ => Step::Wait,
        })
    }

    /// Writes the last bytes and closes the stream, unless that takes too long.
    fn poll_goodbye(&mut self, context: &mut Context<'_>) -> Step {
        let until = *self.goodbye_until.get_or_insert_with(|| Instant::now() + GOODBYE_MAX);
        self.write(context);
        let Link::Open(stream) = &mut self.link else { return Step::Closed };
        let is_written = self.write_fault.is_some() || self.out.is_written();
        if is_written && Pin::new(stream).poll_shutdown(context).is_ready() {
            return Step::Closed;
        }
        match self.poll_timer(until, context) {
            Poll::Ready(()) => Step::Closed,
            Poll::Pending => Step::Wait,
        }
    }

    /// Waits for a moment. There is one timer, for whatever is due first.
    fn poll_timer(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(context)
    }
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
