//! Every way to check, against servers in memory.

use std::{sync::Arc, time::Duration};

use porthole_remote::{Blame, Secure};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use super::{TlsFault, TlsSettings, Verify, secure};
use crate::{
    error::{DialError, Step},
    stream::BoxStream,
};

const LIMIT: Duration = Duration::from_secs(30);

/// A server's certificate and key, and the authority that signed it.
struct Identity {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    authority: CertificateDer<'static>,
}

impl Identity {
    /// A certificate for `desktop.example`, adjusted, by an authority of its own.
    fn signed(adjust: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer_key = KeyPair::generate().unwrap();
        let name = format!("authority {:?}", issuer_key.public_key_raw());
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, issuer_key).unwrap();

        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["desktop.example".to_owned()]).unwrap();
        adjust(&mut params);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self { certificate: certificate.der().clone(), key, authority: issuer.der().clone() }
    }

    /// A certificate that signed itself; marked as an authority, as OpenSSL does, or not.
    fn self_signed(is_ca: IsCa) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["desktop.example".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate: certificate.clone(), key, authority: certificate }
    }

    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// Serves one connection that echoes four bytes.
    fn serve(&self, stream: DuplexStream) {
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        tokio::spawn(async move {
            // The client may well hang up.
            if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
                let mut bytes = [0; 4];
                stream.read_exact(&mut bytes).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
                // Wait for the client to leave.
                let _ = stream.read(&mut bytes).await;
            }
        });
    }
}

async fn connect(
    identity: &Identity,
    verify: Verify,
    name: Option<&str>,
) -> Result<BoxStream, DialError> {
    let (ours, theirs) = tokio::io::duplex(16 << 10);
    identity.serve(theirs);
    let settings =
        TlsSettings { verify, server_name: name.map(ToOwned::to_owned), ..TlsSettings::default() };
    secure(Box::new(ours), &settings, Secure::Certificate, LIMIT).await
}

async fn assert_passes(identity: &Identity, verify: Verify, name: Option<&str>) {
    let mut stream = connect(identity, verify, name).await.map_err(|e| e.to_string()).unwrap();
    stream.write_all(b"ping").await.unwrap();
    stream.flush().await.unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
}

async fn fault(identity: &Identity, verify: Verify, name: Option<&str>) -> TlsFault {
    match connect(identity, verify, name).await {
        Err(DialError::Tls { fault, .. }) => fault,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the handshake passed"),
    }
}

const NAME: Option<&str> = Some("desktop.example");

#[tokio::test]
async fn an_authority_vouches() {
    let good = Identity::signed(|_| {});
    let ca = || Verify::Ca(vec![good.authority.clone()]);
    assert_passes(&good, ca(), NAME).await;
    assert_eq!(fault(&good, ca(), Some("other.example")).await, TlsFault::WrongName);
    assert_eq!(fault(&good, ca(), Some("192.0.2.1")).await, TlsFault::WrongName);
    assert_eq!(fault(&good, ca(), None).await, TlsFault::BadServerName);

    let stranger = Identity::signed(|_| {});
    assert_eq!(fault(&stranger, ca(), NAME).await, TlsFault::UnknownIssuer);
    assert!(matches!(fault(&good, Verify::Ca(vec![]), NAME).await, TlsFault::NoAuthorities(_)));
}

