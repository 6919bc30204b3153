//! Offering keys, and signing with them.

use std::{collections::VecDeque, path::Path, sync::Arc};

use russh::{
    AgentAuthError, MethodSet, SendError, Signer,
    client::{AuthResult, Handle},
    keys::{
        Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg,
        agent::{AgentIdentity, client::AgentClient},
        signature::Signer as _,
        ssh_encoding::Encode as _,
        ssh_key::{self, Signature, private::KeypairData},
    },
};
use tokio::{net::UnixStream, sync::Mutex};

use super::Unlocked;
use crate::{connection::ANSWER_MAX, handler::Handler};

/// Most keys of an agent's that are offered: servers end a connection after a few.
const AGENT_KEYS_MAX: usize = 16;

/// A key that is offered: one of ours, or one that an agent holds.
pub(super) enum OfferedKey {
    Own(Unlocked),
    Agents(AgentKey),
}

impl OfferedKey {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Own(own) => own.key.algorithm(),
            Self::Agents(agents) => agents.identity.public_key().algorithm(),
        }
    }

    /// Offers the key to sign with `hash`, or as the server says where there is none. With what it
    /// made of that comes the hash that was chosen.
    ///
    /// # Errors
    ///
    /// The connection is over.
    pub(super) async fn offer(
        &self,
        handle: &mut Handle<Handler>,
        user: &str,
        hash: Option<HashAlg>,
        methods: &MethodSet,
    ) -> Result<(AuthResult, Option<HashAlg>), russh::Error> {
        let hash = match hash {
            Some(hash) => Some(hash),
            None => match hash_for(handle, &self.algorithm()).await? {
                Some(hash) => hash,
                None => return Ok((next(methods), None)),
            },
        };
        let result = match self {
            Self::Own(own) => own.offer(handle, user, hash, methods).await?,
            Self::Agents(agents) => agents.offer(handle, user, hash, methods).await?,
        };
        Ok((result, hash))
    }
}

impl Unlocked {
    /// Offers the key, or its certificate.
    async fn offer(
        &self,
        handle: &mut Handle<Handler>,
        user: &str,
        hash: Option<HashAlg>,
        methods: &MethodSet,
    ) -> Result<AuthResult, russh::Error> {
        let key = Arc::clone(&self.key);
        let Some(certificate) = self.certificate.clone() else {
            let key = PrivateKeyWithHashAlg::new(key, hash);
            return handle.authenticate_publickey(user, key).await;
        };
        let mut signer = Holder(key);
        match handle.authenticate_certificate_with(user, certificate, hash, &mut signer).await {
            Ok(result) => Ok(result),
            Err(SignError::Gone) => Err(russh::Error::SendError),
            Err(SignError::Key(error)) => {
                tracing::warn!(%error, "a private key cannot sign");
                Ok(next(methods))
            }
        }
    }
}

/// As if the server had not taken what was not offered.
fn next(methods: &MethodSet) -> AuthResult {
    AuthResult::Failure { remaining_methods: methods.clone(), partial_success: false }
}

/// The hash that a key signs with first: one for RSA, which has a choice. Nothing when the server
/// knows SHA-1 alone. What it says of that (RFC 8308 section 3.1) is of the server as a whole: for
/// some users it may take less.
async fn hash_for(
    handle: &Handle<Handler>,
    algorithm: &Algorithm,
) -> Result<Option<Option<HashAlg>>, russh::Error> {
    if !matches!(algorithm, Algorithm::Rsa { .. }) {
        return Ok(Some(None));
    }
    Ok(match handle.best_supported_rsa_hash().await? {
        Some(Some(hash)) => Some(Some(hash)),
        Some(None) => {
            tracing::warn!("the SSH server takes RSA keys with SHA-1 alone, which is not offered");
            None
        }
        // It does not say; all that are worth it know this.
        None => Some(Some(HashAlg::Sha512)),
    })
}

/// Why there is no signature.
#[derive(Debug)]
enum SignError {
    Gone,
    Key(ssh_key::Error),
}

impl From<SendError> for SignError {
    fn from(_gone: SendError) -> Self {
        Self::Gone
    }
}

/// Signs for a certificate with the key that it is for.
struct Holder(Arc<PrivateKey>);

impl Signer for Holder {
    type Error = SignError;

    /// `to_sign`, and the signature behind it as a string (RFC 4252 section 7).
    async fn auth_sign(
        &mut self,
        _certificate: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        let signed: Result<Signature, _> = match self.0.key_data() {
            KeypairData::Rsa(key) => (key, hash).try_sign(&to_sign),
            key => key.try_sign(&to_sign),
        };
        let signature = signed.map_err(|_error| SignError::Key(ssh_key::Error::Crypto))?;
        let encoded = signature.encode_prefixed(&mut to_sign);
        encoded.map_err(|error| SignError::Key(error.into()))?;
        Ok(to_sign)
    }
}

type Agent = Arc<Mutex<AgentClient<UnixStream>>>;

/// The keys of an agent.
pub(super) struct AgentKeys {
    keys: VecDeque<AgentKey>,
}

/// A key that an agent holds.
pub(super) struct AgentKey {
    agent: Agent,
    identity: AgentIdentity,
}

impl AgentKeys {
    /// Asks the agent at `socket` for its keys. One that cannot be asked has none.
    pub(super) async fn ask(socket: &Path) -> Self {
        let asking = async {
            let mut agent = AgentClient::connect_uds(socket).await?;
            let identities = agent.request_identities().await?;
            Ok::<_, russh::keys::Error>((agent, identities))
        };
        let (agent, identities) = match tokio::time::timeout(ANSWER_MAX, asking).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the SSH agent of this connection is of no use");
                return Self { keys: VecDeque::new() };
            }
            Err(_elapsed) => {
                tracing::warn!("the SSH agent of this connection does not answer");
                return Self { keys: VecDeque::new() };
            }
        };
        let agent = Arc::new(Mutex::new(agent));
        let of = |identity| AgentKey { agent: Arc::clone(&agent), identity };
        Self { keys: identities.into_iter().take(AGENT_KEYS_MAX).map(of).collect() }
    }

    pub(super) fn next(&mut self) -> Option<AgentKey> {
        self.keys.pop_front()
    }
}

impl AgentKey {
    /// Offers the key.
    async fn offer(
        &self,
        handle: &mut Handle<Handler>,
        user: &str,
        hash: Option<HashAlg>,
        methods: &MethodSet,
    ) -> Result<AuthResult, russh::Error> {
        let mut agent = self.agent.lock().await;
        let offered = match self.identity.clone() {
            AgentIdentity::PublicKey { key, .. } => {
                handle.authenticate_publickey_with(user, key, hash, &mut *agent).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                handle.authenticate_certificate_with(user, certificate, hash, &mut *agent).await
            }
        };
        match offered {
            Ok(result) => Ok(result),
            Err(AgentAuthError::Send(_)) => Err(russh::Error::SendError),
            Err(AgentAuthError::Key(error)) => {
                tracing::warn!(%error, "the SSH agent does not sign with one of its keys");
                Ok(next(methods))
            }
        }
    }
}
