//! Real servers that a test starts and stops: VNC and RDP servers, X displays, the gateway itself.
//!
//! Each is a guard: dropping it ends the processes that it started, by their identifiers, and
//! no others. Ports and display numbers are chosen by the system, so any number of tests may
//! run at once. Nothing here waits without a bound, and an error carries the server's own log.
//!
//! Keep the guards in the test, not in a `static`: Rust drops no statics, and the servers would
//! outlive the tests.
//!
//! The programs come from the system's packages; `cargo xtask setup` installs them.

mod certificate;
mod display;
mod dropbear;
mod gateway;
mod kdc;
mod pam;
mod picture;
mod port;
mod process;
mod shadow;
mod sshd;
mod telnetd;
mod tigervnc;
mod tightvnc;
mod websockify;
mod x11;
mod x11_setup;
mod x11vnc;
mod xrdp;
mod xvfb;

pub use certificate::Certificate;
pub use display::Display;
pub use dropbear::Dropbear;
pub use gateway::{Gateway, gateway_bin};
pub use kdc::Kdc;
pub use picture::Picture;
pub use port::{free_port, read_banner};
pub(crate) use process::interruptible;
pub use process::{Process, output_of, wait_until};
pub use shadow::RdpShadow;
pub use sshd::{Sshd, SshdOptions, ssh_keygen, ssh_sign};
pub use telnetd::{TelnetKind, Telnetd};
pub use tigervnc::{XtigerVnc, XvncOptions};
pub use tightvnc::TightVnc;
pub use websockify::Websockify;
pub use x11::{Area, Root};
pub use x11vnc::X11Vnc;
pub use xrdp::Xrdp;
pub use xvfb::Xvfb;

#[cfg(test)]
mod tests;
