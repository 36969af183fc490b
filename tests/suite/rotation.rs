//! Runs the runbooks of `deploy/runbooks.md` that rotate peppers and signing keys, with two
//! replicas of each service. A rollout passes through every mixture of old and new replicas. So
//! every token and code must stay valid at every replica after each single restart.

use std::fs;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::keys::SigningKey;
use crate::harness::pb::journey::ListJourneysRequest;
use crate::harness::postern::config;
use crate::harness::*;

const ALL: [&str; 3] = ["code-issuer", "verifier", "journey-runner"];

/// How long unavailable calls are retried.
const PATIENCE: Duration = Duration::from_secs(20);

/// The number of codes from before the rotation. One is redeemed in each state of it.
const LONG_LIVED: usize = 14;

/// Two replicas, with the tokens and codes that must stay valid.
struct Rollout {
    deployment: Deployment,
    replicas: [Postern; 2],
    /// Client tokens for the verifier and for the journey runner.
    tokens: Vec<[String; 2]>,
    /// Users with their codes, from before the rotation and from the previous state of it.
    old: Vec<(String, String)>,
    last: Vec<(String, String)>,
    /// A verifier of user tokens caches the journey runner's public keys; this is such a cache.
    known: JwkSet,
}

impl Rollout {
    async fn begin() -> anyhow::Result<Self> {
        let deployment = Deployment::of(&config())?;
        let replicas = [deployment.replica()?, deployment.replica()?];
        let mut old = Vec::new();
        for turn in 0..LONG_LIVED {
            old.push(issue(&replicas[turn % 2]).await?);
        }
        let known = published(&replicas[0]).await?;
        let mut rollout =
            Self { deployment, replicas, tokens: Vec::new(), old, last: Vec::new(), known };
        rollout.nothing_is_lost().await?;
        Ok(rollout)
    }

    /// Restarts a service, one replica after the other, as a rollout does.
    async fn restart(&mut self, service: &str) -> Tested {
        for replica in 0..self.replicas.len() {
            let process = self.replicas[replica].process(service);
            process.terminate()?;
            let status = process.ends_within(Duration::from_secs(20)).await?;
            assert_eq!(status.code(), Some(0), "{service}");
            process.start_again()?;
            self.nothing_is_lost().await?;
        }
        Ok(())
    }

    /// Asserts that each token and each code is valid at each replica, whenever and wherever it was
    /// issued.
    async fn nothing_is_lost(&mut self) -> Tested {
        // The very first tokens, those of the previous state, and new ones.
        let newest = self.tokens.len().saturating_sub(self.replicas.len());
        self.tokens.drain(1.min(newest)..newest);
        for at in &self.replicas {
            self.tokens.push([at.token("acme-verifier").await?, at.token("acme-backend").await?]);
        }
        for at in &self.replicas {
            for [to_verify, to_run] in &self.tokens {
                assert!(
                    believes_clients(at, to_verify, to_run).await?,
                    "a good token was rejected"
                );
            }
        }
        let mut waiting = std::mem::take(&mut self.last);
        waiting.extend(self.old.pop());
        for issuer in &self.replicas {
            waiting.push(issue(issuer).await?);
            self.last.push(issue(issuer).await?);
        }
        // Codes of the previous state are verified where they were issued, new ones at the other
        // replica.
        for (turn, (user, code)) in waiting.iter().enumerate() {
            let at = &self.replicas[turn % self.replicas.len()];
            assert!(verifies(at, user, code).await?, "a live code was rejected");
        }
        for at in &self.replicas {
            believes(&self.known, &journey(at).await?)?;
        }
        Ok(())
    }

    /// Rotates the signing key of `owner`, in `folder` and `folder`-public. `believers` are the
    /// services that verify its signatures.
    async fn rotate_signing_key(
        &mut self,
        owner: &str,
        folder: &str,
        believers: &[&str],
    ) -> Tested {
        let (own, public) = (self.deployment.file(folder), format!("{folder}-public"));
        let public = self.deployment.file(&public);
        // 1. The next key is published and trusted, but does not sign yet.
        let next = SigningKey::generate()?;
        fs::write(own.join("2.next.pem"), next.private_pem())?;
        fs::write(public.join("2.pem"), next.public_pem()?)?;
        for believer in believers {
            self.restart(believer).await?;
        }
        self.restart(owner).await?;
        // 2. Caches of the published keys are refreshed.
        self.known = published(&self.replicas[0]).await?;
        // 3. The next key signs.
        fs::rename(own.join("2.next.pem"), own.join("2.pem"))?;
        self.restart(owner).await?;
        // 4. The last token of the old key has expired. Codes do not depend on it.
        self.tokens.clear();
        self.nothing_is_lost().await?;
        fs::remove_file(own.join("1.pem"))?;
        fs::remove_file(public.join("1.pem"))?;
        for service in ALL {
            self.restart(service).await?;
        }
        Ok(())
    }
}

/// Retries a call while it is unavailable: on a busy machine, calls miss deadlines.
async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    let begun = Instant::now();
    loop {
        match call().await {
            Err(status) if status.code() == Code::Unavailable && begun.elapsed() < PATIENCE => {}
            answer => return answer,
        }
    }
}

