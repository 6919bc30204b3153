//! The channel's conversation, with a server and a store that are scripted.

#[path = "tests/stage.rs"]
mod stage;

use bytes::{BufMut, Bytes};
use porthole_remote::{
    Disposition, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Wanted,
};
use stage::*;

use super::files::OPEN_MAX;
use super::names::utf16;
use super::status::Status;
use super::{DRIVE, PRINTER};

#[test]
fn devices_are_announced_once_somebody_has_logged_on() {
    let mut stage = Stage::new(true, true);
    let told = stage.hear(&[0x72, 0x44, 0x6e, 0x49, 1, 0, 13, 0, 7, 0, 0, 0]).unwrap();
    assert_eq!(told[0], [0x72, 0x44, 0x43, 0x43, 1, 0, 13, 0, 7, 0, 0, 0]);
    assert_eq!(told[1][..8], [0x72, 0x44, 0x4e, 0x43, 1, 0, 0, 0]);
    assert!(told[1].ends_with(b"\x08\0\0\0A\0D\0A\0\0\0"));
    let mut capabilities = vec![0x72, 0x44, 0x50, 0x53, 1, 0, 0, 0, 1, 0, 44, 0, 2, 0, 0, 0];
    capabilities.put_bytes(0, 20);
    capabilities.put_u32_le(7);
    capabilities.put_bytes(0, 12);
    let told = stage.hear(&capabilities).unwrap();
    assert_eq!((told.len(), told[0].len()), (1, 8 + 44 + 16));
    let confirm = [0x72, 0x44, 0x43, 0x43, 1, 0, 13, 0, 7, 0, 0, 0];
    assert_eq!(stage.hear(&confirm).unwrap(), Told::new());
    let told = stage.hear(&[0x72, 0x44, 0x4c, 0x55]).unwrap();
    let (list, text) = (&told[0], |text: &str| utf16(text));
    assert_eq!(list[4..8], [2, 0, 0, 0]);
    assert_eq!(list[8..24], *b"\x08\0\0\0\x01\0\0\0Porthol\0");
    let holds = |part: &[u8]| list.windows(part.len()).any(|window| window == part);
    for part in [text("Porthole\0"), text("MS Publisher Imagesetter\0"), text("Paper\0")] {
        assert!(holds(&part));
    }
    assert!(holds(b"PRN1\0\0\0\0"));
    stage.store(&DriveAct::MakeDirectory("Download".into()), Err(DriveError::Exists));

    // Once is enough, and before the server has confirmed us, it is too early.
    assert_eq!(stage.hear(&[0x72, 0x44, 0x4c, 0x55]).unwrap(), Told::new());
    let mut stage = Stage::new(true, false);
    stage.hear(&[0x72, 0x44, 0x6e, 0x49, 1, 0, 12, 0, 7, 0, 0, 0]).unwrap();
    assert_eq!(stage.hear(&[0x72, 0x44, 0x4c, 0x55]).unwrap(), Told::new());
    stage.hear(&capabilities).unwrap();
    let told = stage.hear(&confirm).unwrap();
    assert_eq!(told[0][..8], [0x72, 0x44, 0x41, 0x44, 1, 0, 0, 0]);

    // Without the promise to tell of log-ons, the devices come at once.
    let mut stage = Stage::new(false, false);
    assert_eq!(stage.announce(), [[0x72, 0x44, 0x41, 0x44, 0, 0, 0, 0]]);
    let refused = stage.hear(b"\x72\x44\x72\x64\x01\0\0\0\x22\0\0\xc0").unwrap();
    assert!(String::from_utf8_lossy(&refused[0]).contains("drive"));
}

