//! The connection sequence (`[MS-RDPBCGR]` 1.3.1.1): negotiation, TLS, log-on, channels, licence,
//! capabilities. Its steps are IronRDP's; what its faults mean is said here.

use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};
use ironrdp_connector::connection_activation::ConnectionActivationState;
use ironrdp_connector::{
    ClientConnector, ClientConnectorState, ConnectionOutcome, ConnectionResult, ConnectorError,
    ConnectorErrorKind, MonotonicInstant, Sequence as _,
};
use ironrdp_core::{WriteBuf, decode, encode_vec};
use ironrdp_pdu::nego::{ConnectionConfirm, FailureCode, SecurityProtocol};
use ironrdp_pdu::pcb::{PcbVersion, PreconnectionBlob};
use ironrdp_pdu::x224::X224;
use porthole_pixels::Size;
use porthole_remote::{PeerIdentity, Redirect};
use porthole_wire::{Reader, text};

use crate::framing::{Frame, whole_frame};
use crate::mcs::{Packet, read_packet};
use crate::nla::Nla;
use crate::redirection;
use crate::refusal::{ErrorInfo, LogonFault};
use crate::settings;
use crate::share::{Share, kind, take_share};
use crate::{RdpConfig, RdpError, SecurityMode};

/// How many of the sequence's steps one message may lead to. There are a dozen in all.
const STEPS_MAX: u32 = 64;

/// A connection that is not up yet.
pub(crate) struct Connecting {
    connector: ClientConnector,
    phase: Phase,
    started: Instant,
    has_heard: bool,
}

#[derive(Debug)]
enum Phase {
    /// TPKT packets, one after the other.
    Packets,
    /// The caller turns the stream into TLS.
    Securing(SecurityProtocol),
    /// `CredSSP` messages.
    Nla(Box<Nla>),
}

/// What a step led to.
pub(crate) enum Turn {
    /// More has to arrive.
    Wait,
    /// There may be more to do.
    Next,
    /// The stream has to become TLS.
    Secure,
    /// The KDC has to be asked.
    Exchange(Bytes),
    /// The desktop is there.
    Done(Box<ConnectionResult>),
    /// The desktop is elsewhere.
    Redirected(Box<Redirect>),
}

