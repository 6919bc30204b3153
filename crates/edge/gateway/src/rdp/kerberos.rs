//! Whether network level authentication is Kerberos's, and whose KDC is asked.

use porthole_dial::{Kdc, KdcTransport};
use porthole_rdp::{AuthPackage, KdcScheme, RdpConfig};

/// `auth-pkg` and `kdc-url`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kerberos {
    package: AuthPackage,
    /// Who is asked for tickets. Its address passes the policy like a remote's.
    pub(crate) kdc: Option<Kdc>,
}

impl Kerberos {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "auth-pkg" => {
                self.package = match value {
                    "kerberos" => AuthPackage::Kerberos,
                    "ntlm" => AuthPackage::Ntlm,
                    "negotiate" => AuthPackage::Negotiate,
                    _ => return Err("must be kerberos, ntlm or negotiate".into()),
                }
            }
            "kdc-url" => {
                let kdc = value.parse().map_err(|bad: porthole_dial::BadKdc| bad.to_string());
                self.kdc = Some(kdc?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// As [`crate::parameters::Vocabulary::check`].
    pub(super) const fn check(&self) -> Result<(), (&'static str, &'static str)> {
        match (self.package, &self.kdc) {
            (AuthPackage::Kerberos, None) => {
                Err(("kdc-url", "is missing, and auth-pkg is kerberos: nothing else names the KDC"))
            }
            (AuthPackage::Ntlm, Some(_)) => Err(("kdc-url", "is of no use where auth-pkg is ntlm")),
            _ => Ok(()),
        }
    }

    /// Tells the driver.
    pub(super) fn apply(&self, config: &mut RdpConfig) {
        config.auth_package = self.package;
        config.kdc = self.kdc.as_ref().map(|kdc| match kdc.transport() {
            KdcTransport::Tcp => KdcScheme::Stream,
            KdcTransport::Udp => KdcScheme::Datagram,
            KdcTransport::Https => KdcScheme::Proxy,
        });
    }
}
