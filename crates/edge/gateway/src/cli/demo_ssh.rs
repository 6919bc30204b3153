//! The demo's shell over SSH: a server of its own, with keys of its own.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path, process::Stdio};

use super::{
    CliError,
    demo::CONNECTION,
    demo_remote::{Remote, command, free_port, quoted, until_it_listens},
};

/// Where Debian has the server. It must be called by its whole path.
const SERVER: &str = "/usr/sbin/sshd";

/// Without these there is no shell; beside each, the Debian package that has it.
pub(super) const NEEDED: [(&str, &str); 4] = [
    (SERVER, "openssh-server"),
    ("ssh-keygen", "openssh-client"),
    ("unshare", "util-linux"),
    ("id", "coreutils"),
];

/// A server of root's wants a folder below /run, which it gets in a mount namespace of its own; and in
/// a process namespace everything, shells included, ends with it.
const RUN_AS_ROOT: &str =
    "mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && exec \"$0\" \"$@\"";

/// Starts the server, which lets in whoever runs the demo, by a key that is made for it.
pub(super) async fn start(dir: &Path) -> Result<Remote, CliError> {
    let port = free_port()?;
    let folder = dir.join("ssh");
    fs::create_dir(&folder).map_err(|error| CliError::run("cannot make a folder", error))?;
    let (host, own) = (folder.join("host_key"), folder.join("key"));
    make_key(&host).await?;
    make_key(&own).await?;
    let user = user_name().await?;
    let failed = |error: io::Error| CliError::run("cannot write the settings of sshd", error);
    fs::copy(own.with_extension("pub"), folder.join("authorized_keys")).map_err(failed)?;
    let config = folder.join("sshd_config");
    fs::write(&config, settings(&folder, port, &user)).map_err(failed)?;

    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut server = if is_root {
        let mut server = command("unshare");
        server.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        server.args(["sh", "-c", RUN_AS_ROOT, SERVER]);
        server
    } else {
        command(SERVER)
    };
    let mut server = server
        .args(["-D", "-e", "-f"])
        .arg(&config)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| CliError::run("cannot start sshd", error))?;
    until_it_listens("sshd", &mut server, port).await?;
    let read = |path: &Path| fs::read_to_string(path).map_err(failed);
    let (key, host_key) = (read(&own)?, read(&host.with_extension("pub"))?);
    let connection = format!(
        "protocol = \"ssh\"\nhostname = \"127.0.0.1\"\nport = {port}\nusername = {}\n\
         [connections.{CONNECTION}.parameters]\n\
         private-key = {}\nhost-key = {}\nlocale = {}\nenable-sftp = true\n\
         sftp-root-directory = \".\"\n",
        toml::Value::from(user),
        toml::Value::from(key),
        // The kind, the key, and a comment.
        toml::Value::from(host_key.split_ascii_whitespace().nth(1).unwrap_or_default()),
        toml::Value::from(locale()),
    );
    let policy = format!(
        "[[policy.allow]]\nprotocol = \"ssh\"\nnetworks = [\"127.0.0.1/32\"]\nports = [{port}]\n\
         allow_special = true\n"
    );
    Ok(Remote { server, programs: Vec::new(), policy, connection })
}

/// The locale of whoever runs the demo, if it has UTF-8, which is what the page types; otherwise one
/// that every system has. A shell without any takes letters beyond ASCII for commands.
fn locale() -> String {
    let is_utf8 = |name: &String| {
        let name = name.to_ascii_lowercase();
        name.ends_with("utf-8") || name.ends_with("utf8")
    };
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    named.filter(is_utf8).unwrap_or_else(|| "C.UTF-8".to_owned())
}

/// A server for one user, who has our key, and for nothing but shells and files.
fn settings(folder: &Path, port: u16, user: &str) -> String {
    let place = |name: &str| quoted(&folder.join(name));
    format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\n\
         AuthorizedKeysFile {}\nStrictModes no\nAllowUsers {user}\n\
         AuthenticationMethods publickey\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin prohibit-password\n\
         AllowTcpForwarding no\nAllowAgentForwarding no\nX11Forwarding no\nPermitTunnel no\n\
         AcceptEnv LANG LC_* TZ\nSubsystem sftp internal-sftp\n",
        place("host_key"),
        place("authorized_keys"),
    )
}

async fn make_key(file: &Path) -> Result<(), CliError> {
    let made = command("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "porthole-demo", "-f"])
        .arg(file)
        .stdout(Stdio::null())
        .status()
        .await
        .map_err(|error| CliError::run("cannot run ssh-keygen", error))?;
    if made.success() { Ok(()) } else { Err(CliError::Run(format!("ssh-keygen failed: {made}"))) }
}

/// The name of whoever runs us.
async fn user_name() -> Result<String, CliError> {
    let failed = |why: String| CliError::Run(format!("cannot tell who runs the demo: {why}"));
    let output = command("id").arg("-un").output().await;
    let output = output.map_err(|error| failed(error.to_string()))?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !name.is_empty() {
        Ok(name)
    } else {
        Err(failed(output.status.to_string()))
    }
}
