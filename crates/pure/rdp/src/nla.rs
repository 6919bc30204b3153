//! Network level authentication: `CredSSP` with NTLM inside TLS (`[MS-CSSP]`).

use bytes::{BufMut, BytesMut};
use ironrdp_connector::credssp::CredsspSequence;
use ironrdp_connector::sspi::credssp::TsRequest;
use ironrdp_connector::{ConnectorError, ConnectorErrorKind, Credentials, ServerName, sspi};
use ironrdp_core::WriteBuf;
use ironrdp_pdu::nego::SecurityProtocol;
use porthole_remote::PeerIdentity;
use porthole_wire::text;

use crate::certificate::public_key;
use crate::framing::whole_ts_request;
use crate::refusal::LogonFault;
use crate::{RdpConfig, RdpError};

/// Bytes of the server's last word, where it has one (`[MS-RDPBCGR]` 5.4.2.4).
const EARLY_RESULT_BYTES: usize = 4;

/// The exchange, from our first message until the server has the credentials.
pub(crate) struct Nla {
    sequence: CredsspSequence,
    /// Messages that we have sent. The second of them proves the password.
    sent: u8,
}

impl std::fmt::Debug for Nla {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The sequence knows the password.
        f.debug_struct("Nla").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Nla {
    /// Writes the first message.
    ///
    /// # Errors
    ///
    /// The certificate has no readable key, or the credentials cannot be put into NTLM's form.
    pub(crate) fn start(
        protocol: SecurityProtocol,
        config: &RdpConfig,
        credentials: Credentials,
        peer: &PeerIdentity,
        out: &mut BytesMut,
    ) -> Result<Self, RdpError> {
        let key = public_key(&peer.certificate).ok_or(RdpError::BadCertificate)?;
        let (sequence, first) = CredsspSequence::init(
            credentials,
            config.credentials.domain.as_deref(),
            protocol,
            ServerName::new(config.server_name.as_str()),
            key.to_vec(),
            None,
        )
        .map_err(|error| fault(&error))?;
        let mut nla = Self { sequence, sent: 0 };
        nla.answer(first, out)?;
        Ok(nla)
    }

    /// Length of the server's message at the start of `bytes`, once all of it is there.
    ///
    /// # Errors
    ///
    /// It is no message, or too long.
    pub(crate) fn whole_message(&self, bytes: &[u8]) -> Result<Option<usize>, RdpError> {
        // The sequence tells the two kinds apart by how it would measure them.
        let has_early_result = self
            .sequence
            .next_pdu_hint()
            .and_then(|hint| hint.find_size(&[]).ok().flatten())
            .is_some_and(|(_, len)| len == EARLY_RESULT_BYTES);
        if has_early_result {
            return Ok((bytes.len() >= EARLY_RESULT_BYTES).then_some(EARLY_RESULT_BYTES));
        }
        whole_ts_request(bytes)
    }

    /// Takes one message.
    ///
    /// # Errors
    ///
    /// The server refused us or broke the protocol.
    pub(crate) fn handle(&mut self, message: &[u8], out: &mut BytesMut) -> Result<(), RdpError> {
        match self.sequence.decode_server_message(message).map_err(|error| fault(&error))? {
            Some(request) => self.answer(request, out),
            None => Ok(()),
        }
    }

    /// Whether the server has what it wanted, and has agreed where it has to.
    pub(crate) fn is_done(&self) -> bool {
        self.sequence.next_pdu_hint().is_none()
    }

    /// What it means that the server has left.
    pub(crate) const fn ended(&self) -> RdpError {
        if self.sent >= 2 {
            RdpError::LogonRefused { fault: LogonFault::Hangup }
        } else {
            RdpError::Ended { during: "network level authentication" }
        }
    }

    fn answer(&mut self, request: TsRequest, out: &mut BytesMut) -> Result<(), RdpError> {
        // NTLM asks nobody else, so the exchange never has to wait for another network request.
        let state = self
            .sequence
            .process_ts_request(request)
            .resolve_to_result()
            .map_err(|error| sspi_fault(&error))?;
        let mut written = WriteBuf::new();
        self.sequence.handle_process_result(state, &mut written).map_err(|error| fault(&error))?;
        out.put_slice(written.filled());
        self.sent = self.sent.saturating_add(1);
        Ok(())
    }
}

/// What a fault of the sequence means.
fn fault(error: &ConnectorError) -> RdpError {
    match error.kind() {
        ConnectorErrorKind::Credssp(error) => sspi_fault(error),
        ConnectorErrorKind::AccessDenied => {
            RdpError::LogonRefused { fault: LogonFault::NotGranted }
        }
        _ => RdpError::Nla { reason: text(error.report().to_string().as_bytes()) },
    }
}

fn sspi_fault(error: &sspi::Error) -> RdpError {
    if let Some(status) = error.nstatus {
        return RdpError::LogonRefused { fault: LogonFault::of_status(status.0) };
    }
    match error.error_type {
        sspi::ErrorKind::LogonDenied => RdpError::LogonRefused { fault: LogonFault::WrongPassword },
        _ => RdpError::Nla { reason: text(error.to_string().as_bytes()) },
    }
}
