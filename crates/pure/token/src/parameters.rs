//! Connection parameters, by Guacamole's names.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::TokenError;

/// Most parameters of one target.
pub const PARAMETERS_MAX: usize = 128;
/// Longest name of a parameter, in bytes.
pub const PARAMETER_NAME_MAX_BYTES: usize = 64;
/// Longest value of a parameter, in bytes: a chain of certificates, or a private key.
pub const PARAMETER_VALUE_MAX_BYTES: usize = 16 << 10;

/// Parameters by name, all as text; what was empty is left out, which is how Guacamole says
/// "not given". Names print, values do not.
///
/// INVARIANT: holds no parameter whose name says that it is a secret, which [`crate::Secrets`] are
/// for, and neither `hostname` nor `port`: a target's address stands in one place only, the one that
/// policy checks.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Takes names and values. Empty values are dropped.
    ///
    /// # Errors
    ///
    /// A secret, `hostname` or `port`, too many parameters, or one that is too long.
    pub fn new(parameters: impl IntoIterator<Item = (String, String)>) -> Result<Self, TokenError> {
        let mut taken = BTreeMap::new();
        for (name, value) in parameters {
            check_name(&name)?;
            TokenError::check_limit("parameter value", value.len(), PARAMETER_VALUE_MAX_BYTES)?;
            if value.is_empty() {
                continue;
            }
            if is_secret(&name) {
                return Err(TokenError::SecretInSignedToken { name: shown(&name) });
            }
            TokenError::check_limit("parameters", taken.len() + 1, PARAMETERS_MAX)?;
            taken.insert(name, value);
        }
        Ok(Self(taken))
    }

    /// The value of a parameter. Never empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Number of parameters.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a JSON object whose values are strings, numbers or booleans.
    pub(crate) fn from_value(value: Value) -> Result<Self, TokenError> {
        let Value::Object(fields) = value else {
            let claim = "porthole.target.parameters";
            return Err(TokenError::ClaimShape { claim, want: "an object" });
        };
        Self::new(fields.into_iter().map(as_text).collect::<Result<Vec<_>, _>>()?)
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A parameter as text.
pub(crate) fn as_text((name, value): (String, Value)) -> Result<(String, String), TokenError> {
    match value {
        Value::String(text) => Ok((name, text)),
        Value::Bool(flag) => Ok((name, flag.to_string())),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(TokenError::ParameterShape {
            name: shown(&name),
            want: "a string, a number or a boolean",
        }),
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), TokenError> {
    TokenError::check_limit("parameter name", name.len(), PARAMETER_NAME_MAX_BYTES)?;
    let refused = |want| Err(TokenError::ParameterShape { name: shown(name), want });
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refused("named with printable characters");
    }
    if matches!(name, "hostname" | "port") {
        return refused("given beside parameters, not in them");
    }
    Ok(())
}

/// Whether a parameter of this name carries a secret, in any protocol and in spellings that a
/// portal might try.
pub(crate) fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    // Telnet's `password-regex` says what a prompt looks like.
    plain != "passwordregex" && SECRET_WORDS.iter().any(|word| plain.contains(word))
}

const SECRET_WORDS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "privatekey",
    "clientkey",
    "secret",
    "token",
    "credential",
];

pub(crate) fn shown(name: &str) -> String {
    porthole_wire::text(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PARAMETER_VALUE_MAX_BYTES, PARAMETERS_MAX, Parameters};
    use crate::TokenError;

    #[test]
    fn turns_values_into_text() {
        let read = Parameters::from_value(json!({
            "color-depth": 16, "read-only": true, "cursor": "remote", "encodings": "",
            "password": "", "password-regex": "[Pp]assword:", "public-key": "ssh-ed25519 AAAA",
        }))
        .unwrap();
        let listed: Vec<_> = read.iter().collect();
        let want = [
            ("color-depth", "16"),
            ("cursor", "remote"),
            ("password-regex", "[Pp]assword:"),
            ("public-key", "ssh-ed25519 AAAA"),
            ("read-only", "true"),
        ];
        assert_eq!(listed, want);
        assert_eq!((read.get("cursor"), read.get("encodings")), (Some("remote"), None));
        let printed = format!("{read:?}");
        assert!(printed.contains("cursor") && !printed.contains("remote"), "{printed}");
    }

    #[test]
    fn refuses_secrets_under_any_name() {
        for name in [
            "password",
            "Password",
            "PASSWORD",
            "pass_word",
            "private-key",
            "privateKey",
            "passphrase",
            "sftp-password",
            "sftp-private-key",
            "sftp-passphrase",
            "gateway-password",
            "client-key",
            "passwd",
            "vnc-secret",
            "bearer-token",
            "credentials",
        ] {
            let read = Parameters::from_value(json!({ name: "hunter2" }));
            let want = TokenError::SecretInSignedToken { name: name.to_owned() };
            assert_eq!(read, Err(want.clone()), "{name}");
            assert!(!want.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn refuses_other_shapes() {
        let many: Value = (0..=PARAMETERS_MAX).map(|n| (format!("p{n}"), json!(n))).collect();
        for (value, cause) in [
            (json!([]), "claim_shape"),
            (json!("cursor=remote"), "claim_shape"),
            (json!({"cursor": ["remote"]}), "parameter_shape"),
            (json!({"cursor": {"kind": "remote"}}), "parameter_shape"),
            (json!({"cursor": null}), "parameter_shape"),
            (json!({"": "x"}), "parameter_shape"),
            (json!({"cur sor": "x"}), "parameter_shape"),
            (json!({"hostname": "10.0.0.1"}), "parameter_shape"),
            (json!({"port": 22}), "parameter_shape"),
            (json!({"x".repeat(65): "x"}), "over_limit"),
            (json!({"x": "x".repeat(PARAMETER_VALUE_MAX_BYTES + 1)}), "over_limit"),
            (many, "over_limit"),
        ] {
            assert_eq!(
                Parameters::from_value(value.clone()).unwrap_err().cause(),
                cause,
                "{value}"
            );
        }
    }
}
