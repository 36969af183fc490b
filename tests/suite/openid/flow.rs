//! A relying party and a browser, without a library for either.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::back::Back;
use crate::harness::http::{ASSERT, TOKEN};
use crate::harness::pages::{id, submission};
use crate::harness::postern::{change, copy_of_config};
use crate::harness::{Postern, unique};

/// A relying party of the tests' configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party {
    pub(crate) id: &'static str,
    pub(crate) redirect_uri: &'static str,
    pub(crate) secret: Option<&'static str>,
}

/// A public client, whose journey asks with a form.
pub(crate) const SHOP: Party =
    Party { id: "shop", redirect_uri: "https://shop.example/back", secret: None };

/// A confidential client, whose journey is over at its start.
pub(crate) const PORTAL: Party = Party {
    id: "portal",
    redirect_uri: "https://portal.example/back?x=1",
    secret: Some("portal-secret-portal-secret"),
};

const CLIENTS: &str = r#"  - id: shop
    redirect_uris: ["https://shop.example/back", "http://127.0.0.1:3000/back"]
    openid: true
    journey: temp-code-form
  - id: portal
    secret_sha256: c79bfd18b84785a1d2eada4ea4449d14365018298c3588ad459f45f74746320f
    scopes: [journeys:run]
    redirect_uris: ["https://portal.example/back?x=1"]
    openid: true
    journey: temp-code-authentication
temp_code:
"#;

/// The tests' configuration with both relying parties.
pub(crate) fn configured() -> anyhow::Result<TempDir> {
    let folder = copy_of_config()?;
    change(&folder, "applications/acme.yaml", "temp_code:\n", CLIENTS)?;
    Ok(folder)
}

/// A request by a browser that follows no redirect, at the listener that serves the page.
pub(crate) fn browser(
    postern: &Postern,
    method: Method,
    path: &str,
    query: &[(&str, &str)],
) -> RequestBuilder {
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    let url = format!("http://{}{path}", postern.at.pages);
    client.request(method, Url::parse_with_params(&url, query).expect("a URL"))
}

/// 43 random characters.
fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn challenge(verifier: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}

/// The parameters of a valid request, with a fresh challenge.
pub(crate) fn valid(party: Party) -> Vec<(&'static str, String)> {
    let fixed = [
        ("client_id", party.id),
        ("redirect_uri", party.redirect_uri),
        ("response_type", "code"),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
    ];
    let drawn =
        [("state", random()), ("nonce", random()), ("code_challenge", challenge(&random()))];
    fixed.map(|(name, value)| (name, value.to_owned())).into_iter().chain(drawn).collect()
}

/// Sends an authorization request, with further headers.
pub(crate) async fn authorize(
    postern: &Postern,
    query: &[(&str, String)],
    headers: &[(&str, &str)],
) -> anyhow::Result<Response> {
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = browser(postern, Method::GET, "/oidc/auth", &query);
    let request = headers.iter().fold(request, |it, (name, value)| it.header(*name, *value));
    Ok(request.send().await?)
}

/// The page's call that starts the journey of a request.
pub(crate) fn starting(
    postern: &Postern,
    client: &str,
    interaction: &str,
    params: &Value,
) -> RequestBuilder {
    let query = [("clientId", client), ("ssoInteractionId", interaction)];
    let call = browser(postern, Method::POST, "/ido/api/v2/auth/sso", &query);
    call.json(&json!({"headers": [], "data": {"collection_result": {}, "params": params}}))
}

/// One sign-in: what the relying party drew, and what the browser holds.
pub(crate) struct Flow<'p> {
    postern: &'p Postern,
    pub(crate) party: Party,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) cookie: String,
    pub(crate) interaction: String,
}

impl<'p> Flow<'p> {
    /// Makes a request in a new browser.
    pub(crate) async fn begin(postern: &'p Postern, party: Party) -> anyhow::Result<Self> {
        Self::begin_with(postern, party, &[]).await
    }

    /// Makes a request in a new browser, with further headers.
    pub(crate) async fn begin_with(
        postern: &'p Postern,
        party: Party,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let verifier = random();
        let mut query = valid(party);
        query.retain(|(name, _)| *name != "code_challenge");
        query.push(("code_challenge", challenge(&verifier)));
        let of = |name: &str| query.iter().find(|(it, _)| *it == name).map(|(_, it)| it.clone());
        let (state, nonce) = (of("state").context("a state")?, of("nonce").context("a nonce")?);
        let answer = authorize(postern, &query, headers).await?;
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str()?;
        let cookie = cookie.split(';').next().context("a pair")?.to_owned();
        let page = answer.text().await?;
        let interaction = page.split_once("data-interaction=\"").context("an interaction")?.1;
        let interaction = interaction.split('"').next().context("its end")?.to_owned();
        for secret in [&state, &nonce, &verifier, &interaction] {
            postern.keep_secret(secret);
        }
        postern.keep_secret(cookie.split_once('=').context("a value")?.1);
        Ok(Self { postern, party, state, nonce, verifier, cookie, interaction })
    }

