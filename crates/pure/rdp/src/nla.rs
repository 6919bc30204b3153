//! Network level authentication: `CredSSP` with NTLM or Kerberos inside TLS (`[MS-CSSP]`).

mod kdc;
mod turns;

use bytes::{BufMut, Bytes, BytesMut};
use ironrdp_connector::sspi;
use ironrdp_connector::sspi::credssp::{
    ClientMode, ClientState, CredSspClient, CredSspMode, EarlyUserAuthResult, TsRequest,
};
use ironrdp_connector::sspi::ntlm::NtlmConfig;
use ironrdp_connector::sspi::{AuthIdentity, KerberosConfig, NegotiateConfig, Username};
use ironrdp_pdu::nego::SecurityProtocol;
use porthole_remote::PeerIdentity;
use porthole_wire::text;
use secrecy::ExposeSecret as _;

pub use kdc::KdcFault;

use crate::certificate::public_key;
use crate::config::{AuthPackage, KdcScheme};
use crate::framing::whole_ts_request;
use crate::nla::kdc::error_code;
use crate::nla::turns::{Answer, Done, Turn, Working};
use crate::refusal::LogonFault;
use crate::{RdpConfig, RdpError};

/// Bytes of the server's last word, where it has one (`[MS-RDPBCGR]` 5.4.2.4).
const EARLY_RESULT_BYTES: usize = 4;

/// Questions to the KDC in one exchange. A log-on has three or four.
const QUESTIONS_MAX: u32 = 16;

/// Where the KDC is, as the exchange is told: who is asked is the caller's to know, and an address
/// from elsewhere is a referral.
const KDC_HOST: &str = "kdc.invalid";

/// The exchange, from our first message until the server has the credentials.
#[derive(Debug)]
pub(crate) struct Nla {
    step: Step,
    /// The server has a word when all is said.
    has_early_result: bool,
    framed: bool,
    /// Messages that we have sent. The second of NTLM's proves the password.
    sent: u8,
    /// Questions that the KDC may still be asked.
    questions: u32,
    /// What the KDC said last, if it was an error.
    kdc_fault: Option<Refused>,
    /// Whether what is worked on is the KDC's answer, not the server's message.
    heard_kdc: bool,
}

#[derive(Debug)]
enum Step {
    /// The server's next message is due.
    Listening(Box<CredSspClient>),
    /// The KDC's answer is due.
    Asking(Working),
    EarlyResult,
    Done,
    /// An error has ended it.
    Failed,
}

/// What a KDC's refusal means.
#[derive(Debug, Clone)]
enum Refused {
    Logon(LogonFault),
    Kdc(KdcFault),
}

impl Nla {
    /// Writes the first message, or asks the KDC for what belongs into it.
    ///
    /// # Errors
    ///
    /// The certificate has no readable key, or the credentials cannot be put into the exchange.
    pub(crate) fn start(
        protocol: SecurityProtocol,
        config: &RdpConfig,
        peer: &PeerIdentity,
        out: &mut BytesMut,
    ) -> Result<(Self, Option<Bytes>), RdpError> {
        let key = public_key(&peer.certificate).ok_or(RdpError::BadCertificate)?;
        let client = CredSspClient::new(
            key.to_vec(),
            identity(config)?.into(),
            CredSspMode::WithCredentials,
            mode(config)?,
            format!("TERMSRV/{}", config.server_name),
        )
        .map_err(|error| sspi_fault(&error))?;
        let mut nla = Self {
            step: Step::Failed,
            has_early_result: protocol.contains(SecurityProtocol::HYBRID_EX),
            framed: config.kdc != Some(KdcScheme::Proxy),
            sent: 0,
            questions: QUESTIONS_MAX,
            kdc_fault: None,
            heard_kdc: false,
        };
        let question = nla.go_on(Working::on(client, TsRequest::default()), None, out)?;
        Ok((nla, question))
    }

