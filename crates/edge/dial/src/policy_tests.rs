//! Tables of what opens and what stays shut.

use std::{net::SocketAddr, os::unix::net::UnixListener, path::Path};

use super::{PolicyError, Protocol, Rule, RuleError, Special, TargetPolicy};

fn rule(networks: &[&str]) -> Rule {
    Rule {
        protocols: vec![Protocol::Vnc],
        networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
        names: vec![],
        ports: vec![5900..=5999],
        allow_special: true,
    }
}

fn policy(networks: &[&str]) -> TargetPolicy {
    TargetPolicy { rules: vec![rule(networks)], unix_dirs: vec![] }
}

/// What the policy made of `ip` on port 5900: `None` when open, the special kind when that was why.
fn verdict(policy: &TargetPolicy, ip: &str) -> Result<SocketAddr, Option<Special>> {
    let addr = SocketAddr::new(ip.parse().unwrap(), 5900);
    match policy.check(Protocol::Vnc, addr) {
        Ok(checked) => Ok(checked.get()),
        Err(PolicyError::Special { special, .. }) => Err(Some(special)),
        Err(_) => Err(None),
    }
}

#[test]
fn an_empty_policy_refuses_everything() {
    assert_eq!(verdict(&TargetPolicy::default(), "192.0.2.1"), Err(None));
    assert_eq!(verdict(&TargetPolicy::default(), "2001:db8::1"), Err(None));
    let empty = |rule| TargetPolicy { rules: vec![rule], unix_dirs: vec![] };
    let full = rule(&["0.0.0.0/0"]);
    let nothing = [
        Rule { protocols: vec![], ..full.clone() },
        Rule { networks: vec![], ..full.clone() },
        Rule { ports: vec![], ..full },
    ];
    for rule in nothing {
        assert_eq!(verdict(&empty(rule), "192.0.2.1"), Err(None));
    }
}

#[test]
fn all_three_parts_of_a_rule_count() {
    let policy = policy(&["10.0.0.0/8", "2001:db8::/32"]);
    let cases = [
        (Protocol::Vnc, "10.1.2.3:5900", true),
        (Protocol::Vnc, "10.1.2.3:5999", true),
        (Protocol::Vnc, "[2001:db8::1]:5901", true),
        (Protocol::Vnc, "10.1.2.3:6000", false),
        (Protocol::Vnc, "10.1.2.3:5899", false),
        (Protocol::Vnc, "11.0.0.1:5900", false),
        (Protocol::Vnc, "[2001:db9::1]:5900", false),
        (Protocol::Ssh, "10.1.2.3:5900", false),
    ];
    for (protocol, addr, want) in cases {
        let addr = addr.parse().unwrap();
        assert_eq!(policy.check(protocol, addr).is_ok(), want, "{protocol} {addr}");
    }
}

#[test]
fn parts_of_different_rules_do_not_add_up() {
    let mut ssh = rule(&["192.0.2.0/24"]);
    ssh.protocols = vec![Protocol::Ssh];
    let policy = TargetPolicy { rules: vec![rule(&["10.0.0.0/8"]), ssh], unix_dirs: vec![] };
    assert_eq!(verdict(&policy, "192.0.2.1"), Err(None));
    assert!(verdict(&policy, "10.0.0.1").is_ok());
}

#[test]
fn broad_rules_leave_special_addresses_shut() {
    let policy = policy(&["0.0.0.0/0", "::/0", "127.0.0.0/7", "fe00::/7"]);
    let cases = [
        ("127.0.0.1", Special::Loopback),
        ("127.255.255.255", Special::Loopback),
        ("::1", Special::Loopback),
        ("0.0.0.0", Special::Unspecified),
        ("0.1.2.3", Special::Unspecified),
        ("::", Special::Unspecified),
        ("169.254.1.1", Special::LinkLocal),
        ("fe80::1", Special::LinkLocal),
        ("febf::1", Special::LinkLocal),
        ("224.0.0.1", Special::Multicast),
        ("239.255.255.255", Special::Multicast),
        ("ff02::1", Special::Multicast),
        ("240.0.0.1", Special::Reserved),
        ("255.255.255.255", Special::Reserved),
        ("64:ff9b:1::1", Special::SiteNat64),
        ("169.254.169.254", Special::Metadata),
        ("169.254.170.2", Special::Metadata),
        ("100.100.100.200", Special::Metadata),
        ("168.63.129.16", Special::Metadata),
        ("fd00:ec2::254", Special::Metadata),
        ("fd20:ce::254", Special::Metadata),
        ("fe80::a9fe:a9fe", Special::Metadata),
    ];
    for (ip, want) in cases {
        assert_eq!(verdict(&policy, ip), Err(Some(want)), "{ip}");
    }
    for ip in ["192.0.2.1", "10.0.0.1", "100.100.100.201", "2001:db8::1", "fd00::1"] {
        assert!(verdict(&policy, ip).is_ok(), "{ip}");
    }
}

