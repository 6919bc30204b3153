//! Telnet (RFC 854), the client's side, without sockets.
//!
//! Job: to carry a terminal's text over telnet. In: a server's bytes, what a person types, the
//! terminal's size. Out: text for the terminal, answers for the server. [`TelnetLine`] is the
//! [`porthole_terminal::Line`] that does it.
//!
//! - **Options** are only ever answered, never asked for, so that what is not a telnet server sees
//!   nothing but what is typed. Without questions of ours, RFC 1143's Q method has two states a side,
//!   and cannot loop: what is already so is not confirmed, and what is refused again and again is not
//!   answered any more.
//! - **Echo.** A server that has not said that it echoes leaves that to us: with neither ECHO nor
//!   SUPPRESS-GO-AHEAD a line is edited here and sent when it is whole, as RFC 854 means it; with
//!   SUPPRESS-GO-AHEAD alone each key is sent at once and shown here.
//! - **Log-on.** Prompts are found by regular expressions, and answered once each ([`Logon`]).
//! - **Characters.** The terminal's text is UTF-8; the server's may be another [`Charset`].
//!
//! Not here: encryption, authentication and `START_TLS` (refused; telnet over TLS is the dialler's),
//! line editing as RFC 1184 has it (refused), the Synch signal's urgent mark (a Data Mark is passed
//! over, because the server has thrown away what was to be skipped).

mod charset;
mod codes;
mod cp437;
mod decode;
mod keyboard;
mod line;
mod logon;
mod options;
mod prompt;
mod subnegotiation;

pub use charset::{Charset, CharsetUnknown};
pub use line::{ANSWERS_MAX_BYTES, TelnetConfig, TelnetLine};
pub use logon::{Logon, Verdict};
pub use prompt::{Pattern, PatternError};
