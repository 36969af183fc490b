//! Tests that span kinds: what must not pass for something else, and what must never pass at all.

mod crossing;
mod hostile;
mod introspection;
mod rotation;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use codes::authentication::Authentication;
use codes::digest::Subject;
use codes::ids::{ApplicationId, ClientId, GrantId};
use codes::user::UserId;
use serde_json::{Value, json};

use crate::client::ClientToken;
use crate::error::TokenError;
use crate::keys::KeyRing;
use crate::mint::Minter;
use crate::scope::Scope;
use crate::secret::SecretHash;
use crate::verify::TokenVerifier;

const ISSUER: &str = "https://postern.example";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_767_225_600_000);

fn application() -> ApplicationId {
    ApplicationId::parse("acme").expect("valid")
}

fn client() -> ClientId {
    ClientId::parse("acme-web").expect("valid")
}

fn authentication(user: UserId) -> Authentication {
    let grant = GrantId::parse(&Subject::from_bytes([7; 16]).to_string()).expect("valid");
    Authentication { application: application(), client: client(), user, grant, at: NOW }
}

fn alice() -> Authentication {
    authentication(UserId::parse("alice").expect("valid"))
}

fn client_token() -> ClientToken {
    ClientToken {
        application: application(),
        client: client(),
        scopes: BTreeSet::from([Scope::CodesIssue, Scope::CodesRead]),
        generation: SecretHash::from_secret(&"acme-web-secret".into()).generation().clone(),
    }
}

/// A minter and a verifier of one ring.
fn pair(ring: KeyRing) -> (Minter, TokenVerifier) {
    let ring = Arc::new(ring);
    let verifier = TokenVerifier::new(Arc::clone(&ring), [ISSUER]);
    (Minter::new(ring, ISSUER).expect("a signing ring"), verifier)
}

pub(crate) fn encode(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

/// What the parts of a token say.
fn decode(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// Signs any header and claims whatever, with the ring's own key: what a forger who had the key
/// could write, and so what only the other checks keep out.
pub(crate) fn forge(ring: &KeyRing, header: &str, claims: &str) -> String {
    let (_, signing) = ring.signer().expect("a signing ring");
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = signing.sign(message.as_bytes()).expect("signs");
    format!("{message}.{}", encode(signature))
}

/// The header of a good client token.
fn good_header(ring: &KeyRing) -> Value {
    let (key, _) = ring.signer().expect("a signing ring");
    json!({ "typ": "at+jwt", "alg": "ES256", "kid": key.kid })
}

/// The claims of a good client token.
fn good_claims() -> Value {
    let now = NOW.unix_seconds();
    json!({
        "iss": ISSUER, "aud": "urn:postern:services", "iat": now, "exp": now + 3600, "jti": "1",
        "sub": "acme-web", "client_id": "acme-web", "application": "acme", "scope": "codes:issue",
        "secret_generation": "AAAAAAAAAAA",
    })
}

/// Verifies a client token after a change of its header or claims.
fn verify_changed(
    change: impl FnOnce(&mut Value, &mut Value),
    now: Timestamp,
) -> Result<ClientToken, TokenError> {
    let (minter, verifier) = pair(KeyRing::generate());
    let (mut header, mut claims) = (good_header(minter.ring()), good_claims());
    change(&mut header, &mut claims);
    let token = forge(minter.ring(), &header.to_string(), &claims.to_string());
    ClientToken::verify(&token, &verifier, now)
}
