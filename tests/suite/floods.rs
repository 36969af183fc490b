//! What one client can do to the others over the store that all share: nothing that they notice.
//!
//! `POSTERN_FLOOD=60` takes as many turns of calm and flood, of a second each; every run takes a few. They
//! alternate, so that other work on the machine slows both down.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};
use tonic::Code;

use crate::Tested;
use crate::harness::pb::code::code_issuer_service_client::CodeIssuerServiceClient;
use crate::harness::pb::code::verifier_service_client::VerifierServiceClient;
use crate::harness::postern::{change, copy_of_config, utf8};
use crate::harness::redis::Redis;
use crate::harness::verify_code_response::Outcome;
use crate::harness::*;

/// Twice the rate at which the store was once brought down.
const CALL_EVERY: Duration = Duration::from_millis(4);
/// How often the neighbour has a code issued and redeems it.
const WORK_EVERY: Duration = Duration::from_millis(20);
const TURN: Duration = Duration::from_secs(1);
/// How much a busy machine may add to the neighbour's latency, besides the flood.
const NOISE: Duration = Duration::from_millis(100);

fn turns() -> usize {
    asked("POSTERN_FLOOD", 4)
}

/// A `postern` over a Redis, and that Redis. The client that floods has these settings too.
pub(crate) fn start(settings: &str) -> anyhow::Result<(Postern, Redis)> {
    let folder = copy_of_config()?;
    let acme = "applications/acme.yaml";
    let revoker = "scopes: [codes:revoke]";
    change(&folder, acme, revoker, &format!("{revoker}{settings}"))?;
    let neighbour = "scopes: [codes:issue, lockouts:override]";
    let fast = format!("{neighbour}\n    issues_per_minute: 1000000");
    change(&folder, acme, neighbour, &fast)?;
    let redis = Redis::start()?;
    redis.draw_peppers()?;
    let [store, url, peppers, folder_of_peppers] = redis.flags()?;
    let config = utf8(folder.path())?;
    let arguments = [&store, &url, &peppers, &folder_of_peppers, "--config", config];
    // At `trace` the log would be most of the work.
    let quiet = [("POSTERN_LOG", "info".to_owned())];
    Ok((Postern::with_environment(&arguments, &quiet)?, redis))
}

/// A client that only wants to work.
struct Neighbour {
    issuer: CodeIssuerServiceClient<Authorized>,
    verifier: VerifierServiceClient<Authorized>,
}

impl Neighbour {
    async fn of(postern: &Postern) -> anyhow::Result<Self> {
        let issuer = postern.issuer("acme-override").await?;
        Ok(Self { issuer, verifier: postern.verifier("acme-verifier").await? })
    }

    /// Works for one turn, and notes its p99.
    async fn work(&mut self, turns: &mut Turns) -> anyhow::Result<()> {
        let (begun, mut took) = (Instant::now(), Vec::new());
        let mut ticks = interval(WORK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while begun.elapsed() < TURN {
            ticks.tick().await;
            let user = user_id(&unique("neighbour"));
            let asked = Instant::now();
            let request = IssueCodeRequest { user: user.clone(), ..Default::default() };
            let code = self.issuer.issue_code(request).await?.into_inner().code;
            took.push(asked.elapsed());
            let asked = Instant::now();
            let request = VerifyCodeRequest { user, code, ..Default::default() };
            let outcome = self.verifier.verify_code(request).await?.into_inner().outcome;
            took.push(asked.elapsed());
            assert!(matches!(outcome, Some(Outcome::Accepted(_))), "{outcome:?}");
        }
        took.sort_unstable();
        turns.p99.push(took[took.len() * 99 / 100]);
        turns.calls += took.len();
        Ok(())
    }
}

/// The calls of some turns.
#[derive(Default)]
struct Turns {
    p99: Vec<Duration>,
    calls: usize,
}

impl Turns {
    /// The median of the turns' p99: one turn in which the machine was busy elsewhere does not decide.
    fn typical_p99(&mut self) -> Duration {
        self.p99.sort_unstable();
        self.p99[self.p99.len() / 2]
    }
}

/// The result of a flood.
#[derive(Debug, Default)]
struct Flood {
    served: usize,
    refused: usize,
}

impl Flood {
    /// Revokes one user's code for one turn, under ever new keys.
    async fn go_on(
        &mut self,
        revoker: &CodeIssuerServiceClient<Authorized>,
        user: &str,
    ) -> anyhow::Result<()> {
        let (begun, mut calls) = (Instant::now(), Vec::new());
        let mut ticks = interval(CALL_EVERY);
        while begun.elapsed() < TURN {
            ticks.tick().await;
            let request = RevokeCodeRequest {
                target: user_id(user).map(revoke_code_request::Target::User),
                idempotency_key: unique("key"),
                ..Default::default()
            };
            let mut revoker = revoker.clone();
            calls.push(tokio::spawn(async move { revoker.revoke_code(request).await }));
        }
        for call in calls {
            match call.await? {
                Ok(_) => self.served += 1,
                Err(status) if status.code() == Code::ResourceExhausted => self.refused += 1,
                Err(status) => anyhow::bail!("neither served nor slowed down: {status:?}"),
            }
        }
        Ok(())
    }
}

/// Held by the flood under way: a neighbour of two would measure the other one too.
static FLOODING: Mutex<()> = Mutex::const_new(());

/// Floods while the neighbour works, and checks what the neighbour sees and what Redis keeps.
async fn neighbour_of_a_flood(settings: &str) -> anyhow::Result<Flood> {
    let _alone = FLOODING.lock().await;
    let (postern, redis) = start(settings)?;
    let mut neighbour = Neighbour::of(&postern).await?;
    let revoker = postern.issuer("acme-revoker").await?;
    let user = unique("victim");
    let (mut calm, mut busy, mut flood) = (Turns::default(), Turns::default(), Flood::default());
    for _ in 0..turns() {
        neighbour.work(&mut calm).await?;
        let (worked, flooded) =
            tokio::join!(neighbour.work(&mut busy), flood.go_on(&revoker, &user));
        worked.and(flooded)?;
    }
    let (before, meanwhile, calls) = (calm.typical_p99(), busy.typical_p99(), busy.calls);
    figure(&format!("{flood:?}: p99 of {calls} calls {meanwhile:?}, without it {before:?}"));
    assert!(meanwhile <= 2 * before + NOISE, "{meanwhile:?}, without the flood {before:?}");

    let (claims, records): (Vec<_>, Vec<_>) =
        redis.entries()?.into_iter().partition(|entry| entry.key.starts_with("pcode:c:"));
    assert!(claims.len() <= flood.served, "{} keys for {flood:?}", claims.len());
    assert!(claims.iter().all(|claim| (0..=120_000).contains(&claim.lives)));
    let largest = records.iter().flat_map(|record| &record.values).map(Vec::len).max();
    assert!(largest.is_some_and(|largest| largest <= 400), "{largest:?} bytes");
    let calls = calm.calls + busy.calls;
    assert!(records.len() * 2 <= calls, "{} records, {calls} calls", records.len());
    Ok(flood)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_revocations_is_held_to_its_clients_rate() -> Tested {
    let flood = neighbour_of_a_flood("").await?;
    let minutes = turns() * 2 / 60 + 2;
    assert!(flood.served <= 600 * minutes, "{flood:?}");
    assert!(flood.served < 600 || flood.refused > 0, "{flood:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_revocations_makes_no_record_and_no_neighbour_slow() -> Tested {
    let flood = neighbour_of_a_flood("\n    changes_per_minute: 1000000").await?;
    assert_eq!(flood.refused, 0);
    Ok(())
}