#[test]
fn a_rule_opens_the_special_range_that_it_names() {
    let named = policy(&[
        "127.0.0.0/8",
        "::1/128",
        "169.254.0.0/16",
        "fe80::/10",
        "255.255.255.255/32",
        "64:ff9b:1::/96",
    ]);
    for ip in ["127.0.0.1", "::1", "169.254.9.9", "fe80::1", "255.255.255.255"] {
        assert!(verdict(&named, ip).is_ok(), "{ip}");
    }
    assert!(verdict(&named, "64:ff9b:1::a00:1").is_ok());
    // Metadata lies inside these networks, and stays shut.
    for ip in ["169.254.169.254", "169.254.170.23", "fe80::a9fe:a9fe"] {
        assert_eq!(verdict(&named, ip), Err(Some(Special::Metadata)), "{ip}");
    }
    let metadata = policy(&["169.254.169.254/32", "fd00:ec2::254/128"]);
    for ip in ["169.254.169.254", "fd00:ec2::254"] {
        assert!(verdict(&metadata, ip).is_ok(), "{ip}");
    }
}

#[test]
fn naming_is_not_enough_without_the_flag() {
    let mut policy = policy(&["127.0.0.1/32", "169.254.169.254/32"]);
    policy.rules[0].allow_special = false;
    assert_eq!(verdict(&policy, "127.0.0.1"), Err(Some(Special::Loopback)));
    assert_eq!(verdict(&policy, "169.254.169.254"), Err(Some(Special::Metadata)));
}

#[test]
fn rules_that_cannot_work_are_found() {
    let good = rule(&["127.0.0.0/8", "10.0.0.0/8"]);
    assert_eq!(good.check(), Ok(()));
    let broad = Rule { allow_special: false, ..rule(&["0.0.0.0/0", "::/0", "127.0.0.0/7"]) };
    assert_eq!(broad.check(), Ok(()));

    let empty = |field| Err(RuleError::Empty { field });
    assert_eq!(Rule { protocols: vec![], ..good.clone() }.check(), empty("protocols"));
    assert_eq!(Rule { networks: vec![], ..good.clone() }.check(), empty("networks"));
    assert_eq!(Rule { ports: vec![], ..good.clone() }.check(), empty("ports"));
    let mut backwards = good.clone();
    backwards.ports = vec![std::ops::RangeInclusive::new(5910, 5900)];
    assert_eq!(backwards.check(), Err(RuleError::EmptyPorts { first: 5910, last: 5900 }));
    for network in ["127.0.0.1/32", "fe80::/10", "169.254.169.254/32", "fd00:ec2::254/128"] {
        let unflagged = Rule { allow_special: false, ..rule(&[network]) };
        let error = unflagged.check().unwrap_err();
        assert!(matches!(error, RuleError::NeedsFlag { .. }), "{network}: {error}");
    }
}

