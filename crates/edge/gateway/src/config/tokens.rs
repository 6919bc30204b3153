//! `[tokens]`: who may mint, and with which keys.

use std::{path::PathBuf, time::Duration};

use hyper::Uri;
use porthole_dial::{TlsSettings, Verify};
use porthole_token::{
    Algorithm, DecryptionKey, DecryptionKeys, HmacSecret, Key, KeySet, Policy, SigningKey,
    TokenError, Verifier,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{
    ConfigError,
    files::Files,
    raw::{RawSecret, in_range},
    tls::certificates,
};

/// `[tokens]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawTokens {
    issuers: Vec<String>,
    audiences: Vec<String>,
    algorithms: Option<Vec<String>>,
    leeway_s: u32,
    lifetime_max_s: u32,
    single_use: bool,
    spent_max: u32,
    jwks_refresh_s: u64,
    keys: Vec<RawKey>,
    decryption_keys: Vec<RawDecryptionKey>,
    signing: Option<RawSigning>,
}

impl Default for RawTokens {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            algorithms: None,
            leeway_s: policy.leeway_s,
            lifetime_max_s: policy.lifetime_max_s,
            single_use: true,
            spent_max: 1_000_000,
            jwks_refresh_s: 300,
            keys: Vec::new(),
            decryption_keys: Vec::new(),
            signing: None,
        }
    }
}

/// `[[tokens.keys]]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawKey {
    kind: Option<String>,
    file: Option<PathBuf>,
    url: Option<String>,
    ca_file: Option<PathBuf>,
    secret: Option<RawSecret>,
    secret_file: Option<PathBuf>,
    kid: Option<String>,
    algorithm: Option<String>,
}

/// `[[tokens.decryption_keys]]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawDecryptionKey {
    kind: Option<String>,
    file: Option<PathBuf>,
    kid: Option<String>,
}

/// `[tokens.signing]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawSigning {
    file: Option<PathBuf>,
    secret: Option<RawSecret>,
    secret_file: Option<PathBuf>,
    kid: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
}

/// Which tokens are accepted.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The rules, the keys that need no fetching, and those that decrypt.
    pub verifier: Verifier,
    /// Key sets to fetch.
    pub jwks: Vec<JwksSource>,
    /// How long a fetched set is used before it is fetched again.
    pub jwks_refresh: Duration,
    /// Whether a token opens one session only.
    pub single_use: bool,
    /// Most used tokens that are remembered.
    pub spent_max: usize,
    /// The key of `porthole token`, when there is one.
    pub signing: Option<Signing>,
}

/// A key set on a web server.
#[derive(Debug, Clone)]
pub struct JwksSource {
    /// Its address, `http` or `https`.
    pub url: Uri,
    /// How the server proves who it is.
    pub tls: TlsSettings,
}

/// How `porthole token` signs.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The key.
    pub key: SigningKey,
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

impl RawTokens {
    pub(crate) fn check(self, files: &Files) -> Result<Tokens, ConfigError> {
        in_range("tokens.jwks_refresh_s", self.jwks_refresh_s, 10, 24 * 3600)?;
        in_range("tokens.spent_max", self.spent_max.into(), 1, 100_000_000)?;
        let mut keys = KeySet::new();
        let mut jwks = Vec::new();
        for (index, raw) in self.keys.iter().enumerate() {
            let key = format!("tokens.keys[{index}]");
            match raw.check(&key, files)? {
                Source::Fixed(set) => keys.add_all(&set).map_err(|e| invalid(&key, &e))?,
                Source::Fetched(source) => jwks.push(source),
            }
        }
        if keys.is_empty() && jwks.is_empty() {
            return Err(ConfigError::missing(
                "tokens.keys",
                "without a key no token can be verified; write [[tokens.keys]] with kind and file",
            ));
        }

        let mut decryption_keys = DecryptionKeys::new();
        for (index, raw) in self.decryption_keys.iter().enumerate() {
            let key = format!("tokens.decryption_keys[{index}]");
            let found = raw.check(&key, files)?;
            decryption_keys.add(found).map_err(|error| invalid(&key, &error))?;
        }

        let policy = Policy {
            algorithms: self.algorithms(&keys)?,
            issuers: self.issuers,
            audiences: self.audiences,
            leeway_s: self.leeway_s,
            lifetime_max_s: self.lifetime_max_s,
        };
        let verifier = Verifier::new(keys, policy).map_err(|error| match error {
            TokenError::Setting { setting, allowed } => ConfigError::out_of_range(setting, allowed),
            other => invalid("tokens", &other),
        })?;
        let verifier = verifier.with_decryption_keys(decryption_keys);
        let signing = self.signing.map(|raw| raw.check(&verifier, files)).transpose()?;
        Ok(Tokens {
            verifier,
            jwks,
            jwks_refresh: Duration::from_secs(self.jwks_refresh_s),
            single_use: self.single_use,
            spent_max: usize::try_from(self.spent_max).unwrap_or(usize::MAX),
            signing,
        })
    }

