//! The codes by which a gateway says no, and our words for them.

use std::fmt;

use porthole_remote::Blame;

/// An HRESULT or Win32 code of a gateway (`[MS-TSGU]` 2.2.6). Both spellings of one fault are equal
/// here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GatewayCode(u32);

/// Codes with this beginning are Win32's in an HRESULT's clothes (`[MS-ERREF]` 2.1).
const FACILITY_WIN32: u32 = 0x8007_0000;

impl GatewayCode {
    /// The code, as it came.
    pub const fn new(code: u32) -> Self {
        if code & 0xffff_0000 == FACILITY_WIN32 { Self(code & 0xffff) } else { Self(code) }
    }

    /// Whether it stands for success.
    pub(crate) const fn is_success(self) -> bool {
        self.0 == 0
    }

    /// Whether it stands for an end that somebody wanted: `ERROR_GRACEFUL_DISCONNECT`.
    pub(crate) const fn is_orderly(self) -> bool {
        matches!(self.0, 0 | 0x4ca)
    }

    /// The `cause` label.
    pub const fn cause(self) -> &'static str {
        match self.0 {
            0x05 | 0x59f8 | 0x8009_030c => "gateway_logon_refused",
            0x59da => "gateway_desktop_denied",
            0x59db => "gateway_user_denied",
            0x59dd => "gateway_desktop_unreachable",
            0x59e6 => "gateway_full",
            0x59e8 | 0x59e9 | 0x59ed | 0x59f7 | 0x59f9 => "gateway_requirement",
            0x59f6 | 0x59fa..=0x5a00 => "gateway_time_limit",
            _ => "gateway_refused",
        }
    }

    /// Who has to act.
    pub const fn blame(self) -> Blame {
        match self.0 {
            0x05 | 0x59f8 | 0x8009_030c => Blame::Credentials,
            0x59da | 0x59db | 0x59e8 | 0x59e9 | 0x59ed | 0x59f7 | 0x59f9 => Blame::Operator,
            _ => Blame::Remote,
        }
    }
}

impl fmt::Display for GatewayCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x05 | 0x8009_030c => "it takes no such user or password",
            0x59d8 => "it failed by itself",
            0x59da => "its resource policy does not open this desktop to the user",
            0x59db => "its connection policy does not let the user in",
            0x59dd => "it cannot reach the desktop",
            0x59df => "the connection was over already",
            0x59e6 => "it serves as many connections as it may",
            0x59e8 => "it does not support the request",
            0x59e9 => "it requires a capability that is not offered",
            0x59ed => "it requires a health check, which is not offered",
            0x59ee => "it has no certificate",
            0x59f6 => "the time that it allows is over",
            0x59f7 | 0x59f8 => "it requires a cookie of another sign-in, which is not offered",
            0x59f9 => "it requires another way to sign in",
            0x59fa..=0x5a00 => "signing in anew failed when it was due",
            other => return write!(f, "code {other:#010x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use porthole_remote::Blame;

    use super::GatewayCode;

    #[test]
    fn both_spellings_are_one() {
        let cases = [
            (0x59da, "gateway_desktop_denied", Blame::Operator),
            (0x8007_59da, "gateway_desktop_denied", Blame::Operator),
            (0x8007_59dd, "gateway_desktop_unreachable", Blame::Remote),
            (0x8009_030c, "gateway_logon_refused", Blame::Credentials),
            (0x8007_0005, "gateway_logon_refused", Blame::Credentials),
            (0x1234_5678, "gateway_refused", Blame::Remote),
        ];
        for (code, cause, blame) in cases {
            let code = GatewayCode::new(code);
            assert_eq!((code.cause(), code.blame()), (cause, blame), "{code}");
        }
        assert!(GatewayCode::new(0x8007_04ca).is_orderly());
        assert_eq!(GatewayCode::new(7).to_string(), "code 0x00000007");
    }
}
