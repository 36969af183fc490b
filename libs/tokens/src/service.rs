//! The token with which one service calls another, in the name of an application. It is a kind of
//! its own, because no client should hold a token with these rights.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ApplicationId;

use crate::claims::{Claims, unique_id};
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::scope::Scope;
use crate::verify::{TokenVerifier, required};

/// A service that calls another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The journey runner, which calls the verifier.
    JourneyRunner,
    /// The code issuer, which calls the journey runner.
    CodeIssuer,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::JourneyRunner, Self::CodeIssuer];

    /// The service's name: `sub` of its tokens.
    pub const fn subject(self) -> &'static str {
        match self {
            Self::JourneyRunner => "journey-runner",
            Self::CodeIssuer => "code-issuer",
        }
    }

    /// What its tokens let it do.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::JourneyRunner => &[Scope::CodesVerify, Scope::CodesReason, Scope::JourneysPair],
            Self::CodeIssuer => &[Scope::AuthorizationsRedeem],
        }
    }

    /// `typ` of its tokens.
    const fn token_type(self) -> &'static str {
        match self {
            Self::JourneyRunner => "service+jwt",
            Self::CodeIssuer => "issuer+jwt",
        }
    }

    /// The service that it calls: `aud` of its tokens.
    const fn audience(self) -> &'static str {
        match self {
            Self::JourneyRunner => "urn:postern:verifier",
            Self::CodeIssuer => "urn:postern:journey-runner",
        }
    }
}

/// A service's token for one of its own calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken {
    /// The service that calls.
    pub service: Service,
    /// The application in whose name the call is made.
    pub application: ApplicationId,
}

impl ServiceToken {
    /// How long a token lives: one call, and its retries.
    pub const LIFETIME: Duration = Duration::from_secs(60);

    /// Signs the token.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter, now: Timestamp) -> Result<String, MintError> {
        let audience = self.service.audience().to_owned();
        let claims = Claims {
            sub: Some(self.service.subject().to_owned()),
            application: Some(self.application.to_string()),
            ..Claims::new(audience, now, Self::LIFETIME, unique_id())
        };
        minter.sign(self.service.token_type(), claims)
    }

    /// Reads and checks a token of that service.
    ///
    /// # Errors
    /// The variant names the first check that failed: form, type, key, signature, issuer, audience,
    /// time, claims.
    pub fn verify(
        token: &str,
        service: Service,
        verifier: &TokenVerifier,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let signed = verifier.signed(service.token_type(), service.audience(), token, now)?;
        let claims = &signed.claims;
        if claims.sub.as_deref() != Some(service.subject()) {
            return Err(TokenError::Claim("sub"));
        }
        let application =
            required("application", claims.application.as_ref(), ApplicationId::parse)?;
        Ok(Self { service, application })
    }
}
