use serde_json::{Value, json};

use super::{KEYS_MAX, KeySet};
use crate::key::{Key, tests::jwk};
use crate::test_keys::{claims, file, policy, signing_keys};
use crate::{Algorithm, TokenError, Verifier, mint};

fn named(algorithm: Algorithm, kid: &str) -> Value {
    let mut jwk = jwk(algorithm);
    jwk["kid"] = json!(kid);
    jwk
}

fn read(keys: &[Value]) -> Result<super::Jwks, TokenError> {
    KeySet::from_jwks(json!({ "keys": keys }).to_string().as_bytes())
}

#[test]
fn skips_what_it_cannot_use() {
    let mut weak = named(Algorithm::Rs256, "weak");
    weak["n"] = json!("AQAB");
    let mut private = named(Algorithm::EdDsa, "private");
    private["d"] = json!("AQAB");
    let mut encryption = named(Algorithm::Rs256, "encryption");
    encryption["use"] = json!("enc");
    let jwks = read(&[
        named(Algorithm::Rs256, "rsa"),
        named(Algorithm::Hs256, "secret"),
        weak,
        private,
        encryption,
        json!({"kty": "AKP", "kid": "new\u{1b}[31m", "alg": "ML-DSA-44", "pub": "AQAB"}),
        json!("not even an object"),
        json!({"kty": 7}),
        named(Algorithm::Es256, "ec"),
    ])
    .unwrap();

    let kids: Vec<_> = jwks.keys.iter().map(|key| (key.kid().unwrap(), key.algorithm())).collect();
    assert_eq!(kids, [("rsa", Algorithm::Rs256), ("ec", Algorithm::Es256)]);
    let skipped: Vec<_> =
        jwks.skipped.iter().map(|key| (key.kid.as_deref(), key.error.cause())).collect();
    let want = [
        (Some("secret"), "key_unsupported"),
        (Some("weak"), "key_size"),
        (Some("private"), "key_is_private"),
        (Some("encryption"), "key_unsupported"),
        (Some("new [31m"), "key_unsupported"),
        (None, "key_unreadable"),
        (None, "key_unreadable"),
    ];
    assert_eq!(skipped, want);
}

