//! RSA-AES (the community specification's "RSA-AES Security Type" and its variants): keys are
//! exchanged with RSA, and what follows is sealed with AES.
//!
//! 1. The server sends its public key, and we ours.
//! 2. Each sends a random number encrypted for the other; from both come the session keys.
//! 3. Sealed, each sends a hash of both public keys: nobody in between has changed them.
//! 4. Sealed, the server says what it wants to know, and we say it.
//!
//! Whoever holds the server's private key, and nobody else, can take part in this. That it is the
//! right server is known only if its key is: see [`RfbConfig::server_key_pins`].

mod rsa;

use bytes::{BufMut, BytesMut};
use chacha20::rand_core::Rng as _;
use porthole_remote::{CredentialFields, Credentials};
use porthole_wire::Reader;
use rsa::{KeyPair, PublicKey};
use secrecy::ExposeSecret;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random::Random;
use crate::sealed::{Key, Keys};
use crate::{RfbConfig, RfbError, SecurityKind};

/// What became of a step.
#[derive(Debug)]
pub(super) enum Ra2Step {
    /// Nothing to do before more bytes arrive.
    Wait,
    /// A step was made.
    Next,
    /// A step was made, and the server taken for who it claims to be: one line to log.
    Unverified(String),
    /// What is sent and what arrives from here on is sealed.
    Seal(Keys),
    /// Everything is said; the server decides.
    Done,
}

/// The exchange as a state machine.
#[derive(Debug)]
pub(super) struct Ra2 {
    is_256: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    ServerKey,
    ServerRandom(Box<Exchange>),
    /// Our hash is to be sent. The hashes to send and to expect.
    Hash(Hashes),
    ServerHash(Vec<u8>),
    Subtype,
    Over,
}

#[derive(Debug)]
struct Exchange {
    server: PublicKey,
    ours: KeyPair,
    random: Zeroizing<[u8; 32]>,
}

#[derive(Debug)]
struct Hashes {
    ours: Vec<u8>,
    servers: Vec<u8>,
}

impl Ra2 {
    /// Waits for the server's key. `kind` is one of the RSA-AES types.
    pub(super) const fn new(kind: SecurityKind) -> Self {
        let is_256 = matches!(kind, SecurityKind::Ra2_256 | SecurityKind::Ra2Ne256);
        Self { is_256, stage: Stage::ServerKey }
    }

    /// Makes one step; leaves a partial message in `input`.
    ///
    /// # Errors
    ///
    /// The server is not the one that is wanted, wants what we have not, or breaks the protocol.
    pub(super) fn step(
        &mut self,
        input: &mut Reader<'_>,
        config: &RfbConfig,
        random: &mut Random,
        out: &mut BytesMut,
    ) -> Result<Ra2Step, RfbError> {
        match &mut self.stage {
            Stage::ServerKey => {
                let Some(server) = PublicKey::read(input)? else { return Ok(Ra2Step::Wait) };
                let unverified = verify(&server, config)?;
                let exchange = self.offer(server, random, out)?;
                self.stage = Stage::ServerRandom(Box::new(exchange));
                Ok(unverified.map_or(Ra2Step::Next, Ra2Step::Unverified))
            }
            Stage::ServerRandom(exchange) => {
                let Some(encrypted) = read_random(input, exchange.ours.public.len())? else {
                    return Ok(Ra2Step::Wait);
                };
                let corrupt = RfbError::Tampered;
                let keys = if self.is_256 {
                    let random = exchange.ours.decrypt::<32>(encrypted).ok_or(corrupt)?;
                    keys_256(&exchange.random, &random)
                } else {
                    let random = exchange.ours.decrypt::<16>(encrypted).ok_or(corrupt)?;
                    keys_128(&exchange.random, &random)
                };
                let hashes = Hashes {
                    ours: hash(self.is_256, &exchange.ours.public, &exchange.server),
                    servers: hash(self.is_256, &exchange.server, &exchange.ours.public),
                };
                self.stage = Stage::Hash(hashes);
                Ok(Ra2Step::Seal(keys))
            }
            Stage::Hash(hashes) => {
                out.put_slice(&hashes.ours);
                self.stage = Stage::ServerHash(std::mem::take(&mut hashes.servers));
                Ok(Ra2Step::Next)
            }
            Stage::ServerHash(want) => {
                let Some(hash) = input.take(want.len()) else { return Ok(Ra2Step::Wait) };
                // It is no secret: the public keys went over the wire.
                if hash != want.as_slice() {
                    return Err(RfbError::Tampered);
                }
                self.stage = Stage::Subtype;
                Ok(Ra2Step::Next)
            }
            Stage::Subtype => {
                let Some(subtype) = input.u8() else { return Ok(Ra2Step::Wait) };
                put_login(subtype, &config.credentials, out)?;
                self.stage = Stage::Over;
                Ok(Ra2Step::Done)
            }
            Stage::Over => Ok(Ra2Step::Done),
        }
    }

