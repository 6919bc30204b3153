//! Keyboard layouts of servers, under the names that Guacamole gave them.

/// A layout for the server to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyboardLayout {
    /// Its Windows identifier.
    pub(crate) id: u32,
    /// Type characters as characters, whatever the layout has.
    pub(crate) is_unicode: bool,
}

const JAPANESE: u32 = 0x0411;

/// Names and Windows identifiers.
const LAYOUTS: [(&str, u32); 22] = [
    ("cs-cz-qwertz", 0x0405),
    ("da-dk-qwerty", 0x0406),
    ("de-ch-qwertz", 0x0807),
    ("de-de-qwertz", 0x0407),
    ("en-gb-qwerty", 0x0809),
    ("en-us-qwerty", 0x0409),
    ("es-es-qwerty", 0x040a),
    ("es-latam-qwerty", 0x080a),
    ("fr-be-azerty", 0x080c),
    ("fr-ca-qwerty", 0x1009),
    ("fr-ch-qwertz", 0x100c),
    ("fr-fr-azerty", 0x040c),
    ("hu-hu-qwertz", 0x040e),
    ("it-it-qwerty", 0x0410),
    ("ja-jp-qwerty", JAPANESE),
    ("no-no-qwerty", 0x0414),
    ("pl-pl-qwerty", 0x0415),
    ("pt-br-qwerty", 0x0416),
    ("pt-pt-qwerty", 0x0816),
    ("ro-ro-qwerty", 0x0418),
    ("sv-se-qwerty", 0x041d),
    ("tr-tr-qwerty", 0x041f),
];

impl KeyboardLayout {
    /// The layout with one of Guacamole's names, such as `de-de-qwertz`. With `failsafe` no layout
    /// is relied on: characters are typed as such.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "failsafe" {
            return Some(Self { is_unicode: true, ..Self::default() });
        }
        let (_, id) = LAYOUTS.iter().find(|(known, _)| *known == name)?;
        Some(Self { id: *id, is_unicode: false })
    }
}

impl KeyboardLayout {
    /// The keyboard that has the layout: its type and subtype (`[MS-RDPBCGR]` 2.2.1.3.2). Japanese
    /// ones have keys that others lack, which servers tell by the type.
    pub(crate) const fn hardware(self) -> (u32, u32) {
        match self.id {
            JAPANESE => (7, 2),
            _ => (4, 0),
        }
    }
}

impl Default for KeyboardLayout {
    /// `en-us-qwerty`.
    fn default() -> Self {
        Self { id: 0x0409, is_unicode: false }
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyboardLayout, LAYOUTS};

    #[test]
    fn names() {
        assert_eq!(KeyboardLayout::from_name("de-de-qwertz").unwrap().id, 0x407);
        assert_eq!(KeyboardLayout::from_name("en-us-qwerty"), Some(KeyboardLayout::default()));
        assert!(KeyboardLayout::from_name("failsafe").unwrap().is_unicode);
        assert_eq!(KeyboardLayout::from_name("qwerty"), None);
        assert!(LAYOUTS.is_sorted());
        assert_eq!(KeyboardLayout::from_name("ja-jp-qwerty").unwrap().hardware(), (7, 2));
        assert_eq!(KeyboardLayout::default().hardware(), (4, 0));
    }
}
