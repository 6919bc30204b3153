//! SSH against real servers: OpenSSH's and Dropbear.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod files;
mod hostile;
mod logon;
mod shell;
mod support;
mod ways;
