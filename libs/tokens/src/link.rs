//! The token of a "this was not me" link: its holder may repudiate one code, and nothing else.
//!
//! The code issuer mints it for the notice of an issue or a redemption, the recovery page hands it back.
//! The code's ID leads to the user's record and to the grant.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::{ApplicationId, CodeId};

use crate::claims::{Claims, derived_id};
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::verify::{TokenVerifier, required};

/// The token of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkToken {
    /// The application of the code.
    pub application: ApplicationId,
    /// The code.
    pub code_id: CodeId,
    /// When the code was issued or redeemed: what the user was told of.
    pub told_of: Timestamp,
}

impl LinkToken {
    /// How long a link works, from what the user was told of.
    pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// How the audit trail names the caller.
    pub const SUBJECT: &str = "not-me-link";

    pub(crate) const TYPE: &str = "not-me+jwt";
    pub(crate) const AUDIENCE: &str = "urn:postern:not-me";

    /// Signs the token.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter) -> Result<String, MintError> {
        let at = self.told_of.unix_seconds();
        let id = derived_id("postern link token", &format!("{} {at}", self.code_id));
        let claims = Claims {
            application: Some(self.application.to_string()),
            code_id: Some(self.code_id.to_string()),
            ..Claims::new(Self::AUDIENCE.to_owned(), self.told_of, Self::LIFETIME, id)
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
        let application = claims.application.as_ref();
        Ok(Self {
            application: required("application", application, ApplicationId::parse)?,
            code_id: required("code_id", claims.code_id.as_ref(), CodeId::parse)?,
            told_of: Timestamp::from_unix_millis(claims.iat.saturating_mul(1000)),
        })
    }
}
