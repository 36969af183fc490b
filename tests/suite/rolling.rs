//! A rolling restart: every replica of every service is restarted, one after the other, while
//! clients work over persistent connections. No call may fail.
//!
//! Every run restarts all of them twice. `POSTERN_ROLLS=20` does so twenty times.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::calls::{answered, guess, order, pool};
use crate::harness::http::INVOKE;
use crate::harness::pb::code::code_issuer_service_client::CodeIssuerServiceClient;
use crate::harness::pb::code::verifier_service_client::VerifierServiceClient;
use crate::harness::pb::journey::StartJourneyRequest;
use crate::harness::pb::journey::journey_runner_service_client::JourneyRunnerServiceClient;
use crate::harness::pb::journey::journey_state::State;
use crate::harness::postern::{change, copy_of_config};
use crate::harness::values::structure;
use crate::harness::*;

const SERVICES: [&str; 3] = ["code-issuer", "verifier", "journey-runner"];
/// How long a service reports not ready before it stops.
const DRAIN: Duration = Duration::from_millis(500);
/// Together they make 200 calls a second.
const WORKERS: usize = 20;
const EVERY: Duration = Duration::from_millis(100);

/// The targets of all workers.
struct Work {
    issuers: Vec<CodeIssuerServiceClient<Authorized>>,
    verifiers: Vec<VerifierServiceClient<Authorized>>,
    runners: Vec<JourneyRunnerServiceClient<Authorized>>,
    pages: Vec<Page>,
    http: Client,
    calls: AtomicUsize,
    /// Journeys over HTTP that the verifier did not answer in time.
    unanswered: AtomicUsize,
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

/// A replica's HTTP address for journeys, and whether the load balancer sends it new ones.
struct Page {
    url: String,
    is_out: AtomicBool,
}

impl Work {
    /// Recovers one user after the other, by each protocol in turn, until the end.
    async fn recover(self: Arc<Self>, worker: usize) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for turn in worker.. {
            let user = unique("jane");
            ticks.tick().await;
            let Some(code) = self.note("issue", self.issue(turn, &user).await) else { continue };
            ticks.tick().await;
            match turn % 3 {
                0 => self.note("verify", self.verify(turn, &user, &code).await),
                1 => self.note("journey", self.journey(turn, &user, &code).await),
                _ => self.note("page", self.page(turn, &user, &code).await),
            };
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    fn note<T>(&self, call: &str, answer: anyhow::Result<T>) -> Option<T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let failed = |error| {
            let mut failures = self.failures.lock().expect("no worker panics while holding this");
            failures.push(format!("{call}: {error:#}"));
        };
        answer.map_err(failed).ok()
    }

    async fn issue(&self, turn: usize, user: &str) -> anyhow::Result<String> {
        let request = order(user, unique("key"));
        let answer = answered(|retry| {
            let at = (turn + retry) % self.issuers.len();
            let (mut client, request) = (self.issuers[at].clone(), request.clone());
            async move { client.issue_code(request).await }
        });
        Ok(answer.await?.into_inner().code)
    }

    async fn verify(&self, turn: usize, user: &str, code: &str) -> anyhow::Result<()> {
        let request = guess(user, code, unique("key"));
        let answer = answered(|retry| {
            let at = (turn + retry) % self.verifiers.len();
            let (mut client, request) = (self.verifiers[at].clone(), request.clone());
            async move { client.verify_code(request).await }
        });
        let outcome = answer.await?.into_inner().outcome;
        ensure!(matches!(outcome, Some(verify_code_response::Outcome::Accepted(_))), "{outcome:?}");
        Ok(())
    }

    async fn journey(&self, turn: usize, user: &str, code: &str) -> anyhow::Result<()> {
        let request = StartJourneyRequest {
            journey_id: "temp-code-authentication".to_owned(),
            params: Some(structure(json!({"external_user_id": user, "temp_code": code}))),
            idempotency_key: unique("key"),
            ..Default::default()
        };
        let answer = answered(|retry| {
            let at = (turn + retry) % self.runners.len();
            let (mut client, request) = (self.runners[at].clone(), request.clone());
            async move { client.start_journey(request).await }
        });
        let state = answer.await?.into_inner().state.and_then(|state| state.state);
        ensure!(matches!(state, Some(State::Completed(_))), "{state:?}");
        Ok(())
    }