    /// Sends our key and our random number.
    fn offer(
        &self,
        server: PublicKey,
        random: &mut Random,
        out: &mut BytesMut,
    ) -> Result<Exchange, RfbError> {
        let ours = KeyPair::generate(random);
        let mut number = Zeroizing::new([0; 32]);
        random.fill_bytes(number.as_mut_slice());
        let sent = number.get(..self.random_len()).unwrap_or_default();
        let weak = RfbError::WeakKey { field: "server-key-length", value: server.len() as u64 };
        let encrypted = server.encrypt(sent, random).ok_or(weak)?;
        ours.public.put(out);
        // A key has at most 1024 bytes.
        out.put_u16(u16::try_from(encrypted.len()).unwrap_or(u16::MAX));
        out.put_slice(&encrypted);
        Ok(Exchange { server, ours, random: number })
    }

    const fn random_len(&self) -> usize {
        if self.is_256 { 32 } else { 16 }
    }
}

/// Checks the server's key against the pins. Without any, says what was taken on trust.
fn verify(server: &PublicKey, config: &RfbConfig) -> Result<Option<String>, RfbError> {
    let mut wire = Vec::new();
    server.put(&mut wire);
    let pin: [u8; 32] = Sha256::digest(&wire).into();
    let fingerprint = hexadecimal(&pin);
    if config.server_key_pins.contains(&pin) {
        return Ok(None);
    }
    if !config.server_key_pins.is_empty() {
        return Err(RfbError::NotPinned { fingerprint });
    }
    // What viewers show for comparison: eight bytes of SHA-1.
    let short: Vec<String> =
        Sha1::digest(&wire).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(format!(
        "the server's RSA key is not pinned: SHA-256 {fingerprint}, shown by viewers as {}",
        short.join("-")
    )))
}

/// Reads an encrypted random number: 2 + `len` bytes.
fn read_random<'a>(input: &mut Reader<'a>, len: usize) -> Result<Option<&'a [u8]>, RfbError> {
    let mut ahead = input.clone();
    let Some(said) = ahead.u16_be() else { return Ok(None) };
    if usize::from(said) != len {
        let field = "length of the encrypted random number";
        return Err(RfbError::BadField { field, value: said.into() });
    }
    let Some(encrypted) = ahead.take(len) else { return Ok(None) };
    *input = ahead;
    Ok(Some(encrypted))
}

/// Both session keys, from our random number (its first half) and the server's.
fn keys_128(ours: &[u8; 32], servers: &[u8; 16]) -> Keys {
    let ours = ours.first_chunk::<16>().unwrap_or(&[0; 16]);
    let key = |first: &[u8], second: &[u8]| {
        let digest: Zeroizing<[u8; 20]> =
            Zeroizing::new(Sha1::new().chain_update(first).chain_update(second).finalize().into());
        Key::Aes128(Zeroizing::new(*digest.first_chunk().unwrap_or(&[0; 16])))
    };
    Keys { client: key(servers, ours), server: key(ours, servers) }
}

fn keys_256(ours: &[u8; 32], servers: &[u8; 32]) -> Keys {
    let key = |first: &[u8], second: &[u8]| {
        let digest = Sha256::new().chain_update(first).chain_update(second).finalize();
        Key::Aes256(Zeroizing::new(digest.into()))
    };
    Keys { client: key(servers, ours), server: key(ours, servers) }
}

/// Over both keys, the sender's first.
fn hash(is_256: bool, first: &PublicKey, second: &PublicKey) -> Vec<u8> {
    let mut wire = Vec::new();
    first.put(&mut wire);
    second.put(&mut wire);
    if is_256 { Sha256::digest(&wire).to_vec() } else { Sha1::digest(&wire).to_vec() }
}

/// Writes what `subtype` asks for: 1 is user name and password, 2 the password alone.
fn put_login(subtype: u8, credentials: &Credentials, out: &mut BytesMut) -> Result<(), RfbError> {
    let name = match (subtype, &credentials.username) {
        (1, Some(name)) => name.as_str(),
        (1, None) => {
            return Err(RfbError::CredentialsMissing { missing: CredentialFields::USERNAME });
        }
        (2, _) => "",
        (other, _) => {
            return Err(RfbError::BadField { field: "RSA-AES subtype", value: other.into() });
        }
    };
    let password = credentials.password.as_ref();
    let password =
        password.ok_or(RfbError::CredentialsMissing { missing: CredentialFields::PASSWORD })?;
    let password = password.expose_secret();
    let len = |field, text: &str| {
        u8::try_from(text.len())
            .map_err(|_too_long| RfbError::CredentialTooLong { field, limit: 255 })
    };
    let (name_len, password_len) = (len("user name", name)?, len("password", password)?);
    out.put_u8(name_len);
    out.put_slice(name.as_bytes());
    out.put_u8(password_len);
    out.put_slice(password.as_bytes());
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
#[path = "ra2/ra2_tests.rs"]
mod tests;
