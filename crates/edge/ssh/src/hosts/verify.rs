//! Judging the key that a server shows.

use porthole_dial::{DialError, UnusableFile};
use porthole_remote::{Blame, RemoteError};
use russh::keys::{
    Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate,
    ssh_key::certificate::CertType,
};

use super::{
    HostKeyPin, HostKeys, KnownHosts,
    known::{Entries, Learned, matches, place},
};
use crate::{algorithms::HOST_KEYS, error::fault};

/// Judges the key of one server.
#[derive(Debug, Clone)]
pub(crate) struct Verifier {
    /// Its name in a file of known hosts.
    place: String,
    /// Its name in a certificate.
    host: String,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    Pinned(Vec<HostKeyPin>),
    Known { entries: Box<Entries>, learn: Option<KnownHosts> },
    Off,
}

/// What became of a key.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is the server's.
    Trusted,
    /// It is taken without proof: for the log.
    Unverified(String),
    /// It is not.
    Refused(RemoteError),
}

impl Verifier {
    /// Reads what is known of the server `host`. Looks at the file system.
    ///
    /// # Errors
    ///
    /// Nothing is to be known, or it cannot be read.
    pub(crate) fn read(host: &str, port: u16, keys: &HostKeys) -> Result<Self, DialError> {
        let place = place(host, port);
        let how = match keys {
            HostKeys::Unknown => {
                let message = "nothing says which host key the SSH server has";
                return Err(fault("host_key_unset", Blame::Operator, message).into());
            }
            HostKeys::Pinned(pins) => How::Pinned(pins.clone()),
            HostKeys::Known { file, learn } => {
                let entries = file.find(&place).map_err(|error| unusable_fault(&error))?;
                How::Known { entries: Box::new(entries), learn: learn.then(|| file.clone()) }
            }
            HostKeys::Off => How::Off,
        };
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        Ok(Self { place, host, how })
    }

