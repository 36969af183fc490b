//! The token with which a client calls the services: an access token of the client credentials
//! grant, as RFC 9068 profiles it.

use std::collections::BTreeSet;
use std::time::Duration;

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId};

use crate::claims::{Claims, unique_id};
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::scope::{self, Scope};
use crate::secret::Generation;
use crate::verify::{TokenVerifier, required};

/// A client's access token.
///
/// ```
/// use std::sync::Arc;
///
/// use clock::Timestamp;
/// use tokens::client::ClientToken;
/// use tokens::keys::KeyRing;
/// use tokens::mint::Minter;
/// use tokens::secret::SecretHash;
/// use tokens::verify::TokenVerifier;
///
/// let (ring, issuer) = (Arc::new(KeyRing::generate()), "https://issuer.example");
/// let token = ClientToken {
///     application: codes::ids::ApplicationId::parse("acme")?,
///     client: codes::ids::ClientId::parse("acme-support")?,
///     scopes: tokens::scope::parse_list("codes:issue codes:read")?,
///     generation: SecretHash::from_secret(&"a secret of the client".into()).generation().clone(),
/// };
/// let now = Timestamp::from_unix_millis(1_767_225_600_000);
/// let text = token.mint(&Minter::new(Arc::clone(&ring), issuer)?, now)?;
///
/// let verifier = TokenVerifier::new(ring, [issuer]);
/// assert_eq!(ClientToken::verify(&text, &verifier, now), Ok(token));
/// assert!(ClientToken::verify(&text, &verifier, now + ClientToken::LIFETIME * 2).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientToken {
    /// The application that the client belongs to.
    pub application: ApplicationId,
    /// The client.
    pub client: ClientId,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// The secret that the client had when it got the token. With another secret, the token is
    /// refused: a stolen secret must lose its value when it is replaced.
    pub generation: Generation,
}

impl ClientToken {
    /// How long a token lives: `expires_in` of the token endpoint.
    pub const LIFETIME: Duration = Duration::from_secs(60 * 60);

    pub(crate) const TYPE: &str = "at+jwt";
    pub(crate) const AUDIENCE: &str = "urn:postern:services";

    /// Signs the token.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter, now: Timestamp) -> Result<String, MintError> {
        let claims = Claims::new(Self::AUDIENCE.to_owned(), now, Self::LIFETIME, unique_id());
        // The client acts for itself: RFC 9068, section 2.2.
        let claims = Claims { sub: Some(self.client.to_string()), ..self.describe(claims) };
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
        Self::from_claims(&verifier.signed(Self::TYPE, Self::AUDIENCE, token, now)?.claims)
    }

    /// Reads the claims of a token of this kind.
    pub(crate) fn from_claims(claims: &Claims) -> Result<Self, TokenError> {
        if claims.sub != claims.client_id {
            return Err(TokenError::Claim("sub"));
        }
        Self::parse(claims)
    }

    /// Adds what a token says of the client.
    pub(crate) fn describe(&self, claims: Claims) -> Claims {
        Claims {
            client_id: Some(self.client.to_string()),
            application: Some(self.application.to_string()),
            scope: Some(scope::to_list(&self.scopes)),
            secret_generation: Some(self.generation.as_str().to_owned()),
            ..claims
        }
    }

    /// Reads what [`Self::describe`] wrote.
    pub(crate) fn parse(claims: &Claims) -> Result<Self, TokenError> {
        Ok(Self {
            application: required(
                "application",
                claims.application.as_ref(),
                ApplicationId::parse,
            )?,
            client: required("client_id", claims.client_id.as_ref(), ClientId::parse)?,
            scopes: required("scope", claims.scope.as_ref(), scope::parse_list)?,
            generation: required(
                "secret_generation",
                claims.secret_generation.as_ref(),
                Generation::parse,
            )?,
        })
    }
}
