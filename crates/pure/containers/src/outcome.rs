//! How a program in a container ended, as the server tells it on the status channel.

use serde::Deserialize;

use porthole_wire::text;

/// Longest status that is read.
pub const STATUS_MAX_BYTES: usize = 64 << 10;

/// How a program ended, or that it never began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ended well; or so the server says: of an attached program it says it whatever came.
    Success,
    /// It ended with this code.
    Exited(u32),
    /// There is no such program in the container.
    NoProgram,
    /// The server could not run it, or lost it. One printable line, in the server's words.
    Failed(String),
}

/// `Status` of `meta/v1`, as much of it as tells an ending.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API calls it so")]
struct Status {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    reason: String,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    causes: Vec<Cause>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

impl Outcome {
    /// Reads the status channel. What is no JSON is taken for words: some servers send those.
    pub fn read(status: &[u8]) -> Self {
        if status.len() > STATUS_MAX_BYTES {
            return Self::Failed("the server's account of the ending is too long".to_owned());
        }
        let Ok(read) = serde_json::from_slice::<Status>(status) else {
            return Self::failed(&String::from_utf8_lossy(status));
        };
        if read.status == "Success" {
            return Self::Success;
        }
        if read.reason == "NonZeroExitCode" {
            let causes = read.details.map(|details| details.causes).unwrap_or_default();
            let code = causes.iter().find(|cause| cause.reason == "ExitCode");
            if let Some(code) = code.and_then(|cause| cause.message.parse().ok()) {
                return Self::Exited(code);
            }
        }
        Self::failed(&read.message)
    }

    fn failed(message: &str) -> Self {
        // What runc and its like say when the file is not there, or is for another machine.
        let absent = ["executable file not found", "no such file or directory"];
        if absent.iter().any(|words| message.contains(words)) {
            return Self::NoProgram;
        }
        let words = text(message.trim().as_bytes());
        Self::Failed(if words.is_empty() { "no reason is given".to_owned() } else { words })
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, STATUS_MAX_BYTES};

    #[test]
    fn reads_what_servers_send() {
        let exited = br#"{"metadata":{},"status":"Failure","message":"command terminated with
            non-zero exit code: error executing command [sh], exit code 5","reason":"NonZeroExitCode",
            "details":{"causes":[{"reason":"ExitCode","message":"5"}]}}"#;
        // JSON holds no line ends in its strings.
        let exited: Vec<u8> = exited.iter().copied().filter(|byte| *byte != b'\n').collect();
        let absent = br#"{"metadata":{},"status":"Failure","reason":"InternalError","code":500,
            "message":"error executing command in container: failed to exec in container: failed to start exec \"c0\": OCI runtime exec failed: exec failed: unable to start container process: exec: \"zsh\": executable file not found in $PATH: unknown"}"#;
        let cases: [(&[u8], Outcome); 8] = [
            (br#"{"metadata":{},"status":"Success"}"#, Outcome::Success),
            (&exited, Outcome::Exited(5)),
            (absent, Outcome::NoProgram),
            (
                br#"{"status":"Failure","message":"container not found (\"main\")"}"#,
                Outcome::Failed("container not found (\"main\")".to_owned()),
            ),
            (
                br#"{"status":"Failure","reason":"NonZeroExitCode","message":"ended",
                    "details":{"causes":[{"reason":"ExitCode","message":"-7"}]}}"#,
                Outcome::Failed("ended".to_owned()),
            ),
            (b"rpc error: \x1b[2Jgone\n", Outcome::Failed("rpc error:  [2Jgone".to_owned())),
            (b"", Outcome::Failed("no reason is given".to_owned())),
            (b"{\"status\":7}", Outcome::Failed("{\"status\":7}".to_owned())),
        ];
        for (status, want) in cases {
            assert_eq!(Outcome::read(status), want, "{}", String::from_utf8_lossy(status));
        }
        let long = vec![b'['; STATUS_MAX_BYTES + 1];
        assert!(matches!(Outcome::read(&long), Outcome::Failed(_)));
        // Nested deeper than JSON is read.
        assert!(matches!(Outcome::read(&long[1..]), Outcome::Failed(_)));
    }
}
