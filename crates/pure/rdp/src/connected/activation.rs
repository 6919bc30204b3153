//! A share that begins anew (`[MS-RDPBCGR]` 1.3.1.3), which is how a desktop changes its size.

use bytes::{BufMut, BytesMut};
use ironrdp_connector::Sequence as _;
use ironrdp_connector::connection_activation::{
    ConnectionActivationFactory, ConnectionActivationSequence, ConnectionActivationState,
};
use ironrdp_core::WriteBuf;
use ironrdp_pdu::rdp::capability_sets::InputFlags;
use porthole_pixels::Size;
use porthole_wire::text;

use crate::mcs::User;
use crate::{RdpConfig, RdpError, settings};

/// Steps that one message may lead to.
const STEPS_MAX: u32 = 16;

/// The sequence that begins a share.
#[derive(Debug)]
pub(super) struct Activation(Box<ConnectionActivationSequence>);

/// What it led to.
pub(super) struct NewShare {
    pub(super) id: u32,
    pub(super) size: Size,
    pub(super) is_fast: bool,
}

/// What begins shares, without the user's password.
pub(super) fn without_secrets(
    config: &RdpConfig,
    user: User,
) -> Result<ConnectionActivationFactory, RdpError> {
    let sequence = settings::without_secrets(settings::connector(config)?.config);
    Ok(ConnectionActivationFactory::new(sequence, user.io_channel, user.id))
}

/// Whether the server takes fast-path input, and characters that are no keys.
pub(super) fn input_flags(flags: InputFlags) -> (bool, bool) {
    let fast = InputFlags::FASTPATH_INPUT | InputFlags::FASTPATH_INPUT_2;
    (flags.intersects(fast), flags.contains(InputFlags::UNICODE))
}

impl Activation {
    pub(super) fn new(factory: &ConnectionActivationFactory) -> Self {
        Self(Box::new(factory.create()))
    }

    /// Whether the server has demanded a share, so that data belongs to its beginning.
    pub(super) fn is_begun(&self) -> bool {
        let state = self.0.connection_activation_state();
        !matches!(state, ConnectionActivationState::CapabilitiesExchange)
    }

    /// Takes a packet. `Some`: the share has begun.
    pub(super) fn step(
        &mut self,
        packet: &[u8],
        out: &mut BytesMut,
    ) -> Result<Option<NewShare>, RdpError> {
        let fault = |error: ironrdp_connector::ConnectorError| RdpError::Sequence {
            during: "the reactivation",
            reason: text(error.report().to_string().as_bytes()),
        };
        let mut written = WriteBuf::new();
        self.0.step(packet, None, &mut written).map_err(fault)?;
        let mut steps = 0;
        while self.0.next_pdu_hint().is_none() && !self.0.state().is_terminal() {
            RdpError::check_limit("steps", steps, STEPS_MAX)?;
            self.0.step(&[], None, &mut written).map_err(fault)?;
            steps += 1;
        }
        out.put_slice(written.filled());
        match self.0.connection_activation_state() {
            ConnectionActivationState::Finalized {
                desktop_size,
                share_id,
                input_flags: flags,
                ..
            } => Ok(Some(NewShare {
                id: share_id,
                size: desktop(Size::new(desktop_size.width, desktop_size.height))?,
                is_fast: input_flags(flags).0,
            })),
            ConnectionActivationState::Redirected { .. } => Err(RdpError::Sequence {
                during: "the reactivation",
                reason: "a redirection where none can be".to_owned(),
            }),
            _ => Ok(None),
        }
    }
}

/// A size that a desktop can have.
///
/// # Errors
///
/// It has no pixels. Whether it has too many, the surface knows.
pub(super) fn desktop(size: Size) -> Result<Size, RdpError> {
    if size.area() == 0 {
        let value = u64::from(size.width) << 16 | u64::from(size.height);
        return Err(RdpError::BadField { field: "desktopWidth and desktopHeight", value });
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Size;

    use super::desktop;

    #[test]
    fn desktops_have_pixels() {
        assert!(desktop(Size::new(1, 1)).is_ok());
        assert!(desktop(Size::new(0, 768)).is_err() && desktop(Size::new(1024, 0)).is_err());
    }
}
