//! From the first byte to the desktop's size (RFC 6143 §7.1 to §7.3).

mod diffie_hellman;
mod failure;
mod init;
mod negotiate;
mod numbers;
mod prove;
mod ra2;
mod security;
mod tight;
mod vencrypt;
mod version;
mod vnc_auth;

use std::time::{Duration, Instant};

use bytes::{BufMut, BytesMut};
use failure::{Failure, FailureKind};
use init::Init;
pub(crate) use init::ServerInit;
use porthole_remote::{Event, Secure};
use porthole_wire::Reader;
use ra2::Ra2;
use security::Choice;
use version::Version;

use crate::random::Random;
use crate::sealed::Keys;
use crate::{RfbConfig, RfbError, SecurityKind, Seed};

/// What became of a step.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nothing to do before more bytes arrive.
    Wait,
    /// A step was made.
    Next,
    /// Something to pass on.
    Event(Event),
    /// Nothing to do before the stream is TLS.
    Secure(Secure),
    /// Both directions are sealed from here on.
    Seal(Keys),
    /// Both directions are as they were before.
    Unseal,
    /// The handshake is over.
    Done(Opening),
}

/// What is known once the handshake is over.
#[derive(Debug)]
pub(crate) struct Opening {
    /// The desktop.
    pub(crate) init: ServerInit,
    /// From our last question to its answer: the round trip, and what the server took to think.
    pub(crate) round_trip: Duration,
}

/// The handshake as a state machine.
#[derive(Debug)]
pub(crate) struct Handshake {
    version: Version,
    stage: Stage,
    /// `None` without a seed; then nothing is taken that needs one.
    random: Option<Random>,
    /// Tight's negotiation was gone through.
    is_tight: bool,
    /// When `ClientInit` was written.
    asked: Option<Instant>,
}

/// What is to come next from the server.
#[derive(Debug)]
enum Stage {
    Version,
    /// A list of types, from version 3.7 on.
    SecurityTypes,
    /// The one type that the server chose, in version 3.3.
    SecurityType,
    VencryptVersion,
    VencryptAgreement,
    VencryptSubtypes,
    /// Whether the server can start TLS for this sub-type.
    VencryptReady(SecurityKind),
    /// Nothing: the caller is turning the stream into TLS.
    Securing(SecurityKind),
    TightTunnels,
    TightWays,
    Challenge,
    Apple,
    MsLogon,
    Ra2(SecurityKind, Ra2),
    SecurityResult,
    Failure(Failure),
    Init(Init),
}

impl Handshake {
    /// Waits for the server's version.
    pub(crate) fn new(seed: Option<&Seed>) -> Self {
        Self {
            version: Version::V3_8,
            stage: Stage::Version,
            random: seed.map(Seed::random),
            is_tight: false,
            asked: None,
        }
    }

    /// Makes one step with what is in `input`; leaves a partial message there.
    ///
    /// # Errors
    ///
    /// The server is not one, refused us, or has nothing that the configuration allows.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        match &mut self.stage {
            Stage::Version => self.read_version(input, out),
            Stage::SecurityTypes => self.read_types(now, input, config, out),
            Stage::SecurityType => self.read_type(now, input, config, out),
            Stage::VencryptVersion
            | Stage::VencryptAgreement
            | Stage::VencryptSubtypes
            | Stage::VencryptReady(_)
            | Stage::Securing(_) => self.step_vencrypt(now, input, config, out),
            Stage::TightTunnels | Stage::TightWays => self.step_tight(now, input, config, out),
            Stage::Challenge | Stage::Apple | Stage::MsLogon | Stage::Ra2(..) => {
                self.step_proof(input, config, out)
            }
            Stage::SecurityResult => self.read_result(now, input, config, out),
            Stage::Failure(failure) => failure.read(input).map(|()| Turn::Wait),
            Stage::Init(init) => {
                let Some(init) = init.read(input)? else { return Ok(Turn::Wait) };
                let round_trip = self.asked.map_or(Duration::MAX, |asked| now - asked);
                Ok(Turn::Done(Opening { init, round_trip }))
            }
        }
    }

    /// The stream is TLS now.
    ///
    /// # Errors
    ///
    /// [`RfbError::SecuredUnasked`].
    pub(crate) fn handle_secured(
        &mut self,
        now: Instant,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<(), RfbError> {
        let Stage::Securing(kind) = self.stage else { return Err(RfbError::SecuredUnasked) };
        self.prove(now, kind, config, out)
    }

    /// Why the connection ended, when the server closes it now.
    pub(crate) fn ended(&self) -> RfbError {
        match &self.stage {
            Stage::Failure(failure) => failure.error(),
            _ => RfbError::Ended { during: "the handshake" },
        }
    }

    fn read_version(
        &mut self,
        input: &mut Reader<'_>,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let Some(version) = Version::read(input)? else { return Ok(Turn::Wait) };
        self.version = version;
        out.put_slice(version.reply());
        self.stage =
            if version == Version::V3_3 { Stage::SecurityType } else { Stage::SecurityTypes };
        Ok(Turn::Next)
    }

    fn read_types(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let mut ahead = input.clone();
        let Some(count) = ahead.u8() else { return Ok(Turn::Wait) };
        let Some(types) = ahead.take(count.into()) else { return Ok(Turn::Wait) };
        *input = ahead;
        if count == 0 {
            return Ok(self.fail(FailureKind::Refused));
        }
        let offered: Vec<u32> = types.iter().map(|kind| u32::from(*kind)).collect();
        let choice = security::choose(&offered, config)?;
        // Its numbers came as bytes.
        out.put_u8(u8::try_from(choice.number()).unwrap_or(u8::MAX));
        self.begin(now, choice, config, out)?;
        Ok(Turn::Next)
    }

    fn read_type(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let Some(kind) = input.u32_be() else { return Ok(Turn::Wait) };
        if kind == 0 {
            return Ok(self.fail(FailureKind::Refused));
        }
        let choice = security::choose(&[kind], config)?;
        if !matches!(choice, Choice::Direct(SecurityKind::None | SecurityKind::VncAuth)) {
            // Version 3.3 knows no other types.
            return Err(RfbError::NoSecurityInCommon { offered: kind.to_string() });
        }
        self.begin(now, choice, config, out)?;
        Ok(Turn::Next)
    }

    fn read_result(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let kind = match input.u32_be() {
            None => return Ok(Turn::Wait),
            Some(0) => {
                self.put_client_init(now, config, out);
                return Ok(Turn::Next);
            }
            Some(1) => FailureKind::Authentication,
            Some(2) => FailureKind::TooMany,
            Some(value) => {
                return Err(RfbError::BadField { field: "security result", value: value.into() });
            }
        };
        if self.version == Version::V3_8 {
            return Ok(self.fail(kind));
        }
        Err(Failure::new(kind).error())
    }

    fn put_client_init(&mut self, now: Instant, config: &RfbConfig, out: &mut BytesMut) {
        out.put_u8(u8::from(config.shared));
        self.asked = Some(now);
        self.stage = Stage::Init(Init::new(self.is_tight));
    }

    fn fail(&mut self, kind: FailureKind) -> Turn {
        self.stage = Stage::Failure(Failure::new(kind));
        Turn::Next
    }
}

#[cfg(test)]
#[path = "handshake/handshake_tests.rs"]
mod tests;
