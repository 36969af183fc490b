//! The calls of a run, and the answers required for the run to be valid.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use bytes::Bytes;
use prost_types::value::Kind;
use prost_types::{Struct, Value};

use crate::generator::{Outcome, Pace, Target, drive};
use crate::pb::code::verify_code_response::Outcome as Verdict;
use crate::pb::code::{
    IdentifierType, IssueCodeRequest, IssueCodeResponse, UserIdentifier, VerifyCodeRequest,
    VerifyCodeResponse,
};
use crate::pb::journey::journey_state::State;
use crate::pb::journey::{StartJourneyRequest, StartJourneyResponse};
use crate::pb::{body, message};

pub(crate) const ISSUE: &str = "/postern.code.v1.CodeIssuerService/IssueCode";
pub(crate) const VERIFY: &str = "/postern.code.v1.VerifierService/VerifyCode";
pub(crate) const PAIR: &str = "/postern.code.v1.VerifierService/PairJourney";
pub(crate) const START: &str = "/postern.journey.v1.JourneyRunnerService/StartJourney";

/// The number of codes requested at a time: the calls of a seed of millions would not fit in
/// memory.
const BATCH: usize = 100_000;

/// A user and the code issued for that user.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) user: String,
    pub(crate) code: String,
    /// The journey in which the code works; empty if it works in any.
    pub(crate) binding: Vec<u8>,
}

impl Issued {
    /// A wrong code for the user.
    pub(crate) fn wrong(&self) -> String {
        let mut digits = self.code.clone().into_bytes();
        if let Some(last) = digits.last_mut() {
            *last = if *last == b'9' { b'0' } else { *last + 1 };
        }
        String::from_utf8_lossy(&digits).into_owned()
    }
}

/// User ids that are unique to this run.
pub(crate) fn users(count: usize) -> Vec<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    (0..count).map(|user| format!("load-{now:x}-{user}")).collect()
}

/// Issues a code for each of that many new users. Every call must succeed.
pub(crate) async fn issue(
    desk: &Target,
    count: usize,
    pace: Pace,
) -> anyhow::Result<(Outcome, Vec<Issued>)> {
    let (outcome, issued) = try_issue(desk, count, pace).await?;
    let outcome = outcome.all_well()?;
    Ok((outcome, issued))
}

/// Like [`issue`], but tolerates failures: a user without a code is left out.
pub(crate) async fn try_issue(
    desk: &Target,
    count: usize,
    pace: Pace,
) -> anyhow::Result<(Outcome, Vec<Issued>)> {
    let users = users(count);
    let request =
        |user: &String| IssueCodeRequest { user: Some(user_id(user)), ..Default::default() };
    let bodies = users.iter().map(|user| body(&request(user))).collect();
    let outcome = drive(desk, bodies, pace).await?;
    let answers = outcome.answers.iter().zip(users).filter(|(answer, _)| !answer.is_empty());
    let issued = answers.map(|(answer, user)| {
        let code = message::<IssueCodeResponse>(answer)?.code;
        Ok(Issued { user, code, binding: Vec::new() })
    });
    let issued = issued.collect::<anyhow::Result<_>>()?;
    Ok((outcome, issued))
}

/// Issues codes only to fill the store. Calls that the service refuses while Redis stalls, for example as
/// it rewrites its file, are made again. Returns the last codes.
pub(crate) async fn fill(desk: &Target, mut count: usize) -> anyhow::Result<Vec<Issued>> {
    let mut last = Vec::new();
    while count > 0 {
        (_, last) = try_issue(desk, count.min(BATCH), Pace::Full).await?;
        ensure!(!last.is_empty(), "no call was admitted");
        count -= last.len();
    }
    Ok(last)
}

/// Redeems every code. Each one must be accepted.
pub(crate) async fn verify(
    login: &Target,
    codes: &[Issued],
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let outcome = try_guesses(login, codes, Issued::right, pace).await?.all_well()?;
    let accepted = accepted(&outcome)?;
    ensure!(accepted == codes.len(), "only {accepted} of {} codes were accepted", codes.len());
    Ok(outcome)
}

/// Sends guesses to a verifier, or to a reference in its place.
pub(crate) async fn try_guesses(
    login: &Target,
    codes: &[Issued],
    code: fn(&Issued) -> String,
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let bodies = codes.iter().map(|issued| {
        let (user, binding) = (Some(user_id(&issued.user)), issued.binding.clone());
        body(&VerifyCodeRequest { user, code: code(issued), binding, ..Default::default() })
    });
    drive(login, bodies.collect(), pace).await
}

/// Starts a journey with every code. Each one must complete.
pub(crate) async fn start_journeys(
    backend: &Target,
    codes: &[Issued],
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let outcome = try_journeys(backend, codes, pace).await?.all_well()?;
    let completed = completed(&outcome)?;
    ensure!(completed == codes.len(), "only {completed} of {} were completed", codes.len());
    Ok(outcome)
}

/// Like [`start_journeys`], but tolerates failures.
pub(crate) async fn try_journeys(
    backend: &Target,
    codes: &[Issued],
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let bodies = codes.iter().map(|issued| body(&start_request(issued)));
    drive(backend, bodies.collect(), pace).await
}

/// Whether a guess was right. A failed call is an error.
pub(crate) fn is_accepted(answer: &Bytes) -> anyhow::Result<bool> {
    if answer.is_empty() {
        return Ok(false);
    }
    let verdict = message::<VerifyCodeResponse>(answer)?.outcome;
    Ok(matches!(verdict, Some(Verdict::Accepted(_))))
}

/// Whether a journey completed.
pub(crate) fn is_completed(answer: &Bytes) -> anyhow::Result<bool> {
    if answer.is_empty() {
        return Ok(false);
    }
    let state = message::<StartJourneyResponse>(answer)?.state.and_then(|it| it.state);
    Ok(matches!(state, Some(State::Completed(_))))
}

/// The number of accepted guesses.
pub(crate) fn accepted(outcome: &Outcome) -> anyhow::Result<usize> {
    count(outcome, is_accepted)
}

/// The number of completed journeys.
pub(crate) fn completed(outcome: &Outcome) -> anyhow::Result<usize> {
    count(outcome, is_completed)
}

fn count(outcome: &Outcome, is_so: fn(&Bytes) -> anyhow::Result<bool>) -> anyhow::Result<usize> {
    let mut count = 0;
    for answer in &outcome.answers {
        count += usize::from(is_so(answer)?);
    }
    Ok(count)
}

impl Issued {
    /// The user's code.
    pub(crate) fn right(&self) -> String {
        self.code.clone()
    }
}

/// The body of a verification.
pub(crate) fn verify_body(user: &str, code: String) -> Bytes {
    body(&VerifyCodeRequest { user: Some(user_id(user)), code, ..Default::default() })
}

fn start_request(issued: &Issued) -> StartJourneyRequest {
    let text = |text: &str| Value { kind: Some(Kind::StringValue(text.to_owned())) };
    let fields = [
        ("external_user_id".to_owned(), text(&issued.user)),
        ("temp_code".to_owned(), text(&issued.code)),
    ];
    StartJourneyRequest {
        journey_id: "temp-code-authentication".to_owned(),
        params: Some(Struct { fields: fields.into_iter().collect() }),
        ..Default::default()
    }
}

pub(crate) fn user_id(user: &str) -> UserIdentifier {
    UserIdentifier { r#type: IdentifierType::UserId.into(), value: user.to_owned() }
}
