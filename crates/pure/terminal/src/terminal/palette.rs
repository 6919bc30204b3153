//! The terminal's colours, and how programs change them.

use std::collections::BTreeMap;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// The terminal's colours: those of its look, and what a program has changed (OSC 4, 10, 11, 12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    look: Box<[Rgb; 258]>,
    /// Those of the 256 that were changed.
    pub(crate) indexed: BTreeMap<u8, Rgb>,
    /// Foreground, background and cursor, where they were changed.
    pub(crate) special: [Option<Rgb>; 3],
}

impl Palette {
    pub(crate) fn new(look: Box<[Rgb; 258]>) -> Self {
        Self { look, indexed: BTreeMap::new(), special: [None; 3] }
    }

    /// One of the 256.
    pub fn indexed(&self, index: u8) -> Rgb {
        let look = || self.look.get(usize::from(index)).copied().unwrap_or_default();
        self.indexed.get(&index).copied().unwrap_or_else(look)
    }

    /// The colour of characters that have none of their own.
    pub fn foreground(&self) -> Rgb {
        self.special(0)
    }

    /// The colour of cells that have none of their own.
    pub fn background(&self) -> Rgb {
        self.special(1)
    }

    /// The cursor's colour: the foreground unless a program chose one.
    pub fn cursor(&self) -> Rgb {
        self.special(2)
    }

    /// Foreground, background and cursor, as OSC 10, 11 and 12 count them.
    pub(crate) fn special(&self, which: usize) -> Rgb {
        let changed = self.special.get(which).copied().flatten();
        let [.., foreground, background] = *self.look;
        changed.unwrap_or_else(|| match which {
            0 => foreground,
            1 => background,
            _ => self.special(0),
        })
    }

    pub(crate) fn is_changed(&self) -> bool {
        !self.indexed.is_empty() || self.special.iter().any(Option::is_some)
    }

    pub(crate) fn reset(&mut self) {
        self.indexed.clear();
        self.special = [None; 3];
    }
}

/// A colour in the words of X: `rgb:` and three hexadecimal numbers of one to four digits, or `#`
/// and these digits together.
pub(crate) fn parse(spec: &[u8]) -> Option<Rgb> {
    let spec = std::str::from_utf8(spec).ok()?;
    let mut parts = [""; 3];
    if let Some(body) = spec.strip_prefix("rgb:") {
        let mut split = body.split('/');
        for part in &mut parts {
            *part = split.next()?;
        }
        if split.next().is_some() {
            return None;
        }
    } else {
        let body = spec.strip_prefix('#')?;
        let digits = body.len() / 3;
        if digits * 3 != body.len() || !body.is_ascii() {
            return None;
        }
        let (red, rest) = body.split_at_checked(digits)?;
        let (green, blue) = rest.split_at_checked(digits)?;
        parts = [red, green, blue];
    }
    let mut color = [0; 3];
    for (component, part) in color.iter_mut().zip(parts) {
        *component = component_of(part)?;
    }
    Some(color)
}

/// A number of one to four hexadecimal digits, scaled to a byte.
fn component_of(digits: &str) -> Option<u8> {
    if !(1..=4).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let value = u32::from_str_radix(digits, 16).ok()?;
    let most = (1 << (4 * digits.len())) - 1;
    u8::try_from((value * 255 + most / 2) / most).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_in_words() {
        let cases: [(&str, Option<Rgb>); 10] = [
            ("rgb:ff/80/00", Some([255, 128, 0])),
            ("rgb:f/8/0", Some([255, 136, 0])),
            ("rgb:ffff/8080/0000", Some([255, 128, 0])),
            ("#ff8000", Some([255, 128, 0])),
            ("#f80", Some([255, 136, 0])),
            ("#ff80", None),
            ("rgb:1/2", None),
            ("rgb:1/2/3/4", None),
            ("rgb:+1/2/3", None),
            ("red", None),
        ];
        for (spec, want) in cases {
            assert_eq!(parse(spec.as_bytes()), want, "{spec}");
        }
    }
}
