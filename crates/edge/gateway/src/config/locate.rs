//! From a key's path to its line in the file.

use std::path::Path;

use toml::de::{DeTable, DeValue};

/// Finds keys in one configuration file.
pub(crate) struct Locator<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Locator<'a> {
    pub(crate) const fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text }
    }

    /// `FILE:LINE` of a place in the file.
    pub(crate) fn at_offset(&self, offset: usize) -> String {
        let head = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        let line = head.split(|byte| *byte == b'\n').count();
        format!("{}:{line}", self.path.display())
    }

    /// `FILE:LINE` of `key`, or of the nearest table around it; `FILE` when there is neither.
    pub(crate) fn at_key(&self, key: &str) -> String {
        match self.offset(key) {
            Some(offset) => self.at_offset(offset),
            None => self.at_file(),
        }
    }

    /// `FILE`.
    pub(crate) fn at_file(&self) -> String {
        self.path.display().to_string()
    }

    fn offset(&self, key: &str) -> Option<usize> {
        let root = DeTable::parse(self.text).ok()?;
        let mut table = root.get_ref();
        let mut found = None;
        for step in steps(key) {
            let Some((name, value)) = table.get_key_value(step.name.as_str()) else { break };
            found = Some(name.span().start);
            let mut value = value.get_ref();
            if let (Some(index), DeValue::Array(items)) = (step.index, value) {
                let Some(item) = items.get(index) else { break };
                // The items of an array of tables begin at their header.
                found = Some(item.span().start);
                value = item.get_ref();
            }
            let DeValue::Table(inner) = value else { break };
            table = inner;
        }
        found
    }
}

/// One part of a key's path: `keys[1]` is `keys` with the index 1.
struct Step {
    name: String,
    index: Option<usize>,
}

/// Splits a path at its dots; a part in double quotes may hold dots itself.
fn steps(key: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut part = String::new();
    let mut quoted = false;
    for character in key.chars().chain(['.']) {
        match character {
            '"' => quoted = !quoted,
            '.' if !quoted => {
                let part = std::mem::take(&mut part);
                let (name, index) = match part.strip_suffix(']').and_then(|p| p.rsplit_once('[')) {
                    Some((name, index)) => (name.to_owned(), index.parse().ok()),
                    None => (part, None),
                };
                steps.push(Step { name, index });
            }
            other => part.push(other),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Locator;

    #[test]
    fn finds_lines() {
        let text = "[server]\nlisten = \"x\"\n\n[[tokens.keys]]\nkind = \"pem\"\n\
                    [[tokens.keys]]\nkind = \"jwk\"\n[connections.\"a.b\"]\nport = 1\n";
        let locator = Locator::new(Path::new("f"), text);
        for (key, want) in [
            ("server.listen", "f:2"),
            ("server.absent", "f:1"),
            ("tokens.keys[1].kind", "f:7"),
            ("tokens.keys[1].file", "f:6"),
            ("connections.\"a.b\".port", "f:9"),
            ("session.max", "f"),
        ] {
            assert_eq!(locator.at_key(key), want, "{key}");
        }
    }
}
