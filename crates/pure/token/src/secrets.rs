//! The secrets of an encrypted token.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::TokenError;
use crate::parameters::{
    PARAMETER_VALUE_MAX_BYTES, PARAMETERS_MAX, as_text, check_name, is_secret, shown,
};

/// Parameters of a target that are secrets: those that its [`crate::Parameters`] never holds. Names
/// print, values do not, and are wiped when dropped.
///
/// INVARIANT: only an encrypted token has any. [`crate::Verified::secrets`] has them, and claims, which
/// can be printed and written, do not.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secrets(BTreeMap<String, Zeroizing<String>>);

impl Secrets {
    /// Takes names and values. Empty values are dropped.
    ///
    /// # Errors
    ///
    /// A name that does not say that it is a secret, too many of them, or one that is too long.
    pub fn new(secrets: impl IntoIterator<Item = (String, String)>) -> Result<Self, TokenError> {
        let mut taken = BTreeMap::new();
        for (name, value) in secrets {
            let value = Zeroizing::new(value);
            check_name(&name)?;
            if !is_secret(&name) {
                let want = "a secret; what is none belongs into the target's parameters";
                return Err(TokenError::ParameterShape { name: shown(&name), want });
            }
            TokenError::check_limit("parameter value", value.len(), PARAMETER_VALUE_MAX_BYTES)?;
            if value.is_empty() {
                continue;
            }
            TokenError::check_limit("parameters", taken.len() + 1, PARAMETERS_MAX)?;
            taken.insert(name, value);
        }
        Ok(Self(taken))
    }

    /// The value of a secret. Never empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Number of secrets.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes the secrets out of a token's claims, which are not checked yet.
    pub(crate) fn take(claims: &mut Map<String, Value>) -> Result<Self, TokenError> {
        let Some(parameters) = parameters_of(claims) else { return Ok(Self::default()) };
        let names: Vec<String> =
            parameters.keys().filter(|name| is_secret(name)).cloned().collect();
        let found = names.into_iter().filter_map(|name| parameters.remove_entry(&name));
        Self::new(found.map(as_text).collect::<Result<Vec<_>, _>>()?)
    }

    /// Writes the secrets into a token's claims, which are to be encrypted.
    pub(crate) fn put(&self, claims: &mut Map<String, Value>) -> Result<(), TokenError> {
        if self.is_empty() {
            return Ok(());
        }
        let target = claims.get_mut("porthole").and_then(|grant| grant.get_mut("target"));
        let target = target.and_then(Value::as_object_mut).filter(|target| {
            ["protocol", "desktop"].into_iter().any(|kind| target.contains_key(kind))
        });
        let parameters = target.and_then(|target| {
            let parameters = target.entry("parameters").or_insert_with(|| Map::new().into());
            parameters.as_object_mut()
        });
        let Some(parameters) = parameters else {
            let want = "an address or a desktop, where there are secrets";
            return Err(TokenError::ClaimShape { claim: "porthole.target", want });
        };
        parameters.extend(self.iter().map(|(name, value)| (name.to_owned(), value.into())));
        Ok(())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The parameters among a token's claims.
pub(crate) fn parameters_of(claims: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    claims.get_mut("porthole")?.get_mut("target")?.get_mut("parameters")?.as_object_mut()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Secrets;
    use crate::{PARAMETER_VALUE_MAX_BYTES, PARAMETERS_MAX};

    fn fields(target: &Value) -> serde_json::Map<String, Value> {
        json!({"porthole": {"target": target}}).as_object().unwrap().clone()
    }

    fn taken(parameters: &Value) -> Result<(Secrets, Value), &'static str> {
        let mut fields = fields(&json!({"protocol": "ssh", "parameters": parameters}));
        let secrets = Secrets::take(&mut fields).map_err(|error| error.cause())?;
        Ok((secrets, fields["porthole"]["target"]["parameters"].clone()))
    }

    #[test]
    fn takes_what_is_secret_by_its_name() {
        let (secrets, rest) = taken(&json!({
            "username": "ada", "password": 1234, "private-key": "PEM", "passphrase": "",
            "password-regex": "x", "font-size": 12,
        }))
        .unwrap();
        let listed: Vec<_> = secrets.iter().collect();
        assert_eq!(listed, [("password", "1234"), ("private-key", "PEM")]);
        assert_eq!((secrets.len(), secrets.get("passphrase")), (2, None));
        assert_eq!(rest, json!({"username": "ada", "password-regex": "x", "font-size": 12}));
        let printed = format!("{secrets:?}");
        assert!(printed.contains("password") && !printed.contains("1234"), "{printed}");
        let mut again = fields(&json!({"protocol": "ssh"}));
        secrets.put(&mut again).unwrap();
        assert_eq!(Secrets::take(&mut again).unwrap(), secrets);
    }

    #[test]
    fn refuses_other_shapes() {
        let many: Value = (0..=PARAMETERS_MAX).map(|n| (format!("p-token{n}"), json!(n))).collect();
        for (parameters, cause) in [
            (json!({"password": ["x"]}), "parameter_shape"),
            (json!({"password": null}), "parameter_shape"),
            (json!({"pass word-secret": "x"}), "parameter_shape"),
            (json!({"private-key": "x".repeat(PARAMETER_VALUE_MAX_BYTES + 1)}), "over_limit"),
            (many, "over_limit"),
        ] {
            assert_eq!(taken(&parameters).unwrap_err(), cause, "{parameters}");
        }
        let open = Secrets::new([("username".to_owned(), "ada".to_owned())]).unwrap_err();
        assert_eq!(open.cause(), "parameter_shape");
        assert!(!format!("{open} {open:?}").contains("ada"));
        // Claims that are nowhere near are none of its business.
        assert!(Secrets::take(&mut fields(&json!("desk"))).unwrap().is_empty());
        let secrets = Secrets::new([("password".to_owned(), "x".to_owned())]).unwrap();
        let connection = secrets.put(&mut fields(&json!({"connection": "desk"}))).unwrap_err();
        assert_eq!(connection.cause(), "claim_shape");
        assert!(Secrets::default().put(&mut fields(&json!({"connection": "a"}))).is_ok());
    }
}
