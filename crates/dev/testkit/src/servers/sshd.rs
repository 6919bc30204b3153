//! OpenSSH's server, with a user, host keys and PAM rules of its own.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::Process;
use super::port::{loopback, wait_for_listener, with_free_port};
use super::process::output_of;

/// How long the server may take to end, and its tools to run.
const END_MAX: Duration = Duration::from_secs(5);

/// How long one of its tools may take.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// The user who may log on.
const USER: &str = "tester";
/// The user's password.
const PASSWORD: &str = "correct horse";

/// The password as the system's own rules keep it (`openssl passwd -6`), changed last on the first
/// day of 1970: another one has to be set.
const EXPIRED: &str = "$6$porthole$/TpMbOT4TelNdeIdH4AnEHxT7/MGeW2YtvdnHWA9H5Ct9qDhG1eypyMeQ5KWFAUHA\
                       6bGcD/KY.w6vw8.wUuyv1:0:0:99999:7:::";

/// The secret of the second factor, in hexadecimal: that of RFC 4226 appendix D.
const SECRET: &str = "3132333435363738393031323334353637383930";

/// Everything that the server reads of the machine's settings, replaced in a mount namespace of its
/// own; and a process namespace, so that sessions end with it.
const START: &str = "\
{ [ ! -d \"$0/etc\" ] || mount --bind \"$0/etc\" /etc; } && \
mount --bind \"$0/pam.d\" /etc/pam.d && \
mount --bind \"$0/passwd\" /etc/passwd && \
mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && \
exec /usr/sbin/sshd -D -e -f \"$0/sshd_config\"";

/// What a server is started with.
#[derive(Debug, Clone, Default)]
pub struct SshdOptions {
    /// More lines for its configuration; of each keyword, the first one counts.
    pub lines: Vec<String>,
    /// Whether it wants a code after the password: the codes of [`Sshd::CODES`], each once.
    pub second_factor: bool,
    /// Whether the password has expired. The system's own rules apply then.
    pub expired: bool,
    /// Its host key, if not one of its own: the file of the private key.
    pub host_key: Option<PathBuf>,
}

/// A running OpenSSH server. It needs root.
#[derive(Debug)]
pub struct Sshd {
    process: Process,
    port: u16,
    /// Settings, keys, and the user's home.
    folder: TempDir,
}

impl Sshd {
    /// The codes of the second factor, in their order (RFC 4226 appendix D).
    pub const CODES: [&str; 4] = ["755224", "287082", "359152", "969429"];

    /// Starts a server on the loopback address.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(&SshdOptions::default())
    }

    /// Starts a server on the loopback address.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start_with(options: &SshdOptions) -> Result<Self> {
        with_free_port(|port| Self::start_at(port, options))
    }

    fn start_at(port: u16, options: &SshdOptions) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        write_settings(folder.path(), port, options)?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", START])
            .arg(folder.path());
        let mut process = Process::start(&mut command)?;
        wait_for_listener(&mut process, port)?;
        Ok(Self { process, port, folder })
    }

    /// User name and password of the one who may log on.
    pub const fn login(&self) -> (&'static str, &'static str) {
        (USER, PASSWORD)
    }

    /// Lets in the holder of a key: a line of `authorized_keys`.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn authorize(&self, line: &str) -> Result<()> {
        let file = self.folder.path().join("authorized_keys");
        let lines = fs::read_to_string(&file).unwrap_or_default();
        Ok(fs::write(file, format!("{lines}{}\n", line.trim()))?)
    }

    /// Its public host key, as `ssh-keygen` writes it.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn host_key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("host_key.pub"))?.trim().to_owned())
    }

    /// The private key of the authority whose user certificates it takes.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority")
    }

    /// The user's home.
    pub fn home(&self) -> PathBuf {
        home(self.folder.path())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// Its port on the loopback address.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Stops every process of the server's, as a machine that hangs would.
    ///
    /// # Errors
    ///
    /// They cannot be stopped.
    pub fn freeze(&self) -> Result<()> {
        for id in descendants(self.process.id()) {
            if let Some(id) = Pid::from_raw(id) {
                kill_process(id, Signal::STOP)?;
            }
        }
        Ok(())
    }

    /// The server itself, or rather the parent of its namespace.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        end_namespace(&mut self.process);
    }
}

/// Ends what `unshare` started with a process namespace of its own. It ignores SIGTERM while it
/// waits for its child, whose end is the end of both and of everything in the namespace.
pub(super) fn end_namespace(process: &mut Process) {
    for child in children(process.id()) {
        if let Some(child) = Pid::from_raw(child) {
            let _ = kill_process(child, Signal::TERM);
            // A frozen one hears nothing else.
            let _ = kill_process(child, Signal::CONT);
        }
    }
    let _ = process.wait(END_MAX);
}

