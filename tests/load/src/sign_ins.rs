//! Whole sign-ins with `OpenID` Connect: the authorization endpoint, the page's call, and the token endpoint. A
//! tool for HTTP such as h2load cannot do this: each code works once, and comes from the answer before.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::generator::quantile;

/// A code verifier and its challenge (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The relying party of the configuration.
const PARTY: &str = "load-shop";
const BACK: &str = "https://shop.example/back";

/// The steps of a sign-in that are measured.
const STEPS: [&str; 3] = ["GET /oidc/auth", "redeem the user's code", "POST /oidc/token"];

/// Where the services are called, and as whom codes are issued.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) http: Client,
    pub(crate) issuer: SocketAddr,
    pub(crate) runner: SocketAddr,
    /// The desk's access token.
    pub(crate) token: String,
}

/// Performs so many sign-ins, so many at a time, and prints a line for each step. Fails if one fails.
pub(crate) async fn run(way: &Way, count: usize, at_a_time: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut users = 0..count;
    let mut running = JoinSet::new();
    let mut start = |running: &mut JoinSet<_>| {
        if let Some(user) = users.next() {
            let way = way.clone();
            running.spawn(async move { way.sign_in(&format!("shopper-{user}")).await });
        }
    };
    (0..at_a_time).for_each(|_| start(&mut running));
    let mut took = [const { Vec::new() }; STEPS.len()];
    while let Some(done) = running.join_next().await {
        for (all, one) in took.iter_mut().zip(done??) {
            all.push(one);
        }
        start(&mut running);
    }
    let per_second = count as f64 / begun.elapsed().as_secs_f64();
    println!("{:<24} {:>7} {:>9} {:>9}", "step of a sign-in", "calls", "p50 ms", "p99 ms");
    for (step, mut took) in STEPS.iter().zip(took) {
        took.sort_unstable();
        let ms = |share| quantile(&took, share).as_secs_f64() * 1e3;
        println!("{step:<24} {:>7} {:>9.2} {:>9.2}", took.len(), ms(0.5), ms(0.99));
    }
    println!("{per_second:.0} sign-ins per second, each with an issued code");
    Ok(())
}

impl Way {
    /// Signs a user in: how long each step took.
    async fn sign_in(&self, user: &str) -> anyhow::Result<[Duration; STEPS.len()]> {
        let code = self.issue(user).await?;
        let query = [
            ("client_id", PARTY),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&format!("http://{}/oidc/auth", self.runner), query)?;
        let (page, authorized) = timed(self.http.get(url)).await?;
        let cookie = page.headers().get("set-cookie").context("no cookie")?.clone();
        let page = page.text().await?;
        let interaction = page.split("data-interaction=\"").nth(1).context("no request")?;
        let interaction = interaction.split('"').next().context("no request")?;

        let query = [("clientId", PARTY), ("ssoInteractionId", interaction)];
        let url = format!("http://{}/ido/api/v2/auth/sso", self.runner);
        let params = json!({"external_user_id": user, "temp_code": code});
        let call = self.http.post(Url::parse_with_params(&url, query)?).header("cookie", cookie);
        let call = call.json(&json!({"headers": [], "data": {"params": params}}));
        let (answer, redeemed) = timed(call).await?;
        let answer: Value = answer.json().await?;
        let back = Url::parse(answer["data"]["data"]["url"].as_str().context("no address")?)?;
        let code = back.query_pairs().find(|(name, _)| name == "code").context("no code")?.1;

        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", PARTY),
            ("code", &*code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let url = format!("http://{}/oidc/token", self.issuer);
        let (answer, exchanged) = timed(self.http.post(url).form(&form)).await?;
        let tokens: Value = answer.json().await?;
        ensure!(tokens["id_token"].is_string(), "the token endpoint gives no ID token");
        Ok([authorized, redeemed, exchanged])
    }

    async fn issue(&self, user: &str) -> anyhow::Result<String> {
        let body = json!({"channel": "direct", "identifier_type": "user_id", "identifier": user});
        let url = format!("http://{}/cis/v1/auth/otp/send", self.issuer);
        let call = self.http.post(url).bearer_auth(&self.token).json(&body);
        let issued: Value = call.send().await?.error_for_status()?.json().await?;
        Ok(issued["code"].as_str().context("no code")?.to_owned())
    }
}

/// The answer to a request, which must be fine, and how long it took.
async fn timed(request: RequestBuilder) -> anyhow::Result<(Response, Duration)> {
    let begun = Instant::now();
    let answer = request.send().await?.error_for_status()?;
    Ok((answer, begun.elapsed()))
}
