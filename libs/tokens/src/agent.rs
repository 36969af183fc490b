//! The token with which an agent's backend calls the services: a client token that also names the
//! agent. The client gets it for the agent's ID token (RFC 8693).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clock::Timestamp;
use codes::ids::{Agent, AgentId, ProviderId};
use codes::user::{Identifier, IdentifierType};

use crate::claims::{Actor, Claims, unique_id};
use crate::client::ClientToken;
use crate::error::TokenError;
use crate::mint::{MintError, Minter};
use crate::verify::{TokenVerifier, required};

/// An agent's access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentToken {
    /// The agent.
    pub agent: Agent,
    /// The URL of the agent's identity provider. A provider that takes another's place in the
    /// configuration has agents of its own.
    pub issuer: String,
    /// The roles that the provider gave the agent.
    pub roles: BTreeSet<String>,
    /// When the agent signed in to the provider.
    pub authenticated_at: Timestamp,
    /// The agent's own account, for which they may not act.
    pub own: Vec<Identifier>,
    /// The client that acts for the agent (`act`), with what both together may do.
    pub client: ClientToken,
}

impl AgentToken {
    /// The longest life of a token.
    pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

    pub(crate) const TYPE: &str = "agent+jwt";
    pub(crate) const AUDIENCE: &str = "urn:postern:agents";

    /// Signs a token that lives for `lifetime`.
    ///
    /// # Errors
    /// No key signs, or signing failed.
    pub fn mint(
        &self,
        minter: &Minter,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<String, MintError> {
        let own = self.own.iter().map(|own| (own.kind().as_str().to_owned(), own.value().into()));
        let claims = Claims::new(Self::AUDIENCE.to_owned(), now, lifetime, unique_id());
        let claims = Claims {
            sub: Some(self.agent.id.to_string()),
            act: Some(Actor { sub: self.client.client.to_string() }),
            provider: Some(self.agent.provider.to_string()),
            provider_issuer: Some(self.issuer.clone()),
            roles: Some(self.roles.iter().cloned().collect()),
            auth_time: Some(self.authenticated_at.unix_seconds()),
            own: Some(own.collect()),
            ..self.client.describe(claims)
        };
        minter.sign(Self::TYPE, claims)
    }

    /// Reads and checks a token.
    ///
    /// # Errors
    /// Why the token is not believed.
    pub fn verify(
        token: &str,
        verifier: &TokenVerifier,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        Self::from_claims(&verifier.signed(Self::TYPE, Self::AUDIENCE, token, now)?.claims)
    }

    /// Reads the claims of a token of this kind.
    pub(crate) fn from_claims(claims: &Claims) -> Result<Self, TokenError> {
        let client = ClientToken::parse(claims)?;
        if claims.act.as_ref().is_none_or(|act| act.sub != client.client.as_str()) {
            return Err(TokenError::Claim("act"));
        }
        let signed_in = claims.auth_time.ok_or(TokenError::Claim("auth_time"))?;
        let own = claims.own.as_ref().ok_or(TokenError::Claim("self"))?;
        Ok(Self {
            agent: Agent {
                provider: required("provider", claims.provider.as_ref(), ProviderId::parse)?,
                id: required("sub", claims.sub.as_ref(), AgentId::parse)?,
            },
            issuer: claims.provider_issuer.clone().ok_or(TokenError::Claim("provider_issuer"))?,
            roles: claims.roles.iter().flatten().cloned().collect(),
            authenticated_at: Timestamp::from_unix_millis(signed_in.saturating_mul(1000)),
            own: identifiers(own).ok_or(TokenError::Claim("self"))?,
            client,
        })
    }
}

fn identifiers(own: &BTreeMap<String, String>) -> Option<Vec<Identifier>> {
    let parse = |(kind, value): (&String, &String)| {
        Identifier::parse(IdentifierType::parse(kind)?, value).ok()
    };
    own.iter().map(parse).collect()
}