/// The processes that `id` started.
fn children(id: u32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    list.split_ascii_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// Those, those that they started, and so on.
fn descendants(id: u32) -> Vec<i32> {
    let mut found = children(id);
    let mut looked = 0;
    while let Some(id) = found.get(looked).copied() {
        found.extend(u32::try_from(id).map(children).unwrap_or_default());
        looked += 1;
    }
    found
}

/// Makes a key with `ssh-keygen`, in `file` and `file.pub`. `words` are its further arguments, such
/// as `-t rsa -b 3072 -m PEM`.
///
/// # Errors
///
/// It cannot be made.
pub fn ssh_keygen(file: &Path, passphrase: &str, words: &[&str]) -> Result<()> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-C", "", "-N", passphrase, "-f"]).arg(file).args(words);
    output_of(&mut command, &[], COMMAND_MAX).map(|_output| ())
}

/// Signs the public key in `file.pub`, whose certificate is then in `file-cert.pub`. `words` are the
/// further arguments of `ssh-keygen`, such as `-n tester`.
///
/// # Errors
///
/// It cannot be signed.
pub fn ssh_sign(authority: &Path, file: &Path, words: &[&str]) -> Result<()> {
    let mut command = Command::new("ssh-keygen");
    command
        .args(["-q", "-I", "test", "-s"])
        .arg(authority)
        .args(words)
        .arg(file.with_extension("pub"));
    output_of(&mut command, &[], COMMAND_MAX).map(|_output| ())
}

fn home(folder: &Path) -> PathBuf {
    folder.join("home")
}

fn write_settings(folder: &Path, port: u16, options: &SshdOptions) -> Result<()> {
    let home = home(folder);
    fs::create_dir(&home)?;
    let key = folder.join("host_key");
    match &options.host_key {
        Some(given) => {
            fs::copy(given, &key)?;
            fs::copy(given.with_extension("pub"), key.with_extension("pub"))?;
        }
        None => ssh_keygen(&key, "", &["-t", "ed25519"])?,
    }
    ssh_keygen(&folder.join("authority"), "", &["-t", "ed25519"])?;
    let place = folder.display();
    let lines = options.lines.iter().flat_map(|line| [line.as_str(), "\n"]);
    let lines: String = lines.collect();
    fs::write(
        folder.join("sshd_config"),
        format!(
            "{lines}Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host_key\n\
             PidFile none\nUsePAM yes\nPasswordAuthentication yes\n\
             KbdInteractiveAuthentication no\nPermitRootLogin yes\nStrictModes no\n\
             AuthorizedKeysFile {place}/authorized_keys\nTrustedUserCAKeys {place}/authority.pub\n\
             AcceptEnv LANG LC_* TZ\nMaxAuthTries 20\nMaxStartups 100\nPrintMotd no\n\
             PrintLastLog no\nUseDNS no\nSubsystem sftp internal-sftp\nLogLevel VERBOSE\n"
        ),
    )?;
    let passwd = fs::read_to_string("/etc/passwd")?;
    let user = format!("{USER}:x:0:0::{}:/bin/bash\n", home.display());
    // By number the first one counts, so the user comes last.
    fs::write(folder.join("passwd"), format!("{passwd}{user}"))?;
    fs::write(home.join(".bash_profile"), "PS1='ready$ '\n")?;
    let services = folder.join("pam.d");
    fs::create_dir(&services)?;
    let rules = if options.expired {
        keep_passwords(folder)?
    } else {
        sign_in(folder, options.second_factor)?
    };
    for service in ["sshd", "other"] {
        fs::write(services.join(service), &rules).context("cannot write PAM's rules")?;
    }
    Ok(())
}

/// Rules of the system's own, with a password in a copy of its settings, where it can be changed.
fn keep_passwords(folder: &Path) -> Result<String> {
    let etc = folder.join("etc");
    output_of(Command::new("cp").args(["-a", "/etc"]).arg(&etc), &[], COMMAND_MAX)?;
    let shadow = etc.join("shadow");
    let known = fs::read_to_string(&shadow)?;
    fs::write(&shadow, format!("{known}{USER}:{EXPIRED}\n"))?;
    let rules = ["auth", "account", "password", "session"];
    Ok(rules.map(|kind| format!("{kind} required pam_unix.so\n")).concat())
}

/// Rules by which PAM lets in our user with our password, and nobody else.
fn sign_in(folder: &Path, second_factor: bool) -> Result<String> {
    let check = folder.join("check");
    let script = format!(
        "#!/bin/sh\nword=$(tr -d '\\000')\n\
         [ \"$PAM_USER\" = '{USER}' ] && [ \"$word\" = '{PASSWORD}' ]\n"
    );
    fs::write(&check, script)?;
    fs::set_permissions(&check, Permissions::from_mode(0o755))?;
    let codes = folder.join("codes");
    fs::write(&codes, format!("HOTP {USER} - {SECRET}\n"))?;
    fs::set_permissions(&codes, Permissions::from_mode(0o600))?;
    let code = if second_factor {
        format!("auth required pam_oath.so usersfile={} window=5 digits=6\n", codes.display())
    } else {
        String::new()
    };
    Ok(format!(
        "auth requisite pam_exec.so expose_authtok quiet {}\n{code}auth required pam_permit.so\n\
         account required pam_permit.so\nsession required pam_permit.so\n",
        check.display()
    ))
}
