//! Stop 2 of the pixel path: bytes to messages. The client as a [`Remote`].

use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use porthole_pixels::Surface;
use porthole_remote::{Event, Input, Output, PeerIdentity, Remote, RemoteError, Secure, SizeWish};
use porthole_wire::Reader;

use crate::connect::{Connecting, Turn};
use crate::connected::Connected;
use crate::outbox::Outbox;
use crate::{RdpConfig, RdpError};

/// One RDP connection as a state machine.
#[derive(Debug)]
pub struct RdpClient {
    config: RdpConfig,
    phase: Phase,
    outbox: Outbox,
    /// The part of a message that was left in place when bytes were last handled.
    has_leftover: bool,
    /// What a viewer would like before the server can be asked.
    early_wish: Option<SizeWish>,
}

#[derive(Debug)]
enum Phase {
    Connecting {
        steps: Box<Connecting>,
        deadline: Instant,
    },
    Connected(Box<Connected>),
    /// In good order, or not: nothing more will happen.
    Ended,
}

impl RdpClient {
    /// Speaks first, when polled. The time that the server has for the connection sequence starts
    /// now.
    ///
    /// # Errors
    ///
    /// [`RdpError::CredentialsMissing`] or [`RdpError::Unsendable`], of a configuration that
    /// cannot work with any server.
    pub fn new(config: RdpConfig, now: Instant) -> Result<Self, RdpError> {
        let mut outbox = Outbox::default();
        let deadline = now + config.handshake_max;
        let steps = Box::new(Connecting::start(&config, now, outbox.bytes())?);
        let phase = Phase::Connecting { steps, deadline };
        Ok(Self { config, phase, outbox, has_leftover: false, early_wish: None })
    }

    fn read(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
    ) -> Result<(), RdpError> {
        while let Phase::Connecting { steps, .. } = &mut self.phase {
            match steps.step(now, input, &self.config, self.outbox.bytes())? {
                Turn::Wait => return Ok(()),
                Turn::Next => {}
                Turn::Exchange(question) => {
                    self.outbox.exchange(question);
                    return Ok(());
                }
                Turn::Secure => {
                    self.outbox.secure(Secure::Certificate);
                    return Ok(());
                }
                Turn::Redirected(redirect) => {
                    self.outbox.event(Event::Redirected(redirect));
                    self.phase = Phase::Ended;
                }
                Turn::Done(result) => {
                    let mut connected =
                        Connected::new(&result, &self.config, surface, &mut self.outbox)?;
                    // The credentials have served their purpose.
                    self.config.credentials = porthole_remote::Credentials::default();
                    self.config.cookie = None;
                    self.config.redirected = None;
                    if let Some(wish) = self.early_wish.take() {
                        connected.handle_input(now, Input::Resize(wish), &mut self.outbox);
                    }
                    self.phase = Phase::Connected(Box::new(connected));
                }
            }
        }
        if let Phase::Connected(connected) = &mut self.phase {
            connected.read(now, input, surface, &mut self.outbox)?;
            if connected.has_left() {
                self.phase = Phase::Ended;
            }
        }
        Ok(())
    }

    /// Asks the KDC, where that is what a step led to.
    fn ask(&mut self, turn: Turn) {
        if let Turn::Exchange(question) = turn {
            self.outbox.exchange(question);
        }
    }

    /// Passes a result on; after an error nothing more is read or written.
    fn settle<T>(&mut self, result: Result<T, RdpError>) -> Result<T, RemoteError> {
        if result.is_err() {
            self.phase = Phase::Ended;
        }
        result.map_err(RemoteError::from)
    }
}

impl Remote for RdpClient {
    fn handle_bytes(
        &mut self,
        now: Instant,
        arrived: &mut BytesMut,
        surface: &mut Surface,
    ) -> Result<(), RemoteError> {
        let mut input = Reader::new(arrived);
        let result = self.read(now, &mut input, surface);
        let consumed = arrived.len() - input.len();
        arrived.advance(consumed);
        self.has_leftover = !arrived.is_empty();
        self.settle(result)
    }

    fn handle_end(&mut self, _now: Instant) -> Result<(), RemoteError> {
        let result = match &self.phase {
            Phase::Connecting { steps, .. } => Err(steps.ended()),
            Phase::Connected(connected) => connected.end(self.has_leftover),
            Phase::Ended => Ok(()),
        };
        self.phase = Phase::Ended;
        self.settle(result)
    }

    fn handle_secured(&mut self, now: Instant, peer: &PeerIdentity) -> Result<(), RemoteError> {
        let result = match &mut self.phase {
            Phase::Connecting { steps, .. } => {
                let turn = steps.handle_secured(now, peer, &self.config, self.outbox.bytes());
                turn.map(|turn| self.ask(turn))
            }
            Phase::Connected(_) | Phase::Ended => Err(RdpError::SecuredUnasked),
        };
        self.settle(result)
    }

    fn handle_exchanged(
        &mut self,
        now: Instant,
        answer: Result<Bytes, String>,
    ) -> Result<(), RemoteError> {
        let result = match &mut self.phase {
            Phase::Connecting { steps, .. } => {
                let turn = steps.handle_exchanged(now, answer, self.outbox.bytes());
                turn.map(|turn| self.ask(turn))
            }
            // What it was for is over.
            Phase::Connected(_) | Phase::Ended => Ok(()),
        };
        self.settle(result)
    }

    fn handle_input(&mut self, now: Instant, input: Input) {
        match &mut self.phase {
            Phase::Connected(connected) => connected.handle_input(now, input, &mut self.outbox),
            // Of what is too early, only a size is still wanted later.
            Phase::Connecting { steps, .. } => {
                if let Input::Resize(wish) = input {
                    steps.set_size(wish.size);
                    self.early_wish = Some(wish);
                }
            }
            Phase::Ended => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), RemoteError> {
        let result = match &mut self.phase {
            Phase::Connecting { deadline, .. } if *deadline <= now => {
                let limit_ms = self.config.handshake_max.as_millis();
                Err(RdpError::HandshakeTimeout { limit_ms })
            }
            Phase::Connected(connected) => {
                connected.handle_timeout(now, &mut self.outbox);
                Ok(())
            }
            Phase::Connecting { .. } | Phase::Ended => Ok(()),
        };
        self.settle(result)
    }

    fn poll(&mut self) -> Output {
        self.outbox.take().unwrap_or_else(|| match &self.phase {
            Phase::Connecting { deadline, .. } => Output::Wait(Some(*deadline)),
            Phase::Connected(connected) => Output::Wait(connected.deadline()),
            Phase::Ended => Output::Closed,
        })
    }
}
