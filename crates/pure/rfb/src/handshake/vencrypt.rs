//! `VeNCrypt` 0.2: the sub-type negotiation, and the login of its "Plain" flavours.

use bytes::BufMut;
use porthole_remote::{CredentialFields, Credentials};
use porthole_wire::Reader;
use secrecy::ExposeSecret;

use crate::RfbError;

/// The only version in use. 0.1 has other sub-types and is not served.
const VERSION: [u8; 2] = [0, 2];

/// What to answer to the server's highest version.
///
/// # Errors
///
/// [`RfbError::VencryptVersion`] below 0.2.
pub(super) fn agree([major, minor]: [u8; 2]) -> Result<[u8; 2], RfbError> {
    if [major, minor] < VERSION {
        return Err(RfbError::VencryptVersion { major, minor });
    }
    Ok(VERSION)
}

/// Reads the server's verdict on our version: 0 is yes.
///
/// # Errors
///
/// [`RfbError::VencryptVersion`] when it is no.
pub(super) fn check_agreed(refused: u8) -> Result<(), RfbError> {
    let [major, minor] = VERSION;
    if refused == 0 { Ok(()) } else { Err(RfbError::VencryptVersion { major, minor }) }
}

/// Reads the list of sub-types. `None` means that it has not all arrived; `input` is then
/// untouched. There are at most 255 of them, because their count is one byte.
pub(super) fn read_subtypes(input: &mut Reader<'_>) -> Option<Vec<u32>> {
    let mut ahead = input.clone();
    let count = ahead.u8()?;
    let body = ahead.take(usize::from(count) * 4)?;
    *input = ahead;
    Some(body.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect())
}

/// Writes user name and password.
///
/// # Errors
///
/// [`RfbError::CredentialsMissing`], and nothing is written.
pub(super) fn put_login(out: &mut impl BufMut, credentials: &Credentials) -> Result<(), RfbError> {
    let (Some(name), Some(password)) = (&credentials.username, &credentials.password) else {
        return Err(RfbError::CredentialsMissing {
            missing: CredentialFields::USERNAME.with(CredentialFields::PASSWORD),
        });
    };
    let password = password.expose_secret();
    let len = |field, text: &str| {
        u32::try_from(text.len()).map_err(|_too_long| RfbError::OverLimit {
            field,
            value: u64::MAX,
            limit: u32::MAX.into(),
        })
    };
    let (name_len, password_len) = (len("user name", name)?, len("password", password)?);
    out.put_u32(name_len);
    out.put_u32(password_len);
    out.put_slice(name.as_bytes());
    out.put_slice(password.as_bytes());
    Ok(())
}
