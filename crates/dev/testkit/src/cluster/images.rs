//! Images without a registry, made around the system's static busybox.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::servers::output_of;

/// An image with a shell, `tar` and everything else that busybox is. Without a command it sleeps.
pub const SHELL_IMAGE: &str = "porthole.test/shell:1";

/// An image with one program, `/sleep`, and no shell. Without a command it sleeps.
pub const BARE_IMAGE: &str = "porthole.test/bare:1";

/// Where the package `busybox-static` has it.
const BUSYBOX: &str = "/bin/busybox";

/// How long one of the tools may take.
const COMMAND_MAX: Duration = Duration::from_secs(20);

/// Writes an archive with both images into `folder`, which is to be empty; its name.
pub(super) fn write_archive(folder: &Path) -> Result<String> {
    let shell = folder.join("shell");
    fs::create_dir_all(shell.join("bin"))?;
    for place in ["etc", "root", "tmp"] {
        fs::create_dir(shell.join(place))?;
    }
    fs::write(shell.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
    fs::write(shell.join("etc/group"), "root:x:0:\n")?;
    copy_busybox(&shell.join("bin/busybox"))?;
    let names = output_of(Command::new(BUSYBOX).arg("--list"), &[], COMMAND_MAX)?;
    for name in String::from_utf8(names)?.lines().filter(|&name| name != "busybox") {
        symlink("busybox", shell.join("bin").join(name))?;
    }
    let bare = folder.join("bare");
    fs::create_dir(&bare)?;
    // It takes the name by which it is called for what it is to do.
    copy_busybox(&bare.join("sleep"))?;

    let archive = folder.join("archive");
    fs::create_dir(&archive)?;
    let images = [
        write_image(&archive, &shell, SHELL_IMAGE, "/bin/sleep")?,
        write_image(&archive, &bare, BARE_IMAGE, "/sleep")?,
    ];
    fs::write(archive.join("manifest.json"), serde_json::to_vec(&images)?)?;
    let file = folder.join("images.tar");
    tar(&archive, &file)?;
    Ok(file.to_string_lossy().into_owned())
}

fn copy_busybox(to: &Path) -> Result<()> {
    fs::copy(BUSYBOX, to)
        .map(drop)
        .with_context(|| format!("cannot copy {BUSYBOX}; `cargo xtask setup` installs it"))
}

/// Packs the tree of this image; its entry in the archive's manifest.
fn write_image(archive: &Path, tree: &Path, name: &str, sleep: &str) -> Result<serde_json::Value> {
    let stem = tree.file_name().context("a tree has a name")?.to_string_lossy();
    let (layer, config) = (format!("{stem}.tar"), format!("{stem}.json"));
    tar(tree, &archive.join(&layer))?;
    let digest = hexadecimal(&Sha256::digest(fs::read(archive.join(&layer))?));
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let about = json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Env": ["PATH=/bin"], "Cmd": [sleep, "1000000"] },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{digest}")] },
        "history": [{ "created_by": "porthole" }],
    });
    fs::write(archive.join(&config), serde_json::to_vec(&about)?)?;
    Ok(json!({ "Config": config, "RepoTags": [name], "Layers": [layer] }))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn tar(tree: &Path, file: &Path) -> Result<()> {
    let mut command = Command::new("tar");
    command.args(["--owner=0", "--group=0", "--create", "--file"]).arg(file);
    command.arg("--directory").arg(tree).arg(".");
    output_of(&mut command, &[], COMMAND_MAX).map(drop)
}
