//! ECDH-ES: agreeing on the content's key with a key pair that the sender made for one token.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::{CONTENT, CONTENT_KEY_BITS, ContentKey};

/// The curves that serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    X25519,
}

impl Curve {
    /// `kty` and `crv` of its keys.
    pub(super) const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::P256 => ("EC", "P-256"),
            Self::X25519 => ("OKP", "X25519"),
        }
    }

    /// The curve of a key that says so of itself.
    pub(super) fn of_names(kty: &str, crv: &str) -> Option<Self> {
        [Self::P256, Self::X25519].into_iter().find(|curve| curve.names() == (kty, crv))
    }

    pub(super) const fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::X25519 => &agreement::X25519,
        }
    }
}

/// What both sides know of one agreement (RFC 7518 §4.6.1).
#[derive(Debug)]
pub(super) struct Agreement {
    pub(super) curve: Curve,
    /// The other side's public key: 4, x and y on P-256, 32 bytes on X25519.
    pub(super) public: Vec<u8>,
    /// `apu`: who sends.
    pub(super) sender: Vec<u8>,
    /// `apv`: who receives.
    pub(super) receiver: Vec<u8>,
}

impl Agreement {
    /// The content's key. `None` when the other side's public key is not on the curve, or is one of
    /// those with which every agreement ends in zero.
    pub(super) fn content_key(&self, private: &PrivateKey) -> Option<ContentKey> {
        let public = UnparsedPublicKey::new(self.curve.algorithm(), &self.public);
        let derive = |shared: &[u8]| {
            Ok(concat_kdf(shared, CONTENT, CONTENT_KEY_BITS, &self.sender, &self.receiver))
        };
        agreement::agree(private, public, (), derive).ok()
    }
}

/// Concat KDF of NIST SP 800-56A §5.8.1 with SHA-256, as RFC 7518 §4.6.2 has it. One round is all
/// that 256 bits take; of fewer bits, the first bytes count.
fn concat_kdf(
    shared: &[u8],
    algorithm: &str,
    bits: u32,
    sender: &[u8],
    receiver: &[u8],
) -> ContentKey {
    const FIRST_ROUND: u32 = 1;
    let mut hash = Context::new(&SHA256);
    hash.update(&FIRST_ROUND.to_be_bytes());
    hash.update(shared);
    for text in [algorithm.as_bytes(), sender, receiver] {
        // The header that they come from is bounded.
        hash.update(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(text);
    }
    hash.update(&bits.to_be_bytes());
    let mut key = Zeroizing::new([0; 32]);
    for (byte, hashed) in key.iter_mut().zip(hash.finish().as_ref()) {
        *byte = *hashed;
    }
    key
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::agreement::PrivateKey;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{Agreement, Curve, concat_kdf};

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn derives_the_key_of_rfc_7518() {
        // Appendix C, whose key has 128 bits.
        let shared = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
            110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = concat_kdf(&shared, "A128GCM", 128, b"Alice", b"Bob");
        assert_eq!(URL_SAFE_NO_PAD.encode(&key[..16]), "VqqN6vgjbSBcIijNcacQGg");
        // And the shared secret itself, from Alice's ephemeral key and Bob's.
        let bob = bytes("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        let bob = PrivateKey::from_private_key(Curve::P256.algorithm(), &bob).unwrap();
        let (x, y) = (
            bytes("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0"),
            bytes("SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"),
        );
        let alice = [&[4][..], &x, &y].concat();
        let agreement = Agreement {
            curve: Curve::P256,
            public: alice,
            sender: b"Alice".to_vec(),
            receiver: b"Bob".to_vec(),
        };
        let want = concat_kdf(&shared, "A256GCM", 256, b"Alice", b"Bob");
        assert_eq!(agreement.content_key(&bob), Some(want));
    }

    #[test]
    fn agrees_as_rfc_7748_does() {
        // Section 6.1, which RFC 8037 appendix A.6 has as JWKs.
        let bob = bytes("XasIfmJKikt54X-Lg4AO5m87sSkmGLb9HC-LJ_-I4Os");
        let bob = PrivateKey::from_private_key(Curve::X25519.algorithm(), &bob).unwrap();
        let shared = bytes("Sl2dW6TOLeFyjjv0gDUPJeB-IclH0Z4zdvCbPB4WF0I");
        let agreement = Agreement {
            curve: Curve::X25519,
            public: bytes("hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"),
            sender: vec![],
            receiver: vec![],
        };
        let want = concat_kdf(&shared, "A256GCM", 256, b"", b"");
        assert_eq!(agreement.content_key(&bob), Some(want));
    }

    #[test]
    fn refuses_points_that_are_not_on_the_curve() {
        let private = |curve: Curve| PrivateKey::generate(curve.algorithm()).unwrap();
        let agree = |curve, public: Vec<u8>| {
            let agreement = Agreement { curve, public, sender: vec![], receiver: vec![] };
            agreement.content_key(&private(curve))
        };
        let mut off = vec![4; 65];
        off[64] = 1;
        for (curve, public) in [
            (Curve::P256, off),
            (Curve::P256, vec![0; 65]),
            (Curve::P256, vec![]),
            (Curve::P256, vec![0]),
            // Compressed, which RFC 7518 does not have.
            (Curve::P256, [vec![4], vec![7; 32]].concat()),
            // Points of small order.
            (Curve::X25519, vec![0; 32]),
            (Curve::X25519, [vec![1], vec![0; 31]].concat()),
            (Curve::X25519, vec![9; 31]),
        ] {
            assert_eq!(agree(curve, public.clone()), None, "{curve:?} {public:?}");
        }
        assert!(agree(Curve::X25519, [vec![9], vec![0; 31]].concat()).is_some());
    }
}
