//! Encrypted tokens that no portal would make.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::vector_tests::vectors;
use super::{ENCRYPTED_TOKEN_MAX_BYTES, mint_encrypted};
use crate::test_keys::{
    DECRYPTING, NOW, claims, claims_json, decrypting, decryption_key, file, key_set, policy,
    signing_keys,
};
use crate::{
    Address, Blame, Claims, DECRYPTION_KEYS_MAX, DecryptionKey, DecryptionKeys, EncryptionKey,
    Parameters, Protocol, Secrets, Target, TokenError, Verifier, mint,
};

fn cause(verifier: &Verifier, token: &str) -> &'static str {
    verifier.verify(token, NOW).unwrap_err().cause()
}

fn public(name: &str) -> EncryptionKey {
    decryption_key(name).encryption_key().unwrap()
}

fn to_address() -> Claims {
    let target = Target::Address(Address {
        protocol: Protocol::Ssh,
        hostname: "desk.example".to_owned(),
        port: None,
        parameters: Parameters::new([("username".to_owned(), "ada".to_owned())]).unwrap(),
    });
    let mut claims = claims();
    claims.porthole.target = target;
    claims
}

fn secrets(list: &[(&str, &str)]) -> Secrets {
    Secrets::new(list.iter().map(|(name, value)| ((*name).into(), (*value).into()))).unwrap()
}

/// A token with this header, of which `null` takes members out, around a good signed one.
fn with_header(name: &str, change: &Value) -> String {
    let mut header = json!({"alg": "ECDH-ES", "enc": "A256GCM", "cty": "JWT"});
    if name == "rsa_private" {
        header["alg"] = "RSA-OAEP-256".into();
    }
    let mut fields = header.as_object().unwrap().clone();
    for (member, value) in change.as_object().unwrap() {
        fields.insert(member.clone(), value.clone());
    }
    fields.retain(|_, value| !value.is_null());
    let signed = mint(&claims(), &signing_keys()[3]).unwrap();
    public(name).seal_with(fields, signed.as_bytes()).unwrap()
}

#[test]
fn what_it_mints_verifies() {
    let sent = secrets(&[("password", "hunter2"), ("private-key", "-----BEGIN\nx\n")]);
    for name in DECRYPTING {
        let key = decryption_key(name).with_kid("2026-01").unwrap();
        let reader = key.encryption_key().unwrap();
        for signing in signing_keys() {
            let token = mint_encrypted(&to_address(), &sent, &signing, &reader).unwrap();
            let verified = decrypting([key.clone()]).verify(&token, NOW).unwrap();
            assert_eq!((verified.claims(), verified.secrets()), (&to_address(), &sent), "{name}");
        }
        // A token without secrets may be encrypted too.
        let token =
            mint_encrypted(&claims(), &Secrets::default(), &signing_keys()[2], &reader).unwrap();
        assert_eq!(decrypting([key]).verify(&token, NOW).unwrap().claims(), &claims());
    }
    let connection = mint_encrypted(&claims(), &sent, &signing_keys()[3], &public("ec_private"));
    assert_eq!(connection.unwrap_err().cause(), "claim_shape");
}

#[test]
fn only_an_encrypted_token_has_secrets() {
    let payload = json!({
        "iss": "https://portal.example", "aud": "porthole", "jti": "1", "exp": NOW + 60,
        "porthole": {"target": {"protocol": "ssh", "hostname": "a", "parameters": {"password": "x"}}},
    });
    let signed = crate::verifier::signed(&json!({"alg": "HS256"}), &payload);
    let verifier = decrypting([decryption_key("ec_private")]);
    assert_eq!(cause(&verifier, &signed), "secret_in_signed_token");
    let sealed = public("ec_private").seal(signed.as_bytes()).unwrap();
    assert_eq!(verifier.verify(&sealed, NOW).unwrap().secrets().get("password"), Some("x"));
    let plain = mint(&to_address(), &signing_keys()[3]).unwrap();
    assert!(verifier.verify(&plain, NOW).unwrap().secrets().is_empty());
}

