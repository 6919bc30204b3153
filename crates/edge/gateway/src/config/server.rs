//! `[server]`: the HTTP listener and what it answers.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use hyper::Uri;
use ipnet::IpNet;
use serde::Deserialize;

pub use super::tls::ServerTls;
use super::{
    ConfigError,
    files::Files,
    policy::network,
    raw::{in_range, socket_addr},
    tls::server_tls,
};

/// `[server]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServer {
    listen: String,
    public_url: Option<String>,
    tls: RawServerTls,
    allowed_origins: Vec<String>,
    origin_required: bool,
    frame_ancestors: Vec<String>,
    trusted_proxies: Vec<String>,
    connections_max: u32,
    header_timeout_s: u64,
    drain_s: u64,
    known_certificates: Option<PathBuf>,
    known_hosts: Option<PathBuf>,
    worker_threads: u16,
    encode_threads: u16,
    congestion_control: String,
}

/// `[server.tls]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawServerTls {
    pub(crate) cert_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: None,
            tls: RawServerTls::default(),
            allowed_origins: Vec::new(),
            origin_required: false,
            frame_ancestors: vec!["self".into()],
            trusted_proxies: Vec::new(),
            connections_max: 4096,
            header_timeout_s: 10,
            drain_s: 30,
            known_certificates: None,
            known_hosts: None,
            worker_threads: 0,
            encode_threads: 0,
            congestion_control: "bbr".into(),
        }
    }
}

/// The HTTP listener and what it answers.
#[derive(Debug, Clone)]
pub struct Server {
    /// Where to listen. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Where browsers reach this gateway, ending in a slash, when it is known.
    pub public_url: Option<String>,
    /// TLS, unless a proxy in front of the gateway does it.
    pub tls: Option<ServerTls>,
    /// Origins whose pages may open the link, in the form browsers send. When empty, the page
    /// has to come from this gateway itself.
    pub allowed_origins: Vec<String>,
    /// Whether a request for the link without `Origin` is refused. Browsers always send one.
    pub origin_required: bool,
    /// Sources for the CSP directive `frame-ancestors`, as they stand there.
    pub frame_ancestors: String,
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Most TCP connections at a time.
    pub connections_max: usize,
    /// How long a request's headers may take to arrive, and how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long sessions have to end once the gateway was told to.
    pub drain: Duration,
    /// The file that keeps the certificates of servers that were met before.
    pub known_certificates: Option<PathBuf>,
    /// The file of SSH servers' host keys, in OpenSSH's form.
    pub known_hosts: Option<PathBuf>,
    /// Threads for tasks; `None` is one a core.
    pub worker_threads: Option<usize>,
    /// Threads that encode pictures, resolve names and read files; `None` is one a core and two.
    pub encode_threads: Option<usize>,
    /// The congestion control that links ask the kernel for; `None` leaves it the kernel's.
    pub congestion_control: Option<String>,
}

impl RawServer {
    pub(crate) fn check(self, files: &Files) -> Result<Server, ConfigError> {
        in_range("server.connections_max", self.connections_max.into(), 1, 1_000_000)?;
        in_range("server.header_timeout_s", self.header_timeout_s, 1, 300)?;
        in_range("server.drain_s", self.drain_s, 0, 24 * 3600)?;
        in_range("server.worker_threads", self.worker_threads.into(), 0, 1024)?;
        in_range("server.encode_threads", self.encode_threads.into(), 0, 512)?;
        let known = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        // TCP_CA_NAME_MAX is 16, with the zero at the end.
        if self.congestion_control.len() > 15 || !self.congestion_control.chars().all(known) {
            return Err(ConfigError::out_of_range(
                "server.congestion_control",
                "the name of one of the kernel's TCP congestion controls, such as \"bbr\", or \"\"",
            ));
        }
        let public_url = self.public_url.as_deref().map(public_url).transpose()?;
        let mut allowed_origins = self
            .allowed_origins
            .iter()
            .map(|text| origin("server.allowed_origins", text))
            .collect::<Result<Vec<_>, _>>()?;
        // Naming other pages must not lock out the gateway's own.
        if let Some(own) = public_url.as_deref().and_then(origin_of) {
            allowed_origins.push(own);
        }
        let networks = self.trusted_proxies.iter();
        let known_certificates =
            known_file("server.known_certificates", self.known_certificates, files)?;
        let known_hosts = known_file("server.known_hosts", self.known_hosts, files)?;
        Ok(Server {
            listen: socket_addr("server.listen", &self.listen)?,
            public_url,
            tls: server_tls(&self.tls, files)?,
            allowed_origins,
            origin_required: self.origin_required,
            known_certificates,
            known_hosts,
            frame_ancestors: frame_ancestors(&self.frame_ancestors)?,
            trusted_proxies: networks
                .map(|text| network("server.trusted_proxies", text))
                .collect::<Result<_, _>>()?,
            connections_max: usize::try_from(self.connections_max).unwrap_or(usize::MAX),
            header_timeout: Duration::from_secs(self.header_timeout_s),
            drain: Duration::from_secs(self.drain_s),
            worker_threads: Some(usize::from(self.worker_threads)).filter(|count| *count > 0),
            encode_threads: Some(usize::from(self.encode_threads)).filter(|count| *count > 0),
            congestion_control: Some(self.congestion_control).filter(|name| !name.is_empty()),
        })
    }
}

