//! The HTTP log-on before the tunnel: NTLM (`[MS-NTHT]`), or Basic (RFC 7617) where nothing else is
//! offered and the gateway's certificate was checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porthole_remote::{CredentialFields, Credentials};
use porthole_wire::text;
use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse,
    DataRepresentation, Ntlm, SecurityBuffer, Sspi as _, SspiImpl as _, Username,
};
use zeroize::Zeroizing;

use crate::{Trust, TsguError};

/// Longest challenge that we look at, in bytes. NTLM's take some hundred.
pub const CHALLENGE_MAX_BYTES: usize = 16 << 10;

/// One log-on over one HTTP connection.
pub struct Login {
    credentials: Credentials,
    trust: Trust,
    step: LoginStep,
}

enum LoginStep {
    Start,
    /// Our first word is out; the gateway's challenge is due.
    Challenge(Box<Exchange>),
    /// All is said. What comes now is the verdict.
    Said,
}

/// NTLM under way.
struct Exchange {
    scheme: Scheme,
    ntlm: Ntlm,
    handle: Option<AuthIdentityBuffers>,
}

/// Ways to sign in, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Ntlm,
    /// SPNEGO, which takes NTLM's messages as they are.
    Negotiate,
    Basic,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::Ntlm, Self::Negotiate, Self::Basic];

    const fn name(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "Negotiate",
            Self::Basic => "Basic",
        }
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The exchange knows the password.
        f.debug_struct("Login").field("trust", &self.trust).finish_non_exhaustive()
    }
}

impl Login {
    /// Ready for the gateway's first challenges.
    pub const fn new(credentials: Credentials, trust: Trust) -> Self {
        Self { credentials, trust, step: LoginStep::Start }
    }

    /// Whether the next answer belongs to the connection that the last one went over.
    pub const fn is_bound(&self) -> bool {
        !matches!(self.step, LoginStep::Start)
    }

    /// The `Authorization` header for the next request, after a response of status 401 with these
    /// `WWW-Authenticate` headers.
    ///
    /// # Errors
    ///
    /// No scheme fits, credentials are missing or wrong, or the challenge makes no sense.
    pub fn answer(&mut self, challenges: &[&str]) -> Result<Zeroizing<String>, TsguError> {
        match std::mem::replace(&mut self.step, LoginStep::Said) {
            LoginStep::Start => self.begin(challenges),
            LoginStep::Challenge(mut exchange) => {
                let scheme = exchange.scheme;
                let challenge = challenges.iter().find_map(|challenge| token(challenge, scheme));
                let challenge = challenge.filter(|token| !token.is_empty());
                // A gateway that starts again has had enough of our answers.
                let challenge = challenge.ok_or(TsguError::LogonRefused)?;
                if challenge.len() > CHALLENGE_MAX_BYTES {
                    let (value, limit) = (challenge.len() as u64, CHALLENGE_MAX_BYTES as u64);
                    return Err(TsguError::OverLimit { field: "challenge", value, limit });
                }
                let challenge = STANDARD.decode(challenge).map_err(|error| failed(&error))?;
                if let Some(end_point) = &self.trust.end_point {
                    exchange.ntlm.set_channel_bindings(end_point);
                }
                exchange.step(challenge)
            }
            LoginStep::Said => Err(TsguError::LogonRefused),
        }
    }

    fn begin(&mut self, challenges: &[&str]) -> Result<Zeroizing<String>, TsguError> {
        let offers =
            |scheme: &Scheme| challenges.iter().any(|offered| token(offered, *scheme).is_some());
        let Some(scheme) = Scheme::ALL.into_iter().find(offers) else {
            let offered = challenges.iter().filter_map(|offered| offered.split(' ').next());
            let offered: Vec<_> = offered.take(8).collect();
            return Err(TsguError::NoScheme { offered: text(offered.join(", ").as_bytes()) });
        };
        let missing = self.missing();
        if !missing.is_empty() {
            self.step = LoginStep::Start;
            return Err(TsguError::CredentialsMissing { missing });
        }
        if scheme == Scheme::Basic {
            return self.basic();
        }
        let mut exchange = Box::new(Exchange::new(scheme, &self.credentials)?);
        let first = exchange.step(Vec::new())?;
        self.step = LoginStep::Challenge(exchange);
        Ok(first)
    }

    fn missing(&self) -> CredentialFields {
        let given = match &self.credentials.username {
            Some(name) if !name.is_empty() => self.credentials.given(),
            _ => self.credentials.given().without(CredentialFields::USERNAME),
        };
        CredentialFields::USERNAME.with(CredentialFields::PASSWORD).without(given)
    }

    fn basic(&self) -> Result<Zeroizing<String>, TsguError> {
        if !self.trust.is_verified {
            return Err(TsguError::BasicUnverified);
        }
        let Credentials { username, password, domain } = &self.credentials;
        let password = password.as_ref().map(secrecy::ExposeSecret::expose_secret);
        let mut plain = Zeroizing::new(String::new());
        if let Some(domain) = domain.as_deref().filter(|domain| !domain.is_empty()) {
            plain.push_str(domain);
            plain.push('\\');
        }
        plain.push_str(username.as_deref().unwrap_or_default());
        plain.push(':');
        plain.push_str(password.unwrap_or_default());
        Ok(header(Scheme::Basic, plain.as_bytes()))
    }
}

