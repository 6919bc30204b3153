//! Tokens that others have made, and the RFC's own. `tests_data/encrypted` has what made them.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::parts::Sealed;
use crate::header::decode;
use crate::test_keys::{DECRYPTING, NOW, decrypting, decryption_key, file};
use crate::{DecryptionKey, Target, Verified};

pub(super) fn vectors(by: &str) -> BTreeMap<String, String> {
    serde_json::from_slice(file(&format!("encrypted/{by}.json"))).unwrap()
}

fn check(verified: &Verified, which: &str) {
    let listed: Vec<_> = verified.secrets().iter().collect();
    assert_eq!(listed, [("password", "hunter2")], "{which}");
    let Target::Address(address) = &verified.claims().porthole.target else { panic!("{which}") };
    let open: Vec<_> = address.parameters.iter().collect();
    assert_eq!(open, [("font-size", "12"), ("username", "ada")], "{which}");
    // What can be printed and written does not have it.
    let written = serde_json::to_string(verified.claims()).unwrap();
    assert!(!format!("{verified:?} {written}").contains("hunter2"), "{which}");
}

#[test]
fn reads_tokens_of_other_implementations() {
    let all = decrypting(DECRYPTING.map(decryption_key));
    for by in ["jwcrypto", "jose"] {
        let tokens = vectors(by);
        assert_eq!(tokens.len(), DECRYPTING.len());
        for (key, token) in tokens {
            let jwk = file(&format!("encrypted/{key}.jwk"));
            // jwcrypto names keys by themselves, its tokens do not name any.
            let own = decrypting([DecryptionKey::from_jwk(jwk).unwrap()]);
            for verifier in [&all, &own] {
                check(&verifier.verify(&token, NOW).unwrap(), &format!("{key} by {by}"));
                let returning = verifier.verify_returning(&token, NOW + 999).unwrap();
                assert!(returning.expired());
            }
        }
    }
}

#[test]
fn decrypts_what_rfc_7516_has() {
    // Appendix A.1. RSA-OAEP with SHA-1 brings its key, and we do not take that; the rest is ours.
    let bytes = |text| decode("shape", text).unwrap();
    let sealed = Sealed {
        aad: "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ",
        encrypted_key: vec![],
        nonce: bytes("48V1_ALb6US04U3b").as_slice().try_into().unwrap(),
        ciphertext: bytes(
            "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A",
        )
        .to_vec(),
        tag: bytes("XFBoMYUZodetZdvTiFvSkQ").as_slice().try_into().unwrap(),
    };
    let key = Zeroizing::new([
        177, 161, 244, 128, 84, 143, 225, 115, 63, 180, 3, 255, 107, 154, 212, 246, 138, 7, 110,
        91, 112, 46, 34, 105, 47, 130, 203, 46, 122, 234, 64, 252,
    ]);
    let content = sealed.open(&key).unwrap();
    assert_eq!(*content, b"The true sign of intelligence is not knowledge but imagination.");
    assert_eq!(sealed.open(&Zeroizing::new([7; 32])), None);
    let whole = format!("{}.AAAA.48V1_ALb6US04U3b.AAAA.XFBoMYUZodetZdvTiFvSkQ", sealed.aad);
    let error = decrypting([decryption_key("rsa_private")]).verify(&whole, NOW).unwrap_err();
    assert_eq!(error.cause(), "algorithm_unknown");
}
