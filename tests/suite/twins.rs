//! A wrong guess and a guess at a user without a code take the same time at the verifier.
//!
//! `POSTERN_TWINS=2000` makes as many guesses of each kind, in turns, and compares their medians closely; every
//! run makes a few, and finds gross differences.

use std::time::{Duration, Instant};

use crate::Tested;
use crate::floods::start;
use crate::harness::*;

/// The most by which the medians of a long run may differ, in percent of the smaller one.
const CLOSE: u128 = 5;
/// The same of a short run on a busy machine.
const ROUGH: u128 = 40;
/// How many guesses make a long run.
const MANY: usize = 2000;

fn median(took: &mut [Duration]) -> u128 {
    took.sort_unstable();
    took[took.len() / 2].as_micros()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_guess_and_an_unknown_user_take_the_same_time() -> Tested {
    let (postern, _redis) = start("")?;
    let mut issuer = postern.issuer("acme-override").await?;
    let mut verifier = postern.verifier("acme-plain-verifier").await?;
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..asked("POSTERN_TWINS", 200) {
        let user = unique("jane");
        let request = IssueCodeRequest { user: user_id(&user), ..Default::default() };
        let code = issuer.issue_code(request).await?.into_inner().code;
        for (who, took) in [(&user, &mut wrong), (&unique("jane"), &mut unknown)] {
            let (user, code) = (user_id(who), another(&code));
            let request = VerifyCodeRequest { user, code, ..Default::default() };
            let begun = Instant::now();
            verifier.verify_code(request).await?;
            took.push(begun.elapsed());
        }
    }
    let [wrong, unknown] = [median(&mut wrong), median(&mut unknown)];
    figure(&format!("medians: a wrong guess {wrong} us, an unknown user {unknown} us"));
    let most = if asked("POSTERN_TWINS", 200) >= MANY { CLOSE } else { ROUGH };
    let differ = wrong.abs_diff(unknown) * 100;
    assert!(differ <= wrong.min(unknown) * most, "{wrong} us and {unknown} us");
    Ok(())
}
