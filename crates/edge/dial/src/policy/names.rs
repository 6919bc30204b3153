//! Desktops behind an RD Gateway: by name, since nobody here looks the name up.

use std::{fmt, net::IpAddr, str::FromStr};

use crate::policy::{PolicyError, Protocol, TargetPolicy};

/// Names that a rule opens behind an RD Gateway: one name, everything below a domain, or any name.
///
/// Where a name leads is for the gateway to say, which has its own policy; a pattern therefore says
/// nothing of networks. Letters' case does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(String);

/// Text that is no [`NamePattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a name such as \"desk-7.corp.example\", \"*.corp.example\" or \"*\"")]
pub struct BadNamePattern;

impl FromStr for NamePattern {
    type Err = BadNamePattern;

    fn from_str(text: &str) -> Result<Self, BadNamePattern> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        if text == "*" || is_name(name) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(BadNamePattern)
        }
    }
}

impl NamePattern {
    fn matches(&self, name: &str) -> bool {
        match self.0.strip_prefix('*') {
            // The rest of `*.corp.example` has the dot, so that `evilcorp.example` is another.
            Some(ending) => {
                let start = name.len().checked_sub(ending.len()).filter(|start| *start > 0);
                start
                    .and_then(|start| name.get(start..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(ending))
            }
            None => self.0.eq_ignore_ascii_case(name),
        }
    }
}

/// A desktop that an RD Gateway may be asked for. Only [`TargetPolicy::check_behind`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedName {
    host: String,
    port: u16,
}

impl CheckedName {
    /// The name or address, as the gateway will be told.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for CheckedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl TargetPolicy {
    /// Checks a desktop behind an RD Gateway. An address is judged as one that is dialled from here
    /// would be; a name by the rules' [`crate::Rule::names`], since only the gateway knows what is
    /// behind it. Spellings of addresses that are not addresses, such as `127.1`, are refused.
    ///
    /// # Errors
    ///
    /// As [`Self::check`] for an address; [`PolicyError::NameNotPermitted`] for a name.
    pub fn check_behind(
        &self,
        protocol: Protocol,
        host: &str,
        port: u16,
    ) -> Result<CheckedName, PolicyError> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            let addr = self.check(protocol, (ip, port).into())?;
            return Ok(CheckedName { host: addr.get().ip().to_string(), port });
        }
        let is_permitted = is_name(host)
            && self.rules.iter().any(|rule| {
                rule.protocols.contains(&protocol)
                    && rule.ports.iter().any(|ports| ports.contains(&port))
                    && rule.names.iter().any(|pattern| pattern.matches(host))
            });
        if is_permitted {
            return Ok(CheckedName { host: host.to_owned(), port });
        }
        let name = porthole_wire::text(host.as_bytes());
        Err(PolicyError::NameNotPermitted { protocol, name, port })
    }
}

/// Whether this is a DNS name, and no address in disguise: the C library reads `127.1` and
/// `0x7f000001` as addresses, and whatever ends in a number is one to it or nothing.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let last = text.strip_suffix('.').unwrap_or(text).rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .to_ascii_lowercase()
            .strip_prefix("0x")
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (1..=253).contains(&text.len()) && text.bytes().all(fits) && !last.is_empty() && !is_number
}

#[cfg(test)]
mod tests {
    use super::NamePattern;
    use crate::policy::{PolicyError, Protocol, Rule, TargetPolicy};

    fn policy(names: &[&str]) -> TargetPolicy {
        let rule = Rule {
            protocols: vec![Protocol::Rdp],
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            ports: vec![3389..=3389],
            allow_special: false,
        };
        TargetPolicy { rules: vec![rule], unix_dirs: vec![] }
    }

    #[test]
    fn names_are_opened_by_patterns_alone() {
        let cases: [(&[&str], &str, bool); 14] = [
            (&[], "desk", false),
            (&["desk"], "desk", true),
            (&["Desk"], "dESK", true),
            (&["desk"], "desk2", false),
            (&["*.corp.example"], "a.b.corp.example", true),
            (&["*.corp.example"], "corp.example", false),
            (&["*.corp.example"], "evilcorp.example", false),
            (&["*"], "anything", true),
            (&["*"], "127.1", false),
            (&["*"], "0x7f000001", false),
            (&["*"], "a b", false),
            (&["*"], "", false),
            // Addresses are for networks to open.
            (&[], "10.1.2.3", true),
            (&["*"], "192.0.2.1", false),
        ];
        for (patterns, host, want) in cases {
            let checked = policy(patterns).check_behind(Protocol::Rdp, host, 3389);
            assert_eq!(checked.is_ok(), want, "{patterns:?} {host}");
        }
        let all = policy(&["*"]);
        assert!(all.check_behind(Protocol::Rdp, "desk", 3390).is_err());
        assert!(all.check_behind(Protocol::Vnc, "desk", 3389).is_err());
        assert!(matches!(
            all.check_behind(Protocol::Rdp, "::ffff:127.0.0.1", 3389),
            Err(PolicyError::Special { .. })
        ));
    }

    #[test]
    fn patterns_are_names() {
        for text in ["", "*.", "**", "a*", "*a", "10.0.0.1", "a/b"] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
    }
}
