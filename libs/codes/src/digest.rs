//! Keyed digests: what stands in the store in place of codes and identifiers.
//!
//! Everything is HMAC-SHA-256 (RFC 2104) over length-prefixed parts under a label of its own, so
//! that no two kinds of digest, and no two ways to cut the same bytes, ever meet. Whoever steals
//! the store without the peppers can test no guess at a code and no guess at an identifier.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::code::Guess;
use crate::ids::{ApplicationId, ClientId, IdempotencyKey};
use crate::user::UserId;

/// Writes bytes as unpadded base64url (RFC 4648, section 5).
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Defines a 128-bit digest that prints as base64url.
macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes the digest's bytes as they are.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The digest's bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Parses what [`Display`](fmt::Display) prints.
            pub fn parse(text: &str) -> Option<Self> {
                URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

digest! {
    /// One user of one application, as the store and the audit trail know them: a keyed hash,
    /// stable across pepper rotations, from which nobody without the key can tell the user.
    Subject
}

digest! {
    /// One operation of one caller: a keyed hash of the client and its idempotency key.
    AttemptId
}

digest! {
    /// What an operation asked for, so that a reused idempotency key is noticed.
    Fingerprint
}

/// One generation of the pepper, named by a hash of itself: the same secret has the same name in
/// every process, and no configuration can give two secrets one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(u32);

impl Kid {
    /// Takes a key id as it stands in a store.
    pub const fn from_u32(kid: u32) -> Self {
        Self(kid)
    }

    /// The key id as a store keeps it.
    pub const fn as_u32(self) -> u32 {
        self.0
    }
}

/// A code's digest under one pepper. Compared in constant time, never printed.
#[derive(Clone, Copy)]
pub struct CodeDigest {
    /// The pepper under which it was made.
    pub kid: Kid,
    bytes: [u8; 16],
}

impl CodeDigest {
    /// Takes a digest as it stands in a store.
    pub const fn from_parts(kid: Kid, bytes: [u8; 16]) -> Self {
        Self { kid, bytes }
    }

    /// The digest's bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// Whether both were made from the same code, user and application under the same pepper.
    pub fn matches(&self, other: &Self) -> bool {
        self.kid == other.kid && bool::from(self.bytes.ct_eq(&other.bytes))
    }
}

impl fmt::Debug for CodeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeDigest").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Why a set of peppers was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PepperError {
    /// A pepper is too short to be a key.
    #[error("a pepper needs at least {} random bytes", Peppers::MIN_BYTES)]
    TooShort,
    /// Two of the keys are the same.
    #[error("each pepper must be a secret of its own")]
    Repeated,
}

/// The keys of all digests: one that finds records and never changes, and the peppers of codes,
/// of which new codes use the current one and older codes may still use the previous one.
pub struct Peppers {
    locator: SecretSlice<u8>,
    current: (Kid, SecretSlice<u8>),
    previous: Option<(Kid, SecretSlice<u8>)>,
}

impl Peppers {
    /// The least length of a key, in bytes: the security strength of HMAC-SHA-256 as it is cut
    /// here (NIST SP 800-107, section 5.3).
    pub const MIN_BYTES: usize = 16;

    /// Takes the key that locates records, the pepper of new codes, and the one before it.
    pub fn new(
        locator: SecretSlice<u8>,
        current: SecretSlice<u8>,
        previous: Option<SecretSlice<u8>>,
    ) -> Result<Self, PepperError> {
        let keys: Vec<&[u8]> = [Some(&locator), Some(&current), previous.as_ref()]
            .into_iter()
            .flatten()
            .map(|key| key.expose_secret())
            .collect();
        if keys.iter().any(|key| key.len() < Self::MIN_BYTES) {
            return Err(PepperError::TooShort);
        }
        if (1..keys.len()).any(|i| keys[..i].contains(&keys[i])) {
            return Err(PepperError::Repeated);
        }
        Ok(Self { locator, current: named(current), previous: previous.map(named) })
    }

    /// Where the record of a user is kept.
    pub fn subject(&self, application: &ApplicationId, user: &UserId) -> Subject {
        let parts = [application.as_str().as_bytes(), user.as_str().as_bytes()];
        Subject(mac(&self.locator, "subject", &parts))
    }