    /// The algorithms that tokens may use. A configured key whose algorithm is not among them
    /// could never serve, which is surely a mistake.
    fn algorithms(&self, keys: &KeySet) -> Result<Vec<Algorithm>, ConfigError> {
        const KEY: &str = "tokens.algorithms";
        let permitted = match &self.algorithms {
            Some(names) => names
                .iter()
                .map(|name| name.parse().map_err(|error| invalid(KEY, &error)))
                .collect::<Result<Vec<Algorithm>, _>>()?,
            None => Policy::default().algorithms,
        };
        match keys.iter().map(Key::algorithm).find(|algorithm| !permitted.contains(algorithm)) {
            Some(missing) => Err(ConfigError::invalid(
                KEY,
                format!("a key in tokens.keys is for {missing}, which is not in the list; add it"),
            )),
            None => Ok(permitted),
        }
    }
}

/// Where a key entry gets its keys.
enum Source {
    Fixed(KeySet),
    Fetched(JwksSource),
}

impl RawKey {
    fn check(&self, key: &str, files: &Files) -> Result<Source, ConfigError> {
        const KINDS: &str = "\"pem\", \"jwk\", \"jwks\", \"jwks-url\" or \"secret\"";
        let Some(kind) = self.kind.as_deref() else {
            return Err(ConfigError::missing(format!("{key}.kind"), format!("write {KINDS}")));
        };
        self.check_fields(key, kind)?;
        let one = |found: Key| -> Result<Source, ConfigError> {
            let mut set = KeySet::new();
            let found = self.named(key, found)?;
            set.add(found).map_err(|error| invalid(key, &error))?;
            Ok(Source::Fixed(set))
        };
        let read = || -> Result<_, ConfigError> {
            let file_key = format!("{key}.file");
            let path = self.file.as_ref().ok_or_else(|| {
                ConfigError::missing(&file_key, "write the path of the key's file")
            })?;
            Ok((files.read(&file_key, path)?, file_key))
        };
        match kind {
            "pem" => {
                let (bytes, at) = read()?;
                one(Key::from_pem(&bytes).map_err(|error| invalid(&at, &error))?)
            }
            "jwk" => {
                let (bytes, at) = read()?;
                one(Key::from_jwk(&bytes).map_err(|error| invalid(&at, &error))?)
            }
            "jwks" => {
                let (bytes, at) = read()?;
                let set = KeySet::from_jwks(&bytes).map_err(|error| invalid(&at, &error))?;
                Ok(Source::Fixed(set.keys))
            }
            "jwks-url" => self.source(key, files).map(Source::Fetched),
            "secret" => one(Key::from_secret(&secret(
                key,
                self.secret.as_ref(),
                self.secret_file.as_ref(),
                files,
            )?)),
            _ => Err(ConfigError::out_of_range(format!("{key}.kind"), KINDS)),
        }
    }

