//! What a clipboard holds.

use std::fmt;

use bytes::Bytes;

/// One clipboard's content in every format that there is of it: what a person copied once. Formats
/// that are missing are not to be had. A driver whose remote hands them over one by one gathers
/// them first, so that whoever takes the content can offer all of them at once.
///
/// Both directions carry it whole; the session's limit holds for each format. None of it is to be
/// trusted: HTML may be handed to a clipboard and never put into a document, and the image may not
/// be one.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Clipboard {
    /// Plain text; `\n` ends lines.
    pub text: Option<String>,
    /// An HTML fragment, without a document around it.
    pub html: Option<String>,
    /// An image, as a PNG file.
    pub png: Option<Bytes>,
}

impl Clipboard {
    /// Text alone.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.text.is_none() && self.html.is_none() && self.png.is_none()
    }
}

impl fmt::Debug for Clipboard {
    /// Lengths alone: people copy passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clipboard")
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("html_bytes", &self.html.as_ref().map(String::len))
            .field("png_bytes", &self.png.as_ref().map(Bytes::len))
            .finish()
    }
}