#[test]
fn a_file_is_made_written_read_and_offered() {
    let mut stage = Stage::new(true, false);
    assert_eq!(stage.create("\\Download\\a.txt", 2, 0x40), Told::new());
    let open = DriveAct::Open {
        path: "Download/a.txt".into(),
        wanted: Wanted::File,
        disposition: Disposition::New,
        write: true,
    };
    let told = stage.store(&open, Ok(DriveDone::Opened(entry("a.txt"))));
    let (status, rest) = stage.answer(&told);
    assert_eq!((status, rest.len()), (Status::SUCCESS, 5));
    let file = u32::from_le_bytes(rest[..4].try_into().unwrap());

    stage.request(DRIVE, file, WRITE, 0, &write(b"hello", 3));
    let act = DriveAct::Write { file, offset: 3, data: Bytes::from_static(b"hello") };
    let told = stage.store(&act, Ok(DriveDone::Done));
    assert_eq!(stage.answer(&told), (Status::SUCCESS, vec![5, 0, 0, 0, 0]));

    stage.request(DRIVE, file, READ, 0, &read(100, 1));
    let act = DriveAct::Read { file, offset: 1, len: 100 };
    let told = stage.store(&act, Ok(DriveDone::Data(Bytes::from_static(b"ello"))));
    assert_eq!(stage.answer(&told), (Status::SUCCESS, b"\x04\0\0\0ello".to_vec()));

    let mut times = vec![0; 36];
    times[16..24].copy_from_slice(&super::information::file_time(5).to_le_bytes());
    stage.request(DRIVE, file, SET_INFORMATION, 0, &set(4, &times));
    let path = "Download/a.txt".to_owned();
    let act = DriveAct::SetModified { path: path.clone(), modified_ms: 5 };
    let told = stage.store(&act, Ok(DriveDone::Done));
    assert_eq!(stage.answer(&told), (Status::SUCCESS, vec![36, 0, 0, 0, 0]));

    stage.request(DRIVE, file, CLOSE, 0, &[0; 32]);
    let told = stage.store(&DriveAct::Close { file, remove: None }, Ok(DriveDone::Done));
    assert_eq!(stage.answer(&told), (Status::SUCCESS, vec![0; 4]));
    assert_eq!(stage.store(&DriveAct::Offer(path), Ok(DriveDone::Done)), Told::new());
    let told = stage.request(DRIVE, file, READ, 0, &read(1, 0));
    assert_eq!(stage.answer(&told).0, Status::INVALID_HANDLE);
}

#[test]
fn long_reads_and_writes_go_piece_by_piece() {
    let mut stage = Stage::new(true, false);
    let file = stage.open("f", false);
    let piece = DriveRequest::DATA_MAX_BYTES;
    let data = Bytes::from(vec![7; piece + 3]);
    stage.request(DRIVE, file, WRITE, 0, &write(&data, 10));
    let first = DriveAct::Write { file, offset: 10, data: data.slice(..piece) };
    assert_eq!(stage.store(&first, Ok(DriveDone::Done)), Told::new());
    let offset = 10 + piece as u64;
    let second = DriveAct::Write { file, offset, data: data.slice(piece..) };
    let told = stage.store(&second, Ok(DriveDone::Done));
    assert_eq!(stage.answer(&told).1[..4], u32::try_from(piece + 3).unwrap().to_le_bytes());

    // However much is asked for, no more than a MiB is read.
    stage.request(DRIVE, file, READ, 0, &read(u32::MAX, 0));
    for index in 0..4 {
        let act = DriveAct::Read { file, offset: index * piece as u64, len: piece };
        let told = stage.store(&act, Ok(DriveDone::Data(data.slice(..piece))));
        if index == 3 {
            let (status, rest) = stage.answer(&told);
            assert_eq!((status, rest.len()), (Status::SUCCESS, 4 + 4 * piece));
        }
    }
    // A file that ends between two pieces.
    stage.request(DRIVE, file, READ, 0, &read(u32::MAX, 0));
    let act = DriveAct::Read { file, offset: 0, len: piece };
    stage.store(&act, Ok(DriveDone::Data(data.slice(..piece))));
    let act = DriveAct::Read { file, offset: piece as u64, len: piece };
    let told = stage.store(&act, Ok(DriveDone::Data(Bytes::new())));
    assert_eq!(stage.answer(&told).1.len(), 4 + piece);
}

