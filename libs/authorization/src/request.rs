//! The authorization request (RFC 6749, section 4.1.1; `OpenID` Connect Core, section 3.1.2.1).

mod parameters;

#[cfg(test)]
mod tests;

use codes::ids::ClientId;
use serde::{Deserialize, Serialize};

use self::parameters::Parameters;
use crate::code::hash;
use crate::pkce::Challenge;
use crate::refusal::{ErrorCode, PageRefusal, Refusal, RequestError};

/// The longest `state`, in bytes: some clients keep their own encrypted state in it.
const MAX_STATE: usize = 2048;

/// The longest `nonce`, in bytes.
const MAX_NONCE: usize = 512;

/// The longest `login_hint` and `ui_locales`, in bytes.
const MAX_HINT: usize = 256;

/// A valid authorization request. `Debug` does not show what only the client and its user know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    client: String,
    /// The registered redirect URI.
    pub redirect_uri: String,
    /// Returned to the client as it was sent.
    pub state: Option<String>,
    /// Returned to the client in the ID token.
    pub nonce: Option<String>,
    /// What the redeeming party must prove.
    pub challenge: Challenge,
    /// The identifier that the client believes to be the user's, to prefill a form.
    pub login_hint: Option<String>,
    /// The languages that the user prefers, the best first.
    pub ui_locales: Option<String>,
}

impl AuthorizationRequest {
    /// Reads the query of a request. `is_registered` says whether a client is a relying party, and then
    /// whether it registered a redirect URI.
    ///
    /// `acr_values` and `max_age` need nothing: every user is authenticated anew, by the one method.
    ///
    /// # Errors
    /// [`Refusal::Page`] without a registered client and redirect URI; else [`Refusal::Redirect`].
    pub fn parse(
        query: &str,
        is_registered: impl FnOnce(&ClientId, &str) -> Option<bool>,
    ) -> Result<Self, Refusal> {
        let parameters = Parameters::parse(query);
        let client = parameters.once("client_id").and_then(|id| ClientId::parse(id).ok());
        let client = client.ok_or(Refusal::Page(PageRefusal::UnknownClient))?;
        let redirect_uri = parameters.once("redirect_uri").unwrap_or_default();
        match is_registered(&client, redirect_uri) {
            Some(true) => {}
            Some(false) => return Err(Refusal::Page(PageRefusal::UnknownRedirectUri)),
            None => return Err(Refusal::Page(PageRefusal::UnknownClient)),
        }
        let state = parameters.once("state").filter(|it| it.len() <= MAX_STATE);
        let request = Self::checked(&parameters, &client, redirect_uri);
        request.map_err(|error| Refusal::Redirect {
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            error,
        })
    }

    /// Checks what the client is told by redirect.
    fn checked(
        parameters: &Parameters,
        client: &ClientId,
        redirect_uri: &str,
    ) -> Result<Self, RequestError> {
        use ErrorCode::{
            InvalidRequest, InvalidScope, LoginRequired, RegistrationNotSupported,
            RequestNotSupported, RequestUriNotSupported, UnsupportedResponseType,
        };
        if parameters.has_repeated() {
            return refuse(InvalidRequest, "a parameter is given twice");
        }
        for (name, code, description) in [
            ("request", RequestNotSupported, "send plain parameters instead of request"),
            ("request_uri", RequestUriNotSupported, "send plain parameters instead of request_uri"),
            ("registration", RegistrationNotSupported, "clients are registered by configuration"),
        ] {
            if parameters.once(name).is_some() {
                return refuse(code, description);
            }
        }
        match parameters.once("response_type") {
            None => return refuse(InvalidRequest, "response_type is missing: it must be code"),
            Some("code") => {}
            Some(_) => return refuse(UnsupportedResponseType, "response_type must be code"),
        }
        if parameters.once("response_mode").is_some_and(|mode| mode != "query") {
            return refuse(InvalidRequest, "response_mode must be query, or be left out");
        }
        if !parameters.words("scope").any(|scope| scope == "openid") {
            return refuse(InvalidScope, "scope must contain openid");
        }
        if parameters.once("code_challenge_method") != Some("S256") {
            return refuse(InvalidRequest, "code_challenge_method must be S256");
        }
        let Some(challenge) = parameters.once("code_challenge") else {
            return refuse(InvalidRequest, "code_challenge is missing: PKCE is required");
        };
        let Ok(challenge) = Challenge::parse(challenge) else {
            return refuse(InvalidRequest, "code_challenge must be 32 bytes in base64url");
        };
        if parameters.once("max_age").is_some_and(|age| age.parse::<u32>().is_err()) {
            return refuse(InvalidRequest, "max_age must be a whole number of seconds");
        }
        for (name, max, description) in [
            ("state", MAX_STATE, "state must be at most 2048 bytes"),
            ("nonce", MAX_NONCE, "nonce must be at most 512 bytes"),
            ("login_hint", MAX_HINT, "login_hint must be at most 256 bytes"),
            ("ui_locales", MAX_HINT, "ui_locales must be at most 256 bytes"),
        ] {
            if parameters.once(name).is_some_and(|value| value.len() > max) {
                return refuse(InvalidRequest, description);
            }
        }
        match parameters.words("prompt").collect::<Vec<_>>().as_slice() {
            ["none"] => return refuse(LoginRequired, "every user has to be authenticated anew"),
            prompts if prompts.contains(&"none") => {
                return refuse(InvalidRequest, "prompt=none must stand alone");
            }
            _ => {}
        }
        let owned = |name| parameters.once(name).map(str::to_owned);
        Ok(Self {
            client: client.to_string(),
            redirect_uri: redirect_uri.to_owned(),
            state: owned("state"),
            nonce: owned("nonce"),
            challenge,
            login_hint: owned("login_hint"),
            ui_locales: owned("ui_locales"),
        })
    }

    /// A name for the request, by which a page finds its journey again after a reload.
    #[expect(clippy::missing_panics_doc, reason = "strings are JSON")]
    pub fn fingerprint(&self) -> String {
        hash("request", &serde_json::to_string(self).expect("a request is JSON"))
    }

    /// The client that asks.
    pub fn client(&self) -> &str {
        &self.client
    }
}

fn refuse<T>(code: ErrorCode, description: &'static str) -> Result<T, RequestError> {
    Err(RequestError { code, description })
}

impl std::fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("client", &self.client)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
