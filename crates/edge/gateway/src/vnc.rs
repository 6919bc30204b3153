//! VNC connections in Guacamole's words.
//!
//! Portals and configurations name parameters as Guacamole does. Those we honour are in
//! [`VncParameters`]; those that would change what a connection does, and that we do not offer,
//! are refused, because a desktop that silently records nothing or shows everything to a second
//! server is worse than none.

use porthole_rfb::EncodingKind;

/// What the parameters of a VNC connection ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of its own")]
pub struct VncParameters {
    /// `read-only`: no input reaches the remote.
    pub read_only: bool,
    /// `disable-copy`: the remote's clipboard stays there.
    pub disable_copy: bool,
    /// `disable-paste`: the viewer's clipboard stays there.
    pub disable_paste: bool,
    /// `force-lossless`: no picture is ever approximate.
    pub force_lossless: bool,
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
    /// `clipboard-buffer-size`, in bytes.
    pub clipboard_max_bytes: Option<usize>,
    /// `server-key-fingerprints`: SHA-256 of the RSA keys that the server may have.
    pub server_key_pins: Vec<[u8; 32]>,
}

/// What to do with a name that Guacamole does not have either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Refuse it: it is a slip of the operator's.
    Configuration,
    /// Skip it, as Guacamole does.
    Token,
}

/// A parameter that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {name:?} {reason}")]
pub struct ParameterError {
    /// Its name, made fit to print.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl VncParameters {
    /// Reads parameters. An empty value is as good as none.
    ///
    /// # Errors
    ///
    /// A value that makes no sense, a parameter that this gateway does not offer, and, where
    /// `strictness` says so, a name that does not exist.
    pub fn read<'a>(
        parameters: impl IntoIterator<Item = (&'a str, String)>,
        strictness: Strictness,
    ) -> Result<Self, ParameterError> {
        let mut read = Self::default();
        for (name, value) in parameters {
            let refused = |reason: String| ParameterError {
                name: porthole_wire::text(name.as_bytes()),
                reason,
            };
            if value.is_empty() || read.take(name, &value).map_err(refused)? {
                continue;
            }
            if let Some(reason) = unsupported(name, &value) {
                return Err(refused(format!("is not offered: {reason}")));
            }
            if is_known(name) {
                continue;
            }
            match strictness {
                Strictness::Configuration => {
                    return Err(refused("is not a parameter of VNC connections".into()));
                }
                Strictness::Token => tracing::debug!(
                    name = %porthole_wire::text(name.as_bytes()),
                    "a token has a parameter that does not exist"
                ),
            }
        }
        Ok(read)
    }

    /// Takes one parameter that we honour; `false` when it is none of them.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "read-only" => self.read_only = flag(value)?,
            "disable-copy" => self.disable_copy = flag(value)?,
            "disable-paste" => self.disable_paste = flag(value)?,
            "force-lossless" => self.force_lossless = flag(value)?,
            "disable-display-resize" => self.disable_display_resize = flag(value)?,
            "compress-level" => self.compress_level = level(value)?,
            "quality-level" => self.quality_level = level(value)?,
            "encodings" => (self.encodings, self.h264) = encodings(value)?,
            "clipboard-buffer-size" => {
                // Guacamole clamps to 256 KiB at least; a smaller wish is honoured here.
                let size = value.parse().ok().filter(|size| (1..=50 << 20).contains(size));
                self.clipboard_max_bytes = Some(size.ok_or("must be 1 to 52428800")?);
            }
            "server-key-fingerprints" => self.server_key_pins = fingerprints(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Fingerprints of 64 hexadecimal digits, separated by commas. Colons and spaces, as tools print
/// them between the digits, are skipped.
fn fingerprints(value: &str) -> Result<Vec<[u8; 32]>, String> {
    let pins: Option<Vec<[u8; 32]>> = value.split(',').map(fingerprint).collect();
    pins.ok_or_else(|| "must be SHA-256 fingerprints of 64 hex digits".into())
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !matches!(character, ':' | ' '))
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

/// Guacamole takes anything else for the default; for `read-only = "yes"` that would be wrong.
fn flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_other| "must be true or false".into())
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

/// Guacamole's parameters that would change what the connection does and are not offered: a
/// name, or the beginning of several; the values that ask for nothing; and the reason.
const UNSUPPORTED: &[(&str, &[&str], &str)] = &[
    ("recording-path", &[], RECORDING),
    ("create-recording-path", &["false"], RECORDING),
    ("recording-", &["false"], RECORDING),
    ("enable-sftp", &["false"], "files cannot be transferred over VNC connections"),
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

const RECORDING: &str = "sessions are not recorded";

/// Why `name` with `value` cannot be honoured, if it cannot.
fn unsupported(name: &str, value: &str) -> Option<&'static str> {
    let (_, harmless, reason) = UNSUPPORTED.iter().find(|(known, _, _)| matches(known, name))?;
    (!harmless.contains(&value)).then_some(*reason)
}

/// Whether Guacamole has the name, and its value does not matter here.
fn is_known(name: &str) -> bool {
    // Details of features that are off; what switches them on is in the table above.
    let detail = ["sftp-", "wol-"].iter().any(|prefix| name.starts_with(prefix));
    detail
        || matches!(name, "audio-servername" | "listen-timeout")
        || UNSUPPORTED.iter().any(|(known, _, _)| matches(known, name))
}

/// Whether `known`, a name or the beginning of one, is meant by `name`.
fn matches(known: &str, name: &str) -> bool {
    known == name || known.ends_with('-') && name.starts_with(known)
}

#[cfg(test)]
mod tests {
    use porthole_rfb::EncodingKind;

    use super::{Strictness, VncParameters};

    fn read(name: &str, value: &str, strictness: Strictness) -> Result<VncParameters, String> {
        VncParameters::read([(name, value.to_owned())], strictness).map_err(|e| e.to_string())
    }

    #[test]
    fn honours_what_it_knows() {
        let strict = Strictness::Configuration;
        assert!(read("read-only", "true", strict).unwrap().read_only);
        assert!(!read("read-only", "", strict).unwrap().read_only);
        assert!(read("disable-copy", "true", strict).unwrap().disable_copy);
        assert!(read("disable-paste", "true", strict).unwrap().disable_paste);
        assert!(read("force-lossless", "true", strict).unwrap().force_lossless);
        assert!(read("disable-display-resize", "true", strict).unwrap().disable_display_resize);
        assert_eq!(read("quality-level", "9", strict).unwrap().quality_level, Some(9));
        assert_eq!(read("quality-level", "-1", strict).unwrap().quality_level, None);
        assert_eq!(read("compress-level", "2", strict).unwrap().compress_level, Some(2));
        assert_eq!(
            read("clipboard-buffer-size", "262144", strict).unwrap().clipboard_max_bytes,
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
            ("enable-sftp", "true"),
            ("wol-send-packet", "true"),
            ("enable-audio", "true"),
            ("reverse-connect", "true"),
            ("dest-host", "inner"),
            ("cursor", "remote"),
            ("color-depth", "8"),
            ("autoretry", "3"),
            ("clipboard-encoding", "CP1252"),
            ("clipboard-buffer-size", "0"),
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
