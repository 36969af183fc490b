//! Requests for approval, and who decides on them.

use std::time::Duration;

use clock::Clock as _;
use futures_util::future::join_all;

use super::room::{agent_of, collecting, issued, pending, refused, standing};
use super::{Bench, Room};
use crate::messages::{Decided, Decision};
use crate::names::{RequestId, Tier};
use crate::policy::{Approval, DeskSettings, Limits};
use crate::request::Standing;
use crate::rule::{Cause, Rule};
use crate::store::{MAX_REQUESTS, MAX_REQUESTS_OF_AGENT, REQUEST_TRACE};

fn without_limits() -> DeskSettings {
    let approval = Room::settings().approval.map(|it| Approval { above_limits: false, ..it });
    DeskSettings { limits: Limits::default(), approval, ..Room::settings() }
}

/// I24, and the caller with personal data only who asks for a privileged user's code.
pub async fn a_privileged_user_needs_a_second_agent(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let ask = room.ask("root");
    let request = pending(&room.issue("ada", &ask).await);
    assert_eq!(request.cause, Cause::Tier);
    let id = request.request_id;
    assert_eq!(pending(&room.issue("ada", &collecting(&ask, id)).await), request);
    assert_eq!(room.decide("ada", id, Decision::Approve).await, Decided::OwnRequest);
    let few = Standing { tiers: [Tier::default()].into(), ..standing() };
    let found = room.find(id).await;
    let bob = room.by("bob");
    let denied = room.desk.decide_request(&bob, &few, found.clone(), Decision::Approve).await;
    assert_eq!(denied.expect("an answer"), Decided::Tier);
    let client = &room.world.caller;
    let denied = room.desk.decide_request(client, &standing(), found, Decision::Approve).await;
    assert_eq!(denied.expect("an answer"), Decided::AgentRequired);
    assert_eq!(pending(&room.issue("ada", &collecting(&ask, id)).await), request);
    room.approve("bob", id).await;
    issued(room.issue("ada", &collecting(&ask, id)).await);
}

/// The approver sees whom the code is for and what the agent said.
pub async fn a_request_is_listed_until_it_is_decided(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let list = async |standing: &Standing| {
        room.desk.list_requests(&room.by("bob"), standing).await.expect("an answer")
    };
    let mut ask = room.ask("root");
    ask.issue.expires_in = Some(Duration::from_secs(90));
    let first = pending(&room.issue("ada", &ask).await);
    room.wait(Duration::from_secs(1));
    let second = pending(&room.issue_for("ada", "root2").await);
    let views = list(&standing()).await;
    let ids: Vec<_> = views.iter().map(|view| view.id).collect();
    assert_eq!(ids, [first.request_id, second.request_id]);
    let counted = room.desk.waiting(&room.world.caller.application).await.expect("an answer");
    assert_eq!(counted, views.len());
    let view = &views[0];
    assert_eq!((&view.user, &view.agent), (&ask.issue.user, &agent_of("ada")));
    assert_eq!((&view.context, view.expires_in), (&ask.issue.context, ask.issue.expires_in));
    assert_eq!(
        (view.cause, view.expires_at, view.is_paired),
        (Cause::Tier, first.expires_at, false)
    );
    let few = Standing { tiers: [Tier::default()].into(), ..standing() };
    assert_eq!(list(&few).await, []);
    room.approve("bob", first.request_id).await;
    assert_eq!(list(&standing()).await.len(), 1);
    room.wait(Approval::EXPIRES);
    assert_eq!(list(&standing()).await, []);
}

/// The same decision of the same approver has the same outcome; no other changes it.
pub async fn the_first_decision_stands(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let ask = room.ask("root");
    let id = pending(&room.issue("ada", &ask).await).request_id;
    for _ in 0..2 {
        let denied = room.decide("bob", id, Decision::Deny).await;
        assert!(matches!(denied, Decided::Done { .. }), "{denied:?}");
    }
    assert_eq!(room.decide("bob", id, Decision::Approve).await, Decided::AlreadyDecided);
    assert_eq!(room.decide("eve", id, Decision::Deny).await, Decided::AlreadyDecided);
    let rule = refused(&room.issue("ada", &collecting(&ask, id)).await).clone();
    assert_eq!(rule, Rule::ApprovalDenied);
    let unknown = RequestId::from_bytes([7; 16]);
    assert_eq!(room.decide("bob", unknown, Decision::Deny).await, Decided::NotFound);
    let rule = refused(&room.issue("ada", &collecting(&ask, unknown)).await).clone();
    assert_eq!(rule, Rule::ApprovalNotFound);
}

