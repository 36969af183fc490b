//! Every rpc, each with a call that would have an effect.

use std::pin::Pin;

use serde_json::json;
use tonic::Status;

use super::pairing::waiting;
use super::pb::code::{DescribePairingRequest, WithdrawPairingRequest};
use super::pb::desk::v1::{
    AgentRef, BrakeTarget, DecideRequestRequest, ExplainIssueRequest, LiftFreezeRequest,
    LiftRepudiationRequest, ListRequestsRequest, RepudiateByLinkRequest, RepudiateRequest,
    SetBrakeRequest, SuspendLagRuleRequest, brake_target,
};
use super::pb::journey::{
    DescribeJourneyRequest, InputRequired, ListJourneysRequest, RedeemAuthorizationCodeRequest,
    StartJourneyRequest, SubmitInputRequest,
};
use super::values::structure;
use super::*;

/// The user that a call concerns.
#[derive(Default)]
pub(crate) struct Target {
    pub(crate) user: String,
    /// The user's code.
    pub(crate) code: String,
    /// A form that accepts the code.
    pub(crate) form: InputRequired,
    /// The number of a journey of the user.
    pub(crate) number: String,
}

/// What names a target's journey.
pub(crate) const TARGETED: [u8; 16] = *b"a waiting target";

pub(crate) type Call =
    fn(&Postern, Option<String>, &Target) -> Pin<Box<dyn Future<Output = Result<(), Status>>>>;

macro_rules! call {
    ($service:ident, $rpc:ident, |$target:pat_param| $request:expr) => {
        |postern, token, $target| {
            let mut client = postern.$service(token);
            let request = $request;
            Box::pin(async move { client.$rpc(request).await.map(drop) })
        }
    };
}

/// The scope that only the journey runner has.
pub(crate) const RUNNERS_OWN: &str = "journeys:pair";

/// The scope that only the code issuer has.
pub(crate) const ISSUERS_OWN: &str = "authorizations:redeem";

/// The scope that only the link of a notice has.
pub(crate) const LINKS_OWN: &str = "links:use";

/// The rpcs of the desk, which acme does not have.
pub(crate) const OF_THE_DESK: [&str; 8] = [
    "ExplainIssue",
    "ListRequests",
    "DecideRequest",
    "SetBrake",
    "SuspendLagRule",
    "LiftFreeze",
    "Repudiate",
    "LiftRepudiation",
];

