//! Tokens whose signature was verified before: verifying costs more than the rest of a call. Only
//! immutable facts are kept: that a key of the ring signed these bytes, and the claims. Type and
//! times are checked in every call.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::claims::Claims;
use crate::error::TokenError;

/// The most cached tokens, many more than clients use at a time. A full cache is emptied, so that a
/// client with a new token for each call costs others an occasional verification.
const MAX_REMEMBERED: usize = 1024;

/// What a signature was found to cover.
pub(crate) struct Signed {
    /// The kind of token: `typ` of its header.
    pub(crate) typ: String,
    pub(crate) claims: Claims,
}

/// By the hash of the whole token, so that no token is kept.
#[derive(Default)]
pub(crate) struct SignatureCache(Mutex<HashMap<[u8; 32], Arc<Signed>>>);

impl SignatureCache {
    /// The claims of a token, from the cache or from `check`. A failure is not cached.
    pub(crate) fn signed(
        &self,
        token: &str,
        check: impl FnOnce() -> Result<Signed, TokenError>,
    ) -> Result<Arc<Signed>, TokenError> {
        let hash = Sha256::digest(token).into();
        if let Some(signed) = self.lock().get(&hash) {
            return Ok(Arc::clone(signed));
        }
        let signed = Arc::new(check()?);
        let mut known = self.lock();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(hash, Arc::clone(&signed));
        Ok(signed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Signed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SignatureCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCache").field("remembered", &self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Signed {
        Signed { typ: "JWT".to_owned(), claims: Claims { exp: 2000, ..Claims::default() } }
    }

    #[test]
    fn a_signature_is_checked_once() {
        let cache = SignatureCache::default();
        assert!(cache.signed("token", || Ok(good())).is_ok());
        let again = cache.signed("token", || panic!("checked again"));
        assert_eq!(again.expect("remembered").claims.exp, 2000);
        let other = cache.signed("token.", || Err(TokenError::BadSignature));
        assert_eq!(other.err(), Some(TokenError::BadSignature));
    }

    #[test]
    fn what_was_refused_is_checked_again() {
        let cache = SignatureCache::default();
        for _ in 0..2 {
            let refused = cache.signed("token", || Err(TokenError::BadSignature));
            assert_eq!(refused.err(), Some(TokenError::BadSignature));
        }
        assert!(cache.signed("token", || Ok(good())).is_ok());
    }

    #[test]
    fn memory_is_bounded_and_the_newest_is_remembered() {
        let cache = SignatureCache::default();
        for token in 0..=3 * MAX_REMEMBERED {
            assert!(cache.signed(&token.to_string(), || Ok(good())).is_ok());
            assert!(cache.lock().len() <= MAX_REMEMBERED);
            assert!(cache.signed(&token.to_string(), || panic!("checked again")).is_ok());
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let cache = SignatureCache::default();
        assert!(cache.signed("hunter2", || Ok(good())).is_ok());
        assert_eq!(format!("{cache:?}"), "SignatureCache { remembered: 1 }");
    }
}
