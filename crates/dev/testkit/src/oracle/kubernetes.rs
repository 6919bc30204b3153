//! What a container's side of a stream says.

use bytes::{Bytes, BytesMut};
use porthole_containers::{
    Frame, INTRODUCTION_MAX_BYTES, Introduced, Introduction, LogLines, Outcome, listed,
    tar::{EXTRA_MAX_BYTES, TarError, TarPiece, TarReader},
    without_addresses,
};

/// The first byte says how the network cuts; a server sends all the others: as one frame, as a tar
/// archive, as a log, as a program that is introduced, as a listing. Cuts change nothing, no more comes
/// out than went in, nothing is hoarded, and what is for people is one short line.
pub fn kubernetes_frames(bytes: &[u8]) {
    let Some((cut, said)) = bytes.split_first() else { return };
    let cut = usize::from(*cut) + 1;
    match Frame::read(Bytes::copy_from_slice(said)) {
        Frame::Output(data) | Frame::Errors(data) => assert_eq!(data.len() + 1, said.len()),
        Frame::Status(status) => status_is_fit(&status),
        Frame::Closed | Frame::Other => {}
    }
    status_is_fit(said);
    assert_eq!(archive(said.chunks(cut)), archive([said]), "cutting the archive changed it");
    assert_eq!(log(said.chunks(cut)), log([said]), "cutting the log changed it");
    introduction(said, cut);
    for line in String::from_utf8_lossy(said).lines() {
        if let Some(listed) = listed(line) {
            assert!(line.ends_with(listed.name));
        }
    }
}

fn status_is_fit(status: &[u8]) {
    if let Outcome::Failed(words) = Outcome::read(status) {
        assert!(!words.is_empty() && words.len() <= 256 && !words.contains(char::is_control));
        assert!(!without_addresses(&words).contains("://"));
    }
}

type Archive = (Option<u64>, Vec<u8>, Result<bool, TarError>);

/// The file's size, its bytes, and whether it is whole.
fn archive<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Archive {
    let mut reader = TarReader::new("f");
    let (mut arrived, mut size, mut data) = (BytesMut::new(), None, Vec::new());
    for piece in pieces {
        arrived.extend_from_slice(piece);
        let most = arrived.len();
        loop {
            match reader.next(&mut arrived) {
                Ok(Some(TarPiece::File(file))) => assert_eq!(size.replace(file.size), None),
                Ok(Some(TarPiece::Data(bytes))) => {
                    assert!(!bytes.is_empty() && bytes.len() <= most);
                    data.extend_from_slice(&bytes);
                }
                Ok(Some(TarPiece::End)) => {
                    assert_eq!(size, Some(data.len() as u64));
                    return (size, data, Ok(true));
                }
                Ok(None) => break,
                Err(error) => return (size, data, Err(error)),
            }
        }
        assert!(arrived.len() as u64 <= EXTRA_MAX_BYTES + 512, "{} hoarded", arrived.len());
    }
    assert!(size.unwrap_or(u64::MAX) >= data.len() as u64);
    (size, data, Ok(false))
}

/// What is shown of a log, and where it would go on.
fn log<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<String>) {
    let mut lines = LogLines::new(false);
    let (mut shown, mut said) = (Vec::new(), 0);
    for piece in pieces {
        shown.extend(lines.take(piece));
        said += piece.len();
    }
    // A line end becomes two bytes.
    assert!(shown.len() <= 2 * said);
    (shown, lines.last().map(str::to_owned))
}

fn introduction(said: &[u8], cut: usize) {
    let mut reader = Introduction::default();
    let mut taken = 0;
    for piece in said.chunks(cut) {
        taken += piece.len();
        match reader.take(piece) {
            Introduced::More => assert!(taken <= INTRODUCTION_MAX_BYTES, "{taken} hoarded"),
            Introduced::As(_, rest) => {
                return assert!(said.get(..taken).is_some_and(|s| s.ends_with(&rest)));
            }
            Introduced::Not(rest) => return assert_eq!(said.get(..taken), Some(&rest[..])),
        }
    }
}
