//! The parameter `color-scheme`.

use super::color::named;
use super::palette::{BACKGROUND, FOREGROUND, default_colors};

/// Longest `color-scheme`, in bytes: more than every colour set once.
const SCHEME_MAX_BYTES: usize = 16 << 10;

/// A scheme that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemeError {
    /// The scheme is longer than any that says something.
    #[error("is longer than {limit} bytes")]
    Length {
        /// What is accepted.
        limit: usize,
    },
    /// A part of the scheme has no colon.
    #[error(
        "{part:?} is neither black-white, gray-black, green-black or white-black, nor \
         a pair like foreground:color7"
    )]
    Part {
        /// The part, cut to 32 characters.
        part: String,
    },
    /// What stands before the colon is unknown.
    #[error("{name:?} is not foreground, background or color0 to color255")]
    Name {
        /// The name, cut to 32 characters.
        name: String,
    },
    /// What stands after the colon is no colour.
    #[error(
        "{color:?} is not a colour: a name of X11, rgb:RR/GG/BB in hexadecimal digits, \
         or color0 to color255"
    )]
    Color {
        /// The colour, cut to 32 characters.
        color: String,
    },
}

/// A look's colours. The scheme is the name of a preset, or pairs in Apache Guacamole's notation,
/// `foreground:`, `background:` or `colorN:` followed by a colour, with semicolons or line ends
/// between them. Later pairs win, and `colorN` as a colour is what it stands for there. Empty: grey
/// on black.
///
/// # Errors
///
/// [`SchemeError`], with the part that is wrong.
pub fn parse_color_scheme(scheme: &str) -> Result<Box<[[u8; 3]; 258]>, SchemeError> {
    if scheme.len() > SCHEME_MAX_BYTES {
        return Err(SchemeError::Length { limit: SCHEME_MAX_BYTES });
    }
    let pairs = match scheme.trim() {
        "black-white" => "foreground:color0;background:color15",
        "gray-black" => "foreground:color7;background:color0",
        "green-black" => "foreground:color2;background:color0",
        "white-black" => "foreground:color15;background:color0",
        pairs => pairs,
    };
    let mut colors = default_colors();
    let parts = pairs.split([';', '\n', '\r']).map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, color) =
            part.split_once(':').ok_or_else(|| SchemeError::Part { part: cut(part) })?;
        let place = place(name.trim()).ok_or_else(|| SchemeError::Name { name: cut(name) })?;
        let color = color.trim();
        let value =
            color_value(color, &colors).ok_or_else(|| SchemeError::Color { color: cut(color) })?;
        if let Some(to) = colors.get_mut(place) {
            *to = value;
        }
    }
    Ok(colors)
}

/// Where a named colour stands.
fn place(name: &str) -> Option<usize> {
    match name {
        "foreground" => Some(FOREGROUND),
        "background" => Some(BACKGROUND),
        _ => numbered(name),
    }
}

/// `color0` to `color255`.
fn numbered(name: &str) -> Option<usize> {
    let digits = name.strip_prefix("color").filter(|digits| digits.bytes().all(is_digit))?;
    digits.parse::<u8>().ok().map(usize::from)
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn color_value(color: &str, colors: &[[u8; 3]; 258]) -> Option<[u8; 3]> {
    if let Some(digits) = color.strip_prefix("rgb:") {
        let mut parts = digits.split('/').map(channel);
        let value = [parts.next()??, parts.next()??, parts.next()??];
        return parts.next().is_none().then_some(value);
    }
    match numbered(color) {
        Some(index) => colors.get(index).copied(),
        None => named(color),
    }
}

/// One or two hexadecimal digits; one stands for itself twice, as in X11.
fn channel(digits: &str) -> Option<u8> {
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (is_hex, digits.len()) {
        (true, 1) => u8::from_str_radix(digits, 16).ok().map(|digit| digit * 0x11),
        (true, 2) => u8::from_str_radix(digits, 16).ok(),
        _ => None,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(32).collect()
}
