//! The HTTP endpoints, called without an SDK.

use anyhow::Context as _;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::Postern;

/// The origin of acme's page, in the configuration of these tests.
pub(crate) const ORIGIN: &str = "https://app.acme.example";

/// The token endpoint.
pub(crate) const TOKEN: &str = "/oidc/token";
/// The endpoint that issues codes, as in step 6 of the guide.
pub(crate) const OTP_SEND: &str = "/cis/v1/auth/otp/send";
/// The endpoint that starts a journey in a browser.
pub(crate) const INVOKE: &str = "/ido/api/v2/auth/anonymous_invoke";
/// The endpoint that answers a step in a browser.
pub(crate) const ASSERT: &str = "/ido/api/v2/auth/assert";

impl Postern {
    /// All metrics of the process.
    pub(crate) async fn metrics(&self) -> anyhow::Result<String> {
        Ok(reqwest::get(format!("http://{}/metrics", self.at.admin)).await?.text().await?)
    }

    /// The value of the first metric whose line begins so.
    pub(crate) async fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let metrics = self.metrics().await?;
        let line = metrics.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit_once(' ')).map(|(_, value)| value.parse());
        Ok(value.unwrap_or_else(|| panic!("{name} is missing"))?)
    }

    /// A request to a path, at the listener that serves it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let is_page = ["/ido/", "/not-me"].iter().any(|start| path.starts_with(start));
        let at = if is_page { self.at.pages } else { self.at.http };
        Client::new().request(method, format!("http://{at}{path}"))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// An access token of a client whose secret is its id followed by `-secret`.
    pub(crate) async fn token(&self, client: &str) -> anyhow::Result<String> {
        let secret = format!("{client}-secret");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", &secret),
        ];
        let answer = self.post(TOKEN).form(&form).send().await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        let token = answer["access_token"].as_str().context("an access token")?.to_owned();
        self.keep_secret(&token);
        Ok(token)
    }

    /// Issues a code over HTTP, as a client's backend does.
    pub(crate) async fn otp_send(&self, client: &str, body: &Value) -> anyhow::Result<Response> {
        let token = self.token(client).await?;
        Ok(self.post(OTP_SEND).bearer_auth(token).json(body).send().await?)
    }

    /// Asks with a client's token whether a token is active, as Mosaic's clients ask.
    pub(crate) async fn introspect(&self, client: &str, token: &str) -> anyhow::Result<Response> {
        let asked = self.post("/ido/api/v2/token/introspect?clientId=acme-web");
        Ok(asked.bearer_auth(client).json(&json!({ "token": token })).send().await?)
    }

    /// Starts a journey as acme's page does.
    pub(crate) async fn invoke(&self, journey: &str, params: Value) -> anyhow::Result<Response> {
        let data = json!({
            "collection_result": {}, "policy_request_id": journey, "params": params,
        });
        self.send_from_page(INVOKE, &json!({"headers": [], "data": data})).await
    }

    /// Sends a body to the journey protocol, as acme's page does.
    pub(crate) async fn send_from_page(
        &self,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Response> {
        let path = format!("{path}?aid=default_application&clientId=acme-web&locale=en");
        Ok(self.post(&path).json(body).send().await?)
    }

    /// Runs the demo's first journey to its end: its state, `completed` or `rejected`, and the answer.
    pub(crate) async fn redeem(&self, user: &str, code: &str) -> anyhow::Result<(String, Value)> {
        let params = json!({"external_user_id": user, "temp_code": code});
        let answer = self.invoke("temp-code-authentication", params).await?;
        assert_eq!(answer.status(), StatusCode::OK, "every outcome of a journey is a 200");
        let answer: Value = answer.json().await?;
        let state = answer["data"]["state"].as_str().context("a state")?.to_owned();
        if let Some(token) = answer["data"]["token"].as_str() {
            self.keep_secret(token);
        }
        Ok((state, answer))
    }
}

/// The body of step 6 of the guide.
pub(crate) fn for_user(user: &str) -> Value {
    json!({"channel": "direct", "identifier_type": "user_id", "identifier": user})
}

/// Checks an error's status, `error_code` and content type; answers with its message.
pub(crate) async fn refused(
    answer: Response,
    status: StatusCode,
    error_code: &str,
) -> anyhow::Result<String> {
    let (actual, headers) = (answer.status(), answer.headers().clone());
    let text = answer.text().await?;
    assert_eq!(actual, status, "{text}");
    assert_eq!(headers["content-type"], "application/json", "{text}");
    let body: Value = serde_json::from_str(&text)?;
    assert_eq!(body["error_code"], error_code, "{text}");
    Ok(body["message"].as_str().context("a message")?.to_owned())
}
