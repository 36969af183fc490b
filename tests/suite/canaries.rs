//! Sends codes to every place that takes a code, and to many that should not get one. Then searches
//! the `trace` logs, the traces, the metrics, the answers and Redis for each of them.
//!
//! Every run sends 200 codes. `POSTERN_CANARIES=10000` sends that many, a thousand at a time.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tonic::Status;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::calls::{answered, guess, order};
use crate::harness::collector::Collector;
use crate::harness::http::{ASSERT, INVOKE, OTP_SEND, TOKEN, for_user};
use crate::harness::pb::code::code_issuer_service_client::CodeIssuerServiceClient;
use crate::harness::pb::code::verifier_service_client::VerifierServiceClient;
use crate::harness::pb::journey::journey_runner_service_client::JourneyRunnerServiceClient;
use crate::harness::pb::journey::{DescribeJourneyRequest, StartJourneyRequest};
use crate::harness::postern::{change, copy_of_config};
use crate::harness::values::structure;
use crate::harness::*;

/// The number of codes for one set of processes.
const OF_ONE_LIFE: usize = 1000;
/// The number of concurrent users.
const AT_A_TIME: usize = 8;

/// Clients of all services.
struct Callers<'a> {
    postern: &'a Postern,
    http: Client,
    token: String,
    issuer: CodeIssuerServiceClient<Authorized>,
    verifier: VerifierServiceClient<Authorized>,
    runner: JourneyRunnerServiceClient<Authorized>,
}

impl<'a> Callers<'a> {
    async fn of(postern: &'a Postern) -> anyhow::Result<Self> {
        Ok(Self {
            postern,
            http: Client::new(),
            token: postern.token("acme-support").await?,
            issuer: postern.issuer("acme-support").await?,
            verifier: postern.verifier("acme-verifier").await?,
            runner: postern.runner("acme-backend").await?,
        })
    }

    fn post(&self, path: &str) -> RequestBuilder {
        let at =
            if path.starts_with("/ido/") { self.postern.at.pages } else { self.postern.at.http };
        self.http.post(format!("http://{at}{path}"))
    }

    /// Issues a code for a new user, over gRPC or HTTP.
    async fn issue(&self, user: &str, over_http: bool) -> anyhow::Result<String> {
        let code = if over_http {
            let mut answer = None;
            within(Duration::from_secs(30), "a code is issued", async || {
                let request = self.post(OTP_SEND).bearer_auth(&self.token).json(&for_user(user));
                let sent = request.send().await?;
                if sent.status() != StatusCode::SERVICE_UNAVAILABLE {
                    answer = Some(sent.error_for_status()?);
                }
                Ok(answer.is_some())
            })
            .await?;
            let answer: Value = answer.expect("an answer, or this had failed").json().await?;
            answer["code"].as_str().expect("a code").to_owned()
        } else {
            let request = order(user, unique("key"));
            let answer = answered(|_| {
                let (mut issuer, request) = (self.issuer.clone(), request.clone());
                async move { issuer.issue_code(request).await }
            });
            answer.await?.into_inner().code
        };
        self.postern.keep_secret(user);
        self.postern.keep_secret(&code);
        Ok(code)
    }

    /// Sends a code to places over HTTP that should not get one. Returns the answers.
    async fn misplace_over_http(&self, user: &str, code: &str) -> anyhow::Result<Vec<String>> {
        let body = |data: Value| json!({"headers": [], "data": data});
        let mut answers = Vec::new();
        for request in [
            self.post(OTP_SEND).bearer_auth(&self.token).json(&json!({
                "channel": "direct", "identifier_type": "user_id", "identifier": {"code": code},
            })),
            self.post(OTP_SEND).bearer_auth(&self.token).json(&json!({
                "channel": code, "identifier_type": "user_id", "identifier": user,
            })),
            self.post(OTP_SEND).bearer_auth(&self.token).json(&json!({code: user})),
            self.post(OTP_SEND).bearer_auth(&self.token).body(format!("{{\"a\": {code}x}}")),
            self.post(OTP_SEND).bearer_auth(code).json(&json!({})),
            self.post(OTP_SEND).header("x-code", code).header("cookie", code).json(&json!({})),
            self.post(&format!("{OTP_SEND}/{code}")),
            self.post(&format!("{OTP_SEND}?code={code}&user={user}")),
            self.post(TOKEN).form(&[("client_id", "acme-support"), ("client_secret", code)]),
            self.post(TOKEN).form(&[("client_id", code), ("grant_type", user)]),
            self.post(TOKEN).basic_auth(code, Some(code)),
            self.post(&format!("/ido/api/v2/auth/{code}?clientId=acme-web")).json(&json!({})),
            self.post(&format!("{INVOKE}?clientId={code}")).json(&body(json!({}))),
            self.post(&format!("{INVOKE}?clientId=acme-web"))
                .json(&body(json!({"policy_request_id": code}))),
            self.post(&format!("{INVOKE}?clientId=acme-web")).json(&body(json!({
                "policy_request_id": "temp-code-authentication",
                "params": {"external_user_id": [user], "temp_code": {code: code}},
            }))),
            self.post(&format!("{ASSERT}?clientId=acme-web&sid={code}&did={code}"))
                .json(&body(json!({"assertion_id": code, "fch": code, "input": {"a": code}}))),
        ] {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            answers.push(format!("{status} {headers:?} {}", answer.text().await?));
        }
        Ok(answers)
    }

