//! A wrong guess, a guess at a user without a code, a guess outside the journey of a paired code and one
//! of a source without attempts take the same time at the verifier.
//!
//! `POSTERN_TWINS=2000` makes as many guesses of each kind, in turns, and compares their medians closely; every
//! run makes a few, and finds gross differences.

use std::time::{Duration, Instant};

use crate::Tested;
use crate::harness::pairing::{Waiting, for_journey, journey};
use crate::harness::postern::{change, copy_of_config};
use crate::harness::redis::Redis;
use crate::harness::*;

/// The most by which the medians of a long run may differ, in percent of the smaller one.
const CLOSE: u128 = 5;
/// The same of a short run on a busy machine.
const ROUGH: u128 = 20;
/// By how many places the kinds are rotated, turn by turn, since a guess takes longer the earlier it is
/// made. The wrong guess stays before that of the exhausted source.
const ORDERS: [usize; 3] = [0, 2, 3];
/// How many guesses make a long run.
const MANY: usize = 2000;

fn median(took: &mut [Duration]) -> u128 {
    took.sort_unstable();
    took[took.len() / 2].as_micros()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_denials_take_the_same_time() -> Tested {
    let (folder, redis) = (copy_of_config()?, Redis::start()?);
    redis.draw_peppers()?;
    let policy = "  length: 12\n  attempts_per_source: 1";
    change(&folder, "applications/acme.yaml", "  length: 12", policy)?;
    let fast = "scopes: [codes:issue, lockouts:override]";
    let unlimited = format!("{fast}\n    issues_per_minute: 1000000");
    change(&folder, "applications/acme.yaml", fast, &unlimited)?;
    let [store, url, peppers, keys] = redis.flags()?;
    // At `trace` the log would be most of the work.
    let quiet = [("POSTERN_LOG", "info".to_owned())];
    let desk = Waiting::with(folder.path(), &[&store, &url, &peppers, &keys], &quiet).await?;
    let mut issuer = desk.postern.issuer("acme-override").await?;
    let mut verifier = desk.postern.verifier("acme-plain-verifier").await?;
    let mut took = [(); 4].map(|()| Vec::new());
    for turn in 0..asked("POSTERN_TWINS", 200) {
        let (user, paired) = (unique("jane"), unique("june"));
        let request = IssueCodeRequest { user: user_id(&user), ..Default::default() };
        let code = issuer.issue_code(request).await?.into_inner().code;
        let number = desk.pair(&paired, journey()).await?;
        issuer.issue_code(for_journey(&paired, &number)).await?;
        // The second guess at `user` comes from a source that has used its attempt.
        let (stranger, unknown) = (unique("jane"), unique("jane"));
        let mut kinds = [(0, &user), (1, &user), (2, &paired), (3, &unknown)];
        kinds.rotate_left(ORDERS[turn % ORDERS.len()]);
        // The first guess after other calls takes longer: it is not measured.
        for (kind, who) in
            [(None, &stranger)].into_iter().chain(kinds.map(|(kind, who)| (Some(kind), who)))
        {
            let (user, code) = (user_id(who), another(&code));
            let request = VerifyCodeRequest { user, code, ..Default::default() };
            let begun = Instant::now();
            verifier.verify_code(request).await?;
            if let Some(kind) = kind {
                took[kind].push(begun.elapsed());
            }
        }
    }
    let medians = took.map(|mut took| median(&mut took));
    let [wrong, exhausted, not_paired, unknown] = medians;
    figure(&format!(
        "medians: a wrong guess {wrong} us, an exhausted source {exhausted} us, \
         another journey's code {not_paired} us, an unknown user {unknown} us"
    ));
    let most = if asked("POSTERN_TWINS", 200) >= MANY { CLOSE } else { ROUGH };
    for other in [exhausted, not_paired, unknown] {
        let differ = wrong.abs_diff(other) * 100;
        assert!(differ <= wrong.min(other) * most, "{medians:?} us");
    }
    Ok(())
}
