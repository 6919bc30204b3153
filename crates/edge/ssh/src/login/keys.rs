//! Private keys and the certificates for them.

use std::sync::Arc;

use porthole_dial::{Caller, DialError};
use porthole_remote::Blame;
use russh::keys::{
    Certificate, PrivateKey, PublicKey, decode_secret_key,
    ssh_key::{Kdf, certificate::CertType},
};
use secrecy::{ExposeSecret, SecretString};

use super::ask::{Asking, Place};
use crate::{
    config::{KeyText, Login},
    error::fault,
};

/// Most times that a passphrase is asked for.
const PASSPHRASES_MAX: u32 = 3;

/// Most rounds of bcrypt that a key may cost: some seconds.
const BCRYPT_ROUNDS_MAX: u32 = 512;

/// Most that a `PuTTY` key's Argon2 may cost: KiB of memory, passes, and threads.
const ARGON2_MAX: [(&str, u32); 3] =
    [("Argon2-Memory:", 128 << 10), ("Argon2-Passes:", 1000), ("Argon2-Parallelism:", 16)];

/// A key that can be offered.
#[derive(Debug, Clone)]
pub(crate) struct Unlocked {
    pub(super) key: Arc<PrivateKey>,
    /// What is offered in place of its public key.
    pub(super) certificate: Option<Certificate>,
}

/// Text that is no key or certificate that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It is longer than [`KeyText::TEXT_MAX_BYTES`].
    #[error("is longer than 64 KiB")]
    TooLong,
    /// It is none of the forms that are read.
    #[error("is no private key in OpenSSH, PKCS#8, PKCS#1, SEC1 or PuTTY form that can be read")]
    Unreadable,
    /// It is encrypted in a way that is not read.
    #[error("is encrypted in a form that is not read; `ssh-keygen -p -f FILE` writes a new one")]
    OldEncryption,
    /// Its passphrase takes too long to try.
    #[error("takes too long to decrypt; encrypt it again with fewer rounds")]
    Costly,
    /// The passphrase does not fit.
    #[error("is not encrypted with that passphrase")]
    WrongPassphrase,
    /// A certificate that is none.
    #[error("is neither an OpenSSH public key nor a user certificate")]
    NoCertificate,
    /// A certificate that is for another key.
    #[error("is a certificate for another key")]
    OtherKey,
}

/// Looks whether a private key can be used; with its passphrase, if there is one. Takes up to
/// seconds.
///
/// # Errors
///
/// What is wrong with it, in the words that follow its name.
pub fn check_key(text: &str, passphrase: Option<&str>) -> Result<(), BadKey> {
    let is_encrypted = examine(text)?;
    if is_encrypted && passphrase.is_none() {
        return Ok(());
    }
    decode(text, is_encrypted, passphrase).map(|_key| ())
}

/// Looks whether this is a user certificate; or a plain public key, which says nothing.
///
/// # Errors
///
/// What is wrong with it, in the words that follow its name.
pub fn check_certificate(text: &str) -> Result<(), BadKey> {
    certificate(text).map(|_certificate| ())
}

fn certificate(text: &str) -> Result<Option<Certificate>, BadKey> {
    if text.len() > KeyText::TEXT_MAX_BYTES {
        return Err(BadKey::TooLong);
    }
    let text = text.trim();
    match Certificate::from_openssh(text) {
        Ok(certificate) if certificate.cert_type() == CertType::User => Ok(Some(certificate)),
        Ok(_) => Err(BadKey::NoCertificate),
        Err(_) => {
            PublicKey::from_openssh(text).map(|_plain| None).map_err(|_no| BadKey::NoCertificate)
        }
    }
}

/// Whether a key is encrypted.
fn examine(text: &str) -> Result<bool, BadKey> {
    if text.len() > KeyText::TEXT_MAX_BYTES {
        return Err(BadKey::TooLong);
    }
    let text = text.trim();
    if text.starts_with("PuTTY-User-Key-File-") {
        return examine_putty(text);
    }
    if let Some(info) = text.lines().find_map(|line| line.strip_prefix("DEK-Info:")) {
        // The old encryption of OpenSSL is read for what was usual with it.
        let is_read = info.trim().starts_with("AES-128-CBC,")
            && text.starts_with("-----BEGIN RSA PRIVATE KEY-----");
        return if is_read { Ok(true) } else { Err(BadKey::OldEncryption) };
    }
    if text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
        let key = PrivateKey::from_openssh(text).map_err(|_error| BadKey::Unreadable)?;
        return match key.kdf() {
            Kdf::Bcrypt { rounds, .. } if *rounds > BCRYPT_ROUNDS_MAX => Err(BadKey::Costly),
            _ => Ok(key.is_encrypted()),
        };
    }
    Ok(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
}

