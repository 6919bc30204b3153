use std::{fs, sync::Arc};

use bytes::Bytes;
use porthole_files::Limits;
use porthole_remote::{
    Disposition, DriveAct, DriveDone, DriveEntry, DriveError, DriveRequest, Wanted,
};

use super::{super::place::Place, DriveDesk, Offered};
use crate::{config::Drives, drive::DriveParameters};

struct World {
    root: tempfile::TempDir,
    desk: DriveDesk,
    number: u32,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let limits = Limits { bytes: 1 << 20, entries: 1000, file_bytes: 1 << 20 };
        fs::create_dir(root.path().join("drive")).unwrap();
        let drives = Drives { root: root.path().to_owned(), limits };
        let parameters = DriveParameters {
            enable: true,
            path: Some("drive".to_owned()),
            ..DriveParameters::default()
        };
        let drive = parameters.drive(Some(&drives)).unwrap().unwrap();
        let desk = DriveDesk::new(Some(Arc::new(Place::new(&drive, "test"))));
        Self { root, desk, number: 0 }
    }

    async fn ask(&mut self, act: DriveAct) -> Result<DriveDone, DriveError> {
        self.number += 1;
        self.desk.start(DriveRequest { number: self.number, act });
        let (reply, offered) = self.desk.next().await;
        assert_eq!((reply.number, offered), (self.number, None));
        reply.result
    }

    async fn open(
        &mut self,
        path: &str,
        wanted: Wanted,
        disposition: Disposition,
    ) -> Result<u32, DriveError> {
        let path = path.to_owned();
        let opened = self.ask(DriveAct::Open { path, wanted, disposition, write: true }).await?;
        assert!(matches!(opened, DriveDone::Opened(_)));
        Ok(self.number)
    }

    async fn close(&mut self, file: u32, remove: Option<&str>) -> Result<DriveDone, DriveError> {
        self.ask(DriveAct::Close { file, remove: remove.map(str::to_owned) }).await
    }

    fn on_disk(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.path().join("drive").join(path)).ok()
    }
}

#[tokio::test]
async fn a_file_from_its_making_to_its_end() {
    let mut world = World::new();
    let file = world.open("a.txt", Wanted::File, Disposition::New).await.unwrap();
    let data = Bytes::from_static(b"hello there");
    let wrote = world.ask(DriveAct::Write { file, offset: 0, data }).await;
    assert_eq!(wrote, Ok(DriveDone::Done));
    let read = world.ask(DriveAct::Read { file, offset: 6, len: 99 }).await;
    assert_eq!(read, Ok(DriveDone::Data(Bytes::from_static(b"there"))));
    world.ask(DriveAct::SetLen { file, len: 5 }).await.unwrap();
    world.close(file, None).await.unwrap();
    assert_eq!(world.on_disk("a.txt").unwrap(), "hello");
    for act in [DriveAct::Read { file, offset: 0, len: 1 }, DriveAct::Close { file, remove: None }]
    {
        assert_eq!(world.ask(act).await, Err(DriveError::NotOpen));
    }

    let at = 1_234_567_890_123;
    let path = "a.txt".to_owned();
    world.ask(DriveAct::SetModified { path: path.clone(), modified_ms: at }).await.unwrap();
    let entry = DriveEntry { name: path.clone(), is_directory: false, size: 5, modified_ms: at };
    let stat = world.ask(DriveAct::Stat(path.clone())).await;
    assert_eq!(stat, Ok(DriveDone::Entry(entry.clone())));
    let page = world.ask(DriveAct::List { path: String::new(), after: None }).await;
    assert_eq!(page, Ok(DriveDone::Page { entries: vec![entry], more: false }));

    world.desk.start(DriveRequest { number: 99, act: DriveAct::Offer(path.clone()) });
    let (reply, offered) = world.desk.next().await;
    assert_eq!((reply.number, reply.result), (99, Ok(DriveDone::Done)));
    assert_eq!(offered, Some(Offered { path: path.clone(), size: 5 }));

    let to = "b.txt".to_owned();
    world.ask(DriveAct::Rename { from: path, to, replace: false }).await.unwrap();
    let file = world.open("b.txt", Wanted::Any, Disposition::Existing).await.unwrap();
    world.close(file, Some("b.txt")).await.unwrap();
    assert_eq!(world.on_disk("b.txt"), None);
    let space = world.ask(DriveAct::Space).await;
    assert_eq!(space, Ok(DriveDone::Space { free_bytes: 1 << 20, total_bytes: 1 << 20 }));
}