    /// The kinds of key to ask the server for: those that it is known by, if it is known by any,
    /// so that one of another kind is not mistaken for a change.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let known: Vec<Algorithm> = match &self.how {
            How::Pinned(pins) => pins.iter().filter_map(HostKeyPin::algorithm).collect(),
            How::Known { entries, .. } => entries.keys.iter().map(PublicKey::algorithm).collect(),
            How::Off => Vec::new(),
        };
        let is_known = |kind: &&Algorithm| known.iter().any(|known| is_kind(known, kind));
        let (mut first, others): (Vec<_>, Vec<_>) = HOST_KEYS.iter().partition(is_known);
        first.extend(others);
        first.into_iter().cloned().collect()
    }

    /// The kinds of certificate to ask the server for: any, where somebody may sign for it.
    pub(crate) fn certificate_algorithms(&self) -> Vec<Algorithm> {
        match &self.how {
            How::Known { entries, .. } if !entries.authorities.is_empty() => HOST_KEYS.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Judges what the server showed, whose signature is checked already. Looks at the file system.
    pub(crate) fn judge(&self, shown: &PublicKeyOrCertificate) -> Verdict {
        let key = shown.public_key();
        let print = format!("{} {}", key.algorithm(), key.fingerprint(HashAlg::Sha256));
        match &self.how {
            How::Off => Verdict::Unverified(format!("{}: its host key is {print}", self.place)),
            How::Pinned(pins) if pins.iter().any(|pin| pin.is_of(&key)) => Verdict::Trusted,
            How::Pinned(pins) => {
                let pins: Vec<String> = pins.iter().map(ToString::to_string).collect();
                let pins = pins.join(", ");
                tracing::error!(
                    server = self.place,
                    found = print,
                    pins,
                    "not the pinned host key"
                );
                let message = "the SSH server shows another host key than the connection names; \
                               the gateway's log has its fingerprint";
                Verdict::Refused(fault("host_key_changed", Blame::Operator, message))
            }
            How::Known { entries, learn } => self.known(entries, learn.as_ref(), shown, &print),
        }
    }

    fn known(
        &self,
        entries: &Entries,
        learn: Option<&KnownHosts>,
        shown: &PublicKeyOrCertificate,
        print: &str,
    ) -> Verdict {
        let key = shown.public_key();
        let is_in = |keys: &[PublicKey]| keys.iter().any(|it| it.key_data() == key.key_data());
        let signer = shown.certificate().map(Certificate::signature_key);
        let is_revoked = is_in(&entries.revoked)
            || entries.revoked.iter().any(|revoked| Some(revoked.key_data()) == signer);
        if is_revoked {
            tracing::error!(server = self.place, found = print, "a revoked host key");
            let message = "the SSH server shows a host key that was revoked";
            return Verdict::Refused(fault("host_key_revoked", Blame::Operator, message));
        }
        if let Some(certificate) = shown.certificate() {
            return match self.is_signed(certificate, &entries.authorities) {
                // The key alone may be known all the same.
                Err(reason) if !is_in(&entries.keys) => {
                    tracing::error!(server = self.place, found = print, reason, "host certificate");
                    let message = format!("the SSH server's host certificate {reason}");
                    Verdict::Refused(fault("host_certificate", Blame::Operator, message))
                }
                _ => Verdict::Trusted,
            };
        }
        if is_in(&entries.keys) {
            return Verdict::Trusted;
        }
        if !entries.keys.is_empty() {
            return self.changed(print);
        }
        if let Some(file) = learn {
            return self.learn(file, &key, print);
        }
        tracing::warn!(
            server = self.place,
            found = print,
            "an unknown host key: pin it, or add it to the file of known hosts"
        );
        let message = "the SSH server's host key is not known; the gateway's log has its \
                       fingerprint";
        Verdict::Refused(fault("host_key_unknown", Blame::Operator, message))
    }

    fn changed(&self, print: &str) -> Verdict {
        tracing::error!(
            server = self.place,
            found = print,
            "the host key has CHANGED: the server was set up anew, or somebody is in between"
        );
        let message = "the SSH server shows another host key than before: it was set up anew, or \
                       somebody stands in between; the gateway's log has its fingerprint";
        Verdict::Refused(fault("host_key_changed", Blame::Operator, message))
    }

    /// Trusts who is met first, once that is written down.
    fn learn(&self, file: &KnownHosts, key: &PublicKey, print: &str) -> Verdict {
        match file.learn(&self.place, key) {
            Ok(Learned::Added) => {
                Verdict::Unverified(format!("{}: {print} is trusted on first use", self.place))
            }
            Ok(Learned::Known) => Verdict::Trusted,
            Ok(Learned::Another) => self.changed(print),
            Err(error) => Verdict::Refused(unusable_fault(&error)),
        }
    }

    /// Whether one of `authorities` signed `certificate` for this host (`PROTOCOL.certkeys`).
    fn is_signed(
        &self,
        certificate: &Certificate,
        authorities: &[PublicKey],
    ) -> Result<(), &'static str> {
        if certificate.cert_type() != CertType::Host {
            return Err("is not one for hosts");
        }
        if matches!(certificate.signature().algorithm(), Algorithm::Rsa { hash: None }) {
            return Err("is signed with SHA-1");
        }
        if !authorities.iter().any(|it| it.key_data() == certificate.signature_key()) {
            return Err("is signed by nobody who is known");
        }
        let prints = [certificate.signature_key().fingerprint(HashAlg::Sha256)];
        if certificate.validate(&prints).is_err() {
            return Err("is not valid, not yet, or no more");
        }
        // Those of OpenSSH that there are concern users; what is critical and unknown refuses.
        if certificate.critical_options().iter().next().is_some() {
            return Err("has critical options that are not known");
        }
        // One without names is for nobody since OpenSSH 8.5; before that it was for everybody.
        let names = certificate.valid_principals();
        if !names.iter().any(|name| matches(name, &self.host)) {
            return Err("is for another host");
        }
        Ok(())
    }
}

impl HostKeyPin {
    fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Key(key) => Some(key.algorithm()),
            Self::Sha256(_) => None,
        }
    }
}

/// Whether keys of the kind `known` are asked for by `kind`, which names a hash for RSA.
fn is_kind(known: &Algorithm, kind: &Algorithm) -> bool {
    match (known, kind) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
        (known, kind) => known == kind,
    }
}

fn unusable_fault(error: &UnusableFile) -> RemoteError {
    tracing::error!(%error, "the file of known hosts is of no use");
    let message = "the gateway's file of known hosts cannot be used; its log says why";
    fault("known_hosts_unusable", Blame::Operator, message)
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
