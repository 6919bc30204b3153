//! Files on the clipboard of a real session of xrdp's, with a store in memory.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use porthole_rdp::{DeviceConfig, DriveConfig, RdpConfig};
use porthole_remote::{DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, Event, Input};
use porthole_testkit::rdp::RdpDesktop;
use porthole_testkit::servers::{Process, Xrdp, output_of, wait_until};
use porthole_tests::SOON;
use tokio::time::Instant;

use crate::input::Folder;
use crate::rdp::{config, session};

/// Files by path, and what is open.
#[derive(Default)]
struct Store {
    files: HashMap<String, Vec<u8>>,
    open: HashMap<u32, String>,
    offered: Vec<String>,
    folders: Vec<String>,
    /// How many events have been looked at.
    seen: usize,
}

impl Store {
    /// Answers what the driver has asked since the last time.
    fn serve(&mut self, desktop: &mut RdpDesktop) {
        let events = desktop.events().get(self.seen..).unwrap_or_default();
        let asked = events.iter().filter_map(|event| match event {
            Event::Drive(request) => Some(request.clone()),
            _ => None,
        });
        let asked: Vec<_> = asked.collect();
        self.seen = desktop.events().len();
        for request in asked {
            let result = self.act(request.number, request.act);
            desktop.input(Input::Drive(DriveReply { number: request.number, result }));
        }
    }

    fn act(&mut self, number: u32, act: DriveAct) -> Result<DriveDone, DriveError> {
        match act {
            DriveAct::Open { path, write, .. } => {
                if write {
                    self.files.insert(path.clone(), Vec::new());
                } else if !self.files.contains_key(&path) {
                    return Err(DriveError::NotFound);
                }
                self.open.insert(number, path);
                return Ok(DriveDone::Opened(DriveEntry::default()));
            }
            DriveAct::Write { file, data, .. } => {
                let path = self.open.get(&file).ok_or(DriveError::NotOpen)?;
                self.files.entry(path.clone()).or_default().extend_from_slice(&data);
            }
            DriveAct::Read { file, offset, len } => {
                let path = self.open.get(&file).ok_or(DriveError::NotOpen)?;
                let content = self.files.get(path).ok_or(DriveError::NotFound)?;
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
                let end = start.saturating_add(len).min(content.len());
                return Ok(DriveDone::Data(Bytes::copy_from_slice(
                    content.get(start..end).unwrap_or_default(),
                )));
            }
            DriveAct::Close { file, .. } => drop(self.open.remove(&file)),
            DriveAct::Offer(path) => self.offered.push(path),
            DriveAct::MakeDirectory(path) => self.folders.push(path),
            _ => {}
        }
        Ok(DriveDone::Done)
    }
}

/// Lets driver and store work until `is_there`.
async fn until(
    desktop: &mut RdpDesktop,
    store: &mut Store,
    what: &str,
    mut is_there: impl FnMut(&Store) -> bool,
) -> Result<()> {
    let end = Instant::now() + SOON;
    while !is_there(store) {
        if Instant::now() >= end {
            bail!("waited for {what}; {desktop:?}; offered: {:?}", store.offered);
        }
        tick(desktop, store).await?;
    }
    Ok(())
}

/// Lets them work until the driver asks for something, or a moment has passed.
async fn tick(desktop: &mut RdpDesktop, store: &mut Store) -> Result<()> {
    let before = desktop.events().len();
    let mut looks = 0;
    let asks = |desktop: &RdpDesktop| {
        looks += 1;
        looks > 3 || desktop.events().len() > before
    };
    desktop.wait_until("a moment", SOON, asks).await?;
    store.serve(desktop);
    Ok(())
}

fn with_files(config: RdpConfig) -> RdpConfig {
    let drive = Some(DriveConfig { name: "files".to_owned(), offers: true });
    RdpConfig { devices: DeviceConfig { drive, ..DeviceConfig::default() }, ..config }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_copied_in_a_session_come_out() -> Result<()> {
    let server = Xrdp::start()?;
    let mut desktop = session(&server, with_files(config(server.login()))).await?;
    let display = server.display();
    let folder = Folder::new("rdp-files")?;
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let file = folder.file().with_file_name("copied file.bin");
    fs::write(&file, &content)?;
    let uris = folder.file();
    fs::write(&uris, format!("file://{}\r\n", file.display().to_string().replace(' ', "%20")))?;
    let mut store = Store::default();
    // The session's channel server tells of what is copied from now on: it watches the clipboard
    // before it asks for drives.
    until(&mut desktop, &mut store, "the drive", |store| !store.folders.is_empty()).await?;
    let mut command = display.command("xclip");
    command.args(["-quiet", "-selection", "clipboard", "-target", "text/uri-list", "-in"]);
    let _owner = Process::start(command.arg(&uris))?;
    until(&mut desktop, &mut store, "the offer", |store| !store.offered.is_empty()).await?;
    assert_eq!(store.offered, ["Clipboard/copied file.bin"]);
    assert!(store.files.get("Clipboard/copied file.bin") == Some(&content), "other bytes");
    assert!(store.open.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_viewer_are_announced_in_a_session() -> Result<()> {
    let server = Xrdp::start()?;
    let mut desktop = session(&server, with_files(config(server.login()))).await?;
    let display = server.display();
    let mut store = Store::default();
    let content: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    store.files.insert("Clipboard/1/pasted.bin".to_owned(), content.clone());
    let size = content.len() as u64;
    let reading = std::thread::spawn(move || {
        wait_until("the list of files", SOON, || {
            let arguments = ["-selection", "clipboard", "-out", "-target", "text/uri-list"];
            let mut command = display.command("xclip");
            let list = output_of(command.args(arguments), &[], SOON).unwrap_or_default();
            Ok(String::from_utf8(list).ok().filter(|list| list.contains("pasted.bin")))
        })
    });
    // Until the server has greeted the channel there is nobody to tell.
    let mut ticks = 0;
    while !reading.is_finished() {
        if ticks % 50 == 0 {
            let path = "Clipboard/1/pasted.bin".to_owned();
            desktop.input(Input::ClipboardFile { path, size });
        }
        ticks += 1;
        tick(&mut desktop, &mut store).await?;
    }
    let list = reading.join().ok().context("the reader panicked")??;
    let path = list.trim_end().strip_prefix("file://").context(list.clone())?;
    let path = server.inside(Path::new(path));
    let reading = std::thread::spawn(move || fs::read(path));
    until(&mut desktop, &mut store, "the file", |_| reading.is_finished()).await?;
    let got = reading.join().ok().context("the reader panicked")?.context(list)?;
    assert!(got == content, "{} other bytes", got.len());
    Ok(())
}
