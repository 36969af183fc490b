//! The token exchange grant (RFC 8693): a client presents the ID token that an agent has from the
//! company's identity provider, and gets a token that also says which agent is acting.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use clock::Timestamp;
use codes::ids::Agent;
use codes::user::Identifier;
use config::{AgentProvider, Configuration};
use serde_json::json;
use server::http::Source;
use tokens::agent::AgentToken;
use tokens::client::ClientToken;
use tokens::provider::{Expected, IdClaims, ProviderKeys, Unverified};
use tokens::scope;

use super::error::TokenError;
use super::parameters::{ACCESS_TOKEN, narrow, subject_token};
use super::refusal::{Refusal, refuse, slow_down};
use crate::http::Edge;

/// The grant's name.
pub(super) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Exchanges the ID token in the form for a token of the agent and this client.
pub(super) async fn exchange(
    edge: &Edge,
    from: Source,
    configuration: &Configuration,
    client: ClientToken,
    form: &HashMap<String, String>,
) -> Result<Json<serde_json::Value>, TokenError> {
    let subject_token = subject_token(form)?;
    let providers: Vec<_> =
        configuration.providers().filter(|it| it.clients.contains(&client.client)).collect();
    if providers.is_empty() {
        let why = "no identity provider in agents/*.yaml lists this client under `clients`";
        return Err(TokenError::UnauthorizedClient(why));
    }
    let now = edge.service.clock.now();
    edge.refused_tokens.check(from, Some(&client.client), now).map_err(slow_down)?;

    let unverified = Unverified::parse(subject_token).map_err(Refusal::Token);
    let issuer = unverified.as_ref().ok().map(Unverified::issuer);
    let provider = providers.into_iter().find(|it| Some(it.issuer.as_str()) == issuer);
    let agent = match (unverified, provider) {
        (Ok(token), Some(provider)) => {
            let keys = keys(edge, provider, token.kid()).await?;
            agent(&token, &keys, provider, &client, now)
        }
        (Ok(_), None) => Err(Refusal::UnknownIssuer),
        (Err(refusal), _) => Err(refusal),
    };
    let (mut token, lifetime) = match agent {
        Ok(agent) => agent,
        Err(refusal) => return Err(refuse(edge, from, &client, provider, &refusal, now).await),
    };
    narrow(form, &mut token.client.scopes)?;
    let scope = scope::to_list(&token.client.scopes);
    let token = token.mint(&edge.service.minter, now, lifetime);
    Ok(Json(json!({
        "access_token": token.map_err(|_| TokenError::Unavailable)?,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
        "scope": scope,
    })))
}

/// The keys of a provider: those of its file, or those that it publishes.
async fn keys(
    edge: &Edge,
    provider: &AgentProvider,
    kid: Option<&str>,
) -> Result<Arc<ProviderKeys>, TokenError> {
    if let Some(keys) = &provider.keys {
        return Ok(Arc::clone(keys));
    }
    let keys = edge.provider_keys.keys(&provider.issuer, kid).await;
    keys.map_err(|_| TokenError::ProviderUnreachable)
}

/// The token of an agent whom the provider vouches for, and how long it lives.
fn agent(
    token: &Unverified<'_>,
    keys: &ProviderKeys,
    provider: &AgentProvider,
    client: &ClientToken,
    now: Timestamp,
) -> Result<(AgentToken, Duration), Refusal> {
    let expected = Expected {
        issuer: &provider.issuer,
        audience: &provider.audience,
        max_age: provider.max_age,
        methods: &provider.require_amr,
    };
    let claims = token.verify(keys, expected, now).map_err(Refusal::Token)?;
    let roles: BTreeSet<_> = claims.texts(&provider.claim).into_iter().map(str::to_owned).collect();
    let roles = roles.into_iter().filter(|role| provider.roles.contains_key(role)).collect();
    if provider.rights(&client.application, &roles).is_empty() {
        return Err(Refusal::NoRole(provider.claim.clone()));
    }
    let believed_for = provider.believed_for(claims.authenticated_at, now);
    let lifetime = believed_for.unwrap_or_default().min(AgentToken::LIFETIME);
    let token = AgentToken {
        own: own(provider, &claims)?,
        agent: Agent { provider: provider.id.clone(), id: claims.subject },
        issuer: provider.issuer.clone(),
        authenticated_at: claims.authenticated_at,
        client: ClientToken {
            scopes: edge::agents::scopes(provider, client, &roles),
            ..client.clone()
        },
        roles,
    };
    Ok((token, lifetime))
}

/// The agent's own account. Without it nothing would keep them from acting for themselves.
fn own(provider: &AgentProvider, claims: &IdClaims) -> Result<Vec<Identifier>, Refusal> {
    let own = provider.own.iter().map(|(kind, claim)| {
        let own = claims.text(claim).and_then(|text| Identifier::parse(*kind, text).ok());
        own.ok_or_else(|| Refusal::OwnAccount(claim.clone()))
    });
    own.collect()
}
