//! What we tell the server we can do (`[MS-RDPEGFX]` 2.2.3).
//!
//! All sets ask for the small cache of 16 MB: nobody has to hold 100 MB, and a server is known
//! that closes the channel otherwise. Version 10.1 cannot say so, and 10.5 and 10.6 cannot refuse
//! scaled surfaces, so these are left out; 10.3 has it built in, and offers no more than 10.4.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::error::GraphicsError;
use super::messages::caps_advertise;

const VERSION_8: u32 = 0x0008_0004;
const VERSION_8_1: u32 = 0x0008_0105;
const VERSION_10: u32 = 0x000a_0002;
const VERSION_10_2: u32 = 0x000a_0200;
const VERSION_10_4: u32 = 0x000a_0400;
const VERSION_10_7: u32 = 0x000a_0701;

const SMALL_CACHE: u32 = 0x02;
const AVC420_ENABLED: u32 = 0x10;
const AVC_DISABLED: u32 = 0x20;
const SCALED_MAP_DISABLED: u32 = 0x80;

/// Which forms of H.264 the server may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum H264Use {
    /// Nobody can decode it.
    None,
    /// One 4:2:0 stream a surface: what browsers decode, too.
    Avc420,
    /// Also two streams that make 4:4:4 together.
    Avc444,
}

impl H264Use {
    /// The capability sets: versions and their flags.
    ///
    /// From version 10 on, a client that takes H.264 must take it in 4:4:4, which is two streams
    /// that a browser cannot put together. So whoever wants 4:2:0 alone stays at 8.1.
    fn sets(self) -> Vec<(u32, u32)> {
        let version_8 = (VERSION_8, SMALL_CACHE);
        let avc = match self {
            Self::Avc420 => {
                return vec![version_8, (VERSION_8_1, SMALL_CACHE | AVC420_ENABLED)];
            }
            Self::None => AVC_DISABLED,
            Self::Avc444 => 0,
        };
        let avc420 = if self == Self::None { 0 } else { AVC420_ENABLED };
        vec![
            version_8,
            (VERSION_8_1, SMALL_CACHE | avc420),
            (VERSION_10, SMALL_CACHE | avc),
            (VERSION_10_2, SMALL_CACHE | avc),
            (VERSION_10_4, SMALL_CACHE | avc),
            (VERSION_10_7, SMALL_CACHE | avc | SCALED_MAP_DISABLED),
        ]
    }
}

/// What the server was told, which may change: it then begins anew. Versions from 10.3 on know
/// that; `FreeRDP` takes it with others, too.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    last: Option<H264Use>,
    /// What is on its way may belong to an earlier one.
    versions: BTreeSet<u32>,
    best: Option<H264Use>,
    is_restarting: bool,
}

impl Agreement {
    /// The message that tells the server of `h264`, unless it knows.
    pub(crate) fn advertise(&mut self, h264: H264Use) -> Option<Bytes> {
        if self.last == Some(h264) {
            return None;
        }
        self.is_restarting = self.last.is_some();
        self.last = Some(h264);
        self.best = self.best.max(self.last);
        self.versions.extend(h264.sets().into_iter().map(|(version, _)| version));
        Some(caps_advertise(&h264.sets()))
    }

    /// What the server was last told.
    pub(crate) const fn last(&self) -> Option<H264Use> {
        self.last
    }

    /// The most that it was ever told.
    pub(crate) fn best_h264(&self) -> H264Use {
        self.best.unwrap_or(H264Use::None)
    }

    /// Whether the graphics that are reset now are those of other capabilities.
    pub(crate) fn take_restart(&mut self) -> bool {
        std::mem::take(&mut self.is_restarting)
    }

    /// The server chose `version`. Its flags say no more than ours: what we can do, we can do
    /// whether or not the server repeats it.
    ///
    /// # Errors
    ///
    /// That was not among the sets.
    pub(crate) fn check_confirmed(&self, version: u32) -> Result<(), GraphicsError> {
        if self.versions.contains(&version) {
            Ok(())
        } else {
            let field = "graphics version";
            Err(GraphicsError::BadField { field, value: version.into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use ironrdp_core::decode;
    use ironrdp_egfx::pdu::{
        CapabilitiesV8Flags, CapabilitiesV10Flags, CapabilitiesV81Flags, CapabilitySet, GfxPdu,
    };

    use super::{Agreement, H264Use};

    fn sets(of: H264Use) -> Vec<CapabilitySet> {
        match decode(&Agreement::default().advertise(of).unwrap()).unwrap() {
            GfxPdu::CapabilitiesAdvertise(pdu) => {
                pdu.0.iter().map(|set| set.parsed().unwrap().unwrap()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn offers_420_alone_up_to_version_8_1() {
        let flags = CapabilitiesV81Flags::SMALL_CACHE | CapabilitiesV81Flags::AVC420_ENABLED;
        let want = [
            CapabilitySet::V8 { flags: CapabilitiesV8Flags::SMALL_CACHE },
            CapabilitySet::V8_1 { flags },
        ];
        assert_eq!(sets(H264Use::Avc420), want);
    }

    #[test]
    fn offers_newer_versions_with_444_or_without_h264() {
        for (of, is_disabled) in [(H264Use::None, true), (H264Use::Avc444, false)] {
            let sets = sets(of);
            assert_eq!(sets.len(), 6);
            for set in sets {
                if let CapabilitySet::V10 { flags } = set {
                    assert!(flags.contains(CapabilitiesV10Flags::SMALL_CACHE));
                    assert_eq!(flags.contains(CapabilitiesV10Flags::AVC_DISABLED), is_disabled);
                }
            }
        }
    }

    #[test]
    fn takes_no_version_that_was_not_offered() {
        for (of, version, is_offered) in [
            (H264Use::Avc420, 0x0008_0105, true),
            (H264Use::Avc420, 0x000a_0400, false),
            (H264Use::Avc444, 0x000a_0701, true),
            (H264Use::None, 0x000a_0100, false),
        ] {
            let mut agreement = Agreement::default();
            agreement.advertise(of);
            let is_taken = agreement.check_confirmed(version).is_ok();
            assert_eq!(is_taken, is_offered, "{of:?} {version:#x}");
        }
    }

    #[test]
    fn tells_of_changes_alone() {
        let mut agreement = Agreement::default();
        assert!(agreement.advertise(H264Use::Avc420).is_some());
        assert!(agreement.advertise(H264Use::Avc420).is_none());
        assert!(!agreement.take_restart());
        assert!(agreement.advertise(H264Use::None).is_some());
        assert!(agreement.take_restart() && !agreement.take_restart());
        // The answer to the first may be on its way.
        assert!(agreement.check_confirmed(0x0008_0105).is_ok());
        assert!(agreement.check_confirmed(0x000a_0701).is_ok());
        assert_eq!(agreement.best_h264(), H264Use::Avc420);
    }
}
