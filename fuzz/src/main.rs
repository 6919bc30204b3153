//! One program for every fuzz target: `FUZZ_TARGET` in the environment names the one to run.
//!
//! All of them are the same code but for which oracle is called, and linking that with coverage
//! counters and the address sanitizer takes most of the time and 200 MB of disk.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use porthole_testkit::oracle;

static CHECK: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = oracle::TARGETS.iter().find(|(name, _)| *name == wanted);
    let Some((_, check)) = found else {
        let names = oracle::TARGETS.map(|(name, _)| name).join(", ");
        eprintln!("FUZZ_TARGET is `{wanted}`; there are: {names}");
        std::process::exit(1);
    };
    *check
});

fuzz_target!(init: LazyLock::force(&CHECK), |bytes: &[u8]| (*CHECK)(bytes));