#[test]
fn ipv4_in_disguise_is_judged_as_ipv4() {
    let policy = policy(&["10.0.0.0/8", "::/0"]);
    let shut = [
        // Mapped, compatible, translated, NAT64.
        ("::ffff:127.0.0.1", Some(Special::Loopback)),
        ("::ffff:169.254.169.254", Some(Special::Metadata)),
        ("::ffff:192.0.2.1", None),
        ("::127.0.0.1", Some(Special::Loopback)),
        ("::ffff:0:127.0.0.1", Some(Special::Loopback)),
        ("64:ff9b::127.0.0.1", Some(Special::Loopback)),
        ("64:ff9b::169.254.169.254", Some(Special::Metadata)),
        ("64:ff9b::192.0.2.1", None),
        // 6to4 through 127.0.0.1 and 192.0.2.1.
        ("2002:7f00:1::1", Some(Special::Loopback)),
        ("2002:c000:201::1", None),
        // Teredo to 127.0.0.1, written as its inverse.
        ("2001:0:c000:201::80ff:fffe", Some(Special::Loopback)),
    ];
    for (ip, want) in shut {
        assert_eq!(verdict(&policy, ip), Err(want), "{ip}");
    }
    let open = [
        ("::ffff:10.0.0.1", "10.0.0.1:5900"),
        ("64:ff9b::10.0.0.1", "[64:ff9b::a00:1]:5900"),
        ("2002:a00:1::1", "[2002:a00:1::1]:5900"),
    ];
    for (ip, want) in open {
        assert_eq!(verdict(&policy, ip), Ok(want.parse().unwrap()), "{ip}");
    }
}

#[test]
fn passing_through_ipv4_needs_both() {
    let only_v4 = policy(&["10.0.0.0/8"]);
    assert_eq!(verdict(&only_v4, "2002:a00:1::1"), Err(None));
    assert!(verdict(&only_v4, "64:ff9b::10.0.0.1").is_ok());
}

#[test]
fn protocols_have_names() {
    for protocol in Protocol::ALL {
        assert_eq!(protocol.to_string().parse(), Ok(protocol));
    }
    assert!("VNC".parse::<Protocol>().is_err());
}

/// Directories `open` and `shut`, each with a socket `s`.
fn sockets() -> (tempfile::TempDir, TargetPolicy, Vec<UnixListener>) {
    let root = tempfile::tempdir().unwrap();
    let listeners = ["open", "shut", "open-too"].map(|name| {
        let dir = root.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        UnixListener::bind(dir.join("s")).unwrap()
    });
    let policy = TargetPolicy { rules: vec![], unix_dirs: vec![root.path().join("open")] };
    (root, policy, listeners.into())
}

#[test]
fn unix_sockets_stay_below_their_directories() {
    let (root, policy, _listeners) = sockets();
    let path = |rest: &str| root.path().join(rest);
    std::os::unix::fs::symlink(path("shut/s"), path("open/escape")).unwrap();
    std::os::unix::fs::symlink(path("open/s"), path("open/alias")).unwrap();
    std::os::unix::fs::symlink(path("shut"), path("open/dir")).unwrap();
    std::fs::write(path("open/file"), "").unwrap();

    for rest in ["open/s", "open/alias", "open/./s"] {
        assert!(policy.check_unix(&path(rest)).is_ok(), "{rest}");
    }
    let cases = [
        ("shut/s", "outside"),
        ("open-too/s", "outside"),
        ("open", "outside"),
        ("open/escape", "outside"),
        ("open/dir/s", "outside"),
        ("open/../shut/s", "path"),
        ("open/file", "path"),
        ("open/absent", "open"),
    ];
    for (rest, want) in cases {
        let got = match policy.check_unix(&path(rest)).unwrap_err() {
            PolicyError::UnixOutside { .. } => "outside",
            PolicyError::UnixPath { .. } => "path",
            PolicyError::UnixOpen { .. } => "open",
            _ => "something else",
        };
        assert_eq!(got, want, "{rest}");
    }
    assert!(policy.check_unix(Path::new("s")).is_err());
    assert!(TargetPolicy::default().check_unix(&path("open/s")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_swapped_after_the_check_changes_nothing() {
    use std::{io::Write, os::unix::net::UnixStream};

    let (root, policy, listeners) = sockets();
    let path = root.path().join("open/s");
    let checked = policy.check_unix(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(root.path().join("shut/s"), &path).unwrap();

    let mut stream = UnixStream::connect(checked.get()).unwrap();
    stream.write_all(b"x").unwrap();
    listeners[1].set_nonblocking(true).unwrap();
    assert!(listeners[0].accept().is_ok());
    assert!(listeners[1].accept().is_err());
}
