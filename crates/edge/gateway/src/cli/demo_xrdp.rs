//! The demo's desktop over RDP: xrdp, its session manager, and Xorg when somebody logs on.

use std::{
    fmt::Write as _,
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::Stdio,
};

use super::{
    CliError,
    demo_remote::{PROGRAMS, Remote, command, find, free_port, quoted, until_it_listens},
    token::random_hex,
};

/// Without these there is no desktop; beside each, the Debian package that has it.
pub(super) const NEEDED: [(&str, &str); 5] = [
    ("xrdp", "xrdp"),
    ("/etc/X11/xrdp/xorg.conf", "xorgxrdp"),
    ("openssl", "openssl"),
    ("unshare", "util-linux"),
    ("xauth", "xauth"),
];

/// The user whom the server knows, and the desktop's folder as the server sees it.
const USER: &str = "demo";
const SEEN: &str = "/run/demo";

/// Display numbers start so far below the server's port: somewhere in the thousands, where nobody
/// else's are.
const DISPLAY_BELOW_PORT: u16 = 10_000;

/// In a mount namespace of its own the server finds our settings where it looks for the machine's,
/// and an empty /tmp for its sockets; and in a process namespace everything, the user's programs
/// included, ends with it.
const RUN: &str = "\
mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/demo /run/xrdp/sockdir && \
chmod 3777 /run/xrdp/sockdir && mount --bind \"$0\" /run/demo && \
mount --bind /run/demo/xrdp /etc/xrdp && mount --bind /run/demo/pam.d /etc/pam.d && \
mount --bind /run/demo/users /etc/passwd && mount -t tmpfs -o mode=1777 tmpfs /tmp && \
cd /run/demo && { xrdp-sesman --nodaemon & exec xrdp --nodaemon; }";

/// Starts the server. A desktop of the viewer's size is made when the gateway logs on.
pub(super) async fn start(dir: &Path) -> Result<Remote, CliError> {
    // Ours until it is used: nobody is asked for a port twice within moments.
    let (port, manager_port) = (free_port()?, free_port()?);
    let password = random_hex::<8>()?;
    let folder = dir.join("xrdp-demo");
    write_settings(&folder, port, manager_port, &password)
        .map_err(|error| CliError::run("cannot write the settings of xrdp", error))?;
    make_certificate(&folder.join("xrdp")).await?;

    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut server = command("unshare");
    if !is_root {
        // Whoever may make namespaces is root in one.
        server.arg("--map-root-user");
    }
    let mut server = server
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", RUN])
        .arg(&folder)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| CliError::run("cannot start xrdp", error))?;
    until_it_listens("xrdp", &mut server, port).await?;
    let connection = format!(
        "protocol = \"rdp\"\nhostname = \"127.0.0.1\"\nport = {port}\nusername = \"{USER}\"\n\
         password = \"{password}\"\ntls = {{ verify = \"ca\", ca_file = {} }}\n",
        quoted(&folder.join("xrdp/cert.pem")),
    );
    let policy = format!(
        "[[policy.allow]]\nprotocol = \"rdp\"\nnetworks = [\"127.0.0.1/32\"]\nports = [{port}]\n\
         allow_special = true\n"
    );
    Ok(Remote { server, programs: Vec::new(), policy, connection })
}

