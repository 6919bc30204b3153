//! `porthole health`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use porthole_dial::{BoxStream, TlsSettings, Verify};
use porthole_remote::Secure;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{CliError, ConfigArgs, runtime, say};
use crate::config::{Config, Server};

/// How long the gateway has to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The beginning of a good answer.
const GOOD: &[u8] = b"HTTP/1.1 200 ";

/// Asks the gateway that this configuration belongs to whether it lives.
pub(super) fn run(arguments: &ConfigArgs) -> Result<(), CliError> {
    let config = Config::load(&arguments.config)?;
    let asked = async {
        tokio::time::timeout(ANSWER_MAX, ask(&config.server))
            .await
            .map_err(|_elapsed| CliError::Run(format!("no answer within {ANSWER_MAX:?}")))?
    };
    runtime(Some(1), None)?.block_on(asked)?;
    say("ok")
}

async fn ask(server: &Server) -> Result<(), CliError> {
    let address = reachable(server.listen);
    let failed = |error| CliError::run(&format!("asking {address} failed"), error);
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    let mut stream: BoxStream = match &server.tls {
        Some(tls) => {
            // It is our own certificate, so it is known to the last bit, and its name is not.
            let pin = Sha256::digest(&tls.certificate).into();
            let settings = TlsSettings {
                verify: Verify::Pinned(vec![pin]),
                server_name: None,
                ..TlsSettings::default()
            };
            porthole_dial::secure(Box::new(stream), &settings, Secure::Certificate, ANSWER_MAX)
                .await
                .map_err(|error| CliError::run(&format!("asking {address} failed"), error))?
        }
        None => Box::new(stream),
    };
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream.take(GOOD.len() as u64).read_to_end(&mut answer).await.map_err(failed)?;
    if answer == GOOD {
        Ok(())
    } else {
        let answer = porthole_wire::text(&answer);
        Err(CliError::Run(format!("{address} answered {answer:?}")))
    }
}

/// Where a listener on this machine can be reached from this machine.
pub(super) const fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
