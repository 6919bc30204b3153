//! The tunnel as a state machine (`[MS-TSGU]` 3.7.5).

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes, BytesMut};

use crate::packet::{self, Packet, kind, read_packet, whole_packet};
use crate::{DATA_MAX_BYTES, GatewayCode, TsguError};

/// Which tunnel to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelConfig {
    /// Our name for the gateway's log; at most 254 UTF-16 units.
    pub client_name: String,
    /// The desktop, by the name or address that the gateway knows it by; at most 254 UTF-16 units.
    pub host: String,
    /// The desktop's port.
    pub port: u16,
    /// Number of a tunnel that is to live on: then this one has no channel, and is done when the
    /// gateway knows who we are.
    pub reauth: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Handshake,
    TunnelCreate,
    TunnelAuth,
    ChannelCreate,
    Open,
    /// Another tunnel lives on.
    Renewed,
    Closed,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "the handshake",
            Self::TunnelCreate => "the tunnel",
            Self::TunnelAuth => "the tunnel's authorization",
            Self::ChannelCreate => "the channel",
            Self::Open | Self::Renewed | Self::Closed => "the connection",
        }
    }
}

/// A tunnel, from the handshake to the end of its channel.
///
/// Packets to send come out whole, each to go into a message of its own where the transport has
/// messages. One packet in makes at most one packet out.
#[derive(Debug)]
pub struct Tunnel {
    config: TunnelConfig,
    step: Step,
    reauth: Option<u64>,
    out: VecDeque<Bytes>,
}

impl Tunnel {
    /// Speaks first.
    pub fn new(config: TunnelConfig) -> Self {
        let out = VecDeque::from([packet::handshake()]);
        Self { config, step: Step::Handshake, reauth: None, out }
    }

    /// Takes whole packets off the front of `arrived`, and adds what the desktop sent to `data`:
    /// never more than came in.
    ///
    /// # Errors
    ///
    /// The gateway refuses or broke the protocol. The tunnel is over.
    pub fn handle_bytes(
        &mut self,
        arrived: &mut BytesMut,
        data: &mut BytesMut,
    ) -> Result<(), TsguError> {
        while let Some(len) = whole_packet(arrived)? {
            let result = read_packet(arrived.get(..len).unwrap_or_default())
                .and_then(|packet| self.handle(&packet, data));
            arrived.advance(len);
            result?;
        }
        Ok(())
    }

    /// The gateway will send no more.
    ///
    /// # Errors
    ///
    /// It left before the channel was open.
    pub const fn handle_end(&mut self) -> Result<(), TsguError> {
        match self.step {
            Step::Open | Step::Renewed | Step::Closed => {
                self.step = Step::Closed;
                Ok(())
            }
            step => Err(TsguError::Ended { during: step.name() }),
        }
    }

    /// The next packet to send.
    pub fn take_packet(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    /// Queues the first of `bytes` for the desktop, and says how many: at most [`DATA_MAX_BYTES`],
    /// none unless the channel is open.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        if self.step != Step::Open || bytes.is_empty() {
            return 0;
        }
        self.out.push_back(packet::data(bytes));
        bytes.len().min(DATA_MAX_BYTES)
    }

    /// Queues a sign of life, unless something waits to be sent.
    pub fn keep_alive(&mut self) {
        if self.out.is_empty() && self.is_open() {
            self.out.push_back(packet::keepalive());
        }
    }

    /// Queues our goodbye, once.
    pub fn close(&mut self) {
        if self.step == Step::Open {
            self.out.push_back(packet::close(false));
            self.step = Step::Closed;
        }
    }

    /// Whether the desktop's bytes may come and go.
    pub fn is_open(&self) -> bool {
        self.step == Step::Open
    }

    /// Whether the tunnel that was to live on does.
    pub fn is_renewed(&self) -> bool {
        self.step == Step::Renewed
    }

    /// Whether the gateway has closed the channel in good order, or we have.
    pub fn is_closed(&self) -> bool {
        self.step == Step::Closed
    }

    /// The number for [`TunnelConfig::reauth`] when the gateway wants a new proof of who we are,
    /// once.
    pub const fn take_reauth(&mut self) -> Option<u64> {
        self.reauth.take()
    }

    fn handle(&mut self, packet: &Packet<'_>, data: &mut BytesMut) -> Result<(), TsguError> {
        match *packet {
            Packet::Answer { kind, code } => self.handle_answer(kind, GatewayCode::new(code)),
            Packet::Data(bytes) if self.step == Step::Open => {
                data.extend_from_slice(bytes);
                Ok(())
            }
            Packet::Reauth(context) if self.step == Step::Open => {
                self.reauth = Some(context);
                Ok(())
            }
            Packet::Close(code) => {
                let was_open = self.step == Step::Open;
                self.step = Step::Closed;
                let code = GatewayCode::new(code);
                if !was_open || !code.is_orderly() {
                    return Err(TsguError::Closed { code });
                }
                self.out.push_back(packet::close(true));
                Ok(())
            }
            // What was under way when we closed the channel.
            Packet::Data(_) | Packet::Reauth(_) | Packet::CloseResponse
                if self.step == Step::Closed =>
            {
                Ok(())
            }
            Packet::Idle => Ok(()),
            Packet::Data(_) => self.unexpected(kind::DATA),
            Packet::Reauth(_) => self.unexpected(kind::REAUTH),
            Packet::CloseResponse => self.unexpected(kind::CLOSE_CHANNEL_RESPONSE),
            Packet::Other(kind) => self.unexpected(kind),
        }
    }

    const fn unexpected(&self, kind: u16) -> Result<(), TsguError> {
        Err(TsguError::Unexpected { kind, during: self.step.name() })
    }

    fn handle_answer(&mut self, kind: u16, code: GatewayCode) -> Result<(), TsguError> {
        let next = match (self.step, kind) {
            (Step::Handshake, kind::HANDSHAKE_RESPONSE) => Step::TunnelCreate,
            (Step::TunnelCreate, kind::TUNNEL_RESPONSE) => Step::TunnelAuth,
            (Step::TunnelAuth, kind::TUNNEL_AUTH_RESPONSE) if self.config.reauth.is_some() => {
                Step::Renewed
            }
            (Step::TunnelAuth, kind::TUNNEL_AUTH_RESPONSE) => Step::ChannelCreate,
            (Step::ChannelCreate, kind::CHANNEL_RESPONSE) => Step::Open,
            (_, kind) => return self.unexpected(kind),
        };
        if !code.is_success() {
            return Err(TsguError::Refused { during: self.step.name(), code });
        }
        self.step = next;
        let packet = match next {
            Step::TunnelCreate => packet::tunnel_create(self.config.reauth),
            Step::TunnelAuth => packet::tunnel_auth(&self.config.client_name)?,
            Step::ChannelCreate => packet::channel_create(&self.config.host, self.config.port)?,
            _ => return Ok(()),
        };
        self.out.push_back(packet);
        Ok(())
    }
}

#[cfg(test)]
#[path = "tunnel_tests.rs"]
mod tests;