/// Creates a user with a code.
async fn issue(at: &Postern) -> anyhow::Result<(String, String)> {
    let user = unique("jane");
    let mut issuer = at.issuer("acme-support").await?;
    let request = IssueCodeRequest { user: user_id(&user), ..Default::default() };
    let issued = patiently(async || issuer.issue_code(request.clone()).await).await?;
    let code = issued.into_inner().code;
    at.keep_secret(&code);
    at.keep_secret(&user);
    Ok((user, code))
}

/// Whether a code is accepted.
async fn verifies(at: &Postern, user: &str, code: &str) -> anyhow::Result<bool> {
    let mut verifier = at.verifier("acme-verifier").await?;
    let request = VerifyCodeRequest {
        user: user_id(user),
        code: code.to_owned(),
        idempotency_key: unique("once"),
        ..Default::default()
    };
    let answer = patiently(async || verifier.verify_code(request.clone()).await).await?;
    Ok(matches!(answer.into_inner().outcome, Some(verify_code_response::Outcome::Accepted(_))))
}

/// Recovers a new user and returns the token. A journey cannot be resent, so after "unavailable"
/// another user tries.
async fn journey(at: &Postern) -> anyhow::Result<String> {
    let begun = Instant::now();
    loop {
        let (user, code) = issue(at).await?;
        let params = json!({"external_user_id": user, "temp_code": code});
        let answer = at.invoke("temp-code-authentication", params).await?;
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE && begun.elapsed() < PATIENCE {
            continue;
        }
        let answer: Value = answer.error_for_status()?.json().await?;
        assert_eq!(answer["data"]["state"], "completed", "a live code was rejected");
        let token = answer["data"]["token"].as_str().expect("a token").to_owned();
        at.keep_secret(&token);
        return Ok(token);
    }
}

/// The public keys of the journey runner.
async fn published(at: &Postern) -> anyhow::Result<JwkSet> {
    let url = format!("http://{}/.well-known/jwks.json", at.at.pages);
    Ok(reqwest::get(url).await?.error_for_status()?.json().await?)
}

/// Verifies a token with a cached copy of the keys.
fn believes(known: &JwkSet, token: &str) -> Tested {
    let header = decode_header(token)?;
    let key = known.find(header.kid.as_deref().expect("a key id"));
    let key = key.expect("a valid token was rejected: its signing key is not in the cached keys");
    let mut validation = Validation::new(header.alg);
    validation.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key)?, &validation)?;
    Ok(())
}

/// Whether the verifier and the journey runner of a replica accept client tokens. The request to
/// the verifier is malformed, which it reports to authenticated callers only.
async fn believes_clients(at: &Postern, to_verify: &str, to_run: &str) -> anyhow::Result<bool> {
    let mut verifier = at.verifier_with(Some(to_verify.to_owned()));
    let asked = verifier.verify_code(VerifyCodeRequest::default()).await;
    let verifier_believes = match asked.expect_err("a request without a user").code() {
        Code::InvalidArgument => true,
        Code::Unauthenticated => false,
        other => anyhow::bail!("the verifier says {other:?}"),
    };
    let mut runner = at.runner_with(Some(to_run.to_owned()));
    Ok(verifier_believes && runner.list_journeys(ListJourneysRequest {}).await.is_ok())
}

fn key_id(token: &str) -> anyhow::Result<Option<String>> {
    Ok(decode_header(token)?.kid)
}

#[tokio::test]
async fn the_pepper_rotates_and_no_active_code_is_rejected() -> Tested {
    let mut rollout = Rollout::begin().await?;
    // 1. Verifiers know the new pepper before it is used for a code.
    rollout.deployment.rotate_peppers()?;
    rollout.restart("verifier").await?;
    rollout.restart("code-issuer").await?;
    // 2. The codes of the old pepper have expired, except one, which must now be rejected.
    let (user, code) = rollout.old.pop().expect("more codes than states");
    rollout.old.clear();
    fs::remove_file(rollout.deployment.file("peppers/previous.pepper"))?;
    rollout.restart("verifier").await?;
    rollout.restart("code-issuer").await?;
    assert!(!verifies(&rollout.replicas[0], &user, &code).await?, "its pepper was thrown away");
    Ok(())
}

#[tokio::test]
async fn the_code_issuers_key_rotates_and_no_valid_token_is_rejected() -> Tested {
    let mut rollout = Rollout::begin().await?;
    let [before, _] = rollout.tokens[0].clone();
    rollout.rotate_signing_key("code-issuer", "issuer", &["verifier", "journey-runner"]).await?;
    let after = rollout.replicas[0].token("acme-verifier").await?;
    assert_ne!(key_id(&before)?, key_id(&after)?);
    assert!(!believes_clients(&rollout.replicas[0], &before, &before).await?, "the old key is");
    Ok(())
}

#[tokio::test]
async fn the_journey_runners_key_rotates_and_no_valid_token_is_rejected() -> Tested {
    let mut rollout = Rollout::begin().await?;
    let before = published(&rollout.replicas[0]).await?;
    rollout.rotate_signing_key("journey-runner", "runner", &["verifier"]).await?;
    let after = published(&rollout.replicas[0]).await?;
    assert_eq!((before.keys.len(), after.keys.len()), (1, 1));
    assert_ne!(before, after);
    Ok(())
}
