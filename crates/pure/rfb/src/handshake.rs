//! From the first byte to the desktop's size (RFC 6143 §7.1 to §7.3).

mod security;
mod vencrypt;
mod version;
mod vnc_auth;

use bytes::{BufMut, BytesMut};
use porthole_pixels::{Size, Surface};
use porthole_remote::Secure;
use porthole_wire::Reader;
use security::{Choice, Proof};
use version::Version;

use crate::limits::NAME_MAX_BYTES;
use crate::words::Words;
use crate::{RfbConfig, RfbError, SecurityKind};

/// What became of a step.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nothing to do before more bytes arrive.
    Wait,
    /// A step was made.
    Next,
    /// Nothing to do before the stream is TLS.
    Secure(Secure),
    /// The handshake is over.
    Done(ServerInit),
}

/// What the server says of its desktop (RFC 6143 §7.3.2).
#[derive(Debug)]
pub(crate) struct ServerInit {
    /// Columns and rows; a surface can have them.
    pub(crate) size: Size,
    /// One printable line.
    pub(crate) name: String,
}

/// The handshake as a state machine.
#[derive(Debug)]
pub(crate) struct Handshake {
    version: Version,
    stage: Stage,
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
    Challenge,
    SecurityResult,
    Failure(Failure),
    ServerInit,
    Name(Size, Words),
}

/// Bad news that is arriving.
#[derive(Debug)]
struct Failure {
    kind: FailureKind,
    /// Its length comes first.
    reason: Option<Words>,
}

#[derive(Debug, Clone, Copy)]
enum FailureKind {
    Refused,
    Authentication,
    TooMany,
}

impl Failure {
    fn error(&self) -> RfbError {
        let reason = match &self.reason {
            Some(words) if !words.text().is_empty() => words.text(),
            _ => "no reason given".to_owned(),
        };
        match self.kind {
            FailureKind::Refused => RfbError::Refused { reason },
            FailureKind::Authentication => RfbError::AuthenticationFailed { reason },
            FailureKind::TooMany => RfbError::TooManyAttempts { reason },
        }
    }
}

impl Handshake {
    /// Waits for the server's version.
    pub(crate) fn new() -> Self {
        Self { version: Version::V3_8, stage: Stage::Version }
    }

    /// Makes one step with what is in `input`; leaves a partial message there.
    ///
    /// # Errors
    ///
    /// The server is not one, refused us, or has nothing that the configuration allows.
    pub(crate) fn step(
        &mut self,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        match &mut self.stage {
            Stage::Version => return self.read_version(input, out),
            Stage::SecurityTypes => return self.read_types(input, config, out),
            Stage::SecurityType => return self.read_type(input, config, out),
            Stage::VencryptVersion => {
                let Some(version) = input.array() else { return Ok(Turn::Wait) };
                out.put_slice(&vencrypt::agree(version)?);
                self.stage = Stage::VencryptAgreement;
            }
            Stage::VencryptAgreement => {
                let Some(refused) = input.u8() else { return Ok(Turn::Wait) };
                vencrypt::check_agreed(refused)?;
                self.stage = Stage::VencryptSubtypes;
            }
            Stage::VencryptSubtypes => return self.read_subtypes(input, config, out),
            Stage::VencryptReady(kind) => {
                let Some(ready) = input.u8() else { return Ok(Turn::Wait) };
                let kind = *kind;
                self.stage = Stage::Securing(kind);
                return match security::tls(kind) {
                    Some(secure) if ready == 1 => Ok(Turn::Secure(secure)),
                    _ => Err(RfbError::TlsRefused),
                };
            }
            Stage::Securing(_) => return Ok(Turn::Wait),
            Stage::Challenge => {
                let Some(challenge) = input.array() else { return Ok(Turn::Wait) };
                out.put_slice(&vnc_auth::respond(&config.credentials, challenge)?);
                self.stage = Stage::SecurityResult;
            }
            Stage::SecurityResult => return self.read_result(input, config, out),
            Stage::Failure(failure) => return read_failure(failure, input),
            Stage::ServerInit => return self.read_init(input),
            Stage::Name(size, words) => {
                if !words.read(input) {
                    return Ok(Turn::Wait);
                }
                return Ok(Turn::Done(ServerInit { size: *size, name: words.text() }));
            }
        }
        Ok(Turn::Next)
    }

