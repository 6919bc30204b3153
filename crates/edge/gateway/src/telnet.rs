//! Telnet connections in Guacamole's words.

use porthole_remote::Credentials;

use crate::parameters::{Unsupported, Vocabulary};
use crate::text::{self, TextDriver, TextParameters, TextWay};

/// What the parameters of a telnet connection ask for.
#[derive(Debug, Clone, Default)]
pub struct TelnetParameters {
    /// What all text connections have.
    pub text: TextParameters,
}

impl TelnetParameters {
    /// What the driver is started with.
    pub(crate) fn driver(&self, credentials: Credentials) -> TextDriver {
        TextDriver { config: self.text.config(), credentials, way: TextWay::Raw }
    }
}

impl Vocabulary for TelnetParameters {
    const PROTOCOL: &'static str = "telnet";
    const UNSUPPORTED: &'static [Unsupported] = text::UNSUPPORTED;
    const DETAILS: &'static [&'static str] = &["wol-"];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        self.text.take(name, value)
    }
}
