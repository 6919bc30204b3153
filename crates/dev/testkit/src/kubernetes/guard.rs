//! Who is let in where the server is behind TLS.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier},
};

use crate::cluster::{Identity, authority::Authority};

/// What it takes to be let in: one of the last two.
#[derive(Debug, Clone)]
pub struct Papers {
    /// Who signed the server's certificate, in PEM.
    pub authority_pem: String,
    /// A bearer token.
    pub token: String,
    /// A certificate and its key.
    pub client: Identity,
}

/// The server's side.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) acceptor: TlsAcceptor,
    pub(super) token: String,
}

impl Guard {
    /// One of an authority of its own.
    pub(super) fn new() -> (Self, Papers) {
        let authority = Authority::new().expect("an authority");
        let server = authority.server(&["127.0.0.1"]).expect("a certificate");
        let papers = Papers {
            authority_pem: authority.pem().to_owned(),
            token: "bearer-of-the-tests-alone".to_owned(),
            client: authority.client("tester", "testers").expect("a certificate"),
        };
        let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
        let mut roots = RootCertStore::empty();
        roots.add(certificate(authority.pem())).expect("an authority");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .expect("one authority");
        let key = PrivateKeyDer::from_pem_slice(server.key_pem.as_bytes()).expect("PEM");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate(&server.certificate_pem)], key)
            .expect("a certificate and its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        (Self { acceptor, token: papers.token.clone() }, papers)
    }
}