impl Exchange {
    fn new(scheme: Scheme, credentials: &Credentials) -> Result<Self, TsguError> {
        let name = credentials.username.as_deref().unwrap_or_default();
        let username =
            Username::new(name, credentials.domain.as_deref()).map_err(|error| failed(&error))?;
        let password = credentials.password.as_ref().map(secrecy::ExposeSecret::expose_secret);
        let password = password.unwrap_or_default().to_owned().into();
        let identity = AuthIdentity { username, password };
        let mut ntlm = Ntlm::with_config(NtlmConfig::default());
        let acquired = ntlm
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut ntlm)
            .map_err(|error| failed(&error))?;
        Ok(Self { scheme, ntlm, handle: acquired.credentials_handle })
    }

    fn step(&mut self, challenge: Vec<u8>) -> Result<Zeroizing<String>, TsguError> {
        let mut input = [SecurityBuffer::new(challenge, BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut builder = self
            .ntlm
            .initialize_security_context()
            .with_credentials_handle(&mut self.handle)
            .with_context_requirements(ClientRequestFlags::INTEGRITY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        // NTLM asks nobody else, so this never has to wait.
        self.ntlm
            .initialize_security_context_impl(&mut builder)
            .and_then(|mut generator| generator.resolve_to_result())
            .map_err(|error| failed(&error))?;
        let [answer] = output;
        Ok(header(self.scheme, &answer.buffer))
    }
}

/// What follows the scheme's name in a challenge of that scheme.
fn token(challenge: &str, scheme: Scheme) -> Option<&str> {
    let name = scheme.name();
    let (head, rest) = challenge.split_at_checked(name.len())?;
    let is_whole = rest.is_empty() || rest.starts_with([' ', ',']);
    (head.eq_ignore_ascii_case(name) && is_whole).then(|| rest.trim())
}

fn header(scheme: Scheme, message: &[u8]) -> Zeroizing<String> {
    let mut header = Zeroizing::new(String::with_capacity(16 + message.len().div_ceil(3) * 4));
    header.push_str(scheme.name());
    header.push(' ');
    STANDARD.encode_string(message, &mut header);
    header
}

fn failed(error: &dyn std::fmt::Display) -> TsguError {
    TsguError::Login { reason: text(error.to_string().as_bytes()) }
}

#[cfg(test)]
mod tests {
    use porthole_remote::{CredentialFields, Credentials};

    use super::Login;
    use crate::{Trust, TsguError};

    fn ada() -> Credentials {
        Credentials {
            username: Some("ada".to_owned()),
            password: Some("geheim7".into()),
            domain: Some("LAB".to_owned()),
        }
    }

    fn verified() -> Trust {
        Trust { is_verified: true, ..Trust::default() }
    }

    #[test]
    fn the_password_itself_goes_to_checked_gateways_alone() {
        let offered = ["Basic realm=\"gate\""];
        let mut login = Login::new(ada(), verified());
        assert_eq!(*login.answer(&offered).unwrap(), "Basic TEFCXGFkYTpnZWhlaW03");
        assert_eq!(login.answer(&offered), Err(TsguError::LogonRefused));
        let mut login = Login::new(ada(), Trust::default());
        assert_eq!(login.answer(&offered), Err(TsguError::BasicUnverified));
    }

    #[test]
    fn ntlm_comes_first_where_it_is_offered() {
        for (offered, scheme) in [
            (&["Basic realm=x", "ntlm"][..], "NTLM "),
            (&["Negotiate", "NTLM"], "NTLM "),
            (&["Negotiate", "Basic realm=x"], "Negotiate "),
        ] {
            let mut login = Login::new(ada(), Trust::default());
            let first = login.answer(offered).unwrap();
            // The beginning of `NTLMSSP` and a zero.
            assert!(first.starts_with(&format!("{scheme}TlRMTVNTUAAB")), "{}", *first);
            assert!(login.is_bound());
            // Starting again is a refusal, and what is no challenge is a fault.
            assert_eq!(login.answer(offered), Err(TsguError::LogonRefused));
        }
        for nonsense in ["NTLM !!!!", "NTLM AAAA", "NTLM TlRMTVNTUAACAAAA"] {
            let mut login = Login::new(ada(), Trust::default());
            login.answer(&["NTLM"]).unwrap();
            let fault = login.answer(&[nonsense]).unwrap_err();
            assert_eq!(fault.cause(), "gateway_logon_failed", "{nonsense}");
        }
        let mut login = Login::new(ada(), Trust::default());
        login.answer(&["NTLM"]).unwrap();
        let fault = login.answer(&[&format!("NTLM {}", "A".repeat(1 << 15))]).unwrap_err();
        assert_eq!(fault.cause(), "over_limit");
    }

    #[test]
    fn says_what_is_missing() {
        let name = Credentials { username: Some("ada".to_owned()), ..Credentials::default() };
        let fault = Login::new(name, verified()).answer(&["NTLM"]).unwrap_err();
        assert_eq!(fault.lacks(), CredentialFields::PASSWORD);
        let fault = Login::new(ada(), verified()).answer(&["Digest x=y"]).unwrap_err();
        assert_eq!(fault, TsguError::NoScheme { offered: "Digest".to_owned() });
    }
}
