//! Proof Key for Code Exchange (RFC 7636): only the party that began the flow can redeem its code.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::code::is_256_bits;

/// The SHA-256 of a code verifier: method `S256`. There is no other method here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge(String);

/// The text is not a code challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("code_challenge must be the base64url-encoded SHA-256 of the code verifier: 43 characters")]
pub struct ChallengeError;

/// What the party that began the flow kept secret. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(String);

/// The text is not a code verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("code_verifier must be 43 to 128 letters, digits, `-`, `.`, `_` or `~`")]
pub struct VerifierError;

impl Challenge {
    /// Parses a challenge.
    ///
    /// # Errors
    /// Any text that is not 32 bytes in base64url without padding.
    pub fn parse(text: &str) -> Result<Self, ChallengeError> {
        is_256_bits(text).then(|| Self(text.to_owned())).ok_or(ChallengeError)
    }

    /// Whether the verifier's hash is this challenge, in constant time.
    pub fn is_met_by(&self, verifier: &Verifier) -> bool {
        verifier.challenge().0.as_bytes().ct_eq(self.0.as_bytes()).into()
    }

    /// The challenge as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Verifier {
    /// Parses a verifier.
    ///
    /// # Errors
    /// Any text outside section 4.1 of RFC 7636.
    pub fn parse(text: &str) -> Result<Self, VerifierError> {
        let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let valid = (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved);
        valid.then(|| Self(text.to_owned())).ok_or(VerifierError)
    }

    /// The challenge that this verifier meets.
    pub fn challenge(&self) -> Challenge {
        Challenge(URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn a_challenge_is_met_by_its_verifier_and_by_no_other_text() {
        let challenge = Challenge::parse(CHALLENGE).expect("a challenge");
        assert!(challenge.is_met_by(&Verifier::parse(VERIFIER).expect("a verifier")));
        for other in [&VERIFIER.replace('d', "e"), &format!("{VERIFIER}A"), CHALLENGE] {
            assert!(!challenge.is_met_by(&Verifier::parse(other).expect("a verifier")), "{other}");
        }
    }

    #[test]
    fn what_is_no_challenge_or_verifier_is_refused() {
        let long = "a".repeat(44);
        for text in ["", VERIFIER.get(..42).expect("ASCII"), &long, &format!("{CHALLENGE}=")] {
            assert_eq!(Challenge::parse(text), Err(ChallengeError), "{text:?}");
        }
        for text in ["", &"a".repeat(42), &"a".repeat(129), &" ".repeat(43), &"ä".repeat(43)] {
            assert_eq!(Verifier::parse(text), Err(VerifierError), "{text:?}");
        }
    }
}
