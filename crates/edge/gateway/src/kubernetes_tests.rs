//! Guacamole's parameters of Kubernetes connections, and ours.

use porthole_kubernetes::{OwnerKind, PodChoice, Run};
use porthole_remote::Credentials;

use super::{KubernetesParameters, words};
use crate::parameters::{Strictness, Vocabulary as _};
use crate::text::TextWay;

fn read(parameters: &[(&str, &str)]) -> Result<KubernetesParameters, String> {
    let given = parameters.iter().map(|(name, value)| (*name, (*value).to_owned()));
    KubernetesParameters::read(given, Strictness::Configuration).map_err(|error| error.to_string())
}

#[test]
fn every_name_of_guacamole_is_honoured_or_refused() {
    // `hostname` and `port` are the connection's own.
    for (name, value) in [
        ("namespace", "team-a"),
        ("container", "main"),
        ("exec-command", "/bin/sh"),
        ("use-ssl", "true"),
        ("font-name", "monospace"),
        ("font-size", "12"),
        ("scrollback", "1000"),
        ("color-scheme", "gray-black"),
        ("backspace", "8"),
        ("func-keys-and-keypad", "vt100"),
        ("terminal-type", "linux"),
        ("color-scheme", "green-black"),
        ("backspace", "8"),
        ("func-keys-and-keypad", "vt100"),
        ("read-only", "true"),
        ("clipboard-buffer-size", "262144"),
        ("disable-copy", "true"),
        ("disable-paste", "true"),
    ] {
        read(&[("pod", "web"), (name, value)]).unwrap();
    }
    let secure = [("pod", "web"), ("use-ssl", "true"), ("ignore-cert", "true")];
    assert!(read(&secure).unwrap().verify().is_some());
    for name in ["typescript-path", "recording-path", "recording-name"] {
        let error = read(&[("pod", "web"), (name, "/x")]).unwrap_err();
        assert!(error.contains("not recorded"), "{error}");
    }
    for name in [
        "create-typescript-path",
        "typescript-write-existing",
        "create-recording-path",
        "recording-write-existing",
        "recording-exclude-output",
        "recording-exclude-mouse",
        "recording-include-keys",
        "recording-include-clipboard",
    ] {
        read(&[("pod", "web"), (name, "false")]).unwrap();
        read(&[("pod", "web"), (name, "true")]).unwrap_err();
    }
}

#[test]
fn refuses_what_makes_no_sense() {
    let pod = ("pod", "web");
    for (parameters, name) in [
        (&[][..], "pod"),
        (&[pod, ("pod-selector", "app=web")], "pod"),
        (&[("pod", "Web")], "pod"),
        (&[("pod", "../secrets")], "pod"),
        (&[("pod", "web?x=1")], "pod"),
        (&[("pod-selector", "a&b")], "pod-selector"),
        (&[("pod-owner", "service/web")], "pod-owner"),
        (&[("pod-owner", "deployment")], "pod-owner"),
        (&[pod, ("namespace", "a/b")], "namespace"),
        (&[pod, ("exec-command", "sh -c 'x")], "exec-command"),
        (&[pod, ("logs", "true"), ("exec-command", "sh")], "logs"),
        (&[pod, ("logs-previous", "true")], "logs-previous"),
        (&[pod, ("logs", "true"), ("logs-tail", "-1")], "logs-tail"),
        (&[pod, ("pod-timeout", "0")], "pod-timeout"),
        (&[pod, ("token", "abc")], "use-ssl"),
        (&[pod, ("use-ssl", "true"), ("token", "a b")], "token"),
        (&[pod, ("use-ssl", "true"), ("ca-cert", "none")], "ca-cert"),
        (&[pod, ("use-ssl", "true"), ("client-cert", "-----BEGIN X")], "client-cert"),
        (&[pod, ("kubeconfig", "relative")], "kubeconfig"),
        (&[pod, ("kubeconfig", "/k"), ("in-cluster", "true")], "kubeconfig"),
        (&[pod, ("kubeconfig", "/k"), ("use-ssl", "true")], "use-ssl"),
        (&[pod, ("kubeconfig-context", "x")], "kubeconfig-context"),
        (&[pod, ("files-root", "/srv")], "enable-files"),
        (&[pod, ("enable-files", "true"), ("files-root", "srv")], "files-root"),
        (&[pod, ("enable-files", "true"), ("files-root", "/a/../b")], "files-root"),
        (&[pod, ("enable-files", "true"), ("files-max-size", "0")], "files-max-size"),
        (&[pod, ("no-such-thing", "1")], "no-such-thing"),
    ] {
        let error = read(parameters).unwrap_err();
        assert!(error.contains(&format!("{name:?}")), "{error} for {parameters:?}");
    }
}

#[test]
fn a_container_is_made_of_them() {
    let read = read(&[
        ("pod-owner", "deploy/web"),
        ("exec-command", "/bin/sh -c 'echo \"a b\"'"),
        ("use-ssl", "true"),
        ("enable-files", "true"),
        ("files-root", "/srv"),
        ("disable-upload", "true"),
    ])
    .unwrap();
    assert!(!read.drive().unwrap().upload);
    let TextWay::Kubernetes(container) = read.driver(Credentials::default()).way else {
        panic!("another way");
    };
    assert_eq!(container.pod, PodChoice::Owner(OwnerKind::Deployment, "web".to_owned()));
    let words = ["/bin/sh", "-c", "echo \"a b\""].map(str::to_owned).to_vec();
    assert_eq!(container.run, Run::Exec(words));
    assert_eq!(container.files.unwrap().root, "/srv");
}

#[test]
fn commands_are_told_apart_as_a_shell_would() {
    let cases: [(&str, &[&str]); 6] = [
        ("/bin/bash", &["/bin/bash"]),
        ("  a  b ", &["a", "b"]),
        ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
        ("a'b'\"c\"", &["abc"]),
        ("a\\ b '\\' \"\\\"\" ''", &["a b", "\\", "\"", ""]),
        ("$(x) `y` | z;", &["$(x)", "`y`", "|", "z;"]),
    ];
    for (text, want) in cases {
        assert_eq!(words(text).unwrap(), want, "{text}");
    }
    assert!(words("a\\").is_err());
}

#[test]
fn some_are_for_the_operator() {
    for (name, value) in [("kubeconfig", "/k"), ("in-cluster", "true")] {
        let error = read(&[("pod", "web"), (name, value)]).unwrap().check_token().unwrap_err();
        assert_eq!(error.name, name);
    }
}
