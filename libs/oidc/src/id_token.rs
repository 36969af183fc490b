//! The ID token of a sign-in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokens::verify::TokenVerifier;

/// A person who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The ID token.
    pub id_token: SecretString,
    /// The refresh token, if the provider gives one.
    pub refresh_token: Option<SecretString>,
    /// The person, as the provider names them.
    pub subject: String,
    /// The person's name for people, if the provider tells it.
    pub name: Option<String>,
    /// When they authenticated at the provider.
    pub authenticated_at: Timestamp,
}

/// The claims that the ID token of a sign-in must have.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// The nonce of the sign-in. A renewed token need not repeat it.
    pub(crate) nonce: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// The claims that count. None may occur twice.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    sub: String,
    auth_time: i64,
    nonce: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn is_only(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Several(several) => matches!(&several[..], [only] if only == client),
        }
    }
}

/// Reads a token that came from the provider's token endpoint.
///
/// # Why no signature is checked
/// It came over TLS from the provider itself (`OpenID` Connect Core, section 3.1.3.7, rule 6). The code
/// issuer checks the signature when the token is exchanged, before anybody may do anything with it.
///
/// # Errors
/// The claim that is missing or wrong.
pub(crate) fn read(
    id_token: SecretString,
    refresh_token: Option<SecretString>,
    expected: &Expected<'_>,
) -> Result<SignedIn, &'static str> {
    let payload = id_token.expose_secret().split('.').nth(1);
    let payload = payload.and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).ok_or("no JWT")?;
    let claims: Claims = serde_json::from_slice(&payload)
        .map_err(|_| "iss, aud, exp, sub and auth_time must be there, each once")?;
    if claims.iss != expected.issuer {
        return Err("iss is another provider");
    }
    if !claims.aud.is_only(expected.client_id) {
        return Err("aud must be this client alone");
    }
    if expected.nonce.is_some() && claims.nonce.as_deref() != expected.nonce {
        return Err("nonce belongs to another sign-in");
    }
    if expected.now.unix_seconds() >= claims.exp.saturating_add(TokenVerifier::LEEWAY_SECONDS) {
        return Err("it has expired");
    }
    let authenticated_at = Timestamp::from_unix_millis(claims.auth_time.saturating_mul(1000));
    let Claims { sub: subject, name, .. } = claims;
    Ok(SignedIn { id_token, refresh_token, subject, name, authenticated_at })
}
