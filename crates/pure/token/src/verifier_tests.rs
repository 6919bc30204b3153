use serde_json::{Value, json};

use super::Verifier;
use crate::test_keys::{NOW, claims, claims_json, key_set, policy, signing_keys};
use crate::{Algorithm, Blame, Claims, KeySet, MemoryJtis, Policy, TokenError, mint};

fn verifier() -> Verifier {
    Verifier::new(key_set(), policy()).unwrap()
}

fn token(change: impl FnOnce(&mut Claims)) -> String {
    let mut claims = claims();
    change(&mut claims);
    mint(&claims, &signing_keys()[2]).unwrap()
}

fn refusal(token: &str, now_unix_s: u64) -> TokenError {
    verifier().verify(token, now_unix_s).unwrap_err()
}

#[test]
fn accepts_each_algorithm() {
    for key in signing_keys() {
        let token = mint(&claims(), &key).unwrap();
        let verified = verifier().verify(&token, NOW).unwrap();
        assert_eq!(verified.claims(), &claims(), "{}", key.algorithm());
        assert_eq!(verified.into_claims(), claims());
    }
}

#[test]
fn the_configuration_decides_about_algorithms() {
    let keys = signing_keys();
    for permitted in &keys {
        let algorithms = vec![permitted.algorithm()];
        let verifier = Verifier::new(key_set(), Policy { algorithms, ..policy() }).unwrap();
        for key in &keys {
            let got = verifier.verify(&mint(&claims(), key).unwrap(), NOW);
            if key.algorithm() == permitted.algorithm() {
                assert!(got.is_ok());
            } else {
                let algorithm = key.algorithm();
                assert_eq!(got, Err(TokenError::AlgorithmNotPermitted { algorithm }));
            }
        }
    }
    assert!(!Policy::default().algorithms.contains(&Algorithm::Hs256));
}

#[test]
fn checks_dates_to_the_second() {
    let exp_in = |s: u64| token(|claims| claims.exp = NOW + s);
    let starts_in = |s| token(|claims| claims.nbf = Some(NOW + s));
    let minted_in = |s| token(|claims| claims.iat = Some(NOW + s));
    let cases = [
        ("in time", exp_in(60), NOW + 59, None),
        ("within the leeway", exp_in(60), NOW + 89, None),
        ("past the leeway", exp_in(60), NOW + 90, Some("expired")),
        ("long past", exp_in(60), u64::MAX, Some("expired")),
        ("nbf reached", starts_in(10), NOW + 10, None),
        ("nbf within the leeway", starts_in(30), NOW, None),
        ("nbf ahead", starts_in(31), NOW, Some("not_yet_valid")),
        ("iat within the leeway", minted_in(30), NOW, None),
        ("iat ahead", minted_in(31), NOW, Some("not_yet_valid")),
        ("iat in the past", token(|claims| claims.iat = Some(NOW - 600)), NOW, None),
    ];
    for (name, token, now, want) in cases {
        let got = verifier().verify(&token, now).map_err(|error| error.cause()).err();
        assert_eq!(got, want, "{name}");
    }

    let strict = Verifier::new(key_set(), Policy { leeway_s: 0, ..policy() }).unwrap();
    assert!(strict.verify(&exp_in(60), NOW + 59).is_ok());
    let late = strict.verify(&exp_in(60), NOW + 60).unwrap_err();
    assert_eq!(late, TokenError::Expired { expired_unix_s: NOW + 60, now_unix_s: NOW + 60 });
    assert_eq!(late.blame(), Blame::Holder);
    assert_eq!(late.to_string(), "the token expired at 1767225660, it is 1767225660");
    let early = strict.verify(&starts_in(1), NOW).unwrap_err();
    let want = TokenError::NotYetValid { claim: "nbf", from_unix_s: NOW + 1, now_unix_s: NOW };
    assert_eq!(early, want);
}

#[test]
fn bounds_the_lifetime() {
    let day_s = 24 * 3600;
    let life = |iat: Option<u64>, exp| token(|claims| (claims.iat, claims.exp) = (iat, exp));
    for (name, token, want) in [
        ("a day from iat", life(Some(NOW), NOW + day_s), None),
        ("a second more", life(Some(NOW), NOW + day_s + 1), Some(day_s + 1)),
        ("mostly over", life(Some(NOW - day_s), NOW + 10), Some(day_s + 10)),
        ("a day from now", life(None, NOW + day_s), None),
        ("a day by a clock that differs", life(None, NOW + day_s + 30), None),
        ("more than a day from now", life(None, NOW + day_s + 31), Some(day_s + 31)),
        ("to the end of time", life(None, 253_402_300_799), Some(253_402_300_799 - NOW)),
    ] {
        let want =
            want.map(|lifetime_s| TokenError::LifetimeTooLong { lifetime_s, limit_s: day_s });
        assert_eq!(verifier().verify(&token, NOW).err(), want, "{name}");
    }
}

