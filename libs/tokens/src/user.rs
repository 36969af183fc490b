//! The tokens of a user after a code was accepted: an access token for the application's own
//! services, and an ID token (`OpenID` Connect Core, section 2) for the client.
//!
//! Both follow from the grant: minted again, as after a lost reply, they are the same tokens, with
//! the same ids and the same end.

use std::time::Duration;

use clock::Timestamp;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId, GrantId};
use codes::user::UserId;

use crate::claims::{Claims, derived_id};
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::verify::{TokenVerifier, required};

/// How a user proved to be who they are (RFC 8176, section 2).
pub const METHOD: &str = "otp";

/// How much that proves: a code that a person was handed, not one that a device computed.
pub const CONTEXT: &str = "urn:postern:temp-code";

/// Adds the claims of an authentication.
pub(crate) fn describe(authentication: &Authentication, claims: Claims) -> Claims {
    Claims {
        sub: Some(authentication.user.as_str().to_owned()),
        amr: Some(vec![METHOD.to_owned()]),
        acr: Some(CONTEXT.to_owned()),
        auth_time: Some(authentication.at.unix_seconds()),
        sid: Some(authentication.grant.to_string()),
        ..claims
    }
}

/// Reads what [`describe`] wrote.
pub(crate) fn parse(
    claims: &Claims,
    application: &ApplicationId,
    client: ClientId,
) -> Result<Authentication, TokenError> {
    let at = claims.auth_time.ok_or(TokenError::Claim("auth_time"))?;
    if claims.amr.as_deref() != Some(&[METHOD.to_owned()]) {
        return Err(TokenError::Claim("amr"));
    }
    Ok(Authentication {
        application: application.clone(),
        client,
        user: required("sub", claims.sub.as_ref(), UserId::parse_subject)?,
        grant: required("sid", claims.sid.as_ref(), GrantId::parse)?,
        at: Timestamp::from_unix_millis(at.saturating_mul(1000)),
    })
}

/// A user's access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserToken {
    /// Who, and how it is known.
    pub authentication: Authentication,
    /// The application's own scope, which means nothing to Postern.
    pub scope: String,
}

impl UserToken {
    pub(crate) const TYPE: &str = "user-at+jwt";

    pub(crate) fn audience(application: &ApplicationId) -> String {
        format!("urn:postern:application:{application}")
    }

    /// Signs the token. It lives from the moment of the authentication.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter, lifetime: Duration) -> Result<String, MintError> {
        let Authentication { application, client, grant, at, .. } = &self.authentication;
        let id = derived_id("postern user access token", grant.as_str());
        let claims = Claims {
            client_id: Some(client.to_string()),
            scope: Some(self.scope.clone()),
            ..Claims::new(Self::audience(application), *at, lifetime, id)
        };
        minter.sign(Self::TYPE, describe(&self.authentication, claims))
    }

    /// Reads and checks a token of that application's user.
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
        Ok(Self {
            authentication: parse(claims, application, client)?,
            scope: claims.scope.clone().ok_or(TokenError::Claim("scope"))?,
        })
    }
}

/// A user's ID token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    /// Who, and how it is known.
    pub authentication: Authentication,
    /// What the client of an authorization request sent to recognise its token.
    pub nonce: Option<String>,
    /// The hash of the access token that comes with it: [`Minter::access_token_hash`].
    pub access_token_hash: Option<String>,
}

impl IdToken {
    pub(crate) const TYPE: &str = "JWT";

    /// Signs the token. It lives from the moment of the authentication.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(&self, minter: &Minter, lifetime: Duration) -> Result<String, MintError> {
        let Authentication { application, client, grant, at, .. } = &self.authentication;
        let id = derived_id("postern id token", grant.as_str());
        let claims = Claims {
            application: Some(application.to_string()),
            nonce: self.nonce.clone(),
            at_hash: self.access_token_hash.clone(),
            ..Claims::new(client.to_string(), *at, lifetime, id)
        };
        minter.sign(Self::TYPE, describe(&self.authentication, claims))
    }

    /// Reads and checks a token that was minted for that client.
    ///
    /// # Errors
    /// The variant names the first check that failed: form, type, key, signature, issuer, audience,
    /// time, claims.
    pub fn verify(
        token: &str,
        client: &ClientId,
        verifier: &TokenVerifier,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let signed = verifier.signed(Self::TYPE, client.as_str(), token, now)?;
        let claims = &signed.claims;
        let application =
            required("application", claims.application.as_ref(), ApplicationId::parse)?;
        let authentication = parse(claims, &application, client.clone())?;
        let (nonce, access_token_hash) = (claims.nonce.clone(), claims.at_hash.clone());
        Ok(Self { authentication, nonce, access_token_hash })
    }
}
