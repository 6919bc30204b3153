//! Proving who we are, in whatever way was agreed on.

use std::time::Instant;

use bytes::{BufMut, BytesMut};
use porthole_remote::{CredentialFields, Event};
use porthole_wire::Reader;

use super::ra2::{Ra2, Ra2Step};
use super::security::{Choice, Proof};
use super::version::Version;
use super::{Handshake, Stage, Turn, diffie_hellman, security, vencrypt, vnc_auth};
use crate::{RfbConfig, RfbError, SecurityKind};

impl Handshake {
    /// Says who we are, as soon as the server has said what that takes.
    pub(super) fn step_proof(
        &mut self,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        // What needs random numbers is not chosen without a seed.
        let missing = RfbError::CredentialsMissing { missing: CredentialFields::default() };
        let random = self.random.as_mut().ok_or(missing);
        let credentials = &config.credentials;
        match &mut self.stage {
            Stage::Challenge => {
                let Some(challenge) = input.array() else { return Ok(Turn::Wait) };
                out.put_slice(&vnc_auth::respond(credentials, challenge)?);
            }
            Stage::Apple => {
                if !diffie_hellman::answer_apple(input, credentials, random?, out)? {
                    return Ok(Turn::Wait);
                }
            }
            Stage::MsLogon => {
                if !diffie_hellman::answer_ms_logon(input, credentials, random?, out)? {
                    return Ok(Turn::Wait);
                }
            }
            Stage::Ra2(kind, ra2) => match ra2.step(input, config, random?, out)? {
                Ra2Step::Wait => return Ok(Turn::Wait),
                Ra2Step::Next => return Ok(Turn::Next),
                Ra2Step::Unverified(words) => return Ok(Turn::Event(Event::Unverified(words))),
                Ra2Step::Seal(keys) => return Ok(Turn::Seal(keys)),
                Ra2Step::Done if security::seals_all(*kind) => {}
                Ra2Step::Done => {
                    self.stage = Stage::SecurityResult;
                    return Ok(Turn::Unseal);
                }
            },
            _ => return Ok(Turn::Next),
        }
        self.stage = Stage::SecurityResult;
        Ok(Turn::Next)
    }

    pub(super) fn begin(
        &mut self,
        now: Instant,
        choice: Choice,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<(), RfbError> {
        match choice {
            Choice::Vencrypt => {
                self.stage = Stage::VencryptVersion;
                Ok(())
            }
            Choice::Tight => {
                self.is_tight = true;
                self.stage = Stage::TightTunnels;
                Ok(())
            }
            Choice::Direct(kind) => self.prove(now, kind, config, out),
        }
    }

    /// The stream is as protected as it is going to be: says who we are.
    pub(super) fn prove(
        &mut self,
        now: Instant,
        kind: SecurityKind,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<(), RfbError> {
        match security::proof(kind) {
            Proof::Challenge => self.stage = Stage::Challenge,
            Proof::Apple => self.stage = Stage::Apple,
            Proof::MsLogon => self.stage = Stage::MsLogon,
            Proof::Sealed => self.stage = Stage::Ra2(kind, Ra2::new(kind)),
            Proof::Login => {
                vencrypt::put_login(out, &config.credentials)?;
                self.stage = Stage::SecurityResult;
            }
            // Before 3.8, no result follows when nothing was asked (RFC 6143 appendix A.1).
            Proof::Nothing if kind == SecurityKind::None && self.version < Version::V3_8 => {
                self.put_client_init(now, config, out);
            }
            Proof::Nothing => self.stage = Stage::SecurityResult,
        }
        Ok(())
    }
}