#[test]
fn every_cut_and_every_changed_byte_is_refused() {
    let verifier = decrypting(DECRYPTING.map(decryption_key));
    for (name, token) in vectors("jwcrypto") {
        assert!(verifier.verify(&token, NOW).is_ok());
        for at in 0..token.len() {
            assert!(verifier.verify(&token[..at], NOW).is_err(), "{name} cut at {at}");
            let letter = if token.as_bytes()[at] == b'A' { 'B' } else { 'A' };
            for other in [letter, '='] {
                let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                assert!(verifier.verify(&changed, NOW).is_err(), "{name} {other:?} at {at}");
            }
        }
        for longer in [format!("{token}A"), format!("{token}."), format!(" {token}")] {
            assert!(verifier.verify(&longer, NOW).is_err());
        }
    }
}

#[test]
fn what_fails_in_decrypting_is_one_error() {
    let verifier = decrypting([decryption_key("rsa_private"), decryption_key("ec_private")]);
    for name in ["rsa_private", "ec_private"] {
        let token = with_header(name, &json!({}));
        assert!(verifier.verify(&token, NOW).is_ok());
        let parts: Vec<_> = token.split('.').collect();
        let other = with_header(name, &json!({}));
        let other: Vec<_> = other.split('.').collect();
        let bytes = |len: usize| URL_SAFE_NO_PAD.encode(vec![7; len]);
        let shorter_tag = URL_SAFE_NO_PAD.encode(&URL_SAFE_NO_PAD.decode(parts[4]).unwrap()[..12]);
        let changes = [
            // Another key for the content; none; one of another length; no base64.
            (1, bytes(256)),
            (1, if name == "rsa_private" { String::new() } else { bytes(32) }),
            (1, bytes(255)),
            (1, "!".to_owned()),
            (2, other[2].to_owned()),
            (2, bytes(16)),
            (2, String::new()),
            (3, other[3].to_owned()),
            (3, String::new()),
            (3, "=".to_owned()),
            (4, other[4].to_owned()),
            (4, shorter_tag),
            (4, String::new()),
        ];
        for (at, part) in changes {
            let mut forged: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
            forged[at].clone_from(&part);
            let error = verifier.verify(&forged.join("."), NOW).unwrap_err();
            assert_eq!(error, TokenError::Undecryptable, "{name} {at} {part:?}");
        }
    }
    assert_eq!(TokenError::Undecryptable.blame(), Blame::Issuer);
    assert_eq!(TokenError::Undecryptable.to_string(), "the token cannot be decrypted");
}

