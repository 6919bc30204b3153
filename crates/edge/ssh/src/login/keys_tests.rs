use porthole_testkit::servers::{output_of, ssh_keygen, ssh_sign};
use std::{path::Path, process::Command, time::Duration};

use super::{BadKey, check_certificate, check_key};

fn made(folder: &Path, name: &str, passphrase: &str, words: &[&str]) -> String {
    let file = folder.join(name);
    ssh_keygen(&file, passphrase, words).unwrap();
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn every_form_of_key_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let kinds: [&[&str]; 5] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "2048"],
    ];
    for (number, kind) in kinds.iter().enumerate() {
        // Ed25519 has no form but OpenSSH's own in ssh-keygen.
        let forms: &[&str] = if number == 0 { &[] } else { &["PKCS8", "PEM"] };
        let plain = made(folder.path(), &format!("{number}"), "", kind);
        assert_eq!(check_key(&plain, None), Ok(()), "{kind:?}");
        // A passphrase that nothing needs does no harm.
        assert_eq!(check_key(&plain, Some("unneeded")), Ok(()), "{kind:?}");
        for form in forms {
            let words = [*kind, &["-m", *form][..]].concat();
            let plain = made(folder.path(), &format!("{number}{form}"), "", &words);
            assert_eq!(check_key(&plain, None), Ok(()), "{words:?}");
            assert_eq!(check_key(&plain.replace('\n', "\r\n"), None), Ok(()), "{words:?}");
        }
    }
}

#[test]
fn passphrases_are_needed_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str]); 4] = [
        ("openssh", &["-t", "ed25519"]),
        ("aes-gcm", &["-t", "ed25519", "-Z", "aes256-gcm@openssh.com"]),
        ("pkcs8-rsa", &["-t", "rsa", "-b", "2048", "-m", "PKCS8"]),
        ("pem-rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM"]),
    ];
    for (name, words) in cases {
        let text = made(folder.path(), name, "geheim7", words);
        assert_eq!(check_key(&text, None), Ok(()), "{name}");
        assert_eq!(check_key(&text, Some("geheim7")), Ok(()), "{name}");
        assert_eq!(check_key(&text, Some("geheim8")), Err(BadKey::WrongPassphrase), "{name}");
    }
    let old = made(folder.path(), "pem-ec", "geheim7", &["-t", "ecdsa", "-m", "PEM"]);
    assert_eq!(check_key(&old, Some("geheim7")), Err(BadKey::OldEncryption));
    let costly = made(folder.path(), "costly", "geheim7", &["-t", "ed25519", "-a", "600"]);
    assert_eq!(check_key(&costly, Some("geheim7")), Err(BadKey::Costly));
}

fn putty(folder: &Path, name: &str, words: &[&str]) -> String {
    let (key, file) = (folder.join("plain"), folder.join(name));
    let mut command = Command::new("puttygen");
    command.arg(key).args(["-O", "private", "-o"]).arg(&file).args(words);
    output_of(&mut command, b"", Duration::from_secs(60)).unwrap();
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn keys_of_puttys_are_read() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), "plain", "", &["-t", "ed25519"]);
    std::fs::write(folder.path().join("passphrase"), "geheim7").unwrap();
    let passphrase = folder.path().join("passphrase");
    let passphrase = passphrase.to_str().unwrap();
    for version in ["version=2", "version=3"] {
        let plain = putty(folder.path(), "a.ppk", &["--ppk-param", version]);
        assert_eq!(check_key(&plain, None), Ok(()), "{version}");
        let words = ["--ppk-param", version, "--new-passphrase", passphrase];
        let locked = putty(folder.path(), "b.ppk", &words);
        assert_eq!(check_key(&locked, Some("geheim7")), Ok(()), "{version}");
        assert_eq!(check_key(&locked, Some("x")), Err(BadKey::WrongPassphrase), "{version}");
        if version == "version=3" {
            let costly = locked.replace("Argon2-Passes: ", "Argon2-Passes: 99999");
            assert_eq!(check_key(&costly, Some("geheim7")), Err(BadKey::Costly));
        }
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let empty = "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n";
    for text in ["", "hunter2", empty, "ssh-ed25519 AAAA", "PuTTY-User-Key-File-3: ssh-ed25519\n"] {
        assert_eq!(check_key(text, None), Err(BadKey::Unreadable), "{text}");
    }
    assert_eq!(check_key(&"x".repeat(70_000), None), Err(BadKey::TooLong));
}

#[test]
fn certificates_are_told_from_keys() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), "ca", "", &["-t", "ed25519"]);
    made(folder.path(), "id", "", &["-t", "ed25519"]);
    let (ca, id) = (folder.path().join("ca"), folder.path().join("id"));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(check_certificate(&read("id.pub")), Ok(()));
    ssh_sign(&ca, &id, &["-n", "ada"]).unwrap();
    assert_eq!(check_certificate(&read("id-cert.pub")), Ok(()));
    ssh_sign(&ca, &id, &["-h", "-n", "box"]).unwrap();
    assert_eq!(check_certificate(&read("id-cert.pub")), Err(BadKey::NoCertificate), "a host's");
    assert_eq!(check_certificate("hunter2"), Err(BadKey::NoCertificate));
}