    /// The digest of a new code, under the current pepper.
    pub fn digest(&self, application: &ApplicationId, user: &UserId, code: &Guess) -> CodeDigest {
        code_digest(&self.current, application, user, code)
    }

    /// The digests that a code may be stored under, the current pepper's first.
    pub fn candidates(
        &self,
        application: &ApplicationId,
        user: &UserId,
        code: &Guess,
    ) -> Vec<CodeDigest> {
        let generations = std::iter::once(&self.current).chain(&self.previous);
        generations.map(|pepper| code_digest(pepper, application, user, code)).collect()
    }

    /// The name of one operation of one client.
    pub fn attempt(
        &self,
        application: &ApplicationId,
        client: &ClientId,
        key: &IdempotencyKey,
    ) -> AttemptId {
        let parts = [application.as_str(), client.as_str(), key.as_str()].map(str::as_bytes);
        AttemptId(mac(&self.locator, "attempt", &parts))
    }

    /// The fingerprint of a request: `operation` and every part of it that changes its outcome.
    pub fn fingerprint(&self, operation: &str, parts: &[&[u8]]) -> Fingerprint {
        let parts: Vec<&[u8]> =
            std::iter::once(operation.as_bytes()).chain(parts.iter().copied()).collect();
        Fingerprint(mac(&self.locator, "fingerprint", &parts))
    }
}

fn named(pepper: SecretSlice<u8>) -> (Kid, SecretSlice<u8>) {
    let name = mac(&pepper, "kid", &[]);
    (Kid(u32::from_be_bytes([name[0], name[1], name[2], name[3]])), pepper)
}

fn code_digest(
    (kid, pepper): &(Kid, SecretSlice<u8>),
    application: &ApplicationId,
    user: &UserId,
    code: &Guess,
) -> CodeDigest {
    let parts = [application.as_str(), user.as_str(), code.expose()].map(str::as_bytes);
    CodeDigest { kid: *kid, bytes: mac(pepper, "code", &parts) }
}

/// HMAC-SHA-256 of a label and length-prefixed parts, cut to its first 128 bits (RFC 2104,
/// section 5).
fn mac(key: &SecretSlice<u8>, label: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret())
        .expect("HMAC takes a key of any length");
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let full: [u8; 32] = mac.finalize().into_bytes().into();
    full.first_chunk().copied().expect("a digest of 32 bytes has 16")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretSlice<u8> {
        vec![byte; 32].into()
    }

    fn peppers(current: u8, previous: Option<u8>) -> Peppers {
        Peppers::new(key(1), key(current), previous.map(key)).expect("valid peppers")
    }

    #[test]
    fn a_code_of_the_previous_pepper_is_still_among_the_candidates() {
        let application = ApplicationId::parse("acme").expect("valid");
        let user = UserId::parse("alice").expect("valid");
        let guess = Guess::parse("123456").expect("valid");
        let old = peppers(2, None).digest(&application, &user, &guess);
        let rotated = peppers(3, Some(2)).candidates(&application, &user, &guess);
        assert_eq!(
            rotated.iter().map(|digest| digest.matches(&old)).collect::<Vec<_>>(),
            [false, true]
        );
        let rotated_out = peppers(4, Some(3)).candidates(&application, &user, &guess);
        assert!(!rotated_out.iter().any(|digest| digest.matches(&old)));
    }

    #[test]
    fn a_digest_depends_on_every_part_and_on_where_each_ends() {
        let guess = Guess::parse("123456").expect("valid");
        let of = |application: &str, user: &str| {
            let application = ApplicationId::parse(application).expect("valid");
            *peppers(2, None)
                .digest(&application, &UserId::parse(user).expect("valid"), &guess)
                .as_bytes()
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
        assert_ne!(of("a", "c"), of("b", "c"));
    }

    #[test]
    fn short_or_repeated_peppers_are_refused() {
        assert_eq!(
            Peppers::new(key(1), vec![2; 15].into(), None).err(),
            Some(PepperError::TooShort)
        );
        assert_eq!(Peppers::new(key(1), key(2), Some(key(2))).err(), Some(PepperError::Repeated));
        assert_eq!(Peppers::new(key(1), key(1), None).err(), Some(PepperError::Repeated));
    }
}
