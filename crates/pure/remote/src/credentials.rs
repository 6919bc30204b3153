//! What a remote may ask before it lets us in.

use std::fmt;

use secrecy::SecretString;

/// Credentials for a remote. A field that is absent was not configured.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// User name, for those protocols and security types that have one.
    pub username: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
    /// The domain that the user name belongs to, for those protocols that have one.
    pub domain: Option<String>,
}

/// Some of the fields of [`Credentials`], one bit each, as in the link's Prompt record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CredentialFields(pub u8);

impl CredentialFields {
    /// The user's name.
    pub const USERNAME: Self = Self(1);
    /// The password.
    pub const PASSWORD: Self = Self(2);
    /// The domain that the user name belongs to.
    pub const DOMAIN: Self = Self(4);

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are among them.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and `other`.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These but for `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Display for CredentialFields {
    /// "user name and password", for example.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            [(Self::USERNAME, "user name"), (Self::PASSWORD, "password"), (Self::DOMAIN, "domain")];
        let mut joint = "";
        for (_, name) in names.iter().filter(|(field, _)| self.contains(*field)) {
            write!(f, "{joint}{name}")?;
            joint = " and ";
        }
        Ok(())
    }
}

impl Credentials {
    /// The fields that are given.
    pub fn given(&self) -> CredentialFields {
        let fields = [
            (self.username.is_some(), CredentialFields::USERNAME),
            (self.password.is_some(), CredentialFields::PASSWORD),
            (self.domain.is_some(), CredentialFields::DOMAIN),
        ];
        let given = fields.into_iter().filter(|(is_given, _)| *is_given);
        given.fold(CredentialFields::default(), |all, (_, field)| all.with(field))
    }

    /// Takes `fields` from `answer`, and leaves the others as they are.
    pub fn fill(&mut self, fields: CredentialFields, answer: &Self) {
        if fields.contains(CredentialFields::USERNAME) {
            self.username.clone_from(&answer.username);
        }
        if fields.contains(CredentialFields::PASSWORD) {
            self.password.clone_from(&answer.password);
        }
        if fields.contains(CredentialFields::DOMAIN) {
            self.domain.clone_from(&answer.domain);
        }
    }
}