#[test]
fn refuses_a_set_as_a_whole() {
    let many = vec![named(Algorithm::EdDsa, "k"); KEYS_MAX + 1];
    assert_eq!(read(&many).unwrap_err().cause(), "over_limit");
    assert_eq!(read(&many[1..]).unwrap().keys.len(), KEYS_MAX);
    assert_eq!(read(&[]).unwrap_err(), TokenError::NoUsableKey { skipped: 0 });
    let only_secret = read(&[named(Algorithm::Hs256, "k")]).unwrap_err();
    assert_eq!(only_secret, TokenError::NoUsableKey { skipped: 1 });
    for (json, cause) in [
        ("", "key_unreadable"),
        ("[]", "key_unreadable"),
        ("{}", "key_unreadable"),
        (r#"{"keys": {}}"#, "key_unreadable"),
        (r#"{"keys": [}"#, "key_unreadable"),
    ] {
        assert_eq!(KeySet::from_jwks(json.as_bytes()).unwrap_err().cause(), cause, "{json}");
    }
    let long = vec![b' '; (256 << 10) + 1];
    assert_eq!(KeySet::from_jwks(&long).unwrap_err().cause(), "over_limit");
}

#[test]
fn reads_files_of_either_kind() {
    let one = |jwk: &Value| KeySet::from_jwk_file(jwk.to_string().as_bytes());
    // A file is not public, so it may hold a secret where a set may not.
    let secret = one(&named(Algorithm::Hs256, "a")).unwrap();
    assert_eq!((secret.keys.len(), secret.skipped.len()), (1, 0));
    let set = json!({"keys": [named(Algorithm::Hs256, "a"), named(Algorithm::EdDsa, "b")]});
    let set = one(&set).unwrap();
    assert_eq!((set.keys.len(), set.skipped.len()), (1, 1));
    assert_eq!(one(&json!({"keys": 7})).unwrap_err().cause(), "key_unreadable");
    assert_eq!(one(&json!([])).unwrap_err().cause(), "key_unreadable");
}

#[test]
fn holds_a_bounded_number_of_keys() {
    let key = Key::from_pem(file("ed_public.pem")).unwrap();
    let mut keys = KeySet::new();
    assert!(keys.is_empty());
    for _ in 0..KEYS_MAX {
        keys.add(key.clone()).unwrap();
    }
    assert_eq!(keys.add(key.clone()).unwrap_err().cause(), "over_limit");
    let mut other = KeySet::new();
    other.add(key).unwrap();
    assert_eq!(other.add_all(&keys).unwrap_err().cause(), "over_limit");
    assert_eq!(other.len(), 1);
    assert_eq!(other.add_all(&KeySet::new()), Ok(()));
}

/// How a token is matched with keys: the header's `kid` and algorithm, the keys, what comes out.
#[test]
fn picks_keys_by_kid_and_algorithm() {
    let [rsa, ec, ed, _] = signing_keys();
    let key = |name, kid: Option<&str>| {
        let key = Key::from_pem(file(name)).unwrap();
        kid.map_or(key.clone(), |kid| key.with_kid(kid).unwrap())
    };
    let ed_a = || key("ed_public.pem", Some("a"));
    let other_ed = || {
        // RFC 8037 appendix A.2.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        Key::from_jwk(jwk.to_string().as_bytes()).unwrap()
    };
    let unknown = |kid: Option<&str>| TokenError::UnknownKey { kid: kid.map(str::to_owned) };
    let cases = [
        ("named key", ed.clone().with_kid("a"), vec![ed_a()], Ok(())),
        ("no kid, key named", Ok(ed.clone()), vec![ed_a()], Ok(())),
        ("kid, key not named", ed.clone().with_kid("a"), vec![key("ed_public.pem", None)], Ok(())),
        ("other kid", ed.clone().with_kid("b"), vec![ed_a()], Err(unknown(Some("b")))),
        (
            "other kid, and a nameless key that does not match",
            ed.clone().with_kid("b"),
            vec![ed_a(), other_ed()],
            Err(unknown(Some("b"))),
        ),
        ("no keys", Ok(ed.clone()), vec![], Err(unknown(None))),
        (
            "no kid, no key of the algorithm",
            Ok(ec),
            vec![ed_a(), key("rsa_public.pem", None)],
            Err(unknown(None)),
        ),
        (
            "no kid, second key matches",
            Ok(ed.clone()),
            vec![other_ed(), key("rsa_public.pem", None), ed_a()],
            Ok(()),
        ),
        (
            "two keys share a kid",
            ed.clone().with_kid("a"),
            vec![other_ed().with_kid("a").unwrap(), ed_a()],
            Ok(()),
        ),
        (
            "kid matches, key does not",
            ed.with_kid("a"),
            vec![other_ed().with_kid("a").unwrap(), key("ed_public.pem", None)],
            Err(TokenError::BadSignature),
        ),
        (
            "kid of a key for another algorithm",
            rsa.with_kid("a"),
            vec![ed_a(), key("rsa_public.pem", None)],
            Err(TokenError::KeyAlgorithm {
                kid: Some("a".to_owned()),
                key: Algorithm::EdDsa,
                token: Algorithm::Rs256,
            }),
        ),
    ];
    for (name, signer, keys, want) in cases {
        let mut set = KeySet::new();
        for key in keys {
            set.add(key).unwrap();
        }
        let token = mint(&claims(), &signer.unwrap()).unwrap();
        let verifier = Verifier::new(set, policy()).unwrap();
        let got = verifier.verify(&token, crate::test_keys::NOW).map(|_claims| ());
        assert_eq!(got, want, "{name}");
    }
}

#[test]
fn keys_rotate() {
    let [_, ec, ed, _] = signing_keys();
    let (old, new) = (ed.with_kid("old").unwrap(), ec.with_kid("new").unwrap());
    let token = mint(&claims(), &new).unwrap();
    let before = read(&[named(Algorithm::EdDsa, "old")]).unwrap().keys;
    let verifier = Verifier::new(before, policy()).unwrap();
    let refused = verifier.verify(&token, crate::test_keys::NOW).unwrap_err();
    assert_eq!(refused, TokenError::UnknownKey { kid: Some("new".to_owned()) });
    assert_eq!(refused.to_string(), "no key is known for this token (kid \"new\")");

    let both = [named(Algorithm::EdDsa, "old"), named(Algorithm::Es256, "new")];
    let verifier = verifier.with_keys(read(&both).unwrap().keys);
    for key in [old, new] {
        let token = mint(&claims(), &key).unwrap();
        assert!(verifier.verify(&token, crate::test_keys::NOW).is_ok());
    }
}