    /// Refuses keys that this kind has no use for: nothing is read and then ignored.
    fn check_fields(&self, key: &str, kind: &str) -> Result<(), ConfigError> {
        let allowed: &[&str] = match kind {
            "pem" | "jwk" => &["file", "kid", "algorithm"],
            "jwks" => &["file"],
            "jwks-url" => &["url", "ca_file"],
            "secret" => &["secret", "secret_file", "kid"],
            _ => return Ok(()),
        };
        let given = [
            ("file", self.file.is_some()),
            ("url", self.url.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("secret", self.secret.is_some()),
            ("secret_file", self.secret_file.is_some()),
            ("kid", self.kid.is_some()),
            ("algorithm", self.algorithm.is_some()),
        ];
        match given.iter().find(|(name, given)| *given && !allowed.contains(name)) {
            Some((name, _)) => Err(ConfigError::invalid(
                format!("{key}.{name}"),
                format!("a key of kind {kind:?} has no {name}; it may have {}", allowed.join(", ")),
            )),
            None => Ok(()),
        }
    }

    /// `found` under the configured name, if it is for the configured algorithm.
    fn named(&self, key: &str, found: Key) -> Result<Key, ConfigError> {
        let mut found = found;
        if let Some(name) = &self.algorithm {
            let at = format!("{key}.algorithm");
            let expected = name.parse().map_err(|error| invalid(&at, &error))?;
            found = found.require_algorithm(expected).map_err(|error| invalid(&at, &error))?;
        }
        match &self.kid {
            Some(kid) => {
                found.with_kid(kid).map_err(|error| invalid(&format!("{key}.kid"), &error))
            }
            None => Ok(found),
        }
    }

    fn source(&self, key: &str, files: &Files) -> Result<JwksSource, ConfigError> {
        let at = format!("{key}.url");
        let wrong = || {
            ConfigError::out_of_range(
                &at,
                "an http or https address without user or fragment, such as \
                 \"https://id.example.org/.well-known/jwks.json\"",
            )
        };
        let text = self
            .url
            .as_deref()
            .ok_or_else(|| ConfigError::missing(&at, "write the address of the key set"))?;
        super::server::origin_of(text).ok_or_else(wrong)?;
        let url: Uri = text.parse().map_err(|_invalid| wrong())?;
        let verify = match &self.ca_file {
            Some(path) => Verify::Ca(certificates(&format!("{key}.ca_file"), path, files)?),
            None => Verify::SystemRoots,
        };
        let host = url.host().ok_or_else(wrong)?;
        let server_name = Some(host.trim_matches(['[', ']']).to_owned());
        Ok(JwksSource { url, tls: TlsSettings { verify, server_name, ..TlsSettings::default() } })
    }
}

impl RawDecryptionKey {
    fn check(&self, key: &str, files: &Files) -> Result<DecryptionKey, ConfigError> {
        const KINDS: &str = "\"pem\" or \"jwk\"";
        let read = match self.kind.as_deref() {
            Some("pem") => DecryptionKey::from_pem,
            Some("jwk") => DecryptionKey::from_jwk,
            Some(_) => return Err(ConfigError::out_of_range(format!("{key}.kind"), KINDS)),
            None => {
                return Err(ConfigError::missing(format!("{key}.kind"), format!("write {KINDS}")));
            }
        };
        let at = format!("{key}.file");
        let path = self.file.as_ref();
        let path = path
            .ok_or_else(|| ConfigError::missing(&at, "write the path of the private key's file"))?;
        let found = read(&files.read(&at, path)?).map_err(|error| invalid(&at, &error))?;
        match &self.kid {
            Some(kid) => {
                found.with_kid(kid).map_err(|error| invalid(&format!("{key}.kid"), &error))
            }
            None => Ok(found),
        }
    }
}

impl RawSigning {
    fn check(self, verifier: &Verifier, files: &Files) -> Result<Signing, ConfigError> {
        const KEY: &str = "tokens.signing";
        let key = match (&self.file, &self.secret, &self.secret_file) {
            (Some(file), None, None) => {
                let at = "tokens.signing.file";
                let pem = files.read(at, file)?;
                SigningKey::from_pem(&pem).map_err(|error| invalid(at, &error))?
            }
            (None, _, _) => SigningKey::from_secret(&secret(
                KEY,
                self.secret.as_ref(),
                self.secret_file.as_ref(),
                files,
            )?),
            _ => {
                return Err(ConfigError::invalid(KEY, "file and secret exclude each other"));
            }
        };
        let key = match &self.kid {
            Some(kid) => {
                key.with_kid(kid).map_err(|error| invalid("tokens.signing.kid", &error))?
            }
            None => key,
        };
        let policy = verifier.policy();
        // Verifier::new has seen to it that both lists have a first entry.
        let pick = |name: &str, given: Option<String>, known: &[String]| match given {
            Some(text) if known.contains(&text) => Ok(text),
            Some(_) => Err(ConfigError::invalid(
                format!("{KEY}.{name}"),
                format!("this gateway would refuse such tokens: tokens.{name}s does not list it"),
            )),
            None => Ok(known.first().cloned().unwrap_or_default()),
        };
        Ok(Signing {
            key,
            issuer: pick("issuer", self.issuer, &policy.issuers)?,
            audience: pick("audience", self.audience, &policy.audiences)?,
        })
    }
}

/// The secret given in the file or beside it; exactly one of the two.
fn secret(
    key: &str,
    inline: Option<&RawSecret>,
    file: Option<&PathBuf>,
    files: &Files,
) -> Result<HmacSecret, ConfigError> {
    match (inline, file) {
        (Some(secret), None) => HmacSecret::new(secret.0.expose_secret().as_bytes())
            .map_err(|error| invalid(&format!("{key}.secret"), &error)),
        (None, Some(path)) => {
            let at = format!("{key}.secret_file");
            let bytes = files.read(&at, path)?;
            HmacSecret::from_file(&bytes).map_err(|error| invalid(&at, &error))
        }
        (Some(_), Some(_)) => {
            Err(ConfigError::invalid(key, "secret and secret_file exclude each other"))
        }
        (None, None) => Err(ConfigError::missing(
            format!("{key}.secret_file"),
            "write the path of a file with at least 32 random bytes",
        )),
    }
}

fn invalid(key: &str, error: &TokenError) -> ConfigError {
    ConfigError::invalid(key, error)
}
