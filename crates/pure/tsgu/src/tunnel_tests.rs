use bytes::BytesMut;

use super::{Tunnel, TunnelConfig};
use crate::{DATA_MAX_BYTES, GatewayCode, TsguError};

const HANDSHAKE: &[u8] = b"\x02\0\0\0\x12\0\0\0\0\0\0\0\x01\0\0\0\0\0";
const TUNNEL: &[u8] = b"\x05\0\0\0\x16\0\0\0\x01\0\0\0\0\0\x01\0\0\0\x07\0\0\0";
const AUTH: &[u8] = b"\x07\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0";
const CHANNEL: &[u8] = b"\x09\0\0\0\x14\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0";
const HELLO: &[u8] = b"\x0a\0\0\0\x0f\0\0\0\x05\0hello";

fn config() -> TunnelConfig {
    TunnelConfig { client_name: "us".into(), host: "pc".into(), port: 3389, reauth: None }
}

fn feed(tunnel: &mut Tunnel, bytes: &[u8]) -> Result<BytesMut, TsguError> {
    let (mut arrived, mut data) = (BytesMut::from(bytes), BytesMut::new());
    tunnel.handle_bytes(&mut arrived, &mut data).map(|()| data)
}

fn opened() -> Tunnel {
    let mut tunnel = Tunnel::new(config());
    for answer in [HANDSHAKE, TUNNEL, AUTH, CHANNEL] {
        assert!(tunnel.take_packet().is_some() && tunnel.take_packet().is_none());
        assert_eq!(tunnel.send(b"early"), 0);
        assert!(feed(&mut tunnel, answer).unwrap().is_empty());
    }
    assert!(tunnel.is_open() && tunnel.take_packet().is_none());
    tunnel
}

#[test]
fn opens_step_by_step_and_carries_bytes() {
    let mut tunnel = opened();
    assert_eq!(&feed(&mut tunnel, HELLO).unwrap()[..], b"hello");
    assert_eq!(tunnel.send(&vec![7; DATA_MAX_BYTES + 1]), DATA_MAX_BYTES);
    assert_eq!(tunnel.take_packet().unwrap().len(), DATA_MAX_BYTES + 10);
    tunnel.keep_alive();
    assert_eq!(&tunnel.take_packet().unwrap()[..], b"\x0d\0\0\0\x08\0\0\0");
    tunnel.close();
    tunnel.close();
    assert!(tunnel.is_closed() && tunnel.take_packet().is_some());
    assert!(tunnel.take_packet().is_none());
    assert_eq!(tunnel.handle_end(), Ok(()));
}

#[test]
fn cuts_mean_nothing() {
    let said = [HANDSHAKE, TUNNEL, AUTH, CHANNEL, HELLO, HELLO].concat();
    let mut tunnel = Tunnel::new(config());
    let (mut arrived, mut data) = (BytesMut::new(), BytesMut::new());
    for byte in said {
        arrived.extend_from_slice(&[byte]);
        tunnel.handle_bytes(&mut arrived, &mut data).unwrap();
    }
    assert!(arrived.is_empty());
    assert_eq!(&data[..], b"hellohello");
}

#[test]
fn refusals_have_their_step_and_code() {
    let mut refused = CHANNEL.to_vec();
    refused[8..12].copy_from_slice(&0x8007_59da_u32.to_le_bytes());
    let mut tunnel = Tunnel::new(config());
    let said = [HANDSHAKE, TUNNEL, AUTH, &refused].concat();
    let fault = feed(&mut tunnel, &said).unwrap_err();
    let code = GatewayCode::new(0x59da);
    assert_eq!(fault, TsguError::Refused { during: "the channel", code });
    assert_eq!(fault.cause(), "gateway_desktop_denied");

    let mut tunnel = opened();
    let closed = b"\x10\0\0\0\x0c\0\0\0\xf6\x59\x07\x80";
    assert_eq!(feed(&mut tunnel, closed).unwrap_err().cause(), "gateway_time_limit");
    let mut tunnel = opened();
    feed(&mut tunnel, b"\x10\0\0\0\x0c\0\0\0\0\0\0\0").unwrap();
    assert!(tunnel.is_closed());
    assert_eq!(&tunnel.take_packet().unwrap()[..], b"\x11\0\0\0\x0c\0\0\0\0\0\0\0");
}

#[test]
fn what_is_not_due_is_refused() {
    for early in
        [HELLO, TUNNEL, CHANNEL, b"\x0c\0\0\0\x10\0\0\0\x01\0\0\0\0\0\0\0", b"\x77\0\0\0\x08\0\0\0"]
    {
        let fault = feed(&mut Tunnel::new(config()), early).unwrap_err();
        assert_eq!(fault.cause(), "gateway_protocol", "{early:02x?}");
    }
    assert_eq!(
        Tunnel::new(config()).handle_end(),
        Err(TsguError::Ended { during: "the handshake" })
    );
}

#[test]
fn a_tunnel_can_be_made_to_live_on() {
    let mut tunnel = opened();
    feed(&mut tunnel, b"\x0c\0\0\0\x10\0\0\0\x09\0\0\0\0\0\0\0").unwrap();
    assert_eq!((tunnel.take_reauth(), tunnel.take_reauth()), (Some(9), None));

    let mut second = Tunnel::new(TunnelConfig { reauth: Some(9), ..config() });
    feed(&mut second, &[HANDSHAKE, TUNNEL, AUTH].concat()).unwrap();
    assert!(second.is_renewed() && !second.is_open());
}
