//! A shell without anybody in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use porthole_testkit::servers::Sshd;
use russh::client::{self, Handle, Msg};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelMsg};

use super::{KEYS_FIRST, WARM_UP, gap};

struct Anyone;

impl client::Handler for Anyone {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        // It was started a moment ago, on this machine.
        Ok(true)
    }
}

/// Times from keys to their echoes in `command`, over a connection of its own.
pub(super) async fn press_keys(server: &Sshd, command: &str, keys: u16) -> Result<Vec<Duration>> {
    let (_connection, mut channel) = open(server, command).await?;
    tokio::time::sleep(WARM_UP).await;
    let mut latencies = Vec::new();
    for number in 0..KEYS_FIRST + keys {
        let start = Instant::now();
        channel.data(&b"x"[..]).await?;
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Data { .. }) => break,
                Some(_) => {}
                None => bail!("the server closed the channel"),
            }
        }
        if number >= KEYS_FIRST {
            latencies.push(start.elapsed());
        }
        tokio::time::sleep(gap(number)).await;
    }
    Ok(latencies)
}

/// Time until the last of what `typed` makes `command` write has come, over a connection of its own.
pub(super) async fn flood(
    server: &Sshd,
    command: &str,
    typed: &str,
    quiet: Duration,
) -> Result<Duration> {
    let (_connection, mut channel) = open(server, command).await?;
    tokio::time::sleep(WARM_UP).await;
    channel.data(typed.as_bytes()).await?;
    let start = Instant::now();
    let mut last = start;
    while let Ok(message) = tokio::time::timeout_at((last + quiet).into(), channel.wait()).await {
        match message {
            Some(ChannelMsg::Data { .. }) => last = Instant::now(),
            Some(_) => {}
            None => bail!("the server closed the channel"),
        }
    }
    Ok(last - start)
}

async fn open(server: &Sshd, command: &str) -> Result<(Handle<Anyone>, Channel<Msg>)> {
    let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
    let mut connection = client::connect(config, server.address(), Anyone).await?;
    let (user, password) = server.login();
    let answer = connection.authenticate_password(user, password).await?;
    ensure!(answer.success(), "the server does not accept the password");
    let channel = connection.channel_open_session().await?;
    channel.request_pty(true, "xterm-256color", 80, 24, 0, 0, &[]).await?;
    channel.exec(true, command).await?;
    Ok((connection, channel))
}
