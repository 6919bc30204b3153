//! Telnet connections in Guacamole's words.

use std::sync::Arc;

use porthole_remote::Credentials;
use porthole_telnet::{Charset, Logon, Pattern, TelnetConfig, TelnetLine, Verdict};

use crate::parameters::{Unsupported, Vocabulary};
use crate::text::{self, TextDriver, TextParameters, TextWay};

/// What the parameters of a telnet connection ask for.
#[derive(Debug, Clone, Default)]
pub struct TelnetParameters {
    /// What all text connections have.
    pub text: TextParameters,
    /// `charset`: how the server encodes characters; UTF-8 without it.
    pub charset: Option<Charset>,
    /// `username-regex`: what finds the prompt for a user name.
    pub username_prompt: Option<Pattern>,
    /// `password-regex`: what finds the prompt for a password.
    pub password_prompt: Option<Pattern>,
    /// `login-success-regex`: what the server writes to those whom it lets in.
    pub success: Option<Pattern>,
    /// `login-failure-regex`: what it writes to others.
    pub failure: Option<Pattern>,
}

/// What a telnet line is started with, but for the credentials.
#[derive(Debug, Clone)]
pub struct TelnetSettings {
    terminal_type: String,
    charset: Charset,
    username_prompt: Option<Pattern>,
    password_prompt: Option<Pattern>,
    verdict: Option<Verdict>,
}

impl TelnetParameters {
    /// What the driver is started with.
    pub(crate) fn driver(&self, credentials: Credentials) -> TextDriver {
        let verdict = self.success.clone().zip(self.failure.clone());
        let usual =
            |given: &Option<Pattern>, usual| given.clone().or_else(|| Pattern::new(usual).ok());
        let settings = TelnetSettings {
            terminal_type: self.text.terminal.terminal_type.clone(),
            charset: self.charset.unwrap_or(Charset::UTF_8),
            username_prompt: usual(&self.username_prompt, Pattern::USERNAME),
            password_prompt: usual(&self.password_prompt, Pattern::PASSWORD),
            verdict: verdict.map(|(success, failure)| Verdict { success, failure }),
        };
        let way = TextWay::Telnet(Box::new(settings));
        TextDriver { config: self.text.config(), credentials, way, time_zone: Arc::default() }
    }
}

impl TelnetSettings {
    /// A line for a stream that has just been opened.
    pub(crate) fn line(&self, credentials: &Credentials) -> TelnetLine {
        TelnetLine::new(TelnetConfig {
            terminal_type: self.terminal_type.clone(),
            charset: self.charset,
            logon: Logon {
                username: credentials.username.clone(),
                password: credentials.password.clone(),
                username_prompt: self.username_prompt.clone(),
                password_prompt: self.password_prompt.clone(),
                verdict: self.verdict.clone(),
            },
        })
    }
}

impl Vocabulary for TelnetParameters {
    const PROTOCOL: &'static str = "telnet";
    const UNSUPPORTED: &'static [Unsupported] = text::UNSUPPORTED;
    const DETAILS: &'static [&'static str] = &["wol-"];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let pattern =
            || Pattern::new(value).map(Some).map_err(|error| format!("is refused: {error}"));
        match name {
            "charset" => {
                let charset = Charset::named(value);
                self.charset = Some(charset.map_err(|error| format!("is refused: {error}"))?);
            }
            "username-regex" => self.username_prompt = pattern()?,
            "password-regex" => self.password_prompt = pattern()?,
            "login-success-regex" => self.success = pattern()?,
            "login-failure-regex" => self.failure = pattern()?,
            _ => return self.text.take(name, value),
        }
        Ok(true)
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        match (&self.success, &self.failure) {
            (Some(_), None) => Err(("login-success-regex", "needs login-failure-regex beside it")),
            (None, Some(_)) => Err(("login-failure-regex", "needs login-success-regex beside it")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TelnetParameters;
    use crate::parameters::{Strictness, Vocabulary as _};

    fn read(name: &str, value: &str) -> Result<TelnetParameters, String> {
        let parameters = match name {
            // Guacamole wants both or neither.
            "login-success-regex" if !value.is_empty() => {
                vec![(name, value), ("login-failure-regex", "x")]
            }
            "login-failure-regex" if !value.is_empty() => {
                vec![(name, value), ("login-success-regex", "x")]
            }
            _ => vec![(name, value)],
        };
        let parameters = parameters.into_iter().map(|(name, value)| (name, value.to_owned()));
        TelnetParameters::read(parameters, Strictness::Configuration)
            .map_err(|error| error.to_string())
    }

    /// Guacamole's parameters of telnet connections, but for those that every connection has as keys
    /// of its own: `hostname`, `port`, `username` and `password`.
    #[test]
    fn every_parameter_is_honoured_or_refused() {
        let honoured = [
            ("timeout", "10"),
            ("username-regex", "User(name)?:"),
            ("password-regex", "[Pp]ass"),
            ("login-success-regex", "[$#>] $"),
            ("login-failure-regex", "denied"),
            ("color-scheme", "green-black"),
            ("font-name", "DejaVu Sans Mono"),
            ("font-size", "14"),
            ("scrollback", "500"),
            ("backspace", "8"),
            ("terminal-type", "vt220"),
            ("func-keys-and-keypad", "vt100"),
            ("read-only", "true"),
            ("clipboard-buffer-size", "262144"),
            ("disable-copy", "true"),
            ("disable-paste", "true"),
            ("charset", "iso-8859-1"),
        ];
        for (name, value) in honoured {
            let changed = read(name, value).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_ne!(
                format!("{changed:?}"),
                format!("{:?}", TelnetParameters::default()),
                "{name}"
            );
            assert!(read(name, "").is_ok(), "{name}: nothing is nothing");
        }
        let refused = [
            ("recording-path", "/var/tmp"),
            ("recording-name", "x"),
            ("create-recording-path", "true"),
            ("recording-write-existing", "true"),
            ("recording-exclude-output", "true"),
            ("recording-exclude-mouse", "true"),
            ("recording-include-keys", "true"),
            ("recording-include-clipboard", "true"),
            ("typescript-path", "/var/tmp"),
            ("typescript-name", "x"),
            ("create-typescript-path", "true"),
            ("typescript-write-existing", "true"),
            ("wol-send-packet", "true"),
        ];
        for (name, value) in refused {
            let error = read(name, value).expect_err(name);
            assert!(error.contains("is not offered: "), "{name}: {error}");
        }
        // Without the packet they say nothing.
        for name in ["wol-mac-addr", "wol-broadcast-addr", "wol-udp-port", "wol-wait-time"] {
            assert!(read(name, "9").is_ok(), "{name}");
        }
        assert!(read("no-such-thing", "1").is_err());
    }

    #[test]
    fn says_what_is_wrong() {
        let cases = [
            ("username-regex", "login(", "not a regular expression"),
            ("password-regex", "(((a{100}){100}){100})", "too large"),
            ("charset", "utf-16", "no character set"),
        ];
        for (name, value, want) in cases {
            let error = read(name, value).unwrap_err();
            assert!(error.contains(name) && error.contains(want), "{error}");
        }
        for (name, other) in
            [("login-success-regex", "failure"), ("login-failure-regex", "success")]
        {
            let alone = TelnetParameters::read([(name, "x".to_owned())], Strictness::Token);
            let error = alone.unwrap_err().to_string();
            assert!(error.contains(&format!("needs login-{other}-regex")), "{error}");
        }
    }
}