#[test]
fn takes_only_the_ways_that_it_knows() {
    let verifier = decrypting(DECRYPTING.map(decryption_key));
    let long = "x".repeat(4096);
    for (change, want) in [
        (json!({"alg": "RSA-OAEP"}), "algorithm_unknown"),
        (json!({"alg": "RSA1_5"}), "algorithm_unknown"),
        (json!({"alg": "dir"}), "algorithm_unknown"),
        (json!({"alg": "PBES2-HS256+A128KW", "p2s": "AAAA", "p2c": 1}), "algorithm_unknown"),
        (json!({"alg": "ECDH-ES+A256KW"}), "algorithm_unknown"),
        (json!({"alg": "A256GCMKW"}), "algorithm_unknown"),
        (json!({"alg": "none"}), "algorithm_unknown"),
        (json!({"alg": "HS256"}), "algorithm_unknown"),
        (json!({"alg": "ecdh-es"}), "algorithm_unknown"),
        (json!({"alg": ["ECDH-ES"]}), "malformed"),
        (json!({"alg": null}), "malformed"),
        (json!({"enc": "A128GCM"}), "algorithm_unknown"),
        (json!({"enc": "A256CBC-HS512"}), "algorithm_unknown"),
        (json!({"enc": null}), "malformed"),
        (json!({"zip": "DEF"}), "compressed"),
        (json!({"zip": ""}), "compressed"),
        (json!({"crit": ["exp"]}), "critical_header"),
        (json!({"cty": null}), "not_nested"),
        (json!({"cty": "text"}), "not_nested"),
        (json!({"cty": ["JWT"]}), "not_nested"),
        (json!({"kid": 7}), "malformed"),
        (json!({"kid": "x".repeat(257)}), "over_limit"),
        (json!({"apu": long}), "over_limit"),
        (json!({"apu": 7}), "malformed"),
        (json!({"apv": "!"}), "malformed"),
    ] {
        assert_eq!(cause(&verifier, &with_header("ec_private", &change)), want, "{change}");
    }
    for change in [json!({"cty": "jwt"}), json!({"typ": "JWT", "jku": "https://evil.example"})] {
        assert!(verifier.verify(&with_header("ec_private", &change), NOW).is_ok(), "{change}");
    }
    // What the sender says of its own key.
    let token = with_header("ec_private", &json!({}));
    let (header, rest) = token.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let (x, short) = (header["epk"]["x"].clone(), URL_SAFE_NO_PAD.encode([0; 31]));
    for (epk, want) in [
        (json!(null), "malformed"),
        (json!("x"), "malformed"),
        (json!({"kty": "EC", "crv": "P-256"}), "malformed"),
        (json!({"kty": "EC", "crv": "P-256", "x": x, "y": short}), "malformed"),
        (json!({"kty": "EC", "crv": "P-384", "x": x, "y": x}), "malformed"),
        (json!({"kty": "OKP", "crv": "P-256", "x": x, "y": x}), "malformed"),
        (json!({"kty": "EC", "crv": "P-256", "x": x, "y": x}), "undecryptable"),
        (json!({"kty": "OKP", "crv": "X25519", "x": x}), "undecryptable"),
        (json!({"kty": "OKP", "crv": "X25519", "x": "AAAA"}), "undecryptable"),
    ] {
        let mut header = header.clone();
        header["epk"] = epk.clone();
        let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()));
        assert_eq!(cause(&verifier, &forged), want, "{epk}");
    }
}

#[test]
fn picks_the_key_by_its_name_and_its_kind() {
    let named = |name: &str, kid: &str| decryption_key(name).with_kid(kid).unwrap();
    let token = |kid: Value| with_header("ec_private", &json!({ "kid": kid }));
    let cases: [(Vec<DecryptionKey>, Value, Option<&str>); 9] = [
        (vec![named("ec_private", "a")], json!("a"), None),
        (vec![named("ec_private", "a")], json!(null), None),
        (vec![decryption_key("ec_private")], json!("a"), None),
        (vec![named("ec_private", "a")], json!("b"), Some("unknown_decryption_key")),
        // The old key and the new one.
        (vec![other_p256(), named("ec_private", "a")], json!("a"), None),
        (vec![other_p256(), decryption_key("ec_private")], json!(null), None),
        (vec![other_p256()], json!("a"), Some("undecryptable")),
        // A name does not let a key of another kind be used.
        (vec![named("rsa_private", "a")], json!("a"), Some("unknown_decryption_key")),
        (
            vec![named("x25519_private", "a"), decryption_key("ec_private")],
            json!("a"),
            Some("unknown_decryption_key"),
        ),
    ];
    for (at, (keys, kid, want)) in cases.into_iter().enumerate() {
        let got = decrypting(keys).verify(&token(kid), NOW).map_err(|error| error.cause());
        assert_eq!(got.err(), want, "{at}");
    }
    let none = Verifier::new(key_set(), policy()).unwrap().verify(&token(json!(null)), NOW);
    assert_eq!(none, Err(TokenError::Encrypted));
    let forged = token(json!("x\n\u{1b}[31m"));
    let error = decrypting([named("ec_private", "a")]).verify(&forged, NOW).unwrap_err();
    assert_eq!(error, TokenError::UnknownDecryptionKey { kid: Some("x  [31m".to_owned()) });
    let mut keys = DecryptionKeys::new();
    (0..DECRYPTION_KEYS_MAX).for_each(|_| keys.add(decryption_key("ec_private")).unwrap());
    assert_eq!(keys.add(decryption_key("ec_private")).unwrap_err().cause(), "over_limit");
}

