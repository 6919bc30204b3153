//! MIT Kerberos's key distribution centre, with a realm of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::Process;
use super::port::{loopback, wait_for_listener, with_free_port};
use super::process::output_of;

/// How long one of its tools may take.
const COMMAND_MAX: Duration = Duration::from_secs(30);

/// A running KDC of the realm [`Kdc::REALM`].
#[derive(Debug)]
pub struct Kdc {
    process: Process,
    port: u16,
    /// Settings and database.
    _folder: TempDir,
}

impl Kdc {
    /// Its realm.
    pub const REALM: &str = "LAB.TEST";

    /// Starts a KDC on the loopback address, over TCP and UDP, that knows these principals and their
    /// passwords, and wants everybody to prove who they are.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(principals: &[(&str, &str)]) -> Result<Self> {
        with_free_port(|port| Self::start_at(port, principals))
    }

    fn start_at(port: u16, principals: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        write_settings(folder.path(), port)?;
        let tool = |words: &[&str]| {
            let (name, words) = words.split_first().unwrap_or((&"", &[]));
            let mut command = with_settings(name, folder.path());
            output_of(command.args(words), &[], COMMAND_MAX)
        };
        tool(&["kdb5_util", "-r", Self::REALM, "create", "-s", "-P", "master"])?;
        for (name, password) in principals {
            let words = format!("addprinc +requires_preauth -pw \"{password}\" {name}");
            tool(&["kadmin.local", "-r", Self::REALM, "-q", &words])?;
        }
        let mut command = with_settings("krb5kdc", folder.path());
        let mut process = Process::start(command.args(["-n", "-r", Self::REALM]))?;
        wait_for_listener(&mut process, port)?;
        Ok(Self { process, port, _folder: folder })
    }

    /// Where it listens, over TCP and UDP.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// The server itself.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn with_settings(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("KRB5_CONFIG", folder.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
    command
}

fn write_settings(folder: &Path, port: u16) -> Result<()> {
    let (realm, place) = (Kdc::REALM, folder.display());
    std::fs::write(
        folder.join("krb5.conf"),
        format!(
            "[libdefaults]\ndefault_realm = {realm}\ndns_lookup_kdc = false\nrdns = false\n\
             [realms]\n{realm} = {{\n kdc = 127.0.0.1:{port}\n}}\n\
             [logging]\nkdc = STDERR\n"
        ),
    )?;
    std::fs::write(
        folder.join("kdc.conf"),
        format!(
            "[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n{realm} = {{\n database_name = {place}/principal\n \
             key_stash_file = {place}/stash\n acl_file = {place}/acl\n}}\n"
        ),
    )?;
    Ok(())
}
