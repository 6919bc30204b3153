//! VNC authentication (RFC 6143 §7.2.2): a challenge, encrypted with the password.

use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use porthole_remote::{CredentialFields, Credentials};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::RfbError;

/// Bytes of the password that count; the protocol drops the rest.
const KEY_BYTES: usize = 8;

/// Answers `challenge`.
///
/// # Errors
///
/// [`RfbError::CredentialsMissing`] without a password.
pub(super) fn respond(
    credentials: &Credentials,
    challenge: [u8; 16],
) -> Result<[u8; 16], RfbError> {
    let password = credentials
        .password
        .as_ref()
        .ok_or(RfbError::CredentialsMissing { missing: CredentialFields::PASSWORD })?;
    Ok(encrypt(password.expose_secret().as_bytes(), challenge))
}

/// DES in ECB mode. Each byte of the key has its bits mirrored: the first implementation did
/// so, and every other since.
fn encrypt(password: &[u8], challenge: [u8; 16]) -> [u8; 16] {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    for (key_byte, password_byte) in key.iter_mut().zip(password) {
        *key_byte = password_byte.reverse_bits();
    }
    let cipher = Des::new(&Array::from(*key));
    let mut response = challenge;
    for block in response.as_chunks_mut::<8>().0 {
        let mut encrypted = Array::from(*block);
        cipher.encrypt_block(&mut encrypted);
        *block = encrypted.into();
    }
    response
}

#[cfg(test)]
mod tests {
    use super::encrypt;

    #[test]
    fn known_answers() {
        // The key of the classic worked example of DES, mirrored so that it comes out right.
        let password = [0x13_u8, 0x34, 0x57, 0x79, 0x9b, 0xbc, 0xdf, 0xf1].map(u8::reverse_bits);
        let block = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let encrypted = [0x85, 0xe8, 0x13, 0x54, 0x0f, 0x0a, 0xb4, 0x05];
        let twice = |half: [u8; 8]| {
            let mut whole = [0; 16];
            whole[..8].copy_from_slice(&half);
            whole[8..].copy_from_slice(&half);
            whole
        };
        assert_eq!(encrypt(&password, twice(block)), twice(encrypted));
        // The all-zero key and block, from the DES validation suite.
        let zeros = [0x8c, 0xa6, 0x4d, 0xe9, 0xc1, 0xb1, 0x23, 0xa7];
        assert_eq!(encrypt(b"", [0; 16]), twice(zeros));
    }

    #[test]
    fn only_eight_bytes_count() {
        let challenge = *b"sixteen bytes ok";
        assert_eq!(encrypt(b"password", challenge), encrypt(b"password and more", challenge));
        assert_ne!(encrypt(b"password", challenge), encrypt(b"passwore", challenge));
        assert_ne!(encrypt(b"short", challenge), encrypt(b"shor", challenge));
    }
}
