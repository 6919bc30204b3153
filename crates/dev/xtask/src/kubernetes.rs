//! Kubernetes for tests: its programs, built once from Debian's source and kept outside the clone.
//!
//! Debian packages the client alone. The source package carries everything that the servers are made
//! of, so building them downloads nothing else.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{setup, shell, workspace};

/// The environment variable that hands the folder with the programs to tests. Who sets it has
/// programs of their own there.
pub(crate) const VARIABLE: &str = "PORTHOLE_KUBERNETES";

/// What is built.
const PROGRAMS: &[&str] =
    &["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"];

/// The version of Debian 12, whose options the testkit knows.
const VERSION: &str = "1.20.";

/// A library that Kubernetes carries in a version which reads beyond the maps of Go since 1.18, and
/// crashes. Debian packages a later one.
const REFLECTION: &str = "github.com/modern-go/reflect2";

/// Where Debian's packages of Go libraries have their source.
const GO_LIBRARIES: &str = "/usr/share/gocode/src";

/// Why containers cannot be run here, if they cannot: an advice for people.
pub(crate) fn why_no_containers() -> Result<Option<String>> {
    if !setup::is_root()? {
        return Ok(Some("this is not root; run it as root".into()));
    }
    if !Path::new("/sys/fs/cgroup/cgroup.procs").exists()
        && !Path::new("/sys/fs/cgroup/pids/cgroup.procs").exists()
    {
        return Ok(Some("no control groups here; mount them at /sys/fs/cgroup".into()));
    }
    let namespaces = ["--mount", "--net", "--pid", "--fork", "true"];
    if !shell::succeeds(Command::new("unshare").args(namespaces)) {
        return Ok(Some("no namespaces here; in a container, run it privileged".into()));
    }
    Ok(None)
}

/// Why a run that did not ask for Kubernetes goes without, if it does: an advice for people. In CI it
/// is built here, and a run goes without where that fails: no source, no network, no room.
pub(crate) fn why_not() -> Result<Option<String>> {
    if let Some(reason) = why_no_containers()? {
        return Ok(Some(reason));
    }
    if is_built(&folder()?) {
        return Ok(None);
    }
    if !is_packaged()? {
        return Ok(Some(format!("this system has no source of Kubernetes {VERSION}*")));
    }
    if workspace::is_ci() {
        return Ok(ensure().err().map(|error| format!("{error:#}")));
    }
    Ok(Some(
        "it is not built yet; `cargo xtask test --kubernetes` takes about 7 minutes for that, once"
            .into(),
    ))
}

/// The folder with the programs, which are built when they are not there.
///
/// # Errors
///
/// They cannot be built here.
pub(crate) fn ensure() -> Result<PathBuf> {
    let folder = folder()?;
    setup::ensure(&[setup::Group::Kubernetes])?;
    if is_built(&folder) {
        return Ok(folder);
    }
    ensure!(
        is_packaged()?,
        "this system has no source package of Kubernetes {VERSION}*; build it elsewhere, and set \
         {VARIABLE} to a folder with {}",
        PROGRAMS.join(", ")
    );
    let parent = folder.parent().context("a folder of its own")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    // Two runs at once build it once.
    let lock = File::create(parent.join("kubernetes.lock"))?;
    lock.lock().context("cannot wait for another build")?;
    if !is_built(&folder) {
        setup::ensure(&[setup::Group::KubernetesBuild])?;
        let place = parent.join("kubernetes.building");
        let _ = fs::remove_dir_all(&place);
        fs::create_dir(&place)?;
        let built = build(&place).and_then(|from| install(&from, &place.join("done"), &folder));
        let _ = fs::remove_dir_all(&place);
        built.context("cannot build Kubernetes")?;
    }
    Ok(folder)
}

/// Where the programs are, or will be.
fn folder() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Ok(named.into());
    }
    let cache = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(cache.join("porthole/kubernetes"))
}

fn is_built(folder: &Path) -> bool {
    PROGRAMS.iter().all(|name| folder.join(name).is_file())
}

/// Whether the system's packages have the version that we know.
fn is_packaged() -> Result<bool> {
    if shell::find_program("apt-get").is_none() {
        return Ok(false);
    }
    let policy = shell::capture(Command::new("apt-cache").args(["policy", "kubernetes-client"]))?;
    Ok(has_candidate(&policy))
}

