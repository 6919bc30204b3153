//! The server's side of RSA-AES.

use anyhow::{Result, ensure};
use openssl::bn::BigNum;
use openssl::pkey::{HasPublic, Private};
use openssl::rand::rand_bytes;
use openssl::rsa::{Padding, Rsa, RsaRef};
use openssl::sha::{Sha1, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};

use super::pipe::Pipe;

/// Which RSA-AES.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ra2 {
    /// Keys of 256 bits, and SHA-256; else 128, and SHA-1.
    pub is_256: bool,
    /// Everything is sealed; else the login alone.
    pub seals_all: bool,
    /// User name and password are asked for; else the password alone.
    pub asks_name: bool,
}

impl Ra2 {
    pub(super) const fn number(self) -> u8 {
        match (self.is_256, self.seals_all) {
            (false, true) => 5,
            (false, false) => 6,
            (true, true) => 129,
            (true, false) => 130,
        }
    }

    fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        if self.is_256 {
            let mut hash = Sha256::new();
            parts.iter().for_each(|part| hash.update(part));
            hash.finish().to_vec()
        } else {
            let mut hash = Sha1::new();
            parts.iter().for_each(|part| hash.update(part));
            hash.finish().to_vec()
        }
    }
}

/// A public key as it goes over the wire.
pub(super) fn public_bytes<T: HasPublic>(key: &RsaRef<T>) -> Result<Vec<u8>> {
    let len = i32::try_from(key.size())?;
    let mut bytes = (key.size() * 8).to_be_bytes().to_vec();
    bytes.extend(key.n().to_vec_padded(len)?);
    bytes.extend(key.e().to_vec_padded(len)?);
    Ok(bytes)
}

/// User name and password, as the client says them.
pub(super) async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
    pipe: &mut Pipe<S>,
    kind: Ra2,
    key: &Rsa<Private>,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let ours = public_bytes(key)?;
    pipe.write(&ours).await?;

    let head = pipe.read(4).await?;
    let bits = u32::from_be_bytes(head.as_slice().try_into()?);
    ensure!((1024..=8192).contains(&bits), "a key of {bits} bits");
    let len = usize::try_from(bits.div_ceil(8))?;
    let (modulus, exponent) = (pipe.read(len).await?, pipe.read(len).await?);
    let client =
        Rsa::from_public_components(BigNum::from_slice(&modulus)?, BigNum::from_slice(&exponent)?)?;
    let theirs = [head, modulus, exponent].concat();

    let mut random = vec![0; if kind.is_256 { 32 } else { 16 }];
    rand_bytes(&mut random)?;
    let mut sent = vec![0; len];
    client.public_encrypt(&random, &mut sent, Padding::PKCS1)?;
    pipe.write(&u16::try_from(len)?.to_be_bytes()).await?;
    pipe.write(&sent).await?;

    let said = pipe.read(2).await?;
    let said = usize::from(u16::from_be_bytes(said.as_slice().try_into()?));
    ensure!(said == usize::try_from(key.size())?, "{said} encrypted bytes");
    let encrypted = pipe.read(said).await?;
    let mut client_random = vec![0; said];
    let count = key.private_decrypt(&encrypted, &mut client_random, Padding::PKCS1)?;
    ensure!(count == random.len(), "a random number of {count} bytes");
    client_random.truncate(count);

    let session = |first: &[u8], second: &[u8]| {
        let mut key = kind.hash(&[first, second]);
        key.truncate(random.len());
        key
    };
    // What we send is sealed with a hash that begins with the client's number.
    pipe.seal(Some((session(&client_random, &random), session(&random, &client_random))));
    let hash_len = if kind.is_256 { 32 } else { 20 };
    let got = pipe.read(hash_len).await?;
    ensure!(got == kind.hash(&[&theirs, &ours]), "the keys were changed on their way");
    pipe.write(&kind.hash(&[&ours, &theirs])).await?;

    pipe.write(&[if kind.asks_name { 1 } else { 2 }]).await?;
    let mut said = [Vec::new(), Vec::new()];
    for text in &mut said {
        let len = pipe.read(1).await?;
        *text = pipe.read(len.first().copied().unwrap_or(0).into()).await?;
    }
    let [user, password] = said;
    if !kind.seals_all {
        pipe.seal(None);
    }
    Ok((user, password))
}
