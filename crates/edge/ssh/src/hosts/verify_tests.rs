use russh::keys::{
    Algorithm, HashAlg, PrivateKey, PublicKey, PublicKeyOrCertificate,
    key::safe_rng,
    ssh_key::certificate::{Builder, CertType},
};

use super::{HostKeyPin, HostKeys, KnownHosts, Verdict, Verifier};

fn private() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()
}

fn shown(key: &PublicKey) -> PublicKeyOrCertificate {
    key.clone().into()
}

/// A verifier for `box.lab` that goes by a file of these lines.
fn known(lines: &[String], learn: bool) -> (tempfile::TempDir, Verifier) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known_hosts");
    std::fs::write(&path, lines.join("\n")).unwrap();
    let keys = HostKeys::Known { file: KnownHosts::new(path), learn };
    (folder, Verifier::read("box.lab", 22, &keys).unwrap())
}

fn line(words: &str, key: &PublicKey) -> String {
    format!("{words} {}", key.to_openssh().unwrap())
}

fn cause(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Trusted => "trusted",
        Verdict::Unverified(_) => "unverified",
        Verdict::Refused(error) => error.cause(),
    }
}

#[test]
fn keys_are_known_unknown_or_changed() {
    let (one, two) = (private().public_key().clone(), private().public_key().clone());
    let judge = |lines: &[String], learn| cause(known(lines, learn).1.judge(&shown(&one)));
    assert_eq!(judge(&[line("box.lab", &one)], false), "trusted");
    assert_eq!(judge(&[line("box.lab", &two), line("box.lab", &one)], false), "trusted");
    assert_eq!(judge(&[line("other", &one)], false), "host_key_unknown");
    assert_eq!(judge(&[line("[box.lab]:23", &one)], false), "host_key_unknown");
    assert_eq!(judge(&[line("box.lab", &two)], false), "host_key_changed");
    assert_eq!(judge(&[line("box.lab", &two)], true), "host_key_changed");
    let revoked = [line("box.lab", &one), line("@revoked *", &one)];
    assert_eq!(judge(&revoked, false), "host_key_revoked");
    assert_eq!(judge(&[], true), "unverified");
}

#[test]
fn a_server_that_was_met_is_known() {
    let (one, two) = (private().public_key().clone(), private().public_key().clone());
    let (folder, verifier) = known(&[], true);
    assert_eq!(cause(verifier.judge(&shown(&one))), "unverified");
    assert_eq!(cause(verifier.judge(&shown(&one))), "trusted", "met meanwhile");
    assert_eq!(cause(verifier.judge(&shown(&two))), "host_key_changed");
    let file = KnownHosts::new(folder.path().join("known_hosts"));
    let again = Verifier::read("BOX.lab", 22, &HostKeys::Known { file, learn: false }).unwrap();
    assert_eq!(cause(again.judge(&shown(&one))), "trusted");
    assert_eq!(cause(again.judge(&shown(&two))), "host_key_changed");
}

#[test]
fn pins_and_nothing_at_all() {
    let (one, two) = (private().public_key().clone(), private().public_key().clone());
    let read = |keys: HostKeys| Verifier::read("box.lab", 22, &keys);
    let pins = vec![
        HostKeyPin::Key(Box::new(one.clone())),
        HostKeyPin::Sha256(two.fingerprint(HashAlg::Sha256).sha256().unwrap()),
    ];
    let pinned = read(HostKeys::Pinned(pins)).unwrap();
    assert_eq!(cause(pinned.judge(&shown(&one))), "trusted");
    assert_eq!(cause(pinned.judge(&shown(&two))), "trusted");
    let other = private().public_key().clone();
    assert_eq!(cause(pinned.judge(&shown(&other))), "host_key_changed");
    assert_eq!(cause(read(HostKeys::Off).unwrap().judge(&shown(&one))), "unverified");
    assert_eq!(read(HostKeys::Unknown).unwrap_err().cause(), "host_key_unset");
}

#[test]
fn the_kinds_that_are_known_are_asked_for_first() {
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDH";
    assert!(PublicKey::from_openssh(rsa).is_err(), "cut short");
    let ecdsa: Algorithm = "ecdsa-sha2-nistp384".parse().unwrap();
    let key = PrivateKey::random(&mut safe_rng(), ecdsa.clone()).unwrap();
    let (_folder, verifier) = known(&[line("box.lab", key.public_key())], false);
    let kinds = verifier.algorithms();
    assert_eq!((kinds.first(), kinds.len()), (Some(&ecdsa), 6));
    assert!(verifier.certificate_algorithms().is_empty());
    assert!(!kinds.contains(&Algorithm::Rsa { hash: None }), "SHA-1");
}

fn certificate(
    authority: &PrivateKey,
    kind: CertType,
    names: &[&str],
    (from, to): (u64, u64),
) -> PublicKeyOrCertificate {
    let key = private();
    let mut builder =
        Builder::new_with_random_nonce(&mut safe_rng(), key.public_key(), from, to).unwrap();
    builder.cert_type(kind).unwrap().key_id("test").unwrap();
    for name in names {
        builder.valid_principal(*name).unwrap();
    }
    if names.is_empty() {
        builder.all_principals_valid().unwrap();
    }
    builder.sign(authority).unwrap().into()
}

#[test]
fn certificates_are_for_this_host_and_now() {
    let (authority, stranger) = (private(), private());
    let (_folder, verifier) =
        known(&[line("@cert-authority *.lab", authority.public_key())], false);
    assert_eq!(verifier.certificate_algorithms().len(), 6);
    let always = (0, u64::MAX);
    let judge = |shown: PublicKeyOrCertificate| cause(verifier.judge(&shown));
    let host = CertType::Host;
    assert_eq!(judge(certificate(&authority, host, &["a.lab", "box.lab"], always)), "trusted");
    assert_eq!(judge(certificate(&authority, host, &["*.lab"], always)), "trusted");
    let bad = [
        certificate(&authority, host, &["a.lab"], always),
        certificate(&authority, host, &[], always),
        certificate(&authority, CertType::User, &["box.lab"], always),
        certificate(&stranger, host, &["box.lab"], always),
        certificate(&authority, host, &["box.lab"], (0, 1000)),
        certificate(&authority, host, &["box.lab"], (u64::MAX - 1, u64::MAX)),
    ];
    for shown in bad {
        assert_eq!(judge(shown), "host_certificate");
    }
    // Who signs may be revoked, too.
    let lines = [
        line("@cert-authority *", authority.public_key()),
        line("@revoked *", authority.public_key()),
    ];
    let (_folder, verifier) = known(&lines, false);
    let shown = certificate(&authority, host, &["box.lab"], always);
    assert_eq!(cause(verifier.judge(&shown)), "host_key_revoked");
}
