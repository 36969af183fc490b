//! The token of a completed journey: proof for the page that the journey ended well, and for whom.
//!
//! It holds no start parameter: a caller must not be able to choose the claims of a signed token.

use std::time::Duration;

use clock::Timestamp;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId};

use crate::claims::{Claims, derived_id};
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::user::{describe, parse};
use crate::verify::{TokenVerifier, required};

/// A journey token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneyToken {
    /// The application whose journey it was.
    pub application: ApplicationId,
    /// The client that ran it.
    pub client: ClientId,
    /// The journey's id.
    pub journey: String,
    /// The authenticated user, if there is one.
    pub authentication: Option<Authentication>,
}

impl JourneyToken {
    /// How long a token lives: until the page has shown it to its own backend.
    pub const LIFETIME: Duration = Duration::from_secs(5 * 60);

    pub(crate) const TYPE: &str = "journey+jwt";

    pub(crate) fn audience(application: &ApplicationId) -> String {
        format!("urn:postern:journeys:{application}")
    }

    /// Signs the token. `run` is unique to this run of the journey and may be secret: the token's
    /// id follows from it, and does not lead back to it.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter, run: &str, now: Timestamp) -> Result<String, MintError> {
        let id = derived_id("postern journey token", run);
        let claims = Claims {
            client_id: Some(self.client.to_string()),
            journey: Some(self.journey.clone()),
            ..Claims::new(Self::audience(&self.application), now, Self::LIFETIME, id)
        };
        let claims = match &self.authentication {
            Some(authentication) => describe(authentication, claims),
            None => claims,
        };
        minter.sign(Self::TYPE, claims)
    }

    /// Reads and checks a token of that application's journeys.
    ///
    /// # Errors
    /// The variant names the first check that failed: form, type, key, signature, issuer, audience,
    /// time, claims.
    pub fn verify(
        token: &str,
        application: &ApplicationId,
        verifier: &TokenVerifier,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let signed = verifier.signed(Self::TYPE, &Self::audience(application), token, now)?;
        let claims = &signed.claims;
        let client = required("client_id", claims.client_id.as_ref(), ClientId::parse)?;
        let authentication = match &claims.sub {
            Some(_) => Some(parse(claims, application, client.clone())?),
            None => None,
        };
        let journey = claims.journey.clone().ok_or(TokenError::Claim("journey"))?;
        Ok(Self { application: application.clone(), client, journey, authentication })
    }
}
