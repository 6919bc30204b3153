//! Certificates for servers on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::process::output_of;

/// How long making a key may take.
const COMMAND_MAX: Duration = Duration::from_secs(20);

/// A server's certificate and key, and the authority that signed it, in PEM files that go with
/// the guard. The certificate is good for two days.
#[derive(Debug)]
pub struct Certificate {
    folder: TempDir,
}

impl Certificate {
    /// Makes a certificate for `names`, as OpenSSL spells them: `DNS:localhost`, `IP:127.0.0.1`.
    ///
    /// # Errors
    ///
    /// `openssl` fails or is missing.
    pub fn for_names(names: &[&str]) -> Result<Self> {
        let certificate = Self { folder: tempfile::tempdir()? };
        // A file of our own, because the system's may add extensions of its own.
        std::fs::write(certificate.path("settings"), settings(names))?;
        certificate.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
             -config settings -extensions authority -subj /CN=authority \
             -keyout authority-key.pem -out authority.pem",
        )?;
        certificate.openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
             -config settings -subj /CN=server -keyout key.pem -out request.pem",
        )?;
        certificate.openssl(
            "x509 -req -days 2 -in request.pem -CA authority.pem -CAkey authority-key.pem \
             -CAcreateserial -extfile settings -extensions server -out cert.pem",
        )?;
        Ok(certificate)
    }

    /// A certificate for `localhost` and `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// As [`for_names`](Self::for_names).
    pub fn for_localhost() -> Result<Self> {
        Self::for_names(&["DNS:localhost", "IP:127.0.0.1"])
    }

    /// The server's certificate.
    pub fn file(&self) -> PathBuf {
        self.path("cert.pem")
    }

    /// The server's private key.
    pub fn key_file(&self) -> PathBuf {
        self.path("key.pem")
    }

    /// The certificate of the authority, for those who are to trust the server.
    pub fn authority_file(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// SHA-256 of the server's certificate, in lower-case hexadecimal without separators.
    ///
    /// # Errors
    ///
    /// `openssl` fails.
    pub fn sha256_hex(&self) -> Result<String> {
        let printed = self.openssl("x509 -in cert.pem -noout -fingerprint -sha256")?;
        let (_, hex) = printed.split_once('=').context("openssl printed no fingerprint")?;
        Ok(hex.trim().replace(':', "").to_ascii_lowercase())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, words: &str) -> Result<String> {
        let folder: &Path = self.folder.path();
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(words.split_ascii_whitespace());
        Ok(String::from_utf8(output_of(&mut command, &[], COMMAND_MAX)?)?)
    }
}

fn settings(names: &[&str]) -> String {
    format!(
        "[req]\n\
         distinguished_name = name\n\
         [name]\n\
         [authority]\n\
         basicConstraints = critical, CA:TRUE\n\
         keyUsage = critical, keyCertSign\n\
         subjectKeyIdentifier = hash\n\
         [server]\n\
         basicConstraints = critical, CA:FALSE\n\
         keyUsage = critical, digitalSignature\n\
         extendedKeyUsage = serverAuth\n\
         subjectAltName = {}\n",
        names.join(", ")
    )
}
