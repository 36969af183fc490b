//! The source of random bits: the operating system in production, a seed in tests.

use std::sync::Arc;

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{CryptoRng, Rng as _};

/// Makes a random number generator for one draw.
pub type Randomness = Arc<dyn Fn() -> Box<dyn CryptoRng + Send> + Send + Sync>;

/// Randomness of the operating system, read anew for each draw: the process holds no state from
/// which the next code could be predicted.
///
/// # Panics
/// A draw panics if the operating system has no randomness: no code is better than a guessable one.
pub fn system() -> Randomness {
    Arc::new(|| Box::new(UnwrapErr(SysRng)))
}

/// `N` random bytes.
pub fn bytes<const N: usize>(randomness: &Randomness) -> [u8; N] {
    let mut bytes = [0; N];
    randomness().fill_bytes(&mut bytes);
    bytes
}
