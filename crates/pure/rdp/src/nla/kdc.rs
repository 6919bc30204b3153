//! What a key distribution centre says when it says no (RFC 4120 §5.9.1 and §7.5.9).

use std::fmt;

use porthole_remote::Blame;

/// Why there is no Kerberos ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KdcFault {
    /// Nobody answers, or not in Kerberos's words.
    Unreachable {
        /// What was wrong, made printable; no address.
        reason: String,
    },
    /// It answers what is not understood, though it refuses nothing.
    Unreadable {
        /// What was wrong, made printable.
        reason: String,
    },
    /// No service of this name: `TERMSRV/` and the host.
    NoService,
    /// Its clock and ours differ by more than it allows.
    ClockSkew,
    /// The realm is another's.
    WrongRealm,
    /// The service is of another realm, whose KDC nobody has named.
    Referral,
    /// No way to encrypt that both know.
    NoEncryption,
    /// Another code.
    Other(i32),
}

impl KdcFault {
    /// The `cause` label.
    pub(crate) const fn cause(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "kdc_unreachable",
            Self::Unreadable { .. } => "kdc_answer",
            Self::NoService => "kdc_no_service",
            Self::ClockSkew => "kdc_clock_skew",
            Self::WrongRealm | Self::Referral => "kdc_realm",
            Self::NoEncryption | Self::Other(_) => "kdc_refused",
        }
    }

    /// Who has to act.
    pub(crate) const fn blame(&self) -> Blame {
        match self {
            Self::Unreachable { .. } | Self::Unreadable { .. } | Self::Other(_) => Blame::Remote,
            _ => Blame::Operator,
        }
    }
}

impl fmt::Display for KdcFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable { reason } => return write!(f, "the KDC does not answer: {reason}"),
            Self::Unreadable { reason } => {
                return write!(f, "the KDC's answer is not understood: {reason}");
            }
            Self::NoService => "the KDC knows no TERMSRV service by the host's name",
            Self::ClockSkew => "the KDC's clock and the gateway's differ too much",
            Self::WrongRealm => "the realm is not this KDC's",
            Self::Referral => "the KDC refers to another realm, which is not followed",
            Self::NoEncryption => "the KDC offers no encryption that is spoken",
            Self::Other(code) => return write!(f, "the KDC refuses with code {code}"),
        })
    }
}

/// The code in a KDC's answer, when it is an error (RFC 4120 §5.9.1). `framed` says that four bytes
/// of length come first.
pub(crate) fn error_code(answer: &[u8], framed: bool) -> Option<i32> {
    const ERROR: u8 = 0x7e;
    const SEQUENCE: u8 = 0x30;
    const ERROR_CODE: u8 = 0xa6;
    const INTEGER: u8 = 0x02;
    let message = if framed { answer.get(4..)? } else { answer };
    let (tag, message, _) = element(message)?;
    let (inner, mut fields, _) = element(message)?;
    if tag != ERROR || inner != SEQUENCE {
        return None;
    }
    // The fields before the code are seven at most.
    for _field in 0..8 {
        let (tag, field, rest) = element(fields)?;
        if tag == ERROR_CODE {
            let (INTEGER, code, _) = element(field)? else { return None };
            // Two's complement, big-endian.
            let first = i32::from(code.first()?.cast_signed());
            let code = code.get(1..)?.iter();
            return code
                .take(3)
                .try_fold(first, |all, byte| all.checked_mul(256)?.checked_add((*byte).into()));
        }
        fields = rest;
    }
    None
}

/// Tag and contents of the DER element at the start of `bytes`, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, len, rest) = match bytes {
        [tag, short, rest @ ..] if *short < 0x80 => (*tag, usize::from(*short), rest),
        [tag, 0x81, len, rest @ ..] => (*tag, usize::from(*len), rest),
        [tag, 0x82, high, low, rest @ ..] => {
            (*tag, usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(len)?;
    Some((tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::error_code;

    #[test]
    fn codes_are_found_where_there_are_some() {
        // pvno, msg-type, stime, susec and the code.
        let fields = b"\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x1e\xa4\x04\x18\x02zz\xa5\x03\x02\x01\x07\xa6\x03\x02\x01\x18";
        let len = u8::try_from(fields.len()).unwrap();
        let error = [&[0x7e, len + 2, 0x30, len][..], fields].concat();
        assert_eq!(error_code(&error, false), Some(24));
        assert_eq!(error_code(&[&[0, 0, 0, 9][..], &error].concat(), true), Some(24));
        for cut in 0..error.len() {
            assert_eq!(error_code(&error[..cut], false), None, "{cut}");
        }
        // A ticket, not an error.
        assert_eq!(error_code(b"\x6b\x03\x30\x01\x00", false), None);
    }
}
