//! The token of a calling backend: its own, or one for an agent.

use clock::Timestamp;

use crate::agent::AgentToken;
use crate::client::ClientToken;
use crate::error::TokenError;
use crate::verify::TokenVerifier;

/// The access token of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerToken {
    /// The client acts for itself.
    Client(ClientToken),
    /// The client acts for an agent.
    Agent(AgentToken),
}

impl CallerToken {
    /// Reads and checks a token. Whichever kind it is, it is hashed and read once.
    ///
    /// # Errors
    /// The variant names the first check that failed: form, type, key, signature, issuer, audience,
    /// time, claims.
    pub fn verify(
        token: &str,
        verifier: &TokenVerifier,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let kinds =
            [(ClientToken::TYPE, ClientToken::AUDIENCE), (AgentToken::TYPE, AgentToken::AUDIENCE)];
        let signed = verifier.signed_as_one_of(&kinds, token, now)?;
        Ok(if signed.typ == AgentToken::TYPE {
            Self::Agent(AgentToken::from_claims(&signed.claims)?)
        } else {
            Self::Client(ClientToken::from_claims(&signed.claims)?)
        })
    }
}