impl std::fmt::Debug for Connecting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The connector knows the password.
        f.debug_struct("Connecting").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl Connecting {
    /// Writes our first words.
    ///
    /// # Errors
    ///
    /// The configuration cannot be put into them, or lacks what it insists on.
    pub(crate) fn start(
        config: &RdpConfig,
        now: Instant,
        out: &mut BytesMut,
    ) -> Result<Self, RdpError> {
        if config.security == SecurityMode::Nla
            && let Some(missing) = settings::missing(&config.credentials)
        {
            return Err(RdpError::CredentialsMissing { missing });
        }
        put_preconnection(config, out)?;
        let connector = settings::connector(config)?;
        let mut connecting =
            Self { connector, phase: Phase::Packets, started: now, has_heard: false };
        connecting.advance(now, &[], out)?;
        Ok(connecting)
    }

    /// Asks for another desktop, if the server has not been told yet.
    pub(crate) fn set_size(&mut self, size: Size) {
        let size = settings::served_size(size);
        self.connector.config.desktop_size.width = size.width;
        self.connector.config.desktop_size.height = size.height;
    }

    /// Takes one message off the front of what has arrived.
    ///
    /// # Errors
    ///
    /// The server refused us or broke the protocol.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        input: &mut Reader<'_>,
        config: &RdpConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RdpError> {
        let rest = input.clone().take_rest();
        match &mut self.phase {
            Phase::Securing(_) => Ok(Turn::Wait),
            Phase::Nla(nla) => {
                let Some(len) = nla.whole_message(rest)? else { return Ok(Turn::Wait) };
                let question = nla.handle(input.take(len).unwrap_or_default(), out)?;
                self.after_nla(now, question, out)
            }
            Phase::Packets => {
                let Some((frame, len)) = self.next_frame(rest)? else { return Ok(Turn::Wait) };
                self.has_heard = true;
                let bytes = input.take(len).unwrap_or_default();
                if frame == Frame::Tpkt
                    && let Some(turn) = self.redirection(bytes)?
                {
                    return Ok(turn);
                }
                // Pictures that come before the desktop is ready come again when it is.
                if frame == Frame::FastPath || !self.check(bytes, config)? {
                    return Ok(Turn::Next);
                }
                self.advance(now, bytes, out)?;
                self.turn()
            }
        }
    }

    /// The stream is TLS now.
    ///
    /// # Errors
    ///
    /// Nobody had asked, or the log-on cannot begin.
    pub(crate) fn handle_secured(
        &mut self,
        now: Instant,
        peer: &PeerIdentity,
        config: &RdpConfig,
        out: &mut BytesMut,
    ) -> Result<Turn, RdpError> {
        let Phase::Securing(protocol) = self.phase else { return Err(RdpError::SecuredUnasked) };
        self.phase = Phase::Packets;
        if self.connector.should_perform_security_upgrade() {
            self.connector.mark_security_upgrade_as_done();
        }
        if !self.connector.should_perform_credssp() {
            return self.advance(now, &[], out).map(|()| Turn::Next);
        }
        let (nla, question) = Nla::start(protocol, config, peer, out)?;
        self.phase = Phase::Nla(Box::new(nla));
        Ok(question.map_or(Turn::Next, Turn::Exchange))
    }

    /// The KDC has answered, or nobody can.
    ///
    /// # Errors
    ///
    /// Nobody had asked, or the log-on cannot go on.
    pub(crate) fn handle_exchanged(
        &mut self,
        now: Instant,
        answer: Result<Bytes, String>,
        out: &mut BytesMut,
    ) -> Result<Turn, RdpError> {
        let Phase::Nla(nla) = &mut self.phase else {
            return Err(RdpError::Nla { reason: "an answer that nobody asked for".to_owned() });
        };
        let question = nla.handle_exchanged(answer, out)?;
        self.after_nla(now, question, out)
    }

    /// What it means that the server has left.
    pub(crate) fn ended(&self) -> RdpError {
        match &self.phase {
            Phase::Nla(nla) => nla.ended(),
            Phase::Securing(_) => RdpError::Ended { during: "the TLS handshake" },
            Phase::Packets => RdpError::Ended { during: self.during() },
        }
    }

    /// Asks the KDC where it has to be asked, and goes on where the log-on is over.
    fn after_nla(
        &mut self,
        now: Instant,
        question: Option<Bytes>,
        out: &mut BytesMut,
    ) -> Result<Turn, RdpError> {
        if let Some(question) = question {
            return Ok(Turn::Exchange(question));
        }
        if matches!(&self.phase, Phase::Nla(nla) if nla.is_done()) {
            self.finish_nla(now, out)?;
        }
        Ok(Turn::Next)
    }

    fn finish_nla(&mut self, now: Instant, out: &mut BytesMut) -> Result<(), RdpError> {
        self.phase = Phase::Packets;
        if self.connector.should_perform_credssp() {
            self.connector.mark_credssp_as_done();
        }
        self.advance(now, &[], out)
    }

    fn next_frame(&self, bytes: &[u8]) -> Result<Option<(Frame, usize)>, RdpError> {
        let found = whole_frame(bytes);
        match found {
            Ok(Some((Frame::FastPath, _))) | Err(_) if !self.has_heard => {
                Err(RdpError::NotRdp { opening: text(bytes.get(..16).unwrap_or(bytes)) })
            }
            other => other,
        }
    }

    /// Looks for a redirection, which comes in the place of a share.
    fn redirection(&self, packet: &[u8]) -> Result<Option<Turn>, RdpError> {
        let Packet::Data { channel, data } = read_packet(packet)? else { return Ok(None) };
        if Some(channel) != self.io_channel() {
            return Ok(None);
        }
        let Ok(Some(Share::Redirection(body))) = take_share(&mut Reader::new(data)) else {
            return Ok(None);
        };
        let redirect = redirection::of_share_message(body)?;
        Ok(Some(redirect.map_or(Turn::Next, |redirect| Turn::Redirected(Box::new(redirect)))))
    }

    /// The I/O channel, once a user may have been logged on over it.
    fn io_channel(&self) -> Option<u16> {
        match &self.connector.state {
            ClientConnectorState::LicensingExchange { io_channel_id, .. }
            | ClientConnectorState::ConnectTimeAutoDetection { io_channel_id, .. }
            | ClientConnectorState::MultitransportBootstrapping { io_channel_id, .. } => {
                Some(*io_channel_id)
            }
            ClientConnectorState::CapabilitiesExchange { connection_activation }
            | ClientConnectorState::ConnectionFinalization { connection_activation } => {
                Some(connection_activation.io_channel_id())
            }
            _ => None,
        }
    }

    /// Looks for what the sequence would have no precise words for. False: the packet is not for
    /// the sequence.
    fn check(&self, packet: &[u8], config: &RdpConfig) -> Result<bool, RdpError> {
        match &self.connector.state {
            ClientConnectorState::ConnectionInitiationWaitConfirm { .. } => {
                check_confirm(packet, config)?;
                Ok(true)
            }
            ClientConnectorState::LicensingExchange { io_channel_id, .. }
            | ClientConnectorState::ConnectTimeAutoDetection { io_channel_id, .. }
            | ClientConnectorState::MultitransportBootstrapping { io_channel_id, .. } => {
                check_data(packet, *io_channel_id, self.connector.message_channel_id, None)
            }
            ClientConnectorState::CapabilitiesExchange { connection_activation }
            | ClientConnectorState::ConnectionFinalization { connection_activation } => {
                let awaits_demand = matches!(
                    connection_activation.connection_activation_state(),
                    ConnectionActivationState::CapabilitiesExchange
                );
                let io_channel = connection_activation.io_channel_id();
                check_data(packet, io_channel, None, Some(awaits_demand))
            }
            _ => Ok(true),
        }
    }

    /// Hands a packet to the sequence, and then has it do what it can do by itself.
    fn advance(&mut self, now: Instant, packet: &[u8], out: &mut BytesMut) -> Result<(), RdpError> {
        let elapsed = now.saturating_duration_since(self.started).as_millis();
        let now = MonotonicInstant::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX));
        let mut written = WriteBuf::new();
        let mut input = packet;
        for _step in 0..STEPS_MAX {
            let during = self.during();
            if self.connector.should_perform_multitransport() {
                self.connector.skip_multitransport(&mut written)
            } else {
                self.connector.step(input, Some(now), &mut written)
            }
            .map_err(|error| fault(during, &error))?;
            input = &[];
            let state = &self.connector.state;
            if matches!(state, ClientConnectorState::EnhancedSecurityUpgrade { .. })
                || matches!(state, ClientConnectorState::Credssp { .. })
                || self.connector.next_pdu_hint().is_some()
                || ironrdp_connector::State::is_terminal(state)
            {
                out.put_slice(written.filled());
                return Ok(());
            }
        }
        Err(RdpError::OverLimit {
            field: "steps",
            value: STEPS_MAX.into(),
            limit: STEPS_MAX.into(),
        })
    }

    /// Where the sequence stands.
    fn turn(&mut self) -> Result<Turn, RdpError> {
        if let ClientConnectorState::EnhancedSecurityUpgrade { selected_protocol } =
            self.connector.state
        {
            self.phase = Phase::Securing(selected_protocol);
            return Ok(Turn::Secure);
        }
        match self.connector.state.take_outcome() {
            Some(ConnectionOutcome::Connected(result)) => Ok(Turn::Done(Box::new(result))),
            // It has been looked for before the sequence was handed the packet.
            Some(ConnectionOutcome::Redirected(_)) => {
                let reason = "a redirection where none can be".to_owned();
                Err(RdpError::Sequence { during: self.during(), reason })
            }
            None => Ok(Turn::Next),
        }
    }

    const fn during(&self) -> &'static str {
        match &self.connector.state {
            ClientConnectorState::ConnectionInitiationSendRequest
            | ClientConnectorState::ConnectionInitiationWaitConfirm { .. } => "the negotiation",
            ClientConnectorState::BasicSettingsExchangeSendInitial { .. }
            | ClientConnectorState::BasicSettingsExchangeWaitResponse { .. } => {
                "the basic settings exchange"
            }
            ClientConnectorState::ChannelConnection { .. } => "the channel connection",
            ClientConnectorState::SecureSettingsExchange { .. }
            | ClientConnectorState::ConnectTimeAutoDetection { .. } => {
                "the secure settings exchange"
            }
            ClientConnectorState::LicensingExchange { .. } => LICENSING,
            ClientConnectorState::CapabilitiesExchange { .. } => "the capabilities exchange",
            ClientConnectorState::ConnectionFinalization { .. } => "the connection finalization",
            _ => "the connection sequence",
        }
    }
}