    /// Length of the server's message at the start of `bytes`, once all of it is there.
    ///
    /// # Errors
    ///
    /// It is no message, or too long.
    pub(crate) fn whole_message(&self, bytes: &[u8]) -> Result<Option<usize>, RdpError> {
        match self.step {
            Step::Listening(_) => whole_ts_request(bytes),
            Step::EarlyResult => {
                Ok((bytes.len() >= EARLY_RESULT_BYTES).then_some(EARLY_RESULT_BYTES))
            }
            Step::Asking(_) | Step::Done | Step::Failed => Ok(None),
        }
    }

    /// Takes one message. What comes back is for the KDC.
    ///
    /// # Errors
    ///
    /// The server refused us or broke the protocol.
    pub(crate) fn handle(
        &mut self,
        message: &[u8],
        out: &mut BytesMut,
    ) -> Result<Option<Bytes>, RdpError> {
        match std::mem::replace(&mut self.step, Step::Failed) {
            Step::Listening(client) => {
                self.heard_kdc = false;
                let request = TsRequest::from_buffer(message)
                    .map_err(|error| RdpError::corrupt("the TSRequest", &error))?;
                self.go_on(Working::on(*client, request), None, out)
            }
            Step::EarlyResult => match EarlyUserAuthResult::from_buffer(message) {
                Ok(EarlyUserAuthResult::Success) => {
                    self.step = Step::Done;
                    Ok(None)
                }
                Ok(EarlyUserAuthResult::AccessDenied) => {
                    Err(RdpError::LogonRefused { fault: LogonFault::NotGranted })
                }
                Err(error) => Err(RdpError::corrupt("the early user authorization result", &error)),
            },
            Step::Asking(_) | Step::Done | Step::Failed => {
                Err(RdpError::Nla { reason: "a message that is not due".to_owned() })
            }
        }
    }

    /// Takes the KDC's answer, or why there is none. What comes back is for the KDC again.
    ///
    /// # Errors
    ///
    /// It has no ticket for us, or nobody had asked.
    pub(crate) fn handle_exchanged(
        &mut self,
        answer: Result<Bytes, String>,
        out: &mut BytesMut,
    ) -> Result<Option<Bytes>, RdpError> {
        let Step::Asking(working) = std::mem::replace(&mut self.step, Step::Failed) else {
            return Err(RdpError::Nla { reason: "an answer that nobody asked for".to_owned() });
        };
        self.heard_kdc = true;
        match &answer {
            Ok(answer) => {
                let code = error_code(answer, self.framed);
                // That a proof is wanted first is how every exchange begins.
                self.kdc_fault = code.filter(|code| *code != 25).map(refused);
            }
            Err(reason) => {
                let reason = reason.clone();
                self.kdc_fault = Some(Refused::Kdc(KdcFault::Unreachable { reason }));
            }
        }
        self.go_on(working, Some(answer.map(Vec::from)), out)
    }

    /// Whether the server has what it wanted, and has agreed where it has to.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.step, Step::Done)
    }

    /// What it means that the server has left.
    pub(crate) const fn ended(&self) -> RdpError {
        if self.sent >= 2 {
            RdpError::LogonRefused { fault: LogonFault::Hangup }
        } else {
            RdpError::Ended { during: "network level authentication" }
        }
    }

    fn go_on(
        &mut self,
        mut working: Working,
        mut answer: Option<Answer>,
        out: &mut BytesMut,
    ) -> Result<Option<Bytes>, RdpError> {
        loop {
            match working.go_on(answer.take()) {
                Some(Turn::Done(done)) => return self.finish(*done, out).map(|()| None),
                Some(Turn::Ask(question)) if question.url.host_str() != Some(KDC_HOST) => {
                    self.kdc_fault = Some(Refused::Kdc(KdcFault::Referral));
                    answer = Some(Err(KdcFault::Referral.to_string()));
                }
                Some(Turn::Ask(question)) => {
                    let left = self.questions.checked_sub(1);
                    self.questions = left.ok_or(RdpError::OverLimit {
                        field: "questions to the KDC",
                        value: u64::from(QUESTIONS_MAX) + 1,
                        limit: QUESTIONS_MAX.into(),
                    })?;
                    self.step = Step::Asking(working);
                    return Ok(Some(Bytes::from(question.data)));
                }
                None => return Err(RdpError::Nla { reason: "it waits for nothing".to_owned() }),
            }
        }
    }

    fn finish(&mut self, (client, result): Done, out: &mut BytesMut) -> Result<(), RdpError> {
        let state = result.map_err(|error| match self.kdc_fault.take() {
            Some(Refused::Logon(fault)) => RdpError::LogonRefused { fault },
            Some(Refused::Kdc(fault)) => RdpError::Kerberos { fault },
            None if self.heard_kdc && error.nstatus.is_none() => {
                let reason = text(error.to_string().as_bytes());
                RdpError::Kerberos { fault: KdcFault::Unreadable { reason } }
            }
            None => sspi_fault(&error),
        })?;
        // What the KDC refused has been got over, with NTLM in its place.
        self.kdc_fault = None;
        let (request, next) = match state {
            ClientState::ReplyNeeded(request) => (request, Step::Listening(Box::new(client))),
            ClientState::FinalMessage(request) if self.has_early_result => {
                (request, Step::EarlyResult)
            }
            ClientState::FinalMessage(request) => (request, Step::Done),
        };
        let mut written = Vec::new();
        request
            .encode_ts_request(&mut written)
            .map_err(|error| RdpError::Nla { reason: text(error.to_string().as_bytes()) })?;
        out.put_slice(&written);
        self.sent = self.sent.saturating_add(1);
        self.step = next;
        Ok(())
    }
}

