//! `porthole token`.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use clap::Args;
use porthole_token::{
    Claims, EncryptionKey, Grant, Permission, Permissions, Secrets, SigningKey, Target, TokenError,
};

use super::{CliError, say};
use crate::{
    config::{Config, Server},
    tokens::now_unix_s,
};

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The configuration file.
    #[arg(long, env = "PORTHOLE_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// The connection, by its name in the configuration.
    #[arg(long, value_name = "NAME")]
    connection: String,
    /// The user, in the portal's terms.
    #[arg(long, value_name = "USER")]
    user: String,
    /// How long the token is valid: a number and s, m, h or d.
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = duration)]
    ttl: Duration,
    /// What its holder may do. Without it: input, clipboard-in and clipboard-out.
    #[arg(long, value_delimiter = ',', value_name = "LIST", value_parser = permission)]
    allow: Option<Vec<Permission>>,
    /// The holder only watches.
    #[arg(long, conflicts_with = "allow")]
    view_only: bool,
    /// Encrypt the token for the gateway's first decryption key.
    #[arg(long)]
    encrypt: bool,
}

/// Prints a link that opens the connection.
pub(super) fn run(arguments: &TokenArgs) -> Result<(), CliError> {
    let config = Config::load(&arguments.config)?;
    let Some(signing) = &config.tokens.signing else {
        return Err(CliError::Usage(format!(
            "{}: tokens.signing is missing: write [tokens.signing] with a private key's file, \
             or with the secret that tokens.keys has",
            arguments.config.display()
        )));
    };
    if !config.connections.contains_key(&arguments.connection) {
        let known: Vec<_> = config.connections.keys().map(String::as_str).collect();
        return Err(CliError::Usage(format!(
            "{}: there is no connection {:?}; known are: {}",
            arguments.config.display(),
            arguments.connection,
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )));
    }
    let limit_s = u64::from(config.tokens.verifier.policy().lifetime_max_s);
    if arguments.ttl.as_secs() > limit_s {
        return Err(CliError::Usage(format!(
            "--ttl is longer than this gateway accepts (tokens.lifetime_max_s = {limit_s})"
        )));
    }
    let reader = if arguments.encrypt { Some(own_reader(&config, arguments)?) } else { None };
    let minting = Minting {
        key: &signing.key,
        issuer: &signing.issuer,
        audience: &signing.audience,
        user: &arguments.user,
        connection: &arguments.connection,
        ttl: arguments.ttl,
        allow: match (&arguments.allow, arguments.view_only) {
            (Some(list), _) => list.iter().copied().collect(),
            (None, true) => [Permission::ClipboardOut].into_iter().collect(),
            (None, false) => Permissions::default(),
        },
        reader: reader.as_ref(),
    };
    let token = minting.mint()?;
    // What this gateway would refuse must not leave as a link.
    config.tokens.verifier.verify(&token, now_unix_s()).map_err(|error| {
        CliError::Usage(format!("this gateway would refuse the token: {error}"))
    })?;
    say(link(&base_url(&config.server), &token))
}

/// What this gateway's tokens are encrypted with.
fn own_reader(config: &Config, arguments: &TokenArgs) -> Result<EncryptionKey, CliError> {
    let Some(key) = config.tokens.verifier.decryption_keys().iter().next() else {
        return Err(CliError::Usage(format!(
            "{}: tokens.decryption_keys is missing: write [[tokens.decryption_keys]] with kind and \
             file",
            arguments.config.display()
        )));
    };
    key.encryption_key().map_err(|error| unmade(&error))
}

fn unmade(error: &TokenError) -> CliError {
    CliError::Usage(format!("the token cannot be made: {error}"))
}

/// What goes into a token that names a connection.
pub(super) struct Minting<'a> {
    pub(super) key: &'a SigningKey,
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) user: &'a str,
    pub(super) connection: &'a str,
    pub(super) ttl: Duration,
    pub(super) allow: Permissions,
    /// For whom it is encrypted, if it is.
    pub(super) reader: Option<&'a EncryptionKey>,
}

impl Minting<'_> {
    /// Makes a token that is valid from now on.
    pub(super) fn mint(&self) -> Result<String, CliError> {
        let now = now_unix_s();
        let claims = Claims {
            iss: self.issuer.to_owned(),
            aud: vec![self.audience.to_owned()],
            sub: Some(self.user.to_owned()),
            name: None,
            jti: random_hex::<16>()?,
            exp: now + self.ttl.as_secs(),
            nbf: None,
            iat: Some(now),
            porthole: Grant {
                target: Target::Connection { connection: self.connection.to_owned() },
                allow: self.allow,
                session_max_s: None,
            },
        };
        let token = match self.reader {
            Some(reader) => {
                porthole_token::mint_encrypted(&claims, &Secrets::default(), self.key, reader)
            }
            None => porthole_token::mint(&claims, self.key),
        };
        token.map_err(|error| unmade(&error))
    }
}

/// `N` random bytes as twice as many hexadecimal digits.
pub(super) fn random_hex<const N: usize>() -> Result<String, CliError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| CliError::run("the system gives no random bytes", error))?;
    let mut digits = String::with_capacity(2 * N);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _infallible = write!(digits, "{byte:02x}");
    }
    Ok(digits)
}

/// The token in the fragment, which browsers send to nobody.
pub(super) fn link(base: &str, token: &str) -> String {
    format!("{base}s#token={token}")
}

/// Where browsers reach the gateway, as far as the configuration knows.
fn base_url(server: &Server) -> String {
    server.public_url.clone().unwrap_or_else(|| {
        let scheme = if server.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/", super::health::reachable(server.listen))
    })
}

/// `90`, `90s`, `10m`, `8h`, `1d`.
fn duration(text: &str) -> Result<Duration, String> {
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 's')) => (text.get(..at), 1),
        Some((at, 'm')) => (text.get(..at), 60),
        Some((at, 'h')) => (text.get(..at), 3600),
        Some((at, 'd')) => (text.get(..at), 24 * 3600),
        _ => (Some(text), 1),
    };
    let number: Option<u64> = digits.and_then(|digits| digits.parse().ok());
    number
        .and_then(|number| number.checked_mul(factor))
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs)
        .ok_or_else(|| "write a number and s, m, h or d, such as 10m".to_owned())
}

fn permission(name: &str) -> Result<Permission, String> {
    Permission::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
        let known: Vec<_> = Permission::ALL.into_iter().map(Permission::name).collect();
        format!("known are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn reads_durations() {
        for (text, want) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("8h", Some(28_800)),
            ("1d", Some(86_400)),
            ("0m", None),
            ("", None),
            ("m", None),
            ("-5m", None),
            ("10 m", None),
            ("99999999999999999999d", None),
            ("9999999999999999d", None),
            ("5é", None),
        ] {
            assert_eq!(duration(text).ok(), want.map(Duration::from_secs), "{text:?}");
        }
    }
}
