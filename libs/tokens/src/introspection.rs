//! Whether a token of a user or a journey is active, and what it says: the answer of RFC 7662, section 2.2.

use clock::Timestamp;
use codes::ids::{ApplicationId, ClientId, GrantId};
use serde_json::{Value, json};

use crate::journey::JourneyToken;
use crate::user::{IdToken, UserToken};
use crate::verify::TokenVerifier;

/// The answer about an inactive token. It never says why.
pub fn inactive() -> Value {
    json!({ "active": false })
}

/// A token that is active unless its grant is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// What is answered about it: its claims.
    pub answer: Value,
    /// What it was minted for; a journey without a user has no grant.
    pub grant: Option<GrantId>,
}

/// What is answered about a token: its claims if it is an access, ID or journey token that the verifier
/// believes, of one of these clients of that application. Tokens of clients, agents and services are not active
/// here: they are for Postern alone. `None` if it is not active, whatever the reason.
pub fn introspect<'a>(
    token: &str,
    application: &ApplicationId,
    clients: impl IntoIterator<Item = &'a ClientId>,
    verifier: &TokenVerifier,
    now: Timestamp,
) -> Option<Active> {
    let clients: Vec<_> = clients.into_iter().map(ClientId::as_str).collect();
    let of_application = [
        (UserToken::TYPE, &*UserToken::audience(application)),
        (JourneyToken::TYPE, &*JourneyToken::audience(application)),
    ];
    let of_clients = clients.iter().map(|client| (IdToken::TYPE, *client));
    let kinds: Vec<_> = of_application.into_iter().chain(of_clients).collect();
    let signed = verifier.signed_as_one_of(&kinds, token, now).ok()?;
    let claims = &signed.claims;
    // An ID token names its client as its audience, and its application beside it.
    let client = claims.client_id.as_deref().unwrap_or(&claims.aud);
    let is_foreign = claims.application.as_ref().is_some_and(|it| it != application.as_str());
    if is_foreign || !clients.contains(&client) {
        return None;
    }
    let grant = claims.sid.as_deref().map(GrantId::parse).transpose().ok()?;
    let mut answer = serde_json::to_value(claims).ok()?;
    answer["active"] = json!(true);
    answer["client_id"] = json!(client);
    Some(Active { answer, grant })
}
