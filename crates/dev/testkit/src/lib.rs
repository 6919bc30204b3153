//! Real servers, a headless viewer, oracles and vectors for tests.

#[cfg(feature = "servers")]
pub mod cluster;
#[cfg(feature = "servers")]
pub mod hostile;
#[cfg(feature = "servers")]
pub mod kubernetes;
#[cfg(feature = "servers")]
pub mod logins;
#[cfg(feature = "servers")]
pub mod nla_server;
pub mod oracle;
#[cfg(feature = "servers")]
pub mod rd_gateway;
#[cfg(feature = "servers")]
pub mod rdp;
#[cfg(feature = "servers")]
pub mod rdp_relay;
pub mod rdp_words;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "servers")]
pub mod store_contract;
pub mod tokens;
#[cfg(feature = "servers")]
pub mod viewer;
