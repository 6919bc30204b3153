//! The clipboard formats of Windows, which VNC and RDP both carry.
//!
//! [`html`] finds a fragment in a document and puts one into a document; [`dib`] makes PNG files of
//! bitmaps and bitmaps of PNG files. Both take bytes from anywhere: lengths and sizes are checked
//! before memory is spent.

pub mod dib;
pub mod html;
