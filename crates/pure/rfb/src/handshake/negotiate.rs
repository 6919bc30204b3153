//! Negotiations within the handshake: `VeNCrypt`'s sub-types, and Tight's tunnels and ways in.

use std::time::Instant;

use bytes::{BufMut, BytesMut};
use porthole_wire::Reader;

use super::{Handshake, Stage, Turn, security, tight, vencrypt};
use crate::{RfbConfig, RfbError};

impl Handshake {
    pub(super) fn step_vencrypt(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        match &self.stage {
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
            Stage::VencryptSubtypes => return self.read_subtypes(now, input, config, out),
            Stage::VencryptReady(kind) => {
                let Some(ready) = input.u8() else { return Ok(Turn::Wait) };
                let kind = *kind;
                self.stage = Stage::Securing(kind);
                return match security::tls(kind) {
                    Some(secure) if ready == 1 => Ok(Turn::Secure(secure)),
                    _ => Err(RfbError::TlsRefused),
                };
            }
            // The caller is at work.
            _ => return Ok(Turn::Wait),
        }
        Ok(Turn::Next)
    }

    pub(super) fn step_tight(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RfbError> {
        if matches!(self.stage, Stage::TightTunnels) {
            let tunnels = tight::read_list("number-of-tunnels", input)?;
            let Some(tunnels) = tunnels else { return Ok(Turn::Wait) };
            if let Some(code) = tight::choose_tunnel(&tunnels)? {
                out.put_u32(code);
            }
            self.stage = Stage::TightWays;
            return Ok(Turn::Next);
        }
        let ways = tight::read_list("number-of-auth-types", input)?;
        let Some(ways) = ways else { return Ok(Turn::Wait) };
        let choice = security::choose_way(&tight::known_ways(&ways), config)?;
        if let (false, Some(code)) = (ways.is_empty(), tight::code(choice)) {
            out.put_u32(code);
        }
        self.begin(now, choice, config, out)?;
        Ok(Turn::Next)
    }

    fn read_subtypes(
        &mut self,
        now: Instant,
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
            self.prove(now, kind, config, out)?;
        }
        Ok(Turn::Next)
    }
}
