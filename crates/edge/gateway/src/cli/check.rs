//! `porthole check`.

use std::net::{IpAddr, SocketAddr};

use porthole_dial::{TargetPolicy, Transport};

use super::{CliError, ConfigArgs, runtime, say};
use crate::config::{Config, Connection};
use crate::printing::Printing;

/// Checks the configuration, and every connection against the policy.
pub(super) fn run(arguments: &ConfigArgs) -> Result<(), CliError> {
    let config = Config::load(&arguments.config)?;
    let mut faults = runtime(Some(1), None)?.block_on(refused_connections(&config));
    faults.extend(missing_printers(&config, &Printing::new(&config)));
    if !faults.is_empty() {
        let place = arguments.config.display();
        let lines: Vec<_> = faults.iter().map(|fault| format!("{place}: {fault}")).collect();
        return Err(CliError::Usage(lines.join("\n")));
    }
    say(format_args!("{} is in order", arguments.config.display()))?;
    say(format_args!(
        "{} keys in files, {} key sets to fetch, {} decryption keys, {} connections",
        config.tokens.verifier.keys().len(),
        config.tokens.jwks.len(),
        config.tokens.verifier.decryption_keys().len(),
        config.connections.len()
    ))
}

/// Connections that cannot print though they should.
fn missing_printers(config: &Config, printing: &Printing) -> Vec<String> {
    if printing.ghostscript().is_some() {
        return Vec::new();
    }
    let prints = config.connections.iter().filter(|(_, connection)| connection.driver.prints());
    prints
        .map(|(name, _)| {
            format!(
                "connections.{name}.parameters.enable-printing: there is no Ghostscript (gs) on \
                 PATH; install ghostscript"
            )
        })
        .collect()
}

/// What the policy has against connections that the configuration itself names.
async fn refused_connections(config: &Config) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, connection) in &config.connections {
        if let Err(reason) = check(connection, &config.policy).await {
            faults.push(format!("connections.{name}: {reason}"));
        }
    }
    faults
}

async fn check(connection: &Connection, policy: &TargetPolicy) -> Result<(), String> {
    if let Some(kdc) = connection.driver.kdc() {
        let permitted = check_address(connection, policy, kdc.host(), kdc.port()).await;
        permitted.map_err(|error| format!("parameters.kdc-url: {error}"))?;
    }
    let (host, port) = match &connection.target.transport {
        Transport::Unix { path } => {
            return policy.check_unix(path).map(drop).map_err(|error| advise_unix(&error));
        }
        Transport::Tcp { host, port } => (host.clone(), *port),
        Transport::RdGateway(gateway) => {
            let named =
                policy.check_behind(connection.target.protocol, &gateway.host, gateway.port);
            named.map_err(|error| format!("{error}; add its name to a [[policy.allow]]"))?;
            (gateway.gateway_host.clone(), gateway.gateway_port)
        }
        Transport::WebSocket(target) => host_and_port(&target.url).ok_or("the url has no host")?,
        _ => return Err("this kind of transport cannot be checked".to_owned()),
    };
    check_address(connection, policy, &host, port).await
}

/// Whether one of the host's addresses may be dialled.
async fn check_address(
    connection: &Connection,
    policy: &TargetPolicy,
    host: &str,
    port: u16,
) -> Result<(), String> {
    let protocol = connection.target.protocol;
    let host = host.trim_matches(['[', ']']);
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_a_name) => tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| format!("looking up {host:?} failed: {error}"))?
            .collect(),
    };
    // Dialling needs one good address; the others are skipped there too.
    let mut refusal = format!("{host:?} has no address");
    for address in addresses {
        match policy.check(protocol, address) {
            Ok(_checked) => return Ok(()),
            Err(error) => {
                refusal = format!("{error}; write a [[policy.allow]] that does, or remove it");
            }
        }
    }
    Err(refusal)
}

fn advise_unix(error: &porthole_dial::PolicyError) -> String {
    match error {
        porthole_dial::PolicyError::UnixOutside { .. } => {
            format!("{error}; add one to policy.unix_dirs")
        }
        other => other.to_string(),
    }
}

fn host_and_port(url: &str) -> Option<(String, u16)> {
    let url: hyper::Uri = url.parse().ok()?;
    let own = if url.scheme_str() == Some("wss") { 443 } else { 80 };
    Some((url.host()?.to_owned(), url.port_u16().unwrap_or(own)))
}
