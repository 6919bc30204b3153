//! The colours of pixels with eight bits.

use porthole_wire::Reader;

use crate::RdpError;

/// Red, green and blue of each of 256.
pub(super) type Colors = [[u8; 3]; 256];

/// The server's palette; greys until it has sent one.
#[derive(Debug)]
pub(super) struct Palette(Box<Colors>);

impl Default for Palette {
    fn default() -> Self {
        let mut colors = Box::new([[0; 3]; 256]);
        for (color, level) in colors.iter_mut().zip(0..=u8::MAX) {
            *color = [level; 3];
        }
        Self(colors)
    }
}

impl Palette {
    pub(super) const fn colors(&self) -> &Colors {
        &self.0
    }

    /// Takes padding, a count, and that many colours.
    pub(super) fn set(&mut self, update: &[u8]) -> Result<(), RdpError> {
        const SHORT: RdpError = RdpError::Short { message: "palette update" };
        let mut input = Reader::new(update);
        let _padding = input.u16_le().ok_or(SHORT)?;
        let count = input.u32_le().ok_or(SHORT)?;
        RdpError::check_limit("palette colours", count, self.0.len())?;
        for color in self.0.iter_mut().take(usize::try_from(count).unwrap_or(0)) {
            *color = input.array().ok_or(SHORT)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Palette;

    #[test]
    fn takes_what_it_is_sent() {
        let mut palette = Palette::default();
        assert_eq!(palette.colors()[9], [9; 3]);
        palette.set(&[0, 0, 2, 0, 0, 0, 1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(palette.colors()[..3], [[1, 2, 3], [4, 5, 6], [2; 3]]);
        assert!(palette.set(&[0, 0, 2, 0, 0, 0, 1, 2, 3, 4, 5]).is_err());
        assert!(palette.set(&[0, 0, 1, 1, 0, 0]).is_err());
    }
}
