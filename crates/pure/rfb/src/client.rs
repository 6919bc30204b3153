//! Stop 2 of the pixel path: bytes to messages. The client as a [`Remote`].

use std::time::Instant;

use bytes::{Buf, BytesMut};
use porthole_pixels::{Size, Surface};
use porthole_remote::{Input, Output, Remote, RemoteError};
use porthole_wire::Reader;

use crate::connected::Connected;
use crate::handshake::{Handshake, Turn};
use crate::outbox::Outbox;
use crate::{RfbConfig, RfbError};

/// One VNC connection as a state machine.
#[derive(Debug)]
pub struct RfbClient {
    config: RfbConfig,
    phase: Phase,
    outbox: Outbox,
    /// The part of a message that was left in place when bytes were last handled.
    has_leftover: bool,
    /// What a viewer would like before the server can be asked.
    early_size: Option<Size>,
}

#[derive(Debug)]
enum Phase {
    Handshake {
        steps: Handshake,
        deadline: Instant,
    },
    Connected(Box<Connected>),
    /// In good order, or not: nothing more will happen.
    Ended,
}

impl RfbClient {
    /// Waits for the server to speak. The time that it has to finish the handshake starts now.
    pub fn new(config: RfbConfig, now: Instant) -> Self {
        let deadline = now + config.handshake_max;
        Self {
            config,
            phase: Phase::Handshake { steps: Handshake::new(), deadline },
            outbox: Outbox::default(),
            has_leftover: false,
            early_size: None,
        }
    }

    fn read(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
    ) -> Result<(), RfbError> {
        while let Phase::Handshake { steps, .. } = &mut self.phase {
            match steps.step(input, &self.config, self.outbox.bytes())? {
                Turn::Wait => return Ok(()),
                Turn::Next => {}
                Turn::Secure(secure) => {
                    self.outbox.secure(secure);
                    return Ok(());
                }
                Turn::Done(init) => {
                    let mut connected =
                        Connected::new(init, &self.config, surface, &mut self.outbox)?;
                    if let Some(size) = self.early_size.take() {
                        connected.handle_input(now, Input::Resize(size), &mut self.outbox);
                    }
                    self.phase = Phase::Connected(Box::new(connected));
                }
            }
        }
        match &mut self.phase {
            Phase::Connected(connected) => connected.read(now, input, surface, &mut self.outbox),
            Phase::Handshake { .. } | Phase::Ended => Ok(()),
        }
    }

    /// Passes a result on; after an error nothing more is read or written.
    fn settle<T>(&mut self, result: Result<T, RfbError>) -> Result<T, RemoteError> {
        if result.is_err() {
            self.phase = Phase::Ended;
        }
        result.map_err(RemoteError::from)
    }
}

impl Remote for RfbClient {
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
            Phase::Handshake { steps, .. } => Err(steps.ended()),
            Phase::Connected(connected) if connected.is_inside_message() || self.has_leftover => {
                Err(RfbError::Ended { during: "a message" })
            }
            Phase::Connected(_) | Phase::Ended => Ok(()),
        };
        self.phase = Phase::Ended;
        self.settle(result)
    }

    fn handle_secured(&mut self, _now: Instant) -> Result<(), RemoteError> {
        let result = match &mut self.phase {
            Phase::Handshake { steps, .. } => {
                steps.handle_secured(&self.config, self.outbox.bytes())
            }
            Phase::Connected(_) | Phase::Ended => Err(RfbError::SecuredUnasked),
        };
        self.settle(result)
    }

    fn handle_input(&mut self, now: Instant, input: Input) {
        match &mut self.phase {
            Phase::Connected(connected) => connected.handle_input(now, input, &mut self.outbox),
            // Of what is too early, only a size is still wanted later.
            Phase::Handshake { .. } => {
                if let Input::Resize(size) = input {
                    self.early_size = Some(size);
                }
            }
            Phase::Ended => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), RemoteError> {
        let result = match &mut self.phase {
            Phase::Handshake { deadline, .. } if *deadline <= now => {
                let limit_ms = self.config.handshake_max.as_millis();
                Err(RfbError::HandshakeTimeout { limit_ms })
            }
            Phase::Connected(connected) => {
                connected.handle_timeout(now, &mut self.outbox);
                Ok(())
            }
            Phase::Handshake { .. } | Phase::Ended => Ok(()),
        };
        self.settle(result)
    }

    fn poll(&mut self) -> Output {
        self.outbox.take().unwrap_or_else(|| match &self.phase {
            Phase::Handshake { deadline, .. } => Output::Wait(Some(*deadline)),
            Phase::Connected(connected) => Output::Wait(connected.deadline()),
            Phase::Ended => Output::Closed,
        })
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
