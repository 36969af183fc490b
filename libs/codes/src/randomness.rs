//! Where random bits come from: the operating system in production, a seed in tests.

use std::sync::Arc;

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{CryptoRng, Rng as _};

/// Gives a random number generator to whoever asks.
pub type Randomness = Arc<dyn Fn() -> Box<dyn CryptoRng + Send> + Send + Sync>;

/// Randomness of the operating system, asked anew for every draw: nothing is held in memory that
/// could tell the next code.
///
/// # Panics
/// A draw panics where the operating system has no randomness to give: no code is better than a
/// guessable one.
pub fn system() -> Randomness {
    Arc::new(|| Box::new(UnwrapErr(SysRng)))
}

/// `N` random bytes.
pub fn bytes<const N: usize>(randomness: &Randomness) -> [u8; N] {
    let mut bytes = [0; N];
    randomness().fill_bytes(&mut bytes);
    bytes
}
