use ironrdp_core::encode_vec;
use ironrdp_pdu::rdp::server_redirection::{ServerRedirectionFlags, ServerRedirectionPdu};
use secrecy::ExposeSecret as _;

use super::of_share_message;
use crate::{RdpConfig, RdpError};

fn message(pdu: &ServerRedirectionPdu) -> Vec<u8> {
    [&[0, 0][..], &encode_vec(pdu).unwrap(), &[0]].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn to_another_host() -> ServerRedirectionPdu {
    ServerRedirectionPdu {
        session_id: 7,
        target_net_address: Some("10.0.0.9".to_owned()),
        username: Some("eve".to_owned()),
        domain: Some("LAB".to_owned()),
        password: Some(utf16("one time")),
        target_fqdn: Some("host9.lab.example".to_owned()),
        target_netbios_name: Some("HOST9".to_owned()),
        target_net_addresses: Some(vec!["10.0.0.9".to_owned(), "fd00::9".to_owned()]),
        ..ServerRedirectionPdu::default()
    }
}

#[test]
fn another_host_is_named_best_first() {
    let redirect = of_share_message(&message(&to_another_host())).unwrap().unwrap();
    assert_eq!(redirect.hosts, ["host9.lab.example", "10.0.0.9", "fd00::9", "HOST9"]);
    assert_eq!(redirect.server_name.as_deref(), Some("host9.lab.example"));
    let mut config = RdpConfig { load_balance_info: Some("old".into()), ..RdpConfig::default() };
    config.follow(&redirect.ticket).unwrap();
    assert_eq!(config.load_balance_info, None);
    assert_eq!(config.credentials.username.as_deref(), Some("eve"));
    assert_eq!(config.credentials.domain.as_deref(), Some("LAB"));
    let password = config.credentials.password.clone().unwrap();
    assert_eq!(password.expose_secret(), "one time");
    let redirected = config.redirected.clone().unwrap();
    assert_eq!(redirected.session_id, 7);
    assert_eq!(redirected.password_cookie, Some(utf16("one time")));
    let printed = format!("{config:?} {redirect:?}");
    assert!(!printed.contains("one time") && !printed.contains("111, 0, 110"), "{printed}");
}

#[test]
fn a_balancers_token_leads_to_the_same_host() {
    let token = b"tsv://MS Terminal Services Plugin.1.Pool\r\n".to_vec();
    let pdu = ServerRedirectionPdu { load_balance_info: Some(token), ..to_another_host() };
    let redirect = of_share_message(&message(&pdu)).unwrap().unwrap();
    assert_eq!((redirect.hosts.len(), redirect.server_name), (0, None));
    let mut config = RdpConfig::default();
    config.follow(&redirect.ticket).unwrap();
    let token = config.load_balance_info.unwrap();
    assert_eq!(token, "tsv://MS Terminal Services Plugin.1.Pool");
}

#[test]
fn an_encrypted_password_is_not_for_us() {
    let pdu = ServerRedirectionPdu {
        flags: ServerRedirectionFlags::PASSWORD_IS_PK_ENCRYPTED,
        ..to_another_host()
    };
    let redirect = of_share_message(&message(&pdu)).unwrap().unwrap();
    let mut config = RdpConfig::default();
    config.follow(&redirect.ticket).unwrap();
    assert!(config.credentials.password.is_none());
    assert_eq!(config.redirected.unwrap().password_cookie, None);
}

#[test]
fn news_alone_lead_nowhere() {
    let flags = ServerRedirectionFlags::NO_REDIRECT;
    let pdu = ServerRedirectionPdu { flags, ..to_another_host() };
    assert_eq!(of_share_message(&message(&pdu)), Ok(None));
}

#[test]
fn lies_are_refused() {
    let whole = message(&to_another_host());
    // The last nine bytes are padding, which some servers leave out.
    for cut in 0..whole.len() - 9 {
        assert!(of_share_message(&whole[..cut]).is_err(), "{cut}");
    }
    let mut giant = whole;
    giant[14..18].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(of_share_message(&giant).is_err());
    let long = |text: usize| Some("a".repeat(text));
    for pdu in [
        ServerRedirectionPdu { target_fqdn: long(513), ..to_another_host() },
        ServerRedirectionPdu { password: Some(vec![1; 4097]), ..to_another_host() },
        ServerRedirectionPdu {
            target_net_addresses: long(600).map(|a| vec![a]),
            ..to_another_host()
        },
    ] {
        let refused = of_share_message(&message(&pdu));
        assert!(matches!(refused, Err(RdpError::OverLimit { .. })), "{refused:?}");
    }
    for token in [&b"\xff\xfe"[..], b"", b"a\nb"] {
        let pdu =
            ServerRedirectionPdu { load_balance_info: Some(token.to_vec()), ..to_another_host() };
        assert!(of_share_message(&message(&pdu)).is_err(), "{token:?}");
    }
    let many = (0..100).map(|n| format!("10.0.0.{n}")).collect();
    let pdu = ServerRedirectionPdu { target_net_addresses: Some(many), ..to_another_host() };
    assert_eq!(of_share_message(&message(&pdu)).unwrap().unwrap().hosts.len(), 8);
}
