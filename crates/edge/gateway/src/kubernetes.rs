//! Kubernetes connections in Guacamole's words, and what they make of a container.

use std::{path::PathBuf, sync::Arc, time::Duration};

use porthole_dial::{ClientCertificate, Verify};
use porthole_kubernetes::{
    Access, ContainerFiles, KubernetesConfig, LogView, OwnerKind, PodChoice, Run,
};
use porthole_remote::{Cells, Credentials};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::SecretString;

use crate::drive::Drive;
use crate::parameters::{ParameterError, Unsupported, Vocabulary, flag};
use crate::text::{self, TextDriver, TextParameters, TextWay};

/// What the parameters of a Kubernetes connection ask for.
#[derive(Debug, Clone, Default)]
pub struct KubernetesParameters {
    /// What all text connections have.
    pub text: TextParameters,
    /// `namespace`.
    pub namespace: Option<String>,
    /// `pod`, `pod-selector` or `pod-owner`, as they were given.
    pub pods: Vec<PodChoice>,
    /// `container`.
    pub container: Option<String>,
    /// `exec-command`, in words.
    pub exec_command: Vec<String>,
    /// `logs`.
    pub logs: bool,
    /// `logs-tail`, `logs-previous`, `logs-timestamps`.
    pub view: LogView,
    /// `pod-timeout`.
    pub wait_max: Option<Duration>,
    /// `use-ssl`.
    pub use_ssl: bool,
    /// `ignore-cert`: whoever answers is the server. The operator's alone.
    pub ignore_cert: bool,
    /// `ca-cert`.
    pub ca: Vec<CertificateDer<'static>>,
    /// `client-cert` and `client-key`.
    pub client: (Option<String>, Option<SecretString>),
    /// `token`.
    pub token: Option<SecretString>,
    /// `kubeconfig`. The operator's alone.
    pub kubeconfig: Option<PathBuf>,
    /// `kubeconfig-context`. The operator's alone.
    pub context: Option<String>,
    /// `in-cluster`. The operator's alone.
    pub in_cluster: bool,
    /// `enable-files`.
    pub files: bool,
    /// `files-root`.
    pub files_root: Option<String>,
    /// `files-max-size`, in bytes.
    pub file_max_bytes: Option<u64>,
    /// `disable-download`: nothing is read from the container's files.
    pub disable_download: bool,
    /// `disable-upload`: nothing is written to them.
    pub disable_upload: bool,
}

/// Longest name or selector.
const NAME_MAX_BYTES: usize = 1024;

/// Longest text of a certificate or key.
const PEM_MAX_BYTES: usize = 64 << 10;

/// Most words of a command.
const COMMAND_MAX_WORDS: usize = 64;

/// How long a pod may take to start, unless the connection says otherwise.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Most bytes of one file that is written, unless the connection says otherwise.
const FILE_MAX_BYTES: u64 = 10 << 30;

impl KubernetesParameters {
    /// How the server's certificate is checked, where the parameters say so.
    pub(crate) fn verify(&self) -> Option<Verify> {
        if !self.ca.is_empty() {
            Some(Verify::Ca(self.ca.clone()))
        } else if self.ignore_cert {
            Some(Verify::Off)
        } else {
            None
        }
    }

    /// Who we are, where the parameters have a certificate.
    ///
    /// # Errors
    ///
    /// It and its key cannot be used.
    pub(crate) fn client_certificate(&self) -> Result<Option<ClientCertificate>, ParameterError> {
        use secrecy::ExposeSecret as _;
        let (Some(certificate), Some(key)) = &self.client else { return Ok(None) };
        let read =
            ClientCertificate::from_pem(certificate.as_bytes(), key.expose_secret().as_bytes());
        read.map(Some).map_err(|error| refused("client-cert", &error.to_string()))
    }

    /// Whether something but the target says where the cluster is.
    pub(crate) const fn names_cluster(&self) -> bool {
        self.kubeconfig.is_some() || self.in_cluster
    }