/// Each rpc with its scope, a client of acme without that scope, and a call.
pub(crate) const RPCS: [(&str, &str, &str, Call); 23] = [
    (
        "IssueCode",
        "codes:issue",
        "acme-verifier",
        call!(issuer_with, issue_code, |target| {
            IssueCodeRequest { user: user_id(&target.user), ..Default::default() }
        }),
    ),
    (
        "RevokeCode",
        "codes:revoke",
        "acme-verifier",
        call!(issuer_with, revoke_code, |target| {
            let user = user_id(&target.user).map(revoke_code_request::Target::User);
            RevokeCodeRequest { target: user, ..Default::default() }
        }),
    ),
    (
        "DescribeCode",
        "codes:read",
        "acme-verifier",
        call!(issuer_with, describe_code, |target| {
            DescribeCodeRequest { user: user_id(&target.user) }
        }),
    ),
    (
        "DescribePairing",
        "codes:issue",
        "acme-verifier",
        call!(issuer_with, describe_pairing, |target| {
            let (user, pairing_number) = (user_id(&target.user), target.number.clone());
            DescribePairingRequest { user, pairing_number }
        }),
    ),
    (
        "PairJourney",
        RUNNERS_OWN,
        "acme-verifier",
        call!(verifier_with, pair_journey, |target| waiting(&target.user, TARGETED)),
    ),
    (
        "WithdrawPairing",
        RUNNERS_OWN,
        "acme-verifier",
        call!(verifier_with, withdraw_pairing, |target| {
            WithdrawPairingRequest { user: user_id(&target.user), binding: TARGETED.into() }
        }),
    ),
    (
        "RedeemAuthorizationCode",
        ISSUERS_OWN,
        "acme-backend",
        call!(authorization_with, redeem_authorization_code, |_target| {
            RedeemAuthorizationCodeRequest::default()
        }),
    ),
    (
        "VerifyCode",
        "codes:verify",
        "acme-support",
        call!(verifier_with, verify_code, |target| {
            let code = target.code.clone();
            VerifyCodeRequest { user: user_id(&target.user), code, ..Default::default() }
        }),
    ),
    (
        "DescribeLockout",
        "lockouts:read",
        "acme-verifier",
        call!(verifier_with, describe_lockout, |target| {
            DescribeLockoutRequest { user: user_id(&target.user) }
        }),
    ),
    (
        "ClearLockout",
        "lockouts:clear",
        "acme-verifier",
        call!(verifier_with, clear_lockout, |target| {
            ClearLockoutRequest { user: user_id(&target.user), ..Default::default() }
        }),
    ),
    (
        "ExplainIssue",
        "codes:issue",
        "acme-verifier",
        call!(desk_with, explain_issue, |target| {
            let issue = IssueCodeRequest { user: user_id(&target.user), ..Default::default() };
            ExplainIssueRequest { issue: Some(issue) }
        }),
    ),
    (
        "ListRequests",
        "codes:read",
        "acme-verifier",
        call!(desk_with, list_requests, |_| ListRequestsRequest {}),
    ),
    (
        "DecideRequest",
        "desk:approve",
        "acme-support",
        call!(desk_with, decide_request, |_| {
            let request_id = "0".repeat(32);
            DecideRequestRequest { request_id, approve: true, ..Default::default() }
        }),
    ),
    (
        "SetBrake",
        "desk:brake",
        "acme-support",
        call!(desk_with, set_brake, |target| {
            let target = brake_target::Target::Agent(agent(&target.user));
            let target = Some(BrakeTarget { target: Some(target) });
            SetBrakeRequest { target, expires_in: Some(MINUTE), ..Default::default() }
        }),
    ),
    (
        "SuspendLagRule",
        "desk:brake",
        "acme-support",
        call!(desk_with, suspend_lag_rule, |_| SuspendLagRuleRequest::default()),
    ),
    (
        "LiftFreeze",
        "desk:approve",
        "acme-support",
        call!(desk_with, lift_freeze, |target| {
            LiftFreezeRequest { agent: Some(agent(&target.user)), ..Default::default() }
        }),
    ),
    (
        "Repudiate",
        "desk:approve",
        "acme-support",
        call!(desk_with, repudiate, |_| {
            RepudiateRequest { code_id: CODE_ID.to_owned(), ..Default::default() }
        }),
    ),
    (
        "RepudiateByLink",
        LINKS_OWN,
        "acme-support",
        call!(desk_with, repudiate_by_link, |_| RepudiateByLinkRequest {}),
    ),
    (
        "LiftRepudiation",
        "desk:approve",
        "acme-support",
        call!(desk_with, lift_repudiation, |target| {
            LiftRepudiationRequest { user: user_id(&target.user), ..Default::default() }
        }),
    ),
    (
        "StartJourney",
        "journeys:run",
        "acme-support",
        call!(runner_with, start_journey, |target| start(target)),
    ),
    (
        "SubmitInput",
        "journeys:run",
        "acme-support",
        call!(runner_with, submit_input, |target| submit(target)),
    ),
    (
        "ListJourneys",
        "journeys:read",
        "acme-other-backend",
        call!(runner_with, list_journeys, |_| ListJourneysRequest {}),
    ),
    (
        "DescribeJourney",
        "journeys:read",
        "acme-other-backend",
        call!(runner_with, describe_journey, |_| {
            DescribeJourneyRequest { journey_id: "temp-code-form".to_owned() }
        }),
    ),
];

/// A code of no application.
pub(crate) const CODE_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA";

const MINUTE: prost_types::Duration = prost_types::Duration { seconds: 60, nanos: 0 };

fn agent(id: &str) -> AgentRef {
    AgentRef { provider: "acme".to_owned(), agent_id: id.to_owned() }
}

fn start(target: &Target) -> StartJourneyRequest {
    StartJourneyRequest {
        journey_id: "temp-code-authentication".to_owned(),
        params: Some(credentials(target)),
        ..Default::default()
    }
}

/// Submits the target's code in the target's form.
pub(crate) fn submit(target: &Target) -> SubmitInputRequest {
    SubmitInputRequest {
        session_id: target.form.session_id.clone(),
        assertion_id: target.form.assertion_id.clone(),
        challenge: target.form.challenge.clone(),
        data: Some(credentials(target)),
        ..Default::default()
    }
}

fn credentials(target: &Target) -> prost_types::Struct {
    structure(json!({"external_user_id": target.user, "temp_code": target.code}))
}
