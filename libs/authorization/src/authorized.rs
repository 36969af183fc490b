//! What a code stands for: a request, and the user whom the journey authenticated.

use clock::Timestamp;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId, GrantId};
use codes::user::UserId;
use serde::{Deserialize, Serialize};

use crate::interaction::Interaction;
use crate::pkce::Verifier;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorized {
    /// The request, and the browser that made it.
    pub interaction: Interaction,
    /// The user whom the journey authenticated.
    pub authentication: Authentication,
}

/// What a client presents with a code.
#[derive(Clone, Debug)]
pub struct Presented<'a> {
    /// The client, which has authenticated itself if it can.
    pub client: &'a ClientId,
    /// The redirect URI that the code came to.
    pub redirect_uri: &'a str,
    /// What only the party that began the flow knows.
    pub verifier: &'a Verifier,
}

/// Why a code is not the presenting client's to redeem. The client is not told which of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The code was issued to another client.
    #[error("the code was issued to another client")]
    Client,
    /// The code was sent to another redirect URI.
    #[error("the code was sent to another redirect URI")]
    RedirectUri,
    /// The verifier does not meet the challenge.
    #[error("the code verifier does not meet the code challenge")]
    Verifier,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    interaction: Interaction,
    application: String,
    client: String,
    user: String,
    grant: String,
    at_ms: i64,
}

impl Authorized {
    /// Checks that a client may redeem the code.
    ///
    /// # Errors
    /// The first of the three facts that differs from the request.
    pub fn check(&self, presented: &Presented<'_>) -> Result<(), Mismatch> {
        let request = &self.interaction.request;
        if *presented.client != self.authentication.client {
            return Err(Mismatch::Client);
        }
        if presented.redirect_uri != request.redirect_uri {
            return Err(Mismatch::RedirectUri);
        }
        if !request.challenge.is_met_by(presented.verifier) {
            return Err(Mismatch::Verifier);
        }
        Ok(())
    }

    /// It as bytes, for the store.
    #[expect(clippy::missing_panics_doc, reason = "strings and numbers are JSON")]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Authentication { application, client, user, grant, at } = &self.authentication;
        let stored = Stored {
            interaction: self.interaction.clone(),
            application: application.to_string(),
            client: client.to_string(),
            user: user.as_str().to_owned(),
            grant: grant.to_string(),
            at_ms: at.unix_millis(),
        };
        serde_json::to_vec(&stored).expect("it is JSON")
    }

    /// Reads what the store kept; `None` if its format is another one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let authentication = Authentication {
            application: ApplicationId::parse(&stored.application).ok()?,
            client: ClientId::parse(&stored.client).ok()?,
            user: UserId::parse_subject(&stored.user).ok()?,
            grant: GrantId::parse(&stored.grant).ok()?,
            at: Timestamp::from_unix_millis(stored.at_ms),
        };
        Some(Self { interaction: stored.interaction, authentication })
    }
}

#[cfg(test)]
mod tests {
    use codes::digest::Subject;
    use codes::ids::CodeId;
    use codes::randomness;

    use super::*;
    use crate::interaction::Browser;
    use crate::request::AuthorizationRequest;

    // RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const QUERY: &str = "client_id=shop&redirect_uri=https%3A%2F%2Fa.example&response_type=code&\
        scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&\
        code_challenge_method=S256";

    fn authorized() -> Authorized {
        let browser = Browser::draw(&randomness::system());
        let now = Timestamp::from_unix_millis(5_000);
        let request = AuthorizationRequest::parse(QUERY, |_, _| Some(true)).expect("valid");
        Authorized {
            interaction: Interaction::new(request, &browser, None, now),
            authentication: Authentication {
                application: ApplicationId::parse("acme").expect("valid"),
                client: ClientId::parse("shop").expect("valid"),
                user: UserId::parse_subject("ada").expect("valid"),
                grant: CodeId::new(&Subject::from_bytes([1; 16]), [2; 16]).grant(),
                at: now,
            },
        }
    }

    #[test]
    fn what_is_stored_is_read_as_it_was() {
        let authorized = authorized();
        assert_eq!(Authorized::parse(&authorized.to_bytes()), Some(authorized));
        assert_eq!(Authorized::parse(b"{}"), None);
    }

    #[test]
    fn a_code_is_redeemed_by_its_client_at_its_redirect_uri_with_its_verifier_only() {
        let authorized = authorized();
        let client = |id| ClientId::parse(id).expect("valid");
        let verifier = |text: &str| Verifier::parse(text).expect("valid");
        let (uri, other) = ("https://a.example", VERIFIER.replace('d', "e"));
        for (id, redirect_uri, text, expected) in [
            ("shop", uri, VERIFIER, Ok(())),
            ("other", uri, VERIFIER, Err(Mismatch::Client)),
            ("shop", "https://a.example/", VERIFIER, Err(Mismatch::RedirectUri)),
            ("shop", uri, &*other, Err(Mismatch::Verifier)),
        ] {
            let (client, verifier) = (client(id), verifier(text));
            let presented = Presented { client: &client, redirect_uri, verifier: &verifier };
            assert_eq!(authorized.check(&presented), expected, "{id} {redirect_uri}");
        }
    }
}
