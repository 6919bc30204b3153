//! Proving who we are (RFC 4252), in OpenSSH's order: keys, questions, password.

mod ask;
mod keys;
mod sign;

use std::{collections::VecDeque, sync::Arc};

use porthole_dial::{Caller, DialError};
use porthole_remote::{Blame, CredentialFields, RemoteError};
use russh::{
    MethodKind, MethodSet,
    client::{AuthResult, Handle},
    keys::HashAlg,
};
use secrecy::ExposeSecret as _;

pub(crate) use ask::Place;
pub use keys::{BadKey, check_certificate, check_key};
pub(crate) use keys::{Unlocked, unlock};

use self::{
    ask::Asking,
    sign::{AgentKeys, OfferedKey},
};
use crate::{
    config::Login,
    connection::{ANSWER_MAX, silent},
    error::fault,
    handler::{Fate, Handler, closed, fault_of},
};

/// Most proofs that are offered to one server: more is guessing, and servers count.
const ROUNDS_MAX: u32 = 24;

/// Most RSA keys that are offered once more with SHA-256. Servers end a connection after a few
/// refusals (OpenSSH after six), and most of those keys are simply not known to them.
const SHA256_TRIES_MAX: usize = 2;

/// Logs on to a server whose host key is trusted; what it had to say before is returned.
///
/// # Errors
///
/// It refuses what there is, or wants what is not there and nobody gives.
pub(crate) async fn log_on(
    handle: &mut Handle<Handler>,
    fate: &Arc<Fate>,
    login: &Login,
    keys: Vec<Unlocked>,
    place: Place,
    caller: &Caller,
) -> Result<String, DialError> {
    let asking = Asking { caller, place };
    let user = asking.username(login).await?;
    let mut logon = LogOn {
        handle,
        fate,
        login,
        user,
        keys: keys.into(),
        agent: None,
        again: VecDeque::new(),
        sha256_tries: 0,
        asking,
        banner: String::new(),
        password: PasswordState::Untried,
        questions: 0,
    };
    logon.run().await?;
    logon.hear_banner();
    Ok(logon.banner)
}

/// Whether the password was of any use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PasswordState {
    Untried,
    Refused,
    /// It did its part: another proof is wanted beside it.
    Spent,
}

/// A log-on under way.
struct LogOn<'a> {
    handle: &'a mut Handle<Handler>,
    fate: &'a Arc<Fate>,
    login: &'a Login,
    user: String,
    /// Keys that were not offered yet.
    keys: VecDeque<Unlocked>,
    /// The agent's, once it was asked.
    agent: Option<AgentKeys>,
    /// Keys that were refused with SHA-512, to be tried with SHA-256 after all others.
    again: VecDeque<Box<OfferedKey>>,
    /// How many keys were put there.
    sha256_tries: usize,
    asking: Asking<'a>,
    banner: String,
    password: PasswordState,
    /// How often the server's questions were answered in vain.
    questions: u32,
}

/// What a server makes of one proof.
enum Outcome {
    /// We are in.
    In,
    /// It counts, or it does not; and what else may be tried.
    Next { methods: MethodSet, counts: bool },
}

impl From<AuthResult> for Outcome {
    fn from(result: AuthResult) -> Self {
        match result {
            AuthResult::Success => Self::In,
            AuthResult::Failure { remaining_methods, partial_success } => {
                Self::Next { methods: remaining_methods, counts: partial_success }
            }
        }
    }
}

/// A proof to try.
enum Proof {
    /// A key, and the hash to sign with if the server does not choose.
    Key(Box<OfferedKey>, Option<HashAlg>),
    Questions,
    Password,
}

/// Times that a server's questions may be answered in vain (OpenSSH's `NumberOfPasswordPrompts`).
const QUESTIONS_MAX: u32 = 3;

