//! The real binary against real servers, and against servers that mean harm.
//!
//! Every test starts what it needs and ends it; nothing is shared, so all may run at once. Waits
//! are bounded and end when what is waited for has happened.

mod encrypted;
mod hostile;
mod hostile_rdp;
mod input;
mod kerberos;
mod logins;
mod metrics;
mod oracle;
mod path;
mod picture;
mod rd_gateway;
mod rdp;
mod rdp_clipboard;
mod rdp_drive;
mod rdp_files;
mod rdp_gateway;
mod rdp_graphics;
mod rdp_redial;
mod refuse;
mod security;
mod session;
mod sftp;
mod sftp_beside;
mod sound;
mod ssh;
mod telnet;
mod text;
