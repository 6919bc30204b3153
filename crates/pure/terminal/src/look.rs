//! The colours of a terminal, from the words that Apache Guacamole has for them.

mod color;
mod palette;
mod scheme;

pub use self::palette::{BACKGROUND, FOREGROUND, default_colors};
pub use self::scheme::{SchemeError, parse_color_scheme};

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;
