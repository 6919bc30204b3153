//! `cargo xtask setup`: the programs that are not Rust crates, from the system's own packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{node, shell};

/// The environment variable that hands the browser to tests.
pub(crate) const BROWSER_VARIABLE: &str = "PORTHOLE_CHROMIUM";

/// Names under which Chromium is found, best first.
const BROWSERS: &[&str] =
    &["chromium", "google-chrome-stable", "google-chrome", "chromium-browser"];

/// What a set of packages is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Compiling the gateway and the web client.
    Build,
    /// A desktop to show.
    Desktop,
    /// A desktop that is shown over RDP.
    RdpDesktop,
    /// A shell that is reached over SSH.
    Shell,
    /// The servers, clients and the browser that tests and benches use.
    Test,
    /// What Kubernetes is built with. Wanted only when it is built.
    KubernetesBuild,
    /// What Kubernetes runs with, besides what other tests use.
    Kubernetes,
}

impl Group {
    /// Every group, but for Kubernetes'.
    pub(crate) const ALL: &[Self] =
        &[Self::Build, Self::Desktop, Self::RdpDesktop, Self::Shell, Self::Test];
}

/// How to tell that a package is there, whoever installed it.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// A program on `PATH`.
    Program(&'static str),
    /// A file.
    File(&'static str),
    /// Any of [`BROWSERS`].
    Browser,
    /// A module of PAM, in the system's folder for its kind of processor.
    PamModule(&'static str),
}

impl Sign {
    fn is_seen(self) -> bool {
        match self {
            Self::Program(name) => shell::find_program(name).is_some(),
            Self::File(path) => Path::new(path).exists(),
            Self::Browser => find_browser().is_some(),
            Self::PamModule(name) => has_pam_module(name),
        }
    }
}

fn has_pam_module(name: &str) -> bool {
    let kinds = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    kinds.map(|kind| kind.path().join("security").join(name)).any(|file| file.exists())
}

struct Need {
    group: Group,
    sign: Sign,
    /// The Debian package, which Ubuntu has under the same name.
    package: &'static str,
}

const fn need(group: Group, sign: Sign, package: &'static str) -> Need {
    Need { group, sign, package }
}

#[rustfmt::skip] // One row for each.
const NEEDS: &[Need] = &[
    need(Group::Build, Sign::Program("gcc"), "gcc"),
    need(Group::Build, Sign::Program("g++"), "g++"),
    need(Group::Build, Sign::File("/usr/include/stdio.h"), "libc6-dev"),
    need(Group::Build, Sign::Program("make"), "make"),
    need(Group::Build, Sign::Program("cmake"), "cmake"),
    need(Group::Build, Sign::Program("nasm"), "nasm"),
    need(Group::Build, Sign::Program("pkg-config"), "pkg-config"),
    need(Group::Build, Sign::File("/usr/include/openssl/ssl.h"), "libssl-dev"),
    need(Group::Build, Sign::Program("node"), "nodejs"),
    need(Group::Build, Sign::Program("npm"), "npm"),
    need(Group::Desktop, Sign::Program("Xtigervnc"), "tigervnc-standalone-server"),
    need(Group::Desktop, Sign::Program("tigervncpasswd"), "tigervnc-tools"),
    need(Group::Desktop, Sign::Program("openbox"), "openbox"),
    need(Group::Desktop, Sign::Program("xterm"), "xterm"),
    need(Group::Desktop, Sign::Program("xeyes"), "x11-apps"),
    need(Group::Desktop, Sign::Program("xsetroot"), "x11-xserver-utils"),
    need(Group::Desktop, Sign::File("/usr/share/fonts/X11/misc"), "xfonts-base"),
    need(Group::Desktop, Sign::File("/usr/share/fonts/truetype/dejavu"), "fonts-dejavu-core"),
    need(Group::RdpDesktop, Sign::Program("xrdp"), "xrdp"),
    need(Group::RdpDesktop, Sign::File("/etc/X11/xrdp/xorg.conf"), "xorgxrdp"),
    need(Group::RdpDesktop, Sign::Program("xauth"), "xauth"),
    need(Group::RdpDesktop, Sign::Program("openssl"), "openssl"),
    need(Group::Shell, Sign::File("/usr/sbin/sshd"), "openssh-server"),
    need(Group::Shell, Sign::Program("ssh-keygen"), "openssh-client"),
    need(Group::Test, Sign::Program("x11vnc"), "x11vnc"),
    need(Group::Test, Sign::File("/usr/share/fonts/truetype/wqy"), "fonts-wqy-microhei"),
    need(
        Group::Test,
        Sign::File("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
        "fonts-noto-color-emoji",
    ),
    need(Group::Test, Sign::Program("Xtightvnc"), "tightvncserver"),
    need(Group::Test, Sign::Program("Xvfb"), "xvfb"),
    need(Group::Test, Sign::Program("freerdp-shadow-cli"), "freerdp2-shadow-x11"),
    need(Group::Test, Sign::Program("dropbear"), "dropbear-bin"),
    need(Group::Test, Sign::Program("puttygen"), "putty-tools"),
    need(Group::Test, Sign::PamModule("pam_oath.so"), "libpam-oath"),
    need(Group::Test, Sign::Program("krb5kdc"), "krb5-kdc"),
    need(Group::Test, Sign::Program("kadmin.local"), "krb5-admin-server"),
    need(Group::Test, Sign::Program("xdotool"), "xdotool"),
    need(Group::Test, Sign::Program("xclip"), "xclip"),
    need(Group::Test, Sign::Browser, "chromium"),
    need(Group::Test, Sign::Program("websockify"), "websockify"),
    need(Group::Test, Sign::Program("ffmpeg"), "ffmpeg"),
    need(Group::Test, Sign::Program("import"), "imagemagick"),
    need(Group::Test, Sign::Program("ip"), "iproute2"),
    need(Group::Test, Sign::Program("gs"), "ghostscript"),
    need(Group::Test, Sign::Program("pdftotext"), "poppler-utils"),
    need(Group::Test, Sign::Program("fusermount3"), "fuse3"),
    need(Group::Test, Sign::Program("containerd"), "containerd"),
    need(Group::Test, Sign::Program("runc"), "runc"),
    need(Group::Test, Sign::File("/usr/lib/cni/ptp"), "containernetworking-plugins"),
    need(Group::Test, Sign::File("/usr/share/doc/busybox-static"), "busybox-static"),
    need(Group::Test, Sign::Program("curl"), "curl"),
    need(Group::KubernetesBuild, Sign::Program("go"), "golang-go"),
    need(Group::KubernetesBuild, Sign::File("/usr/share/gocode/src/github.com/modern-go/reflect2"), "golang-github-modern-go-reflect2-dev"),
    need(Group::KubernetesBuild, Sign::Program("dpkg-source"), "dpkg-dev"),
    need(Group::KubernetesBuild, Sign::Program("rsync"), "rsync"),
    need(Group::Kubernetes, Sign::Program("etcd"), "etcd-server"),
    need(Group::Test, Sign::File("/usr/sbin/telnetd"), "inetutils-telnetd"),
    need(Group::Test, Sign::Program("busybox"), "busybox"),
    need(Group::Test, Sign::Program("vim"), "vim"),
    need(Group::Test, Sign::Program("htop"), "htop"),
    need(Group::Test, Sign::Program("tmux"), "tmux"),
    need(Group::Test, Sign::File("/usr/lib/openssh/sftp-server"), "openssh-sftp-server"),
];

/// Installs what `groups` lack. Asks the system nothing when they lack nothing.
///
/// # Errors
///
/// Something is missing that cannot be installed from here; the message says what to type.
pub(crate) fn ensure(groups: &[Group]) -> Result<()> {
    let missing = missing(groups);
    if !missing.is_empty() {
        install(&missing)?;
    }
    if groups.contains(&Group::Build) {
        node::ensure()?;
    }
    Ok(())
}

/// Where Chromium, or Chrome in its place, is.
pub(crate) fn find_browser() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(BROWSER_VARIABLE) {
        return Some(named.into());
    }
    BROWSERS.iter().find_map(|name| shell::find_program(name)).filter(|path| !is_snap_stub(path))
}

/// Ubuntu's `chromium-browser` may be a script that only says how to install the snap.
fn is_snap_stub(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|content| {
        content.starts_with(b"#!")
            && content.len() < 4096
            && String::from_utf8_lossy(&content).contains("snap install")
    })
}

fn missing(groups: &[Group]) -> Vec<&'static str> {
    NEEDS
        .iter()
        .filter(|need| groups.contains(&need.group) && !need.sign.is_seen())
        .map(|need| need.package)
        .collect()
}