    /// The stream is TLS now.
    ///
    /// # Errors
    ///
    /// [`RfbError::SecuredUnasked`].
    pub(crate) fn handle_secured(
        &mut self,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<(), RfbError> {
        let Stage::Securing(kind) = self.stage else { return Err(RfbError::SecuredUnasked) };
        self.prove(kind, config, out)
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
        out.put_u8(choice.number());
        self.begin(choice, config, out)?;
        Ok(Turn::Next)
    }

    fn read_type(
        &mut self,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let Some(kind) = input.u32_be() else { return Ok(Turn::Wait) };
        if kind == 0 {
            return Ok(self.fail(FailureKind::Refused));
        }
        let choice = security::choose(&[kind], config)?;
        if choice == Choice::Vencrypt {
            // Version 3.3 knows no other types than None and VNC authentication.
            return Err(RfbError::NoSecurityInCommon { offered: kind.to_string() });
        }
        self.begin(choice, config, out)?;
        Ok(Turn::Next)
    }

    fn read_subtypes(
        &mut self,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let Some(offered) = vencrypt::read_subtypes(input) else { return Ok(Turn::Wait) };
        let kind = security::choose_subtype(&offered, config)?;
        out.put_u32(security::subtype_number(kind));
        if security::tls(kind).is_some() {
            self.stage = Stage::VencryptReady(kind);
        } else {
            self.prove(kind, config, out)?;
        }
        Ok(Turn::Next)
    }

    fn begin(
        &mut self,
        choice: Choice,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<(), RfbError> {
        match choice {
            Choice::Vencrypt => {
                self.stage = Stage::VencryptVersion;
                Ok(())
            }
            Choice::Direct(kind) => self.prove(kind, config, out),
        }
    }

    /// The stream is as protected as it is going to be: says who we are.
    fn prove(
        &mut self,
        kind: SecurityKind,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<(), RfbError> {
        match security::proof(kind) {
            Proof::Challenge => self.stage = Stage::Challenge,
            Proof::Login => {
                vencrypt::put_login(out, &config.credentials)?;
                self.stage = Stage::SecurityResult;
            }
            // Before 3.8, no result follows when nothing was asked (RFC 6143 appendix A.1).
            Proof::Nothing if kind == SecurityKind::None && self.version < Version::V3_8 => {
                self.put_client_init(config, out);
            }
            Proof::Nothing => self.stage = Stage::SecurityResult,
        }
        Ok(())
    }

    fn read_result(
        &mut self,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        let kind = match input.u32_be() {
            None => return Ok(Turn::Wait),
            Some(0) => {
                self.put_client_init(config, out);
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
        Err(Failure { kind, reason: None }.error())
    }

    fn put_client_init(&mut self, config: &RfbConfig, out: &mut BytesMut) {
        out.put_u8(u8::from(config.shared));
        self.stage = Stage::ServerInit;
    }

    fn read_init(&mut self, input: &mut Reader<'_>) -> Result<Turn, RfbError> {
        let mut ahead = input.clone();
        let (Some(width), Some(height), Some(_format), Some(name_len)) =
            (ahead.u16_be(), ahead.u16_be(), ahead.take(16), ahead.u32_be())
        else {
            return Ok(Turn::Wait);
        };
        *input = ahead;
        let size = Size::new(width, height);
        Surface::check_size(size)?;
        RfbError::check_limit("name-length", name_len, NAME_MAX_BYTES)?;
        self.stage = Stage::Name(size, Words::new(name_len));
        Ok(Turn::Next)
    }

    fn fail(&mut self, kind: FailureKind) -> Turn {
        self.stage = Stage::Failure(Failure { kind, reason: None });
        Turn::Next
    }
}

/// Reads why the server will not have us, and says so.
fn read_failure(failure: &mut Failure, input: &mut Reader<'_>) -> Result<Turn, RfbError> {
    let words = match &mut failure.reason {
        Some(words) => words,
        none => {
            let Some(len) = input.u32_be() else { return Ok(Turn::Wait) };
            none.insert(Words::new(len))
        }
    };
    words.read(input);
    // The server is about to leave, so what we would not keep is not worth waiting for.
    if words.is_head_complete() { Err(failure.error()) } else { Ok(Turn::Wait) }
}

#[cfg(test)]
#[path = "handshake/handshake_tests.rs"]
mod tests;
