//! VNC connections in Guacamole's words, and what they make of the driver.

use porthole_remote::Credentials;
use porthole_rfb::{EncodingKind, RfbConfig, Seed};

use crate::config::Config;
use crate::drive::DriveParameters;
use crate::parameters::{RECORDING, ScreenParameters, Unsupported, Vocabulary, fingerprints, flag};
use crate::sftp::{self, SftpBesideParameters};

/// What the VNC driver is told about one remote.
#[derive(Debug, Clone, Default)]
pub struct VncSettings {
    /// Whether an unencrypted connection is refused.
    pub require_encryption: bool,
    /// Whether a password may be sent in clear.
    pub allow_plaintext_password: bool,
    /// Everything that Guacamole has a name for.
    pub parameters: VncParameters,
}

impl VncSettings {
    /// What the driver is started with. `lossy` is whether pictures may be so.
    pub(crate) fn driver(
        &self,
        credentials: Credentials,
        clipboard_max_bytes: usize,
        lossy: bool,
        config: &Config,
    ) -> RfbConfig {
        let parameters = &self.parameters;
        let defaults = RfbConfig::default();
        RfbConfig {
            credentials,
            require_encryption: self.require_encryption,
            allow_plaintext_password: self.allow_plaintext_password,
            server_key_pins: parameters.server_key_pins.clone(),
            seed: seed(),
            // What other viewers of the session may do is theirs, so only the connection counts.
            view_only: parameters.screen.read_only,
            // A lossless picture starts at the server.
            quality: if lossy { parameters.quality_level.or(defaults.quality) } else { None },
            compression: parameters.compress_level.or(defaults.compression),
            encodings: if parameters.encodings.is_empty() {
                defaults.encodings
            } else {
                parameters.encodings.clone()
            },
            // Whoever chose encodings had a reason.
            measure_path: parameters.encodings.is_empty(),
            // Video is never exact.
            h264: lossy && parameters.h264,
            clipboard_max_bytes,
            handshake_max: config.handshake_max,
            ..defaults
        }
    }
}

/// For one connection: a plan is dialled once. A system without random numbers has no TLS either,
/// and keeps the security types that need none.
fn seed() -> Option<Seed> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(Seed::new(bytes))
}

/// What the parameters of a VNC connection ask for.
#[derive(Debug, Clone, Default)]
pub struct VncParameters {
    /// What is the same for all desktops.
    pub screen: ScreenParameters,
    /// `disable-display-resize`: the remote keeps its size.
    pub disable_display_resize: bool,
    /// `compress-level`, 0 to 9.
    pub compress_level: Option<u8>,
    /// `quality-level`, 0 to 9.
    pub quality_level: Option<u8>,
    /// `encodings`, best first. Empty for our own choice.
    pub encodings: Vec<EncodingKind>,
    /// `h264` is among `encodings`: the server's own video is passed on.
    pub h264: bool,
    /// `enable-drive` and what belongs to it. A VNC server has no drive, so it is a directory that
    /// the desktop sees by other means.
    pub drive: DriveParameters,
    /// `enable-sftp` and what belongs to it.
    pub sftp: SftpBesideParameters,
    /// `server-key-fingerprints`: SHA-256 of the RSA keys that the server may have.
    pub server_key_pins: Vec<[u8; 32]>,
}

impl Vocabulary for VncParameters {
    const PROTOCOL: &'static str = "VNC";
    const UNSUPPORTED: &'static [Unsupported] = UNSUPPORTED;
    const DETAILS: &'static [&'static str] =
        &["wol-", "audio-servername", "listen-timeout", "drive-name"];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "disable-display-resize" => self.disable_display_resize = flag(value)?,
            "compress-level" => self.compress_level = level(value)?,
            "quality-level" => self.quality_level = level(value)?,
            "encodings" => (self.encodings, self.h264) = encodings(value)?,
            "server-key-fingerprints" => self.server_key_pins = fingerprints(value)?,
            _ => {
                return Ok(self.drive.take(name, value)?
                    || self.sftp.take(name, value)?
                    || self.screen.take(name, value)?);
            }
        }
        Ok(true)
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.drive.enable && self.drive.path.is_none() {
            let reason = "needs drive-path: a VNC server has no drive, so it must be a directory \
                          that the desktop sees too";
            return Err(("enable-drive", reason));
        }
        Ok(())
    }
}

/// A level, where -1 is Guacamole's word for none.
fn level(value: &str) -> Result<Option<u8>, String> {
    if value == "-1" {
        return Ok(None);
    }
    match value.parse() {
        Ok(level @ 0..=9) => Ok(Some(level)),
        _ => Err("must be 0 to 9".into()),
    }
}

