use serde_json::{Value, json};

use super::{AUDIENCES_MAX, Claims, ISSUER_MAX_BYTES, JTI_MAX_BYTES};
use crate::test_keys::{NOW, claims_json};
use crate::{Grant, Permission, Permissions, Target, TokenError};

fn read(json: Value) -> Result<Claims, TokenError> {
    let Value::Object(fields) = json else { panic!("not an object") };
    fields.try_into()
}

fn with(claim: &str, value: Value) -> Value {
    let mut json = claims_json();
    match claim.strip_prefix("porthole.") {
        Some(inner) => json["porthole"][inner] = value,
        None => json[claim] = value,
    }
    json
}

fn without(claim: &str) -> Value {
    let mut json = claims_json();
    let inner = claim.strip_prefix("porthole.");
    let object = if inner.is_some() { &mut json["porthole"] } else { &mut json };
    object.as_object_mut().unwrap().remove(inner.unwrap_or(claim)).unwrap();
    json
}

#[test]
fn reads_and_writes_all_claims() {
    let full = json!({
        "iss": "https://portal.example", "aud": ["porthole", "other"], "sub": "u-17",
        "name": "Zoë Müller", "jti": "4be0a1", "exp": NOW + 60, "nbf": NOW, "iat": NOW - 1,
        "porthole": {"target": {"session": "s1"}, "allow": ["input", "audio"],
                     "session_max_s": 3600},
    });
    let claims = read(full.clone()).unwrap();
    let want = Claims {
        iss: "https://portal.example".to_owned(),
        aud: vec!["porthole".to_owned(), "other".to_owned()],
        sub: Some("u-17".to_owned()),
        name: Some("Zoë Müller".to_owned()),
        jti: "4be0a1".to_owned(),
        exp: NOW + 60,
        nbf: Some(NOW),
        iat: Some(NOW - 1),
        porthole: Grant {
            target: Target::Session { session: "s1".to_owned() },
            allow: [Permission::Audio, Permission::Input].into_iter().collect(),
            session_max_s: Some(3600),
        },
    };
    assert_eq!(claims, want);
    assert_eq!(serde_json::to_value(&claims).unwrap(), full);
    assert_eq!(serde_json::from_value::<Claims>(full).unwrap(), claims);
}

#[test]
fn reads_the_least_that_a_token_may_say() {
    let claims = read(claims_json()).unwrap();
    assert_eq!(claims.porthole.allow, Permissions::default());
    assert_eq!((claims.sub, claims.nbf, claims.porthole.session_max_s), (None, None, None));
    // Other top-level claims are none of our business.
    assert!(read(with("email", json!({"nested": [1, 2]}))).is_ok());
    // An empty list is exact: the holder may only watch.
    let watching = read(with("porthole.allow", json!([]))).unwrap();
    assert_eq!(watching.porthole.allow, Permissions::NONE);
}

#[test]
fn names_each_missing_claim() {
    for (claim, cause) in [
        ("iss", "missing_iss"),
        ("aud", "missing_aud"),
        ("exp", "missing_exp"),
        ("jti", "missing_jti"),
        ("porthole", "missing_porthole"),
        ("porthole.target", "missing_target"),
    ] {
        let error = read(without(claim)).unwrap_err();
        assert_eq!(error, TokenError::MissingClaim { claim });
        assert_eq!(error.cause(), cause);
        assert_eq!(error.to_string(), format!("the claim {claim} is missing"));
    }
}

#[test]
fn reads_dates_with_fractions() {
    let date = |value| read(with("exp", value)).map(|claims| claims.exp);
    assert_eq!(date(json!(1_767_225_600.9)), Ok(1_767_225_600));
    assert_eq!(date(json!(0)), Ok(0));
    assert_eq!(date(json!(253_402_300_799_u64)), Ok(253_402_300_799));
    assert_eq!(date(json!(253_402_300_800_u64)).unwrap_err().cause(), "claim_shape");
    let milliseconds = date(json!(1_767_225_600_000_u64)).unwrap_err();
    assert_eq!(
        milliseconds.to_string(),
        "the claim exp must be a number of seconds since 1970, not milliseconds"
    );
}

