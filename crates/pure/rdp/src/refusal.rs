//! Why a server lets nobody in, or ends a session: its codes, and our words for them.

use std::fmt;

use porthole_remote::Blame;

/// Why a log-on failed, as `CredSSP` tells it (`[MS-CSSP]` 2.2.1, `[MS-ERREF]` 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogonFault {
    /// The user name or the password is wrong.
    WrongPassword,
    /// Too many wrong passwords.
    LockedOut,
    /// The account is switched off.
    Disabled,
    /// The account's time is over.
    AccountExpired,
    /// The password's time is over.
    PasswordExpired,
    /// The password has to be changed before the first log-on.
    PasswordMustChange,
    /// The account may not be used at this hour, from here, or without a password.
    Restricted,
    /// The user may not use this computer remotely.
    NotGranted,
    /// Nobody can say whether the credentials are right.
    NoLogonServer,
    /// The server answered credentials by leaving.
    Hangup,
    /// Another status.
    Other(u32),
}

impl LogonFault {
    /// What an NTSTATUS stands for. Those for the same remedy are one.
    pub(crate) const fn of_status(status: u32) -> Self {
        match status {
            // No such user, wrong password, log-on failure: servers should not tell them apart.
            0xc000_0064 | 0xc000_006a | 0xc000_006d => Self::WrongPassword,
            0xc000_0234 => Self::LockedOut,
            0xc000_0072 => Self::Disabled,
            0xc000_0193 => Self::AccountExpired,
            0xc000_0071 => Self::PasswordExpired,
            0xc000_0224 => Self::PasswordMustChange,
            0xc000_006e..=0xc000_0070 => Self::Restricted,
            0xc000_0155 | 0xc000_015b | 0xc000_0022 => Self::NotGranted,
            0xc000_005e => Self::NoLogonServer,
            other => Self::Other(other),
        }
    }

    /// The `cause` label.
    pub(crate) const fn cause(self) -> &'static str {
        match self {
            Self::WrongPassword | Self::Hangup => "authentication_failed",
            Self::LockedOut => "account_locked",
            Self::Disabled => "account_disabled",
            Self::AccountExpired => "account_expired",
            Self::PasswordExpired | Self::PasswordMustChange => "password_expired",
            Self::Restricted => "account_restricted",
            Self::NotGranted => "logon_not_granted",
            Self::NoLogonServer => "no_logon_server",
            Self::Other(_) => "logon_refused",
        }
    }
}

impl fmt::Display for LogonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongPassword => "the user name or the password is wrong",
            Self::LockedOut => "the account is locked",
            Self::Disabled => "the account is disabled",
            Self::AccountExpired => "the account has expired",
            Self::PasswordExpired => "the password has expired",
            Self::PasswordMustChange => "the password must be changed first",
            Self::Restricted => "the account is restricted",
            Self::NotGranted => "the user may not log on remotely",
            Self::NoLogonServer => "no server is there to check the credentials",
            Self::Hangup => "the server closed the connection when it had the credentials",
            Self::Other(status) => return write!(f, "status {status:#010x}"),
        })
    }
}

/// Why a server ends a session: an `errorInfo` code (`[MS-RDPBCGR]` 2.2.5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorInfo(pub u32);

impl ErrorInfo {
    /// Whether the session came to an end that somebody wanted, rather than a fault.
    pub(crate) const fn is_orderly(self) -> bool {
        // Ended by an administrator or the user, logged off, idle or over the time allowed.
        matches!(self.0, 0x01 | 0x02 | 0x03 | 0x04 | 0x0b | 0x0c)
    }

    /// The `cause` label.
    pub(crate) const fn cause(self) -> &'static str {
        match self.0 {
            0x03 | 0x04 => "server_time_limit",
            0x05 => "replaced_by_other",
            0x07 => "connection_denied",
            0x09 => "logon_not_granted",
            0x0a => "fresh_credentials_required",
            0x19 | 0x1a => "server_shutdown",
            0x100..=0x10a => "licence",
            _ => "ended_by_server",
        }
    }

    /// Who has to act.
    pub(crate) const fn blame(self) -> Blame {
        match self.0 {
            0x09 | 0x0a => Blame::Credentials,
            _ => Blame::Remote,
        }
    }
}

impl fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0x01 => "an administrator disconnected the session",
            0x02 => "an administrator logged the session off",
            0x03 => "the session was idle for too long",
            0x04 => "the session's time is over",
            0x05 => "another connection took the session over",
            0x06 => "the server is out of memory",
            0x07 => "the server denied the connection",
            0x09 => "the user may not log on remotely",
            0x0a => "the server takes no stored credentials",
            0x0b => "the user disconnected the session",
            0x0c => "the user logged off",
            0x0f..=0x12 => "the server's display driver failed",
            0x17 | 0x18 => "a part of the server crashed",
            0x19 => "the server shuts down",
            0x1a => "the server restarts",
            0x100 => "the licence service failed",
            0x101 => "no licence server was found",
            0x102 => "no licence is left",
            0x103..=0x109 => "the licence exchange failed",
            0x10a => "the server has no licence for remote connections",
            0x400..=0x410 => "the server's connection broker failed",
            0x10c9.. => return write!(f, "protocol fault {:#x} found by the server", self.0),
            _ => return write!(f, "code {:#x}", self.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use porthole_remote::Blame;

    use super::{ErrorInfo, LogonFault};

    #[test]
    fn statuses_have_their_causes() {
        let cases = [
            (0xc000_006d, LogonFault::WrongPassword, "authentication_failed"),
            (0xc000_0064, LogonFault::WrongPassword, "authentication_failed"),
            (0xc000_0234, LogonFault::LockedOut, "account_locked"),
            (0xc000_0071, LogonFault::PasswordExpired, "password_expired"),
            (0xc000_0224, LogonFault::PasswordMustChange, "password_expired"),
            (0xc000_1234, LogonFault::Other(0xc000_1234), "logon_refused"),
        ];
        for (status, fault, cause) in cases {
            assert_eq!(LogonFault::of_status(status), fault);
            assert_eq!(fault.cause(), cause);
        }
    }

    #[test]
    fn an_end_that_somebody_wanted_is_none_of_ours() {
        assert!(ErrorInfo(0x0c).is_orderly());
        assert!(!ErrorInfo(0x05).is_orderly());
        assert_eq!(ErrorInfo(0x0a).blame(), Blame::Credentials);
        assert_eq!(ErrorInfo(0x102).cause(), "licence");
        assert_eq!(ErrorInfo(0x10d1).to_string(), "protocol fault 0x10d1 found by the server");
    }
}