/// A list such as `zrle ultra copyrect`, and whether H.264 is in it. Encodings that we do not have
/// are left out, as long as one is left: the list is a wish, and servers may send raw pixels
/// regardless. H.264 alone leaves the choice of the others to us.
fn encodings(value: &str) -> Result<(Vec<EncodingKind>, bool), String> {
    let mut kinds = Vec::new();
    let mut h264 = false;
    for word in value.split_whitespace() {
        let kind = match word.to_ascii_lowercase().as_str() {
            "raw" => EncodingKind::Raw,
            "copyrect" => EncodingKind::CopyRect,
            "rre" => EncodingKind::Rre,
            "hextile" => EncodingKind::Hextile,
            "zlib" => EncodingKind::Zlib,
            "trle" => EncodingKind::Trle,
            "zrle" => EncodingKind::Zrle,
            "tight" => EncodingKind::Tight,
            "tightpng" => EncodingKind::TightPng,
            "h264" => {
                h264 = true;
                continue;
            }
            "ultra" | "corre" | "zywrle" => continue,
            _ => return Err("names an encoding that does not exist".into()),
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() && !h264 {
        return Err("names no encoding that is offered".into());
    }
    Ok((kinds, h264))
}

const UNSUPPORTED: &[Unsupported] = &[
    ("recording-path", &[], RECORDING),
    ("create-recording-path", &["false"], RECORDING),
    ("recording-", &["false"], RECORDING),
    ("sftp-directory", &[], sftp::DIRECTORY),
    ("wol-send-packet", &["false"], "the gateway wakes no machines"),
    ("enable-audio", &["false"], "VNC connections have no audio"),
    ("reverse-connect", &["false"], "the gateway does not listen for VNC servers"),
    ("dest-host", &[], "VNC repeaters are not supported"),
    ("dest-port", &[], "VNC repeaters are not supported"),
    ("disable-server-input", &["false"], "the server's own input cannot be locked"),
    ("swap-red-blue", &["false"], "the gateway asks for the order of colours that it needs"),
    ("cursor", &["local"], "the pointer is drawn by the browser; write \"local\""),
    ("color-depth", &["24", "32"], "pictures have full colour; write 24 or 32"),
    ("autoretry", &["0"], "a connection is tried once; the page offers to try again"),
    (
        "clipboard-encoding",
        &["ISO8859-1", "UTF-8"],
        "it is UTF-8 where the server can, else ISO8859-1",
    ),
];

#[cfg(test)]
mod tests {
    use porthole_rfb::EncodingKind;

    use super::VncParameters;
    use crate::parameters::{Strictness, Vocabulary as _};

    fn read(name: &str, value: &str, strictness: Strictness) -> Result<VncParameters, String> {
        VncParameters::read([(name, value.to_owned())], strictness).map_err(|e| e.to_string())
    }

    #[test]
    fn honours_what_it_knows() {
        let strict = Strictness::Configuration;
        assert!(read("read-only", "true", strict).unwrap().screen.read_only);
        assert!(!read("read-only", "", strict).unwrap().screen.read_only);
        assert!(read("disable-copy", "true", strict).unwrap().screen.disable_copy);
        assert!(read("disable-paste", "true", strict).unwrap().screen.disable_paste);
        assert!(read("force-lossless", "true", strict).unwrap().screen.force_lossless);
        assert!(read("disable-display-resize", "true", strict).unwrap().disable_display_resize);
        assert_eq!(read("quality-level", "9", strict).unwrap().quality_level, Some(9));
        assert_eq!(read("quality-level", "-1", strict).unwrap().quality_level, None);
        assert_eq!(read("compress-level", "2", strict).unwrap().compress_level, Some(2));
        assert_eq!(
            read("clipboard-buffer-size", "262144", strict).unwrap().screen.clipboard_max_bytes,
            Some(262_144)
        );
        let pin = "00:FF".to_owned() + &" 0a".repeat(30);
        let pins = read("server-key-fingerprints", &format!("{pin},{pin}"), strict).unwrap();
        assert_eq!(pins.server_key_pins.len(), 2);
        assert_eq!(pins.server_key_pins[1][..3], [0, 0xff, 0x0a]);
        // Guacamole's own default list, with encodings that nobody else has kept.
        let list = "zrle ultra copyrect hextile zlib corre rre raw";
        assert_eq!(
            read("encodings", list, strict).unwrap().encodings,
            [
                EncodingKind::Zrle,
                EncodingKind::CopyRect,
                EncodingKind::Hextile,
                EncodingKind::Zlib,
                EncodingKind::Rre,
                EncodingKind::Raw
            ]
        );
        let with_video = read("encodings", "Zrle H264 ultra", strict).unwrap();
        assert_eq!((with_video.encodings, with_video.h264), (vec![EncodingKind::Zrle], true));
        let video_alone = read("encodings", "h264", strict).unwrap();
        assert_eq!((video_alone.encodings, video_alone.h264), (vec![], true));
        assert!(!read("encodings", "zrle", strict).unwrap().h264);
    }

    #[test]
    fn refuses_what_it_cannot_honour() {
        for (name, value) in [
            ("read-only", "yes"),
            ("read-only", "TRUE"),
            ("quality-level", "10"),
            ("compress-level", "best"),
            ("encodings", "zrle h265"),
            ("encodings", "ultra corre"),
            ("recording-path", "/var/recordings"),
            ("recording-include-keys", "true"),
            ("enable-sftp", "yes"),
            ("sftp-directory", "/srv"),
            ("wol-send-packet", "true"),
            ("enable-audio", "true"),
            ("reverse-connect", "true"),
            ("dest-host", "inner"),
            ("cursor", "remote"),
            ("color-depth", "8"),
            ("autoretry", "3"),
            ("clipboard-encoding", "CP1252"),
            ("clipboard-buffer-size", "0"),
            ("enable-drive", "true"),
            ("server-key-fingerprints", "ab:cd"),
            ("server-key-fingerprints", "none"),
        ] {
            for strictness in [Strictness::Configuration, Strictness::Token] {
                let error = read(name, value, strictness).unwrap_err();
                assert!(error.contains(name), "{error}");
            }
        }
    }

    #[test]
    fn skips_unknown_names_in_tokens_only() {
        assert!(read("no-such-thing", "1", Strictness::Token).is_ok());
        assert!(read("no-such-thing", "1", Strictness::Configuration).is_err());
        for (name, value) in [("wol-udp-port", "9"), ("enable-sftp", "false"), ("cursor", "local")]
        {
            assert!(read(name, value, Strictness::Configuration).is_ok(), "{name}");
        }
    }
}
