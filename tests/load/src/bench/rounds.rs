//! One round: every run once, in turn, so that a disturbance of the machine affects all of them.

use std::time::Duration;

use super::bars::Figures;
use super::field::{Called, Field, Measured};
use super::{Args, QUIET_RATE, guarded};
use crate::calls::{self, Issued};
use crate::generator::{Outcome, Pace};
use crate::paired;

pub(super) async fn run(field: &Field, args: &Args, figures: &mut Figures) -> anyhow::Result<()> {
    field.redis.clear()?;
    let anybody = |user| Issued { user, code: "123456".to_owned(), binding: Vec::new() };
    let users: Vec<_> = calls::users(args.calls).into_iter().map(anybody).collect();
    let reference = async |called: &Called, pace| {
        let run = calls::verify(&called.target, &users, pace);
        field.measure(called, run).await
    };

    let echo = reference(&field.echo, Pace::Full).await?;
    echo.print("echo");
    let get = reference(&field.get, Pace::Full).await?;
    get.print("one GET (R)");
    field.seed(&users)?;
    let single_use = reference(&field.single_use, Pace::Full).await?;
    single_use.print("single use (W)");

    let (issue, codes) = issue(field, args.calls).await?;
    issue.print("issue");
    let run = guarded::issue(&field.issue_guarded.target, args.calls);
    let guarded = field.measure(&field.issue_guarded, run).await?;
    guarded.print("issue, every rule");
    let verify = verify(field, &field.verify, &codes, Pace::Full).await?;
    verify.print("verify");
    let codes = paired::issue(&field.pair, &field.issue.target, args.calls).await?;
    let paired = self::verify(field, &field.verify, &codes, Pace::Full).await?;
    paired.print("verify, paired");
    let (_, codes) = self::issue(field, args.calls).await?;
    let journeys = calls::start_journeys(&field.journey.target, &codes, Pace::Full);
    let journey = field.measure(&field.journey, journeys).await?;
    journey.print("journey in one call");
    let (_, codes) = self::issue(field, args.calls).await?;
    let untraced = self::verify(field, &field.verify_untraced, &codes, Pace::Full).await?;
    untraced.print("verify, traces off");
    let (_, codes) = self::issue(field, args.calls).await?;
    let all_traced = self::verify(field, &field.verify_all_traced, &codes, Pace::Full).await?;
    all_traced.print("verify, all traced");

    let pace = Pace::Rate(QUIET_RATE);
    let quiet_get = reference(&field.get, pace).await?;
    quiet_get.print("one GET, at 2,000/s");
    field.seed(&users)?;
    let quiet_single_use = reference(&field.single_use, pace).await?;
    quiet_single_use.print("single use, at 2,000/s");
    let (_, codes) = self::issue(field, args.calls).await?;
    let quiet = self::verify(field, &field.verify, &codes, pace).await?;
    quiet.print("verify, at 2,000/s");

    let rate = |one: &Measured, other: &Measured| one.outcome.rate() / other.outcome.rate();
    figures.add("P1", rate(&verify, &single_use));
    figures.add("P2", rate(&verify, &echo));
    figures.add("P3", ratio(verify.cpu, get.cpu));
    figures.add("P4", rate(&issue, &verify));
    figures.add("P14", rate(&guarded, &issue));
    figures.add("P5", rate(&journey, &verify));
    let p99 = |measured: &Measured| measured.outcome.quantile(0.99);
    figures.add("P6", ratio(p99(&quiet), p99(&quiet_single_use)));
    figures.add("P7a", ratio(verify.redis, single_use.redis));
    figures.add("P7b", ratio(issue.redis, single_use.redis));
    figures.add("P10", rate(&all_traced, &untraced));
    figures.add("P13", ratio(paired.cpu, verify.cpu));
    Ok(())
}

pub(super) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

pub(super) async fn issue(field: &Field, count: usize) -> anyhow::Result<(Measured, Vec<Issued>)> {
    let mut codes = Vec::new();
    let run = async {
        let (outcome, issued) = calls::issue(&field.issue.target, count, Pace::Full).await?;
        codes = issued;
        anyhow::Ok::<Outcome>(outcome)
    };
    let measured = field.measure(&field.issue, run).await?;
    Ok((measured, codes))
}

pub(super) async fn verify(
    field: &Field,
    called: &Called,
    codes: &[Issued],
    pace: Pace,
) -> anyhow::Result<Measured> {
    field.measure(called, calls::verify(&called.target, codes, pace)).await
}
