//! Which type is taken, for every mix of offers, credentials and policy.

use super::{Choice, choose, choose_subtype};
use crate::testing::credentials;
use crate::{RfbConfig, RfbError, SecurityKind};

const NOBODY: (Option<&str>, Option<&str>) = (None, None);
const PASSWORD: (Option<&str>, Option<&str>) = (None, Some("secret"));
const LOGIN: (Option<&str>, Option<&str>) = (Some("ada"), Some("secret"));
const NAME: (Option<&str>, Option<&str>) = (Some("ada"), None);

fn config((username, password): (Option<&str>, Option<&str>)) -> RfbConfig {
    RfbConfig { credentials: credentials(username, password), ..RfbConfig::default() }
}

#[test]
fn takes_the_strongest_that_the_credentials_satisfy() {
    use SecurityKind::{None, TlsNone, TlsPlain, TlsVnc, VncAuth, X509None, X509Plain, X509Vnc};
    let cases: [(&[u32], _, SecurityKind); 11] = [
        (&[1, 2], NOBODY, None),
        (&[1, 2], PASSWORD, VncAuth),
        (&[2, 258, 261], PASSWORD, X509Vnc),
        (&[257, 258, 259], NOBODY, TlsNone),
        (&[257, 258, 259], PASSWORD, TlsVnc),
        (&[257, 258, 259], LOGIN, TlsPlain),
        (&[260, 261, 262], LOGIN, X509Plain),
        (&[260, 259], LOGIN, X509None),
        (&[256, 258], LOGIN, TlsVnc),
        (&[256, 2], LOGIN, VncAuth),
        (&[999, 257, 1], NAME, TlsNone),
    ];
    for (offered, who, want) in cases {
        assert_eq!(choose_subtype(offered, &config(who)), Ok(want), "{offered:?} {who:?}");
    }
}

#[test]
fn says_what_is_missing() {
    let missing = |missing| Err(RfbError::CredentialsMissing { missing });
    assert_eq!(choose_subtype(&[2], &config(NOBODY)), missing("password"));
    assert_eq!(choose_subtype(&[262], &config(PASSWORD)), missing("user name"));
    assert_eq!(choose_subtype(&[262], &config(NAME)), missing("password"));
    assert_eq!(choose_subtype(&[259], &config(NOBODY)), missing("user name and password"));
}

#[test]
fn a_password_never_travels_in_clear_unless_allowed() {
    let offered = "256".to_owned();
    assert_eq!(
        choose_subtype(&[256], &config(LOGIN)),
        Err(RfbError::SecurityNotAllowed { offered })
    );
    let allowing = RfbConfig { allow_plaintext_password: true, ..config(LOGIN) };
    assert_eq!(choose_subtype(&[256], &allowing), Ok(SecurityKind::Plain));
    let encrypting = RfbConfig { require_encryption: true, ..allowing };
    assert!(choose_subtype(&[256], &encrypting).is_err());
}

#[test]
fn policy_excludes() {
    let encrypting = RfbConfig { require_encryption: true, ..config(PASSWORD) };
    assert_eq!(
        choose(&[1, 2], &encrypting),
        Err(RfbError::SecurityNotAllowed { offered: "1, 2".into() })
    );
    assert_eq!(choose(&[1, 2, 19], &encrypting), Ok(Choice::Vencrypt));
    let only = RfbConfig { security: vec![SecurityKind::X509Vnc], ..config(PASSWORD) };
    assert!(choose_subtype(&[2, 258], &only).is_err());
    assert_eq!(choose_subtype(&[2, 258, 261], &only), Ok(SecurityKind::X509Vnc));
}

#[test]
fn prefers_vencrypt_when_it_may_hold_better() {
    let direct = |kind| Ok(Choice::Direct(kind));
    assert_eq!(choose(&[1], &config(NOBODY)), direct(SecurityKind::None));
    assert_eq!(choose(&[2, 19], &config(PASSWORD)), Ok(Choice::Vencrypt));
    assert_eq!(choose(&[30, 2], &config(PASSWORD)), direct(SecurityKind::VncAuth));
    assert_eq!(choose(&[19], &config(NOBODY)), Ok(Choice::Vencrypt));
    let plain =
        RfbConfig { security: vec![SecurityKind::None, SecurityKind::VncAuth], ..config(PASSWORD) };
    assert_eq!(choose(&[2, 19], &plain), direct(SecurityKind::VncAuth));
    assert_eq!(choose(&[19], &plain), Ok(Choice::Vencrypt));
    assert_eq!(
        choose(&[5, 30], &config(LOGIN)),
        Err(RfbError::NoSecurityInCommon { offered: "5, 30".into() })
    );
}