/// Who logs on.
fn identity(config: &RdpConfig) -> Result<AuthIdentity, RdpError> {
    let offered = &config.credentials;
    let name = offered.username.as_deref().unwrap_or_default();
    let username = Username::new(name, offered.domain.as_deref()).map_err(|error| {
        RdpError::Unsendable { field: "the user name", reason: text(error.to_string().as_bytes()) }
    })?;
    let password = offered.password.as_ref().map(|password| password.expose_secret().to_owned());
    Ok(AuthIdentity { username, password: password.unwrap_or_default().into() })
}

/// Kerberos where there is a KDC and it is not ruled out, else NTLM.
fn mode(config: &RdpConfig) -> Result<ClientMode, RdpError> {
    let scheme = match (config.auth_package, config.kdc) {
        (AuthPackage::Ntlm, _) | (AuthPackage::Negotiate, None) => {
            return Ok(ClientMode::Ntlm(NtlmConfig::default()));
        }
        (AuthPackage::Kerberos, None) => {
            let reason = "no KDC is named".to_owned();
            return Err(RdpError::Unsendable { field: "Kerberos's tickets", reason });
        }
        (_, Some(scheme)) => scheme,
    };
    let scheme = match scheme {
        KdcScheme::Stream => "tcp",
        KdcScheme::Datagram => "udp",
        KdcScheme::Proxy => "https",
    };
    let packages = match config.auth_package {
        AuthPackage::Kerberos => "kerberos",
        _ => "kerberos,ntlm",
    };
    let client = config.client_name.clone();
    let kerberos = KerberosConfig::new(&format!("{scheme}://{KDC_HOST}"), client.clone());
    Ok(ClientMode::Negotiate(NegotiateConfig {
        protocol_config: Box::new(kerberos),
        package_list: Some(packages.to_owned()),
        client_computer_name: client,
    }))
}

/// What a KDC's error code means (RFC 4120 §7.5.9).
const fn refused(code: i32) -> Refused {
    match code {
        // Servers should not tell these apart, and neither should we.
        6 | 24 => Refused::Logon(LogonFault::WrongPassword),
        1 => Refused::Logon(LogonFault::AccountExpired),
        18 => Refused::Logon(LogonFault::Disabled),
        23 => Refused::Logon(LogonFault::PasswordExpired),
        12 => Refused::Logon(LogonFault::Restricted),
        7 => Refused::Kdc(KdcFault::NoService),
        37 => Refused::Kdc(KdcFault::ClockSkew),
        68 => Refused::Kdc(KdcFault::WrongRealm),
        14 => Refused::Kdc(KdcFault::NoEncryption),
        other => Refused::Kdc(KdcFault::Other(other)),
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
