//! The secret behind HS256.

use std::fmt;

use zeroize::Zeroizing;

use crate::TokenError;
use crate::key::KEY_FILE_MAX_BYTES;

/// Fewest bytes in an HS256 secret: as many as the hash has (RFC 7518 §3.2).
pub const SECRET_MIN_BYTES: usize = 32;

/// A secret that portal and gateway share. It does not print, and is wiped when dropped.
#[derive(Clone)]
pub struct HmacSecret(Zeroizing<Vec<u8>>);

impl HmacSecret {
    /// Takes `bytes` as they are.
    ///
    /// # Errors
    ///
    /// Shorter than [`SECRET_MIN_BYTES`], longer than [`KEY_FILE_MAX_BYTES`], or a PEM file: a
    /// public key that served as a secret would let everyone who knows it sign tokens.
    pub fn new(bytes: &[u8]) -> Result<Self, TokenError> {
        TokenError::check_limit("secret length", bytes.len(), KEY_FILE_MAX_BYTES)?;
        if bytes.windows(PEM_MARK.len()).any(|window| window == PEM_MARK) {
            return Err(TokenError::SecretIsPem);
        }
        if bytes.len() < SECRET_MIN_BYTES {
            return Err(TokenError::SecretTooShort { len: bytes.len(), min: SECRET_MIN_BYTES });
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Takes the contents of a file. When they are printable ASCII, line ends after the text are
    /// not part of the secret: editors and `echo` add them, and portals strip them.
    ///
    /// # Errors
    ///
    /// As [`HmacSecret::new`].
    pub fn from_file(contents: &[u8]) -> Result<Self, TokenError> {
        let text = contents.trim_ascii_end();
        let is_line_ends = |rest: &[u8]| rest.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
        let is_text = text.iter().all(|byte| (b' '..=b'~').contains(byte))
            && contents.get(text.len()..).is_some_and(is_line_ends);
        Self::new(if is_text { text } else { contents })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HmacSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSecret")
    }
}

const PEM_MARK: &[u8] = b"-----BEGIN";

#[cfg(test)]
mod tests {
    use super::HmacSecret;
    use crate::{Blame, TokenError};

    #[test]
    fn refuses_what_is_no_secret() {
        let short = HmacSecret::new(&[7; 31]).unwrap_err();
        assert_eq!(short, TokenError::SecretTooShort { len: 31, min: 32 });
        assert_eq!(short.blame(), Blame::Operator);
        assert_eq!(short.to_string(), "the secret has 31 bytes, it must have at least 32");
        for pem in ["rsa_public.pem", "ec_public.pem", "rsa_certificate.pem"] {
            let pem = crate::test_keys::file(pem);
            assert_eq!(HmacSecret::new(pem).unwrap_err(), TokenError::SecretIsPem);
            let indented = [b"\n  ", pem].concat();
            assert_eq!(HmacSecret::from_file(&indented).unwrap_err(), TokenError::SecretIsPem);
        }
        assert_eq!(HmacSecret::new(&vec![7; 1 << 19]).unwrap_err().cause(), "over_limit");
    }

    #[test]
    fn drops_the_line_end_of_a_text_file_only() {
        let text = b"0123456789abcdef0123456789abcdef";
        for end in ["", "\n", "\r\n", "\n\n"] {
            let file = [text, end.as_bytes()].concat();
            assert_eq!(HmacSecret::from_file(&file).unwrap().bytes(), text, "{end:?}");
        }
        let mut binary = [0x80_u8; 33];
        binary[32] = b'\n';
        assert_eq!(HmacSecret::from_file(&binary).unwrap().bytes(), binary);
        // A space is a character like any other, so the end is not ours to cut.
        let spaced = [text, b" \n".as_slice()].concat();
        assert_eq!(HmacSecret::from_file(&spaced).unwrap().bytes(), spaced);
    }

    #[test]
    fn does_not_print() {
        let secret = HmacSecret::new(&[b'x'; 32]).unwrap();
        assert_eq!(format!("{secret:?}"), "HmacSecret");
    }
}
