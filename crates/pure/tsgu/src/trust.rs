//! What TLS says about the gateway.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Signature algorithms whose digest is not the usual one (RFC 5929 §4.1), as the contents of their
/// object identifiers (RFC 8017 appendix C, RFC 5758 §3.2).
const WITH_SHA384: [&[u8]; 2] =
    [b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", b"\x2a\x86\x48\xce\x3d\x04\x03\x03"];
/// See [`WITH_SHA384`].
const WITH_SHA512: [&[u8]; 2] =
    [b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", b"\x2a\x86\x48\xce\x3d\x04\x03\x04"];
/// Those whose digest is SHA-256: they name it, or one that is too old to use.
const WITH_SHA256: [&[u8]; 4] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b",
    b"\x2a\x86\x48\xce\x3d\x04\x03\x02",
];

/// What TLS knows about the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Whether its certificate was checked: only then is a password sent as it is.
    pub is_verified: bool,
    /// The `tls-server-end-point` channel binding (RFC 5929 §4), by which the log-on holds in this
    /// TLS stream alone. `None` when the certificate's algorithm has no digest that both know.
    pub end_point: Option<Vec<u8>>,
}

impl Trust {
    /// Of a gateway with this certificate, in DER.
    pub fn of(certificate: &[u8], is_verified: bool) -> Self {
        let digest = match signature_algorithm(certificate) {
            Some(found) if WITH_SHA256.contains(&found) => {
                Some(Sha256::digest(certificate).to_vec())
            }
            Some(found) if WITH_SHA384.contains(&found) => {
                Some(Sha384::digest(certificate).to_vec())
            }
            Some(found) if WITH_SHA512.contains(&found) => {
                Some(Sha512::digest(certificate).to_vec())
            }
            _ => None,
        };
        let end_point = digest.map(|digest| [b"tls-server-end-point:", &digest[..]].concat());
        Self { is_verified, end_point }
    }
}

/// The object identifier of the algorithm that signed a certificate: the second field of its
/// sequence (RFC 5280 §4.1).
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (_signed, rest) = element(fields, SEQUENCE)?;
    let (algorithm, _signature) = element(rest, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(identifier, _)| identifier)
}

/// Contents of the DER element of this tag at the start of `bytes`, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (len, rest) = match bytes {
        [found, ..] if *found != tag => return None,
        [_, short, rest @ ..] if *short < 0x80 => (usize::from(*short), rest),
        [_, 0x81, len, rest @ ..] => (usize::from(*len), rest),
        [_, 0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::{Trust, element};

    /// A certificate's outer shape, signed with the algorithm of this identifier.
    fn signed_with(identifier: &[u8]) -> Vec<u8> {
        let mut algorithm = vec![0x06, u8::try_from(identifier.len()).unwrap()];
        algorithm.extend(identifier);
        let mut fields = vec![0x30, 0x81, 0x01, 0xff];
        fields.extend([0x30, u8::try_from(algorithm.len()).unwrap()]);
        fields.extend(algorithm);
        [&[0x30, 0x82, 0, u8::try_from(fields.len()).unwrap()][..], &fields].concat()
    }

    #[test]
    fn the_digest_follows_the_signature() {
        let cases: [(&[u8], Option<usize>); 4] = [
            (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", Some(32)),
            (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", Some(48)),
            (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", Some(64)),
            // Ed25519 has no digest of its own.
            (b"\x2b\x65\x70", None),
        ];
        for (identifier, digest) in cases {
            let trust = Trust::of(&signed_with(identifier), true);
            assert_eq!(trust.end_point.map(|bytes| bytes.len()), digest.map(|len| len + 21));
        }
        let whole = signed_with(b"\x2b\x65\x70");
        for cut in 0..whole.len() {
            assert_eq!(Trust::of(&whole[..cut], true).end_point, None, "{cut}");
        }
        assert_eq!(element(b"\x30\x84\xff\xff\xff\xff", 0x30), None);
    }
}
