use std::{fs, sync::Arc};

use bytes::Bytes;
use porthole_files::Limits;
use porthole_rdp::{DeviceChannel, DeviceConfig, DeviceOutput};
use porthole_remote::{
    Disposition, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Event,
    Wanted,
};

use super::{super::place::Place, DriveDesk, DriveNews, Offered};
use crate::{
    config::{Drives, testing},
    drive::DriveParameters,
    printing::Printing,
};

async fn reply(desk: &mut DriveDesk) -> DriveReply {
    match desk.next().await {
        DriveNews::Reply(reply) => reply,
        news => panic!("{news:?}"),
    }
}

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
        let desk = DriveDesk::new(Some(Arc::new(Place::new(Some(drive), None, "test"))));
        Self { root, desk, number: 0 }
    }

    async fn ask(&mut self, act: DriveAct) -> Result<DriveDone, DriveError> {
        self.number += 1;
        self.desk.start(DriveRequest { number: self.number, act });
        let reply = reply(&mut self.desk).await;
        assert_eq!(reply.number, self.number);
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
    assert_eq!(reply(&mut world.desk).await.result, Ok(DriveDone::Done));
    let offered = DriveNews::Offered(Offered { path: path.clone(), size: 5 });
    assert_eq!(world.desk.next().await, offered);

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
        let reply = reply(&mut world.desk).await;
        refused += usize::from(reply.result == Err(DriveError::TooMany));
    }
    assert_eq!(refused, 100 - DriveRequest::UNDER_WAY_MAX);
}

#[tokio::test]
async fn without_files_nothing_is_done() {
    let mut desk = DriveDesk::new(None);
    desk.start(DriveRequest { number: 1, act: DriveAct::Space });
    assert_eq!(reply(&mut desk).await.result, Err(DriveError::Denied));
}

/// A desk that prints, without a drive.
fn printing_desk() -> (tempfile::TempDir, Arc<Place>, DriveDesk) {
    let root = tempfile::tempdir().unwrap();
    let files = format!("[files]\nroot = \"{}\"\n", root.path().display());
    let printing = Printing::new(&testing::config(&files));
    let place = Arc::new(Place::new(None, Some(printing), "test"));
    (root, Arc::clone(&place), DriveDesk::new(Some(place)))
}

/// Prints `job`, piece by piece in no order.
async fn print(desk: &mut DriveDesk, job: &[u8]) -> DriveNews {
    let act = DriveAct::OpenJob { title: String::new() };
    desk.start(DriveRequest { number: 1, act });
    let opened = DriveDone::Opened(DriveEntry::default());
    assert_eq!(reply(desk).await.result, Ok(opened));
    for (number, data) in job.chunks(100).enumerate().rev() {
        let (offset, number) = (number as u64 * 100, u32::try_from(number).unwrap() + 2);
        let data = Bytes::copy_from_slice(data);
        desk.start(DriveRequest { number, act: DriveAct::Write { file: 1, offset, data } });
    }
    for _ in job.chunks(100) {
        assert_eq!(reply(desk).await.result, Ok(DriveDone::Done));
    }
    desk.start(DriveRequest { number: 2, act: DriveAct::Close { file: 1, remove: None } });
    // The remote does not wait for the document.
    assert_eq!(reply(desk).await.result, Ok(DriveDone::Done));
    desk.next().await
}