/// The phase whose faults are of their own kind.
const LICENSING: &str = "the licensing";

/// Looks at the server's answer to our first words (`[MS-RDPBCGR]` 2.2.1.2).
fn check_confirm(packet: &[u8], config: &RdpConfig) -> Result<(), RdpError> {
    let confirm = decode::<X224<ConnectionConfirm>>(packet)
        .map_err(|error| RdpError::corrupt("the connection confirm", &error))?;
    match confirm.0 {
        ConnectionConfirm::Response { protocol, .. } if protocol.is_standard_rdp_security() => {
            Err(RdpError::StandardSecurity)
        }
        ConnectionConfirm::Response { .. } => Ok(()),
        ConnectionConfirm::Failure { code } => Err(refused(code, config)),
    }
}

fn refused(code: FailureCode, config: &RdpConfig) -> RdpError {
    match code {
        FailureCode::SSL_NOT_ALLOWED_BY_SERVER => RdpError::StandardSecurity,
        FailureCode::HYBRID_REQUIRED_BY_SERVER => match settings::missing(&config.credentials) {
            Some(missing) if config.security != SecurityMode::Tls => {
                RdpError::CredentialsMissing { missing }
            }
            _ => RdpError::SecurityNotAllowed { required: "network level authentication" },
        },
        FailureCode::SSL_REQUIRED_BY_SERVER => RdpError::SecurityNotAllowed { required: "TLS" },
        other => {
            let words = ironrdp_connector::NegotiationFailure::from(other).to_string();
            RdpError::NegotiationRefused { reason: words }
        }
    }
}

