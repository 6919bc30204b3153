//! Fixed keys for tests, made with OpenSSL. They protect nothing.

use crate::{
    Claims, DecryptionKey, DecryptionKeys, HmacSecret, KeySet, Policy, SigningKey, Verifier,
};

/// The time at which tests happen: 2026-01-01.
pub(crate) const NOW: u64 = 1_767_225_600;

/// A file of `tests_data`.
pub(crate) fn file(name: &str) -> &'static [u8] {
    macro_rules! files {
        ($($file:literal),* $(,)?) => {
            match name {
                $($file => include_bytes!(concat!("../tests_data/", $file)),)*
                _ => panic!("no test key {name}"),
            }
        };
    }
    files!(
        "ec384_private.pem",
        "ec384_public.pem",
        "ec_certificate.pem",
        "ec_private.pem",
        "ec_private_sec1.pem",
        "ec_public.pem",
        "ec_secp256k1_public.pem",
        "ed_certificate.pem",
        "ed_private.pem",
        "ed_public.pem",
        "encrypted/ec_private.jwk",
        "encrypted/jose.json",
        "encrypted/jwcrypto.json",
        "encrypted/rsa_private.jwk",
        "encrypted/x25519_private.jwk",
        "rsa1024_private.pem",
        "rsa1024_public.pem",
        "rsa_certificate.pem",
        "rsa_private.pem",
        "rsa_private_pkcs1.pem",
        "rsa_public.pem",
        "rsa_public_pkcs1.pem",
        "x25519_private.pem",
    )
}

/// The same secret for all who need one.
pub(crate) fn secret() -> HmacSecret {
    HmacSecret::new(b"a secret of forty bytes, just for tests.").unwrap()
}

/// One signing key for each algorithm, without names.
pub(crate) fn signing_keys() -> [SigningKey; 4] {
    [
        SigningKey::from_pem(file("rsa_private.pem")).unwrap(),
        SigningKey::from_pem(file("ec_private.pem")).unwrap(),
        SigningKey::from_pem(file("ed_private.pem")).unwrap(),
        SigningKey::from_secret(&secret()),
    ]
}

/// The keys that verify what [`signing_keys`] sign.
pub(crate) fn key_set() -> KeySet {
    let mut keys = KeySet::new();
    for key in signing_keys() {
        keys.add(key.verifying_key().clone()).unwrap();
    }
    keys
}

/// Rules that fit [`claims`].
pub(crate) fn policy() -> Policy {
    use crate::Algorithm::{EdDsa, Es256, Hs256, Rs256};
    Policy {
        algorithms: vec![Rs256, Es256, EdDsa, Hs256],
        issuers: vec!["https://portal.example".to_owned()],
        audiences: vec!["porthole".to_owned()],
        ..Policy::default()
    }
}

/// The least that a token needs, as JSON; minted at [`NOW`], good for a minute.
pub(crate) fn claims_json() -> serde_json::Value {
    serde_json::json!({
        "iss": "https://portal.example",
        "aud": "porthole",
        "jti": "4be0a1",
        "exp": NOW + 60,
        "porthole": {"target": {"connection": "desk"}},
    })
}

/// [`claims_json`], read.
pub(crate) fn claims() -> Claims {
    serde_json::from_value(claims_json()).unwrap()
}

/// The files of keys that decrypt, one of each kind.
pub(crate) const DECRYPTING: [&str; 3] = ["rsa_private", "ec_private", "x25519_private"];

/// A key that decrypts, of [`DECRYPTING`].
pub(crate) fn decryption_key(name: &str) -> DecryptionKey {
    DecryptionKey::from_pem(file(&format!("{name}.pem"))).unwrap()
}

/// A verifier with every test key, and those to decrypt with.
pub(crate) fn decrypting(keys: impl IntoIterator<Item = DecryptionKey>) -> Verifier {
    let mut decryption_keys = DecryptionKeys::new();
    keys.into_iter().for_each(|key| decryption_keys.add(key).unwrap());
    Verifier::new(key_set(), policy()).unwrap().with_decryption_keys(decryption_keys)
}