#[test]
fn directories_are_listed_by_pattern_and_page() {
    let mut stage = Stage::new(true, false);
    let file = stage.open("d", true);
    stage.request(DRIVE, file, DIRECTORY, 1, &list(12, Some("\\d\\*.TXT")));
    let act =
        |after: Option<&str>| DriveAct::List { path: "d".into(), after: after.map(str::to_owned) };
    let page = DriveDone::Page { entries: vec![entry("a.png"), entry("b.txt")], more: true };
    let told = stage.store(&act(None), Ok(page));
    let (status, rest) = stage.answer(&told);
    assert_eq!((status, &rest[16..]), (Status::SUCCESS, &utf16("b.txt")[..]));
    stage.request(DRIVE, file, DIRECTORY, 1, &list(12, None));
    let page = DriveDone::Page { entries: vec![entry("c.png")], more: false };
    let told = stage.store(&act(Some("b.txt")), Ok(page));
    assert_eq!(stage.answer(&told).0, Status::NO_MORE_FILES);
    let told = stage.request(DRIVE, file, DIRECTORY, 1, &list(7, None));
    assert_eq!(stage.answer(&told).0, Status::NOT_SUPPORTED);

    stage.request(DRIVE, file, DIRECTORY, 1, &list(3, Some("\\d\\none")));
    // Another while one is on its way.
    let told = stage.request(DRIVE, file, DIRECTORY, 1, &list(3, None));
    assert_eq!(stage.answer(&told).0, Status::INSUFFICIENT_RESOURCES);
    let page = DriveDone::Page { entries: vec![], more: true };
    let told = stage.store(&act(None), Ok(page));
    assert_eq!(told[0][12..16], Status::NO_SUCH_FILE.0.to_le_bytes());
    // Changes are waited for in silence.
    assert_eq!(stage.request(DRIVE, file, DIRECTORY, 2, &[0; 32]), Told::new());
}

