//! Tokens that no portal would make.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Verifier;
use crate::test_keys::{NOW, claims, claims_json, file, key_set, policy, secret, signing_keys};
use crate::{Algorithm, HmacSecret, Key, KeySet, TOKEN_MAX_BYTES, TokenError, mint};

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hmac_signed(header: &str, payload: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// A token with any header and payload, and a good HS256 signature.
pub(crate) fn signed(header: &Value, payload: &Value) -> String {
    hmac_signed(&header.to_string(), &payload.to_string(), secret().bytes())
}

fn refusal(token: &str) -> TokenError {
    Verifier::new(key_set(), policy()).unwrap().verify(token, NOW).unwrap_err()
}

#[test]
fn a_public_key_is_no_secret() {
    // The classic: an RS256 verifier that is shown an HS256 token "signed" with its public key.
    for name in ["rsa_public.pem", "rsa_public_pkcs1.pem", "ec_public.pem", "ed_public.pem"] {
        let pem = file(name);
        let mut keys = KeySet::new();
        keys.add(Key::from_pem(pem).unwrap().with_kid("k").unwrap()).unwrap();
        let verifier = Verifier::new(keys.clone(), policy()).unwrap();
        let payload = claims_json().to_string();
        let key_bytes = pem::der(pem);
        for secret in [pem, pem.trim_ascii_end(), key_bytes.as_slice()] {
            let token = hmac_signed(r#"{"alg":"HS256"}"#, &payload, secret);
            let error = verifier.verify(&token, NOW).unwrap_err();
            assert_eq!(error, TokenError::UnknownKey { kid: None }, "{name}");
            let token = hmac_signed(r#"{"alg":"HS256","kid":"k"}"#, &payload, secret);
            let error = verifier.verify(&token, NOW).unwrap_err();
            assert_eq!(error.cause(), "key_algorithm", "{name}");
        }
        assert_eq!(HmacSecret::new(pem).unwrap_err(), TokenError::SecretIsPem);
    }
}

#[test]
fn a_header_cannot_switch_algorithms() {
    for key in signing_keys() {
        let token = mint(&claims(), &key).unwrap();
        let (_, rest) = token.split_once('.').unwrap();
        for name in ["RS256", "ES256", "EdDSA", "HS256"] {
            let algorithm: Algorithm = name.parse().unwrap();
            if algorithm != key.algorithm() {
                let forged = format!("{}.{rest}", encode(json!({"alg": name}).to_string()));
                assert_eq!(
                    refusal(&forged),
                    TokenError::BadSignature,
                    "{} as {name}",
                    key.algorithm()
                );
            }
        }
    }
}

#[test]
fn refuses_unsigned_encrypted_and_unknown() {
    let payload = encode(claims_json().to_string());
    let header = |alg: &str| encode(json!({ "alg": alg }).to_string());
    for none in ["none", "None", "NONE", "nOnE"] {
        for signature in ["", "AAAA"] {
            let token = format!("{}.{payload}.{signature}", header(none));
            assert_eq!(refusal(&token), TokenError::Unsigned);
        }
    }
    let jwe = format!("{}.AAAA.AAAA.AAAA.AAAA", header("RSA-OAEP-256"));
    assert_eq!(refusal(&jwe), TokenError::Encrypted);
    assert_eq!(refusal(&jwe).to_string(), "encrypted tokens are not accepted by this gateway");
    for unknown in ["HS512", "RS512", "PS256", "ES384", "hs256", "", "HS256 ", "\u{1b}[2J"] {
        let error = refusal(&format!("{}.{payload}.AAAA", header(unknown)));
        assert_eq!(error.cause(), "algorithm_unknown", "{unknown:?}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
}

#[test]
fn a_signature_covers_every_bit() {
    for key in signing_keys() {
        let token = mint(&claims(), &key).unwrap();
        let starts = token.rfind('.').unwrap() + 1;
        let signature = URL_SAFE_NO_PAD.decode(&token[starts..]).unwrap();
        for at in [0, signature.len() / 2, signature.len() - 1] {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            let forged = format!("{}{}", &token[..starts], encode(changed));
            assert_eq!(refusal(&forged), TokenError::BadSignature, "{} at {at}", key.algorithm());
        }
        for other in [vec![], vec![0; signature.len()], [signature.as_slice(), &[0]].concat()] {
            let forged = format!("{}{}", &token[..starts], encode(other));
            assert_eq!(refusal(&forged), TokenError::BadSignature, "{}", key.algorithm());
        }
        let mut raised = claims();
        raised.exp += 1;
        let payload = encode(serde_json::to_string(&raised).unwrap());
        let parts: Vec<_> = token.split('.').collect();
        let forged = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert_eq!(refusal(&forged), TokenError::BadSignature, "{}", key.algorithm());
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_refused() {
    let verifier = Verifier::new(key_set(), policy()).unwrap();
    for key in signing_keys() {
        let token = mint(&claims(), &key).unwrap();
        for cut in 0..token.len() {
            assert!(
                verifier.verify(&token[..cut], NOW).is_err(),
                "{} cut at {cut}",
                key.algorithm()
            );
            assert!(verifier.verify(&token[cut + 1..], NOW).is_err());
            for other in ['A', '.', '=', '\0', 'é'] {
                let changed = format!("{}{other}{}", &token[..cut], &token[cut + 1..]);
                let got = verifier.verify(&changed, NOW);
                assert!(got.is_err() || changed == token, "{} {other:?} at {cut}", key.algorithm());
            }
        }
        for longer in
            [format!("{token}A"), format!("{token}="), format!("{token}."), format!(" {token}")]
        {
            assert!(verifier.verify(&longer, NOW).is_err());
        }
    }
}

#[test]
fn names_the_malformed_part() {
    let good = json!({"alg": "HS256"});
    let payload = claims_json();
    let malformed = |part| TokenError::Malformed { part };
    for token in ["", ".", "..", "...", "a", "a.b", "a.b.c.d", "a.b.c.d.e.f"] {
        let want = if token == ".." { malformed("header") } else { malformed("shape") };
        assert_eq!(refusal(token), want, "{token:?}");
    }
    for header in [
        json!("HS256"),
        json!([]),
        json!({}),
        json!({"alg": null}),
        json!({"alg": ["HS256"]}),
        json!({"alg": "HS256", "kid": 7}),
        json!({"alg": "HS256", "kid": null}),
    ] {
        assert_eq!(refusal(&signed(&header, &payload)), malformed("header"), "{header}");
    }
    let token = signed(&good, &payload);
    let parts: Vec<_> = token.split('.').collect();
    for header in ["", "!", "e30=", "e30", "eyJ", "_____"] {
        let token = format!("{header}.{}.{}", parts[1], parts[2]);
        assert_eq!(refusal(&token), malformed("header"), "{header:?}");
    }
    assert_eq!(refusal(&format!("{}.{}.!", parts[0], parts[1])), malformed("signature"));
    for payload in ["", "{", "[]", "7", "\"text\"", "{\"exp\":1", "\u{feff}{}", "{} {}"] {
        let token = hmac_signed(r#"{"alg":"HS256"}"#, payload, secret().bytes());
        assert_eq!(refusal(&token), malformed("payload"), "{payload:?}");
    }
    // Deep nesting ends in an error, not in the stack's end.
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let token = hmac_signed(r#"{"alg":"HS256"}"#, &deep, secret().bytes());
    assert_eq!(refusal(&token), malformed("payload"));
}

#[test]
fn the_payload_is_not_read_before_the_signature_is_verified() {
    let token = hmac_signed(r#"{"alg":"HS256"}"#, "not JSON", &[7; 32]);
    assert_eq!(refusal(&token), TokenError::BadSignature);
}

#[test]
fn refuses_long_tokens_and_names() {
    let long = "a".repeat(TOKEN_MAX_BYTES + 1);
    let want = TokenError::OverLimit {
        field: "token length",
        value: TOKEN_MAX_BYTES + 1,
        limit: TOKEN_MAX_BYTES,
    };
    assert_eq!(refusal(&long), want);
    let header = json!({"alg": "HS256", "kid": "x".repeat(257)});
    assert_eq!(refusal(&signed(&header, &claims_json())).cause(), "over_limit");
    // A forged kid must not write what it likes into a log.
    let header = json!({"alg": "HS256", "kid": "x\n\u{1b}[31mforged"});
    let mut keys = KeySet::new();
    keys.add(Key::from_secret(&secret()).with_kid("k").unwrap()).unwrap();
    let verifier = Verifier::new(keys, policy()).unwrap();
    let error = verifier.verify(&signed(&header, &claims_json()), NOW).unwrap_err();
    assert_eq!(error, TokenError::UnknownKey { kid: Some("x  [31mforged".to_owned()) });
}

#[test]
fn takes_no_advice_from_the_header() {
    let payload = claims_json();
    for crit in [json!(["b64"]), json!([]), json!("b64")] {
        let header = json!({"alg": "HS256", "b64": false, "crit": crit});
        assert_eq!(refusal(&signed(&header, &payload)), TokenError::CriticalHeader);
    }
    // A key in the header verifies nothing: this token is signed with the key that it brings.
    let brought = [9_u8; 32];
    let header = json!({
        "alg": "HS256", "jku": "https://evil.example/jwks",
        "jwk": {"kty": "oct", "k": encode(brought)},
    });
    let token = hmac_signed(&header.to_string(), &payload.to_string(), &brought);
    assert_eq!(refusal(&token), TokenError::BadSignature);
}

#[test]
fn errors_do_not_quote_the_token() {
    for key in signing_keys() {
        let token = mint(&claims(), &key).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let forged = [
            format!("{}.{}.{}", parts[0], parts[1], encode([0; 64])),
            format!("{}.{}", parts[1], parts[2]),
            format!("{}.{}.{}", parts[1], parts[0], parts[2]),
            format!("{token}.{token}"),
        ];
        for token in forged {
            let error = refusal(&token);
            let printed = format!("{error} {error:?}");
            assert!(parts.iter().all(|part| !printed.contains(part)), "{printed}");
        }
    }
}

mod pem {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    /// The bytes inside a PEM block.
    pub(super) fn der(pem: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(pem).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        STANDARD.decode(body).unwrap()
    }
}