    /// The page's call that starts the journey.
    pub(crate) fn starting(&self, params: &Value) -> RequestBuilder {
        starting(self.postern, self.party.id, &self.interaction, params)
    }

    /// Starts the journey: the answer.
    pub(crate) async fn start(&mut self, params: Value) -> anyhow::Result<Value> {
        let answer = self.starting(&params).header("cookie", &self.cookie).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// The page's call that answers the step of `pending`.
    pub(crate) fn answering(
        &self,
        first: &Value,
        pending: &Value,
        assertion: &Value,
    ) -> RequestBuilder {
        let query = [
            ("clientId", self.party.id),
            ("sid", id(first, "session_id")),
            ("ssoInteractionId", &self.interaction),
        ];
        let call = browser(self.postern, Method::POST, ASSERT, &query);
        call.json(&submission(first, pending, assertion))
    }

    /// Answers a step: the next answer.
    pub(crate) async fn answer(
        &self,
        first: &Value,
        pending: &Value,
        assertion: &Value,
    ) -> anyhow::Result<Value> {
        let call = self.answering(first, pending, assertion).header("cookie", &self.cookie);
        Ok(call.send().await?.error_for_status()?.json().await?)
    }

    /// Runs the party's journey with a code: where the browser is sent.
    pub(crate) async fn finish(&mut self, user: &str, code: &str) -> anyhow::Result<Back> {
        let input = json!({"external_user_id": user, "temp_code": code});
        let answer = if self.party.secret.is_some() {
            self.start(input).await?
        } else {
            let asked = self.start(json!({})).await?;
            assert_eq!(asked["data"]["state"], "pending", "{asked}");
            self.answer(&asked, &asked, &json!({"assert": "action", "input": input})).await?
        };
        assert_eq!(answer["data"]["state"], "completed", "{answer}");
        assert!(answer["data"].get("token").is_none(), "the page gets no token: {answer}");
        self.back(&answer)
    }

    /// Where an answer sends the browser.
    pub(crate) fn back(&self, answer: &Value) -> anyhow::Result<Back> {
        let back = Back::parse(answer["data"]["data"]["url"].as_str().context("an address")?)?;
        if let Some(code) = back.get("code") {
            self.postern.keep_secret(code);
        }
        Ok(back)
    }

    /// What the relying party sends to the token endpoint.
    pub(crate) fn grant(&self, back: &Back) -> Vec<(&'static str, String)> {
        let secret = self.party.secret.map(|secret| ("client_secret", secret.to_owned()));
        let fields = [
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", self.party.id.to_owned()),
            ("code", back.get("code").unwrap_or_default().to_owned()),
            ("redirect_uri", self.party.redirect_uri.to_owned()),
            ("code_verifier", self.verifier.clone()),
        ];
        fields.into_iter().chain(secret).collect()
    }

    /// Redeems a code: the status and the body.
    pub(crate) async fn try_redeem(&self, back: &Back) -> anyhow::Result<(StatusCode, Value)> {
        self.try_grant(&self.grant(back)).await
    }

    pub(crate) async fn try_grant(
        &self,
        form: &[(&str, String)],
    ) -> anyhow::Result<(StatusCode, Value)> {
        let answer = self.postern.post(TOKEN).form(form).send().await?;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let (status, body) = (answer.status(), answer.json().await?);
        self.keep(&body);
        Ok((status, body))
    }

    pub(crate) async fn redeem(&self, back: &Back) -> anyhow::Result<Value> {
        let (status, tokens) = self.try_redeem(back).await?;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        Ok(tokens)
    }

    /// Registers the tokens of an answer as secrets.
    pub(crate) fn keep(&self, answer: &Value) {
        for token in ["access_token", "id_token"].iter().filter_map(|it| answer[it].as_str()) {
            self.postern.keep_secret(token);
        }
    }
}

/// A new user has signed in, and the code is not redeemed yet.
pub(crate) async fn signed_in(postern: &Postern, party: Party) -> anyhow::Result<(Flow<'_>, Back)> {
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut flow = Flow::begin(postern, party).await?;
    let back = flow.finish(&user, &code).await?;
    Ok((flow, back))
}
