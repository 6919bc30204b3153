//! Kubeconfig files.

use std::io::Write as _;

use porthole_dial::{Protocol, Target, TlsSettings, Transport, Verify};
use secrecy::ExposeSecret as _;

use super::{Entrance, Token, kubeconfig};

fn read(cluster: &str, user: &str) -> Result<Entrance, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts:\n- name: a\n  context: {{cluster: c, \
         user: u, namespace: team}}\nclusters:\n- name: c\n  cluster: {{{cluster}}}\nusers:\n- name: u\n  \
         user: {{{user}}}\n"
    )
    .unwrap();
    let target = Target {
        protocol: Protocol::Kubernetes,
        transport: Transport::Tcp { host: "other".to_owned(), port: 1 },
        tls: TlsSettings::default(),
    };
    kubeconfig(target, file.path(), None).map_err(|error| error.public_message())
}

#[test]
fn a_file_says_where_and_who() {
    let cluster = "server: 'https://api.example:6443/k8s/one', insecure-skip-tls-verify: true";
    let entrance = read(cluster, "token: abc").unwrap();
    let Transport::Tcp { host, port } = &entrance.target.transport else { panic!("another way") };
    assert_eq!((host.as_str(), *port), ("api.example", 6443));
    assert_eq!(entrance.prefix, "/k8s/one");
    assert_eq!(entrance.target.tls.verify, Verify::Off);
    assert_eq!(entrance.namespace.as_deref(), Some("team"));
    assert!(matches!(&entrance.token, Token::Fixed(token) if token.expose_secret() == "abc"));
    assert!(!format!("{entrance:?}").contains("abc"));
}

#[test]
fn what_is_not_supported_is_named() {
    let cluster = "server: 'https://api.example'";
    for (cluster, user, words) in [
        (cluster, "exec: {command: aws, apiVersion: v1}", "a program that logs on (exec)"),
        (cluster, "auth-provider: {name: gcp, config: {}}", "an auth-provider"),
        (cluster, "username: a, password: b", "a username and a password"),
        (cluster, "as: root", "somebody to act as"),
        (cluster, "client-certificate-data: 'aGk='", "without its key"),
        (cluster, "client-certificate-data: '!'", "broken base64"),
        ("server: 'http://api.example'", "token: abc", "no https"),
        ("server: 'ftp://api.example'", "", "no usable server"),
        ("server: 'https://a', proxy-url: 'http://b'", "", "a proxy"),
        ("server: 'https://a', certificate-authority: '/nowhere/ca'", "", "cannot be read"),
        ("server: 'https://a', certificate-authority-data: 'aGk='", "", "no PEM certificate"),
    ] {
        let error = read(cluster, user).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
