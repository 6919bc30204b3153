//! The demo's desktop over VNC: an X server that speaks it.

use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::Child,
};

use super::{
    CliError,
    demo_remote::{PROGRAMS, Remote, command, describe, find, quoted},
    token::random_hex,
};

/// How long the X server may take to start.
const START_MAX: Duration = Duration::from_secs(15);

/// Without these there is no desktop; beside each, the Debian package that has it.
pub(super) const NEEDED: [(&str, &str); 2] =
    [("Xtigervnc", "tigervnc-standalone-server"), ("tigervncpasswd", "tigervnc-tools")];

/// Starts the X server and then its programs. What was started is killed if this fails.
pub(super) async fn start(dir: &Path, geometry: (u16, u16)) -> Result<Remote, CliError> {
    // VNC passwords end after eight characters.
    let password = random_hex::<4>()?;
    let password_file = dir.join("passwd");
    write_password(&password_file, &password).await?;
    let authority = dir.join("authority");
    write_authority(&authority)?;
    let socket = dir.join("vnc.sock");

    let mut server = command("Xtigervnc")
        .args(["-displayfd", "1", "-rfbport", "-1", "-rfbunixmode", "0600", "-rfbunixpath"])
        .arg(&socket)
        .args(["-SecurityTypes", "VncAuth", "-PasswordFile"])
        .arg(&password_file)
        .arg("-auth")
        .arg(&authority)
        .args(["-geometry", &format!("{}x{}", geometry.0, geometry.1)])
        .args(["-depth", "24", "-desktop", "Porthole demo", "-AlwaysShared", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| CliError::run("cannot start Xtigervnc", error))?;
    let display = display_number(&mut server).await?;

    let mut programs = Vec::new();
    for (program, arguments) in PROGRAMS {
        if find(program).is_none() {
            continue;
        }
        let child = command(program)
            .args(arguments)
            .env("DISPLAY", format!(":{display}"))
            .env("XAUTHORITY", &authority)
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| CliError::run(&format!("cannot start {program}"), error))?;
        programs.push(child);
    }
    let connection =
        format!("protocol = \"vnc\"\nsocket = {}\npassword = \"{password}\"\n", quoted(&socket));
    let policy = format!("unix_dirs = [{}]\n", quoted(dir));
    Ok(Remote { server, programs, policy, connection })
}

/// The display that the X server chose, which it writes once it is ready.
async fn display_number(server: &mut Child) -> Result<u32, CliError> {
    let failed = |why: String| CliError::Run(format!("Xtigervnc did not start: {why}"));
    let stdout = server.stdout.take().ok_or_else(|| failed("it has no output".into()))?;
    let mut line = String::new();
    let mut output = BufReader::new(stdout);
    match tokio::time::timeout(START_MAX, output.read_line(&mut line)).await {
        Ok(Ok(0)) => Err(failed(describe(server.wait().await))),
        Ok(Ok(_)) => line.trim().parse().map_err(|_odd| failed("it named no display".into())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_elapsed) => Err(failed(format!("it took longer than {START_MAX:?}"))),
    }
}

/// Lets `tigervncpasswd` write the password in the form that the X server reads.
async fn write_password(file: &Path, password: &str) -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::run("cannot run tigervncpasswd", error);
    let mut child = command("tigervncpasswd")
        .arg("-f")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(format!("{password}\n").as_bytes()).await.map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    if !output.status.success() {
        return Err(CliError::Run(format!("tigervncpasswd failed: {}", output.status)));
    }
    std::fs::write(file, output.stdout)
        .map_err(|error| CliError::run("cannot write the password's file", error))
}

/// Writes a cookie that X programs must show, so that other users of this machine stay out. The
/// format is that of `XauWriteAuth`: big-endian numbers and counted strings.
fn write_authority(file: &Path) -> Result<(), CliError> {
    const FAMILY_WILD: u16 = 0xffff;
    const NAME: &[u8] = b"MIT-MAGIC-COOKIE-1";

    let mut cookie = [0; 16];
    getrandom::fill(&mut cookie)
        .map_err(|error| CliError::run("the system gives no random bytes", error))?;
    let mut entry = FAMILY_WILD.to_be_bytes().to_vec();
    // Any address, any display, then the cookie's kind and the cookie.
    for part in [&[], &[], NAME, &cookie[..]] {
        let len = u16::try_from(part.len()).unwrap_or(u16::MAX);
        entry.extend(len.to_be_bytes());
        entry.extend(part);
    }
    std::fs::write(file, entry)
        .map_err(|error| CliError::run("cannot write the X authority", error))
}
