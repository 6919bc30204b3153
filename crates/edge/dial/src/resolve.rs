//! Names to addresses.

use std::{future::Future, io, net::SocketAddr, pin::Pin};

/// Most answers to one name that we look at.
pub const ADDRESSES_MAX: usize = 16;

/// Answers on their way.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Something that knows the addresses behind names.
pub trait Resolve: Send + Sync {
    /// Looks up `host`, a name and never an address. Answers carry `port`.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((host, port)).await?.take(ADDRESSES_MAX).collect())
        })
    }
}