    /// A browser's journey, through a load balancer that resends a request to another replica if
    /// one did not accept it. Browsers send no idempotency key: after a lost answer the code may be
    /// used up, so the user gets another.
    async fn page(&self, turn: usize, user: &str, code: &str) -> anyhow::Result<()> {
        let mut code = code.to_owned();
        let begun = Instant::now();
        for retry in 0.. {
            let page = &self.pages[(turn + retry) % self.pages.len()];
            if page.is_out.load(Ordering::Relaxed) {
                continue;
            }
            let params = json!({"external_user_id": user, "temp_code": code});
            let data = json!({"policy_request_id": "temp-code-authentication", "params": params});
            let request = self.http.post(&page.url).json(&json!({"headers": [], "data": data}));
            let answer = match request.send().await {
                Err(error) if error.is_connect() => None,
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                    code = self.issue(turn, user).await?;
                    None
                }
                answer => Some(answer?),
            };
            if let Some(answer) = answer {
                let answer: Value = answer.error_for_status()?.json().await?;
                ensure!(answer["data"]["state"] == "completed", "{answer}");
                return Ok(());
            }
            ensure!(begun.elapsed() < Duration::from_secs(30), "no replica takes it");
            sleep(Duration::from_millis(50)).await;
        }
        unreachable!("the attempts do not end")
    }
}

/// Restarts a service of a replica as an orchestrator does, which first removes it from the load
/// balancer.
async fn roll(postern: &mut Postern, service: &str, page: &Page) -> Tested {
    let process = postern.process(service);
    process.terminate()?;
    sleep(DRAIN / 4).await;
    page.is_out.store(service == "journey-runner", Ordering::Relaxed);
    let status = process.ends_within(Duration::from_secs(15)).await?;
    assert_eq!(status.code(), Some(0), "{service}");
    process.start_again().with_context(|| format!("{service} after its end"))?;
    page.is_out.store(false, Ordering::Relaxed);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_restarted_one_by_one_and_no_call_fails() -> Tested {
    let folder = copy_of_config()?;
    let scopes = "[codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]";
    let fast = format!("{scopes}\n    issues_per_minute: 1000000");
    change(&folder, "applications/acme.yaml", scopes, &fast)?;
    let drain = format!("{}ms", DRAIN.as_millis());
    let variables = [
        ("POSTERN_LOG", "info".to_owned()),
        ("POSTERN_DRAIN_DELAY", drain),
        ("POSTERN_STARTS_PER_MINUTE", "1000000".to_owned()),
    ];
    let deployment = Deployment::of(folder.path())?.with_environment(&variables);
    let mut replicas = vec![deployment.replica()?, deployment.replica()?];
    let page = |at: &Postern| Page {
        url: format!("http://{}{INVOKE}?clientId=acme-web", at.at.pages),
        is_out: AtomicBool::new(false),
    };
    let work = Arc::new(Work {
        issuers: pool(&replicas, 3, async |at| at.issuer("acme-support").await).await?,
        verifiers: pool(&replicas, 3, async |at| at.verifier("acme-verifier").await).await?,
        runners: pool(&replicas, 3, async |at| at.runner("acme-backend").await).await?,
        pages: replicas.iter().map(page).collect(),
        http: Client::new(),
        calls: AtomicUsize::new(0),
        unanswered: AtomicUsize::new(0),
        failures: Mutex::default(),
        is_over: AtomicBool::new(false),
    });
    let mut workers: JoinSet<_> = (0..WORKERS).map(|it| Arc::clone(&work).recover(it)).collect();
    let (begun, rounds) = (Instant::now(), asked("POSTERN_ROLLS", 2));
    for _ in 0..rounds {
        for service in SERVICES {
            for (replica, page) in replicas.iter_mut().zip(&work.pages) {
                roll(replica, service, page).await?;
            }
        }
    }
    let elapsed = begun.elapsed();
    work.is_over.store(true, Ordering::Relaxed);
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    let calls = work.calls.load(Ordering::Relaxed);
    let rate = f64::from(u32::try_from(calls)?) / elapsed.as_secs_f64();
    let unanswered = work.unanswered.load(Ordering::Relaxed);
    let figures = format!("{calls} calls, {rate:.0} a second, {unanswered} pages unavailable");
    figure(&format!("{rounds} rounds in {elapsed:?}: {figures}"));
    let failures = work.failures.lock().expect("no worker panics while holding this");
    assert!(failures.is_empty(), "{} of {calls} failed: {failures:#?}", failures.len());
    assert!(unanswered * 20 <= calls, "{unanswered} pages of {calls} calls were unavailable");
    assert!(rate > 10.0, "only {rate:.0} calls a second were made: nothing was shown");
    Ok(())
}
