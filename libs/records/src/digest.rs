//! Digests: what a store holds in place of codes, identifiers and keys. The peppers of the crate
//! `codes` compute all of them.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Writes bytes as unpadded base64url (RFC 4648, section 5).
pub fn encode(bytes: &[u8]) -> String {
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
    /// One user of one application, as the store and the audit trail name them: a keyed hash that
    /// stays the same across pepper rotations. Without the key, nothing can be learned about the
    /// user from it.
    Subject
}

digest! {
    /// One operation of one caller: a keyed hash of the client and its idempotency key.
    AttemptId
}

digest! {
    /// A keyed hash of what an operation asked for: it shows when an idempotency key is reused for
    /// another request.
    Fingerprint
}

digest! {
    /// Where a request comes from: a keyed hash of its address.
    Source
}

impl Source {
    /// The source's tag at one code. The nonce is part of the code's ID, so one source has
    /// different tags at different codes.
    pub fn tag(&self, nonce: [u8; 16]) -> SourceTag {
        let hash = Sha256::new().chain_update(nonce).chain_update(self.0).finalize();
        SourceTag([hash[0], hash[1], hash[2], hash[3]])
    }
}

/// Identifies a source among those that failed at one code. Two sources share a tag with
/// probability 2^-32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceTag([u8; 4]);

/// One generation of the pepper, named by a hash of the pepper itself: a secret has the same name
/// in every process, and two secrets cannot be given one name by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid(u32);

impl Kid {
    /// Takes a key ID as a store keeps it.
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
    /// The pepper that it was computed with.
    pub kid: Kid,
    bytes: [u8; 16],
}

impl CodeDigest {
    /// Takes a digest as a store keeps it.
    pub const fn from_parts(kid: Kid, bytes: [u8; 16]) -> Self {
        Self { kid, bytes }
    }

    /// The digest's bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// Whether both were computed from the same code, user, application and pepper, in constant
    /// time.
    pub fn matches(&self, other: &Self) -> bool {
        self.kid == other.kid && bool::from(self.bytes.ct_eq(&other.bytes))
    }
}

/// The first four bytes of a code's digest: enough to recognise a superseded code, and much smaller
/// in every record than the digest. A wrong guess has the same tag with probability 2^-32.
#[derive(Clone, Copy)]
pub struct DigestTag([u8; 4]);

impl CodeDigest {
    /// The first four bytes.
    pub const fn tag(&self) -> DigestTag {
        let [a, b, c, d, ..] = self.bytes;
        DigestTag([a, b, c, d])
    }

    /// Whether the digest begins with that tag.
    pub fn has_tag(&self, DigestTag(tag): DigestTag) -> bool {
        bool::from(self.tag().0.ct_eq(&tag))
    }
}

impl fmt::Debug for DigestTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestTag([redacted])")
    }
}

impl fmt::Debug for CodeDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeDigest").field("kid", &self.kid).finish_non_exhaustive()
    }
}