/// Another key of the kind of `ec_private`.
fn other_p256() -> DecryptionKey {
    let jwk: Value = json!({
        "kty": "EC", "crv": "P-256", "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
    });
    DecryptionKey::from_jwk(jwk.to_string().as_bytes()).unwrap()
}

#[test]
fn inside_there_must_be_a_signed_token() {
    let verifier = decrypting([decryption_key("ec_private")]);
    let seal = |content: &[u8]| public("ec_private").seal(content).unwrap();
    let signed = mint(&claims(), &signing_keys()[3]).unwrap();
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(claims_json().to_string())
    );
    let cut = &signed[..signed.len() - 1];
    let stranger = signed.replace(".ey", ".eyI");
    for (content, want) in [
        (claims_json().to_string().into_bytes(), "not_nested"),
        (vec![], "not_nested"),
        (vec![0xff, 0xfe], "not_nested"),
        (b"a.b".to_vec(), "not_nested"),
        (seal(signed.as_bytes()).into_bytes(), "not_nested"),
        (format!("{signed}.").into_bytes(), "not_nested"),
        (unsigned.into_bytes(), "unsigned"),
        (stranger.into_bytes(), "bad_signature"),
        (format!("{signed}\n").into_bytes(), "malformed"),
        (cut.as_bytes().to_vec(), "malformed"),
    ] {
        let shown = String::from_utf8_lossy(&content).into_owned();
        assert_eq!(cause(&verifier, &seal(&content)), want, "{shown}");
    }
    // The rules are the same as for others.
    let mut late = claims();
    late.exp = NOW - 90;
    let late = mint(&late, &signing_keys()[3]).unwrap();
    assert_eq!(cause(&verifier, &seal(late.as_bytes())), "expired");
}

#[test]
fn bounds_the_length() {
    let verifier = decrypting([decryption_key("ec_private")]);
    let chain = "x".repeat(9 << 10);
    let list = |count: usize| -> Vec<_> {
        (0..count).map(|at| (format!("client-key{at}"), chain.clone())).collect()
    };
    let sent = |count| {
        let secrets = Secrets::new(list(count)).unwrap();
        mint_encrypted(&to_address(), &secrets, &signing_keys()[0], &public("ec_private"))
    };
    // Eighteen kilobytes of secrets have a place, twice base64 and all.
    let fits = sent(1).unwrap();
    assert!(verifier.verify(&fits, NOW).is_ok());
    let secrets = Secrets::new([("client-key".to_owned(), "x".repeat(16 << 10))]).unwrap();
    let largest =
        mint_encrypted(&to_address(), &secrets, &signing_keys()[0], &public("rsa_private"));
    assert!(largest.unwrap().len() <= ENCRYPTED_TOKEN_MAX_BYTES);
    assert_eq!(sent(2).unwrap_err().cause(), "over_limit");
    let parts = fits.split_once('.').unwrap();
    let long = format!("{}.{}", parts.0, parts.1.replacen('.', &"A".repeat(32 << 10), 1));
    let huge = format!("{}...{}.", parts.0, "A".repeat(32 << 10));
    assert_eq!((cause(&verifier, &huge), cause(&verifier, &long)), ("over_limit", "over_limit"));
    // Only what is encrypted may be that long.
    let signed = format!("a.{}.c", "A".repeat(16 << 10));
    assert_eq!(cause(&verifier, &signed), "over_limit");
}

#[test]
fn does_not_print() {
    let key = DecryptionKey::from_jwk(file("encrypted/rsa_private.jwk")).unwrap();
    let jwk: Value = serde_json::from_slice(file("encrypted/rsa_private.jwk")).unwrap();
    let printed = format!("{key:?} {:?}", key.encryption_key().unwrap());
    assert!(printed.contains(jwk["kid"].as_str().unwrap()) && printed.contains("RsaOaep256"));
    assert!(!printed.contains(&jwk["d"].as_str().unwrap()[..8]), "{printed}");
}