#[test]
fn files_are_renamed_deleted_and_cut() {
    let mut stage = Stage::new(true, false);
    let (file, below) = (stage.open("a", true), stage.open("a\\b", false));
    stage.request(DRIVE, file, SET_INFORMATION, 0, &set(10, &rename("\\c d")));
    let act = DriveAct::Rename { from: "a".into(), to: "c d".into(), replace: true };
    stage.store(&act, Ok(DriveDone::Done));
    stage.request(DRIVE, below, QUERY_INFORMATION, 0, &[5, 0, 0, 0]);
    let told = stage.store(&DriveAct::Stat("c d/b".into()), Ok(DriveDone::Entry(entry("b"))));
    assert_eq!(stage.answer(&told).1.len(), 4 + 22);

    // A full directory stays, an empty one goes when it is closed.
    let look = DriveAct::List { path: "c d".into(), after: None };
    stage.request(DRIVE, file, SET_INFORMATION, 0, &set(13, &[1]));
    let full = DriveDone::Page { entries: vec![entry("b")], more: false };
    let told = stage.store(&look, Ok(full));
    assert_eq!(stage.answer(&told).0, Status::DIRECTORY_NOT_EMPTY);
    let told = stage.request(DRIVE, below, SET_INFORMATION, 0, &set(13, &[]));
    assert_eq!(stage.answer(&told).0, Status::SUCCESS);
    stage.request(DRIVE, below, CLOSE, 0, &[]);
    let close = DriveAct::Close { file: below, remove: Some("c d/b".into()) };
    stage.store(&close, Ok(DriveDone::Done));
    stage.request(DRIVE, file, SET_INFORMATION, 0, &set(13, &[1]));
    stage.store(&look, Ok(DriveDone::Page { entries: vec![], more: false }));
    stage.request(DRIVE, file, CLOSE, 0, &[]);
    let close = DriveAct::Close { file, remove: Some("c d".into()) };
    let told = stage.store(&close, Err(DriveError::NotEmpty));
    assert_eq!(stage.answer(&told).0, Status::DIRECTORY_NOT_EMPTY);

    let file = stage.open("f", false);
    stage.request(DRIVE, file, SET_INFORMATION, 0, &set(20, &9_u64.to_le_bytes()));
    let told = stage.store(&DriveAct::SetLen { file, len: 9 }, Err(DriveError::NoSpace));
    assert_eq!(stage.answer(&told).0, Status::DISK_FULL);
    stage.request(DRIVE, file, QUERY_VOLUME, 0, &[3, 0, 0, 0]);
    let space = DriveDone::Space { free_bytes: 8192, total_bytes: 40960 };
    let told = stage.store(&DriveAct::Space, Ok(space));
    assert_eq!(stage.answer(&told).1[4..20], [10_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat());
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_asked() {
    let mut stage = Stage::new(true, false);
    let file = stage.open("f", false);
    for path in ["\\..\\x", "\\a\\..\\..\\etc", "/a/../b", "\\a:stream"] {
        let told = stage.create(path, 5, 0);
        assert_eq!(stage.answer(&told), (Status::OBJECT_NAME_INVALID, vec![0; 5]), "{path}");
        let told = stage.request(DRIVE, file, SET_INFORMATION, 0, &set(10, &rename(path)));
        assert_eq!(stage.answer(&told).0, Status::OBJECT_NAME_INVALID, "{path}");
    }
    for (device, file, major, body, want) in [
        (DRIVE, 0, CREATE, create("\\x", 9, 0), Status::INVALID_PARAMETER),
        (DRIVE, 0, CREATE, create("\\x", 1, 0x41), Status::INVALID_PARAMETER),
        (DRIVE, 999, READ, read(1, 0), Status::INVALID_HANDLE),
        (DRIVE, file, DIRECTORY, list(3, Some("*")), Status::NOT_A_DIRECTORY),
        (DRIVE, file, 0xe, vec![0; 32], Status::INVALID_DEVICE_REQUEST),
        (DRIVE, file, 0xb, vec![], Status::NOT_SUPPORTED),
        (DRIVE, file, 0x77, vec![], Status::NOT_SUPPORTED),
        (DRIVE, file, SET_INFORMATION, set(99, &[]), Status::NOT_SUPPORTED),
        (PRINTER, 0, CREATE, create("", 1, 0), Status::NO_SUCH_DEVICE),
        (77, file, CLOSE, vec![], Status::NO_SUCH_DEVICE),
    ] {
        let told = stage.request(device, file, major, u32::from(major == DIRECTORY), &body);
        assert_eq!(stage.answer(&told).0, want, "{major}");
    }
    let told = stage.request(DRIVE, file, 0x11, 0, &[0; 32]);
    assert_eq!(stage.answer(&told), (Status::SUCCESS, vec![0; 5]));
    assert_eq!(stage.requests, []);
}

#[test]
fn directories_that_nobody_uses_make_room() {
    let mut stage = Stage::new(true, false);
    let forgotten = stage.open("d", true);
    for _ in 1..OPEN_MAX {
        stage.open("f", false);
    }
    assert!(stage.create("\\d", 1, 0).is_empty());
    let close = DriveAct::Close { file: forgotten, remove: None };
    assert!(stage.store(&close, Ok(DriveDone::Done)).is_empty());
    let told = stage.create("\\d", 1, 0);
    assert_eq!(stage.answer(&told).0, Status::INSUFFICIENT_RESOURCES);
}

#[test]
fn requests_are_bounded() {
    let mut stage = Stage::new(true, false);
    let file = stage.open("f", false);
    let mut refused = 0;
    for _ in 0..1000 {
        let told = stage.request(DRIVE, file, READ, 0, &read(1 << 16, 0));
        refused += told.len();
    }
    // Sixteen MiB are read at a time, and forty requests are with the store.
    assert_eq!((refused, stage.requests.len()), (1000 - 256, 40));
    let big = vec![0; 4 << 20];
    let told = stage.request(DRIVE, file, WRITE, 0, &write(&big, 0));
    assert_eq!(stage.answer(&told).0, Status::INSUFFICIENT_RESOURCES);
    // As one is answered, the next is sent.
    let act = DriveAct::Read { file, offset: 0, len: 1 << 16 };
    stage.store(&act, Err(DriveError::Io));
    assert_eq!(stage.requests.len(), 40);

    let mut stage = Stage::new(true, false);
    for number in 0..300 {
        let told = stage.create(&format!("\\{number}"), 3, 0);
        if told.is_empty() {
            let request = stage.requests.remove(0);
            let result = Ok(DriveDone::Opened(entry("f")));
            let reply = DriveReply { number: request.number, result };
            stage.devices.handle_reply(reply, &mut stage.outbox);
            stage.drain();
        } else {
            assert_eq!(stage.answer(&told).0, Status::INSUFFICIENT_RESOURCES);
            assert_eq!(number, 240);
            return;
        }
    }
    panic!("files without end");
}

#[test]
fn a_server_that_begins_anew_has_nothing_open() {
    let mut stage = Stage::new(true, false);
    let file = stage.open("f", false);
    stage.create("\\g", 3, 0);
    stage.announce();
    let open = stage.requests.remove(0);
    let close = DriveAct::Close { file, remove: None };
    assert_eq!(stage.store(&close, Ok(DriveDone::Done)), Told::new());
    stage.store(&DriveAct::MakeDirectory("Download".into()), Ok(DriveDone::Done));
    // What was being opened is closed once it is open.
    let reply = DriveReply { number: open.number, result: Ok(DriveDone::Opened(entry("g"))) };
    stage.devices.handle_reply(reply, &mut stage.outbox);
    assert_eq!(stage.drain(), Told::new());
    let close = DriveAct::Close { file: open.number, remove: None };
    stage.store(&close, Ok(DriveDone::Done));
    // Somebody else's answer.
    let reply = DriveReply { number: 1 << 31, result: Ok(DriveDone::Done) };
    stage.devices.handle_reply(reply, &mut stage.outbox);
    assert_eq!(stage.drain(), Told::new());
}

#[test]
fn a_print_job_is_written_in_order() {
    let mut stage = Stage::new(false, true);
    stage.request(PRINTER, 0, CREATE, 0, &create("", 1, 0));
    let act = DriveAct::OpenJob { title: String::new() };
    let told = stage.store(&act, Ok(DriveDone::Opened(DriveEntry::default())));
    let file = u32::from_le_bytes(stage.answer(&told).1[..4].try_into().unwrap());
    for (offset, data) in [(0, &b"%!PS"[..]), (4, b" more")] {
        // Whatever place the server names.
        stage.request(PRINTER, file, WRITE, 0, &write(data, 0));
        let act = DriveAct::Write { file, offset, data: Bytes::copy_from_slice(data) };
        let told = stage.store(&act, Ok(DriveDone::Done));
        assert_eq!(stage.answer(&told).0, Status::SUCCESS);
    }
    let told = stage.request(PRINTER, file, READ, 0, &read(1, 0));
    assert_eq!(stage.answer(&told).0, Status::NOT_SUPPORTED);
    let told = stage.request(DRIVE, file, READ, 0, &read(1, 0));
    assert_eq!(stage.answer(&told).0, Status::NO_SUCH_DEVICE);
    stage.request(PRINTER, file, CLOSE, 0, &[0; 32]);
    stage.store(&DriveAct::Close { file, remove: None }, Ok(DriveDone::Done));
}

#[test]
fn every_truncation_is_an_error_and_nothing_worse() {
    let requests = [
        (CREATE, 0, create("\\abc", 1, 0)),
        (READ, 0, read(5, 0)[..12].to_vec()),
        (WRITE, 0, write(b"abc", 0)),
        (QUERY_INFORMATION, 0, vec![4, 0, 0, 0]),
        (SET_INFORMATION, 0, set(20, &[0; 8])),
        (SET_INFORMATION, 0, set(10, &rename("\\b"))),
        (DIRECTORY, 1, list(3, Some("*"))),
        (QUERY_VOLUME, 0, vec![1, 0, 0, 0]),
    ];
    for (major, minor, body) in requests {
        let mut message = vec![0x72, 0x44, 0x52, 0x49];
        for field in [DRIVE, 1, 1, major, minor] {
            message.put_u32_le(field);
        }
        message.put_slice(&body);
        for len in 0..message.len() {
            let result = Stage::new(true, true).hear(&message[..len]);
            assert!(result.is_err(), "{major} {len}");
        }
        assert!(Stage::new(true, true).hear(&message).is_ok());
    }
    for message in [
        &[0x72, 0x44, 0x6e, 0x49, 1, 0, 13][..],
        &[0x72, 0x44, 0x50, 0x53, 1, 0, 0, 0, 1, 0, 4, 0, 2, 0, 0, 0],
        &[0x72, 0x44, 0x50, 0x53, 255, 255, 0, 0, 2, 0, 8, 0, 2, 0, 0, 0],
        &[0x72, 0x44, 0x72, 0x64, 1],
        &[0x72],
    ] {
        assert!(Stage::new(true, true).hear(message).is_err(), "{message:?}");
    }
    // Lengths that are lies.
    let mut path = create("\\a", 1, 0);
    path[28..32].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut data = write(b"abc", 0);
    data[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    for (major, body) in [(CREATE, path), (WRITE, data)] {
        let mut message = vec![0x72, 0x44, 0x52, 0x49];
        for field in [DRIVE, 1, 1, major, 0] {
            message.put_u32_le(field);
        }
        message.put_slice(&body);
        assert!(Stage::new(true, true).hear(&message).is_err());
    }
    let mut stage = Stage::new(true, true);
    let giant = [&u32::MAX.to_le_bytes()[..], &3_u32.to_le_bytes(), b"rDIR"].concat();
    assert!(stage.devices.receive(&giant, &mut stage.outbox).is_err());
}
