use serde_json::{Value, json};

use super::{Key, URL_SAFE_NO_PAD};
use crate::test_keys::{file, secret, signing_keys};
use crate::{Algorithm, TokenError};
use base64::Engine as _;

#[test]
fn reads_every_form_of_public_key() {
    for (name, algorithm) in [
        ("rsa_public.pem", Algorithm::Rs256),
        ("rsa_public_pkcs1.pem", Algorithm::Rs256),
        ("rsa_certificate.pem", Algorithm::Rs256),
        ("ec_public.pem", Algorithm::Es256),
        ("ec_certificate.pem", Algorithm::Es256),
        ("ed_public.pem", Algorithm::EdDsa),
        ("ed_certificate.pem", Algorithm::EdDsa),
    ] {
        let key = Key::from_pem(file(name)).unwrap();
        assert_eq!((key.algorithm(), key.kid()), (algorithm, None), "{name}");
        let signer = signing_keys().into_iter().find(|key| key.algorithm() == algorithm).unwrap();
        let token = crate::mint(&crate::test_keys::claims(), &signer).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert!(key.verifies(message.as_bytes(), signature), "{name}");
        assert!(!key.verifies(b"another message", signature), "{name}");
    }
}

#[test]
fn refuses_keys_it_must_not_use() {
    let two = [file("ec_public.pem"), file("rsa_public.pem")].concat();
    let long = [file("ec_public.pem"), &vec![b'\n'; 1 << 16]].concat();
    let cut = &file("rsa_public.pem")[..200];
    for (name, pem, cause) in [
        ("RSA private", file("rsa_private.pem"), "key_is_private"),
        ("RSA private, PKCS#1", file("rsa_private_pkcs1.pem"), "key_is_private"),
        ("EC private", file("ec_private.pem"), "key_is_private"),
        ("EC private, SEC 1", file("ec_private_sec1.pem"), "key_is_private"),
        ("Ed25519 private", file("ed_private.pem"), "key_is_private"),
        ("1024 bits", file("rsa1024_public.pem"), "key_size"),
        ("P-384", file("ec384_public.pem"), "key_unsupported"),
        ("secp256k1, as long as P-256", file("ec_secp256k1_public.pem"), "key_unsupported"),
        ("two keys", two.as_slice(), "key_unreadable"),
        ("too long", long.as_slice(), "over_limit"),
        ("cut short", cut, "key_unreadable"),
        ("empty", b"", "key_unreadable"),
        ("not PEM", b"{\"kty\":\"RSA\"}", "key_unreadable"),
        (
            "empty block",
            b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
            "key_unreadable",
        ),
    ] {
        assert_eq!(Key::from_pem(pem).unwrap_err().cause(), cause, "{name}");
    }
    let weak = Key::from_pem(file("rsa1024_public.pem")).unwrap_err();
    assert_eq!(weak.to_string(), "the RSA key has 1024 bits, it must have 2048 to 8192");
}

#[test]
fn every_cut_of_a_pem_file_is_refused() {
    for name in ["rsa_public.pem", "ec_public.pem", "ed_public.pem", "ed_certificate.pem"] {
        let whole = file(name).trim_ascii_end();
        for cut in 0..whole.len() {
            assert!(Key::from_pem(&whole[..cut]).is_err(), "{name} at {cut}");
        }
    }
}

#[test]
fn reads_jwks_of_every_type() {
    for signer in signing_keys() {
        let mut jwk = jwk(signer.algorithm());
        let key = Key::from_jwk(jwk.to_string().as_bytes()).unwrap();
        assert_eq!((key.algorithm(), key.kid()), (signer.algorithm(), Some("k1")));
        let token = crate::mint(&crate::test_keys::claims(), &signer).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert!(key.verifies(message.as_bytes(), signature), "{}", signer.algorithm());

        jwk["use"] = json!("sig");
        jwk["key_ops"] = json!(["verify"]);
        jwk["alg"] = json!(signer.algorithm().name());
        jwk["x5t"] = json!("ignored");
        assert!(Key::from_jwk(jwk.to_string().as_bytes()).is_ok());
    }
    // RFC 8037 appendix A.2.
    let rfc = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"Ed25519"}"#;
    assert_eq!(Key::from_jwk(rfc.as_bytes()).unwrap().algorithm(), Algorithm::EdDsa);
}

#[test]
fn reads_rsa_numbers_with_leading_zeros_and_padding() {
    let mut jwk = jwk(Algorithm::Rs256);
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let padded = URL_SAFE_NO_PAD.encode([&[0], modulus.as_slice()].concat());
    jwk["n"] = json!(format!("{padded}=="));
    assert!(Key::from_jwk(jwk.to_string().as_bytes()).is_ok());
}