/// Whether apt's account of a package offers our version, under whatever name came to lead it.
fn has_candidate(policy: &str) -> bool {
    policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Candidate: "))
        .any(|version| version.starts_with(VERSION))
}

/// Fetches the source below `place` and builds it; where the programs are then.
fn build(place: &Path) -> Result<PathBuf> {
    fetch(place)?;
    let source = fs::read_dir(place)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.join("cmd/kube-apiserver").is_dir())
        .context("the source package has no kube-apiserver")?;
    replace_library(&source)?;
    let go_path = source.join(".go");
    fs::create_dir_all(go_path.join("src/k8s.io"))?;
    std::os::unix::fs::symlink("../../..", go_path.join("src/k8s.io/kubernetes"))?;
    let what: Vec<String> = PROGRAMS.iter().map(|name| format!("cmd/{name}")).collect();
    // As Debian builds its own. Whatever Go is told on this machine is not meant for it.
    shell::run(
        Command::new("nice")
            .args(["make", "--silent", &format!("WHAT={}", what.join(" "))])
            .current_dir(&source)
            .env_clear()
            .env("HOME", place)
            .env("PATH", "/usr/lib/go/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("GOPATH", &go_path)
            .env("GOPROXY", "off")
            .env("CGO_ENABLED", "0")
            .env("GOLDFLAGS", "-s -w")
            // Else it is built in a second way from the others, and all its parts twice.
            .env("KUBE_STATIC_OVERRIDES", "kubelet"),
    )?;
    Ok(source.join("_output/bin"))
}

/// Unpacks the source package below `place`. The system's own sources stay as they are.
fn fetch(place: &Path) -> Result<()> {
    let format = "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)";
    let lines = shell::capture(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ]))?;
    // Whoever else this system has packages from has no Kubernetes of Debian's.
    let lines: Vec<&str> = lines.lines().filter(|line| line.ends_with(" main")).collect();
    let sources = place.join("sources.list");
    fs::write(&sources, lines.join("\n") + "\n")?;
    let lists = place.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    let apt_get = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(place);
        for (name, value) in [
            ("Dir::Etc::sourcelist", &*sources.to_string_lossy()),
            ("Dir::Etc::sourceparts", "/dev/null"),
            ("Dir::State::lists", &lists.to_string_lossy()),
            ("Dir::Cache", &place.join("cache").to_string_lossy()),
            ("APT::Sandbox::User", "root"),
        ] {
            command.args(["-o", &format!("{name}={value}")]);
        }
        shell::run(command.arg("--quiet").args(words))
    };
    apt_get(&["update"])?;
    apt_get(&["source", "kubernetes"])
}

/// Puts Debian's version of [`REFLECTION`] in place of the one that crashes.
fn replace_library(source: &Path) -> Result<()> {
    let to = source.join("vendor").join(REFLECTION);
    fs::remove_dir_all(&to).with_context(|| format!("the source has no {REFLECTION}"))?;
    fs::create_dir(&to)?;
    for entry in fs::read_dir(Path::new(GO_LIBRARIES).join(REFLECTION))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Copies the programs to `folder`, by way of `staging` beside it: they appear all at once.
fn install(from: &Path, staging: &Path, folder: &Path) -> Result<()> {
    fs::create_dir(staging)?;
    for name in PROGRAMS {
        fs::copy(from.join(name), staging.join(name))
            .with_context(|| format!("the build left no {name}"))?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::rename(staging, folder)?;
    if !is_built(folder) {
        bail!("{} is not complete", folder.display());
    }
    println!("Kubernetes is in {}", folder.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_version_that_it_wants() {
        let policy = |version: &str| {
            format!("kubernetes-client:\n  Installed: 1.20.1\n  Candidate: {version}\n")
        };
        assert!(has_candidate(&policy("1.20.5+really1.20.2-1.1+deb12u1")));
        assert!(!has_candidate(&policy("1.32.3+ds-2")));
        assert!(!has_candidate(&policy("(none)")));
        assert!(!has_candidate(""));
    }

    #[test]
    fn is_built_when_every_program_is_there() {
        let folder = std::env::temp_dir().join(format!("porthole-xtask-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        for name in PROGRAMS {
            assert!(!is_built(&folder), "{name}");
            fs::write(folder.join(name), "").unwrap();
        }
        assert!(is_built(&folder));
        fs::remove_dir_all(&folder).unwrap();
    }
}
