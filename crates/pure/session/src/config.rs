//! What a session is allowed and how it paces.

use std::time::Duration;

use porthole_tiles::video::VideoCodec;

/// Limits and pacing of one session. The gateway checks them when it loads its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionConfig {
    /// Shortest time between two frames for one viewer.
    pub frame_gap_min: Duration,
    /// Most bytes sent and not yet acknowledged, per viewer.
    pub unacked_max_bytes: usize,
    /// What encodes films as H.264, if anything does.
    pub video: Option<VideoCodec>,
    /// Whether the remote's own video is passed on to viewers that decode it. Viewers that do not
    /// keep the remote from sending any.
    pub passes_video: bool,
    /// Most cells that are used of a browser's: 16 KiB each there, some 80 bytes here.
    pub cells_max: u16,
    /// How long a lossy tile must be still before it is sent exactly. With the time that takes,
    /// below half a second.
    pub refine_after: Duration,
    /// Whether pictures may be lossy while they move.
    pub lossy: bool,
    /// Whether JPEG files that the remote sent may go on to viewers as they came.
    pub pass_jpeg: bool,
    /// How long the session lives without a viewer.
    pub linger: Duration,
    /// How long the session lives without input, if bounded.
    pub idle_max: Option<Duration>,
    /// How long the session lives at all, if bounded.
    pub age_max: Option<Duration>,
    /// How long a question for credentials waits for an answer.
    pub prompt_max: Duration,
    /// Most viewers at a time.
    pub viewers_max: usize,
    /// Whether there are files: somebody carries out [`crate::Output::File`].
    pub files: bool,
    /// Whether the remote may be heard.
    pub sound: bool,
    /// Whether the remote is text ([`porthole_remote::Event::Terminal`]).
    pub text: bool,
    /// Largest clipboard content passed on in either direction, in bytes of each format.
    pub clipboard_max_bytes: usize,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            frame_gap_min: Duration::from_millis(16),
            unacked_max_bytes: 4 << 20,
            video: None,
            passes_video: false,
            cells_max: porthole_link::CELLS_MAX,
            refine_after: Duration::from_millis(100),
            lossy: true,
            pass_jpeg: true,
            linger: Duration::from_secs(60),
            idle_max: None,
            age_max: None,
            prompt_max: Duration::from_secs(300),
            viewers_max: 16,
            files: false,
            sound: false,
            text: false,
            clipboard_max_bytes: porthole_link::CLIPBOARD_MAX_BYTES,
        }
    }
}
