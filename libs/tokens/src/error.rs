//! Why a token is refused.

/// The longest token that is read, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;

/// Why a token is not believed. Never holds a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token of ours.
    #[error("the token is longer than {} bytes", MAX_BYTES)]
    TooLong,
    /// Not three base64url parts, or no JSON, claims or algorithm that we know.
    #[error("the token is malformed")]
    Malformed,
    /// The header has critical extensions, which are not supported (RFC 7515, section 4.1.11).
    #[error("the token has critical extensions")]
    CriticalExtension,
    /// A token of another kind.
    #[error("the token is of another type")]
    WrongType,
    /// No `kid`, or one that is not in the key ring.
    #[error("the token names no known key")]
    UnknownKey,
    /// Another algorithm than the key's.
    #[error("the token's algorithm is not its key's")]
    WrongAlgorithm,
    /// Signed by another key, or changed since.
    #[error("the token's signature does not match")]
    BadSignature,
    /// Minted by another issuer.
    #[error("the token has another issuer")]
    WrongIssuer,
    /// Minted for another audience.
    #[error("the token has another audience")]
    WrongAudience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Minted in the future: a clock is wrong, or the token is forged.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// The agent signed in to the identity provider too long ago.
    #[error("the agent signed in too long ago: let them sign in again")]
    SignedInTooLongAgo,
    /// The agent did not sign in by all methods that are required.
    #[error("the token's `amr` claim lacks a method that `require_amr` names")]
    MissingMethod,
    /// A claim that this kind of token must have is missing or has no valid value.
    #[error("the token's `{0}` claim is missing or invalid")]
    Claim(&'static str),
}