/// A file of what is known of servers. It need not be there yet; its directory has to be.
fn known_file(
    key: &str,
    path: Option<PathBuf>,
    files: &Files,
) -> Result<Option<PathBuf>, ConfigError> {
    let path = path.map(|path| files.path(&path));
    if path.as_deref().and_then(Path::parent).is_some_and(|it| !it.is_dir()) {
        return Err(ConfigError::invalid(key, "there is no such directory"));
    }
    Ok(path)
}

/// `https://host[:port]/[path/]`.
fn public_url(text: &str) -> Result<String, ConfigError> {
    let wrong = || {
        ConfigError::out_of_range(
            "server.public_url",
            "an http or https address without user, query or fragment, such as \
             \"https://desk.example.org\"",
        )
    };
    origin_of(text).ok_or_else(wrong)?;
    let uri: Uri = text.parse().map_err(|_invalid| wrong())?;
    if uri.query().is_some() || text.contains(['#', '?']) {
        return Err(wrong());
    }
    Ok(if text.ends_with('/') { text.to_owned() } else { format!("{text}/") })
}

/// An origin as an operator writes it.
fn origin(key: &str, text: &str) -> Result<String, ConfigError> {
    origin_of(text).filter(|_| text.trim_end_matches('/').matches('/').count() == 2).ok_or_else(
        || {
            ConfigError::out_of_range(
                key,
                "a list of origins such as \"https://portal.example.org\"; wildcards are not \
                 accepted",
            )
        },
    )
}

/// The origin of an `http` or `https` address, as browsers write it: lower case, and without the
/// scheme's own port.
pub(crate) fn origin_of(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let own_port = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = uri.authority()?;
    if authority.as_str().contains(['@', '*']) || authority.host().is_empty() {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    // A port that does not fit is not the absence of one, which the library takes it for.
    let port = match authority.as_str().get(host.len()..)? {
        "" => own_port,
        rest => rest.strip_prefix(':')?.parse::<u16>().ok()?,
    };
    Some(if port == own_port {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{port}")
    })
}

/// CSP sources. Anything that could end the directive and begin another is refused.
fn frame_ancestors(sources: &[String]) -> Result<String, ConfigError> {
    let wrong = || {
        ConfigError::out_of_range(
            "server.frame_ancestors",
            "\"none\" alone, or a list of \"self\" and origins such as \
             \"https://portal.example.org\" or \"https://*.example.org\"",
        )
    };
    let mut words = Vec::new();
    for source in sources {
        match source.as_str() {
            "self" | "'self'" => words.push("'self'".to_owned()),
            "none" | "'none'" if sources.len() == 1 => words.push("'none'".to_owned()),
            other => {
                let host = other.strip_prefix("https://").or_else(|| other.strip_prefix("http://"));
                let is_host_byte = |byte: u8| {
                    byte.is_ascii_alphanumeric()
                        || matches!(byte, b'.' | b'-' | b':' | b'*' | b'[' | b']')
                };
                match host.map(|host| host.strip_suffix('/').unwrap_or(host)) {
                    Some(host) if !host.is_empty() && host.bytes().all(is_host_byte) => {
                        words.push(other.trim_end_matches('/').to_owned());
                    }
                    _ => return Err(wrong()),
                }
            }
        }
    }
    if words.is_empty() { Err(wrong()) } else { Ok(words.join(" ")) }
}
