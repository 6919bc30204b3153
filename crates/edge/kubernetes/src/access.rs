//! Where an API server is, and who we are there.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::Engine as _;
use kube::config::{AuthInfo, Cluster, Kubeconfig};
use porthole_dial::{ClientCertificate, DialError, Target, TlsSettings, Transport, Verify};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{config::Access, error::misconfigured};

/// Where the service account of a pod is.
const ACCOUNT_DIR: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Longest file that is read here.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// An API server, and who we are there.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(crate) target: Target,
    pub(crate) use_tls: bool,
    /// What comes before every path; empty, or a path without a `/` at its end.
    pub(crate) prefix: String,
    pub(crate) token: Token,
    pub(crate) namespace: Option<String>,
}

/// A bearer token.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    None,
    Fixed(SecretString),
    /// It is read for every request: the file's content changes while it is used.
    File(PathBuf),
}

impl Token {
    /// The token as it is now.
    pub(crate) async fn read(&self) -> Result<Option<SecretString>, DialError> {
        let path = match self {
            Self::None => return Ok(None),
            Self::Fixed(token) => return Ok(Some(token.clone())),
            Self::File(path) => path.clone(),
        };
        let text = tokio::task::spawn_blocking(move || read_text(&path))
            .await
            .map_err(|_stopping| misconfigured("the gateway is stopping"))??;
        Ok(Some(SecretString::from(text.trim())))
    }
}

impl Entrance {
    /// Reads the files that `access` names, if any.
    pub(crate) async fn find(target: &Target, access: &Access) -> Result<Self, DialError> {
        let plain = |use_tls, token| Self {
            target: target.clone(),
            use_tls,
            prefix: String::new(),
            token,
            namespace: None,
        };
        let target = target.clone();
        let reading = match access.clone() {
            Access::Plain => return Ok(plain(false, Token::None)),
            Access::Tls { token } => {
                return Ok(plain(true, token.map_or(Token::None, Token::Fixed)));
            }
            Access::Kubeconfig { path, context } => {
                tokio::task::spawn_blocking(move || kubeconfig(target, &path, context.as_deref()))
            }
            Access::InCluster => tokio::task::spawn_blocking(move || in_cluster(target)),
        };
        reading.await.map_err(|_stopping| misconfigured("the gateway is stopping"))?
    }
}

/// The cluster that this process runs in (kubernetes.io, "Accessing the Kubernetes API from a Pod").
fn in_cluster(mut target: Target) -> Result<Entrance, DialError> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let place = variable("KUBERNETES_SERVICE_HOST").zip(variable("KUBERNETES_SERVICE_PORT"));
    let Some((host, port)) = place else {
        return Err(misconfigured("in-cluster is set, and the gateway runs in no cluster"));
    };
    let port = port.parse().map_err(|_| misconfigured("KUBERNETES_SERVICE_PORT is no port"))?;
    let dir = Path::new(ACCOUNT_DIR);
    target.transport = Transport::Tcp { host, port };
    target.tls = TlsSettings {
        verify: Verify::Ca(authorities(read_text(&dir.join("ca.crt"))?.as_bytes())?),
        ..TlsSettings::default()
    };
    let namespace = read_text(&dir.join("namespace"))?.trim().to_owned();
    Ok(Entrance {
        target,
        use_tls: true,
        prefix: String::new(),
        token: Token::File(dir.join("token")),
        namespace: Some(namespace).filter(|name| !name.is_empty()),
    })
}

/// What a kubeconfig file says. Programs that it names are not run.
fn kubeconfig(
    mut target: Target,
    path: &Path,
    context: Option<&str>,
) -> Result<Entrance, DialError> {
    let config = Kubeconfig::read_from(path).map_err(|error| {
        tracing::warn!(%error, "the kubeconfig file cannot be read");
        misconfigured("the kubeconfig file cannot be read")
    })?;
    let name = context.or(config.current_context.as_deref());
    let name = name.ok_or_else(|| misconfigured("the kubeconfig file has no current context"))?;
    let context = config.contexts.iter().find(|found| found.name == name);
    let context = context.and_then(|found| found.context.as_ref());
    let context =
        context.ok_or_else(|| misconfigured("the kubeconfig file has no such context"))?;
    let cluster = config.clusters.iter().find(|found| found.name == context.cluster);
    let cluster = cluster.and_then(|found| found.cluster.as_ref());
    let cluster =
        cluster.ok_or_else(|| misconfigured("the kubeconfig file has no such cluster"))?;
    let user = config.auth_infos.iter().find(|found| Some(&found.name) == context.user.as_ref());
    let user = user.and_then(|found| found.auth_info.clone()).unwrap_or_default();

    let Place { use_tls, host, port, prefix } = place(cluster.server.as_deref())?;
    target.transport = Transport::Tcp { host, port };
    target.tls = TlsSettings {
        verify: verify(cluster)?,
        server_name: cluster.tls_server_name.clone(),
        client: client_certificate(&user)?,
    };
    let token = token(&user)?;
    if !use_tls && !matches!(token, Token::None) {
        return Err(misconfigured("the kubeconfig file has a token, and no https to send it over"));
    }
    Ok(Entrance { target, use_tls, prefix, token, namespace: context.namespace.clone() })
}

