//! HTTP until the upgrade.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sspi::{
    AuthIdentity, BufferType, CredentialUse, DataRepresentation, Ntlm, SecurityBuffer,
    ServerRequestFlags, Sspi as _, SspiEx as _, SspiImpl as _,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::House;

/// How clients sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// NTLM.
    Ntlm,
    /// NTLM's messages under another name.
    Negotiate,
    /// Name and password as they are.
    Basic,
}

impl Scheme {
    const fn name(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "Negotiate",
            Self::Basic => "Basic",
        }
    }
}

/// Longest request that is read, in bytes.
const REQUEST_MAX_BYTES: usize = 64 << 10;

/// Whether the client is in: then the stream is a WebSocket.
pub(super) async fn sign_in(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    house: &House,
) -> Result<bool> {
    let mut ntlm: Option<Ntlm> = None;
    loop {
        let Some(request) = read_request(stream).await? else { return Ok(false) };
        ensure!(
            request.starts_with("RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\n"),
            "{request}"
        );
        let scheme = house.scheme.name();
        let said = header(&request, "authorization").and_then(|value| value.strip_prefix(scheme));
        let Some(token) = said else {
            refuse(stream, scheme).await?;
            continue;
        };
        let token = STANDARD.decode(token.trim())?;
        let is_in = if house.scheme == Scheme::Basic {
            let (user, password) = &house.login;
            token == format!("{user}:{password}").into_bytes()
        } else if let Some(mut ntlm) = ntlm.take() {
            check(&mut ntlm, token, &house.login).is_ok()
        } else {
            let (context, challenge) = challenge(token)?;
            ntlm = Some(context);
            refuse(stream, &format!("{scheme} {}", STANDARD.encode(challenge))).await?;
            continue;
        };
        if !is_in {
            house.note(|asked| asked.refused += 1);
            refuse(stream, scheme).await?;
            continue;
        }
        let key = header(&request, "sec-websocket-key").context("no key")?;
        let accept = derive_accept_key(key.as_bytes());
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(response.as_bytes()).await?;
        stream.flush().await?;
        return Ok(true);
    }
}

/// NTLM's second message.
fn challenge(first: Vec<u8>) -> Result<(Ntlm, Vec<u8>)> {
    let mut ntlm = Ntlm::new();
    let challenge = accept(&mut ntlm, first)?;
    Ok((ntlm, challenge))
}

/// Whether NTLM's third message proves the password.
fn check(ntlm: &mut Ntlm, third: Vec<u8>, (user, password): &(String, String)) -> Result<()> {
    accept(ntlm, third)?;
    let said = ntlm.query_context_names()?.username;
    ensure!(said.account_name() == user, "another user");
    let identity = AuthIdentity { username: said, password: password.clone().into() };
    ntlm.custom_set_auth_identity(identity)?;
    ntlm.complete_auth_token(&mut [])?;
    Ok(())
}

fn accept(ntlm: &mut Ntlm, message: Vec<u8>) -> Result<Vec<u8>> {
    let mut handle = ntlm
        .acquire_credentials_handle()
        .with_credential_use(CredentialUse::Inbound)
        .execute(ntlm)?
        .credentials_handle;
    let mut input = [SecurityBuffer::new(message, BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let builder = ntlm
        .accept_security_context()
        .with_credentials_handle(&mut handle)
        .with_context_requirements(ServerRequestFlags::empty())
        .with_target_data_representation(DataRepresentation::Native)
        .with_input(&mut input)
        .with_output(&mut output);
    ntlm.accept_security_context_impl(builder)?.resolve_to_result()?;
    let [answer] = output;
    Ok(answer.buffer)
}

async fn refuse(stream: &mut (impl AsyncWrite + Unpin), challenge: &str) -> Result<()> {
    // With a page, as real servers have one.
    let response = format!(
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/html\r\nWWW-Authenticate: {challenge}\r\n\
         Content-Length: 14\r\n\r\n<p>Access.</p>"
    );
    stream.write_all(response.as_bytes()).await?;
    stream.flush().await?;
    Ok(())
}

/// The next request's head, or nothing when the client has left.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<String>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        ensure!(request.len() < REQUEST_MAX_BYTES, "a long request");
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) if request.is_empty() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(String::from_utf8(request)?))
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