fn write_settings(
    folder: &Path,
    port: u16,
    manager_port: u16,
    password: &str,
) -> Result<(), io::Error> {
    let (home, xrdp) = (folder.join("home"), folder.join("xrdp"));
    fs::create_dir_all(&home)?;
    fs::create_dir(&xrdp)?;
    // The packages' key maps, and whatever else is not told below.
    for entry in fs::read_dir("/etc/xrdp")? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), xrdp.join(entry.file_name()))?;
        }
    }
    fs::write(
        xrdp.join("xrdp.ini"),
        format!(
            "[Globals]\nini_version=1\nfork=true\nport=tcp://127.0.0.1:{port}\n\
             security_layer=tls\ncertificate={SEEN}/xrdp/cert.pem\n\
             key_file={SEEN}/xrdp/key.pem\nssl_protocols=TLSv1.2, TLSv1.3\n\
             autorun=Xorg\nallow_channels=true\nbitmap_compression=true\nbulk_compression=true\n\
             max_bpp=32\nnew_cursors=true\nuse_fastpath=both\ntcp_nodelay=true\n\
             [Logging]\nLogFile={SEEN}/xrdp.log\nLogLevel=INFO\nEnableSyslog=false\n\
             [Channels]\ncliprdr=true\ndrdynvc=true\nrdpdr=true\nrdpsnd=true\nrail=false\n\
             [Xorg]\nname=Xorg\nlib=libxup.so\nusername=ask\npassword=ask\nip=127.0.0.1\n\
             port=-1\ncode=20\n"
        ),
    )?;
    fs::write(
        xrdp.join("sesman.ini"),
        format!(
            "[Globals]\nListenAddress=127.0.0.1\nListenPort={manager_port}\n\
             EnableUserWindowManager=true\nUserWindowManager=startwm.sh\n\
             DefaultWindowManager=startwm.sh\nReconnectScript=reconnectwm.sh\n\
             [Security]\nAllowRootLogin=true\nMaxLoginRetry=4\n\
             [Sessions]\nX11DisplayOffset={}\nMaxSessions=10\nKillDisconnected=false\n\
             Policy=Default\n\
             [Logging]\nLogFile={SEEN}/sesman.log\nLogLevel=INFO\nEnableSyslog=false\n\
             [Xorg]\nparam=/usr/lib/xorg/Xorg\nparam=-config\nparam=xrdp/xorg.conf\n\
             param=-noreset\nparam=-nolisten\nparam=tcp\nparam=-logfile\nparam=.xorgxrdp.%s.log\n\
             [Chansrv]\nFuseMountName=thinclient_drives\n[SessionVariables]\n",
            port.saturating_sub(DISPLAY_BELOW_PORT)
        ),
    )?;
    write_program(&home.join("startwm.sh"), &session())?;
    // By number the first one counts, so the user comes last.
    let users = fs::read_to_string("/etc/passwd")?;
    fs::write(folder.join("users"), format!("{users}{USER}:x:0:0::{SEEN}/home:/bin/sh\n"))?;
    write_sign_in(folder, password)
}

/// What a user's session runs, until the last has ended: what is installed of the programs.
fn session() -> String {
    let mut script = "#!/bin/sh\n".to_owned();
    for (program, arguments) in PROGRAMS {
        if find(program).is_some() {
            let words = [&[program], arguments].concat().join("' '");
            // Writing to a string cannot fail.
            let _infallible = writeln!(script, "'{words}' &");
        }
    }
    script.push_str("wait\n");
    script
}

/// Rules by which PAM lets in our user with our password, and nobody else.
fn write_sign_in(folder: &Path, password: &str) -> Result<(), io::Error> {
    write_program(
        &folder.join("check"),
        &format!(
            "#!/bin/sh\nword=$(tr -d '\\000')\n\
             [ \"$PAM_USER\" = '{USER}' ] && [ \"$word\" = '{password}' ]\n"
        ),
    )?;
    let services = folder.join("pam.d");
    fs::create_dir(&services)?;
    // The first module has no say when credentials are handed out, and somebody must.
    let rules = format!(
        "auth required pam_exec.so expose_authtok quiet {SEEN}/check\n\
         auth required pam_permit.so\naccount required pam_permit.so\n\
         session required pam_permit.so\n"
    );
    fs::write(services.join("xrdp-sesman"), &rules)?;
    fs::write(services.join("other"), &rules)
}

fn write_program(path: &Path, text: &str) -> Result<(), io::Error> {
    fs::write(path, text)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Lets `openssl` make a key and a certificate that is good for as long as the link.
async fn make_certificate(folder: &Path) -> Result<(), CliError> {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 8 \
                 -subj /CN=porthole-demo -addext subjectAltName=IP:127.0.0.1 \
                 -keyout key.pem -out cert.pem";
    // The packages' are links to the machine's.
    for name in ["key.pem", "cert.pem"] {
        let _none_there = fs::remove_file(folder.join(name));
    }
    let made = command("openssl")
        .args(words.split_ascii_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .status()
        .await
        .map_err(|error| CliError::run("cannot run openssl", error))?;
    if made.success() { Ok(()) } else { Err(CliError::Run(format!("openssl failed: {made}"))) }
}
