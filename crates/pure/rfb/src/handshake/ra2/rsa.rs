//! RSA with PKCS #1 v1.5 encryption (RFC 8017 §7.2), for numbers of a few bytes.
//!
//! A key pair serves one connection and opens one message, so an answer about its padding
//! teaches an attacker nothing that helps with another.

use bytes::BufMut;
use chacha20::rand_core::Rng as _;
use crypto_bigint::{BoxedUint, ConcatenatingMul as _, Odd};
use crypto_primes::{Flavor, random_prime};
use porthole_wire::Reader;
use zeroize::{Zeroize as _, Zeroizing};

use super::super::numbers::{bytes, number, power, raise};
use crate::RfbError;
use crate::random::Random;

/// Sizes of a server's key that we take, in bits. Servers and other clients agree on these.
const SERVER_KEY_BITS: std::ops::RangeInclusive<u32> = 1024..=8192;

/// Size of our own key, in bits.
const OUR_KEY_BITS: u32 = 2048;

/// Largest public exponent, in bytes. 65,537 is usual; a long one only costs time.
const EXPONENT_MAX_BYTES: usize = 8;

/// Bytes of padding and marks around a message: 0, 2, at least eight random bytes, 0.
const PADDING_MIN_BYTES: usize = 11;

/// A public key as it goes over the wire.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    bits: u32,
    modulus: Vec<u8>,
    /// As long as the modulus.
    exponent: Vec<u8>,
}

/// A key pair of ours.
pub(super) struct KeyPair {
    pub(super) public: PublicKey,
    modulus: Odd<BoxedUint>,
    exponent: BoxedUint,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.exponent.zeroize();
    }
}

impl PublicKey {
    /// Reads a server's key: at most 2052 bytes. `None`: it has not all arrived, and nothing is
    /// taken.
    ///
    /// # Errors
    ///
    /// The key is too short, too long or not one.
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Option<Self>, RfbError> {
        let mut ahead = input.clone();
        let Some(bits) = ahead.u32_be() else { return Ok(None) };
        RfbError::check_limit("server-key-length", bits, *SERVER_KEY_BITS.end())?;
        let bad = |field, value: usize| RfbError::BadField { field, value: value as u64 };
        if bits < *SERVER_KEY_BITS.start() {
            return Err(RfbError::WeakKey { field: "server-key-length", value: bits.into() });
        }
        // At most 1024.
        let len = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
        let (Some(modulus), Some(exponent)) = (ahead.take(len), ahead.take(len)) else {
            return Ok(None);
        };
        *input = ahead;
        let significant = exponent.iter().skip_while(|byte| **byte == 0).count();
        let lowest = exponent.last().copied().unwrap_or(0);
        if !(1..=EXPONENT_MAX_BYTES).contains(&significant)
            || lowest & 1 == 0
            || (significant, lowest) == (1, 1)
        {
            return Err(bad("public exponent's length", significant));
        }
        let highest = modulus.first().copied().unwrap_or(0);
        if modulus.last().is_none_or(|byte| byte & 1 == 0) || highest == 0 {
            return Err(bad("modulus's first byte", highest.into()));
        }
        Ok(Some(Self { bits, modulus: modulus.to_vec(), exponent: exponent.to_vec() }))
    }

    /// Writes it as [`PublicKey::read`] reads it, which is also what hashes are made of.
    pub(super) fn put(&self, out: &mut impl BufMut) {
        out.put_u32(self.bits);
        out.put_slice(&self.modulus);
        out.put_slice(&self.exponent);
    }

    /// Length of the modulus and of everything encrypted, in bytes.
    pub(super) const fn len(&self) -> usize {
        self.modulus.len()
    }

    /// Encrypts `message`, which is much shorter than the key.
    pub(super) fn encrypt(&self, message: &[u8], random: &mut Random) -> Option<Vec<u8>> {
        let padding_len = self.len().checked_sub(message.len() + 3)?;
        if padding_len + 3 < PADDING_MIN_BYTES {
            return None;
        }
        let mut block = Zeroizing::new(vec![0, 2]);
        while block.len() < padding_len + 2 {
            let [byte, ..] = random.next_u32().to_le_bytes();
            if byte != 0 {
                block.push(byte);
            }
        }
        block.push(0);
        block.extend_from_slice(message);
        power(&block, self.significant_exponent(), &self.modulus, self.len())
            .map(|encrypted| encrypted.to_vec())
    }

    /// Without the zeros in front, which would only cost time.
    fn significant_exponent(&self) -> &[u8] {
        let zeros = self.exponent.iter().take_while(|byte| **byte == 0).count();
        self.exponent.get(zeros..).unwrap_or_default()
    }
}

