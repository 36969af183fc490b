//! Concurrent bursts for one user over three replicas: a code is accepted once, three guesses are
//! compared, and one code is active, however many calls there are.
//!
//! Every run makes one round of each burst with 600 calls. `POSTERN_BURST=10000 POSTERN_ROUNDS=20`
//! makes twenty rounds with ten thousand.

use std::collections::BTreeMap;

use tempfile::TempDir;
use tonic::Code;

use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::calls::{answered, at_once, guess, order, pool};
use crate::harness::pb::code::code_issuer_service_client::CodeIssuerServiceClient;
use crate::harness::pb::code::verifier_service_client::VerifierServiceClient;
use crate::harness::pb::code::{DescribeCodeResponse, IssueCodeResponse};
use crate::harness::postern::{change, copy_of_config};
use crate::harness::*;

/// The outcome of a guess.
type Outcome = Result<(), RejectionReason>;

/// The number of calls in a burst.
fn burst() -> usize {
    asked("POSTERN_BURST", 600)
}

fn rounds() -> usize {
    asked("POSTERN_ROUNDS", 1)
}

/// Three replicas, and connections to them.
struct Replicas {
    all: Vec<Postern>,
    issuers: Vec<CodeIssuerServiceClient<Authorized>>,
    verifiers: Vec<VerifierServiceClient<Authorized>>,
    _files: (Deployment, TempDir),
}

impl Replicas {
    async fn start() -> anyhow::Result<Self> {
        Self::of("acme").await
    }

    /// Starts them, with clients of that application.
    async fn of(application: &str) -> anyhow::Result<Self> {
        let folder = copy_of_config()?;
        for client in ["acme", "patient"] {
            let file = format!("applications/{client}.yaml");
            let scopes = "[codes:issue, codes:revoke, codes:read, lockouts:read, lockouts:clear]";
            let fast = format!("{scopes}\n    issues_per_minute: 1000000");
            change(&folder, &file, scopes, &fast)?;
            let scopes = "[codes:verify, codes:reason]";
            let fast = format!("{scopes}\n    verifications_per_minute: 1000000");
            change(&folder, &file, scopes, &fast)?;
            change(&folder, &file, "length: 12", "length: 12\n  issues_per_hour: 1000")?;
        }
        // At `trace`, logging would be most of the work.
        let quiet = [("POSTERN_LOG", "info".to_owned())];
        let deployment = Deployment::of(folder.path())?.with_environment(&quiet);
        let replicas = (0..3).map(|_| deployment.replica()).collect::<anyhow::Result<Vec<_>>>()?;
        let (support, verifier) =
            (format!("{application}-support"), format!("{application}-verifier"));
        // One connection carries at most 256 concurrent calls.
        let issuers = pool(&replicas, 4, async |at| at.issuer(&support).await).await?;
        let verifiers = pool(&replicas, 4, async |at| at.verifier(&verifier).await).await?;
        Ok(Self { all: replicas, issuers, verifiers, _files: (deployment, folder) })
    }

    /// Creates a user with a code.
    async fn user(&self) -> anyhow::Result<(String, String)> {
        let user = unique("jane");
        let (_, code) = self.codes(&user, 1).await?.remove(0);
        Ok((user, code))
    }

    /// Retries one guess until it gets a verdict: first over the n-th connection, then over the
    /// next ones.
    async fn verdict(&self, turn: usize, user: &str, code: &str) -> anyhow::Result<Outcome> {
        let request = guess(user, code, unique("key"));
        let answer = answered(|retry| {
            let at = (turn + retry) % self.verifiers.len();
            let (mut client, request) = (self.verifiers[at].clone(), request.clone());
            async move { client.verify_code(request).await }
        });
        Ok(match answer.await?.into_inner().outcome {
            Some(verify_code_response::Outcome::Accepted(_)) => Ok(()),
            Some(verify_code_response::Outcome::Rejected(rejected)) => Err(rejected.reason()),
            None => anyhow::bail!("no outcome is set"),
        })
    }

    /// Makes that many concurrent guesses, each with the text of `code`. Returns the count of each
    /// outcome.
    async fn verdicts(
        &self,
        user: &str,
        code: impl Fn(usize) -> String,
    ) -> anyhow::Result<BTreeMap<String, usize>> {
        let guesses = (0..burst()).map(async |turn| self.verdict(turn, user, &code(turn)).await);
        let mut counted = BTreeMap::new();
        for outcome in at_once(guesses).await? {
            let name = outcome.map_or_else(|reason| reason.as_str_name(), |()| ACCEPTED);
            *counted.entry(name.to_owned()).or_default() += 1;
        }
        assert_eq!(counted.values().sum::<usize>(), burst());
        Ok(counted)
    }

    /// The state of a user's code. Right after a burst, a replica may still report the store as
    /// unavailable.
    async fn described(&self, user: &str) -> anyhow::Result<DescribeCodeResponse> {
        let answer = answered(|turn| {
            let mut issuer = self.issuers[turn % self.issuers.len()].clone();
            let request = DescribeCodeRequest { user: user_id(user) };
            async move { issuer.describe_code(request).await }
        });
        Ok(answer.await?.into_inner())
    }

