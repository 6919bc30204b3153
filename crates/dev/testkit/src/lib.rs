//! Real servers, a headless viewer, oracles and vectors for tests.

#[cfg(feature = "servers")]
pub mod hostile;
#[cfg(feature = "servers")]
pub mod logins;
pub mod oracle;
#[cfg(feature = "servers")]
pub mod rdp;
pub mod rdp_words;
#[cfg(feature = "servers")]
pub mod servers;
pub mod tokens;
#[cfg(feature = "servers")]
pub mod viewer;
