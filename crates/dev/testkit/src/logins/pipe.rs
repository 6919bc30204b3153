//! A stream, in the clear or sealed with AES in EAX mode, made of OpenSSL's CTR and CMAC.

use anyhow::{Context as _, Result, ensure};
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, encrypt};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Both directions of a connection.
pub(super) struct Pipe<S> {
    stream: S,
    seals: Option<(Eax, Eax)>,
    /// What was in frames and is not read yet.
    opened: Vec<u8>,
    /// Frames are to be of many sizes. The first ones hold a whole message of the login each, as
    /// some clients expect.
    frame_len: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Pipe<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, seals: None, opened: Vec::new(), frame_len: 64 }
    }

    /// Seals with the first key and opens with the second from here on; without any, neither.
    pub(super) fn seal(&mut self, keys: Option<(Vec<u8>, Vec<u8>)>) {
        self.seals = keys.map(|(ours, theirs)| (Eax::new(ours), Eax::new(theirs)));
    }

    pub(super) async fn read(&mut self, len: usize) -> Result<Vec<u8>> {
        let Some((_, opener)) = &mut self.seals else {
            let mut bytes = vec![0; len];
            self.stream.read_exact(&mut bytes).await?;
            return Ok(bytes);
        };
        while self.opened.len() < len {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).await?;
            let mut body = vec![0; usize::from(u16::from_be_bytes(head)) + 16];
            self.stream.read_exact(&mut body).await?;
            self.opened.extend(opener.open(head, &body)?);
        }
        let rest = self.opened.split_off(len);
        Ok(std::mem::replace(&mut self.opened, rest))
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some((sealer, _)) = &mut self.seals else {
            return Ok(self.stream.write_all(bytes).await?);
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            let (frame, after) = rest.split_at(rest.len().min(self.frame_len));
            self.stream.write_all(&sealer.seal(frame)?).await?;
            rest = after;
            if !rest.is_empty() {
                self.frame_len = (self.frame_len * 3 + 1) % 65_000 + 1;
            }
        }
        Ok(())
    }
}

/// One direction: EAX as its authors define it.
struct Eax {
    key: Vec<u8>,
    count: u128,
}

impl Eax {
    const fn new(key: Vec<u8>) -> Self {
        Self { key, count: 0 }
    }

    fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>> {
        let head = u16::try_from(plain.len())?.to_be_bytes();
        let start = self.start()?;
        let sealed = self.counter(&start, plain)?;
        let tag = self.tag(&start, head, &sealed)?;
        Ok([&head[..], &sealed, &tag].concat())
    }

    fn open(&mut self, head: [u8; 2], body: &[u8]) -> Result<Vec<u8>> {
        let (sealed, tag) = body.split_last_chunk::<16>().context("a frame without a tag")?;
        let start = self.start()?;
        ensure!(self.tag(&start, head, sealed)? == tag, "a forged frame");
        self.counter(&start, sealed)
    }

    /// The first counter of the next frame.
    fn start(&mut self) -> Result<Vec<u8>> {
        let nonce = self.count.to_le_bytes();
        self.count += 1;
        self.mac(0, &nonce)
    }

    fn tag(&self, start: &[u8], head: [u8; 2], sealed: &[u8]) -> Result<Vec<u8>> {
        let (about, body) = (self.mac(1, &head)?, self.mac(2, sealed)?);
        Ok(start.iter().zip(about).zip(body).map(|((a, b), c)| a ^ b ^ c).collect())
    }

    fn counter(&self, start: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
        let cipher =
            if self.key.len() == 16 { Cipher::aes_128_ctr() } else { Cipher::aes_256_ctr() };
        Ok(encrypt(cipher, &self.key, Some(start), bytes)?)
    }

    /// CMAC over a block that holds `tweak`, and `bytes`.
    fn mac(&self, tweak: u8, bytes: &[u8]) -> Result<Vec<u8>> {
        let cipher =
            if self.key.len() == 16 { Cipher::aes_128_cbc() } else { Cipher::aes_256_cbc() };
        let key = PKey::cmac(&cipher, &self.key)?;
        let mut signer = Signer::new_without_digest(&key)?;
        let mut block = [0; 16];
        block[15] = tweak;
        signer.update(&block)?;
        signer.update(bytes)?;
        Ok(signer.sign_to_vec()?)
    }
}