#[tokio::test]
async fn dates_count() {
    let old = Identity::signed(|params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let early = Identity::signed(|params| params.not_before = date_time_ymd(2999, 1, 1));
    for (identity, want) in [(old, TlsFault::Expired), (early, TlsFault::NotValidYet)] {
        let verify = Verify::Ca(vec![identity.authority.clone()]);
        assert_eq!(fault(&identity, verify, NAME).await, want);
        // A pin is about this certificate and nothing else.
        assert_passes(&identity, Verify::Pinned(vec![identity.sha256()]), NAME).await;
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_its_own_authority() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let identity = Identity::self_signed(is_ca);
        let verify = || Verify::Ca(vec![identity.authority.clone()]);
        assert_passes(&identity, verify(), NAME).await;
        assert_eq!(fault(&identity, verify(), Some("other.example")).await, TlsFault::WrongName);
        let elsewhere = Identity::self_signed(IsCa::NoCa);
        let verify = Verify::Ca(vec![elsewhere.authority]);
        let fault = fault(&identity, verify, NAME).await;
        assert!(matches!(fault, TlsFault::UnknownIssuer | TlsFault::BadCertificate(_)), "{fault}");
    }
}

#[tokio::test]
async fn an_expired_self_signed_certificate_stays_expired() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["desktop.example".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let identity = Identity { certificate: certificate.clone(), key, authority: certificate };
    let verify = Verify::Ca(vec![identity.authority.clone()]);
    assert_eq!(fault(&identity, verify, NAME).await, TlsFault::Expired);
}

#[tokio::test]
async fn pins_are_exact() {
    let identity = Identity::self_signed(IsCa::NoCa);
    let right = identity.sha256();
    assert_passes(&identity, Verify::Pinned(vec![[0; 32], right]), None).await;
    assert_passes(&identity, Verify::Pinned(vec![right]), Some("not a name")).await;

    let fault = fault(&identity, Verify::Pinned(vec![[0; 32]]), NAME).await;
    let TlsFault::NotPinned { found } = fault else { panic!("{fault}") };
    // The operator can copy it from the log.
    assert_eq!(found.len(), 64);
    assert_eq!(u8::from_str_radix(&found[..2], 16).unwrap(), right[0]);
}

#[tokio::test]
async fn a_pin_alone_is_not_the_key() {
    // A server that presents a pinned certificate without holding its key.
    let real = Identity::self_signed(IsCa::NoCa);
    let pins = Verify::Pinned(vec![real.sha256()]);
    let verifier = super::verify::client_config(
        &pins,
        None,
        Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider()),
    )
    .unwrap();
    let impostor = Impostor { certificate: real.certificate, key: KeyPair::generate().unwrap() };
    let (ours, theirs) = tokio::io::duplex(16 << 10);
    impostor.serve(theirs);
    let connected = tokio_rustls::TlsConnector::from(Arc::new(verifier))
        .connect("desktop.example".try_into().unwrap(), ours)
        .await;
    let fault = TlsFault::from_handshake(&connected.err().unwrap());
    assert!(matches!(fault, TlsFault::BadCertificate(_)), "{fault}");
}