impl KeyPair {
    /// Makes one. This takes about a tenth of a second.
    pub(super) fn generate(random: &mut Random) -> Self {
        loop {
            if let Some(pair) = Self::try_generate(random) {
                return pair;
            }
        }
    }

    /// `None` when the primes do not fit each other or the exponent, which is rare.
    fn try_generate(random: &mut Random) -> Option<Self> {
        let len = usize::try_from(OUR_KEY_BITS / 8).ok()?;
        let exponent = number(&[1, 0, 1], len)?;
        let one = number(&[1], len / 2)?;
        let mut prime = || random_prime::<BoxedUint, _>(random, Flavor::Any, OUR_KEY_BITS / 2);
        let (mut first, mut second) = (prime(), prime());
        let modulus = first.concatenating_mul(&second);
        let (mut first_less, mut second_less) =
            (first.wrapping_sub(&one), second.wrapping_sub(&one));
        let mut order = first_less.concatenating_mul(&second_less);
        for secret in [&mut first, &mut second, &mut first_less, &mut second_less] {
            secret.zeroize();
        }
        if modulus.bits() != OUR_KEY_BITS {
            return None;
        }
        let private = exponent.invert_mod(order.as_nz_vartime()?).into_option();
        order.zeroize();
        let public = PublicKey {
            bits: OUR_KEY_BITS,
            modulus: bytes(modulus.clone(), len)?.to_vec(),
            exponent: bytes(exponent, len)?.to_vec(),
        };
        Some(Self { public, modulus: modulus.into_odd().into_option()?, exponent: private? })
    }

    /// Opens what was encrypted for this key. `None`: it was not, or holds more or less than `N`
    /// bytes.
    pub(super) fn decrypt<const N: usize>(&self, encrypted: &[u8]) -> Option<Zeroizing<[u8; N]>> {
        let len = self.public.len();
        let base = number(encrypted, len).filter(|base| base < self.modulus.as_ref())?;
        let block = bytes(raise(base, &self.exponent, self.modulus.clone()), len)?;
        let (padding, message) = block.split_last_chunk::<N>()?;
        let [0, 2, padding @ .., 0] = padding else { return None };
        let is_padding = padding.len() + 3 >= PADDING_MIN_BYTES && !padding.contains(&0);
        is_padding.then(|| Zeroizing::new(*message))
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyPair, PublicKey};
    use crate::Seed;
    use porthole_wire::Reader;

    #[test]
    fn what_is_encrypted_can_be_decrypted() {
        let mut random = Seed::new([3; 32]).random();
        let pair = KeyPair::generate(&mut random);
        let message = [9; 16];
        let encrypted = pair.public.encrypt(&message, &mut random).unwrap();
        assert_eq!(encrypted.len(), 256);
        assert_eq!(*pair.decrypt::<16>(&encrypted).unwrap(), message);
        assert_eq!(pair.decrypt::<15>(&encrypted), None);
        assert_eq!(pair.decrypt::<16>(&[0xff; 256]), None);
        assert_eq!(pair.decrypt::<16>(&[7; 256]), None);
        let mut wire = Vec::new();
        pair.public.put(&mut wire);
        let read = PublicKey::read(&mut Reader::new(&wire)).unwrap().unwrap();
        assert_eq!(read.modulus, pair.public.modulus);
        for cut in [0, 3, 4, 5, 259, 515] {
            let mut input = Reader::new(&wire[..cut]);
            assert!(PublicKey::read(&mut input).unwrap().is_none());
            assert_eq!(input.len(), cut);
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let key = |bits: u32, first: u8, last: u8, exponent: &[u8]| {
            let len = bits.div_ceil(8) as usize;
            let mut wire = bits.to_be_bytes().to_vec();
            let mut modulus = vec![0x55; len];
            modulus[0] = first;
            modulus[len - 1] = last;
            wire.extend(modulus);
            wire.extend(vec![0; len - exponent.len()]);
            wire.extend(exponent);
            PublicKey::read(&mut Reader::new(&wire)).map(|key| key.is_some())
        };
        assert_eq!(key(1024, 0x80, 1, &[1, 0, 1]), Ok(true));
        assert_eq!(key(1024, 0x80, 1, &[3]), Ok(true));
        assert_eq!(key(1023, 0x80, 1, &[3]).unwrap_err().cause(), "weak_key");
        assert_eq!(key(8193, 0x80, 1, &[3]).unwrap_err().cause(), "over_limit");
        for (first, last, exponent) in [
            (0, 1, &[3][..]),
            (0x80, 2, &[3]),
            (0x80, 1, &[]),
            (0x80, 1, &[1]),
            (0x80, 1, &[4]),
            (0x80, 1, &[1; 9]),
        ] {
            let error = key(1024, first, last, exponent).unwrap_err();
            assert_eq!(error.cause(), "bad_field", "{first} {last} {exponent:?}");
        }
    }
}