#[test]
fn checks_issuer_and_audience_letter_by_letter() {
    for issuer in ["https://portal.example/", "https://PORTAL.example", "portal.example", "*"] {
        let error = refusal(&token(|claims| claims.iss = issuer.to_owned()), NOW);
        let expected = vec!["https://portal.example".to_owned()];
        assert_eq!(error, TokenError::WrongIssuer { expected });
    }
    for audience in [vec![], vec!["Porthole"], vec!["other", "porthole2"], vec!["*"]] {
        let aud: Vec<_> = audience.into_iter().map(str::to_owned).collect();
        let error = refusal(&token(|claims| claims.aud = aud), NOW);
        assert_eq!(error, TokenError::WrongAudience { expected: vec!["porthole".to_owned()] });
        assert_eq!(error.to_string(), "the token's audience is none of [\"porthole\"]");
    }
    let several = token(|claims| claims.aud = vec!["other".to_owned(), "porthole".to_owned()]);
    assert!(verifier().verify(&several, NOW).is_ok());
}

#[test]
fn a_returning_holder_may_be_late_but_nothing_else() {
    let verifier = verifier();
    let returning = verifier.verify_returning(&token(|_| ()), NOW + 7200).unwrap();
    assert!(returning.expired());
    assert_eq!(returning.claims().jti, "4be0a1");
    assert!(!verifier.verify_returning(&token(|_| ()), NOW).unwrap().expired());

    for (token, cause) in [
        (token(|claims| claims.iss = "other".to_owned()), "wrong_issuer"),
        (token(|claims| claims.aud = vec!["other".to_owned()]), "wrong_audience"),
        (token(|claims| claims.nbf = Some(NOW + 9000)), "not_yet_valid"),
        (token(|claims| (claims.iat, claims.exp) = (Some(1), NOW)), "lifetime_too_long"),
        (token(|_| ()).replace(".ey", ".eyI"), "bad_signature"),
    ] {
        assert_eq!(verifier.verify_returning(&token, NOW + 7200).unwrap_err().cause(), cause);
    }
}

#[test]
fn a_token_opens_one_session() {
    let store = MemoryJtis::default();
    let verifier = verifier();
    let first = verifier.verify(&token(|_| ()), NOW).unwrap();
    assert_eq!(first.spend(&store, NOW), Ok(()));
    // Until the last second in which it would be accepted.
    for now in [NOW, NOW + 89] {
        let again = verifier.verify(&token(|_| ()), now).unwrap();
        let error = again.spend(&store, now).unwrap_err();
        assert_eq!((&error, error.blame()), (&TokenError::AlreadySpent, Blame::Holder));
    }
    let other = verifier.verify(&token(|claims| claims.jti = "4be0a2".to_owned()), NOW).unwrap();
    assert_eq!(other.spend(&store, NOW), Ok(()));
}

#[test]
fn checks_its_rules() {
    type Change = fn(&mut Policy);
    let cases: [(&str, Change); 9] = [
        ("tokens.algorithms", |policy| policy.algorithms.clear()),
        ("tokens.issuers", |policy| policy.issuers.clear()),
        ("tokens.issuers", |policy| policy.issuers.push(String::new())),
        ("tokens.audiences", |policy| policy.audiences.clear()),
        ("tokens.audiences", |policy| policy.audiences.push("x".repeat(257))),
        ("tokens.leeway_s", |policy| policy.leeway_s = 301),
        ("tokens.lifetime_max_s", |policy| policy.lifetime_max_s = 0),
        ("tokens.lifetime_max_s", |policy| policy.lifetime_max_s = 2_592_001),
        ("tokens.issuers", |policy| *policy = Policy::default()),
    ];
    for (want, change) in cases {
        let mut policy = policy();
        change(&mut policy);
        let error = Verifier::new(KeySet::new(), policy).unwrap_err();
        let TokenError::Setting { setting, .. } = error else { panic!("{error}") };
        assert_eq!(setting, want);
    }
    assert_eq!((verifier().keys().len(), verifier().policy().leeway_s), (4, 30));
}

#[test]
fn names_missing_claims_of_signed_tokens() {
    for claim in ["exp", "aud", "iss", "jti", "porthole"] {
        let mut json: Value = claims_json();
        json.as_object_mut().unwrap().remove(claim).unwrap();
        let token = super::forgery_tests::signed(&json!({"alg": "HS256"}), &json);
        assert_eq!(refusal(&token, NOW), TokenError::MissingClaim { claim });
    }
}