#[test]
fn refuses_other_shapes_and_sizes() {
    let text_of = |len: usize| json!("x".repeat(len));
    for (claim, value, cause) in [
        ("iss", json!(["https://portal.example"]), "claim_shape"),
        ("iss", json!(null), "claim_shape"),
        ("iss", json!(""), "claim_shape"),
        ("iss", json!("a\u{7f}b"), "claim_shape"),
        ("iss", text_of(ISSUER_MAX_BYTES + 1), "over_limit"),
        ("aud", json!(7), "claim_shape"),
        ("aud", json!([["porthole"]]), "claim_shape"),
        ("aud", json!({"porthole": true}), "claim_shape"),
        ("aud", json!([""]), "claim_shape"),
        ("aud", json!(vec!["a"; AUDIENCES_MAX + 1]), "over_limit"),
        ("aud", text_of(ISSUER_MAX_BYTES + 1), "over_limit"),
        ("sub", json!(17), "claim_shape"),
        ("sub", text_of(257), "over_limit"),
        ("name", json!("two\nlines"), "claim_shape"),
        ("name", text_of(257), "over_limit"),
        ("jti", json!(["4be0a1"]), "claim_shape"),
        ("jti", json!(1), "claim_shape"),
        ("jti", json!(""), "claim_shape"),
        ("jti", json!("späti"), "claim_shape"),
        ("jti", json!("a\tb"), "claim_shape"),
        ("jti", text_of(JTI_MAX_BYTES + 1), "over_limit"),
        ("exp", json!("1767225660"), "claim_shape"),
        ("exp", json!([1_767_225_660]), "claim_shape"),
        ("exp", json!(null), "claim_shape"),
        ("exp", json!(-1), "claim_shape"),
        ("exp", json!(1e300), "claim_shape"),
        ("exp", json!(u64::MAX), "claim_shape"),
        ("nbf", json!("now"), "claim_shape"),
        ("iat", json!(true), "claim_shape"),
        ("porthole", json!([]), "claim_shape"),
        ("porthole", json!("desk"), "claim_shape"),
        ("porthole.target", json!(["desk"]), "claim_shape"),
        ("porthole.allow", json!("input"), "claim_shape"),
        ("porthole.allow", json!(null), "claim_shape"),
        ("porthole.allow", json!(["everything"]), "unknown_permission"),
        ("porthole.alow", json!(["input"]), "unknown_field"),
        ("porthole.permissions", json!([]), "unknown_field"),
        ("porthole.session_max_s", json!(0), "claim_shape"),
        ("porthole.session_max_s", json!(-5), "claim_shape"),
        ("porthole.session_max_s", json!(60.5), "claim_shape"),
        ("porthole.session_max_s", json!("60"), "claim_shape"),
        ("porthole.session_max_s", json!(2_592_001), "claim_shape"),
    ] {
        let error = read(with(claim, value.clone())).unwrap_err();
        assert_eq!(error.cause(), cause, "{claim} {value}");
        assert_eq!(error.blame(), crate::Blame::Issuer);
    }
    assert!(read(with("jti", text_of(JTI_MAX_BYTES))).is_ok());
    assert!(read(with("porthole.session_max_s", json!(2_592_000))).is_ok());
}

#[test]
fn errors_do_not_quote_values() {
    for (claim, value) in [
        ("exp", json!("hunter2")),
        ("jti", json!({"hunter2": 1})),
        ("sub", json!("hunter2\n")),
        ("porthole", json!("hunter2")),
        ("porthole.session_max_s", json!("hunter2")),
        ("porthole.target", json!({"protocol": "vnc", "hostname": "hunter2@desk"})),
        (
            "porthole.target",
            json!({"protocol": "vnc", "hostname": "a", "parameters": {"password": "hunter2"}}),
        ),
    ] {
        let error = read(with(claim, value.clone())).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{claim} {value}: {error}");
    }
}
