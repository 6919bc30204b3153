//! Network level authentication with Kerberos: a real MIT KDC, and a server that wants its tickets.

use anyhow::{Result, ensure};
use porthole_link::Category;
use porthole_testkit::nla_server::NlaServer;
use porthole_testkit::servers::{Kdc, free_port};
use porthole_tests::Setup;

use crate::refuse::expect;

/// Passwords of the user and of the service.
const ADA: &str = "Kerberos 9";
const SERVICE: &str = "Dienst 7";

fn start_kdc() -> Result<Kdc> {
    Kdc::start(&[("ada", ADA), (NlaServer::SERVICE, SERVICE)])
}

/// A connection of ada's with this password, to a server whose name is `name`, asking the KDC at
/// `kdc`.
fn lines(password: &str, name: &str, kdc: &str) -> String {
    format!(
        "username = \"ada\"\npassword = \"{password}\"\n\
         [tls]\nverify = \"off\"\nserver_name = \"{name}\"\n\
         [parameters]\nsecurity = \"nla\"\nauth-pkg = \"kerberos\"\ndomain = \"{}\"\n\
         kdc-url = \"{kdc}\"\n",
        Kdc::REALM
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_ticket_nobody_logs_on() -> Result<()> {
    let mut kdc = start_kdc()?;
    let server = NlaServer::start().await?;
    let (at, url) = (server.address(), format!("tcp://{}", kdc.address()));
    let datagrams = format!("udp://{}", kdc.address());
    let nobody = format!("tcp://127.0.0.1:{}", free_port()?);
    let stranger = lines(ADA, "localhost", &url).replace("\"ada\"", "\"eve\"");
    let mut lab = Setup::new()
        .speaking("rdp", "wrong", at, &lines("nonsense", "localhost", &url))
        .speaking("rdp", "stranger", at, &stranger)
        .speaking("rdp", "datagrams", at, &lines("nonsense", "localhost", &datagrams))
        .speaking("rdp", "right", at, &lines(ADA, "localhost", &url))
        .speaking("rdp", "dead", at, &lines(ADA, "localhost", &nobody))
        .start()?;
    for (name, category, cause) in [
        ("wrong", Category::Credentials, "authentication_failed"),
        ("stranger", Category::Credentials, "authentication_failed"),
        ("datagrams", Category::Credentials, "authentication_failed"),
        // The password is right. What an MIT KDC then answers, the library cannot read.
        ("right", Category::Remote, "kdc_answer"),
        ("dead", Category::Remote, "kdc_unreachable"),
    ] {
        expect(&lab, &lab.options(name)?, category, cause).await?;
    }
    ensure!(server.tickets() == 0, "{} tickets", server.tickets());
    let log = kdc.process().log()?;
    ensure!(log.contains("ISSUE") && log.contains("ada@LAB.TEST"), "{log}");
    lab.check_sound(&[ADA, SERVICE, "nonsense"])
}
