//! Fixed keys for tests, made with OpenSSL. They protect nothing.

use crate::{Claims, HmacSecret, KeySet, Policy, SigningKey};

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
        "ec384_public.pem",
        "ec_certificate.pem",
        "ec_private.pem",
        "ec_private_sec1.pem",
        "ec_public.pem",
        "ec_secp256k1_public.pem",
        "ed_certificate.pem",
        "ed_private.pem",
        "ed_public.pem",
        "rsa1024_private.pem",
        "rsa1024_public.pem",
        "rsa_certificate.pem",
        "rsa_private.pem",
        "rsa_private_pkcs1.pem",
        "rsa_public.pem",
        "rsa_public_pkcs1.pem",
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
