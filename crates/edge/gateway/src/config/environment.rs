//! Environment variables that override the file: `PORTHOLE_SECTION__KEY=value`.

use toml::{Table, Value};

use super::{ConfigError, raw::RawConfig};

const PREFIX: &str = "PORTHOLE_";

/// Applies the overrides among `variables` to `table`, in the order of their names.
///
/// A variable without a double underscore is not one of ours: Kubernetes sets
/// `PORTHOLE_PORT_80_TCP` and the like for a Service named `porthole`.
///
/// # Errors
///
/// One [`ConfigError::Environment`] for each variable that names no key or does not fit it.
pub(crate) fn apply(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), Vec<ConfigError>> {
    let mut overrides: Vec<_> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && name.contains("__"))
        .collect();
    overrides.sort();

    let mut faults = Vec::new();
    for (name, value) in overrides {
        match overridden(table, &name, &value) {
            Ok(next) => *table = next,
            Err(message) => {
                faults.push(ConfigError::Environment { variable: name, message });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// `table` with one override. The value is read as TOML first, then as text, and the first that
/// fits the key's type is taken, so that numbers need no quotes and passwords of digits neither.
fn overridden(table: &Table, name: &str, value: &str) -> Result<Table, String> {
    let path: Vec<&str> = name.strip_prefix(PREFIX).unwrap_or_default().split("__").collect();
    let as_toml = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .filter(|parsed| parsed.len() == 1)
        .and_then(|mut parsed| parsed.remove("value"));
    let as_text = Value::String(value.to_owned());

    let mut fault = None;
    for candidate in as_toml.into_iter().chain([as_text]) {
        let mut next = table.clone();
        set(&mut next, &path, candidate)?;
        match next.clone().try_into::<RawConfig>() {
            Ok(_fits) => return Ok(next),
            // The first fault tells more: every value can be read as text.
            Err(error) => {
                fault.get_or_insert_with(|| {
                    error.message().lines().next().unwrap_or_default().to_owned()
                });
            }
        }
    }
    Err(fault.unwrap_or_default())
}

/// Sets the value at `path`, making tables on the way.
fn set(table: &mut Table, path: &[&str], value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first().filter(|(first, _)| !first.is_empty()) else {
        return Err("a part of the name is empty".to_owned());
    };
    let key = existing_key(table, first).unwrap_or_else(|| first.to_ascii_lowercase());
    if rest.is_empty() {
        table.insert(key, value);
        return Ok(());
    }
    match table.entry(key).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(inner) => set(inner, rest, value),
        _ => Err(format!("{first} is not a table")),
    }
}

/// The key of `table` that a shell would spell `name`: in capitals, `_` for what is no letter.
fn existing_key(table: &Table, name: &str) -> Option<String> {
    let shell = |key: &str| -> String {
        key.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect()
    };
    let name = shell(name);
    table.keys().find(|key| shell(key) == name).cloned()
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::apply;

    fn applied(text: &str, variables: &[(&str, &str)]) -> Result<Table, String> {
        let mut table: Table = toml::from_str(text).unwrap();
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        match apply(&mut table, variables) {
            Ok(()) => Ok(table),
            Err(faults) => Err(format!("{faults:?}")),
        }
    }

    #[test]
    fn overrides_numbers_texts_lists_and_nested_keys() {
        let text = "[connections.lab-1]\nprotocol = \"vnc\"\n";
        let table = applied(
            text,
            &[
                ("PORTHOLE_SERVER__DRAIN_S", "5"),
                ("PORTHOLE_SERVER__LISTEN", "0.0.0.0:80"),
                ("PORTHOLE_SERVER__TLS__CERT_FILE", "/c"),
                ("PORTHOLE_TOKENS__AUDIENCES", "[\"a\", \"b\"]"),
                ("PORTHOLE_CONNECTIONS__LAB_1__PASSWORD", "12345"),
                ("PORTHOLE_PORT_80_TCP", "tcp://10.0.0.1:80"),
                ("OTHER__THING", "1"),
            ],
        )
        .unwrap();
        assert_eq!(table["server"]["drain_s"].as_integer(), Some(5));
        assert_eq!(table["server"]["listen"].as_str(), Some("0.0.0.0:80"));
        assert_eq!(table["server"]["tls"]["cert_file"].as_str(), Some("/c"));
        assert_eq!(table["tokens"]["audiences"].as_array().map(Vec::len), Some(2));
        assert_eq!(table["connections"]["lab-1"]["password"].as_str(), Some("12345"));
    }

    #[test]
    fn refuses_what_fits_no_key() {
        for (variable, value, want) in [
            ("PORTHOLE_SERVER__LISTN", "x", "unknown field `listn`"),
            ("PORTHOLE_SERVR__LISTEN", "x", "unknown field `servr`"),
            ("PORTHOLE_SERVER__DRAIN_S", "soon", "invalid type"),
            ("PORTHOLE___LISTEN", "x", "is empty"),
            ("PORTHOLE_SERVER__LISTEN__PORT", "1", "is not a table"),
        ] {
            let error = applied("[server]\nlisten = \"a\"", &[(variable, value)]).unwrap_err();
            assert!(error.contains(want) && error.contains(variable), "{error}");
        }
    }
}
