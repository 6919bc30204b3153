//! Arithmetic with the large numbers of public keys, in time that does not depend on them.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use zeroize::{Zeroize as _, Zeroizing};

/// Raises `base` to `exponent` modulo `modulus`: as many bytes as `modulus_len`. All numbers are
/// big-endian. `None`: the modulus is even or has more bytes, or the base is not below it.
pub(super) fn power(
    base: &[u8],
    exponent: &[u8],
    modulus: &[u8],
    modulus_len: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let modulus = number(modulus, modulus_len)?;
    let base = number(base, modulus_len)?;
    if base >= modulus {
        return None;
    }
    let mut exponent = number(exponent, exponent.len())?;
    let power = raise(base, &exponent, modulus.into_odd().into_option()?);
    exponent.zeroize();
    bytes(power, modulus_len)
}

/// The same with numbers. `base` has the modulus's precision and is below it.
pub(super) fn raise(base: BoxedUint, exponent: &BoxedUint, modulus: Odd<BoxedUint>) -> BoxedUint {
    let parameters = BoxedMontyParams::new_vartime(modulus);
    BoxedMontyForm::new(base, &parameters).pow(exponent).retrieve()
}

/// The number that `bytes` spell, with room for `len` bytes.
pub(super) fn number(bytes: &[u8], len: usize) -> Option<BoxedUint> {
    let bits = u32::try_from(len.max(1) * 8).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    BoxedUint::from_be_slice(bytes.get(zeros..)?, bits).ok()
}

/// The last `len` bytes of `number`, which must hold all of it. The number is wiped.
pub(super) fn bytes(mut number: BoxedUint, len: usize) -> Option<Zeroizing<Vec<u8>>> {
    let all = Zeroizing::new(number.to_be_bytes().into_vec());
    number.zeroize();
    let start = all.len().checked_sub(len)?;
    let (head, tail) = all.split_at_checked(start)?;
    head.iter().all(|byte| *byte == 0).then(|| Zeroizing::new(tail.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::power;

    /// Base, exponent and modulus; the modulus's length; and the power, if there is one.
    type Case = ([&'static [u8]; 3], usize, Option<&'static [u8]>);

    #[test]
    fn small_powers() {
        let cases: [Case; 7] = [
            ([&[4], &[13], &[1, 241]], 2, Some(&[1, 189])),
            ([&[0, 0, 4], &[0, 13], &[0, 1, 241]], 3, Some(&[0, 1, 189])),
            ([&[2], &[], &[101]], 1, Some(&[1])),
            ([&[5], &[3], &[13]], 1, Some(&[8])),
            ([&[5], &[3], &[14]], 1, None),
            ([&[14], &[3], &[13]], 1, None),
            ([&[5], &[3], &[1, 0, 1]], 2, None),
        ];
        for ([base, exponent, modulus], len, want) in cases {
            let got = power(base, exponent, modulus, len);
            assert_eq!(got.as_deref().map(Vec::as_slice), want, "{base:?} {exponent:?}");
        }
    }
}