    /// What a token may not ask for.
    ///
    /// # Errors
    ///
    /// One of them.
    pub(crate) fn check_token(&self) -> Result<(), ParameterError> {
        let operators = [
            ("kubeconfig", self.kubeconfig.is_some()),
            ("kubeconfig-context", self.context.is_some()),
            ("in-cluster", self.in_cluster),
        ];
        match operators.into_iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) => Err(refused(name, "is for the operator to allow")),
            None => Ok(()),
        }
    }

    /// Whether these credentials can be used: clusters know no names with passwords, and a password
    /// counts as the token.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn check_credentials(
        &self,
        credentials: &Credentials,
    ) -> Result<(), ParameterError> {
        if credentials.username.is_some() {
            return Err(refused(
                "username",
                "is not for Kubernetes: a token or a certificate says who it is",
            ));
        }
        if credentials.password.is_some() && (self.token.is_some() || !self.use_ssl) {
            return Err(refused(
                "password",
                "counts as the token: it needs use-ssl, and no other token",
            ));
        }
        Ok(())
    }

    /// The container's files, where they may be reached.
    pub(crate) fn drive(&self) -> Option<Drive> {
        self.files.then(|| Drive::of_remote(!self.disable_download, !self.disable_upload))
    }

    /// What the driver is started with.
    pub(crate) fn driver(&self, credentials: Credentials) -> TextDriver {
        let config = self.text.config();
        let access = match &self.kubeconfig {
            Some(path) => Access::Kubeconfig { path: path.clone(), context: self.context.clone() },
            None if self.in_cluster => Access::InCluster,
            None if self.use_ssl => {
                Access::Tls { token: self.token.clone().or_else(|| credentials.password.clone()) }
            }
            None => Access::Plain,
        };
        let run = if self.logs {
            Run::Logs(self.view)
        } else if self.exec_command.is_empty() {
            Run::Attach
        } else {
            Run::Exec(self.exec_command.clone())
        };
        let files = self.files.then(|| ContainerFiles {
            root: self.files_root.clone().unwrap_or_else(|| "/".to_owned()),
            file_max_bytes: self.file_max_bytes.unwrap_or(FILE_MAX_BYTES),
        });
        let container = KubernetesConfig {
            access,
            namespace: self.namespace.clone(),
            // There is one: `check` says so.
            pod: self.pods.first().cloned().unwrap_or(PodChoice::Name(String::new())),
            container: self.container.clone(),
            run,
            size: Cells::USUAL,
            term: self.text.terminal.terminal_type.clone(),
            wait_max: self.wait_max.unwrap_or(WAIT_MAX),
            files,
        };
        TextDriver {
            config,
            credentials,
            way: TextWay::Kubernetes(Box::new(container)),
            time_zone: Arc::default(),
        }
    }
}

impl Vocabulary for KubernetesParameters {
    const PROTOCOL: &'static str = "Kubernetes";
    const UNSUPPORTED: &'static [Unsupported] = text::UNSUPPORTED;
    const DETAILS: &'static [&'static str] = &[];

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "namespace" => self.namespace = Some(dns_name(value)?),
            "pod" => self.pods.push(PodChoice::Name(dns_name(value)?)),
            "pod-selector" => self.pods.push(PodChoice::Labels(selector(value)?)),
            "pod-owner" => self.pods.push(owner(value)?),
            "container" => self.container = Some(dns_name(value)?),
            "exec-command" => self.exec_command = words(value)?,
            "logs" => {
                self.logs = flag(value)?;
                self.text.screen.read_only |= self.logs;
            }
            "logs-tail" => self.view.tail = Some(number(value, 0, 1_000_000)?),
            "logs-previous" => self.view.previous = flag(value)?,
            "logs-timestamps" => self.view.timestamps = flag(value)?,
            "pod-timeout" => {
                self.wait_max = Some(Duration::from_secs(number(value, 1, 3600)?));
            }
            "use-ssl" => self.use_ssl = flag(value)?,
            "ignore-cert" => self.ignore_cert = flag(value)?,
            "ca-cert" => self.ca = authorities(value)?,
            "client-cert" => self.client.0 = Some(pem(value)?),
            "client-key" => self.client.1 = Some(SecretString::from(pem(value)?)),
            "token" => self.token = Some(bearer(value)?),
            "kubeconfig" => self.kubeconfig = Some(absolute(value)?.into()),
            "kubeconfig-context" => self.context = Some(bounded(value)?),
            "in-cluster" => self.in_cluster = flag(value)?,
            "enable-files" => self.files = flag(value)?,
            "files-root" => self.files_root = Some(absolute(value)?),
            "files-max-size" => self.file_max_bytes = Some(number(value, 1, 1 << 50)?),
            "disable-download" => self.disable_download = flag(value)?,
            "disable-upload" => self.disable_upload = flag(value)?,
            _ => {
                let is_taken = self.text.take(name, value)?;
                // A log is only read, whatever else is said.
                self.text.screen.read_only |= self.logs;
                return Ok(is_taken);
            }
        }
        Ok(true)
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let uses_tls_of_its_own = !self.ca.is_empty()
            || self.ignore_cert
            || self.client.0.is_some()
            || self.client.1.is_some()
            || self.token.is_some();
        let wrong = [
            ("pod", self.pods.is_empty(), "is missing: or write pod-selector or pod-owner"),
            (
                "pod",
                self.pods.len() > 1,
                "excludes pod-selector and pod-owner, and these each other",
            ),
            (
                "logs",
                self.logs && !self.exec_command.is_empty(),
                "cannot be beside exec-command: a log is only read",
            ),
            (
                "logs-previous",
                self.view != LogView::default() && !self.logs,
                "and the other logs- parameters need logs",
            ),
            (
                "ca-cert",
                !self.ca.is_empty() && self.ignore_cert,
                "and ignore-cert exclude each other",
            ),
            (
                "client-cert",
                self.client.0.is_some() != self.client.1.is_some(),
                "and client-key belong together",
            ),
            (
                "kubeconfig",
                self.kubeconfig.is_some() && self.in_cluster,
                "and in-cluster exclude each other",
            ),
            (
                "kubeconfig-context",
                self.context.is_some() && self.kubeconfig.is_none(),
                "needs kubeconfig",
            ),
            (
                "use-ssl",
                self.names_cluster() && (self.use_ssl || uses_tls_of_its_own),
                "and certificates and tokens are the cluster's own to say where kubeconfig or \
                 in-cluster is used",
            ),
            (
                "use-ssl",
                !self.names_cluster() && !self.use_ssl && uses_tls_of_its_own,
                "is needed for certificates and tokens: nothing is sent in clear",
            ),
            (
                "enable-files",
                !self.files && (self.files_root.is_some() || self.file_max_bytes.is_some()),
                "is needed for files-root and files-max-size",
            ),
        ];
        wrong
            .into_iter()
            .find(|(_, is_wrong, _)| *is_wrong)
            .map_or(Ok(()), |(name, _, reason)| Err((name, reason)))
    }
}

