//! Randomness, which is an argument here.

use std::fmt;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use zeroize::Zeroizing;

/// The generator of one connection.
pub(crate) type Random = ChaCha20Rng;

/// Where one connection's random numbers come from: 32 bytes that nobody can guess, from the
/// system's generator. A seed must not serve two connections.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    /// Keeps `bytes`, and wipes them when done.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn random(&self) -> Random {
        ChaCha20Rng::from_seed(*self.0)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

#[cfg(test)]
mod tests {
    use chacha20::rand_core::Rng as _;

    use super::Seed;

    #[test]
    fn a_seed_repeats_itself_and_prints_nothing() {
        let seed = Seed::new([7; 32]);
        let other = Seed::new([8; 32]);
        assert_eq!(seed.random().next_u64(), seed.random().next_u64());
        assert_ne!(seed.random().next_u64(), other.random().next_u64());
        assert_eq!(format!("{seed:?}"), "Seed");
    }
}
