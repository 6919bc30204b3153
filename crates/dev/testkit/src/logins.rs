//! The server's side of logins that no installed server offers: RSA-AES, Apple's Diffie-Hellman
//! exchange, MS-Logon II.
//!
//! It is written over OpenSSL from the specifications, and shares nothing with our driver, so that
//! the two can be tested against each other. It lets in one user, shows a desktop, and stays.

mod diffie_hellman;
mod pipe;
mod rsa_aes;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};
use openssl::rsa::Rsa;
use pipe::Pipe;
pub use rsa_aes::Ra2;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::hostile::opening;

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginKind {
    /// RSA-AES: security types 5, 6, 129 and 130.
    Ra2(Ra2),
    /// Apple's, security type 30, with so many bytes of modulus: 128 or 256.
    Apple(u16),
    /// MS-Logon II, security type 113.
    MsLogon,
}

/// What a login server knows and shows.
#[derive(Debug, Clone)]
pub struct LoginOptions {
    /// The only way in.
    pub kind: LoginKind,
    /// The only user. RSA-AES with the password alone does not ask for it.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Columns and rows of the desktop, which is of one colour.
    pub geometry: (u16, u16),
}

/// The colour of every pixel: red, green, blue.
pub const COLOUR: [u8; 3] = [10, 200, 30];

/// A server that lets in one user, until it is dropped.
#[derive(Debug)]
pub struct LoginServer {
    address: SocketAddr,
    fingerprint: String,
    accepting: JoinHandle<()>,
}

impl LoginServer {
    /// Starts on a port of the loopback address that is free.
    ///
    /// # Errors
    ///
    /// The system has no port to give.
    pub async fn start(options: LoginOptions) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let key = ServerKey::generate()?;
        let fingerprint = key.fingerprint()?;
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                let (options, key) = (options.clone(), key.clone());
                // A client that is not let in, or leaves, is no concern of the others.
                tokio::spawn(async move { serve(stream, &options, &key).await });
            }
        });
        Ok(Self { address, fingerprint, accepting })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// SHA-256 of its RSA key, as 64 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl Drop for LoginServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The RSA key of a server.
#[derive(Debug, Clone)]
pub struct ServerKey(Rsa<openssl::pkey::Private>);

impl ServerKey {
    /// Makes one of 2048 bits.
    ///
    /// # Errors
    ///
    /// OpenSSL cannot.
    pub fn generate() -> Result<Self> {
        Ok(Self(Rsa::generate(2048)?))
    }

    /// SHA-256 of the key as RSA-AES sends it, as 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// OpenSSL cannot.
    pub fn fingerprint(&self) -> Result<String> {
        let digest = openssl::sha::sha256(&rsa_aes::public_bytes(&self.0)?);
        Ok(digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
    }
}

/// Talks to one client over `stream` until it leaves.
///
/// # Errors
///
/// The client left, broke the protocol, or was not let in.
pub async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    options: &LoginOptions,
    key: &ServerKey,
) -> Result<()> {
    let mut pipe = Pipe::new(stream);
    pipe.write(b"RFB 003.008\n").await?;
    ensure!(pipe.read(12).await? == b"RFB 003.008\n", "another version");
    let number = match options.kind {
        LoginKind::Ra2(ra2) => ra2.number(),
        LoginKind::Apple(_) => 30,
        LoginKind::MsLogon => 113,
    };
    pipe.write(&[1, number]).await?;
    ensure!(pipe.read(1).await? == [number], "another type");
    let (user, password) = match options.kind {
        LoginKind::Ra2(ra2) => rsa_aes::log_in(&mut pipe, ra2, &key.0).await?,
        LoginKind::Apple(len) => diffie_hellman::log_in_apple(&mut pipe, len).await?,
        LoginKind::MsLogon => diffie_hellman::log_in_ms(&mut pipe).await?,
    };
    let is_nameless = matches!(options.kind, LoginKind::Ra2(Ra2 { asks_name: false, .. }));
    let name = if is_nameless { "" } else { options.user.as_str() };
    if (user.as_slice(), password.as_slice()) != (name.as_bytes(), options.password.as_bytes()) {
        pipe.write(b"\0\0\0\x01\0\0\0\x0cwrong secret").await?;
        return Ok(());
    }
    pipe.write(&[0; 4]).await?;
    pipe.read(1).await?;
    let (width, height) = options.geometry;
    // What follows the admission without security.
    let desktop = opening(width, height, b"behind a login");
    pipe.write(desktop.get(18..).unwrap_or_default()).await?;
    pipe.write(&picture(width, height)).await?;
    loop {
        pipe.read(1).await?;
    }
}

/// One update that paints everything, as raw pixels.
fn picture(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 1, 0, 0, 0, 0];
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([0; 4]);
    let [red, green, blue] = COLOUR;
    bytes.extend([red, green, blue, 0].repeat(usize::from(width) * usize::from(height)));
    bytes
}

#[cfg(test)]
mod tests;
