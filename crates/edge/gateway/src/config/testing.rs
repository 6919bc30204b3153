//! Configurations for tests.

use std::path::Path;

use super::Config;

/// What every configuration needs: one issuer, one audience and one key.
pub(crate) const TOKENS: &str = "
[tokens]
issuers = [\"portal\"]
audiences = [\"desk\"]
algorithms = [\"HS256\"]
[[tokens.keys]]
kind = \"secret\"
secret = \"0123456789abcdef0123456789abcdef\"
";

/// `text` and [`TOKENS`], checked.
pub(crate) fn config(text: &str) -> Config {
    let text = format!("{text}{TOKENS}");
    match Config::from_text(Path::new("test.toml"), &text, []) {
        Ok(config) => config,
        Err(problems) => panic!("{problems}"),
    }
}

/// What is wrong with `text` and [`TOKENS`], one problem a line.
pub(crate) fn problems(text: &str, variables: &[(&str, &str)]) -> String {
    let text = format!("{text}{TOKENS}");
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    match Config::from_text(Path::new("test.toml"), &text, variables) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(problems) => problems.to_string(),
    }
}
