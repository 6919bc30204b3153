use russh::keys::{PublicKey, parse_public_key_base64};

use super::{KnownHosts, Learned, find, matches, place};

const ONE: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const TWO: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G2sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";
const THREE: &str = "AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

fn key(base64: &str) -> PublicKey {
    parse_public_key_base64(base64).unwrap()
}

#[test]
fn places_are_named_as_openssh_names_them() {
    assert_eq!(place("Box.lab", 22), "box.lab");
    assert_eq!(place("box", 2222), "[box]:2222");
    assert_eq!(place("[::1]", 22), "::1");
    assert_eq!(place("::1", 23), "[::1]:23");
}

#[test]
fn patterns_match_as_shells_have_it() {
    let cases = [
        ("box", "box", true),
        ("BOX", "box", true),
        ("box", "boxes", false),
        ("*", "", true),
        ("*.lab", "a.b.lab", true),
        ("*.lab", "lab", false),
        ("b?x", "box", true),
        ("b?x", "bx", false),
        ("[*]:2222", "[box]:2222", true),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b", "xxaxxbxx", false),
        ("", "a", false),
    ];
    for (pattern, text, want) in cases {
        assert_eq!(matches(pattern, text), want, "{pattern} {text}");
    }
    // Many stars cost no more than the product of the lengths.
    assert!(!matches(&"*a".repeat(2000), &"a".repeat(1999)));
}

#[test]
fn a_file_is_read_line_by_line() {
    let text = format!(
        "# box ssh-ed25519 {TWO}\n\
         box,192.0.2.7\tssh-ed25519 {ONE} a comment\n\
         [box]:2222 ssh-ed25519 {TWO}\n\
         *.lab,!bad.lab ssh-ed25519 {TWO}\n\
         @cert-authority *.lab ssh-ed25519 {THREE}\n\
         @revoked * ssh-ed25519 {THREE}\n\
         |1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= ssh-ed25519 {THREE}\n\
         |1|broken ssh-ed25519 {THREE}\n\
         box ssh-ed25519 AAAA\n\
         box\n\n"
    );
    assert_eq!(find(&text, "box").keys, [key(ONE)]);
    assert_eq!(find(&text, "192.0.2.7").keys, [key(ONE)]);
    assert_eq!(find(&text, "[box]:2222").keys, [key(TWO)]);
    assert_eq!(find(&text, "example.com").keys, [key(THREE)], "hashed");
    let lab = find(&text, "a.lab");
    assert_eq!((lab.keys, lab.authorities), (vec![key(TWO)], vec![key(THREE)]));
    let bad = find(&text, "bad.lab");
    assert!(bad.keys.is_empty());
    assert_eq!(bad.revoked, [key(THREE)]);
}

#[test]
fn the_first_key_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known");
    let known = KnownHosts::new(&path);
    assert!(known.find("box").unwrap().keys.is_empty());
    assert_eq!(known.learn("box", &key(ONE)), Ok(Learned::Added));
    assert_eq!(known.learn("box", &key(ONE)), Ok(Learned::Known));
    assert_eq!(known.learn("box", &key(TWO)), Ok(Learned::Another));
    assert_eq!(known.learn("[box]:23", &key(TWO)), Ok(Learned::Added));
    assert_eq!(known.find("box").unwrap().keys, [key(ONE)]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!("box ssh-ed25519 {ONE}\n[box]:23 ssh-ed25519 {TWO}\n"));
}

#[test]
fn what_cannot_be_kept_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = KnownHosts::new(folder.path().join("no/such/folder"));
    assert!(nowhere.learn("a", &key(ONE)).is_err());
    let path = folder.path().join("known");
    let known = KnownHosts::new(&path);
    assert!(known.learn("a b", &key(ONE)).is_err(), "two words");
    std::fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
    assert!(known.find("a").is_err() && known.learn("a", &key(ONE)).is_err());
}
