//! The server's side of Apple's exchange and of MS-Logon II.

use anyhow::{Context as _, Result, bail};
use openssl::bn::{BigNum, BigNumContext};
use openssl::hash::{MessageDigest, hash};
use openssl::symm::{Cipher, Crypter, Mode};
use tokio::io::{AsyncRead, AsyncWrite};

use super::pipe::Pipe;

/// User name and password, as the client says them to a Mac with a modulus of so many bytes.
pub(super) async fn log_in_apple<S: AsyncRead + AsyncWrite + Unpin>(
    pipe: &mut Pipe<S>,
    len: u16,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let prime = match len {
        128 => BigNum::get_rfc2409_prime_1024()?,
        256 => BigNum::get_rfc3526_prime_2048()?,
        _ => bail!("no prime of {len} bytes"),
    };
    let exchange = Exchange::new(prime, 2)?;
    let bytes = i32::from(len);
    pipe.write(&[0, 2]).await?;
    pipe.write(&len.to_be_bytes()).await?;
    pipe.write(&exchange.prime.to_vec_padded(bytes)?).await?;
    pipe.write(&exchange.public()?.to_vec_padded(bytes)?).await?;
    let encrypted = pipe.read(128).await?;
    let theirs = pipe.read(len.into()).await?;
    let secret = exchange.secret(&theirs)?.to_vec_padded(bytes)?;
    let key = hash(MessageDigest::md5(), &secret)?;
    let plain = decrypt(Cipher::aes_128_ecb(), &key, None, &encrypted)?;
    let (user, password) = plain.split_at(64);
    Ok((text(user)?, text(password)?))
}

/// The same to `UltraVNC`.
pub(super) async fn log_in_ms<S: AsyncRead + AsyncWrite + Unpin>(
    pipe: &mut Pipe<S>,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut prime = BigNum::new()?;
    prime.generate_prime(62, false, None, None)?;
    let exchange = Exchange::new(prime, 5)?;
    pipe.write(&exchange.generator.to_vec_padded(8)?).await?;
    pipe.write(&exchange.prime.to_vec_padded(8)?).await?;
    pipe.write(&exchange.public()?.to_vec_padded(8)?).await?;
    let theirs = pipe.read(8).await?;
    let user = pipe.read(256).await?;
    let password = pipe.read(64).await?;
    let secret = exchange.secret(&theirs)?.to_vec_padded(8)?;
    let mirrored: Vec<u8> = secret.iter().map(|byte| byte.reverse_bits()).collect();
    // Three times the same key is DES once, which OpenSSL does not offer any more.
    let key = mirrored.repeat(3);
    let open = |field: &[u8]| decrypt(Cipher::des_ede3_cbc(), &key, Some(&secret), field);
    Ok((text(&open(&user)?)?, text(&open(&password)?)?))
}

struct Exchange {
    prime: BigNum,
    generator: BigNum,
    exponent: BigNum,
}

impl Exchange {
    fn new(prime: BigNum, generator: u32) -> Result<Self> {
        let mut exponent = BigNum::new()?;
        prime.rand_range(&mut exponent)?;
        Ok(Self { prime, generator: BigNum::from_u32(generator)?, exponent })
    }

    fn public(&self) -> Result<BigNum> {
        self.raise(&self.generator)
    }

    fn secret(&self, theirs: &[u8]) -> Result<BigNum> {
        self.raise(&BigNum::from_slice(theirs)?)
    }

    fn raise(&self, base: &BigNum) -> Result<BigNum> {
        let mut power = BigNum::new()?;
        power.mod_exp(base, &self.exponent, &self.prime, &mut *BigNumContext::new()?)?;
        Ok(power)
    }
}

fn decrypt(cipher: Cipher, key: &[u8], start: Option<&[u8]>, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut crypter = Crypter::new(cipher, Mode::Decrypt, key, start)?;
    crypter.pad(false);
    let mut plain = vec![0; bytes.len() + cipher.block_size()];
    let count = crypter.update(bytes, &mut plain)?;
    plain.truncate(count);
    Ok(plain)
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> Result<Vec<u8>> {
    let end = field.iter().position(|byte| *byte == 0).context("a text without an end")?;
    Ok(field.get(..end).unwrap_or_default().to_vec())
}