/// To the millisecond: neither approved nor collected at its end.
pub async fn a_request_expires(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let ask = room.ask("root");
    let [late, unused] =
        [pending(&room.issue("ada", &ask).await), pending(&room.issue("ada", &ask).await)];
    let now = room.world.bench.clock.now();
    assert_eq!(late.expires_at, now + Approval::EXPIRES);
    room.wait_short_of(Approval::EXPIRES, Duration::from_millis(1));
    room.approve("bob", unused.request_id).await;
    room.wait(Duration::from_millis(1));
    assert_eq!(room.decide("bob", late.request_id, Decision::Approve).await, Decided::Expired);
    for id in [late.request_id, unused.request_id] {
        let rule = refused(&room.issue("ada", &collecting(&ask, id)).await).clone();
        assert_eq!(rule, Rule::ApprovalExpired);
    }
    room.wait(REQUEST_TRACE);
    let rule = refused(&room.issue("ada", &collecting(&ask, late.request_id)).await).clone();
    assert_eq!(rule, Rule::ApprovalNotFound);
}

/// I24.
pub async fn of_parallel_decisions_one_stands(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let ask = room.ask("root");
    let id = pending(&room.issue("ada", &ask).await).request_id;
    let agents: Vec<_> = (0..40).map(|number| format!("lead-{number}")).collect();
    let decide = |(number, agent)| {
        let decision = if number % 2 == 0 { Decision::Approve } else { Decision::Deny };
        let room = &room;
        async move { (decision, room.decide(agent, id, decision).await) }
    };
    let decided = join_all(agents.iter().map(String::as_str).enumerate().map(decide)).await;
    let done: Vec<_> =
        decided.iter().filter(|(_, it)| matches!(it, Decided::Done { .. })).collect();
    assert_eq!(done.len(), 1);
    let collected = room.issue("ada", &collecting(&ask, id)).await;
    match done[0].0 {
        Decision::Approve => drop(issued(collected)),
        Decision::Deny => assert_eq!(refused(&collected), &Rule::ApprovalDenied),
    }
}

/// Two who approve for each other are told to the trail, in either order.
pub async fn agents_who_approve_each_other_are_seen(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let approve = async |requester: &str, approver: &str| {
        let id = pending(&room.issue_for(requester, "root").await).request_id;
        match room.decide(approver, id, Decision::Approve).await {
            Decided::Done { is_mutual, .. } => is_mutual,
            other => panic!("{other:?}"),
        }
    };
    assert!(!approve("ada", "bob").await);
    assert!(!approve("ada", "bob").await);
    assert!(!approve("eve", "bob").await);
    assert!(approve("bob", "ada").await);
    assert!(!approve("bob", "dan").await);
    room.wait(crate::store::PAIR_MEMORY);
    assert!(!approve("ada", "bob").await);
}

/// I18: neither one agent nor a desk that nobody watches can fill the store.
pub async fn as_many_requests_wait_as_may(bench: Bench) {
    let room = Room::new(bench, without_limits());
    let first = pending(&room.issue_for("ada", "root").await);
    room.wait(Duration::from_secs(1));
    let second = pending(&room.issue_for("bob", "root").await);
    let agents: Vec<_> = (2..50).map(|number| format!("agent-{number}")).collect();
    for agent in ["ada", "bob"].into_iter().chain(agents.iter().map(String::as_str)) {
        let has_one = agent == "ada" || agent == "bob";
        for _ in usize::from(has_one)..MAX_REQUESTS_OF_AGENT {
            pending(&room.issue_for(agent, "root").await);
        }
    }
    let rule = refused(&room.issue_for("bob", "root").await).clone();
    assert_eq!(rule, Rule::TooManyRequests(second.expires_at), "of this agent");
    assert_eq!(agents.len() + 2, MAX_REQUESTS / MAX_REQUESTS_OF_AGENT);
    let rule = refused(&room.issue_for("eve", "root").await).clone();
    assert_eq!(rule, Rule::TooManyRequests(first.expires_at), "in all");
    assert!(matches!(
        room.decide("bob", first.request_id, Decision::Deny).await,
        Decided::Done { .. }
    ));
    pending(&room.issue_for("ada", "root").await);
    refused(&room.issue_for("ada", "root").await);
    room.wait(Approval::EXPIRES);
    pending(&room.issue_for("ada", "root").await);
}
