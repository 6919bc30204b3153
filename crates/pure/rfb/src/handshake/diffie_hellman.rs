//! Logins behind a Diffie-Hellman exchange that nobody signs: Apple's (30) and `UltraVNC`'s MS-Logon
//! II (113). Only the login is encrypted, and the server proves nothing.

use aes::Aes128;
use bytes::{BufMut, BytesMut};
use chacha20::rand_core::Rng as _;
use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use md5::{Digest, Md5};
use porthole_remote::{CredentialFields, Credentials};
use porthole_wire::Reader;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::numbers::power;
use crate::RfbError;
use crate::random::Random;

/// Sizes of Apple's modulus that we take, in bytes. Macs use 128.
const APPLE_KEY_BYTES: std::ops::RangeInclusive<u16> = 128..=1024;

/// Room for each of user name and password, with the zero byte at their end.
const APPLE_FIELD_BYTES: usize = 64;

/// Size of all numbers in MS-Logon II, in bytes. That is far too short to hide anything: see
/// [`crate::RfbConfig::allow_plaintext_password`].
const MS_KEY_BYTES: usize = 8;

const MS_NAME_BYTES: usize = 256;
const MS_PASSWORD_BYTES: usize = 64;

/// What the server sends.
struct Offer<'a> {
    generator: &'a [u8],
    modulus: &'a [u8],
    public: &'a [u8],
}

/// Answers Apple's exchange: 4 bytes and two numbers of at most 1024. False: it has not all
/// arrived, and nothing is taken.
///
/// # Errors
///
/// Numbers that are no good, or no credentials.
pub(super) fn answer_apple(
    input: &mut Reader<'_>,
    credentials: &Credentials,
    random: &mut Random,
    out: &mut BytesMut,
) -> Result<bool, RfbError> {
    let mut ahead = input.clone();
    let (Some(generator), Some(len)) = (ahead.take(2), ahead.u16_be()) else { return Ok(false) };
    RfbError::check_limit("DH key length", len, *APPLE_KEY_BYTES.end())?;
    if len < *APPLE_KEY_BYTES.start() {
        return Err(RfbError::WeakKey { field: "DH key length", value: len.into() });
    }
    let (Some(modulus), Some(public)) = (ahead.take(len.into()), ahead.take(len.into())) else {
        return Ok(false);
    };
    *input = ahead;
    let (name, password) = login(credentials)?;
    let (ours, secret) = agree(&Offer { generator, modulus, public }, random)?;
    let mut block = Zeroizing::new([0; 2 * APPLE_FIELD_BYTES]);
    random.fill_bytes(block.as_mut_slice());
    let (name_field, password_field) = block.split_at_mut(APPLE_FIELD_BYTES);
    put_text("user name", name, name_field)?;
    put_text("password", password, password_field)?;
    let key = Zeroizing::new(<[u8; 16]>::from(Md5::digest(secret.as_slice())));
    let cipher = Aes128::new(&Array::from(*key));
    for part in block.as_chunks_mut::<16>().0 {
        let mut encrypted = Array::from(*part);
        cipher.encrypt_block(&mut encrypted);
        *part = encrypted.into();
    }
    out.put_slice(block.as_slice());
    out.put_slice(&ours);
    Ok(true)
}

/// Answers MS-Logon II: three numbers of 8 bytes. False: they have not all arrived, and nothing
/// is taken.
///
/// # Errors
///
/// Numbers that are no good, or no credentials.
pub(super) fn answer_ms_logon(
    input: &mut Reader<'_>,
    credentials: &Credentials,
    random: &mut Random,
    out: &mut BytesMut,
) -> Result<bool, RfbError> {
    let Some(numbers) = input.take(3 * MS_KEY_BYTES) else { return Ok(false) };
    let (generator, rest) = numbers.split_at(MS_KEY_BYTES);
    let (modulus, public) = rest.split_at(MS_KEY_BYTES);
    let (name, password) = login(credentials)?;
    let (ours, secret) = agree(&Offer { generator, modulus, public }, random)?;
    let secret = Zeroizing::new(*secret.first_chunk().unwrap_or(&[0; MS_KEY_BYTES]));
    let mut fields = Zeroizing::new([0; MS_NAME_BYTES + MS_PASSWORD_BYTES]);
    random.fill_bytes(fields.as_mut_slice());
    let (name_field, password_field) = fields.split_at_mut(MS_NAME_BYTES);
    put_text("user name", name, name_field)?;
    put_text("password", password, password_field)?;
    encrypt_des(*secret, name_field);
    encrypt_des(*secret, password_field);
    out.put_slice(&ours);
    out.put_slice(fields.as_slice());
    Ok(true)
}

