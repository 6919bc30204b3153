use super::{SigningKey, mint};
use crate::test_keys::{NOW, claims, file, policy, secret, signing_keys};
use crate::{
    Address, Algorithm, Claims, KeySet, Parameters, Protocol, TOKEN_MAX_BYTES, Target, Verifier,
};

#[test]
fn what_it_mints_verifies() {
    let older_form = SigningKey::from_pem(file("rsa_private_pkcs1.pem")).unwrap();
    for key in signing_keys().into_iter().chain([older_form]) {
        let key = key.with_kid("2026-01").unwrap();
        assert_eq!(key.verifying_key().kid(), Some("2026-01"));
        assert_eq!(key.verifying_key().algorithm(), key.algorithm());
        let token = mint(&claims(), &key).unwrap();
        let mut keys = KeySet::new();
        keys.add(key.verifying_key().clone()).unwrap();
        let verifier = Verifier::new(keys, policy()).unwrap();
        assert_eq!(verifier.verify(&token, NOW).unwrap().claims(), &claims());
    }
}

#[test]
fn the_header_says_what_is_needed_and_no_more() {
    let key = SigningKey::from_secret(&secret()).with_kid("k").unwrap();
    let token = mint(&claims(), &key).unwrap();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    let want = r#"{"typ":"JWT","alg":"HS256","kid":"k"}"#;
    assert_eq!(serde_json::to_string(&header).unwrap(), want);
}

#[test]
fn refuses_to_sign_what_no_gateway_accepts() {
    type Change = fn(&mut Claims);
    let cases: [(&str, Change); 7] = [
        ("claim_shape", |claims| claims.iss.clear()),
        ("claim_shape", |claims| claims.jti = "späti".to_owned()),
        ("claim_shape", |claims| claims.exp = u64::MAX),
        ("over_limit", |claims| claims.jti = "x".repeat(129)),
        ("over_limit", |claims| claims.aud = vec!["a".to_owned(); 17]),
        ("claim_shape", |claims| claims.porthole.session_max_s = Some(0)),
        ("claim_shape", |claims| {
            claims.porthole.target = Target::Session { session: String::new() };
        }),
    ];
    for (cause, change) in cases {
        let mut claims = claims();
        change(&mut claims);
        let error = mint(&claims, &SigningKey::from_secret(&secret())).unwrap_err();
        assert_eq!(error.cause(), cause);
    }
    let parameters = Parameters::new((0..8).map(|n| (format!("p{n}"), "x".repeat(4096)))).unwrap();
    let mut long = claims();
    long.porthole.target = Target::Address(Address {
        protocol: Protocol::Ssh,
        hostname: "desk".to_owned(),
        port: None,
        parameters,
    });
    let error = mint(&long, &SigningKey::from_secret(&secret())).unwrap_err();
    assert!(error.to_string().ends_with(&TOKEN_MAX_BYTES.to_string()), "{error}");
}

#[test]
fn reads_only_private_keys_that_serve() {
    for (name, cause) in [
        ("rsa_public.pem", "key_unreadable"),
        ("rsa_public_pkcs1.pem", "key_unreadable"),
        ("ec_public.pem", "key_unreadable"),
        ("ed_certificate.pem", "key_unreadable"),
        ("ec_private_sec1.pem", "key_unreadable"),
        ("rsa1024_private.pem", "key_unreadable"),
    ] {
        assert_eq!(SigningKey::from_pem(file(name)).unwrap_err().cause(), cause, "{name}");
    }
    let both = [file("ec_private.pem"), file("ec_public.pem")].concat();
    assert_eq!(SigningKey::from_pem(&both).unwrap_err().cause(), "key_unreadable");
    assert_eq!(SigningKey::from_pem(b"").unwrap_err().cause(), "key_unreadable");
    let algorithms = signing_keys().map(|key| key.algorithm());
    assert_eq!(
        algorithms,
        [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256]
    );
    for key in signing_keys() {
        assert!(format!("{key:?}").contains("redacted"));
        assert_eq!(key.with_kid("").unwrap_err().cause(), "claim_shape");
    }
}