/// Someone with another's certificate.
struct Impostor {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Impostor {
    fn serve(&self, stream: DuplexStream) {
        use tokio_rustls::rustls::{
            crypto::aws_lc_rs, server::ResolvesServerCertUsingSni, sign::CertifiedKey,
        };
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        // Built by hand: the usual way would notice that the two do not belong together.
        let presented = CertifiedKey::new(vec![self.certificate.clone()], key);
        let mut resolver = ResolvesServerCertUsingSni::new();
        resolver.add("desktop.example", presented).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        tokio::spawn(async move {
            let _ = TlsAcceptor::from(Arc::new(config)).accept(stream).await;
        });
    }
}

#[tokio::test]
async fn off_takes_anyone() {
    for name in [NAME, Some("other.example"), None] {
        assert_passes(&Identity::self_signed(IsCa::NoCa), Verify::Off, name).await;
    }
}

#[tokio::test]
async fn strangers_fail_against_the_system() {
    let fault = fault(&Identity::signed(|_| {}), Verify::SystemRoots, NAME).await;
    assert!(matches!(fault, TlsFault::UnknownIssuer | TlsFault::NoAuthorities(_)), "{fault}");
    assert_eq!(fault.blame(), Blame::Operator);
}

#[tokio::test]
async fn self_signed_authorities_are_explained() {
    let identity = Identity::self_signed(IsCa::Ca(BasicConstraints::Unconstrained));
    let fault = fault(&identity, Verify::SystemRoots, NAME).await;
    let shown = fault.to_string();
    assert!(
        shown.contains("self-signed") || matches!(fault, TlsFault::NoAuthorities(_)),
        "{shown}"
    );
}

#[tokio::test]
async fn what_is_no_tls_is_told_so() {
    for kind in [Secure::Certificate, Secure::Anonymous] {
        let (ours, mut theirs) = tokio::io::duplex(16 << 10);
        tokio::spawn(async move {
            theirs.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            // Swallow the hello until the client leaves.
            let _ = tokio::io::copy(&mut theirs, &mut tokio::io::sink()).await;
        });
        let settings =
            TlsSettings { verify: Verify::Off, server_name: None, ..TlsSettings::default() };
        let result = secure(Box::new(ours), &settings, kind, LIMIT).await;
        match result.err().unwrap() {
            DialError::Tls { fault: TlsFault::NotTls, .. } => {}
            #[cfg(not(feature = "anonymous-tls"))]
            DialError::Tls { fault: TlsFault::AnonymousAbsent, .. } => {}
            other => panic!("{kind:?}: {other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn silence_times_out() {
    let (ours, _theirs) = tokio::io::duplex(16 << 10);
    let settings = TlsSettings { verify: Verify::Off, server_name: None, ..TlsSettings::default() };
    let result = secure(Box::new(ours), &settings, Secure::Certificate, LIMIT).await;
    assert!(matches!(result.err().unwrap(), DialError::Timeout { step: Step::Tls, .. }));
}

#[cfg(feature = "anonymous-tls")]
mod anonymous {
    use std::pin::Pin;

    use openssl::{
        dh::Dh,
        ssl::{Ssl, SslContext, SslMethod},
    };
    use tokio_openssl::SslStream;

    use super::{
        AsyncReadExt, AsyncWriteExt, BoxStream, DialError, DuplexStream, LIMIT, Secure, TlsFault,
        TlsSettings, secure,
    };

    /// Serves one connection with `ciphers` that echoes four bytes.
    fn serve(stream: DuplexStream, ciphers: &'static str) {
        tokio::spawn(async move {
            let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
            context.set_cipher_list(ciphers).unwrap();
            context.set_tmp_dh(&Dh::get_2048_256().unwrap()).unwrap();
            let ssl = Ssl::new(&context.build()).unwrap();
            let mut stream = SslStream::new(ssl, stream).unwrap();
            if Pin::new(&mut stream).accept().await.is_ok() {
                let mut bytes = [0; 4];
                stream.read_exact(&mut bytes).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
                let _ = stream.read(&mut bytes).await;
            }
        });
    }

    async fn connect(ciphers: &'static str) -> Result<BoxStream, DialError> {
        let (ours, theirs) = tokio::io::duplex(16 << 10);
        serve(theirs, ciphers);
        secure(Box::new(ours), &TlsSettings::default(), Secure::Anonymous, LIMIT).await
    }

    #[tokio::test]
    async fn speaks_every_anonymous_suite_of_ours() {
        let suites = [
            "ADH-AES256-GCM-SHA384:@SECLEVEL=0",
            "ADH-AES128-GCM-SHA256:@SECLEVEL=0",
            "AECDH-AES256-SHA:@SECLEVEL=0",
            "AECDH-AES128-SHA:@SECLEVEL=0",
            "ADH-AES128-SHA256:@SECLEVEL=0",
        ];
        for suite in suites {
            let mut stream = connect(suite).await.map_err(|e| e.to_string()).unwrap();
            stream.write_all(b"ping").await.unwrap();
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"ping", "{suite}");
        }
    }

    #[tokio::test]
    async fn refuses_to_go_without_encryption() {
        let result = connect("AECDH-NULL-SHA:@SECLEVEL=0").await;
        let Err(DialError::Tls { fault, .. }) = result else { panic!("the handshake passed") };
        assert!(matches!(fault, TlsFault::Incompatible(_)), "{fault}");
    }
}
