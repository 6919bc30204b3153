//! Tokens of a portal that exists only in tests, and forgeries.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porthole_token::{
    Claims, DecryptionKey, Grant, HmacSecret, Permission, Permissions, Secrets, SigningKey, Target,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `iss` of every token.
pub const ISSUER: &str = "https://portal.test";

/// `aud` of every token.
pub const AUDIENCE: &str = "gateway.test";

/// The shared secret. It opens nothing outside tests.
pub const SECRET: &str = "a secret of the tests, and of nobody else";

/// The gateway's key that decrypts tokens, in PEM: P-256. It opens nothing outside tests.
pub const DECRYPTION_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5Cc1UCG0URib1S1d
ioJWKDWJWHvzMlU5aEpbGIdef+ehRANCAARp6mqtiJFJkrR/s4MY0njByoTEqFdA
V8j7ohW2Q1xSvnM6AxmIRL2/mIkABty4huF2Gy/S4e80z/rpqW4+tYfu
-----END PRIVATE KEY-----
";

/// How long tokens are valid, in seconds.
const LIFETIME_S: u64 = 300;

/// Bytes of a block of SHA-256.
const BLOCK_LEN_BYTES: usize = 64;

/// The `[tokens]` section of a gateway that accepts these tokens.
pub fn config_toml() -> String {
    format!(
        "[tokens]\n\
         issuers = [\"{ISSUER}\"]\n\
         audiences = [\"{AUDIENCE}\"]\n\
         algorithms = [\"HS256\"]\n\
         leeway_s = 0\n\
         [[tokens.keys]]\n\
         kind = \"secret\"\n\
         secret = \"{SECRET}\"\n"
    )
}

/// What the `[tokens]` section needs besides for tokens of [`mint_encrypted`], where the file of this
/// path holds [`DECRYPTION_KEY`].
pub fn decryption_toml(key_file: &Path) -> String {
    format!("[[tokens.decryption_keys]]\nkind = \"pem\"\nfile = \"{}\"\n", key_file.display())
}

/// Claims that the gateway accepts, for the next five minutes, with a `jti` of their own.
pub fn claims(target: Target) -> Claims {
    let now = now_unix_s();
    Claims {
        iss: ISSUER.into(),
        aud: vec![AUDIENCE.into()],
        sub: Some("tester".into()),
        name: None,
        jti: fresh_jti(),
        exp: now + LIFETIME_S,
        nbf: None,
        iat: Some(now),
        porthole: Grant { target, allow: Permissions::default(), session_max_s: None },
    }
}

/// A token for a connection in the gateway's configuration.
///
/// # Errors
///
/// The name is out of bounds.
pub fn for_connection(name: &str) -> Result<String> {
    mint(&claims(Target::Connection { connection: name.into() }))
}

/// A token for such a connection, whose holder may do this and nothing else.
///
/// # Errors
///
/// The name is out of bounds.
pub fn for_connection_with(name: &str, allowed: &[Permission]) -> Result<String> {
    let mut claims = claims(Target::Connection { connection: name.into() });
    claims.porthole.allow = allowed.iter().copied().collect();
    mint(&claims)
}

/// A token for such a connection, whose holder may type, and send and fetch files.
///
/// # Errors
///
/// The name is out of bounds.
pub fn for_files_of(name: &str) -> Result<String> {
    for_connection_with(name, &[Permission::Input, Permission::FilesIn, Permission::FilesOut])
}

/// Signs `claims` with [`SECRET`].
///
/// # Errors
///
/// A claim is out of its bounds.
pub fn mint(claims: &Claims) -> Result<String> {
    Ok(porthole_token::mint(claims, &signing_key()?)?)
}

/// Signs `claims` and `secrets` with [`SECRET`], and encrypts that for [`DECRYPTION_KEY`].
///
/// # Errors
///
/// A claim or a secret is out of its bounds.
pub fn mint_encrypted(claims: &Claims, secrets: &Secrets) -> Result<String> {
    let reader = DecryptionKey::from_pem(DECRYPTION_KEY.as_bytes())?.encryption_key()?;
    Ok(porthole_token::mint_encrypted(claims, secrets, &signing_key()?, &reader)?)
}

fn signing_key() -> Result<SigningKey> {
    let secret = HmacSecret::new(SECRET.as_bytes()).context("the secret is long enough")?;
    Ok(SigningKey::from_secret(&secret))
}

/// Any header and any payload, with a good HS256 signature by `secret`.
pub fn forge(header: &Value, payload: &[u8], secret: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(secret, message.as_bytes()));
    format!("{message}.{signature}")
}

/// Seconds since 1970.
pub fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Unique in this process and, by its number and the time, among processes.
fn fresh_jti() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{number}", now_unix_s(), std::process::id())
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK_LEN_BYTES];
    let hashed;
    let key = if key.len() > BLOCK_LEN_BYTES {
        hashed = Sha256::digest(key);
        hashed.as_slice()
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let inner = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new_with_prefix(block.map(|byte| byte ^ 0x5C));
    outer.chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use porthole_token::{Algorithm, Key, KeySet, Policy, Verifier};
    use serde_json::json;

    use super::*;

    #[test]
    fn forgeries_verify_as_minted_tokens_do() {
        let mut keys = KeySet::new();
        keys.add(Key::from_secret(&HmacSecret::new(SECRET.as_bytes()).unwrap())).unwrap();
        let policy = Policy {
            algorithms: vec![Algorithm::Hs256],
            issuers: vec![ISSUER.into()],
            audiences: vec![AUDIENCE.into()],
            ..Policy::default()
        };
        let verifier = Verifier::new(keys, policy).unwrap();
        let claims = claims(Target::Connection { connection: "any".into() });
        let payload = serde_json::to_vec(&claims).unwrap();
        let forge = |secret: &str| forge(&json!({"alg": "HS256"}), &payload, secret.as_bytes());
        for token in [forge(SECRET), mint(&claims).unwrap()] {
            assert_eq!(verifier.verify(&token, now_unix_s()).unwrap().claims(), &claims);
        }
        assert!(verifier.verify(&forge("another"), now_unix_s()).is_err());
        // Longer than a block of the hash: it is hashed first, and still another secret.
        assert!(verifier.verify(&forge(&SECRET.repeat(3)), now_unix_s()).is_err());
    }

    #[test]
    fn the_code_is_that_of_rfc_4231() {
        // Test case 2.
        let code = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(code[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(code[28..], [0x64, 0xec, 0x38, 0x43]);
    }
}
