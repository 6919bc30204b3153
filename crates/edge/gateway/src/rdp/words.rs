//! The values of an RDP connection's parameters, in Guacamole's words.

use porthole_rdp::{ColorDepth, LineEnds, SecurityMode};

use super::ResizeMethod;

/// A name that the server shows its users.
pub(super) fn device_name(value: &str) -> Result<String, String> {
    let is_plain =
        |character: char| !character.is_control() && !r#"\/:*?"<>|,"#.contains(character);
    if value.chars().count() > 64 || !value.chars().all(is_plain) {
        return Err(r#"must be at most 64 characters without \ / : * ? " < > | and commas"#.into());
    }
    Ok(value.to_owned())
}

pub(super) fn security(value: &str) -> Result<SecurityMode, String> {
    Ok(match value {
        "any" => SecurityMode::Any,
        // The extended form is taken where the server has it.
        "nla" | "nla-ext" => SecurityMode::Nla,
        "tls" => SecurityMode::Tls,
        "rdp" => return Err("cannot be rdp: it has no encryption worth the name".into()),
        "vmconnect" => {
            return Err(
                "cannot be vmconnect: consoles of Hyper-V begin with NLA, before anything is \
                        negotiated, which is not offered"
                    .into(),
            );
        }
        _ => return Err("must be any, nla or tls".into()),
    })
}

pub(super) fn line_ends(value: &str) -> Result<LineEnds, String> {
    Ok(match value {
        "preserve" => LineEnds::Preserve,
        "unix" => LineEnds::Unix,
        "windows" => LineEnds::Windows,
        _ => return Err("must be preserve, unix or windows".into()),
    })
}

pub(super) fn color_depth(value: &str) -> Result<ColorDepth, String> {
    Ok(match value {
        "15" => ColorDepth::Bits15,
        "16" => ColorDepth::Bits16,
        "24" => ColorDepth::Bits24,
        "32" => ColorDepth::Bits32,
        _ => return Err("must be 15, 16, 24 or 32".into()),
    })
}

/// Guacamole's empty value, which keeps the size, counts as "not given" here as everywhere.
pub(super) fn resize_method(value: &str) -> Result<ResizeMethod, String> {
    match value {
        "display-update" => Ok(ResizeMethod::DisplayUpdate),
        "reconnect" => Ok(ResizeMethod::Reconnect),
        "none" => Ok(ResizeMethod::Never),
        _ => Err("must be display-update, reconnect or none".into()),
    }
}

/// A side of the desktop, in pixels.
pub(super) fn side(value: &str) -> Result<u16, String> {
    let side = value.parse().ok().filter(|side| (200..=8192).contains(side));
    side.ok_or_else(|| "must be 200 to 8192".into())
}

/// Dots an inch, in percent of 96.
pub(super) fn scale_percent(value: &str) -> Result<u16, String> {
    let dpi: Option<u16> = value.parse().ok().filter(|dpi| (96..=480).contains(dpi));
    dpi.map(|dpi| dpi * 100 / 96).ok_or_else(|| "must be 96 to 480".into())
}
