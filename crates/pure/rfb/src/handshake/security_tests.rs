//! Which type is taken, for every mix of offers, credentials and policy.

use porthole_remote::CredentialFields;

use super::{Choice, choose, choose_subtype, choose_way};
use crate::testing::credentials;
use crate::{RfbConfig, RfbError, SecurityKind, Seed};

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
    let (name, password) = (CredentialFields::USERNAME, CredentialFields::PASSWORD);
    let missing = |missing| Err(RfbError::CredentialsMissing { missing });
    assert_eq!(choose_subtype(&[2], &config(NOBODY)), missing(password));
    assert_eq!(choose_subtype(&[262], &config(PASSWORD)), missing(name));
    assert_eq!(choose_subtype(&[262], &config(NAME)), missing(password));
    assert_eq!(choose_subtype(&[259], &config(NOBODY)), missing(name.with(password)));
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
        // There are no random numbers to make keys of.
        Err(RfbError::SecurityNotAllowed { offered: "5, 30".into() })
    );
    assert_eq!(
        choose(&[20, 35], &config(LOGIN)),
        Err(RfbError::NoSecurityInCommon { offered: "20, 35".into() })
    );
}

fn seeded(who: (Option<&str>, Option<&str>)) -> RfbConfig {
    RfbConfig { seed: Some(Seed::new([0; 32])), ..config(who) }
}

#[test]
fn types_with_keys_of_their_own_come_in_order_of_strength() {
    use SecurityKind::{AppleDh, MsLogon2, Ra2, Ra2_256, Ra2Ne, Ra2Ne256, VncAuth};
    let cases: [(&[u32], _, SecurityKind); 8] = [
        (&[2, 30], LOGIN, AppleDh),
        (&[2, 30], PASSWORD, VncAuth),
        (&[30, 6], LOGIN, Ra2Ne),
        (&[130, 6], PASSWORD, Ra2Ne256),
        (&[130, 5], PASSWORD, Ra2),
        (&[129, 130, 5, 6, 2], PASSWORD, Ra2_256),
        (&[2, 113], LOGIN, VncAuth),
        (&[16, 5], PASSWORD, Ra2),
    ];
    for (offered, who, want) in cases {
        assert_eq!(choose(offered, &seeded(who)), Ok(Choice::Direct(want)), "{offered:?}");
    }
    let refused = Err(RfbError::SecurityNotAllowed { offered: "113".into() });
    assert_eq!(choose(&[113], &seeded(LOGIN)), refused);
    let open = RfbConfig { allow_plaintext_password: true, ..seeded(LOGIN) };
    assert_eq!(choose(&[113], &open), Ok(Choice::Direct(MsLogon2)));
    // It may hold a certificate.
    assert_eq!(choose(&[129, 19], &seeded(PASSWORD)), Ok(Choice::Vencrypt));
    assert_eq!(choose_subtype(&[258, 129], &seeded(PASSWORD)), Ok(Ra2_256));
    assert_eq!(choose_subtype(&[261, 129], &seeded(PASSWORD)), Ok(SecurityKind::X509Vnc));
    let missing = Err(RfbError::CredentialsMissing { missing: CredentialFields::PASSWORD });
    assert_eq!(choose(&[129], &seeded(NAME)), missing);
}

#[test]
fn encryption_and_pins_leave_what_satisfies_them() {
    let encrypting = RfbConfig { require_encryption: true, ..seeded(LOGIN) };
    assert!(choose(&[6, 130, 30, 2], &encrypting).is_err());
    assert_eq!(choose(&[6, 5], &encrypting), Ok(Choice::Direct(SecurityKind::Ra2)));
    let pinning = RfbConfig { server_key_pins: vec![[0; 32]], ..seeded(LOGIN) };
    assert!(choose(&[1, 2, 30], &pinning).is_err());
    assert_eq!(choose(&[19, 6], &pinning), Ok(Choice::Direct(SecurityKind::Ra2Ne)));
    assert!(choose_subtype(&[258, 262], &pinning).is_err());
    assert_eq!(choose_subtype(&[262, 5], &pinning), Ok(SecurityKind::Ra2));
}

#[test]
fn tights_negotiation_is_the_last_resort() {
    let direct = |kind| Ok(Choice::Direct(kind));
    assert_eq!(choose(&[16, 2], &config(PASSWORD)), direct(SecurityKind::VncAuth));
    assert_eq!(choose(&[16], &config(PASSWORD)), Ok(Choice::Tight));
    assert_eq!(choose(&[16, 2], &config(NOBODY)), Ok(Choice::Tight));
    let none = Choice::Direct(SecurityKind::None);
    let vnc = Choice::Direct(SecurityKind::VncAuth);
    let plain = Choice::Direct(SecurityKind::Plain);
    assert_eq!(choose_way(&[none, vnc], &config(PASSWORD)), Ok(vnc));
    assert_eq!(choose_way(&[vnc, Choice::Vencrypt], &config(PASSWORD)), Ok(Choice::Vencrypt));
    assert_eq!(choose_way(&[vnc, plain], &config(LOGIN)), Ok(vnc));
    let open = RfbConfig { allow_plaintext_password: true, ..config(LOGIN) };
    assert_eq!(choose_way(&[vnc, plain], &open), Ok(plain));
    assert!(choose_way(&[], &config(LOGIN)).is_err());
}