#[tokio::test]
async fn dispositions_and_kinds() {
    use Disposition::{Either, Emptied, Existing, Fresh, New};
    use DriveError::{Exists, IsADirectory, NotADirectory, NotFound};
    use Wanted::{Any, Directory, File};

    let mut world = World::new();
    world.ask(DriveAct::MakeDirectory("d".to_owned())).await.unwrap();
    for (path, wanted, disposition, want) in [
        ("f", File, Existing, Err(NotFound)),
        ("f", File, Emptied, Err(NotFound)),
        ("f", File, New, Ok("")),
        ("f", File, New, Err(Exists)),
        ("f", Directory, Existing, Err(NotADirectory)),
        ("f", Any, Existing, Ok("filled")),
        ("f", Any, Either, Ok("filled")),
        ("f", Any, Emptied, Ok("")),
        ("f", File, Fresh, Ok("")),
        ("g", File, Fresh, Ok("")),
        ("h", File, Either, Ok("")),
        ("d", File, Existing, Err(IsADirectory)),
        ("d", Any, Existing, Ok("filled")),
        ("d", Directory, Either, Ok("filled")),
        ("e", Directory, New, Ok("filled")),
        ("e", Directory, New, Err(Exists)),
        ("", Any, Existing, Ok("filled")),
        ("x/y", File, New, Err(NotFound)),
        ("../f", File, Existing, Err(DriveError::BadName)),
        ("d/../f", File, Fresh, Err(DriveError::BadName)),
        ("/etc/passwd", File, Existing, Err(DriveError::BadName)),
    ] {
        let case = format!("{path:?} {wanted:?} {disposition:?}");
        let opened = world.open(path, wanted, disposition).await;
        assert_eq!(opened.map(drop), want.map(drop), "{case}");
        if let Ok(file) = opened {
            world.close(file, None).await.unwrap();
            if let Some(content) = world.on_disk(path) {
                assert_eq!(Ok(content.as_str()), want, "{case}");
                fs::write(world.root.path().join("drive").join(path), "filled").unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let mut world = World::new();
    let file = world.open("f", Wanted::File, Disposition::New).await.unwrap();
    let len = DriveRequest::DATA_MAX_BYTES + 1;
    let read = world.ask(DriveAct::Read { file, offset: 0, len }).await;
    assert_eq!(read, Err(DriveError::TooMany));
    for _ in 1..DriveRequest::OPEN_MAX {
        world.open("f", Wanted::File, Disposition::Existing).await.unwrap();
    }
    let opened = world.open("f", Wanted::File, Disposition::Existing).await;
    assert_eq!(opened, Err(DriveError::TooMany));
    world.desk.reset();
    world.open("f", Wanted::File, Disposition::Existing).await.unwrap();

    for number in 1000..1100 {
        world.desk.start(DriveRequest { number, act: DriveAct::Space });
    }
    let mut refused = 0;
    for _ in 1000..1100 {
        let (reply, _) = world.desk.next().await;
        refused += usize::from(reply.result == Err(DriveError::TooMany));
    }
    assert_eq!(refused, 100 - DriveRequest::UNDER_WAY_MAX);
}

#[tokio::test]
async fn without_files_nothing_is_done() {
    let mut desk = DriveDesk::new(None);
    desk.start(DriveRequest { number: 1, act: DriveAct::Space });
    assert_eq!(desk.next().await.0.result, Err(DriveError::Denied));
}
