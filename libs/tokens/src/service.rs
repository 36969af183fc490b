//! What the journey-runner calls the verifier with, in the name of an application whose journey it
//! runs: a token of its own, so that no client ever needs one that can do as much.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ApplicationId;

use crate::claims::{Claims, unique_id};
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::scope::Scope;
use crate::verify::{TokenVerifier, required};

/// A service's token for one of its own calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken {
    /// The application in whose name the call is made.
    pub application: ApplicationId,
}

impl ServiceToken {
    /// How long a token lives: one call, and its retries.
    pub const LIFETIME: Duration = Duration::from_secs(60);

    /// What the token lets the service do.
    pub const SCOPES: [Scope; 3] = [Scope::CodesVerify, Scope::CodesReason, Scope::JourneysPair];

    /// The service that mints these tokens, as `sub` names it.
    pub const SUBJECT: &str = "journey-runner";

    const TYPE: &str = "service+jwt";
    const AUDIENCE: &str = "urn:postern:verifier";

    /// Signs the token.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter, now: Timestamp) -> Result<String, MintError> {
        let claims = Claims {
            sub: Some(Self::SUBJECT.to_owned()),
            application: Some(self.application.to_string()),
            ..Claims::new(Self::AUDIENCE.to_owned(), now, Self::LIFETIME, unique_id())
        };
        minter.sign(Self::TYPE, claims)
    }

    /// Reads and checks a token.
    ///
    /// # Errors
    /// The variant names the first check that failed: form, type, key, signature, issuer, audience,
    /// time, claims.
    pub fn verify(
        token: &str,
        verifier: &TokenVerifier,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let signed = verifier.signed(Self::TYPE, Self::AUDIENCE, token, now)?;
        let claims = &signed.claims;
        if claims.sub.as_deref() != Some(Self::SUBJECT) {
            return Err(TokenError::Claim("sub"));
        }
        let application = claims.application.as_ref();
        Ok(Self { application: required("application", application, ApplicationId::parse)? })
    }
}
