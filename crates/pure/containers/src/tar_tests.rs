//! Archives of the tars that containers have, and of nobody's.

use std::{fs, process::Command};

use bytes::{Bytes, BytesMut};

use super::{EXTRA_MAX_BYTES, TarError, TarFile, TarPiece, TarReader};

/// Reads an archive in pieces of `cut` bytes.
fn read(archive: &[u8], name: &str, cut: usize) -> Result<(TarFile, Vec<u8>), TarError> {
    let mut reader = TarReader::new(name);
    let (mut arrived, mut file, mut data) = (BytesMut::new(), None, Vec::new());
    for piece in archive.chunks(cut) {
        arrived.extend_from_slice(piece);
        while let Some(piece) = reader.next(&mut arrived)? {
            match piece {
                TarPiece::File(header) => assert_eq!(file.replace(header), None),
                TarPiece::Data(bytes) => data.extend_from_slice(&bytes),
                TarPiece::End => return Ok((file.unwrap(), data)),
            }
        }
    }
    Err(TarError::Broken)
}

/// A header with a right sum.
fn header(name: &str, kind: u8, size: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[124..124 + size.len()].copy_from_slice(size.as_bytes());
    block[136..147].copy_from_slice(b"00000000012");
    block[156] = kind;
    block[257..263].copy_from_slice(b"ustar\0");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

#[test]
#[expect(clippy::disallowed_methods, reason = "real programs read real files")]
fn reads_what_real_tars_write() {
    let dir = tempfile::tempdir().unwrap();
    let long = "n".repeat(200);
    let content: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    for name in ["short", &long] {
        fs::write(dir.path().join(name), &content).unwrap();
        for tar in [
            &["tar", "-c", "-f", "-"][..],
            &["tar", "-c", "--format=ustar", "-f", "-"],
            &["tar", "-c", "--format=posix", "-f", "-"],
            &["tar", "-c", "--format=v7", "-f", "-"],
            &["busybox", "tar", "-c", "-f", "-"],
        ] {
            let output = Command::new(tar[0])
                .args(&tar[1..])
                .arg(format!("./{name}"))
                .current_dir(dir.path())
                .output()
                .unwrap();
            if name.len() > 100
                && tar.iter().any(|word| word.contains("v7") || word.contains("ustar"))
            {
                // Those formats have no room for the name, and tar says so.
                assert!(!output.status.success());
                continue;
            }
            for cut in [1000, 512, 65_536] {
                let (file, data) = read(&output.stdout, name, cut).unwrap();
                assert_eq!(file.size, 100_000, "{tar:?}");
                assert!(file.modified_s > 1_600_000_000);
                assert!(data == content, "{tar:?}");
            }
        }
    }
}

#[test]
fn refuses_what_is_not_the_file() {
    let cases = [
        ("a link", header("f", b'2', "0"), TarError::Link),
        ("a hard link", header("f", b'1', "0"), TarError::Link),
        ("a folder", header("f", b'5', "0"), TarError::NoFile),
        ("a device", header("f", b'3', "0"), TarError::NoFile),
        ("a sparse file", header("f", b'S', "0"), TarError::Broken),
        ("another", header("../f", b'0', "0"), TarError::OtherName),
        ("an absolute one", header("/f", b'0', "0"), TarError::OtherName),
        ("zeros", vec![0; 1024], TarError::Broken),
        ("words", vec![b'x'; 512], TarError::Broken),
        ("a size that is none", header("f", b'0', "9"), TarError::Broken),
        ("a long name", header("f", b'L', "7777777"), TarError::TooLong),
        ("a longer one", header("f", b'x', "77777777777"), TarError::TooLong),
        (
            "pax that ends early",
            [header("p", b'x', "7"), vec![b'9'; 512]].concat(),
            TarError::Broken,
        ),
    ];
    for (name, archive, want) in cases {
        assert_eq!(read(&archive, "f", 512).unwrap_err(), want, "{name}");
    }
}

#[test]
fn endless_headers_end() {
    let name = [header("p", b'g', "0"), header("p", b'K', "1"), vec![0; 512]].concat();
    let archive = name.repeat(usize::try_from(EXTRA_MAX_BYTES / 512).unwrap());
    assert_eq!(read(&archive, "f", 512).unwrap_err(), TarError::TooLong);
}

#[test]
fn large_sizes_are_read_and_nothing_is_held() {
    let mut block = header("f", b'0', "0");
    block[124..136].copy_from_slice(b"\x80\0\0\0\0\0\x01\0\0\0\0\0");
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut reader = TarReader::new("f");
    let mut arrived = BytesMut::from(&block[..]);
    let file = TarFile { size: 1 << 40, modified_s: 10 };
    assert_eq!(reader.next(&mut arrived), Ok(Some(TarPiece::File(file))));
    arrived.extend_from_slice(b"some");
    assert_eq!(reader.next(&mut arrived), Ok(Some(TarPiece::Data(Bytes::from_static(b"some")))));
    assert_eq!(reader.next(&mut arrived), Ok(None));
}
