//! Colours by name.

/// The names of X11's `rgb.txt` in lower case without spaces, in order, each with its colour:
/// `name rrggbb`, with a comma or the line's end between them.
const NAMES: &str = include_str!("x11-colors.txt");

/// The colour of this name, whose case and spaces do not matter.
pub(super) fn named(name: &str) -> Option<[u8; 3]> {
    let wanted: String =
        name.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let digits = NAMES.split([',', '\n']).find_map(|entry| {
        let (name, digits) = entry.trim_start().split_once(' ')?;
        (name == wanted).then_some(digits)
    })?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some([red, green, blue])
}
