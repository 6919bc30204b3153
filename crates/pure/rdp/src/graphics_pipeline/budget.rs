//! How much work one message may make.

use super::error::GraphicsError;

/// Pixels that may still be painted. Copies, fills and codecs that say "the same again" are a few
/// bytes each, however much they paint.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
    whole: u64,
}

impl Budget {
    /// `pixels` are to be had.
    pub(crate) const fn new(pixels: u64) -> Self {
        Self { left: pixels, whole: pixels }
    }

    /// Takes `pixels` of it.
    ///
    /// # Errors
    ///
    /// [`GraphicsError::OverLimit`] when so many are not left.
    pub(crate) fn spend(&mut self, pixels: impl Into<u64>) -> Result<(), GraphicsError> {
        let pixels = pixels.into();
        let Some(left) = self.left.checked_sub(pixels) else {
            let value = (self.whole - self.left).saturating_add(pixels);
            let field = "pixels painted by one message";
            return Err(GraphicsError::OverLimit { field, value, limit: self.whole });
        };
        self.left = left;
        Ok(())
    }
}
