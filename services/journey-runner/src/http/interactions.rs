//! The journeys of authorization requests: how a page starts one, and the redirect at its end.
//!
//! A request is tied to one browser by a cookie. The journey is started and answered with that cookie
//! only, so that nobody can complete another person's request, nor have their own completed.

use std::collections::BTreeSet;
use std::sync::Arc;

use authorization::interaction::Browser;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use codes::ids::ClientId;
use codes::operations::Caller;
use config::{ClientKind, Configuration};
use edge::principal::Principal;
use journeys::runner::{Answer, Completed, Rejected};
use serde_json::json;
use wire::error::Fault;

use super::answer;
use super::call::{Call, SsoInvocation};
use super::envelope::{Message, Reply};
use crate::JourneyRunner;
use crate::authorize::{self, Authorizations};

/// The cookie's name where the page is served over https: `__Host-` lets no other host set it.
const SECURE: &str = "__Host-postern-browser";

/// Its name on loopback, where browsers may refuse a secure one.
const PLAIN: &str = "postern-browser";

/// The client of that id, if pages call in its name: those of a public client, and the recovery page for
/// any that signs its users in.
pub(super) fn client(configuration: &Arc<Configuration>, client_id: &str) -> Option<Principal> {
    let (application, client) = configuration.client(&ClientId::parse(client_id).ok()?)?;
    if matches!(client.kind, ClientKind::Confidential { .. }) && client.openid.is_none() {
        return None;
    }
    let (application, client) = (application.id.clone(), client.id.clone());
    let caller = Caller { application, client, agent: None, is_service: false };
    Principal::new(Arc::clone(configuration), caller, BTreeSet::new())
}

/// Whether the principal is a page's client.
pub(super) fn is_page(principal: &Principal) -> bool {
    let client = principal.application().clients.get(&principal.caller().client);
    matches!(client.map(|it| &it.kind), Some(ClientKind::Public { .. }))
}

/// The browser that sends these headers, if it has a cookie of ours.
pub(super) fn browser(headers: &HeaderMap) -> Option<Browser> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let mut pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| [SECURE, PLAIN].contains(name))?;
    Browser::parse(value).ok()
}

/// The cookie that marks a browser. It ends with the browser's session.
pub(super) fn cookie(browser: &Browser, issuer: &str) -> Option<HeaderValue> {
    let secret = browser.expose();
    let text = if issuer.starts_with("https:") {
        format!("{SECURE}={secret}; Path=/; HttpOnly; Secure; SameSite=Lax")
    } else {
        format!("{PLAIN}={secret}; Path=/; HttpOnly; SameSite=Lax")
    };
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl JourneyRunner {
    /// Starts the client's journey for an authorization request.
    pub(super) async fn sso(
        &self,
        principal: &Principal,
        call: Call,
        headers: &HeaderMap,
        message: &mut Message,
    ) -> Result<Reply, Fault> {
        let SsoInvocation { params } = message.data()?;
        let sealed = call.interaction.as_deref();
        let interaction = sealed
            .zip(browser(headers))
            .and_then(|(sealed, browser)| self.authorizations.open(sealed, &browser))
            .filter(|it| it.request.client() == principal.caller().client.as_str());
        let interaction = interaction.ok_or(Fault::SessionNotFound)?;
        let client = principal.application().clients.get(&principal.caller().client);
        let client = client.ok_or(Fault::JourneyNotFound)?;
        // The configuration may have changed since the request.
        let is_registered = client.has_registered(&interaction.request.redirect_uri) == Some(true);
        let journey = client.openid.clone().filter(|_| is_registered);
        let journey = journey.ok_or(Fault::JourneyNotFound)?;
        let tie = Some(Authorizations::tie(&interaction));
        let begun = self.begin(principal, (journey, tie), params, call, headers, message);
        authorize::span(&interaction, "start the journey of a request").around(begun).await
    }

    /// The answer to a page: of a journey for an authorization request, where the browser goes at its
    /// end, and no token.
    pub(super) async fn reply(&self, answer: Answer) -> Result<Reply, Fault> {
        match answer {
            Answer::Completed(Completed { tie: Some(tie), authentication, .. }) => {
                let url = match authentication {
                    Some(authentication) => self.authorizations.grant(&tie, authentication).await?,
                    None => self.authorizations.deny(&tie)?,
                };
                Ok(Reply::fine(json!({
                    "state": "completed",
                    "assertions_complete": true,
                    "data": { "url": url },
                })))
            }
            Answer::Rejected(Rejected { tie: Some(tie), reason, .. }) => {
                let url = self.authorizations.deny(&tie)?;
                let data = json!({ "state": "rejected", "data": { "url": url } });
                Ok(Reply::rejected(reason.as_str(), data))
            }
            answer => Ok(answer::reply(answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use codes::randomness;

    use super::*;

    #[test]
    fn a_browser_is_known_by_the_cookie_that_was_set() {
        let mark = Browser::draw(&randomness::system());
        for issuer in ["https://postern.example", "http://127.0.0.1:8080"] {
            let set = cookie(&mark, issuer).expect("a cookie");
            let set = set.to_str().expect("ASCII");
            for attribute in ["Path=/", "HttpOnly", "SameSite=Lax"] {
                assert!(set.contains(attribute), "{set}");
            }
            let is_secure = set.starts_with("__Host-") && set.contains("; Secure");
            assert_eq!(is_secure, issuer.starts_with("https:"), "{set}");
            let sent = set.split(';').next().expect("a pair");
            let sent = format!("a=b; {sent}; c=d");
            let headers = HeaderMap::from_iter([(COOKIE, sent.parse().expect("a header"))]);
            assert_eq!(browser(&headers), Some(mark.clone()));
        }
        for other in ["", "postern-browser", "postern-browser=x", "x-postern-browser=1"] {
            let headers = HeaderMap::from_iter([(COOKIE, other.parse().expect("a header"))]);
            assert_eq!(browser(&headers), None, "{other}");
        }
    }
}