    /// Sends a code to places over gRPC that should not get one. Returns the answers.
    async fn misplace_over_grpc(&self, user: &str, code: &str) -> anyhow::Result<Vec<String>> {
        let (mut verifier, mut runner) = (self.verifier.clone(), self.runner.clone());
        let mut answers: Vec<Status> = Vec::new();
        let mut keep = |answer: Result<(), Status>| answers.extend(answer.err());
        for kind in
            [IdentifierType::Email, IdentifierType::PhoneNumber, IdentifierType::Unspecified]
        {
            let user = identifier(kind, &format!("{code} {user}"));
            let request = VerifyCodeRequest { user, ..guess("", code, String::new()) };
            keep(verifier.verify_code(request).await.map(drop));
        }
        let long = VerifyCodeRequest { code: code.repeat(9), ..guess(user, "", unique("key")) };
        keep(verifier.verify_code(long).await.map(drop));
        let bad_key = guess(user, code, format!("{code}\u{e9}"));
        keep(verifier.verify_code(bad_key).await.map(drop));
        keep(
            self.postern
                .verifier_with(Some(code.to_owned()))
                .clear_lockout(ClearLockoutRequest { user: user_id(user), ..Default::default() })
                .await
                .map(drop),
        );
        let journey_id = code.to_owned();
        let start = StartJourneyRequest { journey_id: journey_id.clone(), ..Default::default() };
        keep(runner.start_journey(start).await.map(drop));
        keep(runner.describe_journey(DescribeJourneyRequest { journey_id }).await.map(drop));
        assert_eq!(answers.len(), 8, "all are refused");
        Ok(answers.iter().map(|status| format!("{status:?}")).collect())
    }

    /// Redeems a code after two wrong guesses, each over another protocol. Returns all answers but
    /// the last.
    async fn redeem(&self, user: &str, code: &str) -> anyhow::Result<Vec<String>> {
        let wrong = another(code);
        self.postern.keep_secret(&wrong);
        let params = json!({"external_user_id": user, "temp_code": wrong});
        let data = json!({"policy_request_id": "temp-code-authentication", "params": params});
        let page = self.post(&format!("{INVOKE}?clientId=acme-web"));
        let denied = page.json(&json!({"headers": [], "data": data})).send().await?.text().await?;
        let start = StartJourneyRequest {
            journey_id: "temp-code-authentication".to_owned(),
            params: Some(structure(params)),
            ..Default::default()
        };
        let rejected = self.runner.clone().start_journey(start).await;
        // The caller chooses the idempotency key; this one is the code.
        let request = guess(user, code, code.to_owned());
        let accepted = answered(|_| {
            let (mut verifier, request) = (self.verifier.clone(), request.clone());
            async move { verifier.verify_code(request).await }
        });
        let outcome = accepted.await?.into_inner().outcome;
        assert!(matches!(outcome, Some(verify_code_response::Outcome::Accepted(_))), "{outcome:?}");
        Ok(vec![denied, format!("{rejected:?}")])
    }

    /// Sends one code everywhere. Returns the texts that must not contain it.
    async fn take_everywhere(&self, turn: usize) -> anyhow::Result<Vec<String>> {
        let user = unique("canary");
        let code = self.issue(&user, turn.is_multiple_of(2)).await?;
        let mut answers = self.misplace_over_http(&user, &code).await?;
        answers.extend(self.misplace_over_grpc(&user, &code).await?);
        answers.extend(self.redeem(&user, &code).await?);
        Ok(answers)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_code_leaks() -> Tested {
    let mut left = asked("POSTERN_CANARIES", 200);
    while left > 0 {
        let count = left.min(OF_ONE_LIFE);
        one_life(count).await?;
        left -= count;
        figure(&format!("{count} codes, none of them found; {left} to go"));
    }
    Ok(())
}

/// Starts all services, sends that many codes everywhere, and searches for them.
async fn one_life(count: usize) -> Tested {
    let (collector, folder) = (Collector::start()?, copy_of_config()?);
    let scopes = "[codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]";
    let fast = format!("{scopes}\n    issues_per_minute: 1000000");
    change(&folder, "applications/acme.yaml", scopes, &fast)?;
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.at)),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100000".to_owned()),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500".to_owned()),
        ("POSTERN_STARTS_PER_MINUTE", "1000000".to_owned()),
    ];
    let deployment = Deployment::of(folder.path())?.with_environment(&variables);
    let mut postern = deployment.replica()?;
    let callers = Callers::of(&postern).await?;
    let answers: Vec<_> = stream::iter((0..count).map(|turn| callers.take_everywhere(turn)))
        .buffer_unordered(AT_A_TIME)
        .try_collect()
        .await?;
    let answers = answers.concat();
    let metrics = reqwest::get(format!("http://{}/metrics", postern.at.admin)).await?;
    let metrics = metrics.text().await?;
    // The remaining telemetry is sent when the services end.
    for service in ["code-issuer", "verifier", "journey-runner"] {
        let process = postern.process(service);
        process.terminate()?;
        assert!(process.ends_within(Duration::from_secs(20)).await?.success());
    }

    let (sent, printed) = (collector.texts(), postern.printed());
    assert!(
        sent.contains("wrong_code") && sent.contains("postern.audit.events"),
        "nothing was sent"
    );
    assert!(!printed.contains("panicked"), "a service panicked");
    for told in [r#""target":"audit""#, "code.accepted", "INVALID_ARGUMENT"] {
        assert!(printed.contains(told), "{told} is not in the log");
    }
    // Logs and Redis are searched on drop.
    let places = [("an answer", answers.join("\n")), ("what was sent", sent), ("metrics", metrics)];
    for (place, text) in places {
        let leaks = postern.leaks(&text);
        assert!(leaks.is_empty(), "{place} holds secrets: {leaks:#?}");
    }
    Ok(())
}
