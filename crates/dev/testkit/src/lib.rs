//! Real servers, a headless viewer, oracles and vectors for tests.

#[cfg(feature = "servers")]
pub mod hostile;
#[cfg(feature = "servers")]
pub mod logins;
pub mod oracle;
#[cfg(feature = "servers")]
pub mod rd_gateway;
#[cfg(feature = "servers")]
pub mod rdp;
#[cfg(feature = "servers")]
pub mod rdp_relay;
#[cfg(feature = "servers")]
pub mod servers;
pub mod tokens;
#[cfg(feature = "servers")]
pub mod viewer;
