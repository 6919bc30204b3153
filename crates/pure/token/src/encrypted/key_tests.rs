use serde_json::{Value, json};

use super::DecryptionKey;
use crate::test_keys::{DECRYPTING, file};
use crate::{Blame, KeyManagement};

fn jwk(name: &str) -> Value {
    serde_json::from_slice(file(&format!("encrypted/{name}.jwk"))).unwrap()
}

fn cause(jwk: &Value) -> &'static str {
    DecryptionKey::from_jwk(jwk.to_string().as_bytes()).unwrap_err().cause()
}

#[test]
fn reads_every_form() {
    for (name, want) in [
        ("rsa_private.pem", KeyManagement::RsaOaep256),
        ("rsa_private_pkcs1.pem", KeyManagement::RsaOaep256),
        ("ec_private.pem", KeyManagement::EcdhEs),
        ("ec_private_sec1.pem", KeyManagement::EcdhEs),
        ("x25519_private.pem", KeyManagement::EcdhEs),
    ] {
        let key = DecryptionKey::from_pem(file(name)).unwrap();
        assert_eq!((key.management(), key.kid()), (want, None), "{name}");
        assert_eq!(key.with_kid("a").unwrap().kid(), Some("a"));
    }
    for name in DECRYPTING {
        let mut read = jwk(name);
        let key = DecryptionKey::from_jwk(read.to_string().as_bytes()).unwrap();
        assert_eq!(key.kid(), read["kid"].as_str());
        read["use"] = json!("enc");
        read["key_ops"] = json!(["deriveBits", "unwrapKey"]);
        read["alg"] = json!(key.management().name());
        assert!(DecryptionKey::from_jwk(read.to_string().as_bytes()).is_ok(), "{name}");
        assert_eq!(key.with_kid("").unwrap_err().cause(), "claim_shape");
    }
}

#[test]
fn refuses_pem_files_that_cannot_decrypt() {
    let ec = file("ec_private.pem");
    let encrypted = String::from_utf8_lossy(ec).replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let with_headers = String::from_utf8_lossy(file("rsa_private_pkcs1.pem"))
        .replace("KEY-----\nM", "KEY-----\nProc-Type: 4,ENCRYPTED\n\nM");
    for (name, pem, want) in [
        ("public", file("ec_public.pem"), "key_unreadable"),
        ("certificate", file("rsa_certificate.pem"), "key_unreadable"),
        ("Ed25519", file("ed_private.pem"), "key_unreadable"),
        ("P-384", file("ec384_private.pem"), "key_unreadable"),
        ("small", file("rsa1024_private.pem"), "key_unsupported"),
        ("encrypted", encrypted.as_bytes(), "key_unreadable"),
        ("encrypted of old", with_headers.as_bytes(), "key_unreadable"),
        ("JWK", file("encrypted/ec_private.jwk"), "key_unreadable"),
        ("two", &[ec, ec].concat(), "key_unreadable"),
        ("empty", b"", "key_unreadable"),
    ] {
        let error = DecryptionKey::from_pem(pem).unwrap_err();
        assert_eq!((error.cause(), error.blame()), (want, Blame::Operator), "{name}");
        assert!(!error.to_string().contains("PUBLIC KEY,"), "{name}: {error}");
    }
    for name in ["rsa_private.pem", "ec_private.pem", "x25519_private.pem"] {
        let whole = file(name).trim_ascii_end();
        for cut in 0..whole.len() {
            assert!(DecryptionKey::from_pem(&whole[..cut]).is_err(), "{name} at {cut}");
        }
    }
}

#[test]
fn refuses_jwks_that_cannot_decrypt() {
    for name in DECRYPTING {
        for (member, value, want) in [
            ("d", json!(null), "key_unreadable"),
            ("d", json!("AAAA"), "key_unreadable"),
            ("d", json!("!"), "key_unreadable"),
            ("kty", json!("oct"), "key_unsupported"),
            ("use", json!("sig"), "key_unsupported"),
            ("key_ops", json!(["sign"]), "key_unsupported"),
            ("alg", json!("RSA-OAEP"), "key_unsupported"),
            ("alg", json!("ES256"), "key_unsupported"),
            ("kid", json!(""), "claim_shape"),
            ("kid", json!("x".repeat(257)), "over_limit"),
        ] {
            let mut changed = jwk(name);
            changed[member] = value.clone();
            assert_eq!(cause(&changed), want, "{name} {member} {value}");
        }
    }
    let changed = |name, member: &str, value: Value| {
        let mut changed = jwk(name);
        changed[member] = value;
        cause(&changed)
    };
    let swapped = jwk("rsa_private")["q"].clone();
    for member in ["n", "e", "p", "q", "dp", "dq", "qi"] {
        assert_eq!(changed("rsa_private", member, json!(null)), "key_unreadable", "{member}");
    }
    assert_eq!(changed("rsa_private", "p", swapped), "key_unreadable");
    assert_eq!(changed("rsa_private", "n", json!("AQAB")), "key_size");
    assert_eq!(changed("ec_private", "crv", json!("P-384")), "key_unsupported");
    assert_eq!(changed("x25519_private", "crv", json!("Ed25519")), "key_unsupported");
    // A public part that is not this key's.
    let (x, y) = (jwk("ec_private")["x"].clone(), jwk("ec_private")["y"].clone());
    assert_eq!(changed("ec_private", "y", x.clone()), "key_unreadable");
    assert_eq!(changed("x25519_private", "x", y), "key_unreadable");
    for text in ["", "{", "[]", "7", "{\"kty\": 1}"] {
        assert_eq!(DecryptionKey::from_jwk(text.as_bytes()).unwrap_err().cause(), "key_unreadable");
    }
    let long = vec![b' '; 65 << 10];
    assert_eq!(DecryptionKey::from_jwk(&long).unwrap_err().cause(), "over_limit");
    assert_eq!(DecryptionKey::from_pem(&long).unwrap_err().cause(), "over_limit");
}
