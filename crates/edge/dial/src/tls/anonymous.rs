//! TLS without certificates, for VeNCrypt's TLS flavours. The one use of OpenSSL: rustls has no
//! anonymous key exchange, with reason.

use std::pin::Pin;

use openssl::{
    error::ErrorStack,
    ssl::{Error, ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslVerifyMode, SslVersion},
};
use porthole_wire::text;
use tokio_openssl::SslStream;

use crate::{stream::BoxStream, tls::TlsFault};

/// Anonymous Diffie-Hellman with AES, authenticated modes first. OpenSSL has no anonymous suite
/// above its security level 0; nothing else is let in by it, as the list is closed.
const CIPHERS: &str = "ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:AECDH-AES256-SHA:\
                       AECDH-AES128-SHA:ADH-AES256-SHA256:ADH-AES128-SHA256:ADH-AES256-SHA:\
                       ADH-AES128-SHA:@SECLEVEL=0";

/// Turns `stream` into anonymous TLS 1.2, the last version that has it.
///
/// # Errors
///
/// [`TlsFault`], when the server offers no suite of ours or is no TLS server.
pub(super) async fn connect(stream: BoxStream) -> Result<BoxStream, TlsFault> {
    let ssl = client().map_err(|error| TlsFault::Broken(text(error.to_string().as_bytes())))?;
    let mut stream = SslStream::new(ssl, stream)
        .map_err(|error| TlsFault::Broken(text(error.to_string().as_bytes())))?;
    Pin::new(&mut stream).connect().await.map_err(|error| fault(&error))?;
    Ok(Box::new(stream))
}

fn client() -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list(CIPHERS)?;
    context.set_options(SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION);
    Ssl::new(&context.build())
}

fn fault(error: &Error) -> TlsFault {
    let Some(first) = error.ssl_error().and_then(|stack| stack.errors().first()) else {
        return TlsFault::Broken(match error.code() {
            ErrorCode::SYSCALL | ErrorCode::ZERO_RETURN => "the server hung up".to_owned(),
            _ => text(error.to_string().as_bytes()),
        });
    };
    match first.reason() {
        Some("wrong version number" | "packet length too long") => TlsFault::NotTls,
        Some("unsupported protocol" | "sslv3 alert handshake failure" | "no shared cipher") => {
            TlsFault::Incompatible("the server offers no anonymous suite of ours".to_owned())
        }
        Some(reason) => TlsFault::Broken(text(reason.as_bytes())),
        None => TlsFault::Broken(text(error.to_string().as_bytes())),
    }
}