fn refused(name: &str, reason: &str) -> ParameterError {
    ParameterError { name: name.to_owned(), reason: reason.to_owned() }
}

/// A name as Kubernetes has them (RFC 1123, as a subdomain).
fn dns_name(value: &str) -> Result<String, String> {
    let is_plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    let ends_well = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = value.as_bytes();
    let fits = value.len() <= 253
        && bytes.iter().all(|byte| is_plain(*byte))
        && ends_well(bytes.first())
        && ends_well(bytes.last());
    if fits {
        Ok(value.to_owned())
    } else {
        Err("must be a name of Kubernetes: lower-case letters, digits, - and .".into())
    }
}

fn selector(value: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=!() ".contains(c);
    if value.len() > NAME_MAX_BYTES || !value.chars().all(is_plain) {
        return Err("must be a label selector such as app=web,tier!=cache".into());
    }
    Ok(value.to_owned())
}

/// Such as `deployment/web`.
fn owner(value: &str) -> Result<PodChoice, String> {
    let parts = value.split_once('/');
    let parts = parts.and_then(|(kind, name)| Some((OwnerKind::of_word(kind)?, name)));
    let (kind, name) = parts.ok_or(
        "must be deployment/NAME, or the same with statefulset, daemonset, replicaset or job",
    )?;
    Ok(PodChoice::Owner(kind, dns_name(name)?))
}

/// A command in words, as a shell would tell them apart: by spaces, but for those in quotes and those
/// after a backslash. Nothing else is special.
fn words(value: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t') => words.extend(word.take()),
            (None | Some('"'), '\\') => {
                let next = characters.next().ok_or("must not end with a backslash")?;
                word.get_or_insert_default().push(next);
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err("has a quotation mark without its other".into());
    }
    words.extend(word);
    if value.len() > 4096 || words.len() > COMMAND_MAX_WORDS || value.contains('\0') {
        return Err("must be at most 4096 bytes and 64 words".into());
    }
    Ok(words)
}

fn number<T: Copy + std::str::FromStr + PartialOrd + std::fmt::Display>(
    value: &str,
    least: T,
    most: T,
) -> Result<T, String> {
    let number = value.parse().ok().filter(|number| *number >= least && *number <= most);
    number.ok_or_else(|| format!("must be {least} to {most}"))
}

fn pem(value: &str) -> Result<String, String> {
    if value.len() > PEM_MAX_BYTES || !value.contains("-----BEGIN ") {
        return Err("must be PEM text, at most 64 KiB".into());
    }
    Ok(value.to_owned())
}

fn authorities(value: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = pem(value)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let found = read.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| "must be a certificate in PEM".into())
}

fn bearer(value: &str) -> Result<SecretString, String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic();
    if value.len() > PEM_MAX_BYTES || !value.bytes().all(is_plain) {
        return Err("must be a bearer token: printable, without spaces".into());
    }
    Ok(SecretString::from(value))
}

fn absolute(value: &str) -> Result<String, String> {
    let has_parents = value.split('/').any(|part| part == "..");
    if !value.starts_with('/') || has_parents || value.len() > 4096 || value.contains('\0') {
        return Err("must be an absolute path without ..".into());
    }
    Ok(value.to_owned())
}

fn bounded(value: &str) -> Result<String, String> {
    if value.len() > NAME_MAX_BYTES {
        return Err("is too long".into());
    }
    Ok(value.to_owned())
}

#[cfg(test)]
#[path = "kubernetes_tests.rs"]
mod tests;
