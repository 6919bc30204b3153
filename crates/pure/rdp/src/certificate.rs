//! The public key in a certificate, which `CredSSP` binds the credentials to (`[MS-CSSP]` 3.1.5).

use porthole_wire::Reader;

/// DER tags.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The content of the `subjectPublicKey` bit string of an X.509 certificate in DER (RFC 5280
/// §4.1), without its count of unused bits. `None` when there is none.
///
/// Nothing else of the certificate is looked at: TLS has checked it.
pub(crate) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut certificate = Reader::new(element(&mut Reader::new(certificate), SEQUENCE)?);
    let mut signed = Reader::new(element(&mut certificate, SEQUENCE)?);
    if peek(&signed) == Some(VERSION) {
        element(&mut signed, VERSION)?;
    }
    element(&mut signed, INTEGER)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        element(&mut signed, SEQUENCE)?;
    }
    let mut key_info = Reader::new(element(&mut signed, SEQUENCE)?);
    element(&mut key_info, SEQUENCE)?;
    let bits = element(&mut key_info, BIT_STRING)?;
    match bits.split_first()? {
        (0, key) => Some(key),
        _ => None,
    }
}

fn peek(input: &Reader<'_>) -> Option<u8> {
    input.clone().u8()
}

/// The content of the next element, which has to have this tag.
fn element<'a>(input: &mut Reader<'a>, tag: u8) -> Option<&'a [u8]> {
    if input.u8()? != tag {
        return None;
    }
    let len = match input.u8()? {
        0x81 => usize::from(input.u8()?),
        0x82 => usize::from(input.u16_be()?),
        short if short < 0x80 => usize::from(short),
        _ => return None,
    };
    input.take(len)
}

#[cfg(test)]
mod tests {
    use super::public_key;

    /// An element with a content of at most 127 bytes.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn certificate(has_version: bool) -> Vec<u8> {
        let version = if has_version { der(0xa0, &der(2, &[2])) } else { Vec::new() };
        let key = der(0x30, &[der(0x30, &[]), der(3, &[0, 7, 8, 9])].concat());
        let empty = der(0x30, &[]);
        let signed = [version, der(2, &[1]), empty.repeat(4), key, der(0xa3, &[1])].concat();
        der(0x30, &[der(0x30, &signed), empty, der(3, &[0])].concat())
    }

    #[test]
    fn the_key_is_found_in_any_version() {
        for has_version in [true, false] {
            let bytes = certificate(has_version);
            assert_eq!(public_key(&bytes), Some(&[7, 8, 9][..]));
            for cut in 0..bytes.len() {
                assert_eq!(public_key(&bytes[..cut]), None, "{cut}");
            }
        }
    }
}