fn examine_putty(text: &str) -> Result<bool, BadKey> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    for (name, max) in ARGON2_MAX {
        let cost = value(name).map(|cost| cost.trim().parse::<u32>());
        if cost.is_some_and(|cost| cost.is_ok_and(|cost| cost > max)) {
            return Err(BadKey::Costly);
        }
    }
    Ok(value("Encryption:").is_some_and(|cipher| cipher.trim() != "none"))
}

fn decode(text: &str, is_encrypted: bool, passphrase: Option<&str>) -> Result<PrivateKey, BadKey> {
    let bad = if is_encrypted { BadKey::WrongPassphrase } else { BadKey::Unreadable };
    // Some forms are taken for encrypted ones where there is a passphrase.
    let passphrase = passphrase.filter(|_| is_encrypted);
    decode_secret_key(text.trim(), passphrase).map_err(|_error| bad)
}

/// Makes keys of their texts, and asks for passphrases that are missing.
///
/// # Errors
///
/// A key that cannot be used, or whose passphrase nobody gives.
pub(crate) async fn unlock(
    login: &Login,
    place: Place,
    caller: &Caller,
) -> Result<Vec<Unlocked>, DialError> {
    let asking = Asking { caller, place };
    let mut unlocked = Vec::new();
    for text in &login.keys {
        let key = Arc::new(one(text, &asking).await?);
        if let Some(certificate) = &text.certificate
            && let Some(certificate) =
                self::certificate(certificate).map_err(|error| bad_certificate(&error))?
        {
            if certificate.public_key() != key.public_key().key_data() {
                return Err(bad_certificate(&BadKey::OtherKey));
            }
            unlocked.push(Unlocked { key: Arc::clone(&key), certificate: Some(certificate) });
        }
        unlocked.push(Unlocked { key, certificate: None });
    }
    Ok(unlocked)
}

async fn one(text: &KeyText, asking: &Asking<'_>) -> Result<PrivateKey, DialError> {
    let secret = text.text.clone();
    let is_encrypted = examine(secret.expose_secret()).map_err(|error| bad_key(&error))?;
    if !is_encrypted || text.passphrase.is_some() {
        let key = open(secret, is_encrypted, text.passphrase.clone()).await?;
        return key.map_err(|error| bad_key(&error));
    }
    let mut why = "";
    for _try in 0..PASSPHRASES_MAX {
        let about = format!("The private key is encrypted.{why}");
        let passphrase = asking.one("Passphrase", false, about).await?;
        match open(secret.clone(), true, Some(passphrase)).await? {
            Ok(key) => return Ok(key),
            Err(BadKey::WrongPassphrase) => why = " That was not its passphrase.",
            Err(error) => return Err(bad_key(&error)),
        }
    }
    let message = "the private key is not encrypted with any passphrase that was given";
    Err(fault("passphrase_wrong", Blame::Credentials, message).into())
}

/// Decrypts where others are not held up: it is slow by design.
async fn open(
    text: SecretString,
    is_encrypted: bool,
    passphrase: Option<SecretString>,
) -> Result<Result<PrivateKey, BadKey>, DialError> {
    let opening = tokio::task::spawn_blocking(move || {
        let passphrase = passphrase.as_ref().map(ExposeSecret::expose_secret);
        decode(text.expose_secret(), is_encrypted, passphrase)
    });
    opening.await.map_err(|stopping| DialError::Broken(stopping.into()))
}

fn bad_key(error: &BadKey) -> DialError {
    fault("private_key", Blame::Operator, format!("the private key {error}")).into()
}

fn bad_certificate(error: &BadKey) -> DialError {
    fault("private_key", Blame::Operator, format!("the certificate {error}")).into()
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
