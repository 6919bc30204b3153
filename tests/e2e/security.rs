//! Every way in that real servers offer, with the right password and with a wrong one, and every
//! way to check a certificate.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use porthole_link::Category;
use porthole_pixels::Size;
use porthole_testkit::hostile::{HostileServer, Script};
use porthole_testkit::servers::{Certificate, TightVnc, X11Vnc, XtigerVnc, XvncOptions};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

const RIGHT: &str = "rightone";
const WRONG: &str = "wrongone";

/// What is to come of a connection.
enum Want {
    Picture,
    Refused(Category, &'static str),
}

async fn check(lab: &Lab, name: &str, want: &Want) -> Result<()> {
    let mut viewer = Viewer::connect(&lab.options(name)?).await?;
    match want {
        Want::Picture => {
            let has_size = |viewer: &Viewer| viewer.size() == Size::new(320, 200);
            viewer.wait_until("the picture", SOON, has_size).await
        }
        Want::Refused(category, cause) => {
            let (error, _code) = viewer.wait_for_error(SOON).await?;
            let is_so = error.category == *category && error.cause == *cause;
            ensure!(is_so, "{error:?} in place of {category:?} {cause}");
            Ok(())
        }
    }
}

struct Case {
    address: SocketAddr,
    more: String,
    want: Want,
    what: String,
}

async fn check_all(cases: &[Case]) -> Result<()> {
    let mut setup = Setup::new();
    for (number, case) in cases.iter().enumerate() {
        setup = setup.connection(&format!("c{number}"), case.address, &case.more);
    }
    let mut lab = setup.start()?;
    for (number, case) in cases.iter().enumerate() {
        let name = format!("c{number}");
        check(&lab, &name, &case.want).await.with_context(|| case.what.clone())?;
    }
    lab.check_sound(&[RIGHT, WRONG])
}

fn tiger(types: &[&str], certificate: Option<&Certificate>) -> Result<XtigerVnc> {
    XtigerVnc::start(XvncOptions {
        geometry: (320, 200),
        security_types: types,
        password: RIGHT,
        certificate,
        ..XvncOptions::default()
    })
}

/// The configuration that accepts what `certificate`'s authority vouches for.
fn trust(certificate: &Certificate) -> String {
    let authority = certificate.authority_file();
    format!("\n[tls]\nverify = \"ca\"\nca_file = \"{}\"\n", authority.display())
}

fn password(word: &str) -> String {
    format!("password = \"{word}\"\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tigervnc_security_types() -> Result<()> {
    let certificate = Certificate::for_localhost()?;
    let trust = trust(&certificate);
    let mut cases = Vec::new();
    let mut servers = Vec::new();
    for kind in ["None", "VncAuth", "TLSNone", "TLSVnc", "X509None", "X509Vnc"] {
        let server = tiger(&[kind], Some(&certificate))?;
        let takes_password = kind.ends_with("Vnc") || kind == "VncAuth";
        let mut add = |word: &str, want| {
            cases.push(Case {
                address: server.address(),
                more: format!("{}{trust}", password(word)),
                want,
                what: format!("{kind} with {word}"),
            });
        };
        add(RIGHT, Want::Picture);
        if takes_password {
            add(WRONG, Want::Refused(Category::Credentials, "authentication_failed"));
        } else {
            add(WRONG, Want::Picture);
        }
        servers.push(server);
    }
    check_all(&cases).await
}

/// The flavours with a user name, which the server checks through PAM.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tigervnc_plain_types() -> Result<()> {
    let certificate = Certificate::for_localhost()?;
    let trust = trust(&certificate);
    let mut cases = Vec::new();
    let mut servers = Vec::new();
    for kind in ["TLSPlain", "X509Plain"] {
        let server = XtigerVnc::start(XvncOptions {
            geometry: (320, 200),
            security_types: &[kind],
            login: Some(("alice", RIGHT)),
            certificate: Some(&certificate),
            ..XvncOptions::default()
        })?;
        for (user, word, is_right) in
            [("alice", RIGHT, true), ("alice", WRONG, false), ("mallory", RIGHT, false)]
        {
            cases.push(Case {
                address: server.address(),
                more: format!("username = \"{user}\"\n{}{trust}", password(word)),
                want: if is_right {
                    Want::Picture
                } else {
                    Want::Refused(Category::Credentials, "authentication_failed")
                },
                what: format!("{kind} as {user} with {word}"),
            });
        }
        servers.push(server);
    }
    check_all(&cases).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_checked() -> Result<()> {
    let certificate = Certificate::for_localhost()?;
    let stranger = Certificate::for_localhost()?;
    let elsewhere = Certificate::for_names(&["DNS:elsewhere.test"])?;
    let here = tiger(&["X509Vnc"], Some(&certificate))?;
    let misnamed = tiger(&["X509Vnc"], Some(&elsewhere))?;
    let tls = |text: String| format!("{}\n[tls]\n{text}\n", password(RIGHT));
    let ca = |of: &Certificate| {
        format!("verify = \"ca\"\nca_file = \"{}\"", of.authority_file().display())
    };
    let pin = |of: &Certificate| -> Result<String> {
        Ok(format!("verify = \"pin\"\npins = [\"{}\"]", of.sha256_hex()?))
    };
    let untrusted = || Want::Refused(Category::Policy, "tls_unknown_issuer");
    let named = format!("{}\nserver_name = \"elsewhere.test\"", ca(&elsewhere));
    let cases = [
        ("its authority", &here, tls(ca(&certificate)), Want::Picture),
        // Of the same name, so that what differs is the signature.
        (
            "another authority",
            &here,
            tls(ca(&stranger)),
            Want::Refused(Category::Remote, "tls_bad_certificate"),
        ),
        ("its pin", &here, tls(pin(&certificate)?), Want::Picture),
        (
            "another pin",
            &here,
            tls(pin(&stranger)?),
            Want::Refused(Category::Policy, "tls_not_pinned"),
        ),
        ("the system's authorities", &here, password(RIGHT), untrusted()),
        ("no check", &here, tls("verify = \"off\"".into()), Want::Picture),
        (
            "another name",
            &misnamed,
            tls(ca(&elsewhere)),
            Want::Refused(Category::Policy, "tls_wrong_name"),
        ),
        ("the other name expected", &misnamed, tls(named), Want::Picture),
        ("a pin whatever the name", &misnamed, tls(pin(&elsewhere)?), Want::Picture),
    ];
    let cases = cases.map(|(what, server, more, want)| Case {
        address: server.address(),
        more,
        want,
        what: what.to_owned(),
    });
    check_all(&cases).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encryption_can_be_required() -> Result<()> {
    let plain = tiger(&["VncAuth"], None)?;
    let both = tiger(&["VncAuth", "TLSVnc"], None)?;
    let more = format!("{}\n[security]\nrequire_encryption = true\n", password(RIGHT));
    check_all(&[
        Case {
            address: plain.address(),
            more: more.clone(),
            want: Want::Refused(Category::Policy, "security_not_allowed"),
            what: "nothing encrypted".into(),
        },
        Case { address: both.address(), more, want: Want::Picture, what: "something".into() },
    ])
    .await
}

/// `VeNCrypt`'s Plain, from a server that takes any login: user name and password are sent only
/// where the operator says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_in_clear_must_be_asked_for() -> Result<()> {
    let opening = porthole_testkit::hostile::opening(320, 200, b"plain");
    // The same up to the list of types and from the result on; in between, the one type is
    // VeNCrypt, its version 0.2, agreed, and the one sub-type Plain.
    let vencrypt = [1, 19, 0, 2, 0, 1, 0, 0, 1, 0];
    let (version, rest) = opening.split_at(12);
    let script =
        Script::new().send(version).send(vencrypt).send(rest.get(2..).unwrap_or_default()).hang();
    let server = HostileServer::playing(script).await?;
    let login = format!("username = \"somebody\"\n{}", password(RIGHT));
    let case = |allow: bool, want| Case {
        address: server.address(),
        more: format!("{login}\n[security]\nallow_plaintext_password = {allow}\n"),
        want,
        what: format!("allowed: {allow}"),
    };
    let heard =
        |word: &str| server.heard().windows(word.len()).any(|bytes| bytes == word.as_bytes());
    check_all(&[case(false, Want::Refused(Category::Policy, "security_not_allowed"))]).await?;
    ensure!(!heard(RIGHT) && !heard("somebody"), "the login was sent unasked");
    check_all(&[case(true, Want::Picture)]).await?;
    ensure!(heard(RIGHT) && heard("somebody"), "the login was not sent");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x11vnc_and_tightvnc_passwords() -> Result<()> {
    let open = X11Vnc::start((320, 200), None, &[])?;
    let x11vnc = X11Vnc::start((320, 200), Some(RIGHT), &[])?;
    let tight = TightVnc::start((320, 200), RIGHT, &[])?;
    let wrong = || Want::Refused(Category::Credentials, "authentication_failed");
    let case = |address, word: &str, want, what: &str| Case {
        address,
        more: password(word),
        want,
        what: format!("{what} with {word}"),
    };
    check_all(&[
        case(open.address(), RIGHT, Want::Picture, "open x11vnc"),
        case(x11vnc.address(), RIGHT, Want::Picture, "x11vnc"),
        case(x11vnc.address(), WRONG, wrong(), "x11vnc"),
        case(tight.address(), RIGHT, Want::Picture, "tightvnc"),
        case(tight.address(), WRONG, wrong(), "tightvnc"),
    ])
    .await
}