struct Place {
    use_tls: bool,
    host: String,
    port: u16,
    prefix: String,
}

fn place(server: Option<&str>) -> Result<Place, DialError> {
    let bad = || misconfigured("the kubeconfig file names no usable server");
    let uri: hyper::Uri = server.and_then(|server| server.parse().ok()).ok_or_else(bad)?;
    let use_tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(bad()),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?.to_owned();
    let port = uri.port_u16().unwrap_or(if use_tls { 443 } else { 80 });
    let prefix = uri.path().trim_end_matches('/').to_owned();
    Ok(Place { use_tls, host, port, prefix })
}

fn verify(cluster: &Cluster) -> Result<Verify, DialError> {
    if cluster.proxy_url.is_some() {
        return Err(misconfigured("the kubeconfig file names a proxy, which is not supported"));
    }
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Ok(Verify::Off);
    }
    let named = (cluster.certificate_authority_data.as_deref(), &cluster.certificate_authority);
    match data_or_file(named.0, named.1.as_deref())? {
        Some(pem) => Ok(Verify::Ca(authorities(&pem)?)),
        None => Ok(Verify::SystemRoots),
    }
}

fn token(user: &AuthInfo) -> Result<Token, DialError> {
    let unsupported = [
        (user.exec.is_some(), "a program that logs on (exec)"),
        (user.auth_provider.is_some(), "an auth-provider"),
        (user.username.is_some(), "a username and a password, which clusters no longer take"),
        (user.impersonate.is_some(), "somebody to act as (impersonate)"),
    ];
    if let Some((_, what)) = unsupported.iter().find(|(is_there, _)| *is_there) {
        return Err(misconfigured(format!(
            "the kubeconfig file names {what}: this is not supported"
        )));
    }
    Ok(match (&user.token_file, &user.token) {
        (Some(file), _) => Token::File(file.into()),
        (None, Some(token)) => Token::Fixed(token.clone()),
        (None, None) => Token::None,
    })
}

fn client_certificate(user: &AuthInfo) -> Result<Option<ClientCertificate>, DialError> {
    let certificate =
        data_or_file(user.client_certificate_data.as_deref(), user.client_certificate.as_deref())?;
    let key_data = user.client_key_data.as_ref().map(SecretString::expose_secret);
    let key = data_or_file(key_data, user.client_key.as_deref())?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let read = ClientCertificate::from_pem(&certificate, &key);
            read.map(Some)
                .map_err(|error| misconfigured(format!("in the kubeconfig file, {error}")))
        }
        _ => Err(misconfigured(
            "the kubeconfig file has a certificate without its key, or a key alone",
        )),
    }
}

/// Base64 wins over a file, as it does for `kubectl`.
fn data_or_file(data: Option<&str>, file: Option<&str>) -> Result<Option<Vec<u8>>, DialError> {
    if let Some(data) = data.filter(|data| !data.is_empty()) {
        let decoded = base64::engine::general_purpose::STANDARD.decode(data);
        return decoded
            .map(Some)
            .map_err(|_| misconfigured("the kubeconfig file has broken base64"));
    }
    file.filter(|file| !file.is_empty())
        .map(|file| read_text(Path::new(file)).map(String::into_bytes))
        .transpose()
}

fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, DialError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = read.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| misconfigured("the cluster's authority is no PEM certificate"))
}

fn read_text(path: &Path) -> Result<String, DialError> {
    let read = || -> io::Result<String> {
        use std::io::Read as _;
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        file.take(FILE_MAX_BYTES).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error| {
        tracing::warn!(path = %path.display(), %error, "a file for the cluster cannot be read");
        misconfigured("a file that the gateway needs for the cluster cannot be read")
    })
}

/// Shared by all requests of a session.
pub(crate) type SharedEntrance = Arc<Entrance>;

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