fn install(packages: &[&str]) -> Result<()> {
    let by_hand = by_hand(packages);
    if shell::find_program("apt-get").is_none() {
        bail!(
            "missing, by their Debian names: {}\ninstall them with this system's package manager",
            packages.join(" ")
        );
    }
    if packages.contains(&"chromium") && is_ubuntu() {
        bail!(
            "no Chromium or Chrome here, and Ubuntu's package only fetches a snap; install Google \
             Chrome, or run `sudo snap install chromium`, or set {BROWSER_VARIABLE} to a browser"
        );
    }
    let prefix: &[&str] = if is_root()? {
        &["env"]
    } else if shell::succeeds(Command::new("sudo").args(["-n", "true"])) {
        &["sudo", "-n", "env"]
    } else {
        bail!("packages are missing, and this is not root; run:\n  {by_hand}");
    };
    println!("installing: {}", packages.join(" "));
    shell::run(apt_get(prefix).args(["update", "--quiet"]))
        .and_then(|()| {
            let flags = ["install", "--yes", "--quiet", "--no-install-recommends"];
            shell::run(apt_get(prefix).args(flags).args(packages))
        })
        .with_context(|| format!("cannot install packages; try:\n  {by_hand}"))?;
    let still: Vec<&str> = NEEDS
        .iter()
        .filter(|need| packages.contains(&need.package) && !need.sign.is_seen())
        .map(|need| need.package)
        .collect();
    if !still.is_empty() {
        bail!("installed, yet not found: {}", still.join(" "));
    }
    Ok(())
}

