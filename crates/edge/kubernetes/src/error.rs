//! What API servers answer, in words that help.

use porthole_containers::without_addresses;
use porthole_dial::DialError;
use porthole_remote::{Blame, RemoteError};

/// What was asked of an API server, for the sentence that says why it was not done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doing<'a> {
    /// What it was, to go on with "may not" or "cannot".
    pub(crate) what: &'static str,
    /// The rights that it takes.
    pub(crate) needs: &'static str,
    /// Where.
    pub(crate) namespace: &'a str,
    /// What is looked for, such as `pod web-1`.
    pub(crate) thing: &'a str,
}

impl Doing<'_> {
    /// What `error` means.
    pub(crate) fn failed(&self, error: kube::Error) -> DialError {
        match error {
            kube::Error::Api(status) => self.refused(status.code, &status.message),
            kube::Error::Service(error) => match error.downcast::<DialError>() {
                Ok(fault) => *fault,
                Err(error) => broken(error.to_string()),
            },
            error => broken(error.to_string()),
        }
    }

    /// What an answer with an HTTP status other than success means.
    pub(crate) fn refused(&self, status: u16, message: &str) -> DialError {
        let Self { what, needs, namespace, thing } = self;
        let message = without_addresses(message);
        tracing::info!(namespace, status, message, "the API server refused to {what}");
        let (cause, blame, words) = match status {
            401 => (
                "kubernetes_unauthorized",
                Blame::Operator,
                "the cluster does not know who we are: the token or the certificate is wrong or \
                 has expired"
                    .to_owned(),
            ),
            403 => (
                "kubernetes_forbidden",
                Blame::Operator,
                format!(
                    "this account may not {what} in the namespace {namespace} ({needs} is needed)"
                ),
            ),
            404 => (
                "kubernetes_not_found",
                Blame::Operator,
                format!("there is no {thing} in the namespace {namespace}"),
            ),
            409 => (
                "kubernetes_conflict",
                Blame::Remote,
                format!("the cluster is changing the {thing} just now: {message}"),
            ),
            410 => (
                "kubernetes_gone",
                Blame::Remote,
                format!("what is known of the {thing} is out of date; try again"),
            ),
            400 => (
                "kubernetes_bad_request",
                Blame::Operator,
                format!("the cluster cannot {what}: {message}"),
            ),
            429 => (
                "kubernetes_busy",
                Blame::Remote,
                "the cluster has too much to do just now; try again".to_owned(),
            ),
            _ => (
                "kubernetes_failed",
                Blame::Remote,
                format!("the cluster could not {what}: {message}"),
            ),
        };
        fault(cause, blame, words)
    }
}

/// A fault with a cause of ours.
pub(crate) fn fault(cause: &'static str, blame: Blame, words: impl Into<String>) -> DialError {
    DialError::Remote(RemoteError::new(cause, blame, words.into()))
}

/// Something that the operator has to put right.
pub(crate) fn misconfigured(words: impl Into<String>) -> DialError {
    fault("kubernetes_access", Blame::Operator, words)
}

/// The connection to the API server, or what it says, makes no sense.
pub(crate) fn broken(words: impl AsRef<str>) -> DialError {
    let words = without_addresses(words.as_ref());
    fault(
        "kubernetes_broken",
        Blame::Remote,
        format!("the cluster does not answer rightly: {words}"),
    )
}

/// It did not answer in time.
pub(crate) fn late(what: &str) -> DialError {
    fault("kubernetes_timeout", Blame::Remote, format!("the cluster did not {what} in time"))
}