#[test]
fn refuses_jwks_that_are_for_something_else() {
    let changed = |algorithm, member: &str, value: Value| {
        let mut jwk = jwk(algorithm);
        jwk[member] = value;
        jwk
    };
    let flipped_point = {
        let ec = jwk(Algorithm::Es256);
        changed(Algorithm::Es256, "y", ec["x"].clone())
    };
    for (jwk, cause) in [
        (changed(Algorithm::Rs256, "d", json!("AQAB")), "key_is_private"),
        (changed(Algorithm::Es256, "d", json!("AQAB")), "key_is_private"),
        (changed(Algorithm::EdDsa, "d", json!("AQAB")), "key_is_private"),
        (changed(Algorithm::Rs256, "use", json!("enc")), "key_unsupported"),
        (changed(Algorithm::Rs256, "key_ops", json!(["encrypt"])), "key_unsupported"),
        (changed(Algorithm::Rs256, "alg", json!("RS512")), "key_unsupported"),
        (changed(Algorithm::Rs256, "alg", json!("RSA-OAEP")), "key_unsupported"),
        (changed(Algorithm::Rs256, "alg", json!("HS256")), "key_unsupported"),
        (changed(Algorithm::Hs256, "alg", json!("RS256")), "key_unsupported"),
        (changed(Algorithm::Es256, "crv", json!("P-384")), "key_unsupported"),
        (changed(Algorithm::Es256, "crv", json!("secp256k1")), "key_unsupported"),
        (changed(Algorithm::EdDsa, "crv", json!("X25519")), "key_unsupported"),
        (changed(Algorithm::EdDsa, "kty", json!("AKP")), "key_unsupported"),
        (flipped_point, "key_unsupported"),
        (changed(Algorithm::Es256, "x", json!("AQAB")), "key_unsupported"),
        (changed(Algorithm::EdDsa, "x", json!("AQAB")), "key_unreadable"),
        (changed(Algorithm::EdDsa, "x", json!("not base64!")), "key_unreadable"),
        (changed(Algorithm::EdDsa, "x", json!(null)), "key_unreadable"),
        (changed(Algorithm::EdDsa, "x", json!(["AQAB"])), "key_unreadable"),
        (changed(Algorithm::Rs256, "n", json!("AQAB")), "key_size"),
        (changed(Algorithm::Rs256, "n", json!("")), "key_size"),
        (changed(Algorithm::Rs256, "n", json!("_".repeat(2000))), "key_size"),
        (changed(Algorithm::Rs256, "e", json!("")), "key_unreadable"),
        (changed(Algorithm::Rs256, "e", json!("AQ")), "key_unreadable"),
        (changed(Algorithm::Rs256, "e", json!("Ag")), "key_unreadable"),
        (changed(Algorithm::Rs256, "e", json!("AgAAAAE")), "key_unreadable"),
        (changed(Algorithm::Rs256, "e", json!("AQAAAAAAAAAD")), "key_unreadable"),
        (changed(Algorithm::Rs256, "n", json!(format!("{}A", "_".repeat(342)))), "key_unreadable"),
        (changed(Algorithm::Hs256, "k", json!("c2hvcnQ")), "secret_too_short"),
        (changed(Algorithm::Hs256, "kid", json!("")), "claim_shape"),
        (changed(Algorithm::Hs256, "kid", json!("x".repeat(257))), "over_limit"),
        (json!({"kty": "RSA"}), "key_unreadable"),
        (json!([]), "key_unreadable"),
        (json!("key"), "key_unreadable"),
    ] {
        let error = Key::from_jwk(jwk.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.cause(), cause, "{jwk}");
    }
}

#[test]
fn a_key_says_what_it_is_for() {
    let key = Key::from_pem(file("ec_public.pem")).unwrap();
    assert!(key.clone().require_algorithm(Algorithm::Es256).is_ok());
    let error = key.require_algorithm(Algorithm::Hs256).unwrap_err();
    assert_eq!(error.to_string(), "the key is for ES256, the configuration says HS256");
}

#[test]
fn keys_do_not_print() {
    let key = Key::from_secret(&secret()).with_kid("k1").unwrap();
    let printed = format!("{key:?}");
    assert!(printed.contains("k1") && printed.contains("redacted"), "{printed}");
}

/// The public JWK of a test key.
pub(crate) fn jwk(algorithm: Algorithm) -> Value {
    if algorithm == Algorithm::Hs256 {
        let k = URL_SAFE_NO_PAD.encode(secret().bytes());
        return json!({"kty": "oct", "k": k, "kid": "k1"});
    }
    let (name, is_curve) = match algorithm {
        Algorithm::Rs256 => ("rsa_public.pem", false),
        Algorithm::Es256 => ("ec_public.pem", true),
        _ => ("ed_public.pem", true),
    };
    let pem = file(name);
    let key = match (is_curve, algorithm) {
        (false, _) => jsonwebtoken::DecodingKey::from_rsa_pem(pem),
        (true, Algorithm::Es256) => jsonwebtoken::DecodingKey::from_ec_pem(pem),
        (true, _) => jsonwebtoken::DecodingKey::from_ed_pem(pem),
    };
    let jwk = jsonwebtoken::jwk::Jwk::from_decoding_key(&key.unwrap(), None).unwrap();
    let mut jwk = serde_json::to_value(jwk).unwrap();
    jwk["kid"] = json!("k1");
    jwk
}

#[test]
fn errors_blame_the_operator() {
    let error = Key::from_pem(b"").unwrap_err();
    assert_eq!(error.blame(), crate::Blame::Operator);
    assert!(matches!(error, TokenError::KeyUnreadable { .. }));
}