fn by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

/// apt-get behind `prefix`, which ends in `env`. Waits for another installer to finish.
fn apt_get(prefix: &[&str]) -> Command {
    let mut words = prefix.iter().chain(&["DEBIAN_FRONTEND=noninteractive", "apt-get"]).copied();
    let mut command = Command::new(words.next().unwrap_or("env"));
    command.args(words).args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> Result<bool> {
    Ok(shell::capture(Command::new("id").arg("-u"))?.trim() == "0")
}

fn is_ubuntu() -> bool {
    std::fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line == "ID=ubuntu"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_type() {
        assert_eq!(
            by_hand(&["nasm", "cmake"]),
            "sudo apt-get install --no-install-recommends nasm cmake"
        );
    }

    #[test]
    fn apt_waits_and_asks_nothing() {
        let command = apt_get(&["sudo", "-n", "env"]);
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
        assert_eq!(command.get_program(), "sudo");
        assert_eq!(
            words,
            [
                "-n",
                "env",
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "-o",
                "DPkg::Lock::Timeout=300"
            ]
        );
    }

    #[test]
    fn needs_are_named_once() {
        let mut names: Vec<&str> = NEEDS.iter().map(|need| need.package).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_group_that_needs_nothing_misses_nothing() {
        assert!(missing(&[]).is_empty());
    }
}
