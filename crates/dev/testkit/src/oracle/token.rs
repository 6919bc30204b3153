//! Tokens: only what the issuer signed is accepted, letter by letter.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use porthole_token::{
    Algorithm, Claims, DecryptionKey, DecryptionKeys, EncryptionKey, Grant, HmacSecret, Key,
    KeySet, Permissions, Policy, Secrets, Target, Verifier,
};
use serde_json::json;

use crate::tokens::{AUDIENCE, DECRYPTION_KEY, ISSUER, SECRET, forge, mint, mint_encrypted};

/// The time at which tokens are verified.
const NOW_UNIX_S: u64 = 1_800_000_000;

/// Most changes to the good token.
const EDITS_MAX: usize = 32;

struct Fixture {
    verifier: Verifier,
    /// A token that is accepted.
    good: String,
    /// The same, encrypted: with another key in each process.
    good_encrypted: String,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let secret = HmacSecret::new(SECRET.as_bytes()).expect("long enough");
    let mut keys = KeySet::new();
    keys.add(Key::from_secret(&secret)).expect("there is room");
    let policy = Policy {
        algorithms: vec![Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Hs256],
        issuers: vec![ISSUER.into()],
        audiences: vec![AUDIENCE.into()],
        ..Policy::default()
    };
    let mut decryption_keys = DecryptionKeys::new();
    let key = DecryptionKey::from_pem(DECRYPTION_KEY.as_bytes()).expect("a key");
    decryption_keys.add(key).expect("there is room");
    let verifier = Verifier::new(keys, policy).expect("a sound policy");
    let claims = Claims {
        iss: ISSUER.into(),
        aud: vec![AUDIENCE.into()],
        sub: None,
        name: None,
        jti: "1".into(),
        exp: NOW_UNIX_S + 60,
        nbf: None,
        iat: Some(NOW_UNIX_S),
        porthole: Grant {
            target: Target::Connection { connection: "lab".into() },
            allow: Permissions::default(),
            session_max_s: None,
        },
    };
    Fixture {
        verifier: verifier.with_decryption_keys(decryption_keys),
        good: mint(&claims).expect("sound claims"),
        good_encrypted: mint_encrypted(&claims, &Secrets::default()).expect("sound claims"),
    }
});

static READER: LazyLock<EncryptionKey> = LazyLock::new(|| {
    let key = DecryptionKey::from_pem(DECRYPTION_KEY.as_bytes()).expect("a key");
    key.encryption_key().expect("it has a public part")
});

/// Tokens of five kinds, by the first byte modulo 5: the rest as it is; the good token with
/// changes (place in two bytes, kind of change, letter); the rest as a payload with a good
/// signature; the good encrypted token with changes; the rest as a payload with a good signature,
/// encrypted.
///
/// # Panics
///
/// When a token is accepted that the issuer did not sign, or claims that it could not have
/// meant.
pub fn token(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind % 5 {
        0 => check_refused(&String::from_utf8_lossy(rest)),
        1 => check_refused(&changed(&FIXTURE.good, Unstructured::new(rest))),
        2 => check_payload(rest),
        3 => check_refused(&changed(&FIXTURE.good_encrypted, Unstructured::new(rest))),
        _ => check_encrypted_payload(rest),
    }
}

fn check_refused(token: &str) {
    let Fixture { verifier, good, good_encrypted } = &*FIXTURE;
    let is_good = token == good || token == good_encrypted;
    let opens = verifier.verify(token, NOW_UNIX_S).is_ok();
    let returns = verifier.verify_returning(token, NOW_UNIX_S).is_ok();
    assert!(opens == is_good && returns == is_good, "{token} was accepted, or the good one not");
}

fn check_payload(payload: &[u8]) {
    let token = forge(&json!({"alg": "HS256"}), payload, SECRET.as_bytes());
    let Ok(verified) = FIXTURE.verifier.verify(&token, NOW_UNIX_S) else { return };
    assert!(verified.secrets().is_empty(), "anyone can read a signed token");
    let claims = verified.claims();
    check_meant(claims);
    // What was accepted can be written down and is accepted again.
    let again = mint(claims).expect("accepted claims are within their bounds");
    let again = FIXTURE.verifier.verify(&again, NOW_UNIX_S).expect("they were accepted before");
    assert_eq!(again.claims(), claims);
}

fn check_encrypted_payload(payload: &[u8]) {
    let signed = forge(&json!({"alg": "HS256"}), payload, SECRET.as_bytes());
    let Ok(sealed) = READER.seal(signed.as_bytes()) else { return };
    let Ok(verified) = FIXTURE.verifier.verify(&sealed, NOW_UNIX_S) else { return };
    let (claims, secrets) = (verified.claims(), verified.secrets());
    check_meant(claims);
    // Without its secrets it could be a signed token.
    mint(claims).expect("accepted claims are within their bounds");
    let again = mint_encrypted(claims, secrets).expect("and so are the secrets");
    let again = FIXTURE.verifier.verify(&again, NOW_UNIX_S).expect("they were accepted before");
    assert_eq!((again.claims(), again.secrets()), (claims, secrets));
}

fn check_meant(claims: &Claims) {
    assert_eq!(claims.iss, ISSUER);
    assert!(claims.aud.iter().any(|audience| audience == AUDIENCE));
    assert!(claims.exp + 30 > NOW_UNIX_S);
}

/// `token` after at most [`EDITS_MAX`] changes.
fn changed(token: &str, mut edits: Unstructured<'_>) -> String {
    let mut letters = token.as_bytes().to_vec();
    for _ in 0..EDITS_MAX {
        if edits.is_empty() || change(&mut letters, &mut edits).is_err() {
            break;
        }
    }
    String::from_utf8_lossy(&letters).into_owned()
}

fn change(letters: &mut Vec<u8>, edits: &mut Unstructured<'_>) -> Result<()> {
    let at = usize::from(edits.arbitrary::<u16>()?) % (letters.len() + 1);
    let kind: u8 = edits.arbitrary()?;
    let letter: u8 = edits.arbitrary()?;
    match kind % 4 {
        0 => letters.insert(at, letter),
        1 => letters.truncate(at),
        2 if at < letters.len() => {
            letters.remove(at);
        }
        _ => {
            if let Some(place) = letters.get_mut(at) {
                *place = letter;
            }
        }
    }
    Ok(())
}
