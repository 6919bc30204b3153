//! Stop 2 of the pixel path: bytes to messages. The client as a [`Remote`].

use std::mem;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use porthole_pixels::Surface;
use porthole_remote::{Input, Output, PeerIdentity, Remote, RemoteError, SizeWish};
use porthole_wire::Reader;

use crate::connected::Connected;
use crate::handshake::{Handshake, Turn};
use crate::outbox::Outbox;
use crate::sealed::Opener;
use crate::{EncodingKind, RfbConfig, RfbError};

/// Room for opened frames that is kept while there are none.
const PLAIN_KEEP_MAX_BYTES: usize = 64 << 10;

/// One VNC connection as a state machine.
#[derive(Debug)]
pub struct RfbClient {
    config: RfbConfig,
    phase: Phase,
    outbox: Outbox,
    /// Set while the server's side of the stream is sealed.
    opener: Option<Opener>,
    /// What was in frames that are open, and is not yet understood: at most
    /// [`crate::ARRIVED_MAX_BYTES`] and what arrives at a time.
    plain: BytesMut,
    /// The part of a message that was left in place when bytes were last handled.
    has_leftover: bool,
    /// What a viewer would like before the server can be asked.
    early_wish: Option<SizeWish>,
}

#[derive(Debug)]
enum Phase {
    Handshake {
        steps: Box<Handshake>,
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
        let steps = Handshake::new(config.seed.as_ref());
        Self {
            config,
            phase: Phase::Handshake { steps: Box::new(steps), deadline },
            outbox: Outbox::default(),
            opener: None,
            plain: BytesMut::new(),
            has_leftover: false,
            early_wish: None,
        }
    }

    /// How many rectangles the server has sent in `kind`.
    pub fn rectangles(&self, kind: EncodingKind) -> u64 {
        match &self.phase {
            Phase::Connected(connected) => connected.rectangles(kind),
            Phase::Handshake { .. } | Phase::Ended => 0,
        }
    }

    /// Takes what has arrived, sealed or not.
    fn receive(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
    ) -> Result<(), RfbError> {
        loop {
            let turned = if self.opener.is_none() {
                self.read(now, input, surface)?
            } else {
                self.read_sealed(now, input, surface)?
            };
            if !turned {
                return Ok(());
            }
        }
    }

    /// Opens frames and reads what was in them. True: the stream is not sealed any more.
    fn read_sealed(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
    ) -> Result<bool, RfbError> {
        loop {
            let mut plain = mem::take(&mut self.plain);
            let mut opened = Reader::new(&plain);
            let result = self.read(now, &mut opened, surface);
            let consumed = plain.len() - opened.len();
            plain.advance(consumed);
            self.plain = plain;
            if result? {
                // A frame that was begun sealed cannot be ended in the open.
                let left = self.plain.len() as u64;
                RfbError::check_limit("bytes sealed after the login", left, 0_u64)?;
                return Ok(true);
            }
            if !self.open(input)? {
                if self.plain.is_empty() && self.plain.capacity() > PLAIN_KEEP_MAX_BYTES {
                    self.plain = BytesMut::new();
                }
                return Ok(false);
            }
        }
    }

    /// Opens a frame, or all that have arrived once the stream stays sealed. False: none has.
    fn open(&mut self, input: &mut Reader<'_>) -> Result<bool, RfbError> {
        let Some(opener) = &mut self.opener else { return Ok(false) };
        let is_opened = opener.open(input, &mut self.plain)?;
        if matches!(self.phase, Phase::Connected(_)) {
            while opener.open(input, &mut self.plain)? {}
        }
        Ok(is_opened)
    }

    /// Reads what is not sealed, or no longer. True: from here on it is, or is not, and the rest
    /// of `input` is to be read accordingly.
    fn read(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        surface: &mut Surface,
    ) -> Result<bool, RfbError> {
        while let Phase::Handshake { steps, .. } = &mut self.phase {
            match steps.step(now, input, &self.config, self.outbox.bytes())? {
                Turn::Wait => return Ok(false),
                Turn::Next => {}
                Turn::Event(event) => self.outbox.event(event),
                Turn::Secure(secure) => {
                    self.outbox.secure(secure);
                    return Ok(false);
                }
                Turn::Seal(keys) => {
                    let (sealer, opener) = keys.start();
                    self.outbox.seal(Some(sealer));
                    self.opener = Some(opener);
                    return Ok(true);
                }
                Turn::Unseal => {
                    self.outbox.seal(None);
                    self.opener = None;
                    return Ok(true);
                }
                Turn::Done(opening) => {
                    let mut connected =
                        Connected::new(opening, &self.config, surface, &mut self.outbox)?;
                    if let Some(wish) = self.early_wish.take() {
                        connected.handle_input(now, Input::Resize(wish), &mut self.outbox);
                    }
                    self.phase = Phase::Connected(Box::new(connected));
                }
            }
        }
        if let Phase::Connected(connected) = &mut self.phase {
            connected.read(now, input, surface, &mut self.outbox)?;
        }
        Ok(false)
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
        let result = self.receive(now, &mut input, surface);
        let consumed = arrived.len() - input.len();
        arrived.advance(consumed);
        self.has_leftover = !arrived.is_empty() || !self.plain.is_empty();
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

    fn handle_secured(&mut self, now: Instant, _peer: &PeerIdentity) -> Result<(), RemoteError> {
        let result = match &mut self.phase {
            Phase::Handshake { steps, .. } => {
                steps.handle_secured(now, &self.config, self.outbox.bytes())
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
                if let Input::Resize(wish) = input {
                    self.early_wish = Some(wish);
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