/// Looks at data on the I/O channel. On the message channel there are measurements of the path;
/// what is on another is of no use yet. `awaits_demand` says that a share is expected, and whether
/// only its beginning is.
fn check_data(
    packet: &[u8],
    io_channel: u16,
    message_channel: Option<u16>,
    awaits_demand: Option<bool>,
) -> Result<bool, RdpError> {
    let (channel, data) = match read_packet(packet)? {
        Packet::Data { channel, data } => (channel, data),
        Packet::Disconnect => return Err(RdpError::Ended { during: "the connection sequence" }),
        Packet::Other => return Ok(true),
    };
    if channel != io_channel {
        return Ok(Some(channel) == message_channel);
    }
    // What is not a share's message is the sequence's to understand, or to refuse.
    let Ok(Some(Share::Data(data))) = take_share(&mut Reader::new(data)) else { return Ok(true) };
    if data.kind == kind::SET_ERROR_INFO
        && let Some(code) = Reader::new(data.body).u32_le()
    {
        return if code == 0 { Ok(false) } else { Err(ended_with(ErrorInfo(code))) };
    }
    Ok(awaits_demand != Some(true))
}

/// The server's reason to end a connection that is not up yet.
const fn ended_with(info: ErrorInfo) -> RdpError {
    match info.0 {
        0x09 => RdpError::LogonRefused { fault: LogonFault::NotGranted },
        _ => RdpError::EndedByServer { info },
    }
}

/// What a fault of the sequence means.
fn fault(during: &'static str, error: &ConnectorError) -> RdpError {
    let reason = text(error.report().to_string().as_bytes());
    match error.kind() {
        ConnectorErrorKind::AccessDenied => {
            RdpError::LogonRefused { fault: LogonFault::NotGranted }
        }
        ConnectorErrorKind::Encode(_) => {
            RdpError::Unsendable { field: "the configuration", reason }
        }
        _ if during == LICENSING => RdpError::Licence { reason },
        _ => RdpError::Sequence { during, reason },
    }
}

fn put_preconnection(config: &RdpConfig, out: &mut BytesMut) -> Result<(), RdpError> {
    let Some(wanted) = &config.preconnection else { return Ok(()) };
    let version = if wanted.blob.is_some() { PcbVersion::V2 } else { PcbVersion::V1 };
    let blob = PreconnectionBlob { version, id: wanted.id, v2_payload: wanted.blob.clone() };
    let bytes = encode_vec(&blob).map_err(|error| RdpError::Unsendable {
        field: "the preconnection blob",
        reason: text(error.to_string().as_bytes()),
    })?;
    out.put_slice(&bytes);
    Ok(())
}