impl LogOn<'_> {
    async fn run(&mut self) -> Result<(), DialError> {
        let asked = self.handle.authenticate_none(self.user.clone());
        let mut outcome = answered(self.fate, asked).await?.into();
        for _round in 0..ROUNDS_MAX {
            let methods = match outcome {
                Outcome::In => return Ok(()),
                Outcome::Next { methods, .. } => methods,
            };
            self.hear_banner();
            if methods.is_empty() {
                return Err(self.fate.take_fault().unwrap_or_else(closed));
            }
            let Some(proof) = self.next_proof(&methods).await else {
                return Err(self.lacking(&methods));
            };
            outcome = self.offer(proof, &methods).await?;
        }
        match outcome {
            Outcome::In => Ok(()),
            Outcome::Next { .. } => Err(refused("the SSH server accepts none of many proofs")),
        }
    }

    /// Adds what the server said.
    fn hear_banner(&mut self) {
        let more = self.fate.take_banner();
        if !more.is_empty() {
            if !self.banner.is_empty() {
                self.banner.push('\n');
            }
            self.banner.push_str(&more);
        }
    }

    /// What to try where any of `methods` may be.
    async fn next_proof(&mut self, methods: &MethodSet) -> Option<Proof> {
        if methods.contains(&MethodKind::PublicKey) {
            if let Some(key) = self.keys.pop_front() {
                return Some(Proof::Key(Box::new(OfferedKey::Own(key)), None));
            }
            if let Some(key) = self.agent_key().await {
                return Some(Proof::Key(Box::new(OfferedKey::Agents(key)), None));
            }
            // A password that is known is less of a guess.
            let knows_password = self.login.credentials.password.is_some();
            if !(knows_password && self.password == PasswordState::Untried)
                && let Some(key) = self.again.pop_front()
            {
                return Some(Proof::Key(key, Some(HashAlg::Sha256)));
            }
        }
        if methods.contains(&MethodKind::KeyboardInteractive)
            && self.questions < QUESTIONS_MAX
            // The same password again would only count against the user.
            && self.password != PasswordState::Refused
        {
            return Some(Proof::Questions);
        }
        let has_password = self.login.credentials.password.is_some() || self.asking.may_ask();
        if methods.contains(&MethodKind::Password)
            && has_password
            && (self.password == PasswordState::Untried || self.asking.may_ask())
        {
            return Some(Proof::Password);
        }
        None
    }

    async fn agent_key(&mut self) -> Option<sign::AgentKey> {
        if self.agent.is_none() {
            let socket = self.login.agent.as_ref()?;
            self.agent = Some(AgentKeys::ask(socket).await);
        }
        self.agent.as_mut()?.next()
    }

    async fn offer(&mut self, proof: Proof, methods: &MethodSet) -> Result<Outcome, DialError> {
        match proof {
            Proof::Key(key, hash) => self.offer_key(key, hash, methods).await,
            Proof::Questions => self.answer_questions().await,
            Proof::Password => self.say_password().await,
        }
    }

    async fn offer_key(
        &mut self,
        key: Box<OfferedKey>,
        hash: Option<HashAlg>,
        methods: &MethodSet,
    ) -> Result<Outcome, DialError> {
        let offered = key.offer(self.handle, &self.user, hash, methods);
        let (result, hash) = answered(self.fate, offered).await?;
        let outcome = Outcome::from(result);
        let may_help = hash == Some(HashAlg::Sha512) && self.sha256_tries < SHA256_TRIES_MAX;
        if may_help && matches!(outcome, Outcome::Next { counts: false, .. }) {
            self.sha256_tries += 1;
            self.again.push_back(key);
        }
        Ok(outcome)
    }

    async fn say_password(&mut self) -> Result<Outcome, DialError> {
        let given = self.login.credentials.password.as_ref();
        let password = match given {
            Some(password) if self.password == PasswordState::Untried => password.clone(),
            _ => {
                let is_again = self.password == PasswordState::Refused;
                self.asking.password(&self.banner, is_again).await?
            }
        };
        let said = self
            .handle
            .authenticate_password(self.user.clone(), password.expose_secret().to_owned());
        // russh passes over a server's wish for another password, and then nothing comes.
        let outcome = tokio::time::timeout(ANSWER_MAX, said).await.map_err(|_elapsed| {
            let message = "the SSH server did not answer the password; it may want another one to \
                           be set, which is not offered here";
            DialError::from(fault("password_unanswered", Blame::Credentials, message))
        })?;
        let outcome = outcome.map_err(|error| fault_of(self.fate, error))?.into();
        self.password = match &outcome {
            Outcome::Next { counts: true, .. } => PasswordState::Spent,
            _ => PasswordState::Refused,
        };
        Ok(outcome)
    }

    /// Why there is nothing left to try where any of `methods` may be.
    fn lacking(&self, methods: &MethodSet) -> DialError {
        let was_tried = self.password != PasswordState::Untried || self.questions > 0;
        if methods.contains(&MethodKind::Password) && !was_tried {
            return missing(CredentialFields::PASSWORD);
        }
        if was_tried {
            return refused("the SSH server does not accept the user name or the password");
        }
        let names: Vec<&str> = methods.iter().map(Into::into).collect();
        let names = names.join(", ");
        refused(format!("the SSH server accepts none of the keys; it takes {names}"))
    }
}

/// The answer to one proof, if it comes in time.
async fn answered<T>(
    fate: &Fate,
    asked: impl Future<Output = Result<T, russh::Error>>,
) -> Result<T, DialError> {
    let answer = tokio::time::timeout(ANSWER_MAX, asked).await.map_err(|_elapsed| silent())?;
    answer.map_err(|error| fault_of(fate, error))
}

/// Somebody at the screen may know what is missing.
pub(crate) fn missing(fields: CredentialFields) -> DialError {
    let message = format!("the SSH server wants a {fields}");
    fault("credentials_missing", Blame::Credentials, message).lacking(fields).into()
}

fn refused(message: impl Into<String>) -> DialError {
    let error: RemoteError = fault("authentication_failed", Blame::Credentials, message);
    error.into()
}
