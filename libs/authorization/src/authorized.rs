//! What a code stands for: a request, and the user whom the journey authenticated.

use clock::Timestamp;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId, GrantId};
use codes::user::UserId;
use serde::{Deserialize, Serialize};

use crate::code::hash;
use crate::interaction::Interaction;
use crate::pkce::{Challenge, Verifier};

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

/// What the rightful client of a code proves: a hash of the client, the redirect URI and the code challenge.
/// Only the party that drew the code verifier can make it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof(String);

impl Proof {
    fn of(client: &str, redirect_uri: &str, challenge: &Challenge) -> Self {
        Self(hash("proof", &format!("{client}\n{redirect_uri}\n{}", challenge.as_str())))
    }

    /// Reads what a store kept.
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The proof as text, for a store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a code stands for, encrypted: the only form in which a store keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes what a store kept.
    pub const fn from_store(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The encrypted bytes, for a store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
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

impl Presented<'_> {
    /// What the client proves with this.
    pub fn proof(&self) -> Proof {
        Proof::of(self.client.as_str(), self.redirect_uri, &self.verifier.challenge())
    }
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

    /// What its client proves.
    pub fn proof(&self) -> Proof {
        let request = &self.interaction.request;
        let client = self.authentication.client.as_str();
        Proof::of(client, &request.redirect_uri, &request.challenge)
    }

    /// It, encrypted by `seal`; `None` if that fails.
    pub fn seal(&self, seal: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Option<Sealed> {
        seal(self.to_bytes()).map(Sealed)
    }

    /// Reads what was encrypted; `None` for any other text.
    pub fn open<B: AsRef<[u8]>>(
        sealed: &Sealed,
        open: impl FnOnce(&[u8]) -> Option<B>,
    ) -> Option<Self> {
        Self::parse(open(&sealed.0)?.as_ref())
    }

    fn to_bytes(&self) -> Vec<u8> {
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

    fn parse(bytes: &[u8]) -> Option<Self> {
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
        let flipped = |text: &[u8]| Some(text.iter().map(|byte| byte ^ 1).collect::<Vec<_>>());
        let sealed = authorized.seal(|text| flipped(&text)).expect("seals");
        assert!(!sealed.as_bytes().windows(3).any(|window| window == b"ada"));
        assert_eq!(Authorized::open(&sealed, flipped), Some(authorized));
        assert_eq!(Authorized::open(&sealed, |text| Some(text.to_vec())), None);
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
            let has_proof = presented.proof() == authorized.proof();
            assert_eq!(has_proof, expected.is_ok(), "{id} {redirect_uri}");
        }
    }
}
