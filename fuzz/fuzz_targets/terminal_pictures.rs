#![no_main]

use libfuzzer_sys::fuzz_target;
use porthole_testkit::oracle;

fuzz_target!(|bytes: &[u8]| oracle::check("terminal_pictures", bytes));