#[tokio::test]
async fn what_is_printed_is_offered_as_pdf() {
    let (root, place, mut desk) = printing_desk();
    let job = b"%!PS-Adobe-3.0\n%%Title: (Lab <1>)\n/Courier findfont 12 scalefont setfont\n\
                72 700 moveto (Hello) show showpage\n";
    for path in ["/Lab _1.pdf", "/Lab _1 (2).pdf"] {
        let DriveNews::Offered(offered) = print(&mut desk, job).await else { panic!() };
        assert_eq!(offered.path, path);
        // A viewer finds it there, and by its name in the only folder.
        for path in [path, path.trim_start_matches('/')] {
            let (store, path) = place.shown(path, true).await.unwrap();
            let pdf = store.open_read(&path).await.unwrap();
            assert_eq!(pdf.entry().size, offered.size);
            assert!(pdf.read_at(0, 5).await.unwrap().starts_with(b"%PDF-"));
        }
    }
    let notice = DriveNews::Notice("a document could not be printed");
    assert_eq!(print(&mut desk, b"\x1bE something else").await, notice);
    assert!(place.shown("/../x", true).await.is_err());
    assert_eq!(fs::read_dir(root.path().join("print-test")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(root.path().join("printed-test")).unwrap().count(), 2);
    assert!(place.store().await.is_err());
}

/// The driver's side of the channel, as it stands before the desk.
struct Server {
    channel: DeviceChannel,
    desk: DriveDesk,
    told: Vec<DriveNews>,
    completion: u32,
}

impl Server {
    /// Sends a request of the server's, has it carried out, and returns the answer's status and
    /// what follows.
    async fn ask(&mut self, file: u32, major: u32, body: &[u8]) -> (u32, Vec<u8>) {
        const PRINTER: u32 = 2;
        self.completion += 1;
        let fields = [PRINTER, file, self.completion, major, 0];
        let head = fields.iter().flat_map(|field| field.to_le_bytes());
        let message: Vec<u8> = b"rDRI".iter().copied().chain(head).chain(body.to_vec()).collect();
        let mut outputs = self.channel.handle_message(&message.into()).unwrap();
        loop {
            for output in std::mem::take(&mut outputs) {
                match output {
                    DeviceOutput::Event(Event::Drive(request)) => self.desk.start(request),
                    DeviceOutput::Message(answer) => {
                        let status = u32::from_le_bytes(answer[12..16].try_into().unwrap());
                        return (status, answer[16..].to_vec());
                    }
                    output @ DeviceOutput::Event(_) => panic!("{output:?}"),
                }
            }
            match self.desk.next().await {
                DriveNews::Reply(reply) => outputs = self.channel.handle_reply(reply).unwrap(),
                news => self.told.push(news),
            }
        }
    }
}

/// From the server's channel to the file that a viewer downloads.
#[tokio::test]
async fn a_server_prints() {
    let (root, place, desk) = printing_desk();
    let config = DeviceConfig { printer: Some("Paper".into()), ..DeviceConfig::default() };
    let channel = DeviceChannel::new(&config);
    let mut server = Server { channel, desk, told: Vec::new(), completion: 0 };
    let (status, opened) = server.ask(0, 0, &[0; 32]).await;
    assert_eq!(status, 0);
    let file = u32::from_le_bytes(opened[..4].try_into().unwrap());
    let job = "%!PS-Adobe-3.0\n%%Title: report\n/Courier findfont 12 scalefont setfont\n\
               72 700 moveto (printed over RDP) show showpage\n";
    for piece in job.as_bytes().chunks(50) {
        let len = u32::try_from(piece.len()).unwrap();
        let body = [&len.to_le_bytes()[..], &[0; 28], piece].concat();
        assert_eq!(server.ask(file, 4, &body).await, (0, [&len.to_le_bytes()[..], &[0]].concat()));
    }
    assert_eq!(server.ask(file, 2, &[0; 32]).await.0, 0);
    let news = match server.told.pop() {
        Some(news) => news,
        None => server.desk.next().await,
    };
    let DriveNews::Offered(Offered { path, size }) = news else { panic!("{news:?}") };
    assert_eq!(path, "/report.pdf");
    let (store, at) = place.shown(&path, true).await.unwrap();
    let pdf = store.open_read(&at).await.unwrap().read_at(0, 200_000).await.unwrap();
    assert_eq!(pdf.len() as u64, size);
    let copy = root.path().join("copy.pdf");
    fs::write(&copy, pdf).unwrap();
    let text = std::process::Command::new("pdftotext").arg(&copy).arg("-").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&text.stdout).trim(), "printed over RDP");
}