/// DES in CBC mode. The secret is where the chain starts; with the bits of each byte mirrored, as
/// in VNC authentication, it is the key.
fn encrypt_des(secret: [u8; MS_KEY_BYTES], field: &mut [u8]) {
    let key = Zeroizing::new(secret.map(u8::reverse_bits));
    let cipher = Des::new(&Array::from(*key));
    let mut before = secret;
    for part in field.as_chunks_mut::<8>().0 {
        for (byte, before) in part.iter_mut().zip(before) {
            *byte ^= before;
        }
        let mut encrypted = Array::from(*part);
        cipher.encrypt_block(&mut encrypted);
        *part = encrypted.into();
        before = *part;
    }
}

/// Our public number, and the secret that both sides know: each as long as the modulus.
///
/// # Errors
///
/// [`RfbError::WeakKey`] on numbers with which anybody knows the secret, or none is to be had: a
/// modulus that is even, or a generator or public number that is not between 1 and the modulus
/// less 1.
fn agree(
    offer: &Offer<'_>,
    random: &mut Random,
) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), RfbError> {
    let Offer { generator, modulus, public } = offer;
    let weak = |field, value: u64| RfbError::WeakKey { field, value };
    let last = modulus.last().copied().unwrap_or(0);
    if last & 1 == 0 {
        return Err(weak("DH modulus's last byte", last.into()));
    }
    // The modulus less 1: it is odd.
    let mut highest = modulus.to_vec();
    if let Some(byte) = highest.last_mut() {
        *byte &= !1;
    }
    for (field, number) in [("DH generator", *generator), ("DH public number", *public)] {
        let significant = strip(number);
        let is_between = !matches!(significant, [] | [1]) && is_below(significant, strip(&highest));
        if !is_between {
            return Err(weak(field, significant.first().copied().unwrap_or(0).into()));
        }
    }
    let mut exponent = Zeroizing::new(vec![0; modulus.len()]);
    random.fill_bytes(exponent.as_mut_slice());
    let unusable = || weak("DH modulus's length", modulus.len() as u64);
    let ours = power(generator, &exponent, modulus, modulus.len()).ok_or_else(unusable)?;
    let secret = power(public, &exponent, modulus, modulus.len()).ok_or_else(unusable)?;
    Ok((ours.to_vec(), secret))
}

/// A number without the zeros in front.
fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Compares numbers without zeros in front.
fn is_below(number: &[u8], limit: &[u8]) -> bool {
    (number.len(), number) < (limit.len(), limit)
}

fn login(credentials: &Credentials) -> Result<(&str, &str), RfbError> {
    let (Some(name), Some(password)) = (&credentials.username, &credentials.password) else {
        return Err(RfbError::CredentialsMissing {
            missing: CredentialFields::USERNAME.with(CredentialFields::PASSWORD),
        });
    };
    Ok((name, password.expose_secret()))
}

/// Writes `text` and a zero byte to the beginning of `field`.
fn put_text(name: &'static str, text: &str, field: &mut [u8]) -> Result<(), RfbError> {
    let limit = field.len().saturating_sub(1);
    let place = if text.len() <= limit { field.get_mut(..=text.len()) } else { None };
    let too_long = RfbError::CredentialTooLong { field: name, limit };
    let (end, place) = place.and_then(<[u8]>::split_last_mut).ok_or(too_long)?;
    place.copy_from_slice(text.as_bytes());
    *end = 0;
    Ok(())
}

#[cfg(test)]
#[path = "diffie_hellman_tests.rs"]
mod tests;