    /// Requests that many codes of one user concurrently. Returns each issued code with its id. A
    /// caller that retries may learn that a later code has superseded its own.
    async fn codes(&self, user: &str, count: usize) -> anyhow::Result<Vec<(String, String)>> {
        let orders = (0..count).map(async |turn| {
            let request = order(user, unique("key"));
            let answer = answered(|retry| {
                let at = (turn + retry) % self.issuers.len();
                let (mut client, request) = (self.issuers[at].clone(), request.clone());
                async move { client.issue_code(request).await }
            });
            match answer.await {
                Ok(answer) => {
                    let IssueCodeResponse { code, code_id, .. } = answer.into_inner();
                    Ok(Some((code_id, code)))
                }
                Err(status) if status.code() == Code::Aborted => Ok(None),
                Err(status) => Err(status),
            }
        });
        let codes = at_once(orders).await?.into_iter().flatten().collect::<Vec<_>>();
        for (_, code) in &codes {
            self.all[0].keep_secret(code);
        }
        Ok(codes)
    }
}

const ACCEPTED: &str = "accepted";

/// The number of guesses that were compared with the code and were wrong.
fn compared(counted: &BTreeMap<String, usize>) -> usize {
    let of = |reason: RejectionReason| counted.get(reason.as_str_name()).copied();
    of(RejectionReason::WrongCode).unwrap_or(0) + of(RejectionReason::Burned).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_of_right_guesses_one_is_accepted() -> Tested {
    let at = Replicas::start().await?;
    for round in 0..rounds() {
        let (user, code) = at.user().await?;
        let counted = at.verdicts(&user, |_| code.clone()).await?;
        assert_eq!(counted.get(ACCEPTED), Some(&1), "round {round}: {counted:?}");
        figure(&format!("right, round {round}: {counted:?}"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_of_wrong_guesses_three_are_compared_and_the_code_is_gone() -> Tested {
    let at = Replicas::start().await?;
    for round in 0..rounds() {
        let (user, code) = at.user().await?;
        let wrong = another(&code);
        let counted = at.verdicts(&user, |_| wrong.clone()).await?;
        assert_eq!(compared(&counted), 3, "round {round}: {counted:?}");
        assert_eq!(counted.get(ACCEPTED), None, "round {round}: {counted:?}");
        for turn in 0..3 {
            let after = at.verdict(turn, &user, &code).await?;
            assert_eq!(after, Err(RejectionReason::Locked), "round {round}");
        }
        figure(&format!("wrong, round {round}: {counted:?}"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_of_right_and_wrong_guesses_one_is_accepted_or_the_code_is_burned() -> Tested {
    let at = Replicas::start().await?;
    for round in 0..rounds() {
        let (user, code) = at.user().await?;
        let wrong = another(&code);
        let mixed = |turn| if turn % 2 == 0 { wrong.clone() } else { code.clone() };
        let counted = at.verdicts(&user, mixed).await?;
        let of = |name: &str| counted.get(name).copied().unwrap_or(0);
        let ends = of(ACCEPTED) + of(RejectionReason::Burned.as_str_name());
        assert_eq!(ends, 1, "round {round}: {counted:?}");
        assert!(compared(&counted) <= 3, "round {round}: {counted:?}");
        figure(&format!("mixed, round {round}: {counted:?}"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_codes_of_a_burst_only_the_last_one_is_active() -> Tested {
    let at = Replicas::start().await?;
    for round in 0..rounds() {
        let user = unique("jane");
        // At most the hourly quota of a user. A retry counts once.
        let codes = at.codes(&user, burst().min(1000)).await?;
        let described = at.described(&user).await?;
        assert_eq!(described.state(), CodeState::Active);
        let (live, dead): (Vec<_>, Vec<_>) =
            codes.iter().partition(|(id, _)| *id == described.code_id);
        assert_eq!(live.len(), 1, "round {round}: it was handed out, once");
        // A third wrong guess would burn the active code.
        for (_, code) in &dead[..2] {
            let verdict = at.verdict(0, &user, code).await?;
            assert_eq!(verdict, Err(RejectionReason::WrongCode), "round {round}");
        }
        assert_eq!(at.verdict(1, &user, &live[0].1).await?, Ok(()), "round {round}");
        let rest = dead.iter().map(|(_, code)| at.verdict(2, &user, code));
        for verdict in at_once(rest).await? {
            assert_eq!(verdict, Err(RejectionReason::NoCode), "round {round}");
        }
        figure(&format!("issues, round {round}: 1 of {} verifies", codes.len()));
    }
    Ok(())
}

/// With a hundred guesses allowed, every one of the codes can be tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_codes_of_a_burst_exactly_one_verifies() -> Tested {
    let at = Replicas::of("patient").await?;
    for round in 0..rounds() {
        let user = unique("jane");
        let codes = at.codes(&user, 90).await?;
        let mut accepted = 0;
        for (turn, (_, code)) in codes.iter().enumerate() {
            accepted += usize::from(at.verdict(turn, &user, code).await?.is_ok());
        }
        assert_eq!(accepted, 1, "round {round}");
    }
    Ok(())
}
