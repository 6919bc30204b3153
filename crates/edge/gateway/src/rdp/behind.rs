//! The RD Gateway in front of a desktop.

use porthole_dial::{RdGatewayTarget, Target, TlsSettings, Transport};
use porthole_remote::Credentials;
use secrecy::SecretString;

use crate::parameters::ParameterError;

/// The port of gateways.
const PORT: u16 = 443;

/// `gateway-hostname` and what belongs to it.
#[derive(Debug, Clone, Default)]
pub struct Behind {
    hostname: Option<String>,
    port: Option<u16>,
    credentials: Credentials,
}

impl Behind {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "gateway-hostname" => self.hostname = Some(value.to_owned()),
            "gateway-port" => {
                let port = value.parse().ok().filter(|port| *port > 0);
                self.port = Some(port.ok_or("must be 1 to 65535")?);
            }
            "gateway-username" => self.credentials.username = Some(value.to_owned()),
            "gateway-password" => self.credentials.password = Some(SecretString::from(value)),
            "gateway-domain" => self.credentials.domain = Some(value.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// As [`crate::parameters::Vocabulary::check`].
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let Credentials { username, password, domain } = &self.credentials;
        let has_more = username.is_some() || password.is_some() || domain.is_some();
        if self.hostname.is_none() && (has_more || self.port.is_some()) {
            return Err((
                "gateway-hostname",
                "is missing, where other gateway parameters are given",
            ));
        }
        match (username, password) {
            (Some(_), None) => Err((
                "gateway-password",
                "is missing; without gateway-username the connection's own name and password are used",
            )),
            (None, Some(_)) => {
                Err(("gateway-username", "is missing, where gateway-password is given"))
            }
            _ => Ok(()),
        }
    }

    /// Has `target` reached through the gateway, if there is one, whose certificate is checked as
    /// `tls` says.
    ///
    /// # Errors
    ///
    /// The target is reached in a way that no gateway knows.
    pub(crate) fn apply(
        &self,
        target: &mut Target,
        tls: TlsSettings,
    ) -> Result<(), ParameterError> {
        let Some(gateway_host) = self.hostname.clone() else { return Ok(()) };
        let Transport::Tcp { host, port } = &target.transport else {
            let (name, reason) = ("gateway-hostname", "needs a hostname, not a socket or a url");
            return Err(ParameterError { name: name.into(), reason: reason.into() });
        };
        target.transport = Transport::RdGateway(Box::new(RdGatewayTarget {
            gateway_host,
            gateway_port: self.port.unwrap_or(PORT),
            credentials: self.credentials.clone(),
            credentials_are_shared: self.credentials.username.is_none(),
            tls,
            host: host.clone(),
            port: *port,
        }));
        Ok(())
    }
}

/// Gives a gateway that takes the desktop's credentials these.
pub(crate) fn share_credentials(target: &mut Target, credentials: &Credentials) {
    if let Transport::RdGateway(gateway) = &mut target.transport
        && gateway.credentials_are_shared
    {
        let domain = gateway.credentials.domain.take();
        gateway.credentials = credentials.clone();
        if domain.is_some() {
            gateway.credentials.domain = domain;
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_dial::{Protocol, Target, TlsSettings, Transport};
    use porthole_remote::Credentials;

    use super::{Behind, share_credentials};

    fn behind(parameters: &[(&str, &str)]) -> Behind {
        let mut behind = Behind::default();
        for (name, value) in parameters {
            assert!(behind.take(name, value).unwrap(), "{name}");
        }
        behind
    }

    fn target() -> Target {
        let transport = Transport::Tcp { host: "desk".to_owned(), port: 3389 };
        Target { protocol: Protocol::Rdp, transport, tls: TlsSettings::default() }
    }

    fn ada() -> Credentials {
        let (username, password) = (Some("ada".to_owned()), Some("geheim7".into()));
        Credentials { username, password, domain: Some("LAB".to_owned()) }
    }

    #[test]
    fn the_desktops_credentials_serve_where_there_are_no_others() {
        let mut reached = target();
        let gate = behind(&[("gateway-hostname", "gate"), ("gateway-domain", "DMZ")]);
        assert_eq!(gate.check(), Ok(()));
        gate.apply(&mut reached, TlsSettings::default()).unwrap();
        share_credentials(&mut reached, &ada());
        let Transport::RdGateway(gateway) = &reached.transport else { panic!("{reached:?}") };
        assert_eq!((gateway.gateway_port, gateway.port), (443, 3389));
        assert_eq!(gateway.credentials.username.as_deref(), Some("ada"));
        assert_eq!(gateway.credentials.domain.as_deref(), Some("DMZ"));

        let own = [("gateway-hostname", "gate"), ("gateway-username", "gate-ada")];
        let gate =
            behind(&[&own[..], &[("gateway-password", "x"), ("gateway-port", "8443")]].concat());
        let mut reached = target();
        gate.apply(&mut reached, TlsSettings::default()).unwrap();
        share_credentials(&mut reached, &ada());
        let Transport::RdGateway(gateway) = &reached.transport else { panic!("{reached:?}") };
        assert_eq!(gateway.gateway_port, 8443);
        assert_eq!(gateway.credentials.username.as_deref(), Some("gate-ada"));
        assert!(!gateway.credentials_are_shared);
    }

    #[test]
    fn halves_are_refused() {
        for (parameters, at_fault) in [
            (&[("gateway-port", "443")][..], "gateway-hostname"),
            (&[("gateway-hostname", "g"), ("gateway-username", "a")], "gateway-password"),
            (&[("gateway-hostname", "g"), ("gateway-password", "a")], "gateway-username"),
        ] {
            assert_eq!(behind(parameters).check().unwrap_err().0, at_fault);
        }
        assert!(Behind::default().take("gateway-port", "0").is_err());
        let mut socket = target();
        socket.transport = Transport::Unix { path: "/run/rdp".into() };
        let gate = behind(&[("gateway-hostname", "gate")]);
        assert!(gate.apply(&mut socket, TlsSettings::default()).is_err());
    }
}
