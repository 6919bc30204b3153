//! What a remote may ask before it lets us in.

use secrecy::SecretString;

/// Credentials for a remote. A field that is absent was not configured.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// User name, for those protocols and security types that have one.
    pub username: Option<String>,
    /// Password.
    pub password: Option<SecretString>,
}
