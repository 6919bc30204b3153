//! `[session]`, `[pacing]` and `[timeouts]`.

use std::{path::Path, time::Duration};

use porthole_dial::Timeouts;
use porthole_session::SessionConfig;
use porthole_tiles::video::VideoCodec;
use serde::Deserialize;

use super::{ConfigError, files::Files, raw::in_range};

/// A year; longer than any session.
const SESSION_MAX_S: u64 = 366 * 24 * 3600;

/// `[session]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawSession {
    max: u32,
    viewers_max: u32,
    linger_s: u64,
    idle_max_s: Option<u64>,
    session_max_s: Option<u64>,
    clipboard_max_bytes: u64,
    prompt_s: u64,
}

impl Default for RawSession {
    fn default() -> Self {
        Self {
            max: 500,
            viewers_max: 16,
            linger_s: 60,
            idle_max_s: None,
            session_max_s: None,
            clipboard_max_bytes: porthole_link::CLIPBOARD_MAX_BYTES as u64,
            prompt_s: 300,
        }
    }
}

/// `[pacing]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawPacing {
    frame_gap_min_ms: u64,
    unacked_max_bytes: u64,
    cells_max: u64,
    refine_after_ms: u64,
    lossy: bool,
    pass_jpeg: bool,
    openh264: String,
}

impl Default for RawPacing {
    fn default() -> Self {
        Self {
            frame_gap_min_ms: 16,
            unacked_max_bytes: 4 << 20,
            cells_max: porthole_link::CELLS_MAX.into(),
            refine_after_ms: 100,
            lossy: true,
            pass_jpeg: true,
            openh264: String::new(),
        }
    }
}

/// What sessions may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLimits {
    /// Most sessions at a time.
    pub max: usize,
    /// What each session starts from. Its `age_max` is `session.session_max_s`; a token may
    /// shorten it.
    pub each: SessionConfig,
}

pub(crate) fn check(
    session: &RawSession,
    pacing: &RawPacing,
    files: &Files,
) -> Result<SessionLimits, ConfigError> {
    in_range("session.max", session.max.into(), 1, 100_000)?;
    in_range("session.viewers_max", session.viewers_max.into(), 1, 1000)?;
    in_range("session.linger_s", session.linger_s, 0, 24 * 3600)?;
    in_range("session.prompt_s", session.prompt_s, 10, 3600)?;
    if let Some(seconds) = session.idle_max_s {
        in_range("session.idle_max_s", seconds, 10, SESSION_MAX_S)?;
    }
    if let Some(seconds) = session.session_max_s {
        in_range("session.session_max_s", seconds, 10, SESSION_MAX_S)?;
    }
    let clipboard_max = porthole_link::CLIPBOARD_MAX_BYTES as u64;
    in_range("session.clipboard_max_bytes", session.clipboard_max_bytes, 1, clipboard_max)?;
    in_range("pacing.frame_gap_min_ms", pacing.frame_gap_min_ms, 4, 1000)?;
    // Less than a large picture would never let one leave; more would be seconds of old frames.
    in_range("pacing.unacked_max_bytes", pacing.unacked_max_bytes, 64 << 10, 64 << 20)?;
    in_range("pacing.cells_max", pacing.cells_max, 0, porthole_link::CELLS_MAX.into())?;
    in_range("pacing.refine_after_ms", pacing.refine_after_ms, 20, 400)?;
    Ok(SessionLimits {
        max: len(session.max.into()),
        each: SessionConfig {
            frame_gap_min: Duration::from_millis(pacing.frame_gap_min_ms),
            unacked_max_bytes: len(pacing.unacked_max_bytes),
            video: video(&pacing.openh264, files)?,
            // Each connection says so for itself.
            passes_video: false,
            cells_max: u16::try_from(pacing.cells_max).unwrap_or(porthole_link::CELLS_MAX),
            refine_after: Duration::from_millis(pacing.refine_after_ms),
            lossy: pacing.lossy,
            pass_jpeg: pacing.pass_jpeg,
            linger: Duration::from_secs(session.linger_s),
            idle_max: session.idle_max_s.map(Duration::from_secs),
            age_max: session.session_max_s.map(Duration::from_secs),
            prompt_max: Duration::from_secs(session.prompt_s),
            viewers_max: len(session.viewers_max.into()),
            files: false,
            sound: false,
            text: false,
            clipboard_max_bytes: len(session.clipboard_max_bytes),
        },
    })
}

/// The H.264 encoder that `pacing.openh264` names.
fn video(name: &str, files: &Files) -> Result<Option<VideoCodec>, ConfigError> {
    match name {
        "" => Ok(None),
        "bundled" => VideoCodec::bundled().map(Some).ok_or_else(|| {
            let reason = "this build has no encoder in it: name the file of Cisco's library";
            ConfigError::invalid("pacing.openh264", reason)
        }),
        path => VideoCodec::load(files.path(Path::new(path)))
            .map(Some)
            .map_err(|error| ConfigError::invalid("pacing.openh264", error)),
    }
}

/// Every caller has checked an upper bound that fits.
fn len(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// `[timeouts]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "keys end in their unit")]
pub(crate) struct RawTimeouts {
    resolve_s: u64,
    connect_s: u64,
    tls_s: u64,
    handshake_s: u64,
}

impl Default for RawTimeouts {
    fn default() -> Self {
        Self { resolve_s: 5, connect_s: 10, tls_s: 10, handshake_s: 15 }
    }
}

impl RawTimeouts {
    /// The dialler's limits, and the driver's for its own handshake.
    pub(crate) fn check(&self) -> Result<(Timeouts, Duration), ConfigError> {
        in_range("timeouts.resolve_s", self.resolve_s, 1, 300)?;
        in_range("timeouts.connect_s", self.connect_s, 1, 300)?;
        in_range("timeouts.tls_s", self.tls_s, 1, 300)?;
        in_range("timeouts.handshake_s", self.handshake_s, 1, 300)?;
        let timeouts = Timeouts {
            resolve: Duration::from_secs(self.resolve_s),
            connect: Duration::from_secs(self.connect_s),
            tls: Duration::from_secs(self.tls_s),
        };
        Ok((timeouts, Duration::from_secs(self.handshake_s)))
    }
}
