//! Keeps values of the console in a store, each under a secret.
//!
//! ```text
//! secret ── SHA-256 ──> key in the store
//!    └───── SHA-256 ──> key that seals the value: AES-256-GCM
//! ```
//! A reader of the store learns neither secrets nor values.

mod secret;

use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Timestamp};
use encryption::seal::Sealer;
use journeys::ports::{Advance, JourneyStore, StoreFault};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::secret::Secret;

/// How often a change is tried while other requests change the value too.
const ATTEMPTS: usize = 16;

/// A value that ends.
pub trait Kept: Serialize + DeserializeOwned {
    /// What the value is sealed for: another kind of value does not open.
    const PURPOSE: &str;

    /// How long it is kept without a change; zero if it is over.
    fn lifetime(&self, now: Timestamp) -> Duration;
}

/// Keeps values.
pub struct Vault {
    store: Arc<dyn JourneyStore>,
    clock: Arc<dyn Clock>,
}

impl Vault {
    /// A vault in this store.
    pub fn new(store: Arc<dyn JourneyStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Keeps a new value.
    ///
    /// # Errors
    /// The store failed, or has a value under the secret.
    pub async fn create<T: Kept>(&self, secret: &Secret, value: &T) -> Result<(), StoreFault> {
        let lifetime = value.lifetime(self.clock.now());
        self.store.create(&secret.key(), sealed(secret, value)?, lifetime).await
    }

    /// The value, which is not kept any longer for it. `None` if there is none.
    ///
    /// # Errors
    /// The store failed.
    pub async fn read<T: Kept>(&self, secret: &Secret) -> Result<Option<T>, StoreFault> {
        let stored = self.store.load(&secret.key()).await?;
        let value = stored.and_then(|stored| opened::<T>(secret, &stored.body));
        Ok(value.filter(|value| !value.lifetime(self.clock.now()).is_zero()))
    }

    /// Changes a value and keeps it alive. `None` if there is none. `change` may run several times.
    ///
    /// # Errors
    /// The store failed, or too many requests change the value.
    pub async fn change<T: Kept, R>(
        &self,
        secret: &Secret,
        change: impl Fn(&mut T) -> R,
    ) -> Result<Option<R>, StoreFault> {
        let key = secret.key();
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
            let Some(mut value) = opened::<T>(secret, &stored.body) else { return Ok(None) };
            if value.lifetime(self.clock.now()).is_zero() {
                self.store.end(&key).await?;
                return Ok(None);
            }
            let changed = change(&mut value);
            let lifetime = value.lifetime(self.clock.now());
            if lifetime.is_zero() {
                self.store.end(&key).await?;
                return Ok(Some(changed));
            }
            let body = sealed(secret, &value)?;
            match self.store.advance(&key, stored.version, body, Some(lifetime)).await? {
                Advance::Advanced => return Ok(Some(changed)),
                Advance::Gone => return Ok(None),
                Advance::Outrun => {}
            }
        }
        Err(StoreFault("too many requests change the value at once".to_owned()))
    }

    /// Changes a value, or the default one if there is none.
    ///
    /// # Errors
    /// The store failed, or too many requests change the value.
    pub async fn change_or_create<T: Kept + Default, R>(
        &self,
        secret: &Secret,
        change: impl Fn(&mut T) -> R,
    ) -> Result<R, StoreFault> {
        if let Some(changed) = self.change(secret, &change).await? {
            return Ok(changed);
        }
        let mut value = T::default();
        let changed = change(&mut value);
        match self.create(secret, &value).await {
            Ok(()) => Ok(changed),
            // Another request may have created it meanwhile.
            Err(fault) => self.change(secret, change).await?.ok_or(fault),
        }
    }

    /// Ends a value.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end(&self, secret: &Secret) -> Result<(), StoreFault> {
        self.store.end(&secret.key()).await
    }
}

fn sealed<T: Kept>(secret: &Secret, value: &T) -> Result<Vec<u8>, StoreFault> {
    let text = serde_json::to_vec(value).map_err(|error| StoreFault(error.to_string()))?;
    let sealed = Sealer::new(&secret.sealing_key()).seal(T::PURPOSE, text);
    sealed.ok_or_else(|| StoreFault("the value cannot be sealed".to_owned()))
}

fn opened<T: Kept>(secret: &Secret, body: &[u8]) -> Option<T> {
    serde_json::from_slice(&Sealer::new(&secret.sealing_key()).open(T::PURPOSE, body)?).ok()
}

#[cfg(test)]
mod tests;
